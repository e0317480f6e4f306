//! Finding the post of a meeting in its channel, where only the channel is known: records of earlier
//! versions name no post, and a process may have died before it knew the post's id.

use super::post;
use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::channel::posts_since;
use crate::store::meetings::{Announcement, Mapping};
use crate::zoom::types::number;
use serde_json::Value;

/// How far back posts are looked through, in milliseconds: as long as an earlier version's record lives.
const WINDOW: i64 = 24 * 3600 * 1000;
/// How far the clock of the server that stored a post may be behind ours, in milliseconds.
const SKEW: i64 = 60_000;
/// How many posts are taken for one that was under way. Anybody can write one that looks like it.
const MAX_CANDIDATES: usize = 5;

/// The posts that announce this number: those of the record, else the newest one in its channel that has
/// not ended, or any where `also_ended` says so.
pub fn announced(
    mapping: &Mapping,
    meeting_id: u64,
    now: i64,
    also_ended: bool,
) -> Result<Vec<Announcement>, Error> {
    if !mapping.posts.is_empty() || mapping.channel_id.is_empty() || mapping.is_subscription {
        return found(&mapping.posts, meeting_id, also_ended);
    }
    let recent = posts_since(&mapping.channel_id, now.saturating_sub(WINDOW))?;
    let newest = matching(&recent, meeting_id, also_ended).max_by_key(|post| post.create_at);
    Ok(newest.into_iter().map(announcement).collect())
}

/// The announcements of a record, with what is found in the channel in the place of those that were under
/// way.
pub fn found(
    listed: &[Announcement],
    meeting_id: u64,
    also_ended: bool,
) -> Result<Vec<Announcement>, Error> {
    let (under_way, mut known): (Vec<_>, Vec<_>) =
        listed.iter().cloned().partition(Announcement::is_under_way);
    for begun in under_way {
        let since = begun.create_at.saturating_sub(SKEW);
        let posts = posts_since(&begun.channel_id, since)?;
        let unknown: Vec<_> = matching(&posts, meeting_id, also_ended)
            .filter(|post| post.create_at >= since)
            .filter(|post| known.iter().all(|one| one.post_id != post.id))
            .map(announcement)
            .collect();
        // The channel's posts come newest first, and ours was written at once.
        known.extend(unknown.into_iter().rev().take(MAX_CANDIDATES));
    }
    Ok(known)
}

fn matching(posts: &[Post], meeting_id: u64, also_ended: bool) -> impl Iterator<Item = &Post> {
    posts.iter().filter(move |post| {
        let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
        !post.deleted
            && post.kind == post::KIND
            && props.get("meeting_id").map(number) == Some(meeting_id)
            && (also_ended || post::status(&props) != post::ENDED)
    })
}

fn announcement(post: &Post) -> Announcement {
    Announcement {
        post_id: post.id.clone(),
        channel_id: post.channel_id.clone(),
        create_at: post.create_at,
        uuid: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn post(id: &str, create_at: i64, props: Value) -> Post {
        Post {
            id: id.into(),
            create_at,
            update_at: create_at,
            deleted: false,
            user_id: "u".into(),
            channel_id: "c".into(),
            root_id: String::new(),
            message: String::new(),
            kind: post::KIND.into(),
            props: props.to_string(),
        }
    }

    #[test]
    fn zm094_the_newest_post_of_the_number_counts_and_no_deleted_one() {
        let props =
            |status: &str| json!({"meeting_id": 85_746_065_432_u64, "meeting_status": status});
        let gone = Post {
            deleted: true,
            ..post("gone", 9, props("STARTED"))
        };
        let plain = Post {
            kind: String::new(),
            ..post("plain", 8, props("STARTED"))
        };
        let posts = [
            gone,
            plain,
            post("ended", 7, props("ENDED")),
            post("other", 6, json!({"meeting_id": 1})),
            post("new", 5, props("STARTED")),
            post("old", 4, props("STARTED")),
        ];
        let found = |ended| {
            let matching = matching(&posts, 85_746_065_432, ended);
            let newest = matching.max_by_key(|post| post.create_at);
            newest.map(|post| post.id.as_str())
        };
        assert_eq!(found(false), Some("new"));
        assert_eq!(found(true), Some("ended"));
    }
}
