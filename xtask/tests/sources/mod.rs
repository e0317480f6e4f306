//! The Rust sources of this repository, for tests that read them.
#![allow(dead_code, reason = "not every test needs everything")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Adds all Rust files in a folder.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

/// A file of a crate.
struct Module {
    /// Its path in the crate without `.rs`, such as `/a/b`. For `a.rs` next to a folder `a`: `/a/mod`.
    file: String,
    tokens: Vec<String>,
}

/// By the path of the module, such as `/a/b`; empty for the crate's root.
type Modules = BTreeMap<String, Module>;

/// Pairs of files of a crate: the first uses a name that the second defines.
///
/// This counts paths that begin with `crate`, `super`, `self`, or a child module, in `use` and in code. It does
/// not count `mod child;`, names that a file only re-exports, and everything that [`tokens`] leaves out.
pub fn imports(src: &Path) -> BTreeSet<(String, String)> {
    let mut paths = Vec::new();
    sources(src, &mut paths);
    let modules: Modules = paths.iter().map(|path| module(src, path)).collect();
    let mut found = BTreeSet::new();
    for (module, Module { file, tokens }) in &modules {
        for path in used_paths(module, tokens, &modules) {
            let target = defining_file(&path, &modules);
            if file != target {
                found.insert((file.clone(), target.to_owned()));
            }
        }
    }
    found
}

fn module(src: &Path, path: &Path) -> (String, Module) {
    let stem = path.with_extension("");
    let stem = if stem.is_dir() {
        stem.join("mod")
    } else {
        stem
    };
    let file = format!("/{}", stem.strip_prefix(src).unwrap().display());
    let root = ["/mod", "/lib", "/main"]
        .iter()
        .find_map(|end| file.strip_suffix(end));
    let module = root.unwrap_or(&file).to_owned();
    let tokens = tokens(&fs::read_to_string(path).unwrap());
    (module, Module { file, tokens })
}

/// The words and punctuation marks of a file; `::` is one mark. Leaves out whole-line comments, string literals
/// that end on their line, and `mod tests`.
fn tokens(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut spaced = String::new();
    for line in code.lines().filter(|line| !line.trim().starts_with("//")) {
        let code: String = line.split('"').step_by(2).collect();
        for c in code.replace("::", "∷").chars() {
            if c.is_alphanumeric() || c == '_' {
                spaced.push(c);
            } else {
                spaced.extend([' ', c, ' ']);
            }
        }
        spaced.push('\n');
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

fn join(path: &str, word: &str) -> String {
    match word {
        "crate" => String::new(),
        "self" => path.into(),
        "super" => path[..path.rfind('/').unwrap_or(0)].into(),
        _ => format!("{path}/{word}"),
    }
}

/// The paths that a module uses, starting at the crate's root.
fn used_paths(module: &str, tokens: &[String], modules: &Modules) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = None::<String>;
    // Within a `use`: the path before each open brace, and whether it is a `pub use`.
    let (mut open, mut exported) = (Vec::new(), false);
    for window in tokens.windows(3) {
        let [before, word, after] = window else {
            continue;
        };
        match word.as_str() {
            "∷" => continue,
            "use" => exported = before == "pub" || before == ")",
            ";" => exported = false,
            "{" if before == "∷" => open.push(path.take()),
            "}" => drop(open.pop()),
            _ => {}
        }
        let start = || Some(join(module, word));
        // `super::name` in an inline module next to the inline module `name`.
        let inline = || tokens.windows(3).any(|tokens| tokens == ["mod", word, "{"]);
        path = match (before.as_str(), word.as_str()) {
            (_, "{" | "}" | "," | ";" | "use") => None,
            ("∷", _) => path
                .filter(|path| *path != join(module, "super") || !inline())
                .map(|path| join(&path, word)),
            ("{" | ",", _) if !open.is_empty() => open
                .last()
                .cloned()
                .flatten()
                .map(|path: String| join(&path, word)),
            _ if after != "∷" => None,
            (_, "crate" | "super" | "self") => start(),
            _ => start().filter(|path| modules.contains_key(path)),
        };
        let uses = !exported || tokens.iter().filter(|token| *token == word).count() > 1;
        if after != "∷" && uses {
            found.extend(path.clone());
        }
    }
    found
}

/// The file that defines the first name in a path that is not a module. A module that re-exports the name is not its
/// definition: then a file below the module is.
fn defining_file<'a>(path: &str, modules: &'a Modules) -> &'a str {
    const ITEMS: [&str; 7] = ["const", "enum", "fn", "static", "struct", "trait", "type"];
    let mut facade = path;
    while !modules.contains_key(facade) {
        facade = &facade[..facade.rfind('/').unwrap()];
    }
    let name = path[facade.len()..].split('/').nth(1).unwrap_or_default();
    let defines = |module: &Module| {
        let mut pairs = module.tokens.windows(2);
        pairs.any(
            |pair| matches!(pair, [item, word] if word == name && ITEMS.contains(&item.as_str())),
        )
    };
    let mut below = modules.iter().filter(|(path, _)| path.starts_with(facade));
    let found = below.find(|(_, module)| defines(module));
    found.map_or(&modules[facade].file, |(_, module)| &module.file)
}
