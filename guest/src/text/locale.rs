//! The languages of the bot.

/// A language of the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English; also for everyone whose language has no catalog.
    #[default]
    En,
    /// German.
    De,
}

impl Locale {
    /// All languages.
    pub const ALL: [Locale; 2] = [Locale::En, Locale::De];

    /// The language for one of Mattermost's tags, such as `de`, `de-AT`, or `pt-BR`.
    pub fn from_tag(tag: &str) -> Locale {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("de") {
            Locale::De
        } else {
            Locale::En
        }
    }

    /// The tag of the language, as Mattermost and HTML write it.
    pub fn tag(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::De => "de",
        }
    }
}
