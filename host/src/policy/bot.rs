//! The profile of the plugin's bot account.

use serde::Deserialize;

/// The longest account name, in bytes.
const NAME_LENGTH: usize = 64;

/// The only account that may be the plugin's bot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BotProfile {
    /// The name after the `@`.
    pub(crate) name: String,
    /// The display name.
    pub(crate) display_name: String,
    /// The description, one sentence.
    #[serde(default)]
    pub(crate) description: String,
    /// A PNG or JPEG file, relative to the bundle's folder.
    pub(crate) picture: Option<String>,
}

/// Whether this is a valid account name by the server's rules.
pub(super) fn is_bot_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() <= NAME_LENGTH
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| letter(byte) || b".-_".contains(&byte))
}

/// Whether this is the path of a PNG or JPEG file inside the bundle.
pub(super) fn is_picture(file: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let steps = |step: &str| !step.is_empty() && !step.starts_with('.');
    let ends = [".png", ".jpg", ".jpeg"];
    file.bytes().all(plain)
        && file.split('/').all(steps)
        && ends.iter().any(|end| file.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
