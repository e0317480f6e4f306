//! Faults of the settings, the server, and the database, and the answers for members.

use component_tests::scene::{ENCRYPTION_KEY, SITE, Scene};
use serde_json::json;

use super::{expect, found, in_order, modes, report, require_verified_addresses, staff};

const OTHER_SITE: &str = "https://copy.example.com";

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_works_before_any_setting_is_entered() {
    let scene = Scene::with(json!({
        "zoomurl": "", "zoomapiurl": "", "oauthclientid": "", "oauthclientsecret": "",
        "encryptionkey": "", "webhooksecret": "", "zoomwebhooksecret": "",
    }))
    .await;
    let staff = staff(&scene);
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    for label in [
        "Zoom OAuth client ID",
        "Zoom OAuth client secret",
        "At Rest Token Encryption Key",
        "Webhook URL secret",
        "Zoom secret token",
    ] {
        assert!(
            told.contains(&format!("**{label}** is empty")),
            "{label}: {told}"
        );
    }
    assert!(told.contains("checks failed"), "{told}");
    assert!(told.contains("Mattermost 11.4.0"), "{told}");
    assert!(
        told.contains(&format!("({SITE}/plugins/zoom/public/docs/zoom-app.html#")),
        "{told}"
    );
    let report = report(&scene, &staff.root, &staff.town).await;
    assert_eq!(found(&report, "encryption_key").1, "empty");
    assert_eq!(found(&report, "account").0, "not_run");
    let member = scene.asks(&staff.ann, &staff.town, "/zoom doctor").await;
    assert!(member.contains("Ask a system admin"), "{member}");
    assert_eq!(scene.zoom.total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_key_of_20_bytes() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene
            .change_settings(json!({"encryptionkey": &ENCRYPTION_KEY[..20]}))
            .await;
        let report = report(&scene, &staff.root, &staff.town).await;
        let wrong = ("failed".to_owned(), "key_length".to_owned());
        assert_eq!(found(&report, "encryption_key"), wrong, "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains("must be 16, 24, or 32 bytes"),
            "{mode}: {told}"
        );
        assert!(told.contains("Regenerate"), "{mode}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_that_addresses_are_not_verified_in_account_wide_modes() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        require_verified_addresses(&scene, false).await;
        let report = report(&scene, &staff.root, &staff.town).await;
        if mode == "user-managed" {
            assert_eq!(found(&report, "email_verification").0, "passed");
            continue;
        }
        // A server-to-server app never uses an unverified address.
        let outcome = if mode == "admin-managed" {
            "failed"
        } else {
            "warning"
        };
        let wrong = (outcome.to_owned(), "not_required".to_owned());
        assert_eq!(found(&report, "email_verification"), wrong, "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains("Set Require Email Verification to true"),
            "{mode}: {told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_the_doctor_finds_a_copied_database() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene.api.world().config.service_settings.site_url = Some(OTHER_SITE.to_owned());
        scene.change_settings(json!({})).await;
        let copied = report(&scene, &staff.root, &staff.town).await;
        if mode == "server-to-server" {
            // Such an app has no refresh tokens that a copy could use up.
            expect(&copied, &[]);
            continue;
        }
        let wrong = ("failed".to_owned(), "other_site".to_owned());
        assert_eq!(found(&copied, "database"), wrong, "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains(SITE) && told.contains("/zoom connect this-server"),
            "{mode}: {told}"
        );
        assert!(
            told.contains("settings.html#move-or-copy-a-server"),
            "{mode}: {told}"
        );
        scene
            .asks(&staff.root, &staff.town, "/zoom connect this-server")
            .await;
        let moved = report(&scene, &staff.root, &staff.town).await;
        assert_eq!(found(&moved, "database").0, "passed", "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_warns_about_a_site_url_without_tls() {
    let scene = Scene::start().await;
    let staff = staff(&scene);
    scene.api.world().config.service_settings.site_url = Some("http://chat.local".to_owned());
    scene.change_settings(json!({})).await;
    let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
    assert!(told.contains("does not begin with https://"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_only_the_own_connection() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        let own = report(&scene, &staff.ann, &staff.town).await;
        assert_eq!(own["checks"].as_array().unwrap().len(), 1, "{mode}: {own}");
        let told = scene.asks(&staff.ann, &staff.town, "/zoom doctor").await;
        assert!(told.contains("Zoom account"), "{mode}: {told}");
        for other in [
            "Settings",
            "Database",
            "Encryption key",
            "Webhooks",
            "Network",
        ] {
            assert!(!told.contains(other), "{mode}: {told}");
        }
        if mode == "user-managed" {
            expect(&own, &[("account", "warning", "not_connected")]);
            scene.connects(&staff.ann, &staff.town).await;
        }
        let own = report(&scene, &staff.ann, &staff.town).await;
        assert_eq!(found(&own, "account").0, "passed", "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_option_is_explained() {
    let scene = Scene::start().await;
    let staff = staff(&scene);
    for words in ["json", "--json --json", "--help"] {
        let told = scene
            .asks(&staff.root, &staff.town, &format!("/zoom doctor {words}"))
            .await;
        assert!(told.contains("`/zoom doctor --json`"), "{told}");
        assert!(!told.contains("**Settings**"), "{told}");
    }
}
