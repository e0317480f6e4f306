//! Every sentence that a person reads.
//!
//! A sentence has a message id, which is a variant of [`Message`], and a text in each language. The
//! compiler sees to it that none is missing. Places for values are written `{name}`. Sentences say what
//! happened and what to do next.

mod de;
mod en;
mod message;

pub use message::Message;

/// A language that we speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    /// English; also for everybody whose language we do not speak.
    #[default]
    En,
    /// German.
    De,
}

impl Locale {
    /// The language of a tag such as `de` or `pt-BR`.
    pub fn from_tag(tag: &str) -> Locale {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("de") {
            Locale::De
        } else {
            Locale::En
        }
    }

    /// The tag of the language.
    pub fn tag(self) -> &'static str {
        match self {
            Locale::En => "en",
            Locale::De => "de",
        }
    }

    fn template(self, message: Message) -> &'static str {
        match self {
            Locale::En => en::template(message),
            Locale::De => de::template(message),
        }
    }
}

/// A sentence without values.
pub fn plain(locale: Locale, message: Message) -> String {
    locale.template(message).to_owned()
}

/// A sentence with its values. Values are put in as they are; braces in them mean nothing.
pub fn text(locale: Locale, message: Message, values: &[(&str, &str)]) -> String {
    let mut rest = locale.template(message);
    let mut filled = String::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        let value = values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value);
        filled.push_str(value.unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(template: &str) -> BTreeSet<&str> {
        template
            .split('{')
            .skip(1)
            .filter_map(|part| part.split_once('}').map(|(name, _)| name))
            .collect()
    }

    #[test]
    fn d36_every_language_has_every_place_of_every_sentence() {
        for message in Message::ALL {
            let (en, de) = (Locale::En.template(message), Locale::De.template(message));
            assert!(!en.is_empty() && !de.is_empty(), "{message:?}");
            assert_eq!(places(en), places(de), "{message:?}");
        }
    }

    #[test]
    fn what_must_not_be_translated_is_in_every_language() {
        for message in Message::ALL {
            for word in [
                "/zoom settings",
                "/zoom connect",
                "/zoom start",
                "OAuthClientID",
                "ZoomWebhookSecret",
                "SiteURL",
            ] {
                let (en, de) = (Locale::En.template(message), Locale::De.template(message));
                assert_eq!(en.contains(word), de.contains(word), "{message:?}: {word}");
            }
        }
    }

    #[test]
    fn values_are_put_in_as_they_are() {
        let sentence = text(
            Locale::En,
            Message::CommandUnknown,
            &[("action", "{action}")],
        );
        assert!(sentence.contains("{action}"), "{sentence}");
    }

    #[test]
    fn d36_languages_are_found_by_their_tags() {
        assert_eq!(Locale::from_tag("de"), Locale::De);
        assert_eq!(Locale::from_tag("de-AT"), Locale::De);
        for tag in ["", "en", "den", "pt-BR"] {
            assert_eq!(Locale::from_tag(tag), Locale::En, "{tag}");
        }
    }
}
