//! `/zoom help`.

use super::{Context, SUBCOMMANDS};
use crate::bindings::types::Error;
use crate::text::{self, Locale, Message};

/// Says what the command can do.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    Ok(Some(render(
        context.person.locale,
        context.config.account_level,
        context.person.is_system_admin,
    )))
}

/// What this person can run.
fn render(locale: Locale, account_level: bool, is_system_admin: bool) -> String {
    let mut lines = vec![text::plain(locale, Message::HelpTitle)];
    for subcommand in &SUBCOMMANDS {
        if !subcommand.audience.includes(account_level, is_system_admin) {
            continue;
        }
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
    fn zm024_who_cannot_connect_reads_nothing_of_it() {
        let connects = |account_level, admin| {
            render(Locale::En, account_level, admin).contains("/zoom connect`")
        };
        assert!(connects(false, false) && connects(true, true));
        assert!(!connects(true, false));
    }

    #[test]
    fn every_subcommand_is_explained() {
        let help = render(Locale::En, false, false);
        assert!(help.starts_with("###### "));
        assert_eq!(help.lines().count(), 1 + SUBCOMMANDS.len());
        assert!(
            help.contains("* `/zoom start [meeting topic]` - ")
                && help.contains("* `/zoom settings` - ")
        );
    }
}
