//! `/zoom settings`: the form that asks whether to use the Personal Meeting ID, and its answers.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::posts;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::link::{AfterConnecting, offer_link};
use crate::connection::session::{OpenError, Session};
use crate::platform::buttons::{self, Context, POST_KIND, Refusal, button};
use crate::platform::channels::Place;
use crate::platform::command::invocation::{CommandContext, inline_code};
use crate::platform::http::response;
use crate::platform::log;
use crate::platform::people::Person;
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

const PATH: &str = "/api/v1/updatePMI";
/// The buttons: their actions, labels, and preferences.
const BUTTONS: [(&str, Message, Preference); 3] = [
    ("Yes", Message::SettingsYes, Preference::Personal),
    ("No", Message::SettingsNo, Preference::Unique),
    ("Ask", Message::SettingsAsk, Preference::Ask),
];

/// Runs the command: shows the form to a connected user.
pub fn run(config: &Config, context: &CommandContext<'_>) -> Result<Option<String>, Error> {
    if let Some(word) = context.words.first() {
        return Ok(Some(text::text(
            context.person.locale,
            Message::CommandUnknown,
            &[("action", &inline_code(word))],
        )));
    }
    match Session::open_for_start(config, context.person) {
        Ok(_) => show(context.person, context.place).map(|()| None),
        Err(OpenError::NotConnected) => offer_link(
            config,
            context.person,
            context.place,
            AfterConnecting::Nothing,
        )
        .map(Some),
        Err(OpenError::Refused(error)) => Ok(Some(error.sentence(&context.person.reader()))),
        Err(OpenError::Host(error)) => Err(error),
    }
}

/// Shows the form with the current preference.
fn show(person: &Person, place: Place<'_>) -> Result<(), Error> {
    let preference = user_preference::load(&person.id)?;
    let context =
        json!({ "userID": person.id, "channelID": place.channel_id, "rootID": place.root_id });
    let props = form_props(person.locale, preference, Some(&context));
    posts::ephemeral(
        &person.id,
        &place.draft(String::new(), POST_KIND, props.to_string()),
    )
    .map(drop)
}

/// The props of the form. An answered form has no buttons.
fn form_props(locale: Locale, preference: Preference, context: Option<&Value>) -> Value {
    let value = match preference {
        Preference::Personal => Message::SettingsYes,
        Preference::Unique => Message::SettingsNo,
        Preference::Ask | Preference::Unset => Message::SettingsAsk,
    };
    let value = text::plain(locale, value);
    let mut attachment = json!({
        "fallback": text::text(locale, Message::SettingsFallback, &[("value", &value)]),
        "title": text::plain(locale, Message::SettingsTitle),
        "text": text::text(locale, Message::SettingsText, &[("value", &value)]),
    });
    if let (Some(context), Some(fields)) = (context, attachment.as_object_mut()) {
        let actions = BUTTONS.map(|(action, name, _)| {
            let mut context = context.clone();
            if let Some(fields) = context.as_object_mut() {
                fields.insert("action".to_owned(), json!(action));
            }
            button(action, &text::plain(locale, name), PATH, context)
        });
        fields.insert("actions".to_owned(), json!(actions));
    }
    json!({ "attachments": [attachment] })
}

fn parse_choice(context: &Context) -> Result<Preference, Refusal> {
    let button = BUTTONS
        .iter()
        .find(|(action, _, _)| *action == context.action);
    button
        .map(|(_, _, preference)| *preference)
        .ok_or(Refusal::Malformed)
}

/// Handles `POST /api/v1/updatePMI` of a signed-in user: stores the preference and replaces the form with it.
pub fn handle_answer(request: &Request, user_id: &str) -> Response {
    let click = match buttons::parse_click(request, user_id) {
        Ok(click) => click,
        Err(refusal) => return refusal.response(),
    };
    let preference = match parse_choice(&click.context) {
        Ok(preference) => preference,
        Err(refusal) => return refusal.response(),
    };
    let locale = Person::locale_of(user_id);
    if let Err(error) = user_preference::save(user_id, preference) {
        log::warn(
            "A preference could not be stored.",
            &[("error", &error.to_string())],
        );
        return response::error(500, &text::plain(locale, Message::MattermostFailed));
    }
    let props = form_props(locale, preference, None).to_string();
    let draft = click.context.place().draft(String::new(), POST_KIND, props);
    if let Err(error) = posts::update_ephemeral(user_id, &click.post_id, &draft) {
        log::warn(
            "An answered form could not be replaced.",
            &[("error", &error.to_string())],
        );
    }
    buttons::accepted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(action: &str) -> Context {
        serde_json::from_value(json!({"action": action, "userID": "u", "channelID": "c"})).unwrap()
    }

    #[test]
    fn d41_only_the_three_buttons_are_accepted() {
        assert_eq!(parse_choice(&context("Yes")), Ok(Preference::Personal));
        assert_eq!(parse_choice(&context("No")), Ok(Preference::Unique));
        assert_eq!(parse_choice(&context("Ask")), Ok(Preference::Ask));
        for odd in ["yes", "", "Maybe", "true"] {
            assert_eq!(
                parse_choice(&context(odd)),
                Err(Refusal::Malformed),
                "{odd}"
            );
        }
    }

    #[test]
    fn the_form_shows_the_current_value_and_three_buttons() {
        let props = form_props(
            Locale::En,
            Preference::Unique,
            Some(&json!({"userID": "u", "channelID": "c", "rootID": "r"})),
        );
        let attachment = &props["attachments"][0];
        assert!(attachment["text"].as_str().unwrap().contains("No"));
        let actions = attachment["actions"].as_array().unwrap();
        assert_eq!(actions.len(), 3);
        for (action, (word, _, _)) in actions.iter().zip(BUTTONS) {
            assert_eq!(action["id"], word);
            assert_eq!(action["integration"]["context"]["action"], word);
            assert_eq!(action["integration"]["context"]["rootID"], "r");
        }
    }

    #[test]
    fn an_answered_form_has_no_buttons() {
        assert!(
            form_props(Locale::En, Preference::Ask, None)["attachments"][0]
                .get("actions")
                .is_none()
        );
    }
}
