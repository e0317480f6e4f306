//! Whom a sentence is for, and how it reaches them.

use crate::bindings::config;
use crate::bindings::posts::{self, Draft};
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::system;
use crate::text::Locale;
use crate::zone;

/// What we need to know of a user.
pub struct Person {
    /// The user's id.
    pub id: String,
    /// The name behind the @.
    pub username: String,
    /// The language of sentences for this person.
    pub locale: Locale,
    /// Whether the person can correct our settings.
    pub is_system_admin: bool,
    /// The person's address.
    pub email: String,
    /// Whether the person has proved to own the address.
    pub email_verified: bool,
    /// Whether the person can no longer sign in.
    pub deactivated: bool,
    /// The IANA name of the person's time zone, or empty.
    pub timezone: String,
}

/// What a sentence depends on. The default is a reader of whom nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'a> {
    /// The language.
    pub locale: Locale,
    /// The IANA name of the time zone, or empty for UTC.
    pub timezone: &'a str,
    /// Whether the reader can repair what only a system admin can.
    pub is_system_admin: bool,
}

impl Reader<'_> {
    /// A time in milliseconds, in the reader's time zone.
    pub fn time(&self, milliseconds: i64) -> String {
        zone::local(milliseconds, self.timezone)
    }
}

impl Person {
    /// The user with this id.
    pub fn load(user_id: &str) -> Result<Person, Error> {
        let user = users::get(user_id)?;
        Ok(Person {
            locale: Locale::from_tag(&user.locale),
            id: user.id,
            username: user.username,
            is_system_admin: user.is_system_admin,
            email: user.email,
            email_verified: user.email_verified,
            deactivated: user.deactivated,
            timezone: user.timezone,
        })
    }

    /// The person as the reader of a sentence.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            locale: self.locale,
            timezone: &self.timezone,
            is_system_admin: self.is_system_admin,
        }
    }

    /// The user's language; English where the user cannot be read.
    pub fn locale_of(user_id: &str) -> Locale {
        users::get(user_id)
            .map(|user| Locale::from_tag(&user.locale))
            .unwrap_or_default()
    }
}

/// A place in Mattermost: a channel, and the thread in it or an empty string.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The channel's id.
    pub channel_id: &'a str,
    /// The thread's first post, or empty.
    pub root_id: &'a str,
}

impl Place<'_> {
    /// A draft for this place.
    pub fn draft(&self, message: String, kind: &str, props: String) -> Draft {
        Draft {
            channel_id: self.channel_id.to_owned(),
            root_id: self.root_id.to_owned(),
            message,
            kind: kind.to_owned(),
            props,
            file_ids: Vec::new(),
        }
    }
}

/// The language of texts that everybody in a channel reads: the server's.
pub fn channel_locale() -> Locale {
    Locale::from_tag(&config::default_locale())
}

/// Shows a sentence by the bot to one user, in the thread they are in.
pub fn tell(user_id: &str, place: Place<'_>, message: &str) -> Result<(), Error> {
    let draft = place.draft(message.to_owned(), "", String::new());
    posts::ephemeral(user_id, &draft)
        .map(drop)
        .inspect_err(|error| {
            system::warn(
                "A message for a user could not be shown.",
                &[("error", &error.to_string())],
            );
        })
}
