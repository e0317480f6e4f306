//! Helpers for several modules.

use aes::Aes256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use cfb_mode::cipher::KeyIvInit;
use component_tests::scene::{ENCRYPTION_KEY, Scene};
use plugin_tests::zoom::{Meeting, RECURRING};
use serde_json::{Value, json};

/// The number of the scheduled meeting.
pub const SCHEDULED: u64 = 85_746_065_432;

/// Ann, who is connected and has chosen in the form of `/zoom settings`, in the channel `town`.
pub async fn connected_choosing(choice: &str) -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects_and_prefers(&ann, &town, choice).await;
    (scene, ann, town)
}

/// The same, without her personal room.
pub async fn connected() -> (Scene, String, String) {
    connected_choosing("No").await
}

/// A recurring meeting that starts now.
pub fn scheduled(scene: &Scene, host: &str) -> Meeting {
    let host = scene.zoom.user(&format!("{host}@example.com")).unwrap();
    let meeting = Meeting {
        id: SCHEDULED,
        uuid: "b2NjdXJyZW5jZQ/1+==".to_owned(),
        topic: "Weekly *sync*".to_owned(),
        host_id: host.id,
        host_email: host.email,
        join_url: format!("{}/j/{SCHEDULED}?pwd=of-the-series", scene.zoom.url()),
        passcode: "series-passcode-8Jk".to_owned(),
        start_time: scene.zoom.time(),
        kind: RECURRING,
        ..Meeting::default()
    };
    scene.zoom.add_meeting(meeting.clone());
    meeting
}

/// A stored record as text.
pub fn text_of(scene: &Scene, key: &str) -> String {
    let world = scene.api.world();
    let bytes = world
        .stored(key)
        .unwrap_or_else(|| panic!("nothing is stored under {key}"));
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A stored record as JSON.
pub fn json_of(scene: &Scene, key: &str) -> Value {
    serde_json::from_str(&text_of(scene, key)).unwrap()
}

/// The latest secret of a kind that Zoom issued: `access_` or `refresh_`.
pub fn issued(scene: &Scene, kind: &str) -> String {
    let mut secrets = scene.zoom.secrets().into_iter();
    secrets.rfind(|secret| secret.starts_with(kind)).unwrap()
}

/// Zoom's status for a request with this token.
pub fn status_for(scene: &Scene, access: &str) -> u16 {
    let url = format!("{}/users/me", scene.zoom.api_url());
    let request = scene.zoom.browser().get(url);
    let request = request.header("Authorization", format!("Bearer {access}"));
    let request = request.config().http_status_as_error(false).build();
    let answer = tokio::task::block_in_place(|| request.call());
    answer.unwrap().status().as_u16()
}

/// Chooses in the form of `/zoom settings`: `Yes`, `No` or `Ask`.
pub async fn prefers(scene: &Scene, user: &str, channel: &str, choice: &str) {
    let form = scene.types(user, channel, "/zoom settings").await;
    assert_eq!(scene.press(&form[0], choice).await.status, 200);
}

/// Ends all meetings, so that the next start finds no recent one.
pub async fn end_meetings(scene: &Scene) {
    for meeting in scene.zoom.meetings() {
        let webhook = scene.zoom.webhook("meeting.ended", &meeting);
        assert_eq!(scene.delivers(&webhook).await.status, 200);
    }
}

/// A token in the Go plugin's format.
pub fn go_token(access: &str, refresh: &str, expiry: &str) -> Value {
    json!({
        "access_token": access, "token_type": "bearer", "refresh_token": refresh, "expiry": expiry,
        "expires_in": 3599,
    })
}

/// A user's record in the Go plugin's format.
pub fn go_record(user: &str, zoom_id: &str, email: &str, token: Value) -> String {
    let mut token = token;
    let access = go_encrypted(token["access_token"].as_str().unwrap());
    token["access_token"] = json!(access);
    json!({"ZoomEmail": email, "OAuthToken": token, "UserID": user, "ZoomID": zoom_id}).to_string()
}

/// AES in CFB mode over the padded text, after its initialization vector, in base64.
fn go_encrypted(text: &str) -> String {
    let iv = [0x5a_u8; 16];
    let mut body = text.as_bytes().to_vec();
    let padding = 16 - body.len() % 16;
    body.extend(std::iter::repeat_n(u8::try_from(padding).unwrap(), padding));
    let key = ENCRYPTION_KEY.as_bytes();
    let encryptor = cfb_mode::Encryptor::<Aes256>::new_from_slices(key, &iv).unwrap();
    encryptor.encrypt(&mut body);
    URL_SAFE.encode([iv.as_slice(), &body].concat())
}

/// The texts that the bot wrote to a user in their direct channel.
pub fn written_to(scene: &Scene, user: &str) -> Vec<String> {
    let world = scene.api.world();
    let direct = |channel: &str| {
        let channel = world.channels.get(channel);
        channel.is_some_and(|one| one.kind == "D" && one.name.contains(user))
    };
    let posts = world.posts.iter().filter(|post| direct(&post.channel_id));
    posts.map(|post| post.message.clone()).collect()
}
