//! The kinds and props of posts that the plugin may create.
//!
//! The server, its clients, and other plugins give meanings to names: the server adds a member when somebody clicks a post
//! with `add_channel_member`, and the webapp of another plugin draws posts of its kinds. The policy therefore lists what
//! the component may use, and this module rejects names that no policy can allow.

use std::collections::BTreeSet;

/// Props to which the server or its clients give a meaning. `attachments` and [`BLOCKS`] are such props too, but are
/// allowed: their buttons are checked.
const RESERVED_PROPS: [&str; 23] = [
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
    "persistent_notifications",
    "previewed_post",
    "read_duration",
    "requested_ack",
    "unsafe_links",
    "username",
];

/// Prefixes of props that belong to the host, to other authors, and to the Apps framework.
const RESERVED_PROP_PREFIXES: [&str; 5] = ["_", "override_", "webhook_", "app_", "mm_blocks"];

/// The blocks that servers from 11.10 draw. A policy that lists them also allows the prop with their actions.
const BLOCKS: &str = "mm_blocks";
const BLOCK_ACTIONS: &str = "mm_blocks_actions";

/// The longest kind that the server's database stores.
const KIND_LIMIT: usize = 26;

/// The kinds and props that the policy lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct PostPolicy {
    pub(crate) kinds: BTreeSet<String>,
    pub(crate) props: BTreeSet<String>,
}

impl PostPolicy {
    /// Whether a stored post may have this kind.
    pub(crate) fn allows_kind(&self, kind: &str) -> bool {
        kind.is_empty() || self.kinds.contains(kind)
    }

    /// Whether a post may have a prop of this name.
    pub(crate) fn allows_prop(&self, name: &str) -> bool {
        self.props.contains(match name {
            BLOCK_ACTIONS => BLOCKS,
            name => name,
        })
    }
}

/// Whether plugins may use a prop of this name.
pub(super) fn is_free_prop(name: &str) -> bool {
    let has_reserved_prefix = RESERVED_PROP_PREFIXES
        .iter()
        .any(|prefix| name.starts_with(prefix));
    name == BLOCKS || (!name.is_empty() && !has_reserved_prefix && !RESERVED_PROPS.contains(&name))
}

/// Whether this kind belongs to the plugin with this ID.
pub(super) fn is_kind_of(kind: &str, plugin_id: &str) -> bool {
    let rest = kind
        .strip_prefix("custom_")
        .and_then(|rest| rest.strip_prefix(plugin_id));
    kind.len() <= KIND_LIMIT && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_props_are_rejected() {
        for free in ["meeting_id", "attachments", "mm_blocks"] {
            assert!(is_free_prop(free), "{free}");
        }
        for wrong in [
            "",
            "add_channel_member",
            "from_webhook",
            "override_username",
            "webhook_display_name",
            "app_bindings",
            "mm_blocks_x",
            "mm_blocks_actions",
            "_mark",
        ] {
            assert!(!is_free_prop(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_policy_that_lists_blocks_allows_their_actions() {
        let with = PostPolicy {
            props: BTreeSet::from(["mm_blocks".to_owned()]),
            ..PostPolicy::default()
        };
        for name in ["mm_blocks", "mm_blocks_actions"] {
            assert!(with.allows_prop(name) && !PostPolicy::default().allows_prop(name));
        }
    }

    #[test]
    fn kinds_contain_the_id_of_their_plugin() {
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
