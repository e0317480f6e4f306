//! Is there a meeting in the channel already?
//!
//! A post says that it announces a meeting in its props, and any user can set props. So a Zoom meeting
//! counts when a record of ours leads to its post, or a bot wrote it. Meetings of other providers are
//! named; a link of theirs is passed on only if a bot wrote the post.

use super::post;
use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::channel::posts_since;
use crate::config::is_web_address;
use crate::store::meetings;
use crate::system::SKEW;
use crate::zoom::types::number;
use serde_json::Value;

/// How long a meeting counts as recent, in milliseconds.
pub const WINDOW: i64 = 30_000;
/// How many claims are looked into. More than that in half a minute is somebody playing.
const MAX_CANDIDATES: usize = 5;

/// A recent meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// Where to join; empty where the post cannot be trusted.
    pub link: String,
    /// Who started it, or empty.
    pub creator: String,
    /// Whose meeting it is.
    pub provider: String,
}

/// What a post claims.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    post_id: String,
    author: String,
    recent: Recent,
    uuid: String,
    meeting_id: u64,
}

/// The newest meeting of this channel that began within the last half minute.
pub fn find(channel_id: &str, now: i64) -> Result<Option<Recent>, Error> {
    within(channel_id, now, WINDOW)
}

/// The newest meeting of this channel that began within this many milliseconds.
pub fn within(channel_id: &str, now: i64, window: i64) -> Result<Option<Recent>, Error> {
    let since = now.saturating_sub(window);
    let posts = posts_since(channel_id, since)?;
    for claim in posts
        .iter()
        .filter(|post| post.create_at <= now.saturating_add(SKEW))
        .filter_map(|post| read(post, since))
        .take(MAX_CANDIDATES)
    {
        if let Some(recent) = verify(claim)? {
            return Ok(Some(recent));
        }
    }
    Ok(None)
}

fn read(post: &Post, since: i64) -> Option<Claim> {
    if post.deleted || post.create_at < since {
        return None;
    }
    let props: Value = serde_json::from_str(&post.props).ok()?;
    let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default();
    let (provider, link) = (text("meeting_provider"), text("meeting_link"));
    if provider.is_empty() || link.is_empty() || post::status(&props) == post::ENDED {
        return None;
    }
    Some(Claim {
        post_id: post.id.clone(),
        author: post.user_id.clone(),
        recent: Recent {
            link: if is_web_address(link) {
                link.to_owned()
            } else {
                String::new()
            },
            creator: username(text("meeting_creator_username")),
            provider: name(provider),
        },
        uuid: text("meeting_uuid").to_owned(),
        meeting_id: props.get("meeting_id").map(number).unwrap_or(0),
    })
}

/// What of a claim holds.
fn verify(claim: Claim) -> Result<Option<Recent>, Error> {
    let ours = claim.recent.provider == post::PROVIDER;
    if ours && is_recorded(&claim)? {
        return Ok(Some(claim.recent));
    }
    let by_bot = match users::get(&claim.author) {
        Ok(user) => user.is_bot,
        Err(Error::NotFound) => false,
        Err(error) => return Err(error),
    };
    Ok(trust(claim.recent, ours, by_bot))
}

fn trust(recent: Recent, ours: bool, by_bot: bool) -> Option<Recent> {
    match (ours, by_bot) {
        (_, true) => Some(recent),
        (true, false) => None,
        (false, false) => Some(Recent {
            link: String::new(),
            creator: String::new(),
            ..recent
        }),
    }
}

fn is_recorded(claim: &Claim) -> Result<bool, Error> {
    if !claim.uuid.is_empty()
        && meetings::post_of(&claim.uuid)?.is_some_and(|id| id == claim.post_id)
    {
        return Ok(true);
    }
    if claim.meeting_id == 0 {
        return Ok(false);
    }
    let mapping = meetings::mapping_of(claim.meeting_id)?.unwrap_or_default();
    Ok(mapping
        .posts
        .iter()
        .any(|post| post.post_id == claim.post_id))
}

/// A provider's name: a few plain words, without Markdown.
fn name(text: &str) -> String {
    let plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.');
    text.chars()
        .filter(plain)
        .take(40)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A user name: what Mattermost allows in one.
fn username(text: &str) -> String {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_')
    };
    if text.len() <= 64 && text.bytes().all(allowed) {
        text.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn post(props: Value) -> Post {
        Post {
            id: "post".into(),
            create_at: 1_000,
            update_at: 1_000,
            deleted: false,
            user_id: "alice".into(),
            channel_id: "channel".into(),
            root_id: String::new(),
            message: String::new(),
            kind: post::KIND.into(),
            props: props.to_string(),
        }
    }

    fn props() -> Value {
        json!({
            "meeting_provider": "Zoom", "meeting_link": "https://zoom.us/j/1", "meeting_status": "STARTED",
            "meeting_creator_username": "alice", "meeting_uuid": "u", "meeting_id": 1,
        })
    }

    fn changed(name: &str, value: Value) -> Post {
        let mut props = props();
        props[name] = value;
        post(props)
    }

    #[test]
    fn a_meeting_post_is_recognized() {
        let claim = read(&post(props()), 500).unwrap();
        assert_eq!((claim.uuid.as_str(), claim.meeting_id), ("u", 1));
        assert_eq!(claim.recent.link, "https://zoom.us/j/1");
    }

    #[test]
    fn ended_deleted_old_and_ordinary_posts_do_not_count() {
        assert_eq!(read(&changed("meeting_status", json!("ENDED")), 500), None);
        assert_eq!(
            read(
                &Post {
                    deleted: true,
                    ..post(props())
                },
                500
            ),
            None
        );
        assert_eq!(read(&post(props()), 1_001), None);
        assert_eq!(read(&post(json!({})), 500), None);
        assert_eq!(
            read(
                &Post {
                    props: String::new(),
                    ..post(props())
                },
                500
            ),
            None
        );
        assert_eq!(read(&changed("meeting_link", json!(7)), 500), None);
    }

    #[test]
    fn d13_what_users_write_into_props_is_tamed() {
        assert_eq!(
            read(&changed("meeting_link", json!("javascript:x")), 0)
                .unwrap()
                .recent
                .link,
            ""
        );
        assert_eq!(
            read(
                &changed("meeting_provider", json!("[Evil](http://e)\n@all")),
                0
            )
            .unwrap()
            .recent
            .provider,
            "Evilhttpeall"
        );
        assert_eq!(
            read(&changed("meeting_creator_username", json!("a [x](y)")), 0)
                .unwrap()
                .recent
                .creator,
            ""
        );
    }

    #[test]
    fn d13_a_users_post_without_a_record_of_ours_is_no_zoom_meeting() {
        let recent = read(&post(props()), 0).unwrap().recent;
        assert_eq!(trust(recent.clone(), true, false), None);
        assert_eq!(trust(recent.clone(), true, true), Some(recent.clone()));
        let other = trust(recent.clone(), false, false).unwrap();
        assert_eq!((other.link.as_str(), other.provider.as_str()), ("", "Zoom"));
        assert_eq!(trust(recent.clone(), false, true), Some(recent));
    }
}
