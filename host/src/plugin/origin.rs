//! Whether people meant what a request asks for.
//!
//! The server sends a click on a button, or the answers to a dialog, to the route that the button names, with the
//! session of whoever pressed it. Any member can post a button that leads to a route of this plugin. So a request counts
//! as a click or as answers only if the host signed that button or dialog ([`crate::capability::interactions`]), for this
//! route, channel, and user. The component then sees its own context or state in the body, without the proof.
//!
//! A webapp is recognized by the header `X-Requested-With`, which neither a button nor a form or link on
//! a page of another site can add. Two inputs of a click are not signed: the option that was chosen from a menu, and the query.

use mattermost_plugin_rpc::mattermost::{Api, HttpRequest};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::bindings::plugin::exports::mattermost::plugin::http_handler::Origin;
use crate::capability::interactions::{Purpose, Signed, Terms};
use crate::capability::{Error, Provenance};
use crate::plugin::http_mapping::{is_click, user_of};

/// The server's own name where it says which plugin a request is from.
const SERVER: &str = "com.mattermost.server";
/// The key that the server adds to the context of a menu.
const CHOSEN: &str = "selected_option";

/// A request whose origin is known.
pub(crate) struct Arrived {
    pub(crate) origin: Origin,
    /// The channel of a genuine click or dialog.
    pub(crate) channel: Option<String>,
    /// The body for the component.
    pub(crate) body: Vec<u8>,
}

/// Finds out where a request comes from.
///
/// # Errors
///
/// When the key that verifies proofs cannot be read.
pub(crate) async fn examine(
    provenance: &Provenance,
    api: &dyn Api,
    now: i64,
    request: &HttpRequest,
    body: Vec<u8>,
) -> Result<Arrived, Error> {
    let arrived = |origin, body| Arrived {
        origin,
        channel: None,
        body,
    };
    let Some(user) = user_of(request).filter(|_| !is_from_plugin(request)) else {
        return Ok(arrived(Origin::Other, body));
    };
    if is_click(request, &body) {
        let path = request.url.split('?').next().unwrap_or_default();
        let Some(claim) = Claim::read(&body, user) else {
            return Ok(arrived(Origin::Other, body));
        };
        let terms = Terms {
            purpose: claim.purpose,
            route: path,
            channel: &claim.channel,
            user,
        };
        if !provenance.verify(api, &terms, &claim.signed, now).await? {
            return Ok(arrived(Origin::Other, body));
        }
        return Ok(claim.granted(body));
    }
    let header = request.header("X-Requested-With");
    let is_webapp = header.is_some_and(|value| value == "XMLHttpRequest");
    let origin = if is_webapp {
        Origin::Webapp
    } else {
        Origin::Other
    };
    Ok(arrived(origin, body))
}

/// Whether another plugin sent a request.
pub(crate) fn is_from_plugin(request: &HttpRequest) -> bool {
    let plugin = request.header("Mattermost-Plugin-ID");
    plugin.is_some_and(|id| !id.is_empty() && id != SERVER)
}

/// The content of a body, before its proof is verified.
struct Claim {
    purpose: Purpose,
    channel: String,
    signed: Signed,
    fields: Map<String, Value>,
}

impl Claim {
    /// Reads a click or the answers to a dialog, of this user.
    fn read(body: &[u8], user: &str) -> Option<Claim> {
        let fields: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let (purpose, signed) = match fields.get("context") {
            Some(context) => (Purpose::Click, Signed::deserialize(context).ok()?),
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
    fn granted(mut self, body: Vec<u8>) -> Arrived {
        let payload = self.signed.payload;
        let (origin, name, own) = if self.purpose == Purpose::Click {
            let mut context: Value = serde_json::from_str(&payload).unwrap_or_default();
            let sent = self.fields.get("context");
            let chosen = sent.and_then(|context| context.get(CHOSEN));
            if let (Some(context), Some(chosen)) = (context.as_object_mut(), chosen) {
                context.insert(CHOSEN.to_owned(), chosen.clone());
            }
            (Origin::GenuineClick, "context", context)
        } else {
            (Origin::GenuineDialog, "state", Value::String(payload))
        };
        self.fields.insert(name.to_owned(), own);
        Arrived {
            origin,
            channel: Some(self.channel),
            body: serde_json::to_vec(&self.fields).unwrap_or(body),
        }
    }
}
