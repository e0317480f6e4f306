//! Redacts Zoom's messages for the server log: one short line without secrets.
//!
//! Zoom's messages describe the cause better than its codes, but may repeat parts of a request. Therefore URLs are cut
//! after the scheme, and email addresses and words that may be tokens, codes, or passcodes are replaced. Users never see
//! these messages.

/// The longest message in the log, in characters.
const MAX: usize = 200;
/// The length from which a word of letters and digits may be a secret.
const SECRET: usize = 8;

/// Redacts a message for the log.
pub fn redact(message: &str) -> String {
    let words = message
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(redact_word);
    let line = words.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX {
        return line;
    }
    let cut: String = line.chars().take(MAX).collect();
    format!("{cut}…")
}

fn redact_word(word: &str) -> String {
    if let Some((before, _)) = word.split_once("://") {
        return format!("{before}://…");
    }
    if word.contains('@') {
        return "[address]".to_owned();
    }
    let mut redacted = String::new();
    let mut part = String::new();
    for c in word.chars() {
        if may_be_in_token(c) {
            part.push(c);
        } else {
            redacted.push_str(&redact_part(&part));
            part.clear();
            redacted.push(c);
        }
    }
    redacted.push_str(&redact_part(&part));
    redacted
}

/// Whether a token may contain this character. Colons, commas, and brackets are separators.
fn may_be_in_token(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~' | '%' | '?' | '&')
}

fn redact_part(part: &str) -> String {
    let plain = part.trim_matches(|c: char| !c.is_alphanumeric());
    let long = plain.chars().count() >= SECRET;
    let mixed = plain.chars().any(|c| c.is_ascii_digit()) && plain.chars().any(char::is_alphabetic);
    let endless = plain.chars().count() > 40;
    if (long && mixed) || endless || part.contains(['?', '=']) {
        return "[redacted]".to_owned();
    }
    part.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn f13_plain_messages_stay_readable() {
        for message in [
            "Meeting does not exist: 85746065432.",
            "Invalid access token, does not contain scopes:[meeting:write:meeting, user:read:user].",
            "The token ID is out of the token tolerance range.",
            "Redirect URI mismatch.",
        ] {
            assert_eq!(redact(message), message);
        }
    }

    #[test]
    fn f13_secrets_addresses_and_queries_are_replaced() {
        for (message, logged) in [
            (
                "Invalid code obBEe8ewaL_KdyNjniT4KPd8ffDWt9fGB",
                "Invalid code [redacted]",
            ),
            ("token:eyJhbGciOiJIUzI1NiJ9.e30.x1", "token:[redacted]"),
            (
                "see https://zoom.us/rec/x?token=abc now",
                "see https://… now",
            ),
            ("rec/x?pwd=abc", "[redacted]"),
            ("User ann@example.com not found", "User [address] not found"),
            ("pwd=abc", "[redacted]"),
        ] {
            assert_eq!(redact(message), logged);
        }
    }

    #[test]
    fn f13_a_message_is_one_line_of_bounded_length() {
        assert_eq!(redact("a\n\tb\r\n c\u{7}d"), "a b c d");
        assert_eq!(redact(&"word ".repeat(1000)).chars().count(), MAX + 1);
        assert_eq!(redact(&"x".repeat(1000)), "[redacted]");
    }

    proptest! {
        #[test]
        fn f13_no_token_survives(
            before in "[ a-z:,(\\[\"']{0,10}",
            token in "[A-Za-z][A-Za-z0-9_-]{20,60}[0-9]",
            after in "[ .,:)\\]\"']{0,3}",
        ) {
            let logged = redact(&format!("{before} {token}{after}"));
            prop_assert!(!logged.contains(&token), "{}", logged);
        }

        #[test]
        fn no_message_makes_it_panic(message in ".*") {
            let logged = redact(&message);
            prop_assert!(!logged.contains('\n') && logged.chars().count() <= MAX + 1);
        }
    }
}
