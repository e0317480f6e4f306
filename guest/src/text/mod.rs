//! Every sentence that a person reads.
//!
//! The sentences are in `guest/i18n`, one JSON file per language. The build script checks them and generates
//! [`Message`] and one table per language; see `catalog.rs` for the format. Nothing is parsed at run time but the
//! placeholders of the one sentence that is shown, because each event runs in a fresh instance.
//!
//! To add a sentence, add its key to all files. Say what happened and what to do next.

#[cfg(test)]
mod catalog;
mod locale;
mod messages;
mod plural;

pub use locale::Locale;
pub use messages::Message;

use messages::Template;

fn template(locale: Locale, message: Message) -> &'static Template {
    match locale {
        Locale::En => messages::en(message),
        Locale::De => messages::de(message),
    }
}

/// A sentence without values.
pub fn plain(locale: Locale, message: Message) -> String {
    text(locale, message, &[])
}

/// A sentence with its values. Values are inserted unchanged; braces in them have no meaning.
pub fn text(locale: Locale, message: Message, values: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let mut values = values.iter();
        values
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let sentence = match template(locale, message) {
        Template::Text(text) => text,
        Template::Plural { count, one, other } => {
            let count = value(count).and_then(|count| count.parse().ok());
            match count.map(|count| plural::form(locale.tag(), count)) {
                Some(plural::Form::One) => one,
                _ => other,
            }
        }
    };
    let mut filled = String::with_capacity(sentence.len());
    let mut rest = *sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        filled.push_str(value(name).unwrap_or_default());
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::plural::{Form, form, has_one};
    use super::*;

    #[test]
    fn what_must_not_be_translated_is_in_every_language() {
        for message in Message::ALL {
            let english = plain(Locale::En, message);
            for word in ["/zoom settings", "/zoom connect", "/zoom start"] {
                for locale in Locale::ALL {
                    let text = plain(locale, message);
                    assert_eq!(
                        english.contains(word),
                        text.contains(word),
                        "{message:?}: {word}"
                    );
                }
            }
        }
    }

    #[test]
    fn values_are_inserted_unchanged() {
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

    #[test]
    fn f38_numbers_take_the_form_of_the_language() {
        let ones = |tag: &str| -> Vec<u64> {
            let numbers = (0..=1000).chain([u64::MAX]);
            numbers
                .filter(|count| form(tag, *count) == Form::One)
                .collect()
        };
        for tag in ["en", "de", "es"] {
            assert_eq!(ones(tag), [1], "{tag}");
        }
        assert_eq!(ones("fr"), [0, 1]);
        for tag in ["ja", "zh-CN"] {
            assert!(ones(tag).is_empty(), "{tag}");
            assert!(!has_one(tag), "{tag}");
        }
    }
}
