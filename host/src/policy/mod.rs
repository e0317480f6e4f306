//! The policy: which hosts a component may reach, and how much it may use.
//!
//! It is written in the manifest, `props.sandbox`, where an administrator can read it before installing,
//! and it is embedded in the executable, so that one checksum covers both. It is parsed strictly: a
//! misspelt key must not silently mean "no limit".
//!
//! A host rule is one of three: `https://host` (that host, default port), `https://*.host` (its
//! subdomains, not the host itself) and `setting:Key` (the host of the URL that the administrator
//! entered there, and its subdomains, same scheme and port). Only the third can allow plain `http`, and
//! only that very host may be inside the administrator's own network, because an administrator said so.

pub(crate) mod appearance;
pub mod egress_addresses;
mod legacy_posts;
mod public_addresses;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};

use self::appearance::{Appearance, BotProfile, is_free_prop, is_kind_of, is_picture, is_trigger};
use self::legacy_posts::Adoption;

/// Why `props.sandbox` is wrong.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// A host rule is none of the three forms.
    #[error("`{0}` is not a host rule: write `https://host`, `https://*.host` or `setting:Key`")]
    HostRule(String),
    /// A rule for adopting posts cannot be applied.
    #[error(
        "`{0}` is not a rule for adopting posts: the kind begins with `custom_`, the record has one \
         `{{property}}` and does not begin with `_`"
    )]
    Adoption(String),
    /// A host rule that says nothing new: one of the two was meant to be another.
    #[error("the host rule `{0}` stands there twice")]
    Twice(String),
    /// The picture of the bot is not a file of the bundle, or is neither PNG nor JPEG.
    #[error(
        "`{0}` is not a picture: write the path of a PNG or JPEG file of the bundle, such as `assets/bot.png`"
    )]
    Picture(String),
    /// No account can have this name.
    #[error("`{0}` is not the name of a bot account")]
    Bot(String),
    /// The command is one of the server's, or no word.
    #[error(
        "`/{0}` cannot be the plugin's command: write a lower-case word that is not a command of the server"
    )]
    Command(String),
    /// Posts of this kind are others'.
    #[error(
        "posts of the kind `{0}` are not this plugin's: write `custom_ID` or `custom_ID_…` with its ID"
    )]
    Kind(String),
    /// A property is not free.
    #[error("`{0}` cannot be a property of the plugin's posts: it has a meaning of its own")]
    Prop(String),
    /// One event may use more than all of them.
    #[error("`concurrent_memory_mib` is less than the `memory_mib` of one event")]
    Together,
    /// A route that no request can have, or one that is there twice.
    #[error("`{0}` is not a route: write a path once, with a `/` at its start and without a query")]
    Route(String),
    /// A limit that would let nothing run, or anything.
    #[error("`{name}` must be from 1 to {most}, and is {value}")]
    Limit {
        /// Its key.
        name: &'static str,
        /// What it is.
        value: u64,
        /// The largest that is accepted.
        most: u64,
    },
}

/// The largest limits that are accepted: more than any plugin needs, and within what the process can keep.
const MOST_MEMORY_MIB: u64 = 1_024;
const MOST_SECONDS: u64 = 3_600;
const MOST_HOST_CALLS: u64 = 1_000_000;
const MOST_HOST_CALL_MIB: u64 = 4_096;
const MOST_EVENTS: u64 = 10_000;
const MOST_CONCURRENT_MEMORY_MIB: u64 = 65_536;
const MOST_ANSWER_MS: u64 = 60_000;

/// What holds where the policy does not say.
const HOST_CALL_MIB: u64 = 64;
const CONCURRENT_MEMORY_MIB: u64 = 512;

const MEBIBYTE: usize = 1024 * 1024;

/// The longest name of an account.
const NAME_LENGTH: usize = 64;

/// What a component may use of the machine and of the network.
#[derive(Debug, Clone)]
pub struct Policy {
    hosts: Vec<HostRule>,
    limits: BTreeMap<EventKind, Limits>,
    concurrent_events: usize,
    concurrent_memory_mib: u64,
    appearance: Appearance,
    adoptions: Vec<Adoption>,
    routes: Vec<Route>,
}

/// A route of the component whose callers do not wait for long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    /// The path, from the plugin's root.
    path: String,
    /// When the caller gets an answer at the latest, in milliseconds after the request arrived. Until then the
    /// event has no answer, the host answers 503 and the event continues.
    answer_within_ms: u64,
}

impl Route {
    fn is_sound(&self) -> bool {
        self.path.starts_with('/') && !self.path.contains(['?', '#', '%'])
    }
}

/// The kinds of event, each with limits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An HTTP request.
    Request,
    /// A slash command.
    Command,
    /// Start, end, or a change of configuration.
    Lifecycle,
    /// Work for later, from the queue.
    Job,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Command => "command",
            Self::Lifecycle => "lifecycle",
            Self::Job => "job",
        })
    }
}

/// What one event may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of the instance, in MiB.
    pub memory_mib: usize,
    /// Wall time, in seconds, host calls included.
    pub seconds: u64,
    /// Calls of the host.
    pub host_calls: u32,
    /// What these calls hand over together, to the host and from it, in MiB.
    #[serde(default = "host_call_mib")]
    pub host_call_mib: u64,
}

fn host_call_mib() -> u64 {
    HOST_CALL_MIB
}

impl Limits {
    /// Linear memory in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory_mib.saturating_mul(MEBIBYTE)
    }

    /// What calls of the host hand over, in bytes.
    #[must_use]
    pub fn handed_over(&self) -> usize {
        mebibytes(self.host_call_mib)
    }

    /// Wall time.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

fn mebibytes(count: u64) -> usize {
    usize::try_from(count).map_or(usize::MAX, |count| count.saturating_mul(MEBIBYTE))
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostRule {
    Exact(String),
    Subdomains(String),
    Setting(String),
}

/// `props.sandbox` as it is written. Read from the text itself: in a value, the last of two equal keys would hold,
/// and the first is what people read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    http: RawHttp,
    limits: RawLimits,
    concurrent_events: usize,
    #[serde(default = "concurrent_memory_mib")]
    concurrent_memory_mib: u64,
    command: Option<String>,
    bot: Option<BotProfile>,
    #[serde(default)]
    posts: RawPosts,
    #[serde(default)]
    routes: Vec<Route>,
    /// Keys of the settings that a component may ask for.
    #[serde(default)]
    pub(crate) settings: Vec<String>,
}

fn concurrent_memory_mib() -> u64 {
    CONCURRENT_MEMORY_MIB
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPosts {
    kinds: BTreeSet<String>,
    props: BTreeSet<String>,
    adopt: Vec<Adoption>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHttp {
    hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    request: Limits,
    command: Limits,
    lifecycle: Limits,
    /// Those of a request where the component has no jobs.
    job: Option<Limits>,
}

/// Who vouches for an address that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// The policy's own text: only public addresses, and those that the server's configuration lists.
    ByPolicy,
    /// The administrator, who entered it as a setting: any address.
    ByAdministrator,
}

impl Policy {
    /// What is written in `props.sandbox`, if it makes sense.
    ///
    /// # Errors
    ///
    /// When a host rule is malformed or repeated, or a limit is out of bounds.
    pub(crate) fn checked(raw: Raw) -> Result<Self, PolicyError> {
        let hosts = raw.http.hosts.iter().map(|rule| host_rule(rule));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(rule) = raw.http.hosts.iter().find(|rule| !seen.insert(*rule)) {
            return Err(PolicyError::Twice(rule.clone()));
        }
        let limits = BTreeMap::from([
            (EventKind::Request, raw.limits.request),
            (EventKind::Command, raw.limits.command),
            (EventKind::Lifecycle, raw.limits.lifecycle),
            (EventKind::Job, raw.limits.job.unwrap_or(raw.limits.request)),
        ]);
        for limit in limits.values() {
            within("memory_mib", limit.memory_mib as u64, MOST_MEMORY_MIB)?;
            within("seconds", limit.seconds, MOST_SECONDS)?;
            within("host_calls", limit.host_calls.into(), MOST_HOST_CALLS)?;
            within("host_call_mib", limit.host_call_mib, MOST_HOST_CALL_MIB)?;
        }
        let (events, memory) = (raw.concurrent_events, raw.concurrent_memory_mib);
        within("concurrent_events", events as u64, MOST_EVENTS)?;
        within("concurrent_memory_mib", memory, MOST_CONCURRENT_MEMORY_MIB)?;
        if limits.values().any(|one| one.memory_mib as u64 > memory) {
            return Err(PolicyError::Together);
        }
        if let Some(bot) = raw.bot.as_ref().filter(|bot| !is_name(&bot.name)) {
            return Err(PolicyError::Bot(bot.name.clone()));
        }
        let picture = raw.bot.as_ref().and_then(|bot| bot.picture.as_ref());
        if let Some(file) = picture.filter(|file| !is_picture(file)) {
            return Err(PolicyError::Picture(file.clone()));
        }
        if let Some(trigger) = raw.command.as_ref().filter(|word| !is_trigger(word)) {
            return Err(PolicyError::Command(trigger.clone()));
        }
        if let Some(name) = raw.posts.props.iter().find(|name| !is_free_prop(name)) {
            return Err(PolicyError::Prop(name.clone()));
        }
        if let Some(rule) = raw.posts.adopt.iter().find(|rule| !rule.is_sound()) {
            return Err(PolicyError::Adoption(rule.to_string()));
        }
        let mut paths = BTreeSet::new();
        for route in &raw.routes {
            if !route.is_sound() || !paths.insert(&route.path) {
                return Err(PolicyError::Route(route.path.clone()));
            }
            within("answer_within_ms", route.answer_within_ms, MOST_ANSWER_MS)?;
        }
        Ok(Self {
            adoptions: raw.posts.adopt,
            routes: raw.routes,
            hosts,
            limits,
            concurrent_events: events,
            concurrent_memory_mib: memory,
            appearance: Appearance {
                command: raw.command,
                kinds: raw.posts.kinds,
                props: raw.posts.props,
                bot: raw.bot,
            },
        })
    }

    /// Refuses kinds of posts that are not those of the plugin with this ID.
    ///
    /// # Errors
    ///
    /// With the first such kind.
    pub(crate) fn check_kinds(&self, plugin_id: &str) -> Result<(), PolicyError> {
        let adopted = self.adoptions.iter().map(Adoption::kind);
        let mut kinds = self
            .appearance
            .kinds
            .iter()
            .map(String::as_str)
            .chain(adopted);
        match kinds.find(|kind| !is_kind_of(kind, plugin_id)) {
            Some(kind) => Err(PolicyError::Kind(kind.to_owned())),
            None => Ok(()),
        }
    }

    /// How the plugin may appear to people.
    pub(crate) fn appearance(&self) -> &Appearance {
        &self.appearance
    }

    /// The settings that host rules name.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().filter_map(|rule| match rule {
            HostRule::Setting(key) => Some(key.as_str()),
            HostRule::Exact(_) | HostRule::Subdomains(_) => None,
        })
    }

    /// The limits of one kind of event.
    #[must_use]
    pub fn limits(&self, kind: EventKind) -> Limits {
        self.limits.get(&kind).copied().unwrap_or(Limits {
            memory_mib: 0,
            seconds: 0,
            host_calls: 0,
            host_call_mib: 0,
        })
    }

    /// Which posts of an earlier plugin may be gone on with.
    pub(crate) fn adoptions(&self) -> &[Adoption] {
        &self.adoptions
    }

    /// When callers of this path get an answer at the latest, if the policy says so.
    pub(crate) fn answer_within(&self, path: &str) -> Option<Duration> {
        let route = self.routes.iter().find(|route| route.path == path)?;
        Some(Duration::from_millis(route.answer_within_ms))
    }

    /// Whether the policy names this path among its routes.
    pub(crate) fn names_route(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path == path)
    }

    /// How many of the requests that may run at once are reserved for webhooks: a quarter, where the policy names routes.
    pub(crate) fn reserved_for_webhooks(&self) -> usize {
        match self.routes.is_empty() {
            true => 0,
            false => self.concurrent_events / 4,
        }
    }

    /// How many events may run at once.
    #[must_use]
    pub fn concurrent_events(&self) -> usize {
        self.concurrent_events
    }

    /// What all events that run may have of memory together, in bytes. Answers on their way have a quarter more.
    #[must_use]
    pub fn concurrent_memory(&self) -> usize {
        mebibytes(self.concurrent_memory_mib)
    }

    /// Decides whether a URL may be fetched. `setting` looks up what the administrator entered.
    ///
    /// # Errors
    ///
    /// With the rule that forbids it.
    pub fn check_url(
        &self,
        url: &Url,
        setting: impl Fn(&str) -> Option<String>,
    ) -> Result<Vouched, String> {
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
        let usual = url.scheme() == "https" && url.port().is_none();
        let listed = usual
            && self.hosts.iter().any(|rule| match rule {
                HostRule::Exact(host) => *host == name,
                HostRule::Subdomains(suffix) => is_subdomain(&name, suffix),
                HostRule::Setting(_) => false,
            });
        // A rule of the policy's own comes first: it is the stricter one.
        if !listed {
            return self
                .hosts
                .iter()
                .find_map(|rule| match rule {
                    HostRule::Setting(key) => {
                        let entered = Url::parse(setting(key)?.trim()).ok()?;
                        vouches_for(&entered, url, &name)
                    }
                    HostRule::Exact(_) | HostRule::Subdomains(_) => None,
                })
                .ok_or_else(|| {
                    format!("{name} is not among the allowed hosts, schemes and ports")
                });
        }
        Ok(Vouched::ByPolicy)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  hosts it may reach:")?;
        if self.hosts.is_empty() {
            writeln!(f, "    none")?;
        }
        for rule in &self.hosts {
            match rule {
                HostRule::Exact(host) => writeln!(f, "    https://{host}")?,
                HostRule::Subdomains(host) => writeln!(f, "    https://*.{host}")?,
                HostRule::Setting(key) => writeln!(
                    f,
                    "    the host of the setting {key} and its subdomains, with the scheme and port entered"
                )?,
            }
        }
        write!(f, "{}", self.appearance)?;
        for (kind, limits) in &self.limits {
            writeln!(
                f,
                "  one {kind}: {} MiB, {} s, {} host calls with {} MiB",
                limits.memory_mib, limits.seconds, limits.host_calls, limits.host_call_mib
            )?;
        }
        for route in &self.routes {
            writeln!(
                f,
                "  requests to {} are answered within {} ms",
                route.path, route.answer_within_ms
            )?;
        }
        if !self.routes.is_empty() {
            let reserved = self.reserved_for_webhooks();
            writeln!(
                f,
                "  reserved for small requests to these routes by people who are not signed in: {reserved} at once"
            )?;
        }
        for rule in &self.adoptions {
            writeln!(f, "  posts of an earlier plugin it may change: {rule}")?;
        }
        writeln!(
            f,
            "  requests at once: {}, a quarter more for commands; all events together: {} MiB",
            self.concurrent_events, self.concurrent_memory_mib
        )
    }
}

fn within(name: &'static str, value: u64, most: u64) -> Result<(), PolicyError> {
    if (1..=most).contains(&value) {
        return Ok(());
    }
    Err(PolicyError::Limit { name, value, most })
}

/// Whether an account can have this name, by the server's rules.
fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= NAME_LENGTH
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| letter(byte) || b".-_".contains(&byte))
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
    // All hosts of a top-level domain are nobody's, and an address has no subdomains.
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

/// What an administrator entered vouches for that very host, wherever it is, and allows its subdomains
/// where they are public.
fn vouches_for(entered: &Url, url: &Url, name: &str) -> Option<Vouched> {
    let host = entered.host()?;
    if entered.scheme() != url.scheme()
        || entered.port_or_known_default() != url.port_or_known_default()
    {
        return None;
    }
    if host.to_string() == name {
        return Some(Vouched::ByAdministrator);
    }
    match host {
        Host::Domain(domain) if is_subdomain(name, domain) => Some(Vouched::ByPolicy),
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
    use crate::manifest::ManifestError;
    use serde_json::json;

    fn parse(written: serde_json::Value) -> Result<Policy, ManifestError> {
        Ok(Policy::checked(serde_json::from_value(written)?)?)
    }

    fn limits() -> serde_json::Value {
        let one = json!({"memory_mib": 64, "seconds": 60, "host_calls": 1000});
        json!({"request": one, "command": one, "lifecycle": one})
    }

    fn policy(hosts: &[&str]) -> Policy {
        parse(json!({"http": {"hosts": hosts}, "limits": limits(), "concurrent_events": 64}))
            .unwrap()
    }

    fn check(policy: &Policy, url: &str, setting: Option<&str>) -> Result<Vouched, String> {
        policy.check_url(&Url::parse(url).unwrap(), |_| setting.map(str::to_owned))
    }

    #[test]
    fn what_is_written_holds_in_bytes_and_seconds() {
        let adoption = json!({"kind": "custom_x", "record": "post_meeting_{id}", "holds": "id"});
        let written = json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 7, "bot": {"name": "x", "display_name": "X"},
            "concurrent_memory_mib": 128, "posts": {"adopt": [adoption]}});
        let policy = parse(written).unwrap();
        let limits = policy.limits(EventKind::Request);
        assert_eq!(limits.memory(), 64 * 1024 * 1024);
        assert_eq!(limits.time(), Duration::from_secs(60));
        assert_eq!(limits.handed_over(), 64 * 1024 * 1024);
        let bot = policy
            .appearance()
            .bot
            .as_ref()
            .map(|bot| bot.name.as_str());
        assert_eq!((policy.concurrent_events(), bot), (7, Some("x")));
        assert_eq!(policy.concurrent_memory(), 128 * 1024 * 1024);
        assert_eq!(policy.adoptions().len(), 1);
    }

    #[test]
    fn an_unknown_key_anywhere_is_an_error() {
        for broken in [
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "x": 1}),
            json!({"http": {"hosts": [], "x": 1}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": []}, "limits": {}, "concurrent_events": 1}),
            json!({"http": {"hosts": ["example.com"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["https://*"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["setting:"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["https://*.com"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["https://*.10.0.0.1"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["https://example.com."]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": ["https://a.example", "https://a.example"]}, "limits": limits(), "concurrent_events": 1}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 0}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": u64::MAX}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "concurrent_memory_mib": 63}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "concurrent_memory_mib": u64::MAX}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "bot": {"name": "", "display_name": ""}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "bot": {"name": "Boss", "display_name": ""}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "bot": {"name": "a b", "display_name": ""}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "bot": "a"}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "bot": {"name": "a", "display_name": "", "picture": "../a.png"}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "command": "logout"}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "posts": {"props": ["add_channel_member"]}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "posts": {"x": []}}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "posts": {"adopt":
                [{"kind": "custom_x", "record": "_post_{id}", "holds": "id"}]}}),
        ] {
            assert!(parse(broken.clone()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_route_has_a_time_within_which_it_is_answered() {
        let with = |routes: serde_json::Value| {
            parse(
                json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "routes": routes}),
            )
        };
        let policy = with(json!([{"path": "/hook", "answer_within_ms": 2500}])).unwrap();
        let limit = policy.answer_within("/hook");
        assert_eq!(limit, Some(Duration::from_millis(2500)));
        assert!(policy.names_route("/hook"));
        for other in ["/hook/", "/hooks", "/", ""] {
            assert_eq!(policy.answer_within(other), None, "{other}");
            assert!(!policy.names_route(other), "{other}");
        }
        for wrong in [
            json!([{"path": "hook", "answer_within_ms": 1}]),
            json!([{"path": "/hook?a=1", "answer_within_ms": 1}]),
            json!([{"path": "/ho%6fk", "answer_within_ms": 1}]),
            json!([{"path": "/hook"}]),
            json!([{"path": "/hook", "answer_within_ms": 0}]),
            json!([{"path": "/hook", "answer_within_ms": MOST_ANSWER_MS + 1}]),
            json!([{"path": "/hook", "answer_within_ms": 1}, {"path": "/hook", "answer_within_ms": 2}]),
            json!([{"path": "/hook", "answer_within_ms": 1, "else": 1}]),
        ] {
            assert!(with(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_have_a_least_and_a_most() {
        for (name, most) in [
            ("memory_mib", MOST_MEMORY_MIB),
            ("seconds", MOST_SECONDS),
            ("host_calls", MOST_HOST_CALLS),
            ("host_call_mib", MOST_HOST_CALL_MIB),
        ] {
            let with = |value: u64| {
                let mut limits = limits();
                limits["request"][name] = value.into();
                parse(
                    json!({"http": {"hosts": []}, "limits": limits, "concurrent_events": 1,
                        "concurrent_memory_mib": MOST_MEMORY_MIB}),
                )
            };
            assert!(with(1).is_ok() && with(most).is_ok(), "{name}");
            let error = with(most + 1).unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains(&most.to_string()),
                "{error}"
            );
            assert!(with(0).is_err(), "{name}");
        }
    }

    #[test]
    fn what_the_policy_does_not_say_is_bounded_all_the_same_and_there_is_no_bot() {
        let silent = policy(&[]);
        let limits = silent.limits(EventKind::Job);
        assert_eq!(limits.handed_over(), 64 * MEBIBYTE);
        assert_eq!(silent.concurrent_memory(), 512 * MEBIBYTE);
        let appearance = silent.appearance();
        assert!(appearance.bot.is_none() && appearance.command.is_none());
        assert!(!appearance.allows_kind("custom_x") && !appearance.allows_prop("x"));
    }

    #[test]
    fn an_administrator_can_read_all_of_it() {
        let text = json!({"http": {"hosts": ["https://a.example"]}, "limits": limits(),
            "concurrent_events": 8, "concurrent_memory_mib": 99, "command": "help-me",
            "posts": {"kinds": ["custom_help"], "props": ["answer"]},
            "bot": {"name": "helper", "display_name": "Helper", "picture": "assets/helper.png"}});
        let told = parse(text).unwrap().to_string();
        for word in [
            "https://a.example",
            "one request: 64 MiB, 60 s, 1000 host calls with 64 MiB",
            "command: /help-me",
            "beside ordinary ones: custom_help",
            "properties of its posts: answer",
            "bot account it may write as: helper",
            "picture of the bot: assets/helper.png",
            "requests at once: 8,",
            "together: 99 MiB",
        ] {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert!(policy(&[]).to_string().contains("write as: none"));
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
            assert_eq!(check(&policy, allowed, None), Ok(Vouched::ByPolicy));
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
    fn a_setting_allows_its_own_scheme_host_and_port_and_nothing_beside() {
        let policy = policy(&["setting:BaseURL"]);
        let entered = Some("http://meet.local:8080/base");
        for (allowed, by) in [
            ("http://meet.local:8080/x", Vouched::ByAdministrator),
            ("http://a.meet.local:8080/", Vouched::ByPolicy),
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
    fn entering_a_listed_host_does_not_lift_the_check_of_its_addresses() {
        let policy = policy(&["https://example.com", "setting:BaseURL"]);
        let answer = check(&policy, "https://example.com/", Some("https://example.com"));
        assert_eq!(answer, Ok(Vouched::ByPolicy));
    }

    #[test]
    fn a_literal_address_is_its_own_host_and_has_no_subdomains() {
        let policy = policy(&["setting:BaseURL"]);
        let entered = Some("http://10.0.0.1");
        assert!(check(&policy, "http://10.0.0.1/", entered).is_ok());
        assert!(check(&policy, "http://10.0.0.2/", entered).is_err());
    }
}
