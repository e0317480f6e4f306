//! The policy of a plugin, parsed from `props.sandbox` of the manifest.
//!
//! An administrator can read it there before installing the plugin, and it is embedded in the executable, so one checksum
//! covers both. Parsing is strict: a misspelled key must not silently mean "no limit".

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use url::Url;

use super::allowed_hosts::{AddressTrust, AllowedHosts};
use super::bot::{BotProfile, is_bot_name, is_picture};
use super::commands::is_trigger;
use super::error::PolicyError;
use super::legacy_posts::LegacyPostRule;
use super::limits::{
    EventKind, Limits, MAX_ANSWER_MS, MAX_CONCURRENT_MEMORY_MIB, MAX_EVENTS, MAX_HOST_CALL_MIB,
    MAX_HOST_CALLS, MAX_MEMORY_MIB, MAX_SECONDS, check_limit, mebibytes,
};
use super::posts::{PostPolicy, is_free_prop, is_kind_of};
use super::raw_policy::RawPolicy;
use super::routes::Route;

/// Hooks that every component may receive.
const DEFAULT_HOOKS: [&str; 4] = ["command", "job", "lifecycle", "request"];

/// The hook that adds a file to support packets.
pub(crate) const SUPPORT_DATA: &str = "support_data";

/// The limits on a component's use of the machine, the network, and Mattermost.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) allowed_hosts: AllowedHosts,
    pub(super) limits: BTreeMap<EventKind, Limits>,
    pub(super) concurrent_events: usize,
    pub(super) concurrent_memory_mib: u64,
    command: Option<String>,
    bot: Option<BotProfile>,
    posts: PostPolicy,
    legacy_posts: Vec<LegacyPostRule>,
    routes: Vec<Route>,
    hooks: BTreeSet<String>,
    previous_settings: Vec<String>,
}

impl Policy {
    /// Validates `props.sandbox`.
    ///
    /// # Errors
    ///
    /// When a rule is malformed or repeated, or a limit is out of range.
    pub(crate) fn validate(raw: RawPolicy) -> Result<Self, PolicyError> {
        let allowed_hosts = AllowedHosts::parse(&raw.http.hosts)?;
        let limits = BTreeMap::from([
            (EventKind::Request, raw.limits.request),
            (EventKind::Command, raw.limits.command),
            (EventKind::Lifecycle, raw.limits.lifecycle),
            (EventKind::Job, raw.limits.job.unwrap_or(raw.limits.request)),
        ]);
        for limit in limits.values() {
            check_limit("memory_mib", limit.memory_mib as u64, MAX_MEMORY_MIB)?;
            check_limit("seconds", limit.seconds, MAX_SECONDS)?;
            check_limit("host_calls", limit.host_calls.into(), MAX_HOST_CALLS)?;
            check_limit("host_call_mib", limit.host_call_mib, MAX_HOST_CALL_MIB)?;
        }
        let (events, memory) = (raw.concurrent_events, raw.concurrent_memory_mib);
        check_limit("concurrent_events", events as u64, MAX_EVENTS)?;
        check_limit("concurrent_memory_mib", memory, MAX_CONCURRENT_MEMORY_MIB)?;
        if limits.values().any(|one| one.memory_mib as u64 > memory) {
            return Err(PolicyError::ConcurrentMemory);
        }
        if let Some(bot) = raw.bot.as_ref().filter(|bot| !is_bot_name(&bot.name)) {
            return Err(PolicyError::BotName(bot.name.clone()));
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
        if let Some(rule) = raw.posts.adopt.iter().find(|rule| !rule.is_valid()) {
            return Err(PolicyError::LegacyPosts(rule.to_string()));
        }
        if let Some(hook) = raw.hooks.iter().find(|hook| *hook != SUPPORT_DATA) {
            return Err(PolicyError::Hook(hook.clone()));
        }
        let mut paths = BTreeSet::new();
        for route in &raw.routes {
            if !route.is_valid() || !paths.insert(&route.path) {
                return Err(PolicyError::Route(route.path.clone()));
            }
            check_limit("answer_within_ms", route.answer_within_ms, MAX_ANSWER_MS)?;
        }
        Ok(Self {
            allowed_hosts,
            legacy_posts: raw.posts.adopt,
            routes: raw.routes,
            hooks: raw.hooks,
            previous_settings: raw.previous_settings,
            limits,
            concurrent_events: events,
            concurrent_memory_mib: memory,
            command: raw.command,
            posts: PostPolicy {
                kinds: raw.posts.kinds,
                props: raw.posts.props,
            },
            bot: raw.bot,
        })
    }

    /// Rejects kinds of posts that do not belong to the plugin with this ID.
    ///
    /// # Errors
    ///
    /// With the first such kind.
    pub(crate) fn check_kinds(&self, plugin_id: &str) -> Result<(), PolicyError> {
        let legacy = self.legacy_posts.iter().map(LegacyPostRule::kind);
        let mut kinds = self.posts.kinds.iter().map(String::as_str).chain(legacy);
        match kinds.find(|kind| !is_kind_of(kind, plugin_id)) {
            Some(kind) => Err(PolicyError::Kind(kind.to_owned())),
            None => Ok(()),
        }
    }

    /// The trigger of the plugin's slash command.
    pub(crate) fn command(&self) -> Option<&str> {
        self.command.as_deref()
    }

    /// Whether the component may receive this hook.
    pub(crate) fn allows_hook(&self, hook: &str) -> bool {
        DEFAULT_HOOKS.contains(&hook) || self.hooks.contains(hook)
    }

    /// The kinds and props of the plugin's posts.
    pub(crate) fn posts(&self) -> &PostPolicy {
        &self.posts
    }

    /// The plugin's bot.
    pub(crate) fn bot(&self) -> Option<&BotProfile> {
        self.bot.as_ref()
    }

    /// The settings that host rules name.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &str> {
        self.allowed_hosts.settings()
    }

    /// The settings whose earlier values the component gets.
    pub(crate) fn previous_settings(&self) -> &[String] {
        &self.previous_settings
    }

    /// The rules for posts of an earlier plugin.
    pub(crate) fn legacy_posts(&self) -> &[LegacyPostRule] {
        &self.legacy_posts
    }

    /// Decides whether a URL may be fetched, and which addresses its host may have. `setting` looks up the value of a
    /// setting.
    ///
    /// # Errors
    ///
    /// With the rule that forbids it.
    pub fn check_url(
        &self,
        url: &Url,
        setting: impl Fn(&str) -> Option<String>,
    ) -> Result<AddressTrust, String> {
        self.allowed_hosts.check_url(url, setting)
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

    /// The time limit for answers to this path, if it has one.
    pub(crate) fn answer_within(&self, path: &str) -> Option<Duration> {
        let route = self.routes.iter().find(|route| route.path == path)?;
        Some(route.answer_within())
    }

    /// Whether the policy lists this path as a route.
    pub(crate) fn names_route(&self, path: &str) -> bool {
        self.routes.iter().any(|route| route.path == path)
    }

    /// How many of the concurrent requests are reserved for webhooks: a quarter, if the policy lists routes.
    pub(crate) fn reserved_for_webhooks(&self) -> usize {
        match self.routes.is_empty() {
            true => 0,
            false => self.concurrent_events / 4,
        }
    }

    /// How many requests may run at once.
    #[must_use]
    pub fn concurrent_events(&self) -> usize {
        self.concurrent_events
    }

    /// The memory of all running events together, in bytes. Responses being sent may use a quarter more.
    #[must_use]
    pub fn concurrent_memory(&self) -> usize {
        mebibytes(self.concurrent_memory_mib)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.allowed_hosts)?;
        let list = |names: &BTreeSet<String>| match names.is_empty() {
            true => "none".to_owned(),
            false => names.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let command = self.command.as_ref().map(|name| format!("/{name}"));
        writeln!(f, "  command: {}", command.as_deref().unwrap_or("none"))?;
        writeln!(
            f,
            "  kinds of its posts, in addition to ordinary ones: {}",
            list(&self.posts.kinds)
        )?;
        writeln!(f, "  props of its posts: {}", list(&self.posts.props))?;
        writeln!(f, "  optional hooks it receives: {}", list(&self.hooks))?;
        let bot = self.bot.as_ref().map_or("none", |bot| bot.name.as_str());
        writeln!(f, "  bot account it may write as: {bot}")?;
        let picture = self.bot.as_ref().and_then(|bot| bot.picture.as_deref());
        if let Some(file) = picture {
            writeln!(f, "  picture of the bot: {file}")?;
        }
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
                "  requests at once reserved for small requests to these routes without a session: {reserved}"
            )?;
        }
        if !self.previous_settings.is_empty() {
            let keys = self.previous_settings.join(", ");
            writeln!(f, "  settings whose earlier values it gets: {keys}")?;
        }
        for rule in &self.legacy_posts {
            writeln!(f, "  posts of an earlier plugin it may change: {rule}")?;
        }
        writeln!(
            f,
            "  requests at once: {}, and a quarter more for commands; memory of all events: {} MiB",
            self.concurrent_events, self.concurrent_memory_mib
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::limits::MEBIBYTE;
    use serde_json::json;

    fn parse(written: serde_json::Value) -> Result<Policy, Box<dyn std::error::Error>> {
        Ok(Policy::validate(serde_json::from_value(written)?)?)
    }

    fn limits() -> serde_json::Value {
        let one = json!({"memory_mib": 64, "seconds": 60, "host_calls": 1000});
        json!({"request": one, "command": one, "lifecycle": one})
    }

    fn policy(hosts: &[&str]) -> Policy {
        parse(json!({"http": {"hosts": hosts}, "limits": limits(), "concurrent_events": 64}))
            .unwrap()
    }

    #[test]
    fn limits_are_converted_to_bytes_and_seconds() {
        let adoption = json!({"kind": "custom_x", "record": "post_meeting_{id}", "holds": "id"});
        let written = json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 7, "bot": {"name": "x", "display_name": "X"},
            "concurrent_memory_mib": 128, "posts": {"adopt": [adoption]}});
        let policy = parse(written).unwrap();
        let limits = policy.limits(EventKind::Request);
        assert_eq!(limits.memory(), 64 * 1024 * 1024);
        assert_eq!(limits.time(), Duration::from_secs(60));
        assert_eq!(limits.call_bytes(), 64 * 1024 * 1024);
        let bot = policy.bot().map(|bot| bot.name.as_str());
        assert_eq!((policy.concurrent_events(), bot), (7, Some("x")));
        assert_eq!(policy.concurrent_memory(), 128 * 1024 * 1024);
        assert_eq!(policy.legacy_posts().len(), 1);
    }

    #[test]
    fn unknown_keys_and_invalid_values_are_errors() {
        for broken in [
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "x": 1}),
            json!({"http": {"hosts": []}, "limits": limits(), "concurrent_events": 1, "hooks": ["job"]}),
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
    fn a_route_has_a_time_limit_for_its_answer() {
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
            json!([{"path": "/hook", "answer_within_ms": MAX_ANSWER_MS + 1}]),
            json!([{"path": "/hook", "answer_within_ms": 1}, {"path": "/hook", "answer_within_ms": 2}]),
            json!([{"path": "/hook", "answer_within_ms": 1, "else": 1}]),
        ] {
            assert!(with(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_have_a_minimum_and_a_maximum() {
        for (name, most) in [
            ("memory_mib", MAX_MEMORY_MIB),
            ("seconds", MAX_SECONDS),
            ("host_calls", MAX_HOST_CALLS),
            ("host_call_mib", MAX_HOST_CALL_MIB),
        ] {
            let with = |value: u64| {
                let mut limits = limits();
                limits["request"][name] = value.into();
                parse(
                    json!({"http": {"hosts": []}, "limits": limits, "concurrent_events": 1,
                        "concurrent_memory_mib": MAX_MEMORY_MIB}),
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
    fn defaults_are_bounded_and_there_is_no_default_bot() {
        let silent = policy(&[]);
        let limits = silent.limits(EventKind::Job);
        assert_eq!(limits.call_bytes(), 64 * MEBIBYTE);
        assert_eq!(silent.concurrent_memory(), 512 * MEBIBYTE);
        assert!(silent.bot().is_none() && silent.command().is_none());
        assert!(!silent.posts().allows_kind("custom_x") && !silent.posts().allows_prop("x"));
    }

    #[test]
    fn an_administrator_can_read_the_whole_policy() {
        let json = json!({"http": {"hosts": ["https://a.example"]}, "limits": limits(),
            "concurrent_events": 8, "concurrent_memory_mib": 99, "command": "help-me",
            "posts": {"kinds": ["custom_help"], "props": ["answer"]},
            "bot": {"name": "helper", "display_name": "Helper", "picture": "assets/helper.png"}});
        let text = parse(json).unwrap().to_string();
        for word in [
            "https://a.example",
            "one request: 64 MiB, 60 s, 1000 host calls with 64 MiB",
            "command: /help-me",
            "in addition to ordinary ones: custom_help",
            "props of its posts: answer",
            "bot account it may write as: helper",
            "picture of the bot: assets/helper.png",
            "requests at once: 8,",
            "memory of all events: 99 MiB",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert!(policy(&[]).to_string().contains("write as: none"));
    }
}
