//! Text that is safe to write to the log.
//!
//! Control characters are escaped: in a plain-text log, a line break in a message would begin a line that nobody wrote.

use std::fmt::Write as _;

/// The longest message, and the longest name or value of a field, in bytes.
const TEXT_LIMIT: usize = 8 * 1024;

/// Makes a text safe for the log: one line, within the length limit.
pub(crate) fn sanitize(text: String) -> String {
    sanitize_to(text, TEXT_LIMIT)
}

/// The same with another limit, in bytes.
pub(crate) fn sanitize_to(mut text: String, limit: usize) -> String {
    text.truncate(text.floor_char_boundary(limit));
    text = escaped(text);
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// Whether a text has neither control characters nor line breaks.
pub(crate) fn is_one_line(text: &str) -> bool {
    !text.contains(is_unsafe)
}

/// A control character, or a separator that only some programs treat as a line break.
fn is_unsafe(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

fn escaped(text: String) -> String {
    if is_one_line(&text) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_unsafe(letter) {
            // Writing to a string never fails.
            let _ = write!(escaped, "{}", letter.escape_default());
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_truncated_at_a_character_boundary() {
        let text = sanitize("é".repeat(TEXT_LIMIT));
        assert_eq!(text.len(), TEXT_LIMIT);
        assert_eq!(sanitize("short".to_owned()), "short");
    }

    #[test]
    fn text_that_grows_by_escaping_is_truncated_too() {
        assert_eq!(sanitize("\n".repeat(TEXT_LIMIT)).len(), TEXT_LIMIT);
        assert_eq!(sanitize("a\nb".to_owned()), "a\\nb");
    }

    #[test]
    fn a_text_cannot_begin_another_line() {
        let text = escaped("a\nb\r\u{1b}[2J\u{85}\u{2028}c\td".to_owned());
        assert_eq!(text, "a\\nb\\r\\u{1b}[2J\\u{85}\\u{2028}c\\td");
        assert_eq!(escaped("é “x” \\n".to_owned()), "é “x” \\n");
    }
}
