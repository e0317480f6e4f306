//! `GET /_host/sandbox`: what the component may do on this server, for system admins.
//!
//! The host answers it, so a component cannot embellish it. The answer has the policy with the hosts that settings add, the
//! confinement of this process, and the versions and checksum of what runs.

use mattermost_plugin_rpc::mattermost::HttpRequest;
use serde_json::{Value, json};

use super::host_routes::{check_system_admin, error_reply, signed_in_user};
use super::http_mapping::Reply;
use crate::event::Services;
use crate::sandbox::Component;

/// The route, below the plugin's root.
pub(super) const SANDBOX_ROUTE: &str = "/_host/sandbox";

/// What the process knows about itself.
#[derive(Default)]
pub(crate) struct ProcessFacts {
    /// The restrictions of the process, and why those that are missing are.
    pub(crate) confinement: Vec<(&'static str, Option<String>)>,
    /// Computes the SHA-256 of the embedded image of the component. `None` outside of the executable.
    pub(crate) checksum: Option<Box<dyn Fn() -> String + Send + Sync>>,
}

/// Answers a request.
pub(super) async fn handle(
    services: &Services,
    component: &Component,
    version: &str,
    process: &ProcessFacts,
    request: &HttpRequest,
) -> Reply {
    let mut reply = match describe(services, component, version, process, request).await {
        Ok(description) => Reply::json(200, &description),
        Err(reply) => reply,
    };
    let header = ("Cache-Control".to_owned(), "no-store".to_owned());
    reply.headers.push(header);
    reply
}

async fn describe(
    services: &Services,
    component: &Component,
    version: &str,
    process: &ProcessFacts,
    request: &HttpRequest,
) -> Result<Value, Reply> {
    if !request.method.eq_ignore_ascii_case("GET") {
        return Err(error_reply(405, "This route can only be read."));
    }
    let user = signed_in_user(request)?;
    check_system_admin(services, user).await?;
    let server = services.api.get_server_version().await;
    let server = server
        .map_err(|_| error_reply(503, "Mattermost did not answer. Try again in a minute."))?;
    let checksum = process.checksum.as_ref().map(|checksum| checksum());
    let confinement = process.confinement.iter().map(
        |(name, missing)| json!({ "name": name, "active": missing.is_none(), "reason": missing }),
    );
    let mut description = services.policy.report(|key| services.settings.text(key));
    for (name, value) in [
        (
            "plugin",
            json!({ "id": services.plugin_id, "version": version }),
        ),
        ("server_version", json!(server)),
        ("wasmtime_version", json!(env!("WASMTIME_VERSION"))),
        (
            "component",
            json!({ "sha256": checksum, "imports": component.imports() }),
        ),
        ("hooks", json!(component.hooks())),
        ("confinement", confinement.collect()),
    ] {
        description.insert(name.to_owned(), value);
    }
    Ok(Value::Object(description))
}
