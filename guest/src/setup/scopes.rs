//! The scopes that the Zoom app needs.

use crate::config::ConnectionMode;

/// The end of a scope that covers the whole Zoom account.
pub const ADMIN_SUFFIX: &str = ":admin";

/// The scope with which a server-to-server app can create its event subscription. Zoom gives general apps this scope by
/// itself, in tokens of the app.
pub const EVENT_SUBSCRIPTION: &str = "marketplace:write:event_subscription";

/// A part of the plugin that needs scopes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Posts of recordings, chats, and transcripts.
    Recordings,
}

/// A scope of the Zoom app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Zoom's name, such as `meeting:write:meeting:admin`.
    pub name: String,
    /// Whether the plugin works without the scope, except for one feature.
    pub optional: bool,
}

/// Without these, the plugin can neither connect people nor start meetings.
const REQUIRED: [&str; 3] = [
    "meeting:read:meeting",
    "meeting:write:meeting",
    "user:read:user",
];

/// The scopes that an app needs for these features, in the order in which guides list them. The scopes of an app that serves
/// the whole account end with [`ADMIN_SUFFIX`].
pub fn needed(mode: ConnectionMode, features: &[Feature]) -> Vec<Scope> {
    let scope = |name: &str, optional| Scope {
        name: match mode.is_account_wide() {
            true => format!("{name}{ADMIN_SUFFIX}"),
            false => name.to_owned(),
        },
        optional,
    };
    let required = REQUIRED.into_iter().map(|name| scope(name, false));
    let others = features.iter().map(|feature| match feature {
        Feature::Recordings => scope("cloud_recording:read:recording", true),
    });
    required.chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = include_str!("../../../docs/admin/zoom-app.md");

    const MODES: [ConnectionMode; 3] = [
        ConnectionMode::UserManaged,
        ConnectionMode::AdminManaged,
        ConnectionMode::ServerToServer,
    ];

    #[test]
    fn scopes_of_the_whole_account_have_the_suffix() {
        let [plain, admin, server] = MODES.map(|mode| -> Vec<String> {
            let scopes = needed(mode, &[Feature::Recordings]);
            scopes.into_iter().map(|scope| scope.name).collect()
        });
        let with_suffix: Vec<_> = plain.iter().map(|name| format!("{name}:admin")).collect();
        assert_eq!([&admin, &server], [&with_suffix, &with_suffix]);
        assert!(plain.iter().all(|name| !name.ends_with(ADMIN_SUFFIX)));
    }

    #[test]
    fn only_the_scopes_of_features_are_optional() {
        for mode in MODES {
            assert!(needed(mode, &[]).iter().all(|scope| !scope.optional));
            let optional = needed(mode, &[Feature::Recordings]).into_iter();
            assert_eq!(optional.filter(|scope| scope.optional).count(), 1);
        }
    }

    #[test]
    fn the_guide_lists_the_same_scopes() {
        for scope in MODES
            .map(|mode| needed(mode, &[Feature::Recordings]))
            .concat()
        {
            assert!(GUIDE.contains(&format!("`{}`", scope.name)), "{scope:?}");
        }
    }
}
