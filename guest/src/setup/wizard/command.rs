//! `/zoom setup`: begins a setup, continues it, or cancels it.

use crate::bindings::audit::Outcome;
use crate::bindings::types::Error;
use crate::bindings::{channels, users};
use crate::config;
use crate::platform::bot::bot_id;
use crate::platform::command::invocation::{CommandContext, inline_code};
use crate::platform::people::{MANAGE_SYSTEM, Person};
use crate::setup::wizard::facts::{Facts, Step};
use crate::setup::wizard::{message, trail};
use crate::store::setup_record::{self, Setup};
use crate::text::{self, Message};

/// The word that cancels a setup.
pub const CANCEL: &str = "cancel";

/// Runs the command.
pub fn run(context: &CommandContext<'_>) -> Result<Option<String>, Error> {
    let person = context.person;
    let say = |message| Ok(Some(text::plain(person.locale, message)));
    if !users::has_permission(&person.id, MANAGE_SYSTEM)? {
        return say(Message::SetupAdmins);
    }
    match context.words {
        [] => {
            let setup = begin(person)?;
            match setup.channel_id == context.place.channel_id {
                true => Ok(None),
                false => say(Message::SetupSent),
            }
        }
        [CANCEL] => match setup_record::load()? {
            Some(setup) => {
                cancel(&setup)?;
                say(Message::SetupCanceled)
            }
            None => say(Message::SetupNothing),
        },
        [word, ..] => Ok(Some(text::text(
            person.locale,
            Message::CommandUnknown,
            &[("action", &inline_code(word))],
        ))),
    }
}

/// Begins a setup, or continues the one in progress, in the direct channel of this person. A new message replaces the
/// old one.
pub fn begin(person: &Person) -> Result<Setup, Error> {
    let old = setup_record::load()?;
    let channel = channels::direct(&person.id, &bot_id()?)?;
    let mut setup = Setup {
        user_id: person.id.clone(),
        channel_id: channel.id,
        ..old.clone().unwrap_or_default()
    };
    let facts = Facts::load(&config::load_partial(), &setup)?;
    setup.post_id = message::create(&facts, &setup, person.locale)?;
    match facts.step(&setup) {
        Step::Done => setup_record::remove()?,
        _ => setup_record::replace(&setup)?,
    }
    trail::note("begin", Outcome::Success);
    if let Some(old) = old {
        let locale = Person::locale_of(&old.user_id);
        let sentence = match old.user_id == person.id {
            true => text::plain(locale, Message::SetupMoved),
            false => {
                let user = format!("@{}", person.username);
                text::text(locale, Message::SetupContinuedBy, &[("user", &user)])
            }
        };
        message::close(&old, locale, &sentence)?;
    }
    Ok(setup)
}

/// Ends a setup. Settings and connections stay.
pub fn cancel(setup: &Setup) -> Result<(), Error> {
    setup_record::remove()?;
    trail::note("cancel", Outcome::Success);
    let locale = Person::locale_of(&setup.user_id);
    message::close(setup, locale, &text::plain(locale, Message::SetupCanceled))
}
