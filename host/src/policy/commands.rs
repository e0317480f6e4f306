//! The plugin's slash command: a word that the server does not use itself.

/// The commands of the server and its webapp, up to version 11.
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

/// The longest trigger, in bytes.
const TRIGGER_LIMIT: usize = 64;

/// Whether this is a valid trigger for the plugin's command.
pub(super) fn is_trigger(trigger: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=TRIGGER_LIMIT).contains(&trigger.len())
        && trigger.bytes().all(plain)
        && !BUILT_IN_COMMANDS.contains(&trigger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_command_is_a_lower_case_word_that_is_not_built_in() {
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
    fn each_built_in_command_is_listed_once() {
        let unique: BTreeSet<_> = BUILT_IN_COMMANDS.iter().collect();
        assert_eq!(unique.len(), BUILT_IN_COMMANDS.len());
    }
}
