//! The list of methods and types: `host/rpc/api/methods.txt` explains its lines.

/// One family of methods and types.
pub struct Family {
    /// The name of its module.
    pub name: String,
    /// Its subject.
    pub doc: String,
    /// Its methods.
    pub methods: Vec<Wanted>,
    /// Its types.
    pub types: Vec<Kept>,
}

/// A method that is to be generated.
pub struct Wanted {
    /// The Go name.
    pub name: String,
    /// The doc comment; empty for Go's own.
    pub doc: String,
    /// Nothing, or status 404, is no error.
    pub optional: bool,
    /// The answer is for the host alone.
    pub host: bool,
    /// Parameters that always have the same value.
    pub fixed: Vec<(String, String)>,
}

/// A type that is to be generated.
pub struct Kept {
    /// The Go name, with its package.
    pub go: String,
    /// The Rust name.
    pub rust: String,
    /// The doc comment.
    pub doc: String,
    /// The fields that are needed.
    pub fields: Vec<Field>,
}

/// A field that is needed.
pub struct Field {
    /// The Go name.
    pub go: String,
    /// The Rust name.
    pub rust: String,
    /// The doc comment.
    pub doc: String,
}

/// Reads the list. The error names the line.
pub fn parse(text: &str) -> Result<Vec<Family>, String> {
    let mut families = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        read(line, &mut families).ok_or_else(|| format!("the list has a wrong line: {line}"))?;
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
    let (go, renamed) = match head.trim().split_once(" = ") {
        Some((go, rust)) => (go.to_owned(), Some(rust.to_owned())),
        None => (head.trim().to_owned(), None),
    };
    if head.starts_with(' ') {
        let rust = renamed.unwrap_or_else(|| field_name(&go));
        let field = Field { go, rust, doc };
        family.types.last_mut()?.fields.push(field);
    } else if let Some((_, bare)) = go.split_once('.') {
        let rust = renamed.unwrap_or_else(|| bare.to_owned());
        family.types.push(Kept {
            go,
            rust,
            doc,
            fields: Vec::new(),
        });
    } else {
        family.methods.push(wanted(&go, doc)?);
    }
    Some(())
}

fn wanted(head: &str, doc: String) -> Option<Wanted> {
    let mut words = head.split_whitespace();
    let mut wanted = Wanted {
        name: words.next()?.to_owned(),
        doc,
        optional: false,
        host: false,
        fixed: Vec::new(),
    };
    for word in words {
        match word {
            "optional" => wanted.optional = true,
            "host" => wanted.host = true,
            _ => {
                let (name, value) = word.split_once('=')?;
                wanted.fixed.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    Some(wanted)
}

/// A field's Rust name: Rust has other keywords than Go.
fn field_name(go: &str) -> String {
    match snake(go).as_str() {
        "type" => "kind".to_owned(),
        "where" => "where_".to_owned(),
        name => name.to_owned(),
    }
}

/// A Go name in Rust's spelling: `IconURL` is `icon_url`.
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
mod tests {
    use super::{parse, snake};

    #[test]
    fn go_names_become_rust_names() {
        let cases = [
            ("KVSetWithOptions", "kv_set_with_options"),
            ("IconURL", "icon_url"),
            ("IPAddress", "ip_address"),
            ("RoleID", "role_id"),
            ("userIds", "user_ids"),
            ("PublishWebSocketEvent", "publish_web_socket_event"),
        ];
        for (go, rust) in cases {
            assert_eq!(snake(go), rust);
        }
    }

    #[test]
    fn a_line_that_makes_no_sense_is_named() {
        for line in ["GetUser", "[a]: x\nGetUser often", "[a]: x\n    Id: lost"] {
            let error = parse(line).err().unwrap_or_default();
            let last = line.lines().last().unwrap_or_default();
            assert!(error.ends_with(last), "{line:?} gave {error:?}");
        }
    }
}
