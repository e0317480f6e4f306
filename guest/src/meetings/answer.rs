//! The answer to the question which kind of meeting ID to use.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::bindings::{channels, posts};
use crate::config::Config;
use crate::meetings::failure::Failure;
use crate::meetings::question::choice;
use crate::meetings::request::{Choice, Start};
use crate::meetings::start;
use crate::platform::buttons::{self, Context, POST_KIND};
use crate::platform::channels::tell;
use crate::platform::http::response;
use crate::platform::log;
use crate::platform::people::{Person, Reader};
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Locale, Message};
use serde_json::json;

/// Answers `POST /api/v1/askPMI` of a signed-in user: replaces the question by what was chosen, keeps a
/// first choice for the future, and starts the meeting.
pub fn answered(config: &Config, request: &Request, user_id: &str) -> Response {
    let click = match buttons::read(request, user_id) {
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
            log::warn(
                "An answer was not taken.",
                &[("error", &failure.to_string())],
            );
            return response::error(failure.status(), &failure.sentence(&Reader::default()));
        }
    };
    let message = match remember(user_id, choice) {
        Ok(first) => chosen(person.locale, choice, first),
        Err(error) => {
            log::warn(
                "A preference was not kept.",
                &[("error", &error.to_string())],
            );
            chosen(person.locale, choice, false)
        }
    };
    let props = json!({ "attachments": [{ "fallback": message, "text": message }] });
    let draft = context
        .place()
        .draft(String::new(), POST_KIND, props.to_string());
    if let Err(error) = posts::update_ephemeral(user_id, &click.post_id, &draft) {
        log::warn(
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
            buttons::taken_with(&message)
        }
        _ => buttons::taken(),
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
    if user_preference::load(user_id)? != Preference::Unset {
        return Ok(false);
    }
    let preference = match choice {
        Choice::Personal => Preference::Personal,
        Choice::Unique => Preference::Unique,
    };
    user_preference::save(user_id, preference).map(|()| true)
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

    #[test]
    fn a_first_choice_is_announced_as_lasting() {
        assert!(chosen(Locale::En, Choice::Personal, true).contains("/zoom settings"));
        assert!(!chosen(Locale::En, Choice::Personal, false).contains("/zoom settings"));
    }
}
