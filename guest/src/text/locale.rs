//! The languages of the bot.

/// A language of the bot, which are those of the webapp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English; also for everyone whose language has no catalog.
    #[default]
    En,
    /// German.
    De,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Japanese.
    Ja,
    /// Chinese in simplified characters.
    ZhCn,
}

impl Locale {
    /// All languages.
    pub const ALL: [Locale; 6] = [
        Locale::En,
        Locale::De,
        Locale::Es,
        Locale::Fr,
        Locale::Ja,
        Locale::ZhCn,
    ];

    /// The language for one of Mattermost's tags, such as `de` or `pt-BR`: the language with this tag, or else the one
    /// with its first part, so that `de-AT` is German.
    ///
    /// `zh-TW` falls back to English, as in the webapp: it uses traditional characters, and the catalog has simplified ones.
    pub fn from_tag(tag: &str) -> Locale {
        let tag = tag.replace('_', "-");
        let language = tag.split('-').next().unwrap_or_default();
        let find = |tag: &str| {
            let mut all = Locale::ALL.into_iter();
            all.find(|locale| locale.tag().eq_ignore_ascii_case(tag))
        };
        find(&tag).or_else(|| find(language)).unwrap_or_default()
    }

    /// The tag of the language, as Mattermost and HTML write it.
    pub fn tag(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::De => "de",
            Locale::Es => "es",
            Locale::Fr => "fr",
            Locale::Ja => "ja",
            Locale::ZhCn => "zh-CN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Locale;

    #[test]
    fn f38_languages_are_found_by_their_tags() {
        for locale in Locale::ALL {
            assert_eq!(Locale::from_tag(locale.tag()), locale);
        }
        for (tag, locale) in [
            ("de-AT", Locale::De),
            ("fr_CA", Locale::Fr),
            ("es-419", Locale::Es),
            ("JA", Locale::Ja),
            ("zh_cn", Locale::ZhCn),
            ("zh-TW", Locale::En),
            ("en-AU", Locale::En),
            ("pt-BR", Locale::En),
            ("den", Locale::En),
            ("", Locale::En),
        ] {
            assert_eq!(Locale::from_tag(tag), locale, "{tag}");
        }
    }
}
