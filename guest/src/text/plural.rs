//! Plural forms, by the rules of Unicode CLDR for integers.
//!
//! The build script includes this file to know which forms a catalog needs. The component includes it to choose a form.

/// A plural category of ICU messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `one`
    One,
    /// `other`
    Other,
}

/// The form that `count` takes in the language of this tag.
pub fn form(tag: &str, count: u64) -> Form {
    match (tag, count) {
        ("ja" | "zh-CN", _) => Form::Other,
        ("fr", 0) | (_, 1) => Form::One,
        _ => Form::Other,
    }
}

/// Whether the language of this tag has the form `one`.
#[allow(dead_code, reason = "for the build script")]
pub fn has_one(tag: &str) -> bool {
    form(tag, 1) == Form::One
}
