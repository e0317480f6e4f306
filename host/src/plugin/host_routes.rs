//! What the routes under `/_host/` have in common: they serve system admins only, and their errors are JSON, which the
//! server shows in a form.

use mattermost_plugin_rpc::mattermost::HttpRequest;
use serde_json::json;

use super::http_mapping::{Reply, user_of};
use super::origin::is_from_plugin;
use crate::event::Services;
use crate::settings::FORM_PERMISSION;

/// An error with a sentence for the person.
pub(super) fn error_reply(status: u16, sentence: &str) -> Reply {
    Reply::json(status, &json!({ "error": sentence }))
}

/// The user with whose session the request was sent.
///
/// # Errors
///
/// With the reply, when there is none, or another plugin sent the request.
pub(super) fn signed_in_user(request: &HttpRequest) -> Result<&str, Reply> {
    let user = user_of(request).filter(|_| !is_from_plugin(request));
    user.ok_or_else(|| error_reply(401, "Log in to Mattermost and try again."))
}

/// Checks that the user manages the system now.
///
/// # Errors
///
/// With the reply, when they do not, or the server does not answer.
pub(super) async fn check_system_admin(services: &Services, user: &str) -> Result<(), Reply> {
    match services.api.has_permission_to(user, FORM_PERMISSION).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(error_reply(403, "Only system admins can do this.")),
        Err(_) => Err(error_reply(
            503,
            "Mattermost did not answer. Try again in a minute.",
        )),
    }
}
