//! Mattermost's IDs.

/// Whether the text has the form of a Mattermost id.
pub fn is_id(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_26_small_letters_and_digits() {
        assert!(is_id("abcdefghijklmnopqrstuvwxy1"));
        for text in [
            "",
            "abc",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "abcdefghijklmnopqrstuvwxy/",
            "abcdefghijklmnopqrstuvwxyz1",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }
}
