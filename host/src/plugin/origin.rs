//! The origin of a request: whether its user intended it.
//!
//! When a user clicks a button or submits a dialog, the server sends a request with that user's session to the route in the
//! button. Any member can post a button that leads to a route of this plugin. A request therefore counts as a genuine click
//! or dialog only if the host signed that button or dialog ([`crate::signing::interactions`]) for this route, channel, and
//! user. The component then gets its own context or state in the body, without the signature.
//!
//! The webapp is recognized by the header `X-Requested-With`, which neither a button nor a form or link on another site's page
//! can add. Two inputs of a click are not signed: the option selected from a menu, and the query.

use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::http_mapping::{is_click, user_of};
use crate::bindings::plugin::exports::mattermost::plugin::http_handler::Origin;
use crate::error::Error;
use crate::signing::HostKey;
use crate::signing::interactions::{InteractionScope, Purpose, SignedPayload};

/// The server's own value of the header that names the plugin which sent a request.
const SERVER: &str = "com.mattermost.server";
/// The key that the server adds to the context of a menu.
const SELECTED_OPTION: &str = "selected_option";

/// A request with its origin.
pub(crate) struct Examined {
    pub(crate) origin: Origin,
    /// The channel of a genuine click or dialog.
    pub(crate) channel: Option<String>,
    /// The body for the component.
    pub(crate) body: Vec<u8>,
}

/// Determines the origin of a request.
///
/// # Errors
///
/// When the host key cannot be read.
pub(crate) async fn examine(
    host_key: &HostKey,
    api: &dyn Api,
    now: i64,
    request: &HttpRequest,
    body: Vec<u8>,
) -> Result<Examined, Error> {
    let examined = |origin, body| Examined {
        origin,
        channel: None,
        body,
    };
    let Some(user) = user_of(request).filter(|_| !is_from_plugin(request)) else {
        return Ok(examined(Origin::Other, body));
    };
    if is_click(request, &body) {
        let path = request.url.split('?').next().unwrap_or_default();
        let Some(claim) = Claim::read(&body, user) else {
            return Ok(examined(Origin::Other, body));
        };
        let scope = InteractionScope {
            purpose: claim.purpose,
            route: path,
            channel: &claim.channel,
            user,
        };
        if !host_key.verify(api, &scope, &claim.signed, now).await? {
            return Ok(examined(Origin::Other, body));
        }
        return Ok(claim.into_examined(body));
    }
    let header = request.header("X-Requested-With");
    let is_webapp = header.is_some_and(|value| value == "XMLHttpRequest");
    let origin = if is_webapp {
        Origin::Webapp
    } else {
        Origin::Other
    };
    Ok(examined(origin, body))
}

/// Whether another plugin sent a request.
pub(crate) fn is_from_plugin(request: &HttpRequest) -> bool {
    let plugin = request.header("Mattermost-Plugin-ID");
    plugin.is_some_and(|id| !id.is_empty() && id != SERVER)
}

/// The content of a body, before its signature is verified.
struct Claim {
    purpose: Purpose,
    channel: String,
    signed: SignedPayload,
    fields: Map<String, Value>,
}

impl Claim {
    /// Reads a click or dialog submission of this user.
    fn read(body: &[u8], user: &str) -> Option<Claim> {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let (purpose, signed) = match fields.get("context") {
            Some(context) => (Purpose::Click, SignedPayload::deserialize(context).ok()?),
            None if text("type") == Some("dialog_submission") => {
                (Purpose::Dialog, serde_json::from_str(text("state")?).ok()?)
            }
            None => return None,
        };
        let channel = text("channel_id")?.to_owned();
        (text("user_id") == Some(user)).then_some(Claim {
            purpose,
            channel,
            signed,
            fields,
        })
    }

    /// The request with the component's own context or state.
    fn into_examined(mut self, body: Vec<u8>) -> Examined {
        let payload = self.signed.payload;
        let (origin, name, own) = if self.purpose == Purpose::Click {
            let mut context: Value = serde_json::from_str(&payload).unwrap_or_default();
            let sent = self.fields.get("context");
            let selected = sent.and_then(|context| context.get(SELECTED_OPTION));
            if let (Some(context), Some(selected)) = (context.as_object_mut(), selected) {
                context.insert(SELECTED_OPTION.to_owned(), selected.clone());
            }
            (Origin::GenuineClick, "context", context)
        } else {
            (Origin::GenuineDialog, "state", Value::String(payload))
        };
        self.fields.insert(name.to_owned(), own);
        Examined {
            origin,
            channel: Some(self.channel),
            body: serde_json::to_vec(&self.fields).unwrap_or(body),
        }
    }
}
