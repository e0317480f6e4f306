//! The topic of a meeting.

/// Reduces user input to one line of the length that Zoom accepts. An empty topic stays empty.
pub fn clean_topic(topic: &str) -> String {
    let words: Vec<&str> = topic
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(200).collect()
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
}
