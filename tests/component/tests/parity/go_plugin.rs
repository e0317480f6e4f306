//! A server with the data of the Go plugin, from `tests/fixtures/go-plugin-kv`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use cfb_mode::cipher::KeyIvInit as _;
use component_tests::scene::Scene;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Post, Preference};
use plugin_tests::zoom::User;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub const USER_LEVEL: &str = include_str!("../../../fixtures/go-plugin-kv/user-level.json");
pub const ACCOUNT_LEVEL: &str = include_str!("../../../fixtures/go-plugin-kv/account-level.json");

pub const ANN: &str = "annxxxxxxxxxxxxxxxxxxxxxxx";
pub const BOB: &str = "bobxxxxxxxxxxxxxxxxxxxxxxx";
pub const BOBS_ROOM: u64 = 3_123_456_789;
pub const SUBSCRIBED: u64 = 81_234_567_890;

pub fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// Encrypts like the Go plugin: CFB over the padded text, after the IV, in padded base64url.
pub fn seal(key: &[u8], iv: &[u8], text: &str) -> String {
    let padding = 16 - text.len() % 16;
    let mut body = text.as_bytes().to_vec();
    body.resize(text.len() + padding, u8::try_from(padding).unwrap());
    let encryptor = cfb_mode::Encryptor::<aes::Aes256>::new_from_slices(key, iv).unwrap();
    encryptor.encrypt(&mut body);
    URL_SAFE.encode([iv, &body].concat())
}

/// A server with the Go plugin's records, and users in its channels.
pub struct Site {
    pub scene: Scene,
    pub town: String,
    pub club: String,
    pub quiet: String,
    pub yard: String,
}

pub async fn taken_over(changes: Value) -> Site {
    let scene = Scene::with(changes).await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    assert_eq!((ann.as_str(), bob.as_str()), (ANN, BOB));
    let channel = |name: &str| scene.channel(name, &[ANN, BOB]);
    let (town, club) = (channel("town"), channel("club"));
    let (quiet, yard) = (channel("quiet"), channel("yard"));
    let left = fixture(USER_LEVEL);
    for (id, name, pmi, tokens) in [
        (
            "aNNzoomIdOfGoPlugin_-A",
            "ann",
            3_111_111_111,
            &left["tokens"][0],
        ),
        (
            "bOBzoomIdOfGoPlugin_-B",
            "bob",
            BOBS_ROOM,
            &left["tokens"][1],
        ),
    ] {
        let user = User {
            id: id.to_owned(),
            pmi,
            ..User::new(&format!("{name}@example.com"))
        };
        scene
            .zoom
            .adopt_tokens(user, text(tokens, "access"), text(tokens, "refresh"));
    }
    load(&scene, &left);
    Site {
        scene,
        town,
        club,
        quiet,
        yard,
    }
}

/// The database returns the numbers of posts as floating-point numbers.
fn as_in_the_database(value: &Value) -> Value {
    value.as_f64().map_or_else(|| value.clone(), Value::from)
}

/// Stores the fixture in the server.
pub fn load(scene: &Scene, left: &Value) {
    let yesterday = scene.now() - 20 * 3_600_000;
    let mut world = scene.api.world();
    for record in list(&left["records"]) {
        world.store(text(record, "key"), text(record, "value"));
    }
    for row in list(&left["preferences"]) {
        world.preferences.push(Preference {
            user_id: text(row, "user_id").to_owned(),
            category: text(row, "category").to_owned(),
            name: text(row, "name").to_owned(),
            value: text(row, "value").to_owned(),
        });
    }
    for post in list(&left["posts"]) {
        let props = post["props"].as_object().unwrap();
        let props: BTreeMap<String, Any> = props
            .iter()
            .map(|(name, value)| (name.clone(), Any::from_json(as_in_the_database(value))))
            .collect();
        world.posts.push(Post {
            id: text(post, "id").to_owned(),
            create_at: yesterday,
            update_at: yesterday,
            user_id: text(post, "user_id").to_owned(),
            channel_id: text(post, "channel_id").to_owned(),
            message: text(post, "message").to_owned(),
            kind: text(post, "type").to_owned(),
            props,
            ..Post::default()
        });
    }
}

/// Every stored value that contains one of the texts.
pub fn stored_with(scene: &Scene, texts: &[String]) -> Vec<String> {
    let world = scene.api.world();
    let keys = world.keys().into_iter().filter(|key| {
        let value = world.stored(key).unwrap_or_default();
        let value = String::from_utf8_lossy(value);
        texts.iter().any(|text| value.contains(text))
    });
    keys.collect()
}

/// The tokens of a user in all formats of the Go plugin: plain and encrypted.
pub fn old_forms(left: &Value, user: &str) -> Vec<String> {
    let tokens = list(&left["tokens"])
        .find(|one| one["user"] == user)
        .unwrap();
    let mut forms = vec![
        text(tokens, "access").to_owned(),
        text(tokens, "refresh").to_owned(),
    ];
    let key = format!("zoomtoken_{user}");
    if let Some(record) = list(&left["records"]).find(|one| one["key"] == key.as_str()) {
        let record: Value = serde_json::from_str(text(record, "value")).unwrap();
        forms.push(text(&record["OAuthToken"], "access_token").to_owned());
    }
    forms
}

/// Milliseconds since 1970 as Zoom writes a time.
pub fn time_of(milliseconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(milliseconds / 1000).unwrap();
    time.format(&Rfc3339).unwrap()
}
