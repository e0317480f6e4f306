//! Buttons in the plugin's messages, and clicks on them.
//!
//! The host proves that this plugin created the button's context; [`crate::entry::http`] accepts only genuine clicks. The
//! proof says nothing about the present, so handlers check membership and permissions again.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::platform::channels::Place;
use crate::platform::http::response;
use crate::platform::ids::is_id;
use crate::text::{self, Locale, Message};
use serde::Deserialize;
use serde_json::{Value, json};

/// The post type of messages with buttons.
pub const POST_KIND: &str = "slack_attachment";

/// A click.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Click {
    /// The message with the button.
    #[serde(default)]
    pub post_id: String,
    /// Opens one dialog; valid for a few seconds.
    #[serde(default)]
    pub trigger_id: String,
    /// The button's context.
    pub context: Context,
}

/// The context of a button.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Context {
    /// The name of the button.
    pub action: String,
    /// The user to whom the message was shown.
    #[serde(rename = "userID")]
    pub user_id: String,
    /// The channel of the message.
    #[serde(rename = "channelID")]
    pub channel_id: String,
    /// The thread of the message, or empty.
    #[serde(rename = "rootID", default)]
    pub root_id: String,
    /// The topic of the meeting that waits, or empty.
    #[serde(default)]
    pub topic: String,
    /// The client that waits, or empty.
    #[serde(rename = "connectionID", default)]
    pub connection_id: String,
    /// Whether to start although there is a recent meeting.
    #[serde(default)]
    pub force: bool,
    /// The ID that was selected from a menu, or empty. The host does not verify it.
    #[serde(default)]
    pub selected_option: String,
}

impl Context {
    /// The channel and thread of the message.
    pub fn place(&self) -> Place<'_> {
        Place {
            channel_id: &self.channel_id,
            root_id: &self.root_id,
        }
    }
}

/// Why a click is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The body is not the body of a click on one of the plugin's buttons.
    Malformed,
    /// The button was shown to another user.
    NotYours,
}

impl Refusal {
    /// The answer to it.
    pub fn response(self) -> Response {
        let (status, message) = match self {
            Refusal::Malformed => (400, Message::HttpBadRequest),
            Refusal::NotYours => (403, Message::HttpForbidden),
        };
        response::error(status, &text::plain(Locale::En, message))
    }
}

/// Parses a click of this user.
pub fn parse_click(request: &Request, user_id: &str) -> Result<Click, Refusal> {
    parse(&request.body, user_id)
}

fn parse(body: &[u8], user_id: &str) -> Result<Click, Refusal> {
    let click: Click = serde_json::from_slice(body).map_err(|_| Refusal::Malformed)?;
    let context = &click.context;
    let sound =
        is_id(&context.channel_id) && (context.root_id.is_empty() || is_id(&context.root_id));
    if !sound || context.user_id.is_empty() {
        return Err(Refusal::Malformed);
    }
    if context.user_id != user_id {
        return Err(Refusal::NotYours);
    }
    Ok(click)
}

/// The answer to an accepted click. Posts say the rest.
pub fn accepted() -> Response {
    response::json(200, &json!({}))
}

/// The answer to an accepted click, with a message that the server shows because the bot could not show it.
pub fn accepted_with_message(message: &str) -> Response {
    response::json(200, &json!({ "ephemeral_text": message }))
}

/// A button.
pub fn button(id: &str, name: &str, path: &str, context: Value) -> Value {
    json!({
        "id": id,
        "name": name,
        "type": "button",
        "style": "default",
        "integration": { "url": format!("/plugins/zoom{path}"), "context": context },
    })
}

/// A menu with all `users` or all `channels` that the user can see.
pub fn menu(id: &str, name: &str, source: &str, path: &str, context: Value) -> Value {
    json!({
        "id": id,
        "name": name,
        "type": "select",
        "data_source": source,
        "integration": { "url": format!("/plugins/zoom{path}"), "context": context },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHANNEL: &str = "abcdefghijklmnopqrstuvwxyz";

    fn body(context: Value) -> Vec<u8> {
        json!({"user_id": "alice", "post_id": "p", "channel_id": CHANNEL, "context": context})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_click_of_the_user_is_read() {
        let context = json!({"action": "Yes", "userID": "alice", "channelID": CHANNEL, "other": 1});
        let click = parse(&body(context), "alice").unwrap();
        assert_eq!(click.post_id, "p");
        assert_eq!(
            (
                click.context.action.as_str(),
                click.context.root_id.as_str()
            ),
            ("Yes", "")
        );
    }

    #[test]
    fn another_users_click_is_refused() {
        let context = json!({"action": "Yes", "userID": "bob", "channelID": CHANNEL});
        assert_eq!(parse(&body(context), "alice"), Err(Refusal::NotYours));
        assert_eq!(Refusal::NotYours.response().status, 403);
    }

    #[test]
    fn incomplete_clicks_are_refused() {
        for context in [
            json!(null),
            json!({}),
            json!({"action": 1, "userID": "alice", "channelID": CHANNEL}),
            json!({"userID": "alice", "channelID": CHANNEL}),
            json!({"action": "Yes", "channelID": CHANNEL}),
            json!({"action": "Yes", "userID": "alice"}),
            json!({"action": "Yes", "userID": "alice", "channelID": "x"}),
            json!({"action": "Yes", "userID": "alice", "channelID": CHANNEL, "rootID": "x"}),
        ] {
            assert_eq!(
                parse(&body(context.clone()), "alice"),
                Err(Refusal::Malformed),
                "{context}"
            );
        }
        assert_eq!(parse(b"null", "alice"), Err(Refusal::Malformed));
        assert_eq!(Refusal::Malformed.response().status, 400);
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body: Vec<u8>) {
            let _ = parse(&body, "alice");
        }
    }
}
