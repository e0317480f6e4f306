//! The URLs that an administrator enters in the Zoom app.

use crate::config::{REDIRECT_PATH, route_url};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters that are escaped in the secret: all except the unreserved characters of RFC 3986.
const SECRET: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The OAuth redirect URL, which is also the entry of the OAuth allow list. `site` is the Site URL without a trailing slash.
pub fn redirect(site: &str) -> String {
    route_url(site, REDIRECT_PATH)
}

/// The event notification endpoint URL. It contains the webhook URL secret: do not post or log it.
pub fn webhook(site: &str, secret: &str) -> String {
    with_secret(site, "/webhook", secret)
}

/// The deauthorization notification endpoint URL. It contains the webhook URL secret: do not post or log it.
pub fn deauthorization(site: &str, secret: &str) -> String {
    with_secret(site, "/deauthorization", secret)
}

fn with_secret(site: &str, path: &str, secret: &str) -> String {
    let secret = utf8_percent_encode(secret, SECRET);
    format!("{}?secret={secret}", route_url(site, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoom::webhook::verify::has_url_secret;

    const SITE: &str = "https://chat.example.com/sub";

    #[test]
    fn the_urls_lead_to_the_routes_of_the_plugin() {
        assert_eq!(
            redirect(SITE),
            "https://chat.example.com/sub/plugins/zoom/oauth2/complete"
        );
        assert_eq!(
            webhook(SITE, "s"),
            "https://chat.example.com/sub/plugins/zoom/webhook?secret=s"
        );
        assert_eq!(
            deauthorization(SITE, "s"),
            "https://chat.example.com/sub/plugins/zoom/deauthorization?secret=s"
        );
    }

    #[test]
    fn the_plugin_accepts_its_own_webhook_url() {
        for secret in ["aZ09-_", "a+b/c=d", "ä & #? %41", "~."] {
            let url = webhook(SITE, secret);
            let (_, query) = url.split_once('?').unwrap();
            assert!(has_url_secret(query, secret), "{url}");
            assert!(!query.contains(['&', '#', '?', ' ']), "{url}");
        }
    }
}
