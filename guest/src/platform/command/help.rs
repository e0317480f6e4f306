//! The text of `/zoom help`.

use super::subcommand::{Access, SUBCOMMANDS};
use crate::text::{self, Locale, Message};

/// A list of the subcommands that a user can run, and a link to the guides.
pub fn render(locale: Locale, account_wide: bool, is_system_admin: bool, guides: &str) -> String {
    let mut lines = vec![text::plain(locale, Message::HelpTitle)];
    for subcommand in &SUBCOMMANDS {
        let for_admins = subcommand.access == Access::SystemAdmins;
        if !subcommand.access.includes(account_wide, is_system_admin)
            || (for_admins && !is_system_admin)
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
        // A subcommand that needs a next word is explained by its next words.
        if subcommand.hint != "[action]" {
            explain(&[subcommand.name, subcommand.hint], subcommand.help);
        }
        for word in subcommand.next_words {
            explain(&[subcommand.name, word.name, word.hint], word.help);
        }
    }
    let guides = text::text(locale, Message::HelpGuides, &[("url", guides)]);
    format!("{}\n\n{guides}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm024_help_mentions_connect_only_to_users_who_may_connect() {
        let connects = |account_wide, admin| {
            render(Locale::En, account_wide, admin, "").contains("/zoom connect`")
        };
        assert!(connects(false, false) && connects(true, true));
        assert!(!connects(true, false));
    }

    #[test]
    fn zm020_every_subcommand_is_explained() {
        let help = render(Locale::En, false, false, "https://a.example/help.html");
        assert!(help.starts_with("###### "));
        assert_eq!(help.lines().count(), 1 + 5 + 3 + 2 + 2, "{help}");
        assert!(help.ends_with("read the [guides](https://a.example/help.html)."));
        let more = render(Locale::En, false, true, "");
        assert_eq!(more.lines().count(), 1 + 5 + 3 + 2 + 2 + 2 + 2, "{more}");
        assert!(help.contains("* `/zoom subscription add [meeting ID]` - "));
        assert!(!help.contains("channel-settings") && more.contains("`/zoom channel-settings`"));
        assert!(
            help.contains("* `/zoom start [meeting topic]` - ")
                && help.contains("* `/zoom settings` - ")
        );
    }
}
