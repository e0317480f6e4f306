//! A slash command that somebody typed.

use crate::platform::channels::Place;
use crate::platform::people::Person;

/// What a subcommand knows.
pub struct Context<'a> {
    /// Who typed it.
    pub person: &'a Person,
    /// Where it was typed.
    pub place: Place<'a>,
    /// The team, or empty in direct and group channels.
    pub team_id: &'a str,
    /// Opens one dialog.
    pub trigger_id: &'a str,
    /// The client it was typed in, or empty.
    pub connection_id: &'a str,
    /// The words after the subcommand.
    pub words: &'a [&'a str],
}

/// A word that a person typed, as inline code that it cannot break out of, also in a table.
pub fn quoted(word: &str) -> String {
    let word: String = word
        .chars()
        .filter(|c| !matches!(c, '`' | '|'))
        .take(40)
        .collect();
    format!("`{word}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_stays_in_its_quotes() {
        assert_eq!(quoted("a`b"), "`ab`");
        assert_eq!(quoted("a|b"), "`ab`");
    }
}
