//! Errors in `props.sandbox` of the manifest.

use thiserror::Error;

/// An error in `props.sandbox`.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// A host rule has none of the three forms.
    #[error("`{0}` is not a host rule: write `https://host`, `https://*.host` or `setting:Key`")]
    HostRule(String),
    /// A rule for posts of an earlier plugin is malformed.
    #[error(
        "`{0}` is not a rule for posts of an earlier plugin: the kind must begin with `custom_`, and the record must \
         have one `{{property}}` and not begin with `_`"
    )]
    LegacyPosts(String),
    /// A host rule is listed twice: one of the two is probably a mistake.
    #[error("the host rule `{0}` is listed twice")]
    DuplicateHost(String),
    /// The bot's picture is not a PNG or JPEG file of the bundle.
    #[error(
        "`{0}` is not a picture: write the path of a PNG or JPEG file of the bundle, such as `assets/bot.png`"
    )]
    Picture(String),
    /// The name is not a valid account name.
    #[error("`{0}` is not a valid name for a bot account")]
    BotName(String),
    /// The command is built in, or is not a lower-case word.
    #[error(
        "`/{0}` cannot be the plugin's command: use a lower-case word that is not a built-in command"
    )]
    Command(String),
    /// The kind of post belongs to another plugin or to the server.
    #[error(
        "posts of the kind `{0}` are not this plugin's: use `custom_ID` or `custom_ID_…` with the plugin's ID"
    )]
    Kind(String),
    /// The prop is reserved.
    #[error("`{0}` cannot be a prop of the plugin's posts: it is reserved")]
    Prop(String),
    /// The memory of all events is less than that of one event.
    #[error("`concurrent_memory_mib` is less than the `memory_mib` of one event")]
    ConcurrentMemory,
    /// A route is malformed or listed twice.
    #[error("`{0}` is not a route: write a path once, with a leading `/` and without a query")]
    Route(String),
    /// The hook does not exist, or every component receives it.
    #[error("hooks: `{0}` is not an optional hook")]
    Hook(String),
    /// A limit is out of range.
    #[error("`{name}` must be from 1 to {max}, and is {value}")]
    Limit {
        /// The key of the limit.
        name: &'static str,
        /// The value in the manifest.
        value: u64,
        /// The largest accepted value.
        max: u64,
    },
}
