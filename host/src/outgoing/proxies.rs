//! The proxy of a request.
//!
//! The environment variables are read like Go's `http.ProxyFromEnvironment` reads them, because administrators set them for
//! the server, which is written in Go: `HTTP_PROXY` for `http` URLs, `HTTPS_PROXY` for `https` URLs, `NO_PROXY` for
//! exceptions, each also in lower case. Unlike in Go, `ALL_PROXY` applies if the specific variable is not set. This
//! machine itself (`localhost`, loopback addresses) is never reached through a proxy.
//!
//! A proxy has one of the schemes `http` (also when none is written), `https`, `socks5`, and `socks5h`. Every proxy
//! resolves names itself, with `socks5` too. A proxy with another scheme fails each request and is logged at
//! activation; requests never bypass it.

use std::net::IpAddr;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use ipnet::IpNet;
use url::Host;

/// The proxies of the environment.
pub(super) struct Proxies {
    http: Setting,
    https: Setting,
    exceptions: Vec<Exception>,
}

/// The meaning of a variable.
#[derive(Clone, Default)]
enum Setting {
    #[default]
    None,
    Proxy(Box<Proxy>),
    /// An unusable proxy, and the reason.
    Unusable(String),
}

/// A proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) kind: Kind,
    /// With scheme `http` or `https`, and a port.
    pub(super) address: Uri,
    credentials: Intercept,
}

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// HTTP, or HTTP over TLS.
    Http,
    /// SOCKS 5.
    Socks,
}

impl Proxy {
    /// The value of `Proxy-Authorization`, if the proxy's address has credentials.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.credentials.basic_auth()
    }

    /// User name and password for SOCKS.
    pub(super) fn user(&self) -> Option<(&str, &str)> {
        self.credentials.raw_auth()
    }
}

/// An entry of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Exception {
    All,
    Network(IpNet),
    Address(IpAddr, Option<u16>),
    /// Starts with a dot.
    Subdomains(String, Option<u16>),
    /// The domain and its subdomains.
    Domain(String, Option<u16>),
}

impl Proxies {
    /// Reads the environment variables.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let named = |upper: &str| {
            let values = [upper.to_owned(), upper.to_ascii_lowercase()].into_iter();
            values
                .filter_map(|name| Some((variable(&name)?, name)))
                .find(|(value, _)| !value.trim().is_empty())
        };
        let setting = |name: &str| match named(name).or_else(|| named("ALL_PROXY")) {
            None => Setting::None,
            Some((value, name)) => match proxy(value.trim()) {
                Ok(proxy) => Setting::Proxy(Box::new(proxy)),
                Err(why) => Setting::Unusable(format!("the proxy in {name} cannot be used: {why}")),
            },
        };
        let exceptions = named("NO_PROXY")
            .map(|(value, _)| value)
            .unwrap_or_default();
        Self {
            http: setting("HTTP_PROXY"),
            https: setting("HTTPS_PROXY"),
            exceptions: exceptions.split(',').filter_map(exception).collect(),
        }
    }

    /// The problems of the variables, without credentials.
    pub(super) fn problems(&self) -> Vec<String> {
        let settings = [&self.http, &self.https].into_iter();
        let mut problems: Vec<_> = settings
            .filter_map(|setting| match setting {
                Setting::Unusable(why) => Some(why.clone()),
                _ => None,
            })
            .collect();
        problems.dedup();
        problems
    }

    /// The proxy for this address, if any.
    ///
    /// # Errors
    ///
    /// When that proxy cannot be used.
    pub(super) fn proxy_for(&self, address: &Uri) -> Result<Option<&Proxy>, String> {
        let (setting, usual) = match address.scheme_str() {
            Some("http") => (&self.http, 80),
            _ => (&self.https, 443),
        };
        let port = address.port_u16().unwrap_or(usual);
        if matches!(setting, Setting::None) || self.is_exception(address, port) {
            return Ok(None);
        }
        match setting {
            Setting::None => Ok(None),
            Setting::Proxy(proxy) => Ok(Some(proxy)),
            Setting::Unusable(why) => Err(why.clone()),
        }
    }

    fn is_exception(&self, address: &Uri, port: u16) -> bool {
        let host = address.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let literal: Option<IpAddr> = host.parse().ok();
        let literal = literal.map(|literal| literal.to_canonical());
        host == "localhost"
            || literal.is_some_and(|literal| literal.is_loopback())
            || self
                .exceptions
                .iter()
                .any(|one| one.covers(host, literal, port))
    }
}

impl Exception {
    fn covers(&self, host: &str, literal: Option<IpAddr>, port: u16) -> bool {
        let same = |only: &Option<u16>| only.is_none_or(|only| only == port);
        match self {
            Self::All => true,
            Self::Network(network) => literal.is_some_and(|literal| network.contains(&literal)),
            Self::Address(address, only) => literal == Some(*address) && same(only),
            Self::Subdomains(suffix, only) => host.ends_with(suffix.as_str()) && same(only),
            Self::Domain(domain, only) => {
                let rest = host.strip_suffix(domain.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) && same(only)
            }
        }
    }
}

/// Reads an entry of `NO_PROXY`: `*`, a network, or an address or domain with or without a port. A domain covers its
/// subdomains; with `.` or `*.` at its start it covers them alone.
fn exception(entry: &str) -> Option<Exception> {
    let entry = entry.trim().to_lowercase();
    if entry == "*" {
        return Some(Exception::All);
    }
    if let Ok(network) = entry.parse() {
        return Some(Exception::Network(network));
    }
    let (host, port) = match entry.rsplit_once(':') {
        // More colons without brackets are an IPv6 address.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, Some(port.parse().ok()?))
        }
        _ => (entry.as_str(), None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(Exception::Address(address.to_canonical(), port));
    }
    let host = host
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(host);
    let (dot, domain) = host
        .strip_prefix('.')
        .map_or(("", host), |domain| (".", domain));
    let domain = match Host::parse(domain) {
        // In the form that URLs use.
        Ok(Host::Domain(ascii)) => ascii,
        _ => domain.to_owned(),
    };
    if domain.is_empty() {
        return None;
    }
    Some(match dot {
        "" => Exception::Domain(domain, port),
        _ => Exception::Subdomains(format!(".{domain}"), port),
    })
}

/// Reads the address of a proxy. Errors never repeat it, because it may have a password.
fn proxy(value: &str) -> Result<Proxy, String> {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    let (kind, scheme, usual) = match scheme.as_str() {
        "http" => (Kind::Http, "http", 80),
        "https" => (Kind::Http, "https", 443),
        "socks5" | "socks5h" => (Kind::Socks, "socks5", 1080),
        other => {
            let named = other
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            let other = if named { other } else { "" };
            return Err(format!(
                "the scheme `{other}` is not supported; use http, https, socks5, or socks5h"
            ));
        }
    };
    let unreadable = || "its address cannot be read".to_owned();
    let any = Uri::from_static("https://any.example/");
    let matcher = Matcher::builder()
        .https(format!("{scheme}://{rest}"))
        .build();
    let credentials = matcher.intercept(&any).ok_or_else(unreadable)?;
    let host = credentials.uri().host().filter(|host| !host.is_empty());
    let host = host.ok_or_else(unreadable)?;
    let authority = credentials.uri().authority().map_or("", |it| it.as_str());
    let port = match authority.strip_prefix(host) {
        None | Some("" | ":") => usual,
        Some(rest) => credentials
            .uri()
            .port_u16()
            .filter(|_| rest.starts_with(':'))
            .ok_or_else(unreadable)?,
    };
    // The connector to the proxy knows only `http` and `https`.
    let scheme = if kind == Kind::Socks { "http" } else { scheme };
    let address = format!("{scheme}://{host}:{port}/").parse();
    Ok(Proxy {
        kind,
        address: address.map_err(|_| unreadable())?,
        credentials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_variables(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn through(proxies: &Proxies, url: &str) -> Option<String> {
        let proxy = proxies.proxy_for(&url.parse().unwrap()).unwrap()?;
        Some(proxy.address.to_string())
    }

    #[test]
    fn f40_all_proxy_applies_to_schemes_without_a_variable() {
        let (plain, secure) = ("http://a.example/", "https://a.example/");
        let both = proxies(&[("HTTP_PROXY", "http://one"), ("https_proxy", "two:3128")]);
        assert_eq!(through(&both, plain).unwrap(), "http://one:80/");
        assert_eq!(through(&both, secure).unwrap(), "http://two:3128/");
        let all = proxies(&[("ALL_PROXY", "http://all"), ("HTTPS_PROXY", "https://two")]);
        assert_eq!(through(&all, plain).unwrap(), "http://all:80/");
        assert_eq!(through(&all, secure).unwrap(), "https://two:443/");
        // An empty variable is none.
        let lower = proxies(&[("HTTPS_PROXY", " "), ("all_proxy", "HTTP://all:1")]);
        assert_eq!(through(&lower, secure).unwrap(), "http://all:1/");
        assert_eq!(through(&proxies(&[("NO_PROXY", "x")]), secure), None);
    }

    #[test]
    fn f40_all_four_proxy_schemes_are_supported_with_credentials() {
        for (value, kind, address) in [
            (
                "http://u:p%40@p.example",
                Kind::Http,
                "http://p.example:80/",
            ),
            (
                "https://u:p%40@p.example",
                Kind::Http,
                "https://p.example:443/",
            ),
            (
                "socks5://u:p%40@p.example",
                Kind::Socks,
                "http://p.example:1080/",
            ),
            ("socks5h://u:p%40@[::1]:9/", Kind::Socks, "http://[::1]:9/"),
        ] {
            let proxy = proxy(value).unwrap();
            assert_eq!(
                (proxy.kind, proxy.address.to_string().as_str()),
                (kind, address)
            );
            match kind {
                Kind::Http => assert_eq!(proxy.authorization().unwrap(), "Basic dTpwQA=="),
                Kind::Socks => assert_eq!(proxy.user().unwrap(), ("u", "p@")),
            }
        }
    }

    #[test]
    fn f40_an_unsupported_scheme_is_reported_and_never_bypassed() {
        for (value, why) in [
            ("socks4://user:secret@p.example:1", "`socks4`"),
            ("ftp://user:secret@p.example", "`ftp`"),
            ("user:secret@x y://p.example", "``"),
            ("http://user:secret@", "cannot be read"),
            ("http://user:secret@p.example:x", "cannot be read"),
        ] {
            let proxies = proxies(&[("https_proxy", value), ("NO_PROXY", "b.example")]);
            let problems = proxies.problems();
            assert_eq!(problems.len(), 1, "{value}");
            assert!(
                problems[0].contains(why) && problems[0].contains("https_proxy"),
                "{problems:?}"
            );
            assert!(!problems[0].contains("secret"), "{problems:?}");
            let of = |url: &'static str| {
                proxies
                    .proxy_for(&Uri::from_static(url))
                    .map(|proxy| proxy.is_some())
            };
            assert_eq!(of("https://a.example/"), Err(problems[0].clone()));
            assert_eq!(of("https://b.example/"), Ok(false));
            assert_eq!(of("http://a.example/"), Ok(false));
        }
        assert_eq!(proxies(&[("ALL_PROXY", "socks4://p")]).problems().len(), 1);
    }

    #[test]
    fn f40_exceptions_are_read_as_go_reads_them() {
        let list = "*.corp.example, .dot.example,own.example,port.example:8443,10.1.0.0/16,10.2.0.1,\
            10.3.0.1:8443,[fd00::1]:8443,fd00::2,fe00::/8,bücher.example,:80,,broken:x";
        let some = proxies(&[("ALL_PROXY", "p"), ("no_proxy", list)]);
        for direct in [
            "https://a.corp.example/",
            "https://A.B.CORP.example/",
            "https://a.dot.example/",
            "https://own.example/",
            "https://a.own.example/",
            "https://port.example:8443/",
            "http://a.port.example:8443/",
            "https://10.1.2.3/",
            "https://10.2.0.1:1/",
            "https://10.3.0.1:8443/",
            "https://[fd00::1]:8443/",
            "https://[fd00::2]/",
            "https://[fe00::9]/",
            "https://xn--bcher-kva.example/",
            "https://localhost:9/",
            "http://127.9.9.9/",
            "https://[::1]/",
        ] {
            assert_eq!(through(&some, direct), None, "{direct}");
        }
        for proxied in [
            "https://corp.example/",
            "https://dot.example/",
            "https://xown.example/",
            "https://own.example.org/",
            "https://port.example/",
            "https://10.3.0.1/",
            "https://[fd00::1]/",
            "https://10.0.0.1/",
            "https://a.localhost/",
            "http://broken/",
        ] {
            assert!(through(&some, proxied).is_some(), "{proxied}");
        }
        let ports = proxies(&[
            ("ALL_PROXY", "p"),
            ("NO_PROXY", "a.example:443,b.example:80"),
        ]);
        assert_eq!(through(&ports, "https://a.example/"), None);
        assert_eq!(through(&ports, "http://b.example/"), None);
        assert!(through(&ports, "http://a.example/").is_some());
        let all = proxies(&[("ALL_PROXY", "p"), ("NO_PROXY", "a.example, *")]);
        assert_eq!(through(&all, "https://b.example/"), None);
    }
}
