//! Faults of the Zoom app and of the clock.

use component_tests::scene::SITE;
use plugin_tests::zoom::Route;
use serde_json::json;

use crate::support::prefers;

use super::{expect, found, in_order, modes, report};

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_wrong_client_secret() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        let wrong = json!({"oauthclientsecret": "another-client-secret"});
        scene.change_settings(wrong).await;
        let found_out = report(&scene, &staff.root, &staff.town).await;
        let failed = ("failed".to_owned(), "client".to_owned());
        assert_eq!(found(&found_out, "credentials"), failed, "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains("Copy both from the page App Credentials"),
            "{mode}: {told}"
        );
        assert!(!told.contains("another-client-secret"), "{mode}: {told}");
        assert!(!scene.log().contains("another-client-secret"), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_disabled_app() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene.zoom.disable_app(true);
        let disabled = report(&scene, &staff.root, &staff.town).await;
        let failed = ("failed".to_owned(), "app_disabled".to_owned());
        assert_eq!(found(&disabled, "credentials"), failed, "{mode}");
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        assert!(
            told.contains("Enable and approve the app in the Zoom App Marketplace"),
            "{mode}: {told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_wrong_redirect_url() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        scene.zoom.forbid_redirects();
        let wrong = report(&scene, &staff.root, &staff.town).await;
        if mode == "server-to-server" {
            // Nobody consents, so there is no redirect URL.
            expect(&wrong, &[]);
            continue;
        }
        expect(&wrong, &[("redirect_url", "failed", "redirect_url")]);
        let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
        let url = format!("`{SITE}/plugins/zoom/oauth2/complete`");
        assert!(told.contains(&url), "{mode}: {told}");
        assert!(told.contains("#invalid-redirect-url"), "{mode}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_clock_that_is_off_by_ten_minutes() {
    for (mode, settings) in modes() {
        for (seconds, finding, words) in [
            (600, "ahead", "10 minutes ahead of Zoom's clock"),
            (-600, "behind", "10 minutes behind Zoom's clock"),
        ] {
            let (scene, staff) = in_order(settings.clone()).await;
            scene.move_server_clock(seconds);
            let off = report(&scene, &staff.root, &staff.town).await;
            let failed = ("failed".to_owned(), finding.to_owned());
            assert_eq!(found(&off, "clock"), failed, "{mode}");
            let told = scene.asks(&staff.root, &staff.town, "/zoom doctor").await;
            assert!(told.contains(words), "{mode}: {told}");
        }
    }
}

/// The checks use nothing up: afterwards, everything works as before, without a new connection.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_uses_up_no_grant() {
    for (mode, settings) in modes() {
        let (scene, staff) = in_order(settings).await;
        for _ in 0..3 {
            let all = report(&scene, &staff.root, &staff.town).await;
            expect(&all, &[]);
        }
        scene.later(3600);
        prefers(&scene, &staff.root, &staff.town, "No").await;
        assert_eq!(
            scene.asks(&staff.root, &staff.town, "/zoom start").await,
            ""
        );
        assert_eq!(scene.zoom.count(Route::CreateMeeting), 1, "{mode}");
    }
}
