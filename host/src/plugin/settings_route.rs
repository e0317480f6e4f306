//! `POST /_host/settings`: the submission of a settings form that the host created.
//!
//! The server sends it with the session of the user who submitted the form. The form's state is signed for one user, for its
//! keys, and for ten minutes ([`crate::signing::interactions`]), and the form can be submitted once: the first request
//! stores a record with compare-and-set. Permissions are checked again now. The component is not involved and learns of the
//! change only when the server reports that the configuration has changed.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::{HttpRequest, KvSetOptions, LogLevel};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::host_routes::{check_system_admin, error_reply, signed_in_user};
use super::http_mapping::Reply;
use crate::event::Services;
use crate::log::{Line, Topic, sanitize};
use crate::settings::{FORM_ROUTE, Form, SaveError, save};
use crate::signing::interactions::{InteractionScope, Purpose, SignedPayload};

/// How long the record of a submitted form is kept, in seconds: longer than the form is valid by any node's clock.
const SUBMITTED_SECONDS: i64 = 3600;

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

/// Handles the submission of a form.
pub(crate) async fn handle(services: &Services, request: &HttpRequest, body: &[u8]) -> Reply {
    if !request.method.eq_ignore_ascii_case("POST") {
        return error_reply(405, "This route only accepts forms.");
    }
    let user = match signed_in_user(request) {
        Ok(user) => user,
        Err(reply) => return reply,
    };
    let submission: Option<Submission> = serde_json::from_slice(body).ok();
    let own = submission.filter(|it| it.user_id == user && it.kind == "dialog_submission");
    let Some(submission) = own else {
        return error_reply(400, "The request is not a form of this user.");
    };
    if submission.cancelled {
        return Reply::json(200, &json!({}));
    }
    if let Err(reply) = check_system_admin(services, user).await {
        return reply;
    }
    let form = match verified_form(services, user, &submission.state).await {
        Ok(Some(form)) => form,
        Ok(None) => return error_reply(403, "This form is no longer valid. Open it again."),
        Err(()) => return error_reply(503, "Mattermost did not answer. Try again in a minute."),
    };
    let mut changes = BTreeMap::new();
    let mut problems = Map::new();
    for key in &form.keys {
        let Some(setting) = services.schema.askable(key) else {
            return error_reply(403, "This form is no longer valid. Open it again.");
        };
        let answer = submission.submission.get(&setting.key);
        match setting.value(answer.unwrap_or(&Value::Null)) {
            Ok(None) => {}
            Ok(Some(value)) => drop(changes.insert(setting.lower_key(), value)),
            Err(problem) => drop(problems.insert(setting.key.clone(), problem.into())),
        }
    }
    if !problems.is_empty() {
        return Reply::json(200, &json!({ "errors": problems }));
    }
    if changes.is_empty() {
        return Reply::json(200, &json!({}));
    }
    match mark_submitted(services, &form).await {
        Ok(true) => {}
        Ok(false) => return error_reply(403, "This form has already been sent. Open it again."),
        Err(()) => return error_reply(503, "Mattermost did not answer. Try again in a minute."),
    }
    let keys: Vec<_> = changes.keys().cloned().collect();
    match save(services.api.as_ref(), &services.schema, changes).await {
        Ok(()) => {
            let message = "A system admin changed settings of the plugin";
            let settings = ("settings".to_owned(), keys.join(" "));
            log_event(services, LogLevel::Info, message, user, settings);
            Reply::json(200, &json!({}))
        }
        Err(why) => save_error_reply(services, user, why),
    }
}

/// The form in a state, if the host signed it for this user and it is still valid.
async fn verified_form(services: &Services, user: &str, state: &str) -> Result<Option<Form>, ()> {
    let Ok(signed) = serde_json::from_str::<SignedPayload>(state) else {
        return Ok(None);
    };
    let scope = InteractionScope {
        purpose: Purpose::Settings,
        route: FORM_ROUTE,
        channel: "",
        user,
    };
    let (api, now) = (services.api.as_ref(), (services.clock)());
    let verified = services.host_key.verify(api, &scope, &signed, now).await;
    if !verified.map_err(drop)? {
        return Ok(None);
    }
    Ok(serde_json::from_str(&signed.payload).ok())
}

/// Records the submission. Returns false if the form was submitted before.
async fn mark_submitted(services: &Services, form: &Form) -> Result<bool, ()> {
    let options = KvSetOptions {
        atomic: true,
        expire_in_seconds: SUBMITTED_SECONDS,
        ..KvSetOptions::default()
    };
    let key = format!("_form_{}", form.id);
    let stored = services
        .api
        .kv_set_with_options(&key, b"sent".to_vec(), options);
    stored.await.map_err(drop)
}

fn save_error_reply(services: &Services, user: &str, why: SaveError) -> Reply {
    match why {
        SaveError::ReadOnly => error_reply(
            403,
            "The configuration of this server is read-only. Change the setting where the configuration is managed.",
        ),
        SaveError::Masked(label) => error_reply(
            409,
            &format!(
                "{label} is stored as asterisks. Enter its value in the System Console first."
            ),
        ),
        SaveError::HasValue | SaveError::Api(_) => {
            if let SaveError::Api(error) = why {
                let message = "Settings of the plugin could not be saved";
                let error = ("error".to_owned(), sanitize(error));
                log_event(services, LogLevel::Warn, message, user, error);
            }
            error_reply(
                500,
                "The settings could not be saved. The server log says why.",
            )
        }
    }
}

fn log_event(
    services: &Services,
    level: LogLevel,
    message: &'static str,
    user: &str,
    field: (String, String),
) {
    services.log.write(Line {
        level,
        topic: Topic::Host(message),
        message,
        fields: vec![("user".to_owned(), user.to_owned()), field],
    });
}
