//! `meeting.started`: an occurrence begins, and gets its UUID.
//!
//! A new meeting's post is tied to its UUID from the start. A personal room's is not: its UUID is made
//! when somebody enters. The newest post that announces the room and has not ended is then tied to it. A
//! room that is entered without such a post is nobody's business here, unless a channel follows it.

use super::body::Meeting;
use super::{announce, ended};
use crate::bindings::types::Error;
use crate::meeting::find;
use crate::store::meetings::Announcement;
use crate::store::{locks, meetings};
use crate::system;

/// How long an announced room is waited for, in milliseconds.
const PATIENCE: i64 = 24 * 3600 * 1000;

/// Ties the occurrence to the post that waits for it, and lets the channels know that follow it.
pub fn handle(meeting: &Meeting) -> Result<(), Error> {
    if meeting.uuid.is_empty() || meeting.id == 0 {
        return Ok(());
    }
    let Some(mapping) = meetings::mapping_of(meeting.id)? else {
        return Ok(());
    };
    // The end may have been delivered first.
    if locks::seen(ended::EVENT, &meeting.uuid)? {
        return Ok(());
    }
    for follower in mapping.followers() {
        announce::enqueue(meeting, &follower)?;
    }
    if mapping.is_subscription || meetings::post_of(&meeting.uuid)?.is_some() {
        return Ok(());
    }
    let now = system::now_ms();
    let announced = find::announced(&mapping, meeting.id, now, false)?;
    match waiting(&announced, now) {
        Some(post) => meetings::bind(&meeting.uuid, &post.post_id),
        None => Ok(()),
    }
}

/// The newest post that a room's beginning may belong to.
fn waiting(posts: &[Announcement], now: i64) -> Option<&Announcement> {
    posts
        .iter()
        .filter(|post| now.saturating_sub(post.create_at) <= PATIENCE)
        .max_by_key(|post| post.create_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(id: &str, create_at: i64) -> Announcement {
        Announcement {
            post_id: id.into(),
            channel_id: "c".into(),
            create_at,
            uuid: String::new(),
        }
    }

    #[test]
    fn d18_the_newest_waiting_post_is_taken_and_no_old_one() {
        let posts = [post("a", 1_000), post("b", 2_000)];
        assert_eq!(waiting(&posts, 3_000), posts.get(1));
        assert_eq!(waiting(&posts, 1_500 + PATIENCE), posts.get(1));
        assert_eq!(waiting(&posts, 2_001 + PATIENCE), None);
        assert_eq!(waiting(&[], 0), None);
    }
}
