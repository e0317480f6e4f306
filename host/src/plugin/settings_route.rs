//! `POST /_host/settings`: what an administrator entered into a form that the host made.
//!
//! The server sends it, with the session of whoever pressed the button. The form's state is signed for one user, for its
//! keys, and for ten minutes ([`crate::capability::interactions`]), and it is used once: the first request stores a mark, with
//! compare-and-set. Permissions are those of this moment. The component takes no part and does not learn of it until the
//! server says that the configuration has changed.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::{HttpRequest, KvSetOptions, LogLevel};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::capability::Services;
use crate::capability::interactions::{Purpose, Signed, Terms};
use crate::log::{Line, Says, cut};
use crate::plugin::http_mapping::{Reply, user_of};
use crate::plugin::origin::is_from_plugin;
use crate::settings::{NotSaved, save};

/// Where the answers go, from the plugin's root.
pub(crate) const ROUTE: &str = "/_host/settings";
/// The permission that the user must have.
pub(crate) const PERMISSION: &str = "manage_system";
/// How long a form is valid, in milliseconds.
pub(crate) const LIFETIME_MS: i64 = 10 * 60 * 1000;
/// How long the mark of a used form is kept, in seconds: longer than the form is valid by any node's clock.
const MARK_SECONDS: i64 = 3600;

/// The content of the state of a form.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Form {
    /// Makes it different from any other form.
    pub(crate) id: String,
    /// The settings that it has fields for.
    pub(crate) keys: Vec<String>,
}

#[derive(Deserialize)]
struct Submission {
    #[serde(rename = "type")]
    kind: String,
    user_id: String,
    state: String,
    #[serde(default)]
    submission: Map<String, Value>,
    #[serde(default)]
    cancelled: bool,
}

/// Answers a form.
pub(crate) async fn answer(services: &Services, request: &HttpRequest, body: &[u8]) -> Reply {
    if !request.method.eq_ignore_ascii_case("POST") {
        return refusal(405, "Only forms are sent here.");
    }
    let Some(user) = user_of(request).filter(|_| !is_from_plugin(request)) else {
        return refusal(401, "Log in to Mattermost and try again.");
    };
    let submission: Option<Submission> = serde_json::from_slice(body).ok();
    let own = submission.filter(|it| it.user_id == user && it.kind == "dialog_submission");
    let Some(submission) = own else {
        return refusal(400, "The request is not a form of this user.");
    };
    if submission.cancelled {
        return json_reply(200, &json!({}));
    }
    match services.api.has_permission_to(user, PERMISSION).await {
        Ok(true) => {}
        Ok(false) => return refusal(403, "Only system admins can change settings."),
        Err(_) => return refusal(503, "Mattermost did not answer. Try again in a minute."),
    }
    let form = match opened(services, user, &submission.state).await {
        Ok(Some(form)) => form,
        Ok(None) => return refusal(403, "This form is no longer valid. Open it again."),
        Err(()) => return refusal(503, "Mattermost did not answer. Try again in a minute."),
    };
    let mut changes = BTreeMap::new();
    let mut problems = Map::new();
    for key in &form.keys {
        let Some(setting) = services.schema.asked(key) else {
            return refusal(403, "This form is no longer valid. Open it again.");
        };
        let answer = submission.submission.get(&setting.key);
        match setting.value(answer.unwrap_or(&Value::Null)) {
            Ok(None) => {}
            Ok(Some(value)) => drop(changes.insert(setting.lower_key(), value)),
            Err(problem) => drop(problems.insert(setting.key.clone(), problem.into())),
        }
    }
    if !problems.is_empty() {
        return json_reply(200, &json!({ "errors": problems }));
    }
    if changes.is_empty() {
        return json_reply(200, &json!({}));
    }
    match is_first(services, &form).await {
        Ok(true) => {}
        Ok(false) => return refusal(403, "This form has already been sent. Open it again."),
        Err(()) => return refusal(503, "Mattermost did not answer. Try again in a minute."),
    }
    let keys: Vec<_> = changes.keys().cloned().collect();
    match save(services.api.as_ref(), &services.schema, changes).await {
        Ok(()) => {
            let message = "A system admin changed settings of the plugin";
            let settings = ("settings".to_owned(), keys.join(" "));
            log(services, LogLevel::Info, message, user, settings);
            json_reply(200, &json!({}))
        }
        Err(why) => not_saved(services, user, why),
    }
}

/// The form that a state belongs to, if the host signed it for this user and it is still valid.
async fn opened(services: &Services, user: &str, state: &str) -> Result<Option<Form>, ()> {
    let Ok(signed) = serde_json::from_str::<Signed>(state) else {
        return Ok(None);
    };
    let terms = Terms {
        purpose: Purpose::Settings,
        route: ROUTE,
        channel: "",
        user,
    };
    let (api, now) = (services.api.as_ref(), (services.clock)());
    let verified = services.provenance.verify(api, &terms, &signed, now).await;
    if !verified.map_err(drop)? {
        return Ok(None);
    }
    Ok(serde_json::from_str(&signed.payload).ok())
}

/// Whether nobody has sent this form yet.
async fn is_first(services: &Services, form: &Form) -> Result<bool, ()> {
    let options = KvSetOptions {
        atomic: true,
        expire_in_seconds: MARK_SECONDS,
        ..KvSetOptions::default()
    };
    let key = format!("_form_{}", form.id);
    let stored = services
        .api
        .kv_set_with_options(&key, b"sent".to_vec(), options);
    stored.await.map_err(drop)
}

fn not_saved(services: &Services, user: &str, why: NotSaved) -> Reply {
    match why {
        NotSaved::ReadOnly => refusal(
            403,
            "The configuration of this server is read-only. Change the setting where the configuration is managed.",
        ),
        NotSaved::Masked(label) => refusal(
            409,
            &format!(
                "{label} is stored as asterisks. Enter its value in the System Console first."
            ),
        ),
        NotSaved::Full | NotSaved::Api(_) => {
            if let NotSaved::Api(error) = why {
                let message = "Settings of the plugin could not be saved";
                let error = ("error".to_owned(), cut(error));
                log(services, LogLevel::Warn, message, user, error);
            }
            refusal(
                500,
                "The settings could not be saved. The server log says why.",
            )
        }
    }
}

fn log(
    services: &Services,
    level: LogLevel,
    message: &'static str,
    user: &str,
    field: (String, String),
) {
    services.write(Line {
        level,
        says: Says::Host(message),
        message,
        fields: vec![("user".to_owned(), user.to_owned()), field],
    });
}

/// The server shows the sentence in the form.
fn refusal(status: u16, sentence: &str) -> Reply {
    json_reply(status, &json!({ "error": sentence }))
}

fn json_reply(status: u16, body: &Value) -> Reply {
    let mut reply = Reply::text(status, "");
    reply.body = body.to_string().into_bytes();
    for (name, value) in &mut reply.headers {
        if name == "Content-Type" {
            *value = "application/json".to_owned();
        }
    }
    reply
}
