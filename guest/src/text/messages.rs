//! [`Message`] and the table of each language, which the build script generates from `guest/i18n`.

/// A sentence with its placeholders.
pub enum Template {
    /// One form.
    Text(&'static str),
    /// Two forms, of which a number chooses one.
    Plural {
        /// The placeholder with that number.
        count: &'static str,
        /// For the category `one` of the language.
        one: &'static str,
        /// For all other numbers.
        other: &'static str,
    },
}

include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
