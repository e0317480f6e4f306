//! Every guard taken out, one at a time: whether some test notices.
//!
//! A guard is a line of the host that keeps a component or a peer from something, or one of the component that
//! keeps what people entrust to it in order. Each row names one, the
//! line, what stands there without the guard, and the tests that must fail then. The rows are tried in a
//! copy of the sources, in cargo's development profile, which is built fastest. A line
//! that is not found is an error: the table cannot become stale in silence.
//!
//! The rows that are about fetching look up names under `.example`, which exist nowhere.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use plugin_tests::process::{Signal, signal_group, wait_for_exit};

use crate::error::{Error, at};
use crate::run::target;
use crate::source_copy::{cargo_in, copy_sources};
use crate::toolchain;

/// Some tests do not end without their guard. The longest of the others takes a minute.
const PATIENCE: Duration = Duration::from_secs(240);

/// A guard, and what proves that it is there.
struct Guard {
    /// What it keeps from happening.
    against: &'static str,
    file: &'static str,
    /// Lines, and what they are without the guard.
    edits: &'static [(&'static str, &'static str)],
    tests: Tests,
}

/// Which tests are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tests {
    /// The hostile component, one attack after the other.
    Hostile,
    /// The same, in whose name it acts.
    Identity,
    /// The same, clicks and dialogs.
    Interactions,
    /// The same, settings.
    Settings,
    /// The same, how much of something it takes.
    Exhaustion,
    /// The same, by people who are not signed in.
    Strangers,
    /// The same, what it writes into the audit log.
    Audit,
    /// The same, many at once.
    Crowd,
    /// Jobs and their queue.
    Hello,
    /// The same, in each of its exports.
    Exports,
    /// Those beside the host's own code.
    Host,
    /// Those of the wire.
    Wire,
    /// Those of the compiler.
    Compiler,
    /// The hostile component, what its calls are charged.
    Charges,
    /// A confined process.
    Confinement,
    /// The component, where people connect, renew, disconnect and are taken over.
    Connecting,
    /// The component, where calls fail, processes die and clocks jump.
    BadDays,
    /// The component, where Zoom does not do as it should, or others pass something off as its own.
    Zoom,
    /// The component, what its routes accept.
    Routes,
}

impl Tests {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Hostile
            | Self::Exports
            | Self::Identity
            | Self::Interactions
            | Self::Settings
            | Self::Exhaustion
            | Self::Strangers
            | Self::Audit
            | Self::Crowd => &["-p", "component-tests", "--test", "hostile"],
            Self::Hello => &["-p", "component-tests", "--test", "hello"],
            Self::Host => &["-p", "mattermost-plugin-host", "--lib"],
            Self::Wire => &["-p", "mattermost-plugin-rpc", "--tests"],
            Self::Charges => &["-p", "component-tests", "--test", "charges"],
            Self::Compiler => &["-p", "mattermost-plugin-aot", "--test", "refused"],
            Self::Confinement => &["-p", "mattermost-plugin-host", "--test", "confinement"],
            Self::Connecting | Self::BadDays | Self::Zoom | Self::Routes => {
                &["-p", "component-tests", "--test", "parity"]
            }
        }
    }

    /// Which of them, by parts of their names; all if there are none.
    fn filter(self) -> &'static [&'static str] {
        match self {
            Self::Hostile => &["attacks::"],
            Self::Exports => &["exports::"],
            Self::Identity => &["identity::"],
            Self::Interactions => &["interactions::"],
            Self::Settings => &["settings::"],
            Self::Routes => &[
                "channel_settings::",
                "existing_http::",
                "existing_meetings::",
            ],
            Self::Exhaustion => &["exhaustion::"],
            Self::Strangers => &["strangers::"],
            Self::Crowd => &["crowd::"],
            Self::Audit => &["audit::"],
            Self::Connecting => &[
                "connecting::",
                "tokens::",
                "deauthorization::",
                "takeover::",
            ],
            // One of each kind of flow.
            Self::BadDays => &[
                "a_start_is_done_or_told_and_its_post_ends",
                "d18_d61_a_start_in_the_personal_room",
                "a_start_after_the_question",
                "a_start_after_connecting",
                "an_invitation_is_told",
                "clocks::",
                "connecting_is_done_or_can_be_repeated",
                "disconnecting_is_done_or_can_be_repeated",
                "disconnecting_everybody_is_done_or_can_be_repeated",
                "a_removal_is_finished_and_told_once",
                "a_renewal_is_kept",
                "a_subscription_ends",
                "a_meeting_is_announced_once",
                "an_announcement_that_was_cut_short",
                "that_a_job_is_given_up_is_told_once",
                "the_same_webhook_to_two_nodes",
            ],
            Self::Zoom => &[
                "answers::",
                "recordings::",
                "tokens::",
                "zoom_api::",
                "a_members_post",
            ],
            _ => &[],
        }
    }
}

const fn guard(
    against: &'static str,
    file: &'static str,
    edits: &'static [(&'static str, &'static str)],
    tests: Tests,
) -> Guard {
    Guard {
        against,
        file,
        edits,
        tests,
    }
}

const POLICY: &str = "host/src/policy.rs";
const PUBLIC: &str = "host/src/outgoing/public.rs";
const ADDRESSES: &str = "host/src/outgoing/addresses.rs";
const HTTP: &str = "host/src/capability/http.rs";
const KV: &str = "host/src/capability/kv.rs";
const POSTS: &str = "host/src/capability/posts.rs";
const EPHEMERAL: &str = "host/src/capability/ephemeral.rs";
const PROVENANCE: &str = "host/src/capability/provenance.rs";
const BOTS: &str = "host/src/capability/bots.rs";
const COMMANDS: &str = "host/src/capability/commands.rs";
const DIALOGS: &str = "host/src/capability/dialogs.rs";
const LIMITS: &str = "host/src/sandbox/limits.rs";
const LINES: &str = "host/src/lines.rs";
const LOG: &str = "host/src/capability/log.rs";
const ROUTES: &str = "host/src/capability/routes.rs";
const TRAFFIC: &str = "host/src/traffic.rs";
const CALLS: &str = "host/src/confinement/calls.rs";
const INTERACTIONS: &str = "host/src/capability/interactions.rs";
const SETTINGS: &str = "host/src/settings/mod.rs";
const SETTINGS_ROUTE: &str = "host/src/settings/route.rs";
const ASKING: &str = "host/src/capability/settings.rs";
const ORIGIN: &str = "host/src/origin.rs";
const GUEST_ROUTES: &str = "guest/src/http/mod.rs";
const EXCHANGE: &str = "host/src/exchange.rs";
const SANDBOX: &str = "host/src/sandbox/mod.rs";
const INDEX: &str = "host/src/jobs/index.rs";
const ACCOUNTS: &str = "guest/src/store/accounts.rs";
const STATE: &str = "guest/src/store/oauth_state.rs";
const ORGANIZATION: &str = "guest/src/store/organization.rs";
const LOCKS: &str = "guest/src/store/locks.rs";
const SUBSCRIPTIONS: &str = "guest/src/store/subscriptions.rs";
const SESSION: &str = "guest/src/oauth/session.rs";
const DEAUTHORIZE: &str = "guest/src/oauth/deauthorize.rs";
const COMPLETE: &str = "guest/src/oauth/complete.rs";
const START: &str = "guest/src/meeting/start.rs";
const QUESTION: &str = "guest/src/meeting/question.rs";
const REST: &str = "guest/src/meeting/rest.rs";
const RECENT: &str = "guest/src/meeting/recent.rs";
const BODY: &str = "guest/src/webhook/body.rs";
const ANNOUNCE: &str = "guest/src/subscriptions/announce.rs";
const RECORDING: &str = "guest/src/recording/mod.rs";
const WASI: &str = "host/src/sandbox/wasi.rs";
const QUEUE: &str = "host/src/jobs/mod.rs";
const PLUGIN: &str = "host/src/plugin.rs";
const MANIFEST: &str = "host/src/manifest.rs";
const ONCE: &str = "guest/src/platform/once.rs";
const ZOOM: &str = "guest/src/zoom/mod.rs";
const DOWNLOAD: &str = "guest/src/recording/download.rs";

const GUARDS: &[Guard] = &[
    // Settings
    guard(
        "settings from somebody who does not manage the system any more",
        SETTINGS_ROUTE,
        &[(
            "Ok(false) => return refusal(403, \"Only system admins can change settings.\"),",
            "Ok(false) => {}",
        )],
        Tests::Settings,
    ),
    guard(
        "a form that the host did not make, or made for somebody else",
        SETTINGS_ROUTE,
        &[("if !verified.map_err(drop)? {", "if verified.is_err() {")],
        Tests::Settings,
    ),
    guard(
        "a form whose body names another user",
        SETTINGS_ROUTE,
        &[(
            "it.user_id == user && it.kind",
            "!it.user_id.is_empty() && it.kind",
        )],
        Tests::Settings,
    ),
    guard(
        "a form that is sent twice",
        SETTINGS_ROUTE,
        &[(
            "Ok(false) => return refusal(403, \"This form has already been sent. Open it again.\"),",
            "Ok(false) => {}",
        )],
        Tests::Settings,
    ),
    guard(
        "settings in an event that nobody meant",
        ASKING,
        &[(".filter(|_| self.is_meant)", "")],
        Tests::Settings,
    ),
    guard(
        "settings for who does not manage the system",
        ASKING,
        &[(
            "if !permitted.map_err(refused)? {",
            "if permitted.map_err(refused).is_err() {",
        )],
        Tests::Settings,
    ),
    guard(
        "a setting of another type that is generated",
        ASKING,
        &[("if !setting.is_generated() {", "if false {")],
        Tests::Settings,
    ),
    guard(
        "a setting that the policy does not list",
        SETTINGS,
        &[(
            "self.asked.contains(&setting.lower_key()).then_some(setting)",
            "(setting.key != \"Attack\").then_some(setting)",
        )],
        Tests::Settings,
    ),
    guard(
        "a setting that decides what may be reached",
        MANIFEST,
        &[("asked.iter().find(named)", "asked.iter().find(|_| false)")],
        Tests::Host,
    ),
    guard(
        "a generated setting that is replaced",
        SETTINGS,
        &[("if !is_empty {", "if false {")],
        Tests::Settings,
    ),
    guard(
        "a masked secret that is saved",
        SETTINGS,
        &[(
            "if value.as_str().is_some_and(is_mask) {",
            "if value.as_str().is_some_and(str::is_empty) {",
        )],
        Tests::Settings,
    ),
    guard(
        "asterisks that are entered",
        SETTINGS,
        &[("if is_mask(&text) {", "if false {")],
        Tests::Settings,
    ),
    guard(
        "a secret that is shown while it is entered",
        SETTINGS,
        &[("(\"text\", \"password\")", "(\"text\", \"text\")")],
        Tests::Settings,
    ),
    // Clicks and dialogs
    guard(
        "a click that the host did not sign",
        ORIGIN,
        &[(
            "if !provenance.verify(api, &terms, &claim.signed, now).await? {",
            "if provenance.verify(api, &terms, &claim.signed, now).await.is_err() {",
        )],
        Tests::Interactions,
    ),
    guard(
        "a click whose body names another user",
        ORIGIN,
        &[(
            "(text(\"user_id\") == Some(user)).then_some(",
            "(!user.is_empty()).then_some(",
        )],
        Tests::Interactions,
    ),
    guard(
        "a request of another plugin that looks like a user's",
        ORIGIN,
        &[(
            ".filter(|_| !is_from_plugin(request))",
            ".filter(|_| true || is_from_plugin(request))",
        )],
        Tests::Interactions,
    ),
    guard(
        "a request without the header of a webapp",
        ORIGIN,
        &[(
            "header.is_some_and(|value| value == \"XMLHttpRequest\")",
            "header.is_none_or(|value| value == \"XMLHttpRequest\")",
        )],
        Tests::Interactions,
    ),
    guard(
        "the state of a dialog that is only looked up",
        ORIGIN,
        &[(
            "text(\"type\") == Some(\"dialog_submission\")",
            "text(\"type\").is_some()",
        )],
        Tests::Interactions,
    ),
    guard(
        "a button or a dialog of another user",
        INTERACTIONS,
        &[("&& signed.audience == terms.user))", "))")],
        Tests::Interactions,
    ),
    guard(
        "a button or a dialog that has expired",
        INTERACTIONS,
        &[(
            "|expires: i64| now <= expires",
            "|expires: i64| now >= 0 && expires >= 0",
        )],
        Tests::Interactions,
    ),
    guard(
        "the proof of a button on another route",
        INTERACTIONS,
        &[(
            "            self.route.trim_end_matches('/'),",
            "            \"\",",
        )],
        Tests::Interactions,
    ),
    guard(
        "the proof of a button with another context",
        INTERACTIONS,
        &[("            &signed.payload,\n", "            \"\",\n")],
        Tests::Interactions,
    ),
    guard(
        "the proof of a button in another channel",
        INTERACTIONS,
        &[("            self.channel,", "            \"\",")],
        Tests::Interactions,
    ),
    guard(
        "a member's button that the component writes back",
        INTERACTIONS,
        &[(
            "*integration = shown.unwrap_or_default();",
            "*integration = shown.unwrap_or(integration.take());",
        )],
        Tests::Interactions,
    ),
    guard(
        "a dialog in a request that nobody meant",
        SANDBOX,
        &[(
            "(state.channel, state.client) = (channel, client);",
            "(state.channel, state.client) = (channel.or(Some(String::new())), client);",
        )],
        Tests::Interactions,
    ),
    guard(
        "the host's own routes in the component",
        PLUGIN,
        &[(
            "if is_hosts(&seen.path) {",
            "if false && is_hosts(&seen.path) {",
        )],
        Tests::Interactions,
    ),
    guard(
        "a dialog whose answers go to a route of the host",
        ROUTES,
        &[("            && !is_hosts(path)\n", "")],
        Tests::Interactions,
    ),
    guard(
        "a route that accepts requests which nobody meant",
        GUEST_ROUTES,
        &[(
            "route.origin().filter(|wanted| *wanted != request.origin)",
            "route.origin().filter(|_| false)",
        )],
        Tests::Routes,
    ),
    guard(
        "a change of a post in an answer that is no success",
        EXCHANGE,
        &[(
            "    if click {\n        check_answer",
            "    if click && response.status == 200 {\n        check_answer",
        )],
        Tests::Host,
    ),
    // The policy
    guard(
        "fetching from a host that is not listed",
        POLICY,
        &[("        if !listed {", "        if false {")],
        Tests::Host,
    ),
    guard(
        "fetching over plain http, or from another port",
        POLICY,
        &[(
            "let usual = url.scheme() == \"https\" && url.port().is_none();",
            "let usual = true;",
        )],
        Tests::Host,
    ),
    guard(
        "a user name that looks like the host",
        POLICY,
        &[(
            "if !url.username().is_empty() || url.password().is_some() {",
            "if false {",
        )],
        Tests::Host,
    ),
    guard(
        "a host that ends like a listed one",
        POLICY,
        &[(
            ".and_then(|rest| rest.strip_suffix('.'))",
            ".map(|rest| rest)",
        )],
        Tests::Host,
    ),
    guard(
        "another scheme or port than the administrator entered",
        POLICY,
        &[(
            "    if entered.scheme() != url.scheme()\n        || ",
            "    if false && ",
        )],
        Tests::Host,
    ),
    guard(
        "a listed literal address that is not public",
        "host/src/outgoing/mod.rs",
        &[(
            "Host::Ipv4(address) => Some(address.into()),",
            "Host::Ipv4(_) => None,",
        )],
        Tests::Hostile,
    ),
    guard(
        "a listed literal address of the newer kind that is not public",
        "host/src/outgoing/mod.rs",
        &[(
            "Host::Ipv6(address) => Some(address.into()),",
            "Host::Ipv6(_) => None,",
        )],
        Tests::Hostile,
    ),
    guard(
        "an address that carries a private one through a translator",
        PUBLIC,
        &[(
            "[0x0064, 0xff9b, 0, 0, 0, 0, s6, s7] => Some(v4(s6, s7)),",
            "[0x0064, 0xff9b, 0, 0, 0, 0, s6, _] => Some(v4(s6 | 0x0800, 1)),",
        )],
        Tests::Host,
    ),
    guard(
        "an address that carries a private one through a tunnel",
        PUBLIC,
        &[(
            "[0x2002, s1, s2, ..] => Some(v4(s1, s2)),",
            "[0x2002, 0, s2, ..] => Some(v4(0, s2)),",
        )],
        Tests::Host,
    ),
    guard(
        "addresses of protocols, benchmarks and hashes",
        PUBLIC,
        &[(
            "[0x2001, s1, ..] => s1 >= 0x0200 && s1 != 0x0db8,",
            "[0x2001, s1, ..] => s1 != 0x0db8,",
        )],
        Tests::Host,
    ),
    guard(
        "addresses of documentation",
        PUBLIC,
        &[(
            "[0x3fff, s1, ..] => s1 >= 0x1000,",
            "[0x3fff, s1, ..] => s1 > 0,",
        )],
        Tests::Host,
    ),
    guard(
        "a listed name that leads inside the network",
        ADDRESSES,
        &[("let internal = !is_public(address) || ", "let internal = ")],
        Tests::Host,
    ),
    guard(
        "a listed name that leads to the machine itself",
        ADDRESSES,
        &[(
            "!is_public(address) || (self.is_own)(address.to_canonical());",
            "!is_public(address);",
        )],
        Tests::Host,
    ),
    guard(
        "loopback and link-local addresses that the server's configuration lists",
        ADDRESSES,
        &[("if is_never_allowed(address) {", "if false {")],
        Tests::Host,
    ),
    guard(
        "hosts beside one that the server's configuration lists",
        ADDRESSES,
        &[(
            "|entry| entry == host)",
            "|entry| host.ends_with(entry.as_str()))",
        )],
        Tests::Host,
    ),
    guard(
        "connections that were kept under a former configuration of the server",
        "host/src/outgoing/mod.rs",
        &[(
            "state.internal = Arc::new(internal);\n            state.pools = None;",
            "state.internal = Arc::new(internal);",
        )],
        Tests::Host,
    ),
    guard(
        "requests past a proxy that cannot be used",
        "host/src/outgoing/proxies.rs",
        &[(
            "Setting::Unusable(why) => Err(why.clone()),",
            "Setting::Unusable(_) => Ok(None),",
        )],
        Tests::Host,
    ),
    guard(
        "names whose servers are silent",
        "host/src/outgoing/names.rs",
        &[(
            "Instant::now() + LOOK_UP_TIME;",
            "Instant::now() + 100 * LOOK_UP_TIME;",
        )],
        Tests::Host,
    ),
    guard(
        "a process that ends only when its names are resolved",
        "host/src/process.rs",
        &[("executor.shutdown_background();", "drop(executor);")],
        Tests::Host,
    ),
    guard(
        "a policy with a misspelt key",
        POLICY,
        &[(
            "#[serde(deny_unknown_fields)]\npub(crate) struct Raw {",
            "pub(crate) struct Raw {",
        )],
        Tests::Host,
    ),
    guard(
        "a policy without bounds",
        POLICY,
        &[("if (1..=most).contains(&value) {", "if value <= u64::MAX {")],
        Tests::Host,
    ),
    // Requests
    guard(
        "methods that are none of a client's",
        HTTP,
        &[(
            "if !METHODS.contains(&request.method.as_str()) {",
            "if METHODS.is_empty() {",
        )],
        Tests::Hostile,
    ),
    guard(
        "large requests",
        HTTP,
        &[(
            "if request.body.len() > BODY_LIMIT {",
            "if request.body.len() > 64 * BODY_LIMIT {",
        )],
        Tests::Hostile,
    ),
    guard(
        "headers without number",
        HTTP,
        &[(
            "if request.headers.len() > HEADERS_LIMIT || pairs(&request.headers) > HEADERS_SIZE {",
            "if request.headers.len() == usize::MAX {",
        )],
        Tests::Hostile,
    ),
    guard(
        "headers that are the host's own",
        "host/src/outgoing/mod.rs",
        &[(
            "if OWN_HEADERS.contains(&header) {",
            "if OWN_HEADERS.is_empty() {",
        )],
        Tests::Hostile,
    ),
    guard(
        "answers without end",
        "host/src/outgoing/mod.rs",
        &[(
            "Limited::new(body, max_body)",
            "Limited::new(body, max_body + 100)",
        )],
        Tests::Host,
    ),
    guard(
        "code that aborts the process",
        "host/engine/src/lib.rs",
        &[
            ("    config.wasm_gc(false);\n", ""),
            (
                "WasmFeatures::FUNCTION_REFERENCES, false",
                "WasmFeatures::FUNCTION_REFERENCES, true",
            ),
        ],
        Tests::Compiler,
    ),
    guard(
        "keys and other files beside the authorities",
        "host/src/confinement/places.rs",
        &[(
            "|folder| look::all_files(folder, has_only_certificates)",
            "|folder| look::all_files(folder, has_only_certificates) || true",
        )],
        Tests::Host,
    ),
    guard(
        "lists of empty elements, which cost a component nothing",
        "host/src/sandbox/weight.rs",
        &[(
            "self.capacity().saturating_mul(size_of::<$element>())",
            "self.capacity().saturating_mul(0)",
        )],
        Tests::Charges,
    ),
    guard(
        "a list of handles that is copied before its length is known",
        WASI,
        &[(
            "if list.len() > RESOURCE_LIMIT {",
            "if list.len() == usize::MAX {",
        )],
        Tests::Charges,
    ),
    // What an event may use
    guard(
        "memory",
        LIMITS,
        &[(
            "let refusal = if used > self.limit {",
            "let refusal = if used == usize::MAX {",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "memory for one event that all others need",
        LIMITS,
        &[(
            "} else if !self.budget.take(growth) {",
            "} else if growth == usize::MAX {",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "memory of the host's own for an event",
        HTTP,
        &[(
            "let Some(room) = self.room(max_body) else {",
            "let Some(room) = self.room(0) else {",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "tables",
        LIMITS,
        &[(
            "let allowed = elements <= TABLE_ELEMENTS;",
            "let allowed = elements < usize::MAX;",
        )],
        Tests::Host,
    ),
    guard(
        "computing for ever",
        SANDBOX,
        &[
            (
                "if Instant::now() >= context.data().deadline {",
                "if false {",
            ),
            (
                "Ok(UpdateDeadline::Yield(1))",
                "Ok(UpdateDeadline::Continue(1))",
            ),
        ],
        Tests::Hostile,
    ),
    guard(
        "waiting for ever",
        SANDBOX,
        &[(
            "let end = deadline + Duration::from_millis(100);",
            "let end = deadline + Duration::from_secs(36_000);",
        )],
        Tests::Hostile,
    ),
    guard(
        "host calls without end",
        SANDBOX,
        &[("None => bail!(LimitReached::Calls),", "None => {}")],
        Tests::Hostile,
    ),
    guard(
        "host calls that hand over without end",
        SANDBOX,
        &[("None => bail!(LimitReached::Size),", "None => {}")],
        Tests::Hostile,
    ),
    guard(
        "one call that hands over a hundred megabytes",
        SANDBOX,
        &[(
            "store.set_hostcall_fuel(CALL_SIZE);",
            "store.set_hostcall_fuel(12 * CALL_SIZE);",
        )],
        Tests::Hostile,
    ),
    guard(
        "more requests at once than the policy says",
        SANDBOX,
        &[(
            "requests: Arc::new(Semaphore::new(requests - reserved)),",
            "requests: Arc::new(Semaphore::new(100_000)),",
        )],
        Tests::Crowd,
    ),
    guard(
        "commands that keep the configuration from changing",
        SANDBOX,
        &[(
            "Waiting::Event(EventKind::Lifecycle) => &self.lifecycle,",
            "Waiting::Event(EventKind::Lifecycle) => &self.commands,",
        )],
        Tests::Crowd,
    ),
    guard(
        "being sent away without knowing for how long",
        EXCHANGE,
        &[(
            "let seconds = (\"Retry-After\".to_owned(), \"2\".to_owned());\n        reply.headers.push(seconds);\n",
            "let _ = (\"Retry-After\".to_owned(), \"2\".to_owned());\n",
        )],
        Tests::Crowd,
    ),
    // The log
    guard(
        "long lines",
        LINES,
        &[(
            "    text.truncate(text.floor_char_boundary(limit));\n    text\n",
            "    text\n",
        )],
        Tests::Host,
    ),
    guard(
        "many fields",
        LOG,
        &[(".take(FIELD_LIMIT)", ".take(FIELD_LIMIT * 100)")],
        Tests::Exhaustion,
    ),
    guard(
        "an event that fills the log",
        LOG,
        &[(
            "self.log_left.checked_sub(size)",
            "self.log_left.checked_sub(size.min(0))",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "the same line again and again",
        LINES,
        &[("if said.times >= most {", "if said.times == u32::MAX {")],
        Tests::Exhaustion,
    ),
    guard(
        "a line within a line",
        LINES,
        &[("    text = plain(text);\n", "    let _ = plain;\n")],
        Tests::Exhaustion,
    ),
    guard(
        "printing without end",
        "host/src/sandbox/wasi.rs",
        &[(
            "let room = OUTPUT_LIMIT.saturating_sub(self.output.len());",
            "let room = usize::MAX;",
        )],
        Tests::Exhaustion,
    ),
    // The store
    guard(
        "large values",
        KV,
        &[(
            "        if value.len() > VALUE_LIMIT {",
            "        if value.len() > 64 * VALUE_LIMIT {",
        )],
        Tests::Hostile,
    ),
    guard(
        "large expectations",
        KV,
        &[(
            "if matches!(&expected, Expected::Value(value) if value.len() > VALUE_LIMIT) {",
            "if matches!(&expected, Expected::Value(value) if value.len() > 64 * VALUE_LIMIT) {",
        )],
        Tests::Hostile,
    ),
    guard(
        "an empty value, which would delete",
        KV,
        &[(
            "if value.is_empty() {",
            "if value.capacity() > usize::MAX / 2 {",
        )],
        Tests::Hostile,
    ),
    guard(
        "long keys",
        KV,
        &[(
            "let fits = (1..=KEY_LIMIT).contains(&key.len());",
            "let fits = !key.is_empty();",
        )],
        Tests::Hostile,
    ),
    guard(
        "reading and writing the host's records",
        KV,
        &[(
            "    if let Some(rule) = others(key) {",
            "    if let Some(rule) = others(key).filter(|rule| rule.is_empty()) {",
        )],
        Tests::Hostile,
    ),
    guard(
        "records of the host under a name that an old server gave them",
        KV,
        &[(
            "is_hash(key).then_some(",
            "(is_hash(key) && key.is_empty()).then_some(",
        )],
        Tests::Hostile,
    ),
    guard(
        "records that the server keeps of the plugin",
        KV,
        &[(
            "begin.eq_ignore_ascii_case(prefix.as_bytes())",
            "begin.eq(HOST_PREFIX.as_bytes())",
        )],
        Tests::Hostile,
    ),
    guard(
        "keys that a database takes for others",
        KV,
        &[(
            "if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {",
            "if !fits {",
        )],
        Tests::Hostile,
    ),
    guard(
        "seeing the host's records in a list",
        KV,
        &[(
            ".filter(|key| others(key).is_none());",
            ".filter(|_| true);",
        )],
        Tests::Hostile,
    ),
    // Posts
    guard(
        "posting for nobody",
        POSTS,
        &[(
            "Author::ActingUser => self.actor.clone().ok_or_else(|| {",
            "Author::ActingUser => Some(self.actor.clone().unwrap_or_default()).ok_or_else(|| {",
        )],
        Tests::Identity,
    ),
    guard(
        "users who have all permits",
        SANDBOX,
        &[(
            "Arc::new(Semaphore::new(requests - reserved))",
            "Arc::new(Semaphore::new(requests))",
        )],
        Tests::Crowd,
    ),
    guard(
        "audit records without number",
        "host/src/capability/audit.rs",
        &[(
            "let Some(left) = self.records_left.checked_sub(1) else {",
            "let Some(left) = self.records_left.checked_sub(0) else {",
        )],
        Tests::Audit,
    ),
    guard(
        "audit records with an event of the component's choice",
        "host/src/capability/audit.rs",
        &[(
            "        parameters.insert(\"event\".to_owned(), event);\n",
            "        parameters.entry(\"event\".to_owned()).or_insert(event);\n",
        )],
        Tests::Audit,
    ),
    guard(
        "fields of the log with the names of its own keys",
        LOG,
        &[(
            "if KEYS_OF_THE_LOG.contains(&plain.as_str()) {",
            "if KEYS_OF_THE_LOG.is_empty() {",
        )],
        Tests::Host,
    ),
    guard(
        "a configuration that an older one replaces",
        "host/src/site.rs",
        &[("if begun > kept.0 {", "if begun > 0 {")],
        Tests::Host,
    ),
    guard(
        "properties of posts that have a meaning",
        POSTS,
        &[("if appearance.allows_prop(key) {", "if key.len() < 1_000 {")],
        Tests::Identity,
    ),
    guard(
        "posts of kinds that are others'",
        POSTS,
        &[(
            "if attachment || appearance.allows_kind(kind) {",
            "if attachment || kind.len() < 1_000 {",
        )],
        Tests::Identity,
    ),
    guard(
        "changing what others wrote",
        PROVENANCE,
        &[("if !self.is_adoptable(post).await? {", "if false {")],
        Tests::Identity,
    ),
    guard(
        "a stored post that somebody sees replaced",
        EPHEMERAL,
        &[(
            "        if is_same(&ours, post_id) {",
            "        if !ours.is_empty() {",
        )],
        Tests::Identity,
    ),
    guard(
        "drafts larger than posts",
        POSTS,
        &[(
            "    if is_long || draft.file_ids.len() > FILES_LIMIT {",
            "    if is_long && draft.file_ids.len() > FILES_LIMIT {",
        )],
        Tests::Host,
    ),
    guard(
        "buttons that lead elsewhere",
        POSTS,
        &[(
            "    routes::check(plugin_id, &object)?;\n",
            "    let _ = plugin_id;\n",
        )],
        Tests::Identity,
    ),
    guard(
        "a way to others that begins like the plugin's own",
        ROUTES,
        &[("            && !rest.contains(\"..\")\n", "")],
        Tests::Host,
    ),
    guard(
        "a button in a spelling that only Go reads",
        ROUTES,
        &[(
            ".filter(move |(key, _)| same_key(key, name))",
            ".filter(move |(key, _)| *key == name)",
        )],
        Tests::Host,
    ),
    guard(
        "a dialog whose answers go elsewhere",
        DIALOGS,
        &[(
            "if !path.starts_with('/') || !routes::is_own(plugin_id, &url) {",
            "if !path.starts_with('/') {",
        )],
        Tests::Hostile,
    ),
    guard(
        "a command of the server's",
        COMMANDS,
        &[(
            "if own != Some(command.trigger.as_str()) {",
            "if own.is_none() {",
        )],
        Tests::Hostile,
    ),
    guard(
        "a policy with names that are the server's",
        "host/src/appearance.rs",
        &[
            ("        && !BUILT_IN_COMMANDS.contains(&trigger)", ""),
            (" && !PROPS_WITH_A_MEANING.contains(&name)", ""),
        ],
        Tests::Host,
    ),
    guard(
        "being a person",
        BOTS,
        &[(
            "Ok(user) if user.is_bot => return Ok(true),",
            "Ok(_) => return Ok(true),",
        )],
        Tests::Identity,
    ),
    guard(
        "preferences that are not the plugin's",
        "host/src/capability/users.rs",
        &[(
            "let answer = if category == own {",
            "let answer = if category.len() < 1_000 {",
        )],
        Tests::Hostile,
    ),
    guard(
        "rooms of others",
        "host/src/capability/channels.rs",
        &[(
            "if ![one, other].iter().any(|id| concerned.contains(&Some(id))) {",
            "if one.len() > 1_000 && concerned.is_empty() {",
        )],
        Tests::Hostile,
    ),
    guard(
        "a job that is somebody for ever",
        "host/src/capability/jobs.rs",
        &[(
            "EventKind::Job => None,",
            "EventKind::Job => self.actor.clone(),",
        )],
        Tests::Identity,
    ),
    // What clients are sent
    guard(
        "commands without end",
        COMMANDS,
        &[(
            "if deep || command.nodes.len() > NODES_LIMIT || size(&command) > SIZE_LIMIT {",
            "if deep && command.nodes.len() > NODES_LIMIT && size(&command) > SIZE_LIMIT {",
        )],
        Tests::Hostile,
    ),
    guard(
        "large dialogs",
        DIALOGS,
        &[("if size > SIZE_LIMIT || ", "if ")],
        Tests::Hostile,
    ),
    guard(
        "dialogs of many elements",
        DIALOGS,
        &[("dialog.elements.len() > ELEMENTS_LIMIT || ", "")],
        Tests::Hostile,
    ),
    guard(
        "dialogs of many choices",
        DIALOGS,
        &[(" || choices > CHOICES_LIMIT {", " {")],
        Tests::Hostile,
    ),
    guard(
        "large events for clients",
        "host/src/capability/websocket.rs",
        &[("if size > SIZE_LIMIT {", "if size == usize::MAX {")],
        Tests::Hostile,
    ),
    guard(
        "calls that bring more than there is room for",
        SANDBOX,
        &[(
            "if size < LARGE_CALL {\n            return Ok(None);",
            "if size < usize::MAX {\n            return Ok(None);",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "answers that the host has beside the component",
        SANDBOX,
        &[(
            "if size < LARGE_CALL {\n            return Ok(());",
            "if size < usize::MAX {\n            return Ok(());",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "a channel's posts without end",
        POSTS,
        &[(
            "if let Some(rest) = left.checked_sub(post_size(&post)) {",
            "if let Some(rest) = Some(left) {",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "patience that is used up at once",
        ONCE,
        &[("    held.record.tries = 1;", "    held.record.tries = 100;")],
        Tests::Zoom,
    ),
    guard(
        "a job that ends in a channel of large posts",
        ONCE,
        &[(
            "Err(Error::TooLarge) => {",
            "Err(Error::Unavailable(_)) => {",
        )],
        Tests::Zoom,
    ),
    guard(
        "random bytes without end",
        "host/src/sandbox/wasi.rs",
        &[("if len > RANDOM_LIMIT {", "if len == u64::MAX {")],
        Tests::Hostile,
    ),
    guard(
        "resources without end",
        "host/src/sandbox/wasi.rs",
        &[(
            "    table.set_max_capacity(RESOURCE_LIMIT);\n",
            "    let _ = RESOURCE_LIMIT;\n",
        )],
        Tests::Hostile,
    ),
    // On the way in and out
    guard(
        "a reason for not starting that fills the log",
        PLUGIN,
        &[(
            "Ok(outcome) => outcome.map_err(cut),",
            "Ok(outcome) => outcome,",
        )],
        Tests::Exports,
    ),
    guard(
        "an answer to a command without end",
        PLUGIN,
        &[(
            "text.truncate(text.floor_char_boundary(MESSAGE_LIMIT));",
            "text.truncate(text.len());",
        )],
        Tests::Exports,
    ),
    guard(
        "a policy that says a thing twice",
        MANIFEST,
        &[
            (
                "    sandbox: policy::Raw,",
                "    sandbox: serde_json::Value,",
            ),
            (
                "Policy::checked(raw.props.sandbox)?",
                "Policy::checked(serde_json::from_value(raw.props.sandbox)?)?",
            ),
            (
                "use crate::policy::{self, Policy, PolicyError};",
                "use crate::policy::{Policy, PolicyError};",
            ),
        ],
        Tests::Host,
    ),
    guard(
        "bodies without number",
        TRAFFIC,
        &[(
            "large: Semaphore::new(requests.saturating_mul(LARGE_PER_EVENT)),",
            "large: Semaphore::new(100_000),",
        )],
        Tests::Host,
    ),
    guard(
        "small bodies without number",
        TRAFFIC,
        &[(
            "small: Semaphore::new(requests.saturating_mul(SMALL_PER_EVENT)),",
            "small: Semaphore::new(100_000),",
        )],
        Tests::Host,
    ),
    guard(
        "large bodies in the places of webhooks",
        TRAFFIC,
        &[(
            "false if is_small => (&self.small, SMALL_BODY),",
            "false if is_small => (&self.large, SMALL_BODY),",
        )],
        Tests::Strangers,
    ),
    guard(
        "a body that is larger than it says",
        TRAFFIC,
        &[(
            "false if is_small => (&self.small, SMALL_BODY),",
            "false if is_small => (&self.small, BODY_LIMIT),",
        )],
        Tests::Host,
    ),
    guard(
        "a body that never comes",
        TRAFFIC,
        &[(
            "match tokio::time::timeout(time_for(length), body",
            "match tokio::time::timeout(10 * time_for(length), body",
        )],
        Tests::Strangers,
    ),
    guard(
        "strangers in the places of users",
        TRAFFIC,
        &[(
            "let (places, limit) = match is_signed_in(request) {",
            "let (places, limit) = match false {",
        )],
        Tests::Host,
    ),
    guard(
        "a crowd of strangers",
        TRAFFIC,
        &[(
            "strangers: Semaphore::new(of(STRANGERS)),",
            "strangers: Semaphore::new(of(100_000)),",
        )],
        Tests::Host,
    ),
    guard(
        "one user with the turns of all",
        TRAFFIC,
        &[("each: all.div_ceil(PART),", "each: all * PART,")],
        Tests::Crowd,
    ),
    guard(
        "an answer that is taken too slowly",
        TRAFFIC,
        &[(
            "tokio::time::timeout(ANSWER_TIME, sending)",
            "tokio::time::timeout(100 * ANSWER_TIME, sending)",
        )],
        Tests::Host,
    ),
    guard(
        "waiting for a place without a body",
        TRAFFIC,
        &[("if !has_body(request) {", "if request.method.is_empty() {")],
        Tests::Host,
    ),
    guard(
        "answers that nobody takes",
        TRAFFIC,
        &[(
            "self.0.try_acquire_many(kib).ok()",
            "self.0.try_acquire_many(kib.min(1)).ok()",
        )],
        Tests::Exhaustion,
    ),
    // Answers
    guard(
        "a status that is none",
        EXCHANGE,
        &[(
            "if !(200..600).contains(&response.status) {",
            "if response.status == u16::MAX {",
        )],
        Tests::Hostile,
    ),
    guard(
        "an answer over 16 MiB",
        EXCHANGE,
        &[(
            "if response.body.len() > RESPONSE_LIMIT {",
            "if response.body.len() > 64 * RESPONSE_LIMIT {",
        )],
        Tests::Hostile,
    ),
    guard(
        "headers over 64 KiB",
        EXCHANGE,
        &[(
            "if size > HEADERS_LIMIT {",
            "if size > 64 * HEADERS_LIMIT {",
        )],
        Tests::Hostile,
    ),
    guard(
        "a header within a header",
        EXCHANGE,
        &[(
            "        http::HeaderValue::from_bytes(value.as_bytes())\n",
            "        http::HeaderValue::from_bytes(b\"x\")\n",
        )],
        Tests::Hostile,
    ),
    guard(
        "cookies of the site",
        EXCHANGE,
        &[(
            "if is_let_through(name.as_str()) {",
            "if is_let_through(name.as_str()) || name == \"set-cookie\" {",
        )],
        Tests::Hostile,
    ),
    guard(
        "headers that browsers and proxies learn tomorrow",
        EXCHANGE,
        &[(
            "if is_let_through(name.as_str()) {",
            "if is_let_through(name.as_str()) || name.as_str().starts_with(\"x-\") {",
        )],
        Tests::Hostile,
    ),
    guard(
        "seeing the session",
        EXCHANGE,
        &[(
            "if !LEFT_OUT.contains(&name.as_str()) {",
            "if !LEFT_OUT.is_empty() {",
        )],
        Tests::Host,
    ),
    guard(
        "an answer to a click that changes a post",
        EXCHANGE,
        &[(
            "if fields.keys().any(done) {",
            "if fields.keys().all(done) && fields.len() > 1_000 {",
        )],
        Tests::Identity,
    ),
    guard(
        "scripts with the site's origin",
        EXCHANGE,
        &[(
            "FORCED.iter().filter(|_| says_something)",
            "FORCED.iter().skip(1)",
        )],
        Tests::Hostile,
    ),
    // Jobs
    guard(
        "a job that two nodes run",
        INDEX,
        &[(
            "            entry.take(holder, leased_until);\n            entry.clone()",
            "            entry.attempts += 1;\n            entry.clone()",
        )],
        Tests::Host,
    ),
    guard(
        "an index that two nodes write",
        QUEUE,
        &[(
            "                atomic: true,",
            "                atomic: false,",
        )],
        Tests::Hello,
    ),
    guard(
        "a holder that was only slow",
        INDEX,
        &[(
            ".find(|entry| entry.id == id && entry.holder == holder)",
            ".find(|entry| entry.id == id || entry.holder.is_empty() && holder.is_empty())",
        )],
        Tests::Host,
    ),
    guard(
        "times of a clock that was ahead",
        INDEX,
        &[(
            "if self.planned > now.saturating_add(SKEW) {",
            "if self.planned == i64::MAX {",
        )],
        Tests::Host,
    ),
    guard(
        "jobs without number",
        QUEUE,
        &[(
            "let room = index.jobs.len() < ENTRIES_LIMIT;",
            "let room = index.jobs.len() < usize::MAX;",
        )],
        Tests::Exhaustion,
    ),
    guard(
        "a read of an index that a replica answered from the past",
        QUEUE,
        &[(
            "                if is_current {\n                    return Ok(None);",
            "                if true {\n                    return Ok(None);",
        )],
        Tests::Hello,
    ),
    guard(
        "a payload that a replica does not have yet",
        QUEUE,
        &[("if is_there || self.is_absent(&key).await? {", "if true {")],
        Tests::Hello,
    ),
    guard(
        "a call of the sweep that is never answered",
        QUEUE,
        &[(
            "tokio::time::timeout(CALL_LIMIT, call)",
            "tokio::time::timeout(CALL_LIMIT * 1_000_000, call)",
        )],
        Tests::Hello,
    ),
    guard(
        "a runner of jobs that panicked",
        PLUGIN,
        &[(
            "Err(panic) if panic.is_panic() => {",
            "Err(panic) if panic.is_cancelled() => {",
        )],
        Tests::Hello,
    ),
    guard(
        "a kind of job that breaks a line of the log",
        QUEUE,
        &[(
            "&& kind.bytes().all(|byte| byte.is_ascii_graphic());",
            "&& !kind.is_empty();",
        )],
        Tests::Hostile,
    ),
    guard(
        "a job that fails for ever",
        QUEUE,
        &[(
            "        job.attempt > GIVE_UP_AFTER &&",
            "        job.attempt == u32::MAX &&",
        )],
        Tests::Hello,
    ),
    // The wire
    guard(
        "a peer that sends more than its window",
        "host/rpc/src/yamux/state.rs",
        &[(
            "            if length > entry.window {",
            "            if length == u32::MAX {",
        )],
        Tests::Wire,
    ),
    guard(
        "credit beyond all numbers",
        "host/rpc/src/yamux/state.rs",
        &[(
            "let credit = entry.credit.checked_add(length);",
            "let credit = Some(entry.credit.saturating_add(length));",
        )],
        Tests::Wire,
    ),
    guard(
        "a flood of pings",
        "host/rpc/src/yamux/state.rs",
        &[(
            "self.control.len() >= MAX_CONTROL",
            "self.control.len() == usize::MAX",
        )],
        Tests::Wire,
    ),
    guard(
        "a flood of calls",
        "host/rpc/src/net_rpc/server.rs",
        &[(
            "Ok(Some(_)) if route.refusable && calls.len() >= service.most_calls() => {",
            "Ok(Some(_)) if route.refusable && calls.len() == usize::MAX => {",
        )],
        Tests::Wire,
    ),
    guard(
        "calls whose answers are not taken",
        "host/rpc/src/net_rpc/server.rs",
        &[(
            "while calls.len() >= service.most_calls().saturating_mul(UNANSWERED) {",
            "while calls.len() == usize::MAX {",
        )],
        Tests::Wire,
    ),
    guard(
        "streams that nobody asked for",
        "host/rpc/src/go_plugin/broker.rs",
        &[(
            "stream = accept.next(), if arrivals.len() < MAX_PARKED => match stream {",
            "stream = accept.next() => match stream {",
        )],
        Tests::Wire,
    ),
    guard(
        "values nested without end",
        "host/rpc/src/gob/reader.rs",
        &[(
            "            .checked_sub(1)\n            .ok_or(DecodeError::TooLarge(\"a value is nested",
            "            .checked_sub(0)\n            .ok_or(DecodeError::TooLarge(\"a value is nested",
        )],
        Tests::Wire,
    ),
    guard(
        "few bytes that become much memory",
        "host/rpc/src/gob/reader.rs",
        &[(
            ".checked_sub(size_of::<T>().saturating_mul(count))",
            ".checked_sub(0 * size_of::<T>().saturating_mul(count))",
        )],
        Tests::Wire,
    ),
    guard(
        "a message without end",
        "host/rpc/src/gob/decoder.rs",
        &[(
            "if length > self.limits.message_bytes {",
            "if length == usize::MAX {",
        )],
        Tests::Wire,
    ),
    guard(
        "an answer that ends the plugin, because it is too large",
        "host/rpc/src/gob/decoder.rs",
        &[(
            "                self.long = Some(length);\n                continue;",
            "                return Err(DecodeError::Fatal(\"a message is too long\"));",
        )],
        Tests::Wire,
    ),
    // The host itself
    guard(
        "files, where the kernel has Landlock",
        "host/src/confinement/mod.rs",
        &[(
            "let (mut parts, mut no_new_privileges) = files::restrict(listening.path());",
            "let (mut parts, mut no_new_privileges) = (Vec::new(), false); let _ = listening;",
        )],
        Tests::Confinement,
    ),
    guard(
        "datagrams to local sockets, from one of a pair",
        CALLS,
        &[(
            "    rules.insert(libc::SYS_socketpair, one_of(&ADDRESSED, &bits(KIND))?);\n",
            "    let _ = (ADDRESSED, KIND);\n",
        )],
        Tests::Confinement,
    ),
    guard(
        "signals that a file sends",
        CALLS,
        &[(
            "    rules.insert(libc::SYS_fcntl, one_of(&OWNERS_OF_FILES, &Eq)?);\n",
            "    let _ = OWNERS_OF_FILES;\n",
        )],
        Tests::Confinement,
    ),
    guard(
        "signals that a file sends, by request",
        CALLS,
        &[(
            "    rules.insert(libc::SYS_ioctl, one_of(&OWNERS_BY_REQUEST, &Eq)?);\n",
            "    let _ = OWNERS_BY_REQUEST;\n",
        )],
        Tests::Confinement,
    ),
    guard(
        "local sockets",
        CALLS,
        &[(
            "    rules.insert(libc::SYS_socket, vec![when(&other)?]);\n",
            "    let _ = other;\n",
        )],
        Tests::Confinement,
    ),
    guard(
        "opening files for writing",
        CALLS,
        &[(
            "    rules.insert(libc::SYS_openat, for_writing(2)?);\n",
            "    let _ = for_writing(2)?;\n",
        )],
        Tests::Confinement,
    ),
    guard(
        "system calls",
        "host/src/confinement/mod.rs",
        &[(
            "let calls = calls::restrict();",
            "let calls = Part { name: \"seccomp\", missing: None };",
        )],
        Tests::Confinement,
    ),
    guard(
        "a component that computes where the wire is served",
        "host/src/rpc_thread.rs",
        &[(
            "Poll::Pending if took >= LONG =>",
            "Poll::Pending if took >= LONG * 1_000_000 =>",
        )],
        Tests::Host,
    ),
    guard(
        "events that leave the RPC thread no time",
        "host/src/rpc_thread.rs",
        &[(
            "used >> 32 == self.window(now) && used & 0xffff_ffff >= BUDGET",
            "false",
        )],
        Tests::Host,
    ),
    // The component: what mutation testing finds in the store of tokens and the state of OAuth, where only
    // calls of the host tell the difference
    guard(
        "a stored connection that is empty",
        ACCOUNTS,
        &[(
            "    let owner = Owner::User(&account.user_id);\n    let record = TokenRecord::seal",
            "    if account.user_id != \"\" {\n        return Ok(Vec::new());\n    }\n    let owner = Owner::User(&account.user_id);\n    let record = TokenRecord::seal",
        )],
        Tests::Connecting,
    ),
    guard(
        "a connection that keeps its old encryption",
        ACCOUNTS,
        &[("    if !old {", "    if true {")],
        Tests::Connecting,
    ),
    guard(
        "an earlier account that is not known",
        ACCOUNTS,
        &[(
            "    let before = outline(&account.user_id)?;",
            "    let before: Option<Outline> = None;",
        )],
        Tests::Connecting,
    ),
    guard(
        "a connection that is not stored",
        ACCOUNTS,
        &[(
            "    if let Err(error) = kv::set(&key(&account.user_id), &bytes, None, &Expected::Any)",
            "    if let Err(error) = Ok::<(), HostError>(())",
        )],
        Tests::Connecting,
    ),
    guard(
        "leaving the account that is connected, and staying with the one that was",
        ACCOUNTS,
        &[(
            "        && before.zoom_id != account.zoom_id",
            "        && before.zoom_id == account.zoom_id",
        )],
        Tests::Connecting,
    ),
    guard(
        "a connection that stays when it is taken away",
        ACCOUNTS,
        &[(
            "    kv::delete(&key(user_id), &Expected::Any)",
            "    let _ = user_id;\n    Ok(())",
        )],
        Tests::Connecting,
    ),
    guard(
        "a connection that is not found when it is to be taken away",
        ACCOUNTS,
        &[(
            "    let Some(bytes) = stored(user_id)? else {",
            "    let Some(bytes) = None::<Vec<u8>> else {",
        )],
        Tests::Connecting,
    ),
    guard(
        "Zoom's messages that go on leading to who left",
        ACCOUNTS,
        &[(
            "zoom_id.filter(|id| !id.is_empty())",
            "zoom_id.filter(|id| id.is_empty())",
        )],
        Tests::Connecting,
    ),
    guard(
        "a beginning that nobody keeps",
        STATE,
        &[(
            "        Ok((with(begun, state), ()))",
            "        drop(state);\n        Ok((begun, ()))",
        )],
        Tests::Connecting,
    ),
    guard(
        "a beginning that lasts for ever",
        STATE,
        &[
            (
                "current::replace(key, &bytes, Some(LIFETIME), stored)",
                "current::replace(key, &bytes, None, stored)",
            ),
            (
                "begun.retain(|state| state.until > now);",
                "begun.retain(|state| state.until > i64::MIN.min(now));",
            ),
        ],
        Tests::Connecting,
    ),
    guard(
        "a beginning that is not found again",
        STATE,
        &[(
            "        opened(begun, link, secrets, system::now_ms()).ok_or(())",
            "        drop(begun);\n        opened(Vec::new(), link, secrets, system::now_ms()).ok_or(())",
        )],
        Tests::Connecting,
    ),
    guard(
        "a beginning that is used twice",
        STATE,
        &[(
            "            let state = begun.remove(at);",
            "            let state = begun.get_mut(at).cloned().unwrap_or_default();",
        )],
        Tests::Connecting,
    ),
    guard(
        "a beginning that outlives the connection",
        STATE,
        &[(
            "    kv::delete(&key(user_id), &Expected::Any)",
            "    let _ = user_id;\n    Ok(())",
        )],
        Tests::Connecting,
    ),
    // Bad days
    guard(
        "bad days: a post that nothing vouches for",
        POSTS,
        &[(
            "        self.sign_new(&mut post).await?;",
            "        let _ = self.sign_new(&mut post).await;",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a post that is not expected before it is there",
        START,
        &[(
            "    let referred = number::refer(meeting.id, &reference);",
            "    let referred: Result<(), HostError> = Err(HostError::Conflict);",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a connection whose copy is taken away because its answer was lost",
        ACCOUNTS,
        &[(
            "        && !is_stored(&account.user_id, &bytes)",
            "        && (true || !is_stored(&account.user_id, &bytes))",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a grant that stays at Zoom because an answer was lost",
        ACCOUNTS,
        &[(
            "        Err(_) => match remove() {\n            Ok(()) | Err(HostError::Conflict) => Ok(true),\n            Err(error) => Err(error),\n        },",
            "        Err(error) => Err(error),",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: the organization's grant that stays at Zoom because an answer was lost",
        ORGANIZATION,
        &[(
            "    kv::delete(KEY, &Expected::Any).or_else(|_| kv::delete(KEY, &Expected::Any))?;",
            "    kv::delete(KEY, &Expected::Any)?;",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a list that names a subscription which has ended",
        SUBSCRIPTIONS,
        &[(
            "        Removed::Nothing | Removed::Elsewhere => tidy(meeting_id, &left, user_id, channel_id)?,",
            "        Removed::Nothing | Removed::Elsewhere => {}",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: new tokens that are lost when the store fails once",
        SESSION,
        &[(
            "const SAVE_ATTEMPTS: u32 = 4;",
            "const SAVE_ATTEMPTS: u32 = 1;",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a removal that is told by nobody when it was cut short",
        DEAUTHORIZE,
        &[(
            "            notice::enqueue(&mark, &user_id, Notice::Deauthorized)?;\n            remove_all(&user_id)?;",
            "            remove_all(&user_id)?;\n            notice::enqueue(&mark, &user_id, Notice::Deauthorized)?;",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a file that nobody is told could not be had",
        RECORDING,
        &[(
            "                    Some(PAUSE)\n",
            "                    None\n",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: an event that happened anew with each delivery",
        "guest/src/zoom/time.rs",
        &[(
            "    if (now.saturating_sub(OLDEST)..=now).contains(&event_ts) {",
            "    if event_ts == i64::MIN {",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: an announcement that outlives its meeting",
        ANNOUNCE,
        &[(
            "        // A post of an earlier run, which must be updated.\n        String::new()",
            "        digest_of(occurrence)",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a step that is done again",
        ONCE,
        &[(
            "if held.take(step.items.to_vec(), &Expected::Absent)? {",
            "if held.take(step.items.to_vec(), &Expected::Any)? {",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a page that closes and says nothing",
        COMPLETE,
        &[(
            "    tell(&person.id, place, &said).map_err(|_| said)",
            "    let _ = tell(&person.id, place, &said);\n    Ok(())",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: an answer to a question that is followed by nothing",
        QUESTION,
        &[(
            "            action::taken_with(&message)",
            "            action::taken()",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a click that is followed by nothing",
        REST,
        &[(
            "                return answer(&person.reader(), &Err(error.into()));",
            "                drop(error);",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a claim of a clock that was ahead",
        LOCKS,
        &[(
            "    made.is_some_and(|made: i64| made > now.saturating_add(SKEW))",
            "    made.is_some_and(|made: i64| made > now.saturating_add(i64::MAX))",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a recent meeting of the future",
        RECENT,
        &[(
            "        .filter(|post| post.create_at <= now.saturating_add(SKEW))",
            "        .filter(|post| post.create_at <= now.saturating_add(i64::MAX))",
        )],
        Tests::BadDays,
    ),
    guard(
        "bad days: a connection of the future that Zoom cannot end",
        BODY,
        &[(
            "        let is_known = connected_at <= now.saturating_add(SKEW);",
            "        let is_known = connected_at <= now.saturating_add(i64::MAX);",
        )],
        Tests::BadDays,
    ),
    // What Zoom answers
    guard(
        "a post that a member passes off as a job's",
        ONCE,
        &[(
            "    post.ours && !post.deleted && ",
            "    !post.deleted && ",
        )],
        Tests::Zoom,
    ),
    guard(
        "Zoom: an access token that is refused before its time",
        SESSION,
        &[(
            "Err(zoom::Error::Unauthorized) if !renewed => {",
            "Err(zoom::Error::Unauthorized) if renewed => {",
        )],
        Tests::Zoom,
    ),
    guard(
        "Zoom: a short wait that it asks for",
        ZOOM,
        &[("(response.status == 429)", "(response.status == 430)")],
        Tests::Zoom,
    ),
    guard(
        "Zoom: an answer without end",
        ZOOM,
        &[("max_body: MAX_BODY,", "max_body: 16 * MAX_BODY,")],
        Tests::Zoom,
    ),
    guard(
        "Zoom: no answer",
        ZOOM,
        &[("timeout: TIMEOUT,", "timeout: 10 * TIMEOUT,")],
        Tests::Zoom,
    ),
    guard(
        "Zoom: a token that follows a redirect",
        DOWNLOAD,
        &[(
            "let with_token = !token.is_empty() && authority(&address) == first;",
            "let with_token = !token.is_empty();",
        )],
        Tests::Zoom,
    ),
    guard(
        "bad days: a component with a clock of its own",
        WASI,
        &[(
            "        let since = Duration::from_millis(u64::try_from((self.services.clock)())?);",
            "        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;",
        )],
        Tests::BadDays,
    ),
];

/// Tries the guards whose description contains one of these words, or all.
pub fn guards(words: &[&str]) -> Result<(), Error> {
    let is_meant =
        |guard: &&Guard| words.is_empty() || words.iter().any(|word| guard.against.contains(word));
    toolchain::complete()?;
    let folder = target().join("guards");
    let copy = folder.join("sources");
    copy_sources(&copy)?;
    for tests in [
        Tests::Hostile,
        Tests::Exports,
        Tests::Identity,
        Tests::Exhaustion,
        Tests::Strangers,
        Tests::Crowd,
        Tests::Audit,
        Tests::Hello,
        Tests::Host,
        Tests::Wire,
        Tests::Compiler,
        Tests::Charges,
        Tests::Confinement,
        Tests::Connecting,
        Tests::BadDays,
        Tests::Zoom,
    ] {
        let mut meant = GUARDS.iter().filter(is_meant);
        if meant.any(|guard| guard.tests == tests) {
            println!("> {tests:?}, with all guards");
            if run(&copy, &folder, tests)? != Verdict::Passed {
                let failed = format!("{tests:?} fails with all guards in place");
                return Err(Error::Failed(failed));
            }
        }
    }
    let mut unseen = Vec::new();
    let mut count = 0;
    for guard in GUARDS.iter().filter(is_meant) {
        let path = copy.join(guard.file);
        let whole = fs::read_to_string(&path).map_err(at(&path))?;
        let without = without(guard, &whole)?;
        fs::write(&path, &without).map_err(at(&path))?;
        let verdict = run(&copy, &folder, guard.tests)?;
        fs::write(&path, &whole).map_err(at(&path))?;
        println!("{:<10} {}", verdict.word(), guard.against);
        count += 1;
        if !matches!(verdict, Verdict::Failed | Verdict::Endless) {
            unseen.push(guard.against);
        }
    }
    println!(
        "{} of {count} guards are seen by a test",
        count - unseen.len()
    );
    if unseen.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("not seen: {}", unseen.join("; "))))
}

fn without(guard: &Guard, whole: &str) -> Result<String, Error> {
    let mut text = whole.to_owned();
    for (line, instead) in guard.edits {
        if text.matches(line).count() != 1 {
            let failed = format!("{}: `{line}` must stand there once", guard.file);
            return Err(Error::Failed(failed));
        }
        text = text.replace(line, instead);
    }
    Ok(text)
}

/// What became of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Endless,
    NotBuilt,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Passed => "NOT SEEN",
            Self::Failed => "seen",
            Self::Endless => "seen, as a test does not end",
            Self::NotBuilt => "NOT BUILT",
        }
    }
}

fn run(copy: &Path, folder: &Path, tests: Tests) -> Result<Verdict, Error> {
    let cargo = |words: &[&str]| {
        let mut cargo = cargo_in(copy, &folder.join("build"));
        cargo
            .args(["test", "--locked", "--quiet"])
            .args(tests.words())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        cargo
    };
    let built = cargo(&["--no-run"]).status().map_err(at(copy))?;
    if !built.success() {
        return Ok(Verdict::NotBuilt);
    }
    let mut words = vec!["--"];
    words.extend(tests.filter());
    let mut tests = cargo(&words);
    // In a group of its own, so that it can be ended with all that it started.
    let mut running = tests.process_group(0).spawn().map_err(at(copy))?;
    let Some(status) = wait_for_exit(&mut running, PATIENCE) else {
        signal_group(&running, Signal::KILL);
        let _ = running.wait();
        return Ok(Verdict::Endless);
    };
    Ok(if status.success() {
        Verdict::Passed
    } else {
        Verdict::Failed
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::root;

    #[test]
    fn every_guard_is_where_the_table_says() {
        let is_missing = |guard: &&Guard| {
            let whole = fs::read_to_string(root().join(guard.file)).unwrap();
            !without(guard, &whole).is_ok_and(|text| text != whole)
        };
        let missing: Vec<_> = GUARDS.iter().filter(is_missing).collect();
        let missing: Vec<_> = missing.iter().map(|guard| guard.against).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
