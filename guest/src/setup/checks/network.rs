//! Whether this server reaches Zoom's hosts.

use crate::bindings::http::{self, ProbeError};
use crate::config::Config;
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::text::Message;

/// Tries the hosts that every request needs: the one for sign-ins and tokens, and the API. One check per host that is not
/// reached, or one that passes.
pub(super) fn run(context: &Context<'_>) -> Vec<Check> {
    let Ok(config) = context.config else {
        return vec![context.needs_settings(Subject::Network)];
    };
    let failed: Vec<_> = hosts(config)
        .into_iter()
        .filter_map(|(role, url)| {
            let error = http::probe(&url).err()?;
            Some(unreachable(context, role, &url, error))
        })
        .collect();
    if failed.is_empty() {
        return vec![Check::passed(Subject::Network)];
    }
    failed
}

/// The URLs, each host once, with their roles.
fn hosts(config: &Config) -> Vec<(&'static str, String)> {
    let accounts = ("accounts", config.accounts_url().to_owned());
    let api = ("api", config.zoom_api_url.clone());
    if host(&accounts.1) == host(&api.1) {
        return vec![api];
    }
    vec![accounts, api]
}

/// The host of a URL, with the port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn unreachable(context: &Context<'_>, role: &'static str, url: &str, error: ProbeError) -> Check {
    let (finding, message, section) = match error {
        ProbeError::Invalid | ProbeError::Denied => (
            "denied",
            Message::CheckPolicy,
            "troubleshooting.html#internal-addresses",
        ),
        ProbeError::UnknownHost => (
            "unknown_host",
            Message::CheckDns,
            "troubleshooting.html#names-do-not-resolve",
        ),
        ProbeError::InternalAddress => (
            "internal_address",
            Message::CheckInternal,
            "troubleshooting.html#internal-addresses",
        ),
        ProbeError::Proxy => ("proxy", Message::CheckProxy, "troubleshooting.html#proxies"),
        ProbeError::Tls => (
            "certificate",
            Message::CheckCertificate,
            "troubleshooting.html#certificates",
        ),
        ProbeError::Connection => (
            "connection",
            Message::CheckUnreachable,
            "troubleshooting.html#the-server-cannot-reach-zoom",
        ),
        ProbeError::Timeout | ProbeError::Response => (
            "no_response",
            Message::CheckNoResponse,
            "troubleshooting.html#the-server-cannot-reach-zoom",
        ),
    };
    let host = format!("`{}`", host(url));
    let sentence = context.text(message, &[("host", &host)]);
    Check::new(Subject::Network, Outcome::Failed, finding, sentence)
        .fact("host", Fact::Word(role))
        .explained(section)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::complete;

    #[test]
    fn each_host_is_tried_once() {
        let config = crate::config::parse(&complete(), Some("https://chat.example.com"));
        let mut config = config.ok().unwrap();
        let urls = |config: &Config| -> Vec<_> {
            let hosts = hosts(config).into_iter();
            hosts.map(|(_, url)| host(&url).to_owned()).collect()
        };
        assert_eq!(urls(&config), ["zoom.us", "api.zoom.us"]);
        config.zoom_url = "https://zoom.example.com:8443/x".to_owned();
        config.zoom_api_url = "https://zoom.example.com:8443/v2".to_owned();
        assert_eq!(urls(&config), ["zoom.example.com:8443"]);
    }
}
