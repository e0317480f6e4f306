//! The hosts that a component may reach.
//!
//! A rule has one of three forms: `https://host` (that host, default port), `https://*.host` (its subdomains, not the host
//! itself), and `setting:Key` (the host of the URL that the administrator entered there, and its subdomains, with the same
//! scheme and port). Only the third form can allow plain `http`, and only the host that was entered may be inside
//! the administrator's own network, because an administrator chose it.

use std::collections::BTreeSet;
use std::fmt;

use url::{Host, Url};

use super::error::PolicyError;

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostRule {
    Exact(String),
    Subdomains(String),
    Setting(String),
}

/// Which addresses an allowed host may resolve to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressTrust {
    /// A host of the policy: public addresses, and those that the server's configuration lists.
    PublicOnly,
    /// The host that an administrator entered as a setting: any address.
    Any,
}

/// The list of host rules.
#[derive(Debug, Clone)]
pub(super) struct AllowedHosts {
    rules: Vec<HostRule>,
}

impl AllowedHosts {
    /// Parses the rules.
    ///
    /// # Errors
    ///
    /// When a rule is malformed or listed twice.
    pub(super) fn parse(hosts: &[String]) -> Result<Self, PolicyError> {
        let rules = hosts.iter().map(|rule| host_rule(rule));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(rule) = hosts.iter().find(|rule| !seen.insert(*rule)) {
            return Err(PolicyError::DuplicateHost(rule.clone()));
        }
        Ok(Self { rules })
    }

    /// The settings that rules name.
    pub(super) fn settings(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().filter_map(|rule| match rule {
            HostRule::Setting(key) => Some(key.as_str()),
            HostRule::Exact(_) | HostRule::Subdomains(_) => None,
        })
    }

    /// The rules, as they are written, and the URL that each allows now: its scheme, host, and port. `None` if the rule names a
    /// setting that has no URL. `setting` looks up the value of a setting.
    pub(super) fn in_force(
        &self,
        setting: impl Fn(&str) -> Option<String>,
    ) -> impl Iterator<Item = (String, Option<String>)> {
        self.rules.iter().map(move |rule| match rule {
            HostRule::Exact(host) => (format!("https://{host}"), Some(format!("https://{host}"))),
            HostRule::Subdomains(host) => {
                let rule = format!("https://*.{host}");
                (rule.clone(), Some(rule))
            }
            HostRule::Setting(key) => {
                let entered = setting(key).and_then(|url| Url::parse(url.trim()).ok());
                let entered = entered.filter(|url| matches!(url.scheme(), "https" | "http"));
                let origin = entered.map(|url| url.origin().ascii_serialization());
                (format!("setting:{key}"), origin)
            }
        })
    }

    /// Decides whether a URL may be fetched. `setting` looks up the value of a setting.
    ///
    /// # Errors
    ///
    /// With the rule that forbids it.
    pub(super) fn check_url(
        &self,
        url: &Url,
        setting: impl Fn(&str) -> Option<String>,
    ) -> Result<AddressTrust, String> {
        if !matches!(url.scheme(), "https" | "http") {
            return Err(format!("scheme {} is not allowed", url.scheme()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a user name is not allowed".to_owned());
        }
        let Some(host) = url.host() else {
            return Err("a URL without a host is not allowed".to_owned());
        };
        let name = host.to_string();
        let is_default_port = url.scheme() == "https" && url.port().is_none();
        let is_listed = is_default_port
            && self.rules.iter().any(|rule| match rule {
                HostRule::Exact(host) => *host == name,
                HostRule::Subdomains(suffix) => is_subdomain(&name, suffix),
                HostRule::Setting(_) => false,
            });
        // The policy's own rules come first: they are stricter.
        if !is_listed {
            return self
                .rules
                .iter()
                .find_map(|rule| match rule {
                    HostRule::Setting(key) => {
                        let entered = Url::parse(setting(key)?.trim()).ok()?;
                        trust_from_setting(&entered, url, &name)
                    }
                    HostRule::Exact(_) | HostRule::Subdomains(_) => None,
                })
                .ok_or_else(|| {
                    format!("{name} is not among the allowed hosts, schemes and ports")
                });
        }
        Ok(AddressTrust::PublicOnly)
    }
}

impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  hosts it may reach:")?;
        if self.rules.is_empty() {
            writeln!(f, "    none")?;
        }
        for rule in &self.rules {
            match rule {
                HostRule::Exact(host) => writeln!(f, "    https://{host}")?,
                HostRule::Subdomains(host) => writeln!(f, "    https://*.{host}")?,
                HostRule::Setting(key) => writeln!(
                    f,
                    "    the host of the setting {key} and its subdomains, with the scheme and port entered"
                )?,
            }
        }
        Ok(())
    }
}

fn host_rule(text: &str) -> Result<HostRule, PolicyError> {
    let malformed = || PolicyError::HostRule(text.to_owned());
    if let Some(key) = text.strip_prefix("setting:") {
        let named = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric());
        return named
            .then(|| HostRule::Setting(key.to_owned()))
            .ok_or_else(malformed);
    }
    let host = text.strip_prefix("https://").ok_or_else(malformed)?;
    let (subdomains, host) = match host.strip_prefix("*.") {
        Some(host) => (true, host),
        None => (false, host),
    };
    let parsed = Url::parse(&format!("https://{host}/")).map_err(|_| malformed())?;
    if parsed.host_str() != Some(host) || host.contains('*') || host.ends_with('.') {
        return Err(malformed());
    }
    // A wildcard must not cover a top-level domain, and an address has no subdomains.
    let is_domain = matches!(parsed.host(), Some(Host::Domain(_))) && host.contains('.');
    if subdomains && !is_domain {
        return Err(malformed());
    }
    Ok(if subdomains {
        HostRule::Subdomains(host.to_owned())
    } else {
        HostRule::Exact(host.to_owned())
    })
}

/// A setting allows the host that the administrator entered at any address, and its subdomains at public addresses.
fn trust_from_setting(entered: &Url, url: &Url, name: &str) -> Option<AddressTrust> {
    let host = entered.host()?;
    if entered.scheme() != url.scheme()
        || entered.port_or_known_default() != url.port_or_known_default()
    {
        return None;
    }
    if host.to_string() == name {
        return Some(AddressTrust::Any);
    }
    match host {
        Host::Domain(domain) if is_subdomain(name, domain) => Some(AddressTrust::PublicOnly),
        _ => None,
    }
}

fn is_subdomain(name: &str, of: &str) -> bool {
    name.strip_suffix(of)
        .and_then(|rest| rest.strip_suffix('.'))
        .is_some_and(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(hosts: &[&str]) -> AllowedHosts {
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        AllowedHosts::parse(&hosts).unwrap()
    }

    fn check(
        policy: &AllowedHosts,
        url: &str,
        setting: Option<&str>,
    ) -> Result<AddressTrust, String> {
        policy.check_url(&Url::parse(url).unwrap(), |_| setting.map(str::to_owned))
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        assert!(check(&policy(&[]), "https://example.com/", None).is_err());
    }

    #[test]
    fn only_listed_hosts_on_https_are_allowed() {
        let policy = policy(&["https://example.com", "https://*.example.com"]);
        for allowed in [
            "https://example.com/a",
            "https://EXAMPLE.com/",
            "https://a.b.example.com/",
        ] {
            assert_eq!(check(&policy, allowed, None), Ok(AddressTrust::PublicOnly));
        }
        for denied in [
            "http://example.com/",
            "https://example.com:8443/",
            "https://badexample.com/",
            "https://example.com.evil.test/",
            "https://user@example.com/",
            "ftp://example.com/",
            "https://127.0.0.1/",
        ] {
            assert!(check(&policy, denied, None).is_err(), "{denied}");
        }
    }

    #[test]
    fn a_wildcard_excludes_the_apex() {
        assert!(
            check(
                &policy(&["https://*.example.com"]),
                "https://example.com/",
                None
            )
            .is_err()
        );
    }

    #[test]
    fn a_setting_allows_only_its_own_scheme_host_and_port() {
        let policy = policy(&["setting:BaseURL"]);
        let entered = Some("http://meet.local:8080/base");
        for (allowed, by) in [
            ("http://meet.local:8080/x", AddressTrust::Any),
            ("http://a.meet.local:8080/", AddressTrust::PublicOnly),
        ] {
            assert_eq!(check(&policy, allowed, entered), Ok(by), "{allowed}");
        }
        for denied in [
            "https://meet.local:8080/",
            "http://meet.local/",
            "http://other.local:8080/",
        ] {
            assert!(check(&policy, denied, entered).is_err(), "{denied}");
        }
        assert!(check(&policy, "http://meet.local:8080/", None).is_err());
    }

    #[test]
    fn entering_a_listed_host_as_a_setting_does_not_lift_the_address_check() {
        let policy = policy(&["https://example.com", "setting:BaseURL"]);
        let answer = check(&policy, "https://example.com/", Some("https://example.com"));
        assert_eq!(answer, Ok(AddressTrust::PublicOnly));
    }

    #[test]
    fn an_ip_address_has_no_subdomains() {
        let policy = policy(&["setting:BaseURL"]);
        let entered = Some("http://10.0.0.1");
        assert!(check(&policy, "http://10.0.0.1/", entered).is_ok());
        assert!(check(&policy, "http://10.0.0.2/", entered).is_err());
    }
}
