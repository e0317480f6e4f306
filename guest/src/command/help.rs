//! `/zoom help`.

use super::{Context, SUBCOMMANDS};
use crate::bindings::types::Error;
use crate::text::{self, Locale, Message};

/// Says what the command can do.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    Ok(Some(render(context.person.locale)))
}

fn render(locale: Locale) -> String {
    let mut lines = vec![text::plain(locale, Message::HelpTitle)];
    for subcommand in &SUBCOMMANDS {
        let usage = [subcommand.name, subcommand.hint].join(" ");
        lines.push(format!(
            "* `/zoom {}` - {}",
            usage.trim_end(),
            text::plain(locale, subcommand.help)
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subcommand_is_explained() {
        let help = render(Locale::En);
        assert!(help.starts_with("###### "));
        assert_eq!(help.lines().count(), 1 + SUBCOMMANDS.len());
        assert!(
            help.contains("* `/zoom start [meeting topic]` - ")
                && help.contains("* `/zoom settings` - ")
        );
    }
}
