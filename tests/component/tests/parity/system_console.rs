//! The routes of the System Console's section, and the index of connected users.

use component_tests::scene::{Scene, WEBHOOK_SECRET, body_of, header_of};
use mattermost_plugin_rpc::mattermost::{Any, HttpRequest};
use plugin_host::Reply;
use plugin_tests::zoom::Route;
use serde_json::{Value, json};

use crate::deauthorization;
use crate::support::{go_record, go_token, json_of, written_to};

const ROUTES: [&str; 5] = ["status", "reveal", "test", "users", "disconnect"];
/// The body of a request that ends the connection of a user.
fn of(user: &str) -> Value {
    json!({ "user_id": user })
}

fn path(route: &str) -> String {
    format!("/api/v1/admin/{route}")
}

/// The webapp of this user sends a request.
async fn asks(scene: &Scene, user: &str, route: &str, body: &Value) -> Reply {
    let body = body.to_string();
    scene.request("POST", &path(route), Some(user), &body).await
}

/// The answer to a system admin.
async fn answer(scene: &Scene, user: &str, route: &str, body: &Value) -> Value {
    let reply = asks(scene, user, route, body).await;
    assert_eq!(reply.status, 200, "{route}: {}", body_of(&reply));
    assert_eq!(header_of(&reply, "Cache-Control"), "no-store", "{route}");
    serde_json::from_str(&body_of(&reply)).unwrap()
}

/// The names of the connected users that the System Console shows, and the number of all.
async fn connected(scene: &Scene, admin: &str, query: &Value) -> (u64, Vec<String>) {
    let shown = answer(scene, admin, "users", query).await;
    let users = shown["users"].as_array().unwrap();
    let name = |user: &Value| user["username"].as_str().unwrap().to_owned();
    let mut names: Vec<_> = users.iter().map(name).collect();
    names.sort();
    (shown["count"].as_u64().unwrap(), names)
}

/// The audit records: the action, the user who acted, and the user whose connection ended.
fn audited(scene: &Scene) -> Vec<(String, String, String)> {
    let world = scene.api.world();
    let records = world.audit.iter().map(|record| {
        let target = match record.event_data.parameters.get("target_user") {
            Some(Any::String(user)) => user.clone(),
            _ => String::new(),
        };
        let action = format!("{} {}", record.event_name, record.status);
        (action, record.actor.user_id.clone(), target)
    });
    records.collect()
}

/// Ann is connected, and boss is a system admin.
async fn ann_and_boss() -> (Scene, String, String) {
    let scene = Scene::start().await;
    let (boss, ann) = (scene.administrator("boss"), scene.person("ann"));
    let town = scene.channel("town", &[&boss, &ann]);
    scene.connects(&ann, &town).await;
    (scene, boss, ann)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_user_who_manages_the_system_at_that_moment_gets_an_answer() {
    let (scene, boss, ann) = ann_and_boss().await;
    for route in ROUTES {
        let body = of(&ann);
        assert_eq!(
            asks(&scene, &ann, route, &body).await.status,
            403,
            "{route}"
        );
        let nobody = scene
            .request("POST", &path(route), None, &body.to_string())
            .await;
        assert_eq!(nobody.status, 401, "{route}");
    }
    let demote = |roles: &str| {
        let mut world = scene.api.world();
        world.users.get_mut(&boss).unwrap().roles = roles.to_owned();
    };
    demote("system_user");
    for route in ROUTES {
        let refused = asks(&scene, &boss, route, &of(&ann)).await;
        assert_eq!(refused.status, 403, "{route}");
    }
    assert!(scene.is_connected(&ann));
    assert!(audited(&scene).is_empty());
    demote("system_user system_admin");
    assert_eq!(asks(&scene, &boss, "status", &json!({})).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_a_button_or_a_dialog_of_a_member_does_nothing_when_an_administrator_uses_it() {
    let (scene, boss, ann) = ann_and_boss().await;
    let town = scene.api.world().channels.keys().next().unwrap().clone();
    let click = json!({"user_id": boss, "channel_id": town, "post_id": "", "type": "button", "data_source": "",
        "context": of(&ann)});
    let dialog = json!({"type": "dialog_submission", "callback_id": "", "state": "", "user_id": boss,
        "channel_id": town, "submission": of(&ann)});
    let headers = |names: &[(&str, &str)]| {
        let headers = names.iter();
        headers
            .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
            .collect()
    };
    for route in ROUTES {
        let link = scene.request("GET", &path(route), Some(&boss), "").await;
        assert_eq!(link.status, 405, "{route}");
        assert_eq!(header_of(&link, "Allow"), "POST", "{route}");
        for body in [&click, &dialog, &of(&ann)] {
            // The server sends clicks and submissions without the header of the webapp.
            let request = HttpRequest {
                method: "POST".to_owned(),
                url: path(route),
                headers: headers(&[
                    ("Mattermost-User-Id", &boss),
                    ("Content-Type", "application/json"),
                ]),
                ..HttpRequest::default()
            };
            let body = body.to_string().into_bytes();
            let reply = scene.plugin.request(&request, body).await;
            assert_eq!(reply.status, 403, "{route}: {}", body_of(&reply));
        }
    }
    assert!(scene.is_connected(&ann));
    assert!(audited(&scene).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_routes_work_before_the_plugin_is_set_up() {
    let scene = Scene::with(json!({
        "oauthclientid": null, "oauthclientsecret": null, "encryptionkey": null, "webhooksecret": null,
        "zoomwebhooksecret": null,
    }))
    .await;
    let boss = scene.administrator("boss");
    let status = answer(&scene, &boss, "status", &json!({})).await;
    assert_eq!(
        status["urls"]["redirect"],
        "https://chat.example.com/plugins/zoom/oauth2/complete"
    );
    assert_eq!(status["has_secret"], false);
    let checks = status["checks"].as_array().unwrap();
    let failed: Vec<_> = checks
        .iter()
        .filter(|check| check["outcome"] == "failed")
        .collect();
    let named = failed.iter().any(|check| {
        let sentence = check["sentence"].as_str().unwrap();
        sentence.contains("Zoom OAuth client ID")
    });
    assert!(named, "{failed:?}");
    let tested = answer(&scene, &boss, "test", &json!({})).await;
    assert!(tested["checks"].as_array().unwrap().len() >= checks.len());
    assert_eq!(connected(&scene, &boss, &json!({})).await, (0, vec![]));
    let reveal = asks(&scene, &boss, "reveal", &json!({})).await;
    assert_eq!(reveal.status, 409);
    let disconnect = asks(&scene, &boss, "disconnect", &of(&boss)).await;
    assert_eq!(disconnect.status, 501);
    assert!(audited(&scene).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_has_the_values_for_the_zoom_app_in_each_mode() {
    let scene = Scene::start().await;
    let boss = scene.administrator("boss");
    let scopes = |status: &Value| -> Vec<String> {
        let scopes = status["scopes"].as_array().unwrap().iter();
        scopes
            .map(|scope| scope["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let status = answer(&scene, &boss, "status", &json!({})).await;
    assert_eq!(status["mode"], "user-managed");
    assert_eq!(status["has_secret"], true);
    let plain = scopes(&status);
    assert!(plain.contains(&"meeting:write:meeting".to_owned()));
    scene
        .change_settings(json!({"connectionmode": "admin-managed"}))
        .await;
    let status = answer(&scene, &boss, "status", &json!({})).await;
    assert_eq!(status["mode"], "admin-managed");
    let suffixed: Vec<_> = plain.iter().map(|name| format!("{name}:admin")).collect();
    assert_eq!(scopes(&status), suffixed);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_revealing_shows_the_secret_and_it_is_audited() {
    let (scene, boss, _) = ann_and_boss().await;
    let status = answer(&scene, &boss, "status", &json!({})).await;
    let url = status["urls"]["webhook"].as_str().unwrap();
    assert!(url.ends_with("/plugins/zoom/webhook"), "{url}");
    // The other answers of this scene are searched for secrets at its end.
    let reply = scene.reveals(&boss, &path("reveal")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(header_of(&reply, "Cache-Control"), "no-store");
    let shown: Value = serde_json::from_str(&body_of(&reply)).unwrap();
    assert_eq!(shown["webhook"], format!("{url}?secret={WEBHOOK_SECRET}"));
    let deauthorization = shown["deauthorization"].as_str().unwrap();
    assert!(deauthorization.ends_with(&format!("/deauthorization?secret={WEBHOOK_SECRET}")));
    let record = ("reveal_webhook_url success".to_owned(), boss, String::new());
    assert_eq!(audited(&scene), [record]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_admin_disconnects_a_user_whom_the_bot_tells() {
    let (scene, boss, ann) = ann_and_boss().await;
    assert_eq!(
        connected(&scene, &boss, &json!({})).await,
        (1, vec!["ann".to_owned()])
    );
    let ended = answer(&scene, &boss, "disconnect", &of(&ann)).await;
    assert_eq!(ended["outcome"], "disconnected");
    assert!(!scene.is_connected(&ann));
    assert_eq!(scene.zoom.count(Route::Revoke), 1);
    assert_eq!(connected(&scene, &boss, &json!({})).await, (0, vec![]));
    scene.works().await;
    let told = written_to(&scene, &ann);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("A system admin disconnected your Zoom account."));
    let record = (
        "disconnect_user success".to_owned(),
        boss.clone(),
        ann.clone(),
    );
    assert_eq!(audited(&scene), [record]);

    let again = answer(&scene, &boss, "disconnect", &of(&ann)).await;
    assert_eq!(again["outcome"], "not_connected");
    scene.works().await;
    assert_eq!(written_to(&scene, &ann).len(), 1);
    for odd in [json!({}), json!({"user_id": "../x"}), json!([])] {
        assert_eq!(asks(&scene, &boss, "disconnect", &odd).await.status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_connecting_and_every_way_of_disconnecting() {
    let (scene, boss, ann) = ann_and_boss().await;
    let town = scene.api.world().channels.keys().next().unwrap().clone();
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    scene.connects(&bob, &town).await;
    let named = json!({"user_ids": [bob]});
    assert_eq!(
        connected(&scene, &boss, &named).await,
        (2, vec!["bob".to_owned()])
    );
    scene.asks(&ann, &town, "/zoom disconnect").await;
    assert_eq!(
        connected(&scene, &boss, &json!({})).await,
        (1, vec!["bob".to_owned()])
    );
    let zoom_id = scene.zoom.user("bob@example.com").unwrap().id;
    let event = deauthorization::signed(
        &scene,
        &deauthorization::event(&scene, &zoom_id, "2099-01-02T03:04:05.678Z"),
    );
    let url = deauthorization::address();
    assert_eq!(scene.delivers_to(&url, &event).await.status, 200);
    assert!(!scene.is_connected(&bob));
    assert_eq!(connected(&scene, &boss, &json!({})).await, (0, vec![]));
}

/// The record of the index with a user.
fn shard_of(scene: &Scene, user: &str) -> String {
    let keys = scene.api.world().keys();
    let mut shards = keys
        .into_iter()
        .filter(|key| key.starts_with("connected_users_"));
    let holds = |key: &String| json_of(scene, key)["users"].get(user).is_some();
    shards.find(holds).expect("the user is in no record")
}

/// Changes the entry of a user in the index, or removes it.
fn change_entry(scene: &Scene, user: &str, added_at: Option<i64>) {
    let key = shard_of(scene, user);
    let mut record = json_of(scene, &key);
    let users = record["users"].as_object_mut().unwrap();
    match added_at {
        Some(seconds) => users.insert(user.to_owned(), json!(seconds)),
        None => users.remove(user),
    };
    scene.api.world().store(&key, record.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_entry_is_repaired_when_somebody_sees_it() {
    let (scene, boss, ann) = ann_and_boss().await;
    let town = scene.api.world().channels.keys().next().unwrap().clone();
    let bob = scene.person("bob");
    scene.joins(&bob, &town);
    scene.connects(&bob, &town).await;
    // A new entry without a connection may be of a user who is about to connect.
    scene.api.world().forget(&format!("zoomtoken_{bob}"));
    let only_ann = (1, vec!["ann".to_owned()]);
    assert_eq!(connected(&scene, &boss, &json!({})).await, only_ann);
    let key = shard_of(&scene, &bob);
    change_entry(&scene, &bob, Some(scene.now() / 1000 - 700));
    assert_eq!(connected(&scene, &boss, &json!({})).await, only_ann);
    assert!(json_of(&scene, &key)["users"].get(&bob).is_none());

    change_entry(&scene, &ann, None);
    assert_eq!(connected(&scene, &boss, &json!({})).await, (0, vec![]));
    let named = json!({"user_ids": [ann, bob]});
    assert_eq!(connected(&scene, &boss, &named).await.1, ["ann"]);
    assert_eq!(connected(&scene, &boss, &json!({})).await, only_ann);
}

#[tokio::test(flavor = "multi_thread")]
async fn users_of_the_go_plugin_enter_the_index_once() {
    let first = Scene::start().await;
    let boss = first.administrator("boss");
    first.works().await;
    // As after an update from the Go plugin.
    first.api.world().forget("connected_users_indexed");
    let scene = first.next_process();
    let mut names = Vec::new();
    for number in 0..45 {
        let name = format!("user{number:02}");
        let user = scene.person(&name);
        let token = go_token("access", "refresh", "2026-01-02T03:04:05Z");
        let record = go_record(&user, &format!("z{number}"), "a@b.c", token);
        scene
            .api
            .world()
            .store(&format!("zoomtoken_{user}"), record);
        names.push(name);
    }
    scene.api.world().store("zoomtoken_odd", "x");
    scene.activates().await.unwrap().unwrap();
    scene.works().await;
    let mut seen = Vec::new();
    for page in 0..3 {
        let (count, shown) = connected(&scene, &boss, &json!({"page": page})).await;
        assert_eq!(count, 45);
        assert_eq!(shown.len(), if page < 2 { 20 } else { 5 });
        seen.extend(shown);
    }
    seen.sort();
    assert_eq!(seen, names);
    // The next activation reads only this mark.
    assert!(
        scene
            .api
            .world()
            .stored("connected_users_indexed")
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_asks_zoom_and_the_status_does_not() {
    let scene = Scene::start().await;
    let boss = scene.administrator("boss");
    let town = scene.channel("town", &[&boss]);
    scene.connects(&boss, &town).await;
    let before = scene.zoom.count(Route::User);
    let status = answer(&scene, &boss, "status", &json!({})).await;
    assert_eq!(scene.zoom.count(Route::User), before);
    let tested = answer(&scene, &boss, "test", &json!({})).await;
    assert!(scene.zoom.count(Route::User) > before);
    let ids = |answer: &Value| -> Vec<String> {
        let checks = answer["checks"].as_array().unwrap().iter();
        checks
            .map(|check| check["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (local, all) = (ids(&status), ids(&tested));
    assert!(local.iter().all(|id| all.contains(id)), "{local:?} {all:?}");
    assert!(all.contains(&"account".to_owned()), "{all:?}");
    let failed = |check: &&Value| check["outcome"] == "failed";
    let checks = tested["checks"].as_array().unwrap();
    assert_eq!(checks.iter().find(failed), None);
}
