//! Asking which kind of meeting ID to use, and taking the answer.

use super::action::{self, Context, Refusal, button};
use super::failure::Failure;
use super::start::{self, Choice, Start};
use crate::bindings::channels;
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::posts;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::http::response;
use crate::people::{Person, Reader, tell};
use crate::store::preference::{self, Preference};
use crate::system;
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

/// The post type of messages with buttons.
pub const KIND: &str = "slack_attachment";
const PATH: &str = "/api/v1/askPMI";
const PERSONAL: &str = "USE PERSONAL MEETING ID";
const UNIQUE: &str = "USE A UNIQUE MEETING ID";

/// Asks. The buttons carry all that the meeting needs.
pub fn ask(start: &Start<'_>, topic: &str, preference: Preference) -> Result<(), Error> {
    let context = json!({
        "userID": start.person.id,
        "channelID": start.place.channel_id,
        "rootID": start.place.root_id,
        "topic": topic,
        "connectionID": start.connection_id,
        "force": start.force,
    });
    let props = props(&context, preference, start.person.locale);
    posts::ephemeral(
        &start.person.id,
        &start.place.draft(String::new(), KIND, props.to_string()),
    )
    .map(drop)
}

fn props(context: &Value, preference: Preference, locale: Locale) -> Value {
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

/// What a button stands for.
fn choice(context: &Context) -> Result<Choice, Refusal> {
    match context.action.as_str() {
        PERSONAL => Ok(Choice::Personal),
        UNIQUE => Ok(Choice::Unique),
        _ => Err(Refusal::Malformed),
    }
}

/// Answers `POST /api/v1/askPMI` of a signed-in user: replaces the question by what was chosen, keeps a
/// first choice for the future, and starts the meeting.
pub fn answered(config: &Config, request: &Request, user_id: &str) -> Response {
    let click = match action::read(request, user_id) {
        Ok(click) => click,
        Err(refusal) => return refusal.response(),
    };
    let context = &click.context;
    let choice = match choice(context) {
        Ok(choice) => choice,
        Err(refusal) => return refusal.response(),
    };
    let person = match prepare(context, user_id) {
        Ok(person) => person,
        Err(failure) => {
            system::warn(
                "An answer was not taken.",
                &[("error", &failure.to_string())],
            );
            return response::error(failure.status(), &failure.sentence(&Reader::default()));
        }
    };
    let message = match remember(user_id, choice) {
        Ok(first) => chosen(person.locale, choice, first),
        Err(error) => {
            system::warn(
                "A preference was not kept.",
                &[("error", &error.to_string())],
            );
            chosen(person.locale, choice, false)
        }
    };
    let props = json!({ "attachments": [{ "fallback": message, "text": message }] });
    let draft = context
        .place()
        .draft(String::new(), KIND, props.to_string());
    if let Err(error) = posts::update_ephemeral(user_id, &click.post_id, &draft) {
        system::warn(
            "An answered question was not replaced.",
            &[("error", &error.to_string())],
        );
    }
    let start = Start {
        config,
        person: &person,
        place: context.place(),
        topic: &context.topic,
        connection_id: &context.connection_id,
        force: context.force,
        by_command: false,
        choice: Some(choice),
    };
    match start::message(&start, start::run(&start)) {
        Some(message) if tell(user_id, start.place, &message).is_err() => {
            action::taken_with(&message)
        }
        _ => action::taken(),
    }
}

/// Who answers, if they are in the channel at all.
fn prepare(context: &Context, user_id: &str) -> Result<Person, Failure> {
    if !channels::is_member(&context.channel_id, user_id)? {
        return Err(Failure::NotMember);
    }
    Ok(Person::load(user_id)?)
}

/// Keeps the choice of a user who never made one. Answers whether it did.
fn remember(user_id: &str, choice: Choice) -> Result<bool, Error> {
    if preference::load(user_id)? != Preference::Unset {
        return Ok(false);
    }
    let preference = match choice {
        Choice::Personal => Preference::Personal,
        Choice::Unique => Preference::Unique,
    };
    preference::save(user_id, preference).map(|()| true)
}

fn chosen(locale: Locale, choice: Choice, first: bool) -> String {
    text::plain(
        locale,
        match (choice, first) {
            (Choice::Personal, true) => Message::AlwaysPersonal,
            (Choice::Personal, false) => Message::ChosePersonal,
            (Choice::Unique, true) => Message::AlwaysUnique,
            (Choice::Unique, false) => Message::ChoseUnique,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(preference: Preference) -> Value {
        let context = json!({"userID": "u", "channelID": "c", "rootID": "r", "topic": "t", "connectionID": "k", "force": true});
        props(&context, preference, Locale::En)
    }

    #[test]
    fn d19_buttons_carry_topic_thread_and_client() {
        let props = asked(Preference::Unset);
        let actions = props["attachments"][0]["actions"].as_array().unwrap();
        let expected = [
            ("WithPMI", PERSONAL, Choice::Personal),
            ("WithoutPMI", UNIQUE, Choice::Unique),
        ];
        assert_eq!(actions.len(), expected.len());
        for (action, (id, word, meaning)) in actions.iter().zip(expected) {
            assert_eq!(action["id"], id);
            assert_eq!(action["integration"]["url"], "/plugins/zoom/api/v1/askPMI");
            let context: Context =
                serde_json::from_value(action["integration"]["context"].clone()).unwrap();
            assert_eq!(context.action, word);
            assert_eq!(choice(&context), Ok(meaning));
            assert_eq!(
                (context.root_id.as_str(), context.topic.as_str()),
                ("r", "t")
            );
            assert_eq!((context.connection_id.as_str(), context.force), ("k", true));
        }
    }

    #[test]
    fn only_who_was_asked_before_hears_of_the_settings() {
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
            choice(&serde_json::from_value(context).unwrap()),
            Err(Refusal::Malformed)
        );
    }

    #[test]
    fn a_first_choice_is_announced_as_lasting() {
        assert!(chosen(Locale::En, Choice::Personal, true).contains("/zoom settings"));
        assert!(!chosen(Locale::En, Choice::Personal, false).contains("/zoom settings"));
    }
}
