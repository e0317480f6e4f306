//! The app manifest: a file from which the Zoom App Marketplace creates a general app.
//!
//! It contains no secret. The webhook URL contains one, so the event subscription is not part of the manifest.

use crate::config::ConnectionMode;
use crate::setup::addresses;
use crate::setup::scopes::{self, Feature};
use serde_json::{Value, json};

/// The name of the file.
pub const FILE_NAME: &str = "zoom-app-manifest.json";

/// The manifest, or none for server-to-server apps, which cannot be created from one.
pub fn build(mode: ConnectionMode, site: &str) -> Option<Vec<u8>> {
    let usage = match mode {
        ConnectionMode::UserManaged => "USER_OPERATION",
        ConnectionMode::AdminManaged => "ADMIN_MANAGEMENT",
        ConnectionMode::ServerToServer => return None,
    };
    let redirect = addresses::redirect(site);
    let scopes = scopes::needed(mode, &[Feature::Recordings]).into_iter();
    let scopes: Vec<Value> = scopes
        .map(|scope| json!({"scope": scope.name, "optional": scope.optional}))
        .collect();
    let manifest = json!({"manifest": {
        "display_information": {"display_name": "Mattermost"},
        "oauth_information": {
            "usage": usage,
            "development_redirect_uri": redirect,
            "production_redirect_uri": redirect,
            "oauth_allow_list": [redirect],
            "strict_mode": false,
            "subdomain_strict_mode": false,
            "scopes": scopes,
        },
        "features": {
            "products": [],
            "event_subscription": {"enable": false, "events": []},
        },
    }});
    serde_json::to_vec_pretty(&manifest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "https://chat.example.com";

    fn manifest(mode: ConnectionMode) -> Value {
        serde_json::from_slice(&build(mode, SITE).unwrap()).unwrap()
    }

    #[test]
    fn a_manifest_has_the_redirect_url_and_the_scopes_of_its_mode() {
        for (mode, usage, scope) in [
            (
                ConnectionMode::UserManaged,
                "USER_OPERATION",
                "meeting:write:meeting",
            ),
            (
                ConnectionMode::AdminManaged,
                "ADMIN_MANAGEMENT",
                "meeting:write:meeting:admin",
            ),
        ] {
            let oauth = &manifest(mode)["manifest"]["oauth_information"];
            assert_eq!(oauth["usage"], usage);
            let redirect = addresses::redirect(SITE);
            assert_eq!(oauth["production_redirect_uri"], redirect);
            assert_eq!(oauth["oauth_allow_list"], json!([redirect]));
            let scopes = oauth["scopes"].as_array().unwrap();
            assert!(scopes.contains(&json!({"scope": scope, "optional": false})));
        }
        assert_eq!(build(ConnectionMode::ServerToServer, SITE), None);
    }

    #[test]
    fn a_manifest_has_no_webhook_url() {
        let text = manifest(ConnectionMode::UserManaged).to_string();
        assert!(!text.contains("secret=") && !text.contains("/webhook"));
    }
}
