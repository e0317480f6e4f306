//! Turns the catalogs in `i18n` into Rust: one enum of all messages, and one table per language.
//!
//! The build fails if a catalog is not complete, and names the file and the key.

#[path = "src/text/catalog.rs"]
mod catalog;
#[path = "src/text/plural.rs"]
mod plural;

use std::error::Error;
use std::fs;
use std::path::Path;

/// The languages of the bot. English comes first: the other languages are compared with it.
const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "ja", "zh-CN"];

const FOLDER: &str = "i18n";

fn main() -> Result<(), Box<dyn Error>> {
    for path in [
        "build.rs",
        FOLDER,
        "src/text/catalog.rs",
        "src/text/plural.rs",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
    let generated = texts().and_then(|texts| {
        let texts = texts.iter().map(String::as_str);
        let sources: Vec<_> = LANGUAGES.into_iter().zip(texts).collect();
        catalog::generate(&sources)
    });
    match generated {
        Ok(code) => {
            let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
            fs::write(Path::new(&out).join("catalog.rs"), code)?;
        }
        Err(problems) => {
            for problem in problems {
                println!("cargo::error=guest/{FOLDER}/{problem}");
            }
        }
    }
    Ok(())
}

/// The files of all languages, if there are no others.
fn texts() -> Result<Vec<String>, Vec<String>> {
    let file = |tag: &str| format!("{tag}.json");
    let mut problems = Vec::new();
    for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !LANGUAGES.iter().any(|tag| name == *file(tag)) {
            problems.push(format!(
                "{}: not one of LANGUAGES in guest/build.rs",
                name.display()
            ));
        }
    }
    let mut texts = Vec::new();
    for name in LANGUAGES.map(file) {
        match fs::read_to_string(Path::new(FOLDER).join(&name)) {
            Ok(text) => texts.push(text),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    if problems.is_empty() {
        Ok(texts)
    } else {
        Err(problems)
    }
}
