//! F17, F36, and F37: subscriptions.

use component_tests::scene::{Scene, props};
use mattermost_plugin_rpc::mattermost::Post;
use plugin_tests::zoom::{Fault, Meeting, Refusal, Route, Schedule, WEBINAR};
use serde_json::{Value, json};

use crate::support::{json_of, works_to_the_end};

async fn delivers(scene: &Scene, event: &str, meeting: &Meeting) {
    let webhook = scene.zoom.webhook(event, meeting);
    assert_eq!(scene.delivers(&webhook).await.status, 200);
}

/// Ann, who is connected, and a meeting to which her channel is subscribed.
async fn followed() -> (Scene, String, String, Meeting) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let meeting = follows(&scene, &ann, &town, "Standup").await;
    (scene, ann, town, meeting)
}

/// Schedules a meeting of Ann that starts now, and subscribes a channel to it.
async fn follows(scene: &Scene, ann: &str, channel: &str, topic: &str) -> Meeting {
    let host = scene.zoom.user("ann@example.com").unwrap();
    let plan = Schedule {
        start_time: scene.zoom.time(),
        ..Schedule::weekly(topic)
    };
    let meeting = scene.zoom.schedule(&host, plan);
    let add = format!("/zoom subscription add {}", meeting.id);
    let told = scene.asks(ann, channel, &add).await;
    assert!(told.contains("Subscribed."), "{told}");
    meeting
}

fn link(post: &Post) -> String {
    props(post)["meeting_link"].as_str().unwrap().to_owned()
}

fn plain(scene: &Scene, meeting: &Meeting) -> String {
    format!("{}/j/{}", scene.zoom.url(), meeting.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_twenty_meetings_that_start_at_once_are_announced_at_once_and_get_their_links() {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let town = scene.channel("town", &[&ann]);
    scene.connects(&ann, &town).await;
    let mut meetings = Vec::new();
    for number in 0..20 {
        meetings.push(follows(&scene, &ann, &town, &format!("Meeting {number}")).await);
    }
    for number in 0..40 {
        let fault = match number % 4 {
            0 => Fault::refusal(Refusal::NoMeeting),
            1 => Fault::server_error(),
            _ => Fault::rate_limited(20),
        };
        scene.zoom.fail_next(Route::Meeting, fault);
    }
    for meeting in &meetings {
        delivers(&scene, "meeting.started", meeting).await;
    }
    scene.works().await;
    let links = |scene: &Scene| {
        let posts = scene.posts(&town);
        let mut links: Vec<_> = posts.iter().map(link).collect();
        links.sort();
        links
    };
    let sorted = |mut links: Vec<String>| {
        links.sort();
        links
    };
    let without = meetings.iter().map(|one| plain(&scene, one)).collect();
    assert_eq!(links(&scene), sorted(without), "announced at once");
    works_to_the_end(&scene).await;
    let with = meetings.iter().map(|one| one.join_url.clone()).collect();
    assert_eq!(links(&scene), sorted(with), "and corrected");
}

/// Each failure of Zoom to return the link at the start.
#[tokio::test(flavor = "multi_thread")]
async fn f17_the_link_gets_its_passcode_after_any_first_answer_of_zoom() {
    let empty = json!({"id": 1, "join_url": ""}).to_string();
    for faults in [
        vec![Fault::refusal(Refusal::NoMeeting)],
        vec![Fault::refusal(Refusal::NoPermission)],
        vec![Fault::rate_limited(40)],
        vec![Fault::daily_limit("2099-08-07T00:00:00Z")],
        vec![Fault::too_fast()],
        vec![Fault::HangUp],
        vec![Fault::Status(200, Vec::new(), empty)],
        vec![Fault::web_page()],
    ] {
        let (scene, _, town, meeting) = followed().await;
        let case = format!("{faults:?}");
        for fault in faults {
            scene.zoom.fail_next(Route::Meeting, fault);
        }
        delivers(&scene, "meeting.started", &meeting).await;
        scene.works().await;
        let posts = scene.posts(&town);
        assert_eq!(posts.len(), 1, "{case}");
        assert_eq!(link(&posts[0]), plain(&scene, &meeting), "{case}");
        works_to_the_end(&scene).await;
        let posts = scene.posts(&town);
        assert_eq!(posts.len(), 1, "{case}");
        assert_eq!(link(&posts[0]), meeting.join_url, "{case}");
    }
}

/// The subscriber's token expires at the start, and Zoom does not refresh it.
#[tokio::test(flavor = "multi_thread")]
async fn f17_a_subscriber_whose_connection_fails_or_ends_gets_the_link_later() {
    for reconnects in [false, true] {
        let (scene, ann, town, meeting) = followed().await;
        if reconnects {
            scene
                .zoom
                .end_grants(plugin_tests::zoom::DeadGrant::Revoked);
        } else {
            scene.zoom.expire_tokens();
            scene.zoom.fail_next(Route::Token, Fault::server_error());
        }
        delivers(&scene, "meeting.started", &meeting).await;
        scene.works().await;
        assert_eq!(link(&scene.posts(&town)[0]), plain(&scene, &meeting));
        if reconnects {
            scene.connects(&ann, &town).await;
        }
        works_to_the_end(&scene).await;
        assert_eq!(link(&scene.posts(&town)[0]), meeting.join_url);
    }
}

/// All participants leave before Zoom returns the link, and come back to the same meeting.
#[tokio::test(flavor = "multi_thread")]
async fn f17_a_meeting_that_continues_gets_the_link_that_its_first_part_lacked() {
    let (scene, _, town, meeting) = followed().await;
    scene
        .zoom
        .fail_next(Route::Meeting, Fault::rate_limited(40));
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    scene.later(10);
    delivers(&scene, "meeting.ended", &meeting).await;
    works_to_the_end(&scene).await;
    let asked = scene.zoom.count(Route::Meeting);
    scene.later(60);
    let again = scene.zoom.restart(&meeting);
    delivers(&scene, "meeting.started", &again).await;
    works_to_the_end(&scene).await;
    let posts = scene.posts(&town);
    assert_eq!(posts.len(), 1);
    assert_eq!(props(&posts[0])["meeting_status"], "STARTED");
    assert_eq!(link(&posts[0]), meeting.join_url);
    assert_eq!(scene.zoom.count(Route::Meeting) - asked, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_the_link_of_an_ended_meeting_is_not_requested() {
    let (scene, _, town, meeting) = followed().await;
    scene
        .zoom
        .fail_next(Route::Meeting, Fault::rate_limited(40));
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    let asked = scene.zoom.count(Route::Meeting);
    delivers(&scene, "meeting.ended", &meeting).await;
    works_to_the_end(&scene).await;
    assert_eq!(scene.zoom.count(Route::Meeting), asked);
    assert_eq!(props(&scene.posts(&town)[0])["meeting_status"], "ENDED");
}

/// Some installations do not receive start events, and events may arrive out of order. Such a meeting is over: an
/// active card would never end.
#[tokio::test(flavor = "multi_thread")]
async fn f25_a_start_that_arrives_after_the_end_is_not_announced() {
    let (scene, _, town, meeting) = followed().await;
    for event in ["meeting.ended", "meeting.ended", "meeting.started"] {
        delivers(&scene, event, &meeting).await;
        scene.works().await;
        assert_eq!(scene.posts(&town).len(), 0, "{event}");
    }
    let next = scene.zoom.restart(&meeting);
    delivers(&scene, "meeting.started", &next).await;
    scene.works().await;
    assert_eq!(scene.posts(&town).len(), 1, "the next meeting");
}

/// Another node stores the end between the read and the write of the start.
#[tokio::test(flavor = "multi_thread")]
async fn f25_a_start_that_is_overtaken_by_the_end_is_not_announced() {
    let (scene, _, town, meeting) = followed().await;
    let key = format!("meeting_channel_{}", meeting.id);
    let before = scene.api.world().stored(&key).unwrap().to_vec();
    delivers(&scene, "meeting.ended", &meeting).await;
    scene.api.world().behind.insert(key, vec![before]);
    delivers(&scene, "meeting.started", &meeting).await;
    scene.works().await;
    assert!(scene.posts(&town).is_empty());
}

/// Ann in an organization whose connection can read all meetings, and Bob, who hosts some.
async fn organization() -> (Scene, String, String, Vec<(&'static str, u64)>) {
    let scene = Scene::with(json!({"accountlevelapp": true})).await;
    let root = scene.administrator("root");
    let (ann, _) = (scene.person("ann"), scene.person("bob"));
    let town = scene.channel("town", &[&root, &ann]);
    scene.connects(&root, &town).await;
    let bob = scene.zoom.user("bob@example.com").unwrap();
    let webinar = Meeting {
        id: 91_234_567_890,
        kind: WEBINAR,
        host_id: bob.id.clone(),
        ..Meeting::default()
    };
    scene.zoom.add_meeting(webinar.clone());
    let weekly = scene.zoom.schedule(&bob, Schedule::weekly("Secret"));
    let once = scene.zoom.schedule(&bob, Schedule::once("Secret"));
    let personal = Schedule::weekly("Secret").in_personal_room();
    let personal = scene.zoom.schedule(&bob, personal);
    let numbers = vec![
        ("unknown", 81_111_111_111),
        ("too short", 12),
        ("weekly", weekly.id),
        ("once", once.id),
        ("in the personal room", personal.id),
        ("the personal room", bob.pmi),
        ("webinar", webinar.id),
    ];
    (scene, ann, town, numbers)
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_the_connection_for_everyone_does_not_reveal_which_meetings_exist() {
    let (scene, ann, town, numbers) = organization().await;
    let mut sentences = Vec::new();
    for (what, number) in &numbers {
        let add = format!("/zoom subscription add {number}");
        let told = scene.asks(&ann, &town, &add).await;
        let told = told.replace(&number.to_string(), "N");
        assert!(
            told.contains("do not host a meeting with the ID N"),
            "{what}: {told}"
        );
        sentences.push(told);
    }
    for refusal in [
        Refusal::NoPermission,
        Refusal::NoMeeting,
        Refusal::Webinar,
        Refusal::NoUser,
        Refusal::OtherAccount,
    ] {
        for status in [400, 403, 404] {
            let fault = Fault::refusal_with(status, refusal);
            scene.zoom.fail_next(Route::Meeting, fault);
            let told = scene
                .asks(&ann, &town, "/zoom subscription add 81111111111")
                .await;
            sentences.push(told.replace("81111111111", "N"));
        }
    }
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "{sentences:?}");
    for (_, number) in &numbers {
        let record = format!("meeting_channel_{number}");
        assert_eq!(json_of(&scene, &record), Value::Null);
    }
    assert!(scene.posts(&town).is_empty());
}

/// A failure of Zoom reveals nothing about a meeting ID either: the host is checked before the meeting.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_failure_of_zoom_has_the_same_sentence_for_every_meeting_id() {
    let (scene, ann, town, numbers) = organization().await;
    let mut sentences = Vec::new();
    for (_, number) in &numbers {
        scene.zoom.fail_next(Route::User, Fault::rate_limited(90));
        let add = format!("/zoom subscription add {number}");
        let asked = scene.zoom.count(Route::Meeting);
        let told = scene.asks(&ann, &town, &add).await;
        sentences.push(told.replace(&number.to_string(), "N"));
        assert_eq!(scene.zoom.count(Route::Meeting), asked, "not asked at all");
    }
    sentences.dedup();
    assert_eq!(sentences.len(), 1, "{sentences:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f36_a_host_may_follow_and_a_system_admin_sees_the_reason() {
    let (scene, ann, town, numbers) = organization().await;
    let host = scene.zoom.user("ann@example.com").unwrap();
    let own = scene.zoom.schedule(&host, Schedule::weekly("Own"));
    let add = format!("/zoom subscription add {}", own.id);
    let told = scene.asks(&ann, &town, &add).await;
    assert!(told.contains("Subscribed."), "{told}");
    let root = format!("{:x<26}", "root");
    for (what, number) in numbers {
        let add = format!("/zoom subscription add {number}");
        let told = scene.asks(&root, &town, &add).await;
        let says = match what {
            "unknown" | "too short" => "was not found",
            "in the personal room" | "the personal room" => "Personal Meeting ID",
            "webinar" => "webinar",
            _ => "Subscribed.",
        };
        assert!(told.contains(says), "{what}: {told}");
    }
}

/// `/zoom subscription remove` also takes a meeting ID.
#[tokio::test(flavor = "multi_thread")]
async fn f36_a_removal_does_not_reveal_which_meetings_other_channels_follow() {
    let scene = Scene::start().await;
    let (ann, eve) = (scene.person("ann"), scene.person("eve"));
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&ann, &eve, &root]);
    let club = scene.channel("club", &[&ann]);
    scene.connects(&ann, &town).await;
    let meeting = follows(&scene, &ann, &club, "Secret").await;
    let remove = format!("/zoom subscription remove {}", meeting.id);
    let told = scene.asks(&eve, &town, &remove).await;
    let unknown = scene
        .asks(&eve, &town, "/zoom subscription remove 81111111111")
        .await;
    let id = meeting.id.to_string();
    assert_eq!(told.replace(&id, "N"), unknown.replace("81111111111", "N"));
    for user in [&ann, &root] {
        let told = scene.asks(user, &town, &remove).await;
        assert!(told.contains("another channel is"), "{told}");
    }
}

/// A server with this number of Ann's subscriptions in `town`, written by the Go plugin, and this number of other
/// records.
async fn takes_over(subscriptions: u64, others: u64) -> (Scene, String, String) {
    let scene = Scene::start().await;
    let ann = scene.person("ann");
    let root = scene.administrator("root");
    let town = scene.channel("town", &[&ann, &root]);
    {
        let mut world = scene.api.world();
        world.forget("subscriptions_indexed");
        for number in 0..others {
            // Half of them sort before the records of meetings, and half behind them.
            let first = if number % 2 == 0 { "a" } else { "z" };
            world.store(&format!("{first}_record_{number}"), "{}");
        }
        let ids: Vec<_> = (0..subscriptions).map(|at| 81_000_000_000 + at).collect();
        for id in &ids {
            let record = json!({"channel_id": town, "is_subscription": true, "created_by": ann});
            world.store(&format!("meeting_channel_{id}"), record.to_string());
        }
        let index = json!({"meeting_ids": ids}).to_string();
        world.store(&format!("subscription_index_{ann}"), index);
    }
    (scene, ann, town)
}

/// The number of rows in the user's list, and the number of calls to the server.
async fn listed(scene: &Scene, user: &str, channel: &str) -> (usize, usize, String) {
    let mark = scene.api.world().calls.len();
    let told = scene.types(user, channel, "/zoom subscription list").await;
    let text: String = told.iter().map(|told| told.text() + "\n").collect();
    let calls = scene.api.world().calls.split_off(mark);
    let rows = text.lines().filter(|line| line.starts_with("| 81"));
    assert!(
        !calls.iter().any(|call| call == "KVList"),
        "a list never looks through all records"
    );
    (rows.count(), calls.len(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_a_list_is_complete_among_fifty_thousand_other_records() {
    let (scene, ann, town) = takes_over(300, 50_000).await;
    let root = format!("{:x<26}", "root");
    // The Go plugin already had the user's list. A job creates the list of the channel.
    let (rows, _, _) = listed(&scene, &ann, &town).await;
    assert_eq!(rows, 300);
    let (rows, _, _) = listed(&scene, &root, &town).await;
    assert_eq!(rows, 0);
    let scene = scene.another_node().await;
    let mark = scene.api.world().calls.len();
    works_to_the_end(&scene).await;
    let calls = scene.api.world().calls.split_off(mark);
    let pages = calls.iter().filter(|call| *call == "KVList").count();
    assert!(
        (250..=600).contains(&pages),
        "the records are read twice at most: {pages}"
    );
    assert!(!scene.log().contains("could not be listed"));
    for user in [&ann, &root] {
        let (rows, calls, text) = listed(&scene, user, &town).await;
        assert_eq!(rows, 300, "{user}");
        for id in 0..300 {
            let row = format!("| {} |", 81_000_000_000_u64 + id);
            assert!(text.contains(&row), "{user}: {row}");
        }
        // One read for each meeting, and few others.
        assert!(calls <= 330, "{user}: {calls}");
    }
    // Each channel has its own list.
    let club = scene.channel("club", &[&root]);
    let (rows, calls, _) = listed(&scene, &root, &club).await;
    assert_eq!(rows, 0);
    assert!(calls <= 10, "{calls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f37_the_subscriptions_of_the_go_plugin_are_indexed_once() {
    let (scene, ann, town) = takes_over(30, 1_000).await;
    let scene = scene.another_node().await;
    works_to_the_end(&scene).await;
    let mark = scene.api.world().calls.len();
    let scene = scene.another_node().await;
    works_to_the_end(&scene).await;
    let calls = scene.api.world().calls.split_off(mark);
    assert!(!calls.iter().any(|call| call == "KVList"), "{calls:?}");
    // The records of the Go plugin are unchanged.
    let record = json_of(&scene, "meeting_channel_81000000007");
    assert_eq!(
        record,
        json!({"channel_id": town, "is_subscription": true, "created_by": ann})
    );
}

/// Pages have positions: if a record is deleted while the job reads, all later records move.
#[tokio::test(flavor = "multi_thread")]
async fn f37_no_subscription_is_missed_when_records_are_deleted_meanwhile() {
    let (scene, _, town) = takes_over(300, 2_000).await;
    let root = format!("{:x<26}", "root");
    let other = scene.another_node().await;
    // Another node deletes records whenever the job reads a page.
    scene.api.world().deleted_with_each_page =
        (0..200).map(|at| format!("a_record_{}", 2 * at)).collect();
    works_to_the_end(&other).await;
    assert!(scene.api.world().deleted_with_each_page.len() < 190);
    let (rows, _, _) = listed(&other, &root, &town).await;
    assert_eq!(rows, 300);
}

/// On a large site the job takes several runs, each within the limit of calls.
#[tokio::test(flavor = "multi_thread")]
async fn f37_more_pages_than_a_job_may_read_are_read_in_several_runs() {
    let (scene, _, town) = takes_over(10, 210_000).await;
    let root = format!("{:x<26}", "root");
    let scene = scene.another_node().await;
    works_to_the_end(&scene).await;
    assert!(!scene.log().contains("trap"), "{}", scene.log());
    let (rows, _, _) = listed(&scene, &root, &town).await;
    assert_eq!(rows, 10);
}
