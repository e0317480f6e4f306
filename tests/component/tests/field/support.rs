//! Helpers for several modules.

use std::collections::BTreeMap;

use component_tests::scene::Scene;
use mattermost_plugin_rpc::mattermost::HttpRequest;
use plugin_host::Reply;
use plugin_tests::zoom::{Route, User};
use serde_json::Value;

/// The route of links to connect.
pub const LINK: &str = "/plugins/zoom/oauth2/connect";

/// Ann, who is connected and never uses her personal room, in the channel `town`.
pub async fn connected() -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, "No").await;
    (scene, ann, town)
}

/// Ends all meetings, so that the next start finds no recent one.
pub async fn end_meetings(scene: &Scene) {
    for meeting in scene.zoom.meetings() {
        let webhook = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&webhook).await.status, 200);
    }
}

/// Types `/zoom start` and expects a meeting.
pub async fn starts(scene: &Scene, user: &str, channel: &str) {
    let before = scene.zoom.count(Route::CreateMeeting);
    assert_eq!(scene.asks(user, channel, "/zoom start").await, "");
    assert!(scene.zoom.count(Route::CreateMeeting) > before);
    end_meetings(scene).await;
}

/// A stored record as JSON.
pub fn json_of(scene: &Scene, key: &str) -> Value {
    let world = scene.api.world();
    let bytes = world.stored(key).unwrap_or_default();
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// The latest secret of a kind that Zoom issued: `access_` or `refresh_`.
pub fn issued(scene: &Scene, kind: &str) -> String {
    let mut secrets = scene.zoom.secrets().into_iter();
    secrets.rfind(|secret| secret.starts_with(kind)).unwrap()
}

/// Zoom's status for a request with this access token.
pub fn status_for(scene: &Scene, access: &str) -> u16 {
    let url = format!("{}/users/me", scene.zoom.api_url());
    let request = scene.zoom.browser().get(url);
    let request = request.header("Authorization", format!("Bearer {access}"));
    let answer = tokio::task::block_in_place(|| request.call());
    answer.unwrap().status().as_u16()
}

/// Changes the user at Zoom with the same email address.
pub fn change_at_zoom(scene: &Scene, name: &str, change: impl FnOnce(User) -> User) {
    let user = scene.zoom.user(&format!("{name}@example.com")).unwrap();
    scene.zoom.add_user(change(user));
}

/// A request of a browser, with headers.
pub async fn visits(scene: &Scene, url: &str, headers: &[(&str, &str)]) -> Reply {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
    scene.tick();
    let request = HttpRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: headers.collect::<BTreeMap<_, _>>(),
        ..HttpRequest::default()
    };
    scene.plugin.request(&request, Vec::new()).await
}

/// Runs all jobs, including later ones. Returns the duration by the server's clock, in seconds.
pub async fn works_to_the_end(scene: &Scene) -> i64 {
    let began = scene.now();
    while let Some(due) = scene.works().await {
        assert!(
            due - began < 48 * 3600 * 1000,
            "a job never ends: {}",
            scene.log()
        );
        scene.later((due - scene.now()).max(0) / 1000 + 1);
    }
    (scene.now() - began) / 1000
}
