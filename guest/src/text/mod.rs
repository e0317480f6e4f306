//! All sentences that users read.
//!
//! The sentences are in `guest/i18n`, one JSON file per language. The build script checks them and generates [`Message`]
//! and one table per language; see `catalog.rs` for the format. Each event runs in a fresh instance, so at run time only
//! the placeholders of the shown sentence are parsed.
//!
//! To add a sentence, add its key to all files. Say what happened and what to do next.

#[cfg(test)]
mod catalog;
#[cfg(test)]
mod catalog_tests;
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
        Locale::Es => messages::es(message),
        Locale::Fr => messages::fr(message),
        Locale::Ja => messages::ja(message),
        Locale::ZhCn => messages::zh_cn(message),
    }
}

/// A sentence without values.
pub fn plain(locale: Locale, message: Message) -> String {
    text(locale, message, &[])
}

/// A sentence with its values. Values are inserted unchanged; braces in them have no meaning.
pub fn text(locale: Locale, message: Message, values: &[(&str, &str)]) -> String {
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
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
    filled(sentence, value)
}

fn filled<'a>(sentence: &str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut filled = String::with_capacity(sentence.len());
    let mut rest = sentence;
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

    /// The contents of the code spans of a text, up to the first bracket.
    fn code(text: &str) -> Vec<&str> {
        let spans = text.split('`').skip(1).step_by(2);
        let spans = spans.map(|span| span.split('[').next().unwrap());
        let mut spans: Vec<_> = spans.collect();
        spans.sort_unstable();
        spans
    }

    #[test]
    fn f38_commands_and_addresses_are_not_translated() {
        let literals = [
            "/zoom ",
            "https://",
            "mmctl user username zoom ",
            "mmctl user convert zoom --bot",
            "meeting:read:meeting",
            ":admin",
            "application/json",
            "\n| :-- | :-- |",
        ];
        for message in Message::ALL {
            let english = plain(Locale::En, message);
            for locale in Locale::ALL {
                let text = plain(locale, message);
                assert_eq!(code(&english), code(&text), "{message:?}: {text}");
                for literal in literals {
                    let count = |text: &str| text.matches(literal).count();
                    assert_eq!(count(&english), count(&text), "{message:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn f38_every_language_has_sentences_of_its_own() {
        // Where a translation is the same as in English, it is one word or a name.
        for locale in &Locale::ALL[1..] {
            for message in Message::ALL {
                let (english, text) = (plain(Locale::En, message), plain(*locale, message));
                assert!(
                    english != text || english.len() < 20,
                    "{locale:?} {message:?}: {text}"
                );
            }
        }
    }

    #[test]
    fn f38_german_and_spanish_address_the_reader_as_mattermost_does() {
        let formal = |locale, words: &[&str]| {
            let sentences = Message::ALL.iter().map(|message| plain(locale, *message));
            let found = sentences.filter(|text| {
                let mut parts = text.split(|c: char| !c.is_alphabetic());
                parts.any(|part| words.contains(&part))
            });
            found.collect::<Vec<_>>()
        };
        let none = Vec::<String>::new();
        let german = [
            "Sie", "Ihnen", "Ihr", "Ihre", "Ihrem", "Ihren", "Ihrer", "Ihres",
        ];
        assert_eq!(formal(Locale::De, &german), none);
        let spanish = [
            "usted",
            "Usted",
            "Su",
            "Sus",
            "Vaya",
            "Pida",
            "Ejecute",
            "Introduzca",
            "Inténtelo",
            "inténtelo",
        ];
        assert_eq!(formal(Locale::Es, &spanish), none);
    }

    #[test]
    fn sentences_that_other_code_recognizes_do_not_change() {
        let english = |message| plain(Locale::En, message);
        assert_eq!(english(Message::PostStarted), "I have started a meeting");
        assert_eq!(english(Message::PostEnded), "The meeting has ended.");
    }

    #[test]
    fn titles_and_labels_of_dialogs_fit_into_24_characters() {
        for locale in Locale::ALL {
            for message in [Message::ChannelSettingsTitle, Message::ChannelSettingsLabel] {
                let text = plain(locale, message);
                assert!(text.chars().count() <= 24, "{text}");
            }
        }
    }

    #[test]
    fn values_are_inserted_unchanged() {
        let values = [("action", "{action}")];
        let sentence = text(Locale::En, Message::CommandUnknown, &values);
        assert!(sentence.contains("{action}"), "{sentence}");
    }

    #[test]
    fn f38_numbers_take_the_form_of_the_language() {
        let ones = |tag: &str| -> Vec<u64> {
            let numbers = (0..=1000).chain([u64::MAX]);
            let ones = numbers.filter(|count| form(tag, *count) == Form::One);
            ones.collect()
        };
        for tag in ["en", "de", "es"] {
            assert_eq!(ones(tag), [1], "{tag}");
        }
        assert_eq!(ones("fr"), [0, 1]);
        for tag in ["ja", "zh-CN"] {
            assert!(ones(tag).is_empty() && !has_one(tag), "{tag}");
        }
    }

    #[test]
    fn f38_a_number_chooses_the_sentence() {
        let minutes = |locale, minutes| {
            let values = [("minutes", minutes)];
            text(locale, Message::ZoomRateLimitedMinutes, &values)
        };
        for (locale, number, part) in [
            (Locale::En, "1", "in 1 minute."),
            (Locale::En, "2", "in 2 minutes."),
            (Locale::De, "1", "in 1 Minute "),
            (Locale::De, "0", "in 0 Minuten "),
            (Locale::Es, "1", "de 1 minuto."),
            (Locale::Fr, "0", "dans 0 minute."),
            (Locale::Fr, "2", "dans 2 minutes."),
            (Locale::Ja, "1", "1分後"),
            (Locale::ZhCn, "117", " 117 分钟"),
            (Locale::En, "some", "in some minutes."),
        ] {
            let sentence = minutes(locale, number);
            assert!(sentence.contains(part), "{sentence}");
        }
    }
}
