//! `/zoom doctor`: each planted fault is found, and the answer names the right step.

mod account;
mod app;
mod jobs;
mod network;
mod server;
mod support_packet;
mod webhooks;

use component_tests::scene::{At, SITE, Scene};
use plugin_tests::zoom::{ACCOUNT, Meeting};
use serde_json::{Value, json};

/// All scopes that the plugin uses, of a user-managed and of an admin-managed app.
const SCOPES: [(&str, &str); 4] = [
    ("meeting:read:meeting", "meeting:read:meeting:admin"),
    ("meeting:write:meeting", "meeting:write:meeting:admin"),
    ("user:read:user", "user:read:user:admin"),
    (
        "cloud_recording:read:recording",
        "cloud_recording:read:recording:admin",
    ),
];

/// A system admin and a member in a channel.
pub struct Staff {
    pub root: String,
    pub ann: String,
    pub town: String,
}

pub fn staff(scene: &Scene) -> Staff {
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    Staff { root, ann, town }
}

/// The ways of connecting, with the settings that select them.
pub fn modes() -> [(&'static str, Value); 3] {
    [
        ("user-managed", json!({"connectionmode": "user-managed"})),
        ("admin-managed", json!({"connectionmode": "admin-managed"})),
        (
            "server-to-server",
            json!({"connectionmode": "server-to-server", "zoomaccountid": ACCOUNT}),
        ),
    ]
}

/// A scene in a mode, with everything in order: the system admin has connected, and a webhook has arrived.
pub async fn in_order(settings: Value) -> (Scene, Staff) {
    let (scene, staff) = without_webhooks(settings).await;
    assert_eq!(delivers(&scene).await, 200);
    (scene, staff)
}

/// The same before the first webhook.
pub async fn without_webhooks(settings: Value) -> (Scene, Staff) {
    let server_to_server = settings["connectionmode"] == "server-to-server";
    let scene = fresh(settings).await;
    let staff = staff(&scene);
    if !server_to_server {
        scene.connects(&staff.root, &staff.town).await;
    }
    (scene, staff)
}

/// A scene in which nobody has connected. The app at Zoom is of the right kind and has all scopes.
pub async fn fresh(settings: Value) -> Scene {
    let mode = settings["connectionmode"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let scene = Scene::with(settings).await;
    match mode.as_str() {
        "server-to-server" => scene.zoom.become_server_to_server(),
        "admin-managed" => scene.zoom.set_scopes(&SCOPES.map(|name| name.1)),
        _ => scene.zoom.set_scopes(&SCOPES.map(|name| name.0)),
    }
    require_verified_addresses(&scene, true).await;
    scene
}

/// Delivers an event about a meeting that the plugin does not know, by Zoom's clock. Returns the status.
pub async fn delivers(scene: &Scene) -> u16 {
    let meeting = Meeting::occurrence(81_234_567_890, "bm9ib2R5IGtub3dzIGl0==");
    let webhook = scene.zoom.webhook("meeting.started", &meeting);
    scene.delivers(&webhook).await.status
}

pub async fn require_verified_addresses(scene: &Scene, required: bool) {
    {
        let mut world = scene.api.world();
        let email = &mut world.config.email_settings;
        email.require_email_verification = Some(required);
    }
    scene.change_settings(json!({})).await;
}

/// The report of `/zoom doctor --json`. It contains nothing that names the server, the app, or a person.
pub async fn report<'a>(scene: &Scene, user: &str, at: impl Into<At<'a>>) -> Value {
    let told = scene.asks(user, at, "/zoom doctor --json").await;
    let (_, rest) = told
        .split_once("```json\n")
        .unwrap_or_else(|| panic!("{told}"));
    let (json, _) = rest.split_once("\n```").unwrap();
    expect_no_names(scene, json);
    serde_json::from_str(json).unwrap()
}

/// Expects that a report contains neither the server's address, nor the client ID, nor a name.
pub fn expect_no_names(scene: &Scene, json: &str) {
    let host = SITE.trim_start_matches("https://");
    for private in [
        host,
        "chat.example",
        &scene.zoom.app().client_id,
        "root",
        "ann@",
        "@",
    ] {
        assert!(!json.contains(private), "{private} is in {json}");
    }
}

/// The outcome and the finding of one check.
pub fn found(report: &Value, check: &str) -> (String, String) {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|one| one["check"] == check);
    let check = check.unwrap_or_else(|| panic!("{report:#}"));
    let text = |name: &str| check[name].as_str().unwrap().to_owned();
    (text("outcome"), text("finding"))
}

/// Expects exactly these findings besides checks that passed or were not run.
pub fn expect(report: &Value, expected: &[(&str, &str, &str)]) {
    let checks = report["checks"].as_array().unwrap();
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    let found: Vec<_> = checks
        .iter()
        .map(|check| {
            (
                text(check, "check"),
                text(check, "outcome"),
                text(check, "finding"),
            )
        })
        .filter(|(_, outcome, _)| outcome == "failed" || outcome == "warning")
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(check, outcome, finding)| (check.as_str(), outcome.as_str(), finding.as_str()))
        .collect();
    assert_eq!(found, expected, "{report:#}");
}
