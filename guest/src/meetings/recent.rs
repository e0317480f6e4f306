//! Is there a meeting in the channel already?
//!
//! A post says in its props that it announces a meeting, and any user can set props. So a Zoom meeting counts if the post
//! is this plugin's, and its link and topic come from the meeting's record, because the post's author can edit them.
//! Meetings of other providers are named; their links are passed on only if a bot wrote the post.

use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::meetings::topic::clean_topic;
use crate::occurrence::{post, record};
use crate::platform::clock::SKEW;
use crate::platform::once::posts_since;
use crate::text::{self, Locale, Message};
use crate::zoom::hosts::is_web_address;
use serde_json::{Value, json};

/// The status of a warning: there is a meeting already.
const RECENTLY_CREATED: &str = "RECENTLY_CREATED";
/// How long a meeting counts as recent, in milliseconds.
pub const WINDOW: i64 = 30_000;
/// How many posts are looked into. More than that in half a minute is somebody playing.
const MAX_CANDIDATES: usize = 5;

/// A recent meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Where to join; empty if it cannot be trusted.
    pub link: String,
    /// The user name of who started it, or empty.
    pub creator: String,
    /// Whose meeting it is, such as `Zoom`.
    pub provider: String,
    /// The topic, or empty.
    pub topic: String,
    /// When its post was created, in milliseconds.
    pub created_at: i64,
}

/// What a post claims.
#[derive(Debug, PartialEq, Eq)]
struct Claim {
    post_id: String,
    author: String,
    ours: bool,
    /// The record of the meeting, as the post says.
    occurrence: String,
    recent: Recent,
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
        ours: post.ours,
        occurrence: text(post::RECORD).to_owned(),
        recent: Recent {
            link: if is_web_address(link) {
                link.to_owned()
            } else {
                String::new()
            },
            creator: username(text("meeting_creator_username")),
            provider: name(provider),
            topic: clean_topic(text("meeting_topic")),
            created_at: post.create_at,
        },
    })
}

/// What of a claim holds.
fn verify(claim: Claim) -> Result<Option<Recent>, Error> {
    let author = match users::get(&claim.author) {
        Ok(user) => Some(user),
        Err(Error::NotFound) => None,
        Err(error) => return Err(error),
    };
    let by_bot = author.as_ref().is_some_and(|user| user.is_bot);
    if claim.ours {
        let recent = of_record(&claim)?;
        let creator = match author {
            Some(user) if !user.is_bot => user.username,
            // The bot announces a meeting for who subscribed the channel, and the bot's posts cannot be edited by users.
            _ => claim.recent.creator,
        };
        return Ok(Some(Recent { creator, ..recent }));
    }
    Ok(trust(claim.recent, by_bot))
}

/// Link and topic as the meeting's record says; without a link if there is no record that names the post.
fn of_record(claim: &Claim) -> Result<Recent, Error> {
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
        let mut cards = occurrence.posts();
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

/// A post that is not ours: one of another provider, or one that only says it is Zoom's.
fn trust(recent: Recent, by_bot: bool) -> Option<Recent> {
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

/// The message and the props of the warning that there is a recent meeting. The message is complete for clients without
/// the webapp. `topic` is that of the meeting that the reader wanted to start.
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
        let claim = read(&post(props()), 500).unwrap();
        assert_eq!(claim.occurrence, "s");
        assert_eq!(claim.recent.topic, "Standup");
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
    fn d13_a_post_that_is_not_ours_is_no_zoom_meeting_and_names_no_link() {
        let recent = read(&post(props()), 0).unwrap().recent;
        assert_eq!(trust(recent.clone(), false), None);
        assert_eq!(trust(recent.clone(), true), Some(recent.clone()));
        let other = Recent {
            provider: "Jitsi".into(),
            ..recent
        };
        assert_eq!(trust(other.clone(), true), Some(other.clone()));
        let named = trust(other, false).unwrap();
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
