//! The errors, their sentences, and when a job retries.

use crate::bindings::types::Error as HostError;
use crate::platform::people::Reader;
use crate::text::{self, Message};
use crate::zoom::error::limit::RateLimit;

/// Longer waits are shown in minutes, in seconds.
const MINUTES_FROM: u32 = 120;

/// The details of a refused request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The HTTP status.
    pub status: u16,
    /// Zoom's code, or 0.
    pub code: i64,
    /// Zoom's message, redacted.
    pub message: String,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user must connect again: there is no connection, or its grant has ended.
    #[error("the user's connection with Zoom has ended")]
    NotConnected,
    /// Zoom ended the grant, for this reason. A session turns it into [`Error::NotConnected`].
    #[error("Zoom ended the grant: {0}")]
    GrantEnded(String),
    /// The grant belongs to a server with another address (see [`crate::store::connection_site`]).
    #[error("the connections belong to {0}, which is not the Site URL of this server")]
    OtherSite(String),
    /// The access token was not accepted.
    #[error("Zoom did not accept the access token")]
    Unauthorized,
    /// The Zoom app lacks a scope that the request needs.
    #[error("the Zoom app lacks a scope")]
    MissingScope,
    /// The Zoom user does not have the permission.
    #[error("the Zoom account does not allow it")]
    Forbidden,
    /// The user has no license to host meetings.
    #[error("the Zoom user has no license to host meetings")]
    NoLicense,
    /// The user has not activated the Zoom account.
    #[error("the Zoom user has not activated the account")]
    Pending,
    /// The user belongs to another Zoom account than the app.
    #[error("the Zoom user does not belong to this Zoom account")]
    OtherAccount,
    /// The number belongs to a webinar.
    #[error("the number belongs to a webinar")]
    Webinar,
    /// Zoom knows no such user or meeting.
    #[error("Zoom does not know the user or the meeting")]
    NotFound,
    /// Zoom found something in the request invalid.
    #[error("Zoom found the request invalid (status {}, code {})", .0.status, .0.code)]
    Invalid(Details),
    /// Zoom refused for a reason that the table does not know.
    #[error("Zoom refused the request (status {}, code {})", .0.status, .0.code)]
    Refused(Details),
    /// Nobody in the Zoom account has this address.
    #[error("nobody in the Zoom account has the user's email address")]
    UnknownAddress(String),
    /// The user has not verified this address.
    #[error("the user's email address is not verified")]
    UnverifiedAddress(String),
    /// Too many requests.
    #[error("Zoom limits the rate of requests")]
    RateLimited(RateLimit),
    /// Zoom did not accept the app's credentials.
    #[error("Zoom did not accept Zoom OAuth client ID or Zoom OAuth client secret")]
    Client,
    /// The code of a sign-in is not valid, or no longer.
    #[error("Zoom did not accept the code")]
    Code,
    /// The Zoom app does not list this redirect address.
    #[error("Zoom did not accept the redirect address {0}")]
    Redirect(String),
    /// No Zoom account of the app has the configured ID.
    #[error("Zoom did not accept Zoom account ID")]
    AccountId,
    /// The Zoom app is not a Server-to-Server OAuth app.
    #[error("the Zoom app is not a Server-to-Server OAuth app")]
    AppKind,
    /// The Zoom user is deactivated.
    #[error("the Zoom user is deactivated")]
    Inactive,
    /// Guests and bots of Mattermost are not looked up in Zoom.
    #[error("guests and bots are not looked up in Zoom")]
    Guest,
    /// Zoom, the developer, or an administrator disabled the Zoom app.
    #[error("the Zoom app is disabled")]
    AppDisabled,
    /// No answer in time.
    #[error("Zoom did not answer in time")]
    Timeout,
    /// Not reachable, or failing.
    #[error("Zoom could not be reached: {0}")]
    Unavailable(String),
    /// The plugin's policy forbids the address.
    #[error("the plugin's policy forbids the address: {0}")]
    Denied(String),
    /// An answer that is not what Zoom documents.
    #[error("Zoom returned an unexpected response: {0}")]
    Unexpected(String),
}

/// Whether and when a job should try a failed request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not at all: the same request fails again until somebody changes something.
    Never,
    /// After this many seconds, because Zoom said so.
    After(u32),
    /// After the job's usual pause.
    Later,
}

impl Error {
    /// Whether Zoom could not answer, so that the error says nothing about the request or the credentials.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Error::Timeout | Error::Unavailable(_) | Error::RateLimited(_)
        )
    }

    /// The error for a request that the host could not complete.
    pub fn from_host(error: &HostError) -> Error {
        match error {
            HostError::Timeout => Error::Timeout,
            HostError::Denied(rule) => Error::Denied(rule.clone()),
            HostError::TooLarge => Error::Unexpected("the answer is too long".to_owned()),
            HostError::Unavailable(reason) => Error::Unavailable(reason.clone()),
            other => Error::Unexpected(other.to_string()),
        }
    }

    /// Whether and when a job should try again.
    pub fn retry(&self) -> Retry {
        match self {
            Error::RateLimited(limit) => limit.wait.map_or(Retry::Later, Retry::After),
            Error::Timeout | Error::Unavailable(_) => Retry::Later,
            _ => Retry::Never,
        }
    }

    /// The sentence for this reader: what happened and what to do. System admins also read how to fix the cause, and get
    /// a link to the guide.
    pub fn sentence(&self, reader: &Reader<'_>) -> String {
        let mut sentence = self.for_user(reader);
        if !reader.is_system_admin {
            return sentence;
        }
        let mut add = |message, name, value: &str| {
            sentence.push(' ');
            sentence.push_str(&text::text(reader.locale, message, &[(name, value)]));
        };
        if let Some(message) = self.for_admin() {
            let site = match self {
                Error::OtherSite(site) => site,
                _ => "",
            };
            add(message, "site", site);
        }
        if let Some((guides, section)) = reader.guides.zip(self.guide()) {
            add(Message::AdminGuide, "url", &format!("{guides}/{section}"));
        }
        sentence
    }

    fn for_user(&self, reader: &Reader<'_>) -> String {
        let locale = reader.locale;
        let about = |message, name, value: &str| text::text(locale, message, &[(name, value)]);
        let message = match self {
            Error::NotConnected | Error::GrantEnded(_) | Error::Unauthorized => {
                Message::ZoomNotConnected
            }
            Error::OtherSite(_) => Message::ZoomPaused,
            Error::MissingScope => Message::ZoomMissingScope,
            Error::Forbidden => Message::ZoomForbidden,
            Error::NoLicense => Message::ZoomNoLicense,
            Error::Pending => Message::ZoomPending,
            Error::OtherAccount => Message::ZoomOtherAccount,
            Error::Webinar => Message::ZoomWebinar,
            Error::NotFound => Message::ZoomNotFound,
            Error::Invalid(_) => Message::ZoomInvalid,
            Error::Refused(_) => Message::ZoomRefused,
            Error::UnknownAddress(email) => {
                return about(Message::ZoomUnknownAddress, "email", email);
            }
            Error::UnverifiedAddress(email) => {
                return about(Message::ZoomUnverifiedAddress, "email", email);
            }
            Error::RateLimited(limit) => return limited(reader, *limit),
            Error::Client => Message::ZoomClient,
            Error::Code => Message::ZoomCode,
            Error::Redirect(uri) => return about(Message::ZoomRedirect, "url", uri),
            Error::AppDisabled => Message::ZoomAppDisabled,
            Error::AccountId => Message::ZoomAccountId,
            Error::AppKind => Message::ZoomAppKind,
            Error::Inactive => Message::ZoomInactive,
            Error::Guest => Message::ZoomGuest,
            Error::Timeout => Message::ZoomTimeout,
            Error::Unavailable(_) => Message::ZoomUnavailable,
            Error::Denied(_) => Message::ZoomDenied,
            Error::Unexpected(_) => Message::ZoomUnexpected,
        };
        text::plain(locale, message)
    }

    /// The additional sentence for system admins.
    fn for_admin(&self) -> Option<Message> {
        match self {
            Error::NoLicense => Some(Message::AdminNoLicense),
            Error::Pending => Some(Message::AdminPending),
            Error::AppKind => Some(Message::AdminAppKind),
            Error::OtherAccount => Some(Message::AdminOtherAccount),
            Error::Forbidden => Some(Message::AdminForbidden),
            Error::Invalid(_) | Error::Refused(_) => Some(Message::AdminRefused),
            Error::OtherSite(_) => Some(Message::AdminPaused),
            _ => None,
        }
    }

    /// The status with which the plugin's own routes pass the error on.
    pub fn status(&self) -> u16 {
        match self {
            Error::RateLimited(_) => 429,
            Error::Timeout => 504,
            Error::UnverifiedAddress(_) | Error::Guest => 403,
            Error::UnknownAddress(_) => 404,
            _ => 502,
        }
    }
}

fn limited(reader: &Reader<'_>, limit: RateLimit) -> String {
    let locale = reader.locale;
    let about = |message, name, value: &str| text::text(locale, message, &[(name, value)]);
    match (limit.until, limit.wait) {
        (Some(until), _) => about(Message::ZoomLimitedUntil, "time", &reader.time(until)),
        (None, Some(seconds)) if seconds <= MINUTES_FROM => {
            about(Message::ZoomRateLimitedFor, "seconds", &seconds.to_string())
        }
        (None, Some(seconds)) => {
            let minutes = seconds.div_ceil(60).to_string();
            about(Message::ZoomRateLimitedMinutes, "minutes", &minutes)
        }
        (None, None) => text::plain(locale, Message::ZoomRateLimited),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Locale;

    fn reader(locale: Locale) -> Reader<'static> {
        Reader {
            locale,
            timezone: "Europe/Berlin",
            is_system_admin: false,
            guides: None,
        }
    }

    fn admin() -> Reader<'static> {
        Reader {
            is_system_admin: true,
            ..reader(Locale::En)
        }
    }

    fn details() -> Details {
        Details {
            status: 400,
            code: 4242,
            message: "SECRET".into(),
        }
    }

    /// The user's sentence, what a system admin reads in addition, and the line of the log.
    #[test]
    fn f13_every_error_has_a_sentence_for_each_reader_and_a_line_for_the_log() {
        for (error, user, more, log) in [
            (
                Error::NoLicense,
                "license to host",
                "assign a license",
                "no license",
            ),
            (Error::Pending, "not activated", "Pending", "not activated"),
            (
                Error::OtherAccount,
                "does not belong",
                "published",
                "does not belong",
            ),
            (Error::Webinar, "webinar", "", "webinar"),
            (Error::NotFound, "did not find", "", "does not know"),
            (Error::Forbidden, "does not allow", "role", "does not allow"),
            (Error::MissingScope, "scopes", "", "lacks a scope"),
            (
                Error::Invalid(details()),
                "topic",
                "server log",
                "status 400, code 4242",
            ),
            (
                Error::Refused(details()),
                "refused",
                "server log",
                "status 400, code 4242",
            ),
            (
                Error::Redirect("https://a.b/c".into()),
                "https://a.b/c",
                "",
                "https://a.b/c",
            ),
            (Error::AppDisabled, "disabled", "", "disabled"),
            (Error::AccountId, "Zoom account ID", "", "Zoom account ID"),
            (
                Error::AppKind,
                "Server-to-Server OAuth",
                "Connection mode",
                "Server-to-Server OAuth",
            ),
            (Error::Inactive, "deactivated", "", "deactivated"),
            (Error::Guest, "Guests", "", "guests"),
            (Error::Code, "sign-in", "", "code"),
            (
                Error::Client,
                "Zoom OAuth client secret",
                "",
                "Zoom OAuth client secret",
            ),
            (
                Error::GrantEnded("4741 revoked".into()),
                "/zoom connect",
                "",
                "4741 revoked",
            ),
            (
                Error::OtherSite("https://old.example".into()),
                "paused",
                "https://old.example",
                "https://old.example",
            ),
        ] {
            let sentence = error.sentence(&reader(Locale::En));
            assert!(sentence.contains(user), "{error:?}: {sentence}");
            let for_admin = error.sentence(&admin());
            let rest = for_admin.strip_prefix(&sentence).unwrap();
            assert_eq!(rest.is_empty(), more.is_empty(), "{error:?}: {rest}");
            assert!(rest.contains(more), "{error:?}: {rest}");
            assert!(error.to_string().contains(log), "{error}");
            let german = error.sentence(&reader(Locale::De));
            assert_ne!(german, sentence);
        }
    }

    #[test]
    fn d22_f16_a_rate_limit_says_how_long_it_lasts() {
        let said = |wait: Option<u32>, until: Option<i64>| {
            Error::RateLimited(RateLimit { wait, until }).sentence(&reader(Locale::En))
        };
        assert!(said(Some(30), None).contains("30 seconds"));
        assert!(said(Some(7_000), None).contains("117 minutes"));
        assert!(said(None, None).contains("midnight UTC"));
        // 2026-08-07T00:00:00Z is two hours later in Berlin.
        let until = said(Some(86_400), Some(1_786_060_800_000));
        assert!(
            until.contains("2026-08-07 02:00 (Europe/Berlin)"),
            "{until}"
        );
        let limit = RateLimit {
            wait: Some(90),
            until: None,
        };
        let german = Error::RateLimited(limit).sentence(&reader(Locale::De));
        assert!(german.contains("90 Sekunden"));
    }

    #[test]
    fn f16_jobs_know_when_to_try_again() {
        let limited = |wait| Error::RateLimited(RateLimit { wait, until: None }).retry();
        assert_eq!(limited(Some(1)), Retry::After(1));
        assert_eq!(limited(None), Retry::Later);
        assert_eq!(Error::Timeout.retry(), Retry::Later);
        assert_eq!(Error::Unavailable(String::new()).retry(), Retry::Later);
        for error in [
            Error::NoLicense,
            Error::NotConnected,
            Error::Refused(details()),
        ] {
            assert_eq!(error.retry(), Retry::Never);
        }
    }

    #[test]
    fn zm030_sentences_about_an_address_name_it() {
        for error in [
            Error::UnknownAddress("ann@example.com".into()),
            Error::UnverifiedAddress("ann@example.com".into()),
        ] {
            for locale in [Locale::En, Locale::De] {
                assert!(error.sentence(&reader(locale)).contains("ann@example.com"));
            }
            assert!(
                !error.to_string().contains("ann@example.com"),
                "the log does not"
            );
        }
    }

    #[test]
    fn d40_sentences_do_not_contain_zooms_messages() {
        for error in [
            Error::Unavailable("SECRET".into()),
            Error::Denied("SECRET".into()),
            Error::Unexpected("SECRET".into()),
            Error::GrantEnded("SECRET".into()),
            Error::Refused(details()),
            Error::Invalid(details()),
        ] {
            assert!(!error.sentence(&admin()).contains("SECRET"));
        }
    }
}
