//! Finding the post of a meeting in its channel, where only the channel is known: records of earlier
//! versions name no post.

use super::post;
use crate::bindings::posts::{self, Post};
use crate::bindings::types::Error;
use crate::store::meetings::{Announcement, Mapping};
use crate::zoom::types::number;
use serde_json::Value;

/// How far back posts are looked through, in milliseconds: as long as an earlier version's record lives.
const WINDOW: i64 = 24 * 3600 * 1000;

/// The posts that announce this number: those of the record, else the newest one in its channel that has
/// not ended, or any where `also_ended` says so.
pub fn announced(
    mapping: &Mapping,
    meeting_id: u64,
    now: i64,
    also_ended: bool,
) -> Result<Vec<Announcement>, Error> {
    if !mapping.posts.is_empty() || mapping.channel_id.is_empty() || mapping.is_subscription {
        return Ok(mapping.posts.clone());
    }
    let recent = posts::since(&mapping.channel_id, now.saturating_sub(WINDOW))?;
    let newest = newest(&recent, meeting_id, also_ended);
    Ok(newest.into_iter().map(announcement).collect())
}

fn newest(posts: &[Post], meeting_id: u64, also_ended: bool) -> Option<&Post> {
    let matching = posts.iter().filter(|post| {
        let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
        !post.deleted
            && post.kind == post::KIND
            && props.get("meeting_id").map(number) == Some(meeting_id)
            && (also_ended || post::status(&props) != post::ENDED)
    });
    matching.max_by_key(|post| post.create_at)
}

fn announcement(post: &Post) -> Announcement {
    Announcement {
        post_id: post.id.clone(),
        channel_id: post.channel_id.clone(),
        create_at: post.create_at,
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
        let found = |ended| newest(&posts, 85_746_065_432, ended).map(|post| post.id.as_str());
        assert_eq!(found(false), Some("new"));
        assert_eq!(found(true), Some("ended"));
    }
}
