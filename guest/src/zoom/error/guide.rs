//! The sections of the bundled guides that explain errors.

use super::kinds::Error;

impl Error {
    /// The page and section of the guides that say how a system admin fixes the cause.
    pub fn guide(&self) -> Option<&'static str> {
        match self {
            Error::MissingScope => Some("troubleshooting.html#scopes-are-missing"),
            Error::Redirect(_) => Some("troubleshooting.html#invalid-redirect-url"),
            Error::AccountId
            | Error::AppDisabled
            | Error::AppKind
            | Error::Client
            | Error::Code
            | Error::Inactive
            | Error::OtherAccount
            | Error::Pending
            | Error::UnknownAddress(_) => {
                Some("troubleshooting.html#connecting-a-zoom-account-fails")
            }
            Error::NoLicense | Error::Forbidden | Error::Invalid(_) | Error::Refused(_) => {
                Some("troubleshooting.html#starting-a-meeting-fails")
            }
            Error::Denied(_) | Error::Timeout | Error::Unavailable(_) => {
                Some("troubleshooting.html#the-server-cannot-reach-zoom")
            }
            Error::OtherSite(_) => Some("settings.html#move-or-copy-a-server"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::people::Reader;

    #[test]
    fn f13_only_system_admins_get_a_link_to_the_guide() {
        let guides = Some("https://chat.example/plugins/zoom/public/docs");
        for (error, section) in [
            (
                Error::MissingScope,
                "troubleshooting.html#scopes-are-missing",
            ),
            (
                Error::Redirect(String::new()),
                "troubleshooting.html#invalid-redirect-url",
            ),
            (
                Error::Client,
                "troubleshooting.html#connecting-a-zoom-account-fails",
            ),
            (
                Error::NoLicense,
                "troubleshooting.html#starting-a-meeting-fails",
            ),
            (
                Error::Timeout,
                "troubleshooting.html#the-server-cannot-reach-zoom",
            ),
            (
                Error::OtherSite(String::new()),
                "settings.html#move-or-copy-a-server",
            ),
        ] {
            let link = format!("https://chat.example/plugins/zoom/public/docs/{section}");
            let is_linked = |reader| error.sentence(&reader).contains(&link);
            assert!(
                is_linked(Reader {
                    guides,
                    is_system_admin: true,
                    ..Reader::default()
                }),
                "{error:?}"
            );
            assert!(
                !is_linked(Reader {
                    guides,
                    ..Reader::default()
                }),
                "{error:?}"
            );
        }
    }
}
