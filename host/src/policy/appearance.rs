//! How a plugin may appear to people: its command, the kinds and properties of its posts, its bot.
//!
//! Servers, clients, and other plugins give meanings to names: the server runs `/logout` and adds a member when somebody
//! clicks on a post with `add_channel_member`, and the webapp of another plugin draws posts of its kinds. So the
//! policy lists what the component may use, and here is what no policy can list.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

/// The commands of the server and of its webapp, up to version 11.
const BUILT_IN_COMMANDS: [&str; 34] = [
    "away",
    "code",
    "collapse",
    "dnd",
    "echo",
    "expand",
    "exportlink",
    "groupmsg",
    "header",
    "help",
    "invite",
    "invite_people",
    "join",
    "kick",
    "leave",
    "logout",
    "marketplace",
    "me",
    "msg",
    "mute",
    "offline",
    "online",
    "open",
    "purpose",
    "remove",
    "rename",
    "search",
    "secure-connection",
    "settings",
    "share-channel",
    "shortcuts",
    "shrug",
    "status",
    "test",
];

/// Properties of posts to which the server or its clients give a meaning. `attachments` is one, too; what leads somewhere
/// in it is checked.
const PROPS_WITH_A_MEANING: [&str; 25] = [
    "add_channel_member",
    "addedUserId",
    "addedUsername",
    "ai_generated_by",
    "ai_generated_by_username",
    "boards",
    "card",
    "channel_mentions",
    "deleteBy",
    "disable_group_highlight",
    "expire_at",
    "force_notification",
    "from_bot",
    "from_oauth_app",
    "from_plugin",
    "from_webhook",
    "mentionHighlightDisabled",
    "mm_blocks",
    "mm_blocks_actions",
    "persistent_notifications",
    "previewed_post",
    "read_duration",
    "requested_ack",
    "unsafe_links",
    "username",
];

/// Prefixes of properties that belong to the host, to other authors, and to the Apps framework.
const PREFIXES_OF_OTHERS: [&str; 5] = ["_", "override_", "webhook_", "app_", "mm_blocks"];

const TRIGGER_LIMIT: usize = 64;
/// The longest kind of a post that the server's database stores.
const KIND_LIMIT: usize = 26;

/// The part of the policy about the plugin's appearance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Appearance {
    pub(crate) command: Option<String>,
    pub(crate) kinds: BTreeSet<String>,
    pub(crate) props: BTreeSet<String>,
    pub(crate) bot: Option<BotProfile>,
}

/// The one account that may be the plugin's bot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BotProfile {
    /// The name after the `@`.
    pub(crate) name: String,
    /// The name that people read.
    pub(crate) display_name: String,
    /// One sentence about it.
    #[serde(default)]
    pub(crate) description: String,
    /// A PNG or JPEG file of the bundle, from the bundle's folder.
    pub(crate) picture: Option<String>,
}

/// Whether a command may have this trigger.
pub(crate) fn is_trigger(trigger: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=TRIGGER_LIMIT).contains(&trigger.len())
        && trigger.bytes().all(plain)
        && !BUILT_IN_COMMANDS.contains(&trigger)
}

/// Whether a property of this name is free for plugins.
pub(crate) fn is_free_prop(name: &str) -> bool {
    let others = PREFIXES_OF_OTHERS
        .iter()
        .any(|prefix| name.starts_with(prefix));
    !name.is_empty() && !others && !PROPS_WITH_A_MEANING.contains(&name)
}

/// Whether this is a PNG or JPEG file of the bundle: a plain path, from the bundle's folder.
pub(crate) fn is_picture(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let steps = |step: &str| !step.is_empty() && !step.starts_with('.');
    let ends = [".png", ".jpg", ".jpeg"];
    file.bytes().all(plain)
        && file.split('/').all(steps)
        && ends.iter().any(|end| file.ends_with(end))
}

/// Whether posts of this kind are those of the plugin with this ID.
pub(crate) fn is_kind_of(kind: &str, plugin_id: &str) -> bool {
    let rest = kind
        .strip_prefix("custom_")
        .and_then(|rest| rest.strip_prefix(plugin_id));
    kind.len() <= KIND_LIMIT && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

impl Appearance {
    /// Whether a stored post may be of this kind.
    pub(crate) fn allows_kind(&self, kind: &str) -> bool {
        kind.is_empty() || self.kinds.contains(kind)
    }

    /// Whether a post may get a property of this name.
    pub(crate) fn allows_prop(&self, name: &str) -> bool {
        self.props.contains(name)
    }
}

impl fmt::Display for Appearance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &BTreeSet<String>| match names.is_empty() {
            true => "none".to_owned(),
            false => names
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let command = self.command.as_ref().map(|name| format!("/{name}"));
        writeln!(f, "  command: {}", command.as_deref().unwrap_or("none"))?;
        writeln!(
            f,
            "  kinds of its posts, beside ordinary ones: {}",
            list(&self.kinds)
        )?;
        writeln!(f, "  properties of its posts: {}", list(&self.props))?;
        let bot = self.bot.as_ref().map_or("none", |bot| bot.name.as_str());
        writeln!(f, "  bot account it may write as: {bot}")?;
        let picture = self.bot.as_ref().and_then(|bot| bot.picture.as_deref());
        match picture {
            Some(file) => writeln!(f, "  picture of the bot: {file}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_plain_word_that_the_server_does_not_use() {
        assert!(is_trigger("zoom") && is_trigger("zoom-2"));
        for wrong in [
            "",
            "logout",
            "leave",
            "share-channel",
            "Zoom",
            "a b",
            "/a",
            "ｌogout",
        ] {
            assert!(!is_trigger(wrong), "{wrong}");
        }
        assert!(!is_trigger(&"a".repeat(65)));
    }

    #[test]
    fn a_picture_is_a_file_inside_the_bundle() {
        assert!(is_picture("assets/profile.png") && is_picture("a.jpeg"));
        for wrong in [
            "",
            "plugin.json",
            "/etc/a.png",
            "../a.png",
            "assets/../../a.png",
            "assets//a.png",
            ".png",
            "C:a.png",
            "a\\b.png",
        ] {
            assert!(!is_picture(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_commands_are_listed_once_each() {
        let unique: BTreeSet<_> = BUILT_IN_COMMANDS.iter().collect();
        assert_eq!(unique.len(), BUILT_IN_COMMANDS.len());
    }

    #[test]
    fn a_property_with_a_meaning_of_its_own_is_not_free() {
        assert!(is_free_prop("meeting_id") && is_free_prop("attachments"));
        for wrong in [
            "",
            "add_channel_member",
            "from_webhook",
            "override_username",
            "webhook_display_name",
            "app_bindings",
            "mm_blocks_x",
            "_mark",
        ] {
            assert!(!is_free_prop(wrong), "{wrong}");
        }
    }

    #[test]
    fn kinds_carry_the_id_of_their_plugin() {
        assert!(is_kind_of("custom_zoom", "zoom") && is_kind_of("custom_zoom_poll", "zoom"));
        for wrong in [
            "custom_zoomer",
            "custom_",
            "custom_poll",
            "zoom",
            "system_join_channel",
            "",
        ] {
            assert!(!is_kind_of(wrong, "zoom"), "{wrong}");
        }
        assert!(!is_kind_of("custom_zoom_a_kind_that_is_too_long", "zoom"));
    }
}
