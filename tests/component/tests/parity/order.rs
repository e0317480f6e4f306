//! Invariants of the store and the channels when no work is pending, after any failure: no record without the records
//! that belong to it, no duplicate post, no job left.

use std::collections::BTreeSet;
use std::fmt::Display;

use component_tests::memory::World;
use component_tests::scene::{Scene, props};
use serde_json::Value;

/// Checks all invariants.
pub fn in_order(scene: &Scene, case: &impl Display) {
    let world = scene.api.world();
    let mut wrong = Vec::new();
    connections(&world, &mut wrong);
    subscriptions(&world, &mut wrong);
    meetings(&world, &mut wrong);
    posts(&world, &mut wrong);
    queue(&world, &mut wrong);
    passing(&world, &mut wrong);
    assert!(wrong.is_empty(), "{case}: {wrong:#?}");
}

/// The records whose keys have this prefix: the rest of the key, and the value as JSON.
fn records<'a>(world: &'a World, prefix: &'a str) -> impl Iterator<Item = (String, Value)> + 'a {
    let keys = world.keys().into_iter();
    keys.filter_map(move |key| {
        let rest = key.strip_prefix(prefix)?.to_owned();
        let value = world.stored(&key)?;
        Some((rest, serde_json::from_slice(value).unwrap_or_default()))
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Each connection has an entry in the index of Zoom users, and each entry leads to a connection.
fn connections(world: &World, wrong: &mut Vec<String>) {
    let mut own = BTreeSet::new();
    for (user, record) in records(world, "zoomtoken_") {
        own.insert((text(&record["ZoomID"]), user));
    }
    let mut led_to = BTreeSet::new();
    for (zoom_id, copy) in records(world, "zoomtokenbyzoomid_") {
        let others = copy["OtherUserIDs"].as_array().cloned().unwrap_or_default();
        for user in others.iter().chain([&copy["UserID"]]) {
            led_to.insert((zoom_id.clone(), text(user)));
        }
    }
    for missing in own.difference(&led_to) {
        wrong.push(format!("Zoom's messages do not find {missing:?}"));
    }
    for surplus in led_to.difference(&own) {
        wrong.push(format!(
            "Zoom's messages find {surplus:?}, who is not connected"
        ));
    }
}

/// Each subscription is in its creator's list, and each list entry has a subscription.
fn subscriptions(world: &World, wrong: &mut Vec<String>) {
    let mut made = BTreeSet::new();
    for (meeting, record) in records(world, "meeting_channel_") {
        let also = record["also"].as_array().cloned().unwrap_or_default();
        let first = record["is_subscription"] == true;
        let followers = also.iter().chain(first.then_some(&record));
        for follower in followers {
            made.insert((meeting.clone(), text(&follower["created_by"])));
        }
    }
    let mut listed = BTreeSet::new();
    for (user, list) in records(world, "subscription_index_") {
        for meeting in list["meeting_ids"].as_array().into_iter().flatten() {
            listed.insert((meeting.to_string(), user.clone()));
        }
    }
    if made != listed {
        wrong.push(format!("subscriptions {made:?} are listed as {listed:?}"));
    }
}

/// Records of meetings refer to existing posts.
fn meetings(world: &World, wrong: &mut Vec<String>) {
    let known = |id: &str| world.posts.iter().any(|post| post.id == id);
    for (occurrence, record) in records(world, "occurrence_") {
        for card in record["cards"].as_array().into_iter().flatten() {
            let id = text(&card["post_id"]);
            if !id.is_empty() && !known(&id) {
                wrong.push(format!("the record of {occurrence} leads to no post"));
            }
        }
    }
}

/// No occurrence is announced twice in a channel, no step of a job has two posts, and each post of a meeting has the
/// host's proof.
fn posts(world: &World, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    let live = world.posts.iter().filter(|post| post.delete_at == 0);
    for post in live {
        let props = props(post);
        for name in ["meeting_uuid", "step_id"] {
            let value = text(&props[name]);
            if !value.is_empty() && !seen.insert((name, value, post.channel_id.clone())) {
                wrong.push(format!("{name} of {} is there twice", post.id));
            }
        }
    }
}

/// Finished jobs leave only payloads that expire. A card of a personal room has a job that waits.
fn queue(world: &World, wrong: &mut Vec<String>) {
    for (index, record) in records(world, "_jobs_") {
        let jobs = record["jobs"].as_array().into_iter().flatten();
        for job in jobs {
            let id = text(&job["id"]);
            let payload = world.stored(&format!("_job_{id}"));
            let payload: Value =
                serde_json::from_slice(payload.unwrap_or_default()).unwrap_or_default();
            // An entry without a payload is removed when it is due.
            let is_due = job["due"].as_i64().is_some_and(|due| due <= world.now);
            let waits = payload.is_null() && !is_due || payload["kind"] == "not_started";
            if !waits {
                wrong.push(format!("a job is left in index {index}: {payload}"));
            }
        }
    }
}

/// Records of operations in progress expire.
fn passing(world: &World, wrong: &mut Vec<String>) {
    const PASSING: [&str; 9] = [
        "occurrence_",
        "step_",
        "start_lock_",
        "start_forced_",
        "refresh_lease_",
        "job_lease_",
        "webhook_seen_",
        "zoomuserstate_",
        "_job_",
    ];
    for key in world.keys() {
        let is_passing = PASSING.iter().any(|prefix| key.starts_with(prefix));
        if is_passing && world.expiry(&key).is_none() {
            wrong.push(format!("{key} is there for good"));
        }
    }
}
