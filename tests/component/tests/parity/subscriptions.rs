//! Subscriptions: each occurrence of a meeting is announced in subscribed channels.

use component_tests::faults::InjectedFault;
use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Any;
use plugin_tests::zoom::{Fault, Meeting, Route};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::{SCHEDULED as ID, json_of, scheduled};

async fn delivers(scene: &Scene, event: &str, meeting: &Meeting) {
    let answer = scene.delivers(&scene.zoom.webhook(event, meeting)).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn zm099_zm100_zm101_zm102_zm103_a_subscription_is_added_listed_and_removed() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    scheduled(&scene, "ann");
    let told = scene.asks(&ann, &town, "/zoom subscription list").await;
    assert!(told.contains("not have any subscriptions"), "{told}");
    for _ in 0..2 {
        let told = scene
            .asks(&ann, &town, "/zoom subscription add 857 4606 5432")
            .await;
        assert!(told.contains("Subscribed. Meeting 85746065432"), "{told}");
    }
    let record = json_of(&scene, &format!("meeting_channel_{ID}"));
    assert_eq!(
        (
            &record["channel_id"],
            &record["is_subscription"],
            &record["created_by"]
        ),
        (&json!(town), &json!(true), &json!(ann))
    );
    assert_eq!(
        json_of(&scene, &format!("subscription_index_{ann}")),
        json!({"meeting_ids": [ID]})
    );
    let told = scene.asks(&ann, &town, "/zoom subscription list").await;
    assert!(told.contains("| 85746065432 | ~town |"), "{told}");
    scene.later(400 * 24 * 3600);
    let told = scene.asks(&ann, &town, "/zoom subscription list").await;
    assert!(told.contains("85746065432"), "it never expires: {told}");
    let told = scene
        .asks(&ann, &town, "/zoom subscription remove 85746065432")
        .await;
    assert!(told.contains("no longer be announced"), "{told}");
    assert!(
        scene
            .api
            .world()
            .stored(&format!("meeting_channel_{ID}"))
            .is_none()
    );
    assert_eq!(
        json_of(&scene, &format!("subscription_index_{ann}")),
        json!({"meeting_ids": []})
    );
    let told = scene
        .asks(&ann, &town, "/zoom subscription remove 85746065432")
        .await;
    let expected = "This channel is not subscribed to meeting 85746065432.";
    assert!(told.contains(expected), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm028_zm100_d31_refused_subscriptions_say_why() {
    let scene = Scene::start().await;
    let (ann, bob) = (scene.person("ann"), scene.person("bob"));
    let boss = scene.administrator("boss");
    let town = scene.channel("town", &[&ann, &bob, &boss]);
    for (command, part) in [
        ("/zoom subscription", "subscription add"),
        ("/zoom subscription dance", "subscription add"),
        ("/zoom subscription add", "subscription add"),
        ("/zoom subscription add twelve", "must be a number"),
        ("/zoom subscription remove -5", "is not subscribed"),
        ("/zoom subscription add 0", "must be a number"),
        ("/zoom subscription add 85746065432", "/oauth2/connect"),
    ] {
        let told = scene.asks(&ann, &town, command).await;
        assert!(told.contains(part), "{command}: {told}");
    }
    for user in [&ann, &bob, &boss] {
        scene.connects(user, &town).await;
    }
    let told = scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("do not host a meeting"), "{told}");
    let room = scene.zoom.user("ann@example.com").unwrap().pmi;
    let told = scene
        .asks(&ann, &town, &format!("/zoom subscription add {room}"))
        .await;
    assert!(told.contains("Personal Meeting ID"), "{told}");
    scheduled(&scene, "ann");
    let told = scene
        .asks(&bob, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("that you host"), "{told}");
    scene.zoom.fail_next(Route::Meeting, Fault::server_error());
    let told = scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(!told.is_empty() && !told.contains("Subscribed."), "{told}");
    scene
        .change_settings(json!({"restrictmeetingcreation": true}))
        .await;
    let told = scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("disabled"), "{told}");
    scene
        .change_settings(json!({"restrictmeetingcreation": false}))
        .await;
    let told = scene
        .asks(&boss, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("Subscribed."), "an administrator may: {told}");
    let told = scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("Someone else"), "{told}");
    let told = scene
        .asks(&ann, &town, "/zoom subscription remove 85746065432")
        .await;
    assert!(told.contains("Someone else"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn d46_several_channels_follow_one_meeting_and_system_admins_manage_all() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let boss = scene.administrator("boss");
    let (town, club) = (
        scene.channel("town", &[&ann, &boss]),
        scene.channel("club", &[&ann, &boss]),
    );
    scene.connects(&ann, &town).await;
    let meeting = scheduled(&scene, "ann");
    for channel in [&town, &club] {
        scene
            .asks(&ann, channel, "/zoom subscription add 85746065432")
            .await;
    }
    let record = json_of(&scene, &format!("meeting_channel_{ID}"));
    assert_eq!(
        (
            &record["channel_id"],
            record["also"].as_array().unwrap().len()
        ),
        (&json!(town), 1)
    );
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    assert_eq!((scene.posts(&town).len(), scene.posts(&club).len()), (1, 1));
    let files = json!([{"id": "v", "file_type": "MP4", "play_url": format!("{}/rec/play/v", scene.zoom.url())}]);
    scene
        .delivers(&scene.zoom.recorded("recording.completed", &meeting, &files))
        .await;
    delivers(&scene, "meeting.ended", &meeting).await;
    scene.works().await;
    for channel in [&town, &club] {
        let posts = scene.posts(channel);
        assert_eq!(
            (posts.len(), props(&posts[0])["meeting_status"].as_str()),
            (2, Some("ENDED"))
        );
        assert_eq!(posts[1].root_id, posts[0].id);
    }
    let told = scene.asks(&boss, &club, "/zoom subscription list").await;
    assert!(
        told.contains("| 85746065432 | ~club |") && !told.contains("~town"),
        "{told}"
    );
    let told = scene
        .asks(&boss, &town, "/zoom subscription remove 85746065432")
        .await;
    assert!(told.contains("no longer"), "{told}");
    let record = json_of(&scene, &format!("meeting_channel_{ID}"));
    assert_eq!(
        (&record["channel_id"], record.get("also")),
        (&json!(club), None)
    );
    let told = scene
        .asks(&boss, &town, "/zoom subscription remove 85746065432")
        .await;
    assert!(told.contains("another channel is"), "{told}");
}

/// The name of a step: a digest of values that are not secret.
fn step(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u32::try_from(part.len()).unwrap().to_be_bytes());
        hash.update(part);
    }
    let digits = hash.finalize();
    digits[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn zm091_d06_a_members_post_is_not_mistaken_for_the_plugins() {
    let scene = Scene::start().await;
    let (ann, eve) = (scene.person("ann"), scene.person("eve"));
    let town = scene.channel("town", &[&ann, &eve]);
    scene.connects(&ann, &town).await;
    let meeting = scheduled(&scene, "ann");
    scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    delivers(&scene, "meeting.started", &meeting).await;
    let record = json_of(&scene, &format!("meeting_channel_{ID}"));
    let occurrence = record["occurrences"][0]["id"].as_str().unwrap();
    // The post carries the digest of the step and its items; this step has one item without a name.
    let step = step(&[&step(&["announce", occurrence, &town]), ""]);
    {
        let mut world = scene.api.world();
        let now = world.now;
        let id = world.add_post(&eve, &town, "Join my meeting");
        let forged = world.posts.iter_mut().find(|post| post.id == id).unwrap();
        forged
            .props
            .insert("step_id".to_owned(), Any::String(step.clone()));
        (forged.create_at, forged.update_at) = (now, now);
    }
    // The first attempt may have written the announcement, so the next one searches for it.
    scene.api.plan_at(InjectedFault::Failure, "CreatePost");
    scene.works().await;
    assert!(
        scene.api.clear_fault().is_some(),
        "the announcement was tried"
    );
    scene.later(400);
    scene.works().await;
    let posts = scene.posts(&town);
    let steps = posts.iter().map(|post| props(post)["step_id"].clone());
    let steps: Vec<_> = steps.collect();
    // Both her post and the later announcement have the name of the step.
    assert_eq!(steps, [json!(step), json!(step)]);
    let author = scene.api.world().users[&posts[1].user_id].clone();
    assert_eq!(author.username, "zoom");
}

#[tokio::test(flavor = "multi_thread")]
async fn zm091_d09_d06_a_started_meeting_is_announced_once_by_the_bot_with_the_hosts_link() {
    let scene = Scene::start().await;
    let other = scene.another_node().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let meeting = scheduled(&scene, "ann");
    scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    for _ in 0..2 {
        delivers(&scene, "meeting.started", &meeting).await;
        delivers(&other, "meeting.started", &meeting).await;
    }
    tokio::join!(scene.works(), other.works());
    scene.later(60);
    scene.works().await;
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    let posts = scene.posts(&town);
    assert_eq!(posts.len(), 1);
    let author = scene.api.world().users[&posts[0].user_id].clone();
    assert_eq!(author.username, "zoom");
    assert!(
        !posts[0].message.contains("I have"),
        "not in the first person: {}",
        posts[0].message
    );
    let told = props(&posts[0]);
    assert_eq!(told["meeting_link"], meeting.join_url.as_str());
    assert_eq!(told["meeting_topic"], "Weekly *sync*");
    assert_eq!(told["meeting_uuid"], meeting.uuid.as_str());
    // A delivery can be replayed within a week.
    scene.later(6 * 24 * 3600);
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    assert_eq!(scene.posts(&town).len(), 1);
    // The next occurrence has another UUID and its own post.
    let next = Meeting {
        uuid: "next/occurrence".to_owned(),
        start_time: scene.zoom.time(),
        ..meeting
    };
    delivers(&scene, "meeting.ended", &next).await;
    delivers(&scene, "meeting.started", &next).await;
    scene.works().await;
    assert_eq!(scene.posts(&town).len(), 1, "its end was told first");
    // An occurrence that starts within 15 minutes would continue the meeting.
    scene.later(20 * 60);
    let third = Meeting {
        uuid: "third".to_owned(),
        start_time: scene.zoom.time(),
        ..next
    };
    delivers(&scene, "meeting.started", &third).await;
    scene.works().await;
    assert_eq!(scene.posts(&town).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn zm091_d09_at_the_account_level_the_connection_for_everyone_gets_the_link() {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let (root, ann) = (scene.administrator("root"), scene.person("ann"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let meeting = scheduled(&scene, "ann");
    let told = scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    assert!(told.contains("Subscribed. Meeting"), "{told}");
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    let posts = scene.posts(&town);
    assert_eq!(posts.len(), 1);
    let link = props(&posts[0])["meeting_link"].clone();
    assert_eq!(link, meeting.join_url.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn d09_f17_without_zoom_the_plain_link_is_posted_and_corrected_later() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let meeting = scheduled(&scene, "ann");
    scene
        .asks(&ann, &town, "/zoom subscription add 85746065432")
        .await;
    for _ in 0..4 {
        scene.zoom.fail_next(Route::Meeting, Fault::server_error());
    }
    delivers(&scene, "meeting.started", &meeting).await;
    let link = || props(&scene.posts(&town)[0])["meeting_link"].clone();
    let mut due = scene.works().await;
    assert_eq!(link(), format!("{}/j/{ID}", scene.zoom.url()));
    while let Some(next) = due {
        scene.later((next - scene.now()) / 1000 + 1);
        due = scene.works().await;
    }
    assert_eq!(link(), meeting.join_url.as_str());
    assert_eq!(scene.posts(&town).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d46_d13_a_subscription_of_a_deleted_user_or_channel_announces_nothing() {
    for what in ["deactivated", "muted", "archived", "deleted", "restricted"] {
        let scene = Scene::start().await;
        let ann = scene.person("ann");
        let town = scene.channel("town", &[&ann]);
        scene.connects(&ann, &town).await;
        let meeting = scheduled(&scene, "ann");
        scene
            .asks(&ann, &town, "/zoom subscription add 85746065432")
            .await;
        {
            let mut world = scene.api.world();
            match what {
                "deactivated" => world.users.get_mut(&ann).unwrap().delete_at = 1,
                "muted" => drop(world.muted.insert((ann.clone(), town.clone()))),
                "archived" => world.channels.get_mut(&town).unwrap().delete_at = 1,
                "deleted" => drop(world.channels.remove(&town)),
                _ => {}
            }
        }
        if what == "restricted" {
            scene
                .change_settings(json!({"restrictmeetingcreation": true}))
                .await;
        }
        delivers(&scene, "meeting.started", &meeting).await;
        assert_eq!(scene.works().await, None, "{what}");
        assert!(scene.posts(&town).is_empty(), "{what}");
        assert!(scene.log().contains("not announced"), "{what}");
    }
}
