//! The message that shows the steps of a setup.
//!
//! The text of the post never changes, only its attachments, so that clients do not mark the post as edited.

use crate::bindings::posts::{self, Author, Change};
use crate::bindings::types::Error;
use crate::config;
use crate::platform::buttons::{button, menu};
use crate::platform::channels::Place;
use crate::platform::log;
use crate::platform::people::Person;
use crate::setup::wizard::actions::Action;
use crate::setup::wizard::facts::{Facts, Step};
use crate::setup::wizard::instructions;
use crate::store::setup_record::{self, Setup};
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};

/// The route of clicks.
pub const ROUTE: &str = "/api/v1/setup";

/// Posts the message in the direct channel of the setup. Returns the ID of the post.
pub fn create(facts: &Facts, setup: &Setup, locale: Locale) -> Result<String, Error> {
    let place = Place {
        channel_id: &setup.channel_id,
        root_id: "",
    };
    let props = props(facts, setup, locale).to_string();
    let title = text::plain(locale, Message::SetupTitle);
    Ok(posts::create(Author::Bot, &place.draft(title, "", props))?.id)
}

/// Shows the current step in the message. A message that the user deleted is left alone.
pub fn update(facts: &Facts, setup: &Setup, locale: Locale) -> Result<(), Error> {
    change(setup, locale, &props(facts, setup, locale))
}

/// Replaces the steps by a sentence: the setup is over, or continues elsewhere.
pub fn close(setup: &Setup, locale: Locale, sentence: &str) -> Result<(), Error> {
    let props = json!({"attachments": [{"fallback": sentence, "text": sentence}]});
    change(setup, locale, &props)
}

fn change(setup: &Setup, locale: Locale, props: &Value) -> Result<(), Error> {
    let change = Change {
        message: text::plain(locale, Message::SetupTitle),
        props: props.to_string(),
    };
    match posts::update(&setup.post_id, &change) {
        Ok(_) | Err(Error::NotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Updates the message of the setup in progress, if there is one, because a fact may have changed.
pub fn refresh() {
    let refreshed = setup_record::load().and_then(|setup| match setup {
        Some(setup) => show_now(&setup),
        None => Ok(()),
    });
    if let Err(error) = refreshed {
        log::warn(
            "The message of the setup could not be updated.",
            &[("error", &error.to_string())],
        );
    }
}

/// Updates the message with the facts of this moment.
pub fn show_now(setup: &Setup) -> Result<(), Error> {
    let person = Person::load(&setup.user_id)?;
    let facts = Facts::load(&config::load_partial(), setup)?;
    update(&facts, setup, person.locale)?;
    match facts.step(setup) {
        Step::Done => setup_record::remove(),
        _ => Ok(()),
    }
}

fn props(facts: &Facts, setup: &Setup, locale: Locale) -> Value {
    let step = facts.step(setup);
    let plain = |message| text::plain(locale, message);
    let (title, number) = (plain(instructions::label(step)), position(step));
    let title = match number {
        Some(number) => {
            let total = Step::LISTED.len().to_string();
            let values = [
                ("number", number.to_string()),
                ("total", total),
                ("step", title),
            ];
            let values: Vec<_> = values
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            text::text(locale, Message::SetupStep, &values)
        }
        None => title,
    };
    let list = Step::LISTED.map(|listed| {
        let mark = match facts.has_finished(listed, setup) {
            true => "x",
            false => " ",
        };
        format!("- [{mark}] {}", plain(instructions::label(listed)))
    });
    let context = |action: Action| {
        json!({
            "action": action.name(),
            "userID": setup.user_id,
            "channelID": setup.channel_id,
        })
    };
    let actions = instructions::actions(facts, setup, step).into_iter();
    let actions: Vec<Value> = actions
        .map(|action| {
            let name = instructions::button_label(action, facts, locale);
            match action.menu() {
                Some(source) => menu(action.name(), &name, source, ROUTE, context(action)),
                None => button(action.name(), &name, ROUTE, context(action)),
            }
        })
        .collect();
    let current = json!({
        "fallback": title,
        "title": title,
        "text": instructions::text_of(facts, setup, step, locale),
        "actions": actions,
    });
    let list = json!({"fallback": "", "text": list.join("\n")});
    if step == Step::Done {
        return json!({"attachments": [list, current]});
    }
    let others = [Action::HandOver, Action::Cancel].map(|action| {
        let name = instructions::button_label(action, facts, locale);
        match action.menu() {
            Some(source) => menu(action.name(), &name, source, ROUTE, context(action)),
            None => button(action.name(), &name, ROUTE, context(action)),
        }
    });
    json!({"attachments": [list, current, {"fallback": "", "actions": others}]})
}

/// The number of a step in the list, from 1.
fn position(step: Step) -> Option<usize> {
    let found = Step::LISTED.iter().position(|listed| *listed == step);
    found.map(|index| index + 1)
}
