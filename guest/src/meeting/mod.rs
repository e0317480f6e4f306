//! Meetings: who may start one where, which kind of id it gets, and the post that announces it.
//!
//! Every way to start one ends in [`start::run`], so that membership, restriction, permission and the
//! check for a recent meeting hold for all of them.

pub mod action;
pub mod create;
pub mod failure;
pub mod question;
pub mod recent;
pub mod rest;
pub mod restriction;
pub mod settings;
pub mod start;

/// A meeting at Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its number.
    pub id: u64,
    /// The id of this occurrence; empty for a personal room that nobody is in yet.
    pub uuid: String,
    /// Where to join.
    pub join_url: String,
    /// Whether it is the user's personal room.
    pub personal: bool,
    /// The UUID of what is in progress in the personal room already, or empty.
    pub in_progress: String,
    /// What it is about.
    pub topic: String,
    /// Zoom's ID of the host, or empty.
    pub host_id: String,
}

/// A topic as people may type it: one line, of the length that Zoom takes. Empty stays empty.
pub fn clean_topic(topic: &str) -> String {
    let words: Vec<&str> = topic
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(200).collect()
}

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
    fn a_topic_is_one_line() {
        assert_eq!(clean_topic("  a\n\tb\u{7}c "), "a b c");
        assert_eq!(clean_topic(" \n"), "");
        assert_eq!(clean_topic(&"x".repeat(500)).len(), 200);
    }

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
