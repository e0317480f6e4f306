//! `/zoom help`.

use super::{Context, For, SUBCOMMANDS};
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
        let managing = subcommand.audience == For::Managing;
        if !subcommand.audience.includes(account_level, is_system_admin)
            || (managing && !is_system_admin)
        {
            continue;
        }
        let mut explain = |usage: &[&str], help| {
            let usage = usage.join(" ");
            lines.push(format!(
                "* `/zoom {}` - {}",
                usage.trim_end(),
                text::plain(locale, help)
            ));
        };
        // What does nothing alone is explained by what follows it.
        if subcommand.hint != "[action]" {
            explain(&[subcommand.name, subcommand.hint], subcommand.help);
        }
        for below in subcommand.below {
            explain(&[subcommand.name, below.name, below.hint], below.help);
        }
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
    fn zm020_every_subcommand_is_explained() {
        let help = render(Locale::En, false, false);
        assert!(help.starts_with("###### "));
        assert_eq!(help.lines().count(), 1 + 5 + 3, "{help}");
        let more = render(Locale::En, false, true);
        assert_eq!(more.lines().count(), 1 + 5 + 3 + 2, "{more}");
        assert!(help.contains("* `/zoom subscription add [meeting ID]` - "));
        assert!(!help.contains("channel-settings") && more.contains("`/zoom channel-settings`"));
        assert!(
            help.contains("* `/zoom start [meeting topic]` - ")
                && help.contains("* `/zoom settings` - ")
        );
    }
}
