//! Mattermost users, and readers of sentences.

use crate::bindings::types::Error;
use crate::bindings::users;
use crate::platform::{site, time_zone};
use crate::text::Locale;

/// The permission of people who can change the plugin's settings.
pub const MANAGE_SYSTEM: &str = "manage_system";

/// A Mattermost user.
pub struct Person {
    /// The user's id.
    pub id: String,
    /// The name behind the @.
    pub username: String,
    /// The language of sentences for this person.
    pub locale: Locale,
    /// Whether the person can change the plugin's settings.
    pub is_system_admin: bool,
    /// The person's email address.
    pub email: String,
    /// Whether the person has verified the email address.
    pub email_verified: bool,
    /// Whether the user is a bot.
    pub is_bot: bool,
    /// Whether the person is a guest.
    pub is_guest: bool,
    /// Whether the person can no longer sign in.
    pub deactivated: bool,
    /// The IANA name of the person's time zone, or empty.
    pub timezone: String,
    /// The URL of the guides for system admins, or none for other people.
    pub guides: Option<String>,
}

/// The reader of a sentence. The default is an unknown reader.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'a> {
    /// The language.
    pub locale: Locale,
    /// The IANA name of the time zone, or empty for UTC.
    pub timezone: &'a str,
    /// Whether the reader is a system admin and can change settings.
    pub is_system_admin: bool,
    /// The URL of the guides for system admins, without a slash at the end.
    pub guides: Option<&'a str>,
}

impl Reader<'_> {
    /// A time in milliseconds, in the reader's time zone.
    pub fn time(&self, milliseconds: i64) -> String {
        time_zone::local(milliseconds, self.timezone)
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
            is_bot: user.is_bot,
            is_guest: user.is_guest,
            deactivated: user.deactivated,
            timezone: user.timezone,
            guides: user.is_system_admin.then(site::guides_url),
        })
    }

    /// The person as the reader of a sentence.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            locale: self.locale,
            timezone: &self.timezone,
            is_system_admin: self.is_system_admin,
            guides: self.guides.as_deref(),
        }
    }

    /// The user's language; English where the user cannot be read.
    pub fn locale_of(user_id: &str) -> Locale {
        users::get(user_id)
            .map(|user| Locale::from_tag(&user.locale))
            .unwrap_or_default()
    }
}
