//! The list of methods and types: `host/rpc/api/methods.txt` explains its lines.

use anyhow::{Context as _, Result};

/// One family of methods and types.
pub struct Family {
    /// The name of the module.
    pub name: String,
    /// The subject.
    pub doc: String,
    /// The methods.
    pub methods: Vec<ListedMethod>,
    /// The types.
    pub types: Vec<ListedType>,
}

/// A method to generate.
pub struct ListedMethod {
    /// The Go name.
    pub name: String,
    /// The doc comment. If it is empty, Go's doc comment is used.
    pub doc: String,
    /// A nil pointer and status 404 are `None`.
    pub optional: bool,
    /// Only the host may see the reply.
    pub host: bool,
    /// Parameters that always have the same value.
    pub fixed: Vec<(String, String)>,
}

/// A type to generate.
pub struct ListedType {
    /// The Go name with the package.
    pub go: String,
    /// The Rust name.
    pub rust: String,
    /// The doc comment.
    pub doc: String,
    /// The fields to generate.
    pub fields: Vec<Field>,
}

/// A field to generate.
pub struct Field {
    /// The Go name.
    pub go: String,
    /// The Rust name.
    pub rust: String,
    /// The doc comment.
    pub doc: String,
}

/// Parses the list. An error contains the line.
pub fn parse(text: &str) -> Result<Vec<Family>> {
    let mut families = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        let read = read(line, &mut families);
        read.with_context(|| format!("the list has an invalid line: {line}"))?;
    }
    Ok(families)
}

fn read(line: &str, families: &mut Vec<Family>) -> Option<()> {
    let (head, doc) = line.split_once(':').unwrap_or((line, ""));
    let doc = doc.trim().to_owned();
    if let Some(name) = head.strip_prefix('[') {
        families.push(Family {
            name: name.strip_suffix(']')?.to_owned(),
            doc,
            methods: Vec::new(),
            types: Vec::new(),
        });
        return Some(());
    }
    let family = families.last_mut()?;
    let (go, renamed) = head.trim().split_once(" = ").unwrap_or((head.trim(), ""));
    let rust = |usual: String| {
        if renamed.is_empty() {
            usual
        } else {
            renamed.to_owned()
        }
    };
    let go = go.to_owned();
    if head.starts_with(' ') {
        let rust = rust(field_name(&go));
        family
            .types
            .last_mut()?
            .fields
            .push(Field { go, rust, doc });
    } else if let Some((_, bare)) = go.split_once('.') {
        let (rust, fields) = (rust(bare.to_owned()), Vec::new());
        family.types.push(ListedType {
            go,
            rust,
            doc,
            fields,
        });
    } else {
        family.methods.push(method(&go, doc)?);
    }
    Some(())
}

fn method(head: &str, doc: String) -> Option<ListedMethod> {
    let (name, options) = head.split_once(' ').unwrap_or((head, ""));
    let options: Vec<&str> = options.split_whitespace().collect();
    let fixed = options
        .iter()
        .filter(|word| !["optional", "host"].contains(word));
    let fixed = fixed.map(|word| {
        word.split_once('=')
            .map(|(name, value)| (name.into(), value.into()))
    });
    Some(ListedMethod {
        name: name.to_owned(),
        doc,
        optional: options.contains(&"optional"),
        host: options.contains(&"host"),
        fixed: fixed.collect::<Option<_>>()?,
    })
}

/// The Rust name of a field. Rust has other keywords than Go.
fn field_name(go: &str) -> String {
    match snake(go).as_str() {
        "type" => "kind".to_owned(),
        "where" => "where_".to_owned(),
        name => name.to_owned(),
    }
}

/// Converts a Go name to snake case: `IconURL` becomes `icon_url`.
pub fn snake(go: &str) -> String {
    let letters: Vec<char> = go.chars().collect();
    let mut name = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let follows_word = before.is_some_and(|one| !one.is_uppercase());
        let begins_word = letters.get(at + 1).is_some_and(|one| one.is_lowercase());
        if letter.is_uppercase() && before.is_some() && (follows_word || begins_word) {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

#[cfg(test)]
mod tests;
