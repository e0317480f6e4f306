//! A slash command that somebody typed.

use crate::platform::channels::Place;
use crate::platform::people::Person;

/// The user, the place, and the arguments of a command.
pub struct CommandContext<'a> {
    /// The user who typed the command.
    pub person: &'a Person,
    /// The channel and thread in which it was typed.
    pub place: Place<'a>,
    /// The team, or empty in direct and group channels.
    pub team_id: &'a str,
    /// The ID with which one dialog can be opened.
    pub trigger_id: &'a str,
    /// The connection ID of the client, or empty.
    pub connection_id: &'a str,
    /// The words after the subcommand.
    pub words: &'a [&'a str],
}

/// User input as inline code. Characters that could end the code or a table cell are removed.
pub fn inline_code(word: &str) -> String {
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
    fn user_input_cannot_end_inline_code_or_a_table_cell() {
        assert_eq!(inline_code("a`b"), "`ab`");
        assert_eq!(inline_code("a|b"), "`ab`");
    }
}
