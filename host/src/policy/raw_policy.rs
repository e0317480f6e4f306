//! `props.sandbox` as it is written in the manifest, before it is validated.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::bot::BotProfile;
use super::legacy_posts::LegacyPostRule;
use super::limits::{CONCURRENT_MEMORY_MIB, Limits};
use super::routes::Route;

/// `props.sandbox` as it is written. It is parsed from the text, not from a `Value`, in which the last of two equal keys
/// would win unnoticed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPolicy {
    pub(super) http: RawHttp,
    pub(super) limits: RawLimits,
    pub(super) concurrent_events: usize,
    #[serde(default = "concurrent_memory_mib")]
    pub(super) concurrent_memory_mib: u64,
    pub(super) command: Option<String>,
    pub(super) bot: Option<BotProfile>,
    /// Optional hooks that the component may receive.
    #[serde(default)]
    pub(super) hooks: BTreeSet<String>,
    #[serde(default)]
    pub(super) posts: RawPosts,
    #[serde(default)]
    pub(super) routes: Vec<Route>,
    /// Keys of the settings whose earlier values the component gets.
    #[serde(default)]
    pub(super) previous_settings: Vec<String>,
    /// Keys of the settings that the component may ask for.
    #[serde(default)]
    pub(crate) settings: Vec<String>,
}

fn concurrent_memory_mib() -> u64 {
    CONCURRENT_MEMORY_MIB
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPosts {
    pub(super) kinds: BTreeSet<String>,
    pub(super) props: BTreeSet<String>,
    pub(super) adopt: Vec<LegacyPostRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) hosts: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) request: Limits,
    pub(super) command: Limits,
    pub(super) lifecycle: Limits,
    /// The default is the limits of a request.
    pub(super) job: Option<Limits>,
}
