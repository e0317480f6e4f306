//! The acting user of posts, bots, buttons, and jobs.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use component_tests::memory::hashed;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{HttpRequest, Post};
use plugin_host::Reply;

use crate::{HostilePlugin, text};

/// Eve, who uses the plugin, Ann, who does not, and a channel with both.
fn people(hostile: &HostilePlugin) -> [String; 3] {
    let mut world = hostile.api.world();
    let eve = world.add_user("eve", "system_user");
    let ann = world.add_user("ann", "system_user");
    let channel = world.add_channel("town", "O", &[&eve, &ann]);
    [eve, ann, channel]
}

#[track_caller]
fn is_denied(reply: &Reply) {
    let said = text(reply);
    assert!(reply.status == 418 && said.contains("Denied"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_are_attributed_to_the_requesting_user() {
    let hostile = HostilePlugin::open().await;
    let [eve, foreign, channel] = people(&hostile);
    let own = hostile
        .attack_as(&format!("/post?{channel}"), Some(&eve))
        .await;
    assert_eq!((own.status, text(&own).as_str()), (200, eve.as_str()));
    let nobodys = hostile.attack(&format!("/post?{channel}")).await;
    assert!(
        text(&nobodys).contains("no user caused this event"),
        "{}",
        text(&nobodys)
    );
    hostile.api.world().posts.clear();
    let kinds = ["system_join_channel", "custom_other", "custom_hostility"];
    let kinds = kinds.map(|kind| format!("/post-of-kind?{channel}|{kind}"));
    let names = ["from_webhook", "override_username", "add_channel_member"];
    let props = names.map(|name| format!("/post-with-prop?{channel}|{name}"));
    for url in kinds.into_iter().chain(props) {
        let reply = hostile.attack_as(&url, Some(&eve)).await;
        assert_eq!(reply.status, 418, "{url}: {}", text(&reply));
        let nobody = hostile.attack(&url).await;
        assert_eq!(nobody.status, 418, "{url}: {}", text(&nobody));
    }
    // A post that the plugin did not create.
    let post = hostile
        .api
        .world()
        .add_post(&foreign, &channel, "ann's own");
    let reply = hostile
        .attack_as(&format!("/post-update?{post}"), Some(&eve))
        .await;
    assert_eq!(reply.status, 418, "{}", text(&reply));
    let world = hostile.api.world();
    assert_eq!(world.posts.len(), 1);
    assert_eq!(world.posts[0].message, "ann's own");
    drop(world);
    assert!(
        hostile.denials("posts") >= 3,
        "{}",
        hostile.plugin.prometheus()
    );
}

/// A click on such a post would add a member to the channel.
#[tokio::test(flavor = "multi_thread")]
async fn an_ephemeral_post_has_no_prompt_to_add_members() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    let show = async |name: &str| {
        let url = format!("/ephemeral-with-prop?{eve}|{channel}|{name}");
        hostile.attack(&url).await
    };
    is_denied(&show("add_channel_member").await);
    assert!(hostile.api.world().ephemerals.is_empty());
    assert_eq!(show("attachments").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_the_plugins_own_kind_are_written() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    let url = format!("/post-of-kind?{channel}|custom_hostile");
    assert_eq!(hostile.attack_as(&url, Some(&eve)).await.status, 200);
    assert_eq!(hostile.api.world().posts[0].kind, "custom_hostile");
}

/// A post that the plugin wrote for a user, and its proof after a change by hand.
async fn forged(change: impl FnOnce(&mut Post)) -> (HostilePlugin, String, String) {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    let own = hostile
        .attack_as(&format!("/post?{channel}"), Some(&eve))
        .await;
    assert_eq!(own.status, 200, "{}", text(&own));
    let id = {
        let mut world = hostile.api.world();
        let mut post = world.posts[0].clone();
        post.id = "forgedxxxxxxxxxxxxxxxxxxxx".to_owned();
        change(&mut post);
        world.posts.push(post.clone());
        post.id
    };
    (hostile, eve, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_the_plugin_wrote_can_be_changed_and_keeps_its_proof() {
    let (hostile, eve, _) = forged(|_| {}).await;
    let id = hostile.api.world().posts[0].id.clone();
    let before = hostile.api.world().posts[0].props.clone();
    for _ in 0..2 {
        let url = format!("/post-update?{id}");
        let reply = hostile.attack_as(&url, Some(&eve)).await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
    }
    let world = hostile.api.world();
    assert_eq!(world.posts[0].message, "something else");
    for name in ["_mark", "_proof"] {
        assert_eq!(world.posts[0].props[name], before[name], "{name}");
    }
}

/// A member can copy all properties of a post into another post, also in the same channel, but the server sets the time
/// of that post.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_with_a_copied_mark_and_proof_is_not_the_plugins() {
    let text_of = |text: &str| Any::String(text.to_owned());
    type Change = fn(&mut Post);
    let changes: [(&str, Change); 6] = [
        ("time", |post| post.create_at += 1),
        ("author", |post| {
            post.user_id = "annxxxxxxxxxxxxxxxxxxxxxxx".to_owned()
        }),
        ("channel", |post| {
            post.channel_id = "elsewhereyyyyyyyyyyyyyyyyy".to_owned()
        }),
        ("kind", |post| post.kind = "custom_other".to_owned()),
        ("proof", |post| drop(post.props.remove("_proof"))),
        ("mark", |post| drop(post.props.remove("_mark"))),
    ];
    for (what, change) in changes {
        let (hostile, eve, id) = forged(change).await;
        is_denied(
            &hostile
                .attack_as(&format!("/post-update?{id}"), Some(&eve))
                .await,
        );
        let world = hostile.api.world();
        assert_ne!(world.posts[1].message, "something else", "{what}");
    }
    let (hostile, eve, id) = forged(move |post| {
        post.props
            .insert("_mark".to_owned(), text_of(&"0".repeat(32)));
        post.props
            .insert("_proof".to_owned(), text_of(&"0".repeat(64)));
    })
    .await;
    is_denied(
        &hostile
            .attack_as(&format!("/post-update?{id}"), Some(&eve))
            .await,
    );
}

/// With the key of another server, as after a copy of posts, no post belongs to this plugin.
#[tokio::test(flavor = "multi_thread")]
async fn a_post_with_a_proof_of_another_key_is_not_the_plugins() {
    let (hostile, eve, _) = forged(|_| {}).await;
    let id = hostile.api.world().posts[0].id.clone();
    hostile.api.world().store("_host_key", vec![7; 32]);
    let update = format!("/post-update?{id}");
    // This process caches its signing key.
    assert_eq!(hostile.attack_as(&update, Some(&eve)).await.status, 200);
    let other = hostile.next_process().await;
    is_denied(&other.attack_as(&update, Some(&eve)).await);
}

/// Another node has just stored the key, and the database replica does not have it yet.
#[tokio::test(flavor = "multi_thread")]
async fn f30_a_node_waits_for_the_key_that_another_node_has_stored() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    hostile.api.follow_clock(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        i64::try_from(since.as_millis()).unwrap()
    });
    let other = hostile.next_process().await;
    hostile.api.world().lag = 400;
    for node in [&hostile, &other] {
        let url = format!("/post?{channel}");
        let reply = node.attack_as(&url, Some(&eve)).await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
    }
    hostile.api.world().lag = 0;
    let third = hostile.next_process().await;
    let posts = hostile.api.world().posts.clone();
    for post in posts {
        let url = format!("/post-update?{}", post.id);
        let reply = third.attack_as(&url, Some(&eve)).await;
        assert_eq!(reply.status, 200, "{}", text(&reply));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_cannot_write_the_hosts_properties() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    for name in ["_mark", "_proof"] {
        let url = format!("/post-with-prop?{channel}|{name}");
        is_denied(&hostile.attack_as(&url, Some(&eve)).await);
    }
    assert!(hostile.api.world().posts.is_empty());
}

/// Clients show the last message for the ID of a post. So only a message that the host sent to the same user can be
/// replaced, even if a lagging database replica does not have the stored post yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_post_cannot_be_replaced_as_ephemeral() {
    let hostile = HostilePlugin::open().await;
    let (post, channel, user) = {
        let mut world = hostile.api.world();
        let user = world.add_user("ann", "system_user");
        let channel = world.add_channel("town", "O", &[&user]);
        (world.add_post(&user, &channel, "ann's own"), channel, user)
    };
    let attack = async |post: &str| {
        let url = format!("/post-update-in-view?{user}/{post}/{channel}");
        hostile.attack(&url).await
    };
    assert_eq!(hostile.attack("/bot").await.status, 200);
    // An ephemeral message can be replaced for its user.
    let shown = text(
        &hostile
            .attack(&format!("/post-in-view?{user}/{channel}"))
            .await,
    );
    assert_eq!(shown.len(), 26, "{shown}");
    assert_eq!(text(&attack(&shown).await), "replaced");
    assert_eq!(hostile.api.world().ephemeral_changes.len(), 1);
    let others = hostile
        .attack(&format!("/post-in-view?other/{channel}"))
        .await;
    let mut changed = shown.clone();
    changed.replace_range(25.., if shown.ends_with('a') { "b" } else { "a" });
    let unknown = "a".repeat(26);
    for id in [
        &post,
        &text(&others),
        &changed,
        &unknown,
        "",
        &shown[..25],
        "é",
    ] {
        let refused = attack(id).await;
        assert_eq!(refused.status, 418, "{id}: {}", text(&refused));
    }
    assert_eq!(hostile.denials("posts"), 7);
    assert_eq!(hostile.api.world().ephemeral_changes.len(), 1);
    let long = attack(&"p".repeat(65)).await;
    assert!(text(&long).contains("TooLarge"), "{}", text(&long));
}

/// If a key is absent, the server returns the value that an old version stored under the hash of the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_under_the_hash_of_a_host_key_is_not_read() {
    let hostile = HostilePlugin::open().await;
    let key = hashed("_host_key");
    is_denied(&hostile.attack(&format!("/kv-host-write?{key}")).await);
    assert!(hostile.api.world().stored(&key).is_none());
}

/// A value under the hash of an ordinary key stays readable by the key.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_an_old_server_is_read_by_its_own_name_and_not_listed_by_its_hash() {
    let hostile = HostilePlugin::open().await;
    hostile.api.world().store_hashed("token_of_ann", "old");
    hostile.api.world().store("visible", "1");
    let read = hostile.attack("/kv-host-read?token_of_ann").await;
    assert_eq!(text(&read), format!("{:?}", Some(b"old")));
    let listed = hostile.attack("/kv-host-list").await;
    assert_eq!(text(&listed), "Some([\"visible\"])");
    assert_eq!(
        hostile.attack("/kv-host-write?token_of_ann").await.status,
        200
    );
    let read = hostile.attack("/kv-host-read?token_of_ann").await;
    assert_eq!(text(&read), format!("{:?}", Some(b"mine")));
    assert!(
        hostile
            .api
            .world()
            .stored(&hashed("token_of_ann"))
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_is_the_one_of_the_policy_and_has_no_other_owner() {
    let hostile = HostilePlugin::open().await;
    let [_, _, channel] = people(&hostile);
    let bot = hostile.attack(&format!("/bot-post?{channel}")).await;
    assert_eq!(bot.status, 200, "{}", text(&bot));
    assert!(hostile.api.world().users[&text(&bot)].is_bot);
    // On another server, a person has this name.
    let hostile = HostilePlugin::open().await;
    let [_, _, channel] = people(&hostile);
    hostile.api.world().add_user("hostile", "system_user");
    is_denied(&hostile.attack(&format!("/bot-post?{channel}")).await);
    {
        let world = hostile.api.world();
        assert!(world.posts.is_empty() && world.pictures.is_empty());
    }
    // The name belongs to a bot: of a user, of another plugin, of this plugin, or converted by an administrator.
    for (owner, accepted) in [
        (Some("annxxxxxxxxxxxxxxxxxxxxxxx"), false),
        (Some("other"), false),
        (Some("hostile"), true),
        (None, true),
    ] {
        let hostile = HostilePlugin::open().await;
        let [_, _, channel] = people(&hostile);
        {
            let mut world = hostile.api.world();
            let bot = world.add_user("hostile", "system_user");
            world.users.get_mut(&bot).unwrap().is_bot = true;
            let owner = owner.map(|owner| (bot, owner.to_owned()));
            world.bot_owners.extend(owner);
        }
        let reply = hostile.attack(&format!("/bot-post?{channel}")).await;
        match accepted {
            true => assert_eq!(reply.status, 200, "{owner:?}: {}", text(&reply)),
            false => is_denied(&reply),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_channels_are_opened_only_for_the_acting_user() {
    let hostile = HostilePlugin::open().await;
    let [eve, ann, _] = people(&hostile);
    let boss = hostile.api.world().add_user("boss", "system_user");
    let own = hostile
        .attack_as(&format!("/direct?{ann}|{eve}"), Some(&eve))
        .await;
    assert_eq!(own.status, 200, "{}", text(&own));
    is_denied(
        &hostile
            .attack_as(&format!("/direct?{ann}|{boss}"), Some(&eve))
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_lead_to_the_plugin_and_nowhere_else() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    let press = async |address: &str| {
        let url = format!("/post-with-button?{channel}|{address}");
        hostile.attack_as(&url, Some(&eve)).await
    };
    assert_eq!(press("/plugins/hostile/answer").await.status, 200);
    hostile.api.world().posts.clear();
    for address in [
        "https://evil.example/",
        "http://169.254.169.254/latest/meta-data/",
        "/plugins/other/route",
        "/plugins/hostile/../other/route",
        "/plugins/hostile/x?y=/../../../other",
        "/plugins/hostile/%2e%2e/other",
        "/plugins/hostile/\\..\\other",
        "/api/v4/users/me",
        "rpc://other/handle",
    ] {
        is_denied(&press(address).await);
    }
    assert!(hostile.api.world().posts.is_empty());
}

/// The server would apply the response of a click to the post with the button, whoever wrote the post.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_click_changes_no_post() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, _] = people(&hostile);
    let user = ("Mattermost-User-Id".to_owned(), vec![eve.clone()]);
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: "/answer-click".to_owned(),
        headers: BTreeMap::from([user]),
        ..HttpRequest::default()
    };
    let click = format!(r#"{{"user_id":"{eve}","post_id":"p","trigger_id":"t","context":{{}}}}"#);
    let reply = hostile.plugin.request(&request, click.into_bytes()).await;
    assert_eq!(reply.status, 500, "{}", text(&reply));
    assert_eq!(hostile.denials("answer"), 1);
    let reply = hostile.plugin.request(&request, b"{}".to_vec()).await;
    assert_eq!(reply.status, 200, "no click: {}", text(&reply));
}

/// A job acts for its user, but jobs that it enqueues act for nobody. Otherwise one event would authorize jobs forever.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_acts_for_its_user_and_a_job_of_a_job_for_nobody() {
    let hostile = HostilePlugin::open().await;
    let [eve, _, channel] = people(&hostile);
    let came_to = |hostile: &HostilePlugin| {
        let world = hostile.api.world();
        String::from_utf8_lossy(world.stored("came-to").unwrap_or_default()).into_owned()
    };
    let url = format!("/job-of-kind?post|{channel}");
    assert_eq!(hostile.attack_as(&url, Some(&eve)).await.status, 200);
    hostile.works().await;
    assert_eq!(came_to(&hostile), format!("Ok({eve:?})"));
    let url = format!("/job-of-kind?post-later|{channel}");
    assert_eq!(hostile.attack_as(&url, Some(&eve)).await.status, 200);
    hostile.works().await;
    let told = came_to(&hostile);
    assert!(told.contains("no user caused this event"), "{told}");
    assert_eq!(hostile.api.world().posts.len(), 1);
}
