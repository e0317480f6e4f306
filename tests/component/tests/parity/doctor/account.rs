//! Faults of the connection with Zoom.

use component_tests::scene::SITE;
use plugin_tests::zoom::DeadGrant;
use serde_json::json;

use super::{Staff, delivers, expect, found, in_order, modes, report, staff};

const OTHER_KEY: &str = "another-key-of-32-bytes-for-test";

/// Whether the app needs no consent, so that there is no grant that could end.
fn is_server_to_server(mode: &str) -> bool {
    mode == "server-to-server"
}

/// Each reason why a grant ended leads to its own step, and then to `/zoom connect`. The access token still works, so only a
/// refresh shows the dead grant.
#[tokio::test(flavor = "multi_thread")]
async fn f14_the_doctor_names_the_step_for_each_dead_grant() {
    let url = format!("`{SITE}/plugins/zoom/oauth2/complete`");
    for (reason, finding, words, section) in [
        (
            DeadGrant::RedirectMismatch,
            "redirect_url",
            url.as_str(),
            "#invalid-redirect-url",
        ),
        (
            DeadGrant::ScopesChanged,
            "scopes_changed",
            "scopes of the Zoom app have changed",
            "#scopes-are-missing",
        ),
        (
            DeadGrant::AppDisabled,
            "app_disabled",
            "Enable and approve the app",
            "#other-errors",
        ),
        (
            DeadGrant::DisabledByAdmin,
            "app_disabled",
            "Enable and approve the app",
            "#other-errors",
        ),
        (
            DeadGrant::OwnerGone,
            "owner_gone",
            "no longer exists",
            "#everyone-must-connect-again",
        ),
        (
            DeadGrant::Revoked,
            "revoked",
            "the app was removed in Zoom",
            "#everyone-must-connect-again",
        ),
        (
            DeadGrant::Unknown,
            "ended",
            "The reason is in the server log",
            "#everyone-must-connect-again",
        ),
    ] {
        for (mode, settings) in modes() {
            if is_server_to_server(mode) {
                continue;
            }
            let (scene, staff) = in_order(settings).await;
            scene.zoom.end_refresh_tokens(reason);
            let dead = report(&scene, &staff.root, &staff.town).await;
            let failed = ("failed".to_owned(), finding.to_owned());
            assert_eq!(found(&dead, "account"), failed, "{mode}: {reason:?}");
            let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
            assert!(told.contains(words), "{mode}: {reason:?}: {told}");
            assert!(
                told.contains("To connect again, run `/zoom connect`"),
                "{mode}: {told}"
            );
            assert!(told.contains(section), "{mode}: {reason:?}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_missing_scopes() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        let suffix = if mode == "user-managed" { "" } else { ":admin" };
        let write = format!("meeting:write:meeting{suffix}");
        let others = [
            "meeting:read:meeting",
            "user:read:user",
            "cloud_recording:read:recording",
        ];
        let others = others.map(|name| format!("{name}{suffix}"));
        let granted: Vec<&str> = others.iter().map(String::as_str).collect();
        scene.zoom.set_scopes(&granted);
        let lacking = report(&scene, &staff.root, &staff.town).await;
        expect(&lacking, &[("scopes", "failed", "missing")]);
        let checks = lacking["checks"].as_array().unwrap();
        let check = checks
            .iter()
            .find(|check| check["check"] == "scopes")
            .unwrap();
        assert_eq!(check["missing"], json!([write]), "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        let words = format!("These scopes are missing: `{write}`. Add them to the Zoom app.");
        assert!(told.contains(&words), "{mode}: {told}");
        assert!(told.contains("#scopes-are-missing"), "{mode}: {told}");
        let connects = told.contains("To connect again, run `/zoom connect`");
        assert_eq!(connects, !is_server_to_server(mode), "{mode}: {told}");
    }
}

/// Recordings are optional.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_for_recordings_is_a_warning() {
    let (scene, staff) = in_order(json!({})).await;
    scene.zoom.set_scopes(&[
        "meeting:read:meeting",
        "meeting:write:meeting",
        "user:read:user",
    ]);
    let lacking = report(&scene, &staff.root, &staff.town).await;
    expect(&lacking, &[("scopes", "warning", "missing")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_the_encryption_key_was_changed() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene
            .change_settings(json!({"encryptionkey": OTHER_KEY}))
            .await;
        let changed = report(&scene, &staff.root, &staff.town).await;
        if is_server_to_server(mode) {
            expect(&changed, &[]);
            continue;
        }
        expect(&changed, &[("account", "failed", "unreadable")]);
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains("Restore the key from a backup"),
            "{mode}: {told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_nobody_has_connected() {
    for (mode, settings) in modes() {
        let scene = super::fresh(settings).await;
        let staff: Staff = staff(&scene);
        assert_eq!(delivers(&scene).await, 200);
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        let nobody = report(&scene, &staff.root, &staff.town).await;
        match mode {
            "user-managed" => expect(&nobody, &[("account", "warning", "not_connected")]),
            "admin-managed" => {
                expect(&nobody, &[("account", "failed", "not_connected")]);
                assert!(told.contains("To connect it for everyone"), "{told}");
            }
            _ => expect(&nobody, &[]),
        }
    }
}
