//! `POST /api/v1/askPMI`: the user's answer to the question which kind of meeting ID to use.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::bindings::{channels, posts};
use crate::config::Config;
use crate::meetings::failure::Failure;
use crate::meetings::question::parse_choice;
use crate::meetings::request::{MeetingIdChoice, StartRequest};
use crate::meetings::start;
use crate::platform::buttons::{self, Context, POST_KIND};
use crate::platform::channels::show_to_user;
use crate::platform::http::response;
use crate::platform::log;
use crate::platform::people::{Person, Reader};
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Locale, Message};
use serde_json::json;

/// Handles the click of a signed-in user: replaces the question with the choice, saves a first choice as the preference,
/// and starts the meeting.
pub fn handle_answer(config: &Config, request: &Request, user_id: &str) -> Response {
    let click = match buttons::parse_click(request, user_id) {
        Ok(click) => click,
        Err(refusal) => return refusal.response(),
    };
    let context = &click.context;
    let choice = match parse_choice(context) {
        Ok(choice) => choice,
        Err(refusal) => return refusal.response(),
    };
    let person = match load_member(context, user_id) {
        Ok(person) => person,
        Err(failure) => {
            log::warn("An answer was refused.", &[("error", &failure.to_string())]);
            return response::error(failure.status(), &failure.sentence(&Reader::default()));
        }
    };
    let message = match save_first_choice(user_id, choice) {
        Ok(first) => confirmation(person.locale, choice, first),
        Err(error) => {
            log::warn(
                "A preference could not be stored.",
                &[("error", &error.to_string())],
            );
            confirmation(person.locale, choice, false)
        }
    };
    let props = json!({ "attachments": [{ "fallback": message, "text": message }] });
    let draft = context
        .place()
        .draft(String::new(), POST_KIND, props.to_string());
    if let Err(error) = posts::update_ephemeral(user_id, &click.post_id, &draft) {
        log::warn(
            "An answered question could not be replaced.",
            &[("error", &error.to_string())],
        );
    }
    let start = StartRequest {
        config,
        person: &person,
        place: context.place(),
        topic: &context.topic,
        connection_id: &context.connection_id,
        force: context.force,
        by_command: false,
        choice: Some(choice),
    };
    match start::message_for_user(&start, start::start_meeting(&start)) {
        Some(message) if show_to_user(user_id, start.place, &message).is_err() => {
            buttons::accepted_with_message(&message)
        }
        _ => buttons::accepted(),
    }
}

/// Loads the user, if the user is a member of the channel.
fn load_member(context: &Context, user_id: &str) -> Result<Person, Failure> {
    if !channels::is_member(&context.channel_id, user_id)? {
        return Err(Failure::NotMember);
    }
    Ok(Person::load(user_id)?)
}

/// Saves the choice of a user without a preference. Returns whether it was saved.
fn save_first_choice(user_id: &str, choice: MeetingIdChoice) -> Result<bool, Error> {
    if user_preference::load(user_id)? != Preference::Unset {
        return Ok(false);
    }
    let preference = match choice {
        MeetingIdChoice::Personal => Preference::Personal,
        MeetingIdChoice::Unique => Preference::Unique,
    };
    user_preference::save(user_id, preference).map(|()| true)
}

fn confirmation(locale: Locale, choice: MeetingIdChoice, first: bool) -> String {
    text::plain(
        locale,
        match (choice, first) {
            (MeetingIdChoice::Personal, true) => Message::AlwaysPersonal,
            (MeetingIdChoice::Personal, false) => Message::ChosePersonal,
            (MeetingIdChoice::Unique, true) => Message::AlwaysUnique,
            (MeetingIdChoice::Unique, false) => Message::ChoseUnique,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_choice_says_that_it_is_saved() {
        assert!(
            confirmation(Locale::En, MeetingIdChoice::Personal, true).contains("/zoom settings")
        );
        assert!(
            !confirmation(Locale::En, MeetingIdChoice::Personal, false).contains("/zoom settings")
        );
    }
}
