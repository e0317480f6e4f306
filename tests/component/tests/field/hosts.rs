//! F19: Zoom's hosts under their real names.
//!
//! The names lead to the mock Zoom server through a forward proxy, which is set in the environment of the process. Each
//! test therefore runs itself again in a process with that environment.

use std::process::Command;

use component_tests::scene::{SITE, Scene, header_of, props};
use plugin_tests::zoom::proxy::Proxy;
use plugin_tests::zoom::{Meeting, Route};
use serde_json::{Value, json};

/// Names the proxy in the environment of the second process.
const PROXY: &str = "HTTPS_PROXY";
/// Says that a process is the second one.
const MARK: &str = "MOCK_ZOOM_PROXY";
const VTT: &str = "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n";

/// The proxy's address in the second process. The first one runs the test in a second one, and answers with none once
/// that has succeeded.
fn proxied(test: &str) -> Option<String> {
    if let Ok(proxy) = std::env::var(MARK) {
        return Some(proxy);
    }
    let proxy = Proxy::start().unwrap();
    let program = std::env::current_exe().unwrap();
    let name = format!("hosts::{test}");
    let output = Command::new(program)
        .args([&name, "--exact", "--nocapture"])
        .env(PROXY, proxy.url())
        .env(MARK, proxy.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let problems = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{problems}");
    assert!(said.contains("1 passed"), "{said}");
    None
}

/// Ann, connected at a Zoom with this address.
async fn connected_at(zoom_url: &str, proxy: &str) -> (Scene, String, String) {
    let scene = Scene::with(json!({"zoomurl": zoom_url, "zoomapiurl": null})).await;
    scene.zoom.behind(proxy).unwrap();
    scene.zoom.region("");
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    (scene, ann, town)
}

/// Ann's meeting with its post.
async fn meeting(scene: &Scene, ann: &str, town: &str) -> Meeting {
    assert_eq!(scene.asks(ann, town, "/zoom start Standup").await, "");
    scene.zoom.meetings().pop().unwrap()
}

async fn records(scene: &Scene, event: &str, meeting: &Meeting, files: &Value) {
    let webhook = scene.zoom.recorded(event, meeting, files);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
    scene.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_with_a_vanity_address_requests_go_to_the_main_hosts() {
    let test = "f19_with_a_vanity_address_requests_go_to_the_main_hosts";
    let Some(proxy) = proxied(test) else {
        return;
    };
    for (zoom_url, main, api) in [
        ("https://acme.zoom.us", "zoom.us", "api.zoom.us"),
        ("https://www.zoomgov.com", "zoomgov.com", "api.zoomgov.com"),
    ] {
        let (scene, ann, town) = connected_at(zoom_url, &proxy).await;
        assert_eq!(scene.zoom.last_authorization().unwrap().host, main);
        assert_eq!(scene.zoom.hosts(Route::Token), [main]);
        assert_eq!(scene.zoom.hosts(Route::User), [api]);
        meeting(&scene, &ann, &town).await;
        assert_eq!(scene.zoom.hosts(Route::CreateMeeting), [api]);
        scene.asks(&ann, &town, "/zoom disconnect").await;
        assert_eq!(scene.zoom.hosts(Route::Revoke), [main]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_recording_that_redirects_to_another_host_of_zoom_is_fetched() {
    let test = "f19_a_recording_that_redirects_to_another_host_of_zoom_is_fetched";
    let Some(proxy) = proxied(test) else {
        return;
    };
    for (zoom_url, first, second) in [
        ("https://acme.zoom.us", "us02web.zoom.us", "ssrweb.zoom.us"),
        (
            "https://www.zoomgov.com",
            "www.zoomgov.com",
            "file.zoomgov.com",
        ),
        ("", "acme.zoom.us", "us06file.zoom.com"),
    ] {
        let (scene, ann, town) = connected_at(zoom_url, &proxy).await;
        let meeting = meeting(&scene, &ann, &town).await;
        let url = scene.zoom.add_redirected_file("vtt", VTT, second);
        let files = json!([{"id": "vtt", "file_type": "TRANSCRIPT", "file_size": VTT.len(),
            "recording_type": "audio_transcript", "download_url": scene.zoom.at(first, &url)}]);
        records(&scene, "recording.transcript_completed", &meeting, &files).await;
        assert_eq!(scene.zoom.hosts(Route::Download), [first, second]);
        let tokens: Vec<_> = scene
            .zoom
            .downloads()
            .into_iter()
            .map(|(_, token)| token)
            .collect();
        assert!(
            tokens[0].starts_with("Bearer ") && tokens[1].is_empty(),
            "the token stays at home"
        );
        let uploaded = scene.api.world().files.pop().unwrap();
        assert_eq!(uploaded.2, VTT.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_redirect_away_from_zoom_is_not_followed() {
    let test = "f19_a_redirect_away_from_zoom_is_not_followed";
    let Some(proxy) = proxied(test) else {
        return;
    };
    let (scene, ann, town) = connected_at("https://acme.zoom.us", &proxy).await;
    let meeting = meeting(&scene, &ann, &town).await;
    for (number, host) in ["evilzoom.us", "zoom.us.evil.example", "zoom-us.com"]
        .iter()
        .enumerate()
    {
        let url = scene.zoom.add_redirected_file("vtt", VTT, host);
        let files = json!([{"id": format!("vtt-{number}"), "file_type": "TRANSCRIPT",
            "recording_type": "audio_transcript",
            "download_url": scene.zoom.at("us02web.zoom.us", &url)}]);
        records(&scene, "recording.transcript_completed", &meeting, &files).await;
    }
    assert_eq!(scene.zoom.hosts(Route::Download), ["us02web.zoom.us"; 3]);
    assert!(scene.api.world().files.is_empty());
    // The component did not even try: the sandbox had nothing to deny.
    let denied = "plugin_host_denials_total{interface=\"http\"}";
    assert!(!scene.plugin.prometheus().contains(denied));
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_region_of_the_same_domain_is_used_and_no_other() {
    let test = "f19_a_region_of_the_same_domain_is_used_and_no_other";
    let Some(proxy) = proxied(test) else {
        return;
    };
    for (said, used) in [
        ("https://api-eu.zoom.us", "api-eu.zoom.us"),
        ("https://api.zoomgov.com", "api.zoom.us"),
        ("https://api.zoom.us.evil.example", "api.zoom.us"),
    ] {
        let scene = Scene::with(json!({"zoomurl": "", "zoomapiurl": ""})).await;
        scene.zoom.behind(&proxy).unwrap();
        scene.zoom.region(said);
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.connects(&ann, &town).await;
        assert_eq!(scene.zoom.hosts(Route::User), [used], "{said}");
    }
}

/// Links need no request, so this runs without a proxy.
#[tokio::test(flavor = "multi_thread")]
async fn f19_play_links_of_every_host_of_zoom_are_posted() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    scene
        .change_settings(json!({"zoomurl": "https://acme.zoom.us"}))
        .await;
    let meeting = meeting(&scene, &ann, &town).await;
    let hosts = [
        "us06web.zoom.us",
        "acme.zoom.us",
        "us02web.zoom.com",
        "www.zoomgov.com",
    ];
    let foreign = ["us06web.evilzoom.us", "zoom.us.evil.example"];
    let files: Vec<_> = hosts
        .iter()
        .chain(&foreign)
        .enumerate()
        .map(|(number, host)| {
            json!({"id": format!("video-{number}"), "file_type": "MP4",
                "recording_start": "2026-01-12T08:09:10Z",
                "play_url": format!("https://{host}/rec/play/{number}")})
        })
        .collect();
    records(&scene, "recording.completed", &meeting, &json!(files)).await;
    let posts = scene.posts(&town);
    let text: String = posts.iter().map(|post| post.message.as_str()).collect();
    for host in hosts {
        assert!(
            text.contains(&format!("https://{host}/rec/play/")),
            "{text}"
        );
    }
    for host in foreign {
        assert!(!text.contains(host), "{text}");
    }
    let meeting_post = posts
        .iter()
        .find(|post| props(post)["meeting_id"].is_number());
    assert!(meeting_post.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn f19_a_vanity_address_leads_people_to_the_main_consent_page() {
    for (zoom_url, page) in [
        ("https://acme.zoom.us", "https://zoom.us/oauth/authorize?"),
        ("https://acme.zoom.us/", "https://zoom.us/oauth/authorize?"),
        (
            "https://www.zoomgov.com",
            "https://zoomgov.com/oauth/authorize?",
        ),
        (
            "https://zoom.example.com/base",
            "https://zoom.example.com/base/oauth/authorize?",
        ),
    ] {
        let scene = Scene::with(json!({"zoomurl": zoom_url, "zoomapiurl": null})).await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.asks(&ann, &town, "/zoom connect").await;
        let link = scene.connect_link(&ann);
        let away = scene.request("GET", &link, Some(&ann), "").await;
        let place = header_of(&away, "Location");
        assert!(place.starts_with(page), "{place}");
        assert!(
            place.contains("redirect_uri=https%3A%2F%2Fchat.example.com"),
            "{SITE}: {place}"
        );
    }
}
