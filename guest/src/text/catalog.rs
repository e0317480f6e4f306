//! Reads and checks the catalogs, and generates Rust code from them.
//!
//! The build script runs this; the component does not contain it. A catalog is one flat JSON object for one language. Its
//! keys are messages in snake case. Its values are texts in ICU MessageFormat, of which two features are supported:
//!
//! - `{name}`: a placeholder;
//! - `{name, plural, one {# minute} other {# minutes}}`: at most one per text. A plural is expanded here, so that the
//!   component chooses between two whole sentences and parses nothing.
//!
//! ICU's quotes (`''`, `'{'`) are refused: apostrophes stand for themselves, in ICU and here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};

use super::plural;

/// The Rust code for the catalogs, which are pairs of a language's tag and its JSON. The other catalogs are compared with
/// the first one.
///
/// # Errors
///
/// All problems, each beginning with the file's name.
pub fn generate(sources: &[(&str, &str)]) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    let catalogs: Vec<_> = sources
        .iter()
        .filter_map(|(tag, json)| match Catalog::read(tag, json) {
            Ok(catalog) => Some(catalog),
            Err(mut found) => {
                problems.append(&mut found);
                None
            }
        })
        .collect();
    if let Some((first, others)) = catalogs.split_first() {
        problems.extend(others.iter().flat_map(|catalog| first.compare(catalog)));
        if problems.is_empty() {
            return Ok(code(first, &catalogs));
        }
    }
    Err(problems)
}

/// One language.
struct Catalog<'a> {
    tag: &'a str,
    entries: Vec<(String, Template)>,
}

/// One text. Its placeholders are still in it.
#[derive(Debug, PartialEq, Eq)]
struct Template {
    /// The placeholder that is counted, and the text for one; both are absent if the text has one form only.
    one: Option<(String, String)>,
    /// The text for all other numbers.
    other: String,
    placeholders: BTreeSet<String>,
}

impl<'a> Catalog<'a> {
    fn read(tag: &'a str, json: &str) -> Result<Self, Vec<String>> {
        let pairs = pairs(json).map_err(|error| vec![format!("{tag}.json: {error}")])?;
        let mut problems = Vec::new();
        let mut keys = BTreeSet::new();
        let mut entries = Vec::new();
        for (key, text) in pairs {
            let problem = |what: &str| format!("{tag}.json: `{key}`: {what}");
            if !keys.insert(key.clone()) {
                problems.push(problem("the key is there twice"));
            }
            if !is_snake_case(&key) {
                problems.push(problem("the key is not in snake case"));
            }
            match Template::parse(tag, &text) {
                Ok(template) => entries.push((key, template)),
                Err(why) => problems.push(problem(&why)),
            }
        }
        if problems.is_empty() {
            Ok(Self { tag, entries })
        } else {
            Err(problems)
        }
    }

    fn get(&self, key: &str) -> Option<&Template> {
        let mut entries = self.entries.iter();
        entries
            .find(|(known, _)| known == key)
            .map(|(_, template)| template)
    }

    /// The differences of another language from this one.
    fn compare(&self, other: &Self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, what: String| {
            problems.push(format!("{}.json: `{key}`: {what}", other.tag));
        };
        for (key, template) in &self.entries {
            let Some(theirs) = other.get(key) else {
                problem(key, "the key is missing".to_owned());
                continue;
            };
            if template.placeholders != theirs.placeholders {
                let what = format!(
                    "the placeholders are {:?}, but {:?} in {}.json",
                    theirs.placeholders, template.placeholders, self.tag
                );
                problem(key, what);
            }
        }
        for (key, _) in &other.entries {
            if self.get(key).is_none() {
                problem(key, format!("the key is not in {}.json", self.tag));
            }
        }
        problems
    }
}

impl Template {
    fn parse(tag: &str, text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("the text is empty".to_owned());
        }
        if text.contains("''") || text.contains("'{") || text.contains("'}") {
            return Err("quoted braces and apostrophes are not supported".to_owned());
        }
        let (mut one, mut other) = (String::new(), String::new());
        let mut counted = None;
        let mut placeholders = BTreeSet::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, braces) = rest.split_at(at);
            let (inside, after) = braced(braces)?;
            let (for_one, for_other) = match inside.split_once(',') {
                None => {
                    let name = placeholder(inside)?;
                    placeholders.insert(name.to_owned());
                    (format!("{{{name}}}"), format!("{{{name}}}"))
                }
                Some((name, forms)) => {
                    let name = placeholder(name)?;
                    placeholders.insert(name.to_owned());
                    if counted.replace(name.to_owned()).is_some() {
                        return Err("there is more than one plural".to_owned());
                    }
                    plural_forms(tag, name, forms, &mut placeholders)?
                }
            };
            one.extend([before, &for_one]);
            other.extend([before, &for_other]);
            rest = after;
        }
        one.push_str(rest);
        other.push_str(rest);
        let one = counted
            .filter(|_| plural::has_one(tag))
            .map(|name| (name, one));
        Ok(Self {
            one,
            other,
            placeholders,
        })
    }
}

/// The forms `one` and `other` of a plural, from what follows its name and the comma. For a language without `one`
/// both are `other`.
fn plural_forms(
    tag: &str,
    name: &str,
    text: &str,
    placeholders: &mut BTreeSet<String>,
) -> Result<(String, String), String> {
    let malformed = || format!("the plural of `{name}` is malformed");
    let (kind, mut rest) = text.split_once(',').ok_or_else(malformed)?;
    if kind.trim() != "plural" {
        return Err(format!(
            "`{name}` has the unsupported type `{}`",
            kind.trim()
        ));
    }
    let (mut one, mut other) = (None, None);
    while let Some(at) = rest.find('{') {
        let (category, braces) = rest.split_at(at);
        let (inside, after) = braced(braces)?;
        let form = match category.trim() {
            "one" if plural::has_one(tag) => &mut one,
            "other" => &mut other,
            category => {
                return Err(format!(
                    "`{name}` has the category `{category}`, which {tag} does not have"
                ));
            }
        };
        if form
            .replace(plural_form(name, inside, placeholders)?)
            .is_some()
        {
            return Err(malformed());
        }
        rest = after;
    }
    if !rest.trim().is_empty() {
        return Err(malformed());
    }
    let lacks = |category| format!("the plural of `{name}` has no category `{category}`");
    let other = other.ok_or_else(|| lacks("other"))?;
    match one {
        Some(one) => Ok((one, other)),
        None if plural::has_one(tag) => Err(lacks("one")),
        None => Ok((other.clone(), other)),
    }
}

/// One form: `#` becomes the placeholder that is counted.
fn plural_form(
    name: &str,
    text: &str,
    placeholders: &mut BTreeSet<String>,
) -> Result<String, String> {
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (inside, after) = braced(rest.split_at(at).1)?;
        placeholders.insert(placeholder(inside)?.to_owned());
        rest = after;
    }
    Ok(text.replace('#', &format!("{{{name}}}")))
}

/// The text in the first pair of braces, and the text after it. The input begins with a brace.
fn braced(text: &str) -> Result<(&str, &str), String> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let inside = text.get(..at).and_then(|text| text.strip_prefix('{'));
            if let (Some(inside), Some(after)) = (inside, text.get(at + 1..)) {
                return Ok((inside, after));
            }
            break;
        }
    }
    Err("the braces do not match".to_owned())
}

fn placeholder(name: &str) -> Result<&str, String> {
    let name = name.trim();
    if is_snake_case(name) {
        Ok(name)
    } else {
        Err(format!("`{name}` is not the name of a placeholder"))
    }
}

fn is_snake_case(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split('_').all(is_word)
}

/// `zoom_not_connected` → `ZoomNotConnected`
fn variant(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for word in key.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

fn code(first: &Catalog<'_>, catalogs: &[Catalog<'_>]) -> String {
    let mut code = String::from(
        "/// One sentence.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Message {\n",
    );
    // Writing to a string does not fail.
    for (key, template) in &first.entries {
        let _ = writeln!(code, "#[doc = {:?}]\n{},", template.other, variant(key));
    }
    let names: Vec<_> = first
        .entries
        .iter()
        .map(|(key, _)| format!("Message::{}", variant(key)))
        .collect();
    let _ = writeln!(
        code,
        "}}\n\nimpl Message {{\n/// All sentences.\npub const ALL: [Message; {}] = [{}];\n}}",
        names.len(),
        names.join(", ")
    );
    for catalog in catalogs {
        let function = catalog.tag.to_ascii_lowercase().replace('-', "_");
        let _ = writeln!(
            code,
            "\npub fn {function}(message: Message) -> &'static Template {{\nmatch message {{"
        );
        for (key, template) in &catalog.entries {
            let other = &template.other;
            let arm = match &template.one {
                None => format!("Template::Text({other:?})"),
                Some((count, one)) => {
                    format!(
                        "Template::Plural {{ count: {count:?}, one: {one:?}, other: {other:?} }}"
                    )
                }
            };
            let _ = writeln!(code, "Message::{} => &{arm},", variant(key));
        }
        code.push_str("}\n}\n");
    }
    code
}

/// The object's pairs in their order, also those of a key that is there twice.
fn pairs(json: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object of texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(json);
    let pairs = deserializer.deserialize_map(Pairs)?;
    deserializer.end()?;
    Ok(pairs)
}
