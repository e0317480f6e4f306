//! Field names as Go's `encoding/json` matches them: in any case, with the long s and the Kelvin sign for letters.

use serde_json::Value;

/// All fields of an object that Go would read as this field.
pub(crate) fn fields<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter(move |(key, _)| is_field(key, name))
        .map(|(_, value)| value)
}

/// The same, mutable.
pub(crate) fn fields_mut<'a>(
    object: &'a mut Value,
    name: &str,
) -> impl Iterator<Item = &'a mut Value> {
    let fields = object.as_object_mut().into_iter().flatten();
    fields
        .filter(move |(known, _)| is_field(known, name))
        .map(|(_, value)| value)
}

/// Whether Go reads a key as the field of this name, which is in lower case.
pub(crate) fn is_field(key: &str, name: &str) -> bool {
    let folded = key.chars().map(|letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        letter => letter.to_ascii_lowercase(),
    });
    folded.eq(name.chars())
}

#[cfg(test)]
mod tests {
    use super::is_field;

    #[test]
    fn letters_that_go_folds_are_equal() {
        assert!(is_field("li\u{212a}e", "like") && is_field("action\u{17f}", "actions"));
        assert!(!is_field("lik", "like"));
    }
}
