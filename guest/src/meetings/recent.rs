//! The check for a recent meeting in the channel, and the warning about it.
//!
//! The props of a post say that it announces a meeting, but any user can set props. A Zoom meeting therefore counts only if
//! the post belongs to this plugin, and its link and topic come from the meeting's record, because the author can edit the
//! post. Meetings of other providers are named. Their links are shown only if a bot wrote the post.

use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::meetings::topic::clean_topic;
use crate::occurrence::{post, record};
use crate::platform::channels::posts_since;
use crate::platform::clock::MAX_CLOCK_SKEW;
use crate::text::{self, Locale, Message};
use crate::zoom::hosts::is_web_address;
use serde_json::{Value, json};

/// The status of a warning about a recent meeting.
const RECENTLY_CREATED: &str = "RECENTLY_CREATED";
/// The age up to which a meeting counts as recent, in milliseconds.
pub const WINDOW: i64 = 30_000;
/// The number of posts that are checked.
const MAX_CANDIDATES: usize = 5;

/// A recent meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// The join link; empty if it cannot be trusted.
    pub link: String,
    /// The username of the user who started it, or empty.
    pub creator: String,
    /// The provider, such as `Zoom`.
    pub provider: String,
    /// The topic, or empty.
    pub topic: String,
    /// The creation time of its post, in milliseconds.
    pub created_at: i64,
}

/// A meeting according to a post's props.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    post_id: String,
    author: String,
    ours: bool,
    /// The ID of the meeting's record.
    occurrence: String,
    recent: Recent,
}

/// The newest meeting in this channel that started within [`WINDOW`].
pub fn find(channel_id: &str, now: i64) -> Result<Option<Recent>, Error> {
    find_within(channel_id, now, WINDOW)
}

/// The newest meeting in this channel that started within this many milliseconds.
pub fn find_within(channel_id: &str, now: i64, window: i64) -> Result<Option<Recent>, Error> {
    let since = now.saturating_sub(window);
    let posts = posts_since(channel_id, since)?;
    for claim in posts
        .iter()
        .filter(|post| post.create_at <= now.saturating_add(MAX_CLOCK_SKEW))
        .filter_map(|post| parse_post(post, since))
        .take(MAX_CANDIDATES)
    {
        if let Some(recent) = verify_claim(claim)? {
            return Ok(Some(recent));
        }
    }
    Ok(None)
}

fn parse_post(post: &Post, since: i64) -> Option<Claim> {
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
        ours: post.ours,
        occurrence: text(post::RECORD).to_owned(),
        recent: Recent {
            link: if is_web_address(link) {
                link.to_owned()
            } else {
                String::new()
            },
            creator: clean_username(text("meeting_creator_username")),
            provider: clean_provider(provider),
            topic: clean_topic(text("meeting_topic")),
            created_at: post.create_at,
        },
    })
}

/// The part of a claim that can be trusted.
fn verify_claim(claim: Claim) -> Result<Option<Recent>, Error> {
    let author = match users::get(&claim.author) {
        Ok(user) => Some(user),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    let by_bot = author.as_ref().is_some_and(|user| user.is_bot);
    if claim.ours {
        let recent = from_record(&claim)?;
        let creator = match author {
            Some(user) if !user.is_bot => user.username,
            // The bot announces a meeting for the user who subscribed the channel. Users cannot edit the bot's posts.
            _ => claim.recent.creator,
        };
        return Ok(Some(Recent { creator, ..recent }));
    }
    Ok(from_unproved_post(claim.recent, by_bot))
}

/// The link and topic from the meeting's record. Both are empty if no record names the post.
fn from_record(claim: &Claim) -> Result<Recent, Error> {
    let is_name = claim.occurrence.len() == 32
        && claim
            .occurrence
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit());
    let occurrence = match is_name {
        true => record::load(&claim.occurrence)?,
        false => None,
    };
    let occurrence = occurrence.filter(|occurrence| {
        let mut cards = occurrence.posted_cards();
        cards.any(|card| card.post_id == claim.post_id)
    });
    let (link, topic) = occurrence
        .map(|occurrence| {
            let link = occurrence.link(&claim.recent.link).to_owned();
            (link, occurrence.topic)
        })
        .unwrap_or_default();
    Ok(Recent {
        link,
        topic,
        ..claim.recent.clone()
    })
}

/// A post that does not belong to this plugin: a meeting of another provider, or a post that claims to be a Zoom meeting.
fn from_unproved_post(recent: Recent, by_bot: bool) -> Option<Recent> {
    match (recent.provider == post::PROVIDER, by_bot) {
        (_, true) => Some(recent),
        (true, false) => None,
        (false, false) => Some(Recent {
            link: String::new(),
            creator: String::new(),
            topic: String::new(),
            ..recent
        }),
    }
}

/// The message and the props of the warning about a recent meeting. The message is complete for clients without the webapp.
/// `topic` is the topic of the meeting that the user wanted to start.
pub fn warning(recent: &Recent, topic: &str, locale: Locale) -> (String, Value) {
    let provider = [("provider", recent.provider.as_str())];
    let user = format!("@{}", recent.creator);
    let user = [("user", user.as_str()), provider[0]];
    let first = match (recent.provider == post::PROVIDER, recent.creator.is_empty()) {
        (true, false) => text::text(locale, Message::RecentZoomBy, &user),
        (true, true) => text::plain(locale, Message::RecentZoom),
        (false, false) => text::text(locale, Message::RecentOtherBy, &user),
        (false, true) => text::text(locale, Message::RecentOther, &provider),
    };
    let mut parts = vec![first];
    if !recent.link.is_empty() {
        let label = text::plain(locale, Message::PostJoin);
        parts.push(post::link(&label, &recent.link));
    }
    parts.push(text::plain(locale, Message::RecentWait));
    let props = json!({
        "type": post::KIND,
        "meeting_link": recent.link,
        "meeting_status": RECENTLY_CREATED,
        "meeting_personal": false,
        "meeting_topic": recent.topic,
        "meeting_creator_username": recent.creator,
        "meeting_provider": recent.provider,
        "meeting_start_time": recent.created_at,
        "requested_topic": topic,
    });
    (parts.join("\n\n"), props)
}

/// A provider's name without Markdown, up to 40 characters.
fn clean_provider(text: &str) -> String {
    let plain = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.');
    text.chars()
        .filter(plain)
        .take(40)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A valid Mattermost username, or an empty string.
fn clean_username(text: &str) -> String {
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
            ours: false,
        }
    }

    fn props() -> Value {
        json!({
            "meeting_provider": "Zoom", "meeting_link": "https://zoom.us/j/1", "meeting_status": "STARTED",
            "meeting_creator_username": "alice", "meeting_record": "s", "meeting_topic": "Standup",
        })
    }

    fn changed(name: &str, value: Value) -> Post {
        let mut props = props();
        props[name] = value;
        post(props)
    }

    #[test]
    fn a_meeting_post_is_recognized() {
        let claim = parse_post(&post(props()), 500).unwrap();
        assert_eq!(claim.occurrence, "s");
        assert_eq!(claim.recent.topic, "Standup");
        assert_eq!(claim.recent.link, "https://zoom.us/j/1");
    }

    #[test]
    fn ended_deleted_old_and_ordinary_posts_do_not_count() {
        assert_eq!(
            parse_post(&changed("meeting_status", json!("ENDED")), 500),
            None
        );
        assert_eq!(
            parse_post(
                &Post {
                    deleted: true,
                    ..post(props())
                },
                500
            ),
            None
        );
        assert_eq!(parse_post(&post(props()), 1_001), None);
        assert_eq!(parse_post(&post(json!({})), 500), None);
        assert_eq!(
            parse_post(
                &Post {
                    props: String::new(),
                    ..post(props())
                },
                500
            ),
            None
        );
        assert_eq!(parse_post(&changed("meeting_link", json!(7)), 500), None);
    }

    #[test]
    fn d13_props_set_by_users_are_cleaned() {
        assert_eq!(
            parse_post(&changed("meeting_link", json!("javascript:x")), 0)
                .unwrap()
                .recent
                .link,
            ""
        );
        assert_eq!(
            parse_post(
                &changed("meeting_provider", json!("[Evil](http://e)\n@all")),
                0
            )
            .unwrap()
            .recent
            .provider,
            "Evilhttpeall"
        );
        assert_eq!(
            parse_post(&changed("meeting_creator_username", json!("a [x](y)")), 0)
                .unwrap()
                .recent
                .creator,
            ""
        );
    }

    #[test]
    fn d13_a_post_of_another_author_is_no_zoom_meeting_and_has_no_link() {
        let recent = parse_post(&post(props()), 0).unwrap().recent;
        assert_eq!(from_unproved_post(recent.clone(), false), None);
        assert_eq!(
            from_unproved_post(recent.clone(), true),
            Some(recent.clone())
        );
        let other = Recent {
            provider: "Jitsi".into(),
            ..recent
        };
        assert_eq!(from_unproved_post(other.clone(), true), Some(other.clone()));
        let named = from_unproved_post(other, false).unwrap();
        assert_eq!(
            (named.link.as_str(), named.provider.as_str()),
            ("", "Jitsi")
        );
        assert_eq!((named.creator.as_str(), named.topic.as_str()), ("", ""));
    }

    #[test]
    fn f09_the_warning_is_about_the_existing_meeting() {
        let recent = Recent {
            link: "https://zoom.us/j/1".into(),
            creator: "bob".into(),
            provider: "Zoom".into(),
            topic: "Existing".into(),
            created_at: 7,
        };
        let (message, props) = warning(&recent, "Wanted", Locale::En);
        assert!(message.contains("@bob") && message.contains("(https://zoom.us/j/1)"));
        assert_eq!(props["meeting_topic"], "Existing");
        assert_eq!(props["requested_topic"], "Wanted");
        assert_eq!(props["meeting_start_time"], 7);
        assert_eq!(props["meeting_status"], "RECENTLY_CREATED");
        assert!(
            props.get("attachments").is_none(),
            "clients draw them below the card"
        );
    }

    #[test]
    fn f09_the_warning_names_another_provider_and_links_only_what_can_be_trusted() {
        let recent = Recent {
            link: String::new(),
            creator: String::new(),
            provider: "Jitsi".into(),
            topic: String::new(),
            created_at: 7,
        };
        let (message, props) = warning(&recent, "t", Locale::En);
        assert!(
            message.contains("Jitsi") && !message.contains("]("),
            "{message}"
        );
        assert_eq!(props["meeting_provider"], "Jitsi");
    }
}
