//! The question which kind of meeting ID to use.

use crate::bindings::posts;
use crate::bindings::types::Error;
use crate::meetings::request::{MeetingIdChoice, StartRequest};
use crate::platform::buttons::{Context, POST_KIND, Refusal, button};
use crate::store::user_preference::Preference;
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/askPMI";
const PERSONAL: &str = "USE PERSONAL MEETING ID";
const UNIQUE: &str = "USE A UNIQUE MEETING ID";

/// Asks the user. The buttons' contexts contain everything that the start needs.
pub fn ask(start: &StartRequest<'_>, topic: &str, preference: Preference) -> Result<(), Error> {
    let context = json!({
        "userID": start.person.id,
        "channelID": start.place.channel_id,
        "rootID": start.place.root_id,
        "topic": topic,
        "connectionID": start.connection_id,
        "force": start.force,
    });
    let props = question_props(&context, preference, start.person.locale);
    posts::ephemeral(
        &start.person.id,
        &start
            .place
            .draft(String::new(), POST_KIND, props.to_string()),
    )
    .map(drop)
}

fn question_props(context: &Value, preference: Preference, locale: Locale) -> Value {
    let choice = |id, name, action: &str| {
        let mut context = context.clone();
        if let Some(fields) = context.as_object_mut() {
            fields.insert("action".to_owned(), json!(action));
        }
        button(id, &text::plain(locale, name), PATH, context)
    };
    let pretext = match preference {
        Preference::Unset => String::new(),
        _ => text::plain(locale, Message::AskPretext),
    };
    let title = text::plain(locale, Message::AskTitle);
    json!({
        "attachments": [{
            "fallback": title,
            "pretext": pretext,
            "title": title,
            "actions": [
                choice("WithPMI", Message::AskPersonal, PERSONAL),
                choice("WithoutPMI", Message::AskUnique, UNIQUE),
            ],
        }],
    })
}

/// The choice for a button.
pub fn parse_choice(context: &Context) -> Result<MeetingIdChoice, Refusal> {
    match context.action.as_str() {
        PERSONAL => Ok(MeetingIdChoice::Personal),
        UNIQUE => Ok(MeetingIdChoice::Unique),
        _ => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(preference: Preference) -> Value {
        let context = json!({"userID": "u", "channelID": "c", "rootID": "r", "topic": "t", "connectionID": "k", "force": true});
        question_props(&context, preference, Locale::En)
    }

    #[test]
    fn d19_buttons_contain_topic_thread_and_client() {
        let props = asked(Preference::Unset);
        let actions = props["attachments"][0]["actions"].as_array().unwrap();
        let expected = [
            ("WithPMI", PERSONAL, MeetingIdChoice::Personal),
            ("WithoutPMI", UNIQUE, MeetingIdChoice::Unique),
        ];
        assert_eq!(actions.len(), expected.len());
        for (action, (id, word, meaning)) in actions.iter().zip(expected) {
            assert_eq!(action["id"], id);
            assert_eq!(action["integration"]["url"], "/plugins/zoom/api/v1/askPMI");
            let context: Context =
                serde_json::from_value(action["integration"]["context"].clone()).unwrap();
            assert_eq!(context.action, word);
            assert_eq!(parse_choice(&context), Ok(meaning));
            assert_eq!(
                (context.root_id.as_str(), context.topic.as_str()),
                ("r", "t")
            );
            assert_eq!((context.connection_id.as_str(), context.force), ("k", true));
        }
    }

    #[test]
    fn the_question_mentions_the_settings_only_if_the_user_chose_to_be_asked() {
        assert_eq!(asked(Preference::Unset)["attachments"][0]["pretext"], "");
        assert!(
            asked(Preference::Ask)["attachments"][0]["pretext"]
                .as_str()
                .unwrap()
                .contains("/zoom settings")
        );
    }

    #[test]
    fn d41_an_unknown_button_is_refused() {
        let context = json!({"action": "Yes", "userID": "u", "channelID": "c"});
        assert_eq!(
            parse_choice(&serde_json::from_value(context).unwrap()),
            Err(Refusal::Malformed)
        );
    }
}
