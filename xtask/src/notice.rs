//! NOTICE: who wrote what is inside of the bundle, and the licences under which they let us.
//!
//! The texts are the packages' own, as they are in their sources: MIT and BSD ask that the line with the
//! authors' names stays, so that a standard text will not do. Equal texts are given once. Some packages of a
//! project have no text of their own; they get that of a sibling, of the same repository or the same authors, with
//! the same licence.
//!
//! More parts are in every program and are no packages: Rust's standard library, whose notices come with the
//! compiler, below it, in the component, the C library for WASI, and what the linker of published executables adds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, at};
use crate::npm;
use crate::packages::Package;
use crate::run::sysroot;
use crate::zig::Part;

/// How the names of files with licences begin, in capitals.
const NAMES: [&str; 6] = [
    "LICENSE",
    "LICENCE",
    "COPYING",
    "COPYRIGHT",
    "NOTICE",
    "UNLICENSE",
];

/// What is linked into the component below Rust's standard library. It comes compiled with the toolchain,
/// without its texts: those that its licences name are given here, and where its authors' own files are.
const WASI_LIBC: &str = "wasi-libc, the C library of the target wasm32-wasip2: Apache-2.0 WITH LLVM-exception OR \
    Apache-2.0 OR MIT.\nIn it: musl (MIT, Copyright 2005-2020 Rich Felker, et al.), cloudlibc and libpreopen \
    (BSD-2-Clause),\ndlmalloc (CC0-1.0). The full notices: https://github.com/WebAssembly/wasi-libc\n";

/// What has to be said of one package.
struct Work {
    /// Name and version.
    title: String,
    licence: String,
    texts: Vec<String>,
}

/// The whole text. The same packages give the same bytes.
pub fn notice(
    packages: &[Package],
    scripts: &[npm::Package],
    parts: &[Part],
) -> Result<String, Error> {
    let documents = sysroot()?.join("share/doc/rust");
    let mut works = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package.linked && !package.own)
    {
        let texts = texts_of_package(package, packages)?;
        works.push(Work {
            title: format!("{} {}", package.name, package.version),
            licence: package.licence.clone(),
            texts,
        });
    }
    for script in scripts {
        works.push(Work {
            title: format!("{} {} (npm)", script.name, script.version),
            licence: script.licence.clone(),
            texts: found(&script.title(), texts(&script.folder)?)?,
        });
    }
    for part in parts {
        let files = match &part.text {
            Some(file) => vec![file.clone()],
            None => ["Apache-2.0", "LLVM-exception"]
                .map(|name| standard_text(&documents, name))
                .to_vec(),
        };
        let texts: Result<_, _> = files.iter().map(|file| licence(file)).collect();
        works.push(Work {
            title: title(part),
            licence: part.licence.to_owned(),
            texts: texts?,
        });
    }
    let mut text = compose(&works);
    let _ = write!(
        text,
        "\n{RULE}\nThe standard library of Rust\n{RULE}\n\n{}",
        standard_library(&documents)?
    );
    let _ = write!(
        text,
        "\n{RULE}\nThe C library for WASI\n{RULE}\n\n{WASI_LIBC}"
    );
    for name in ["MIT", "BSD-2-Clause", "LLVM-exception"] {
        let licence = licence(&standard_text(&documents, name))?;
        let _ = write!(text, "\n{name}\n\n{licence}");
    }
    Ok(text)
}

/// A part's name, its own version where that is known, and what brings it.
fn title(part: &Part) -> String {
    let version = part.own_version.iter();
    let version: String = version.map(|version| format!(" {version}")).collect();
    format!("{}{version} ({})", part.name, part.from)
}

/// Where the compiler's documents have a licence.
fn standard_text(documents: &Path, name: &str) -> PathBuf {
    documents.join(format!("licenses/{name}.txt"))
}

fn licence(file: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(file).map_err(at(file))?;
    Ok(tidy(&text))
}

/// What is around the headings.
const RULE: &str =
    "--------------------------------------------------------------------------------";

fn compose(works: &[Work]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order = Vec::new();
    let mut table = String::new();
    for work in works {
        let mut own = Vec::new();
        for text in &work.texts {
            let next = numbers.len() + 1;
            let number = *numbers.entry(text).or_insert(next);
            if number == next {
                order.push(text);
            }
            own.push(number.to_string());
        }
        let _ = writeln!(
            table,
            "{}: {} [{}]",
            work.title,
            work.licence,
            own.join(", ")
        );
    }
    let mut text = format!(
        "This bundle is licensed under the Apache License, Version 2.0: see LICENSE. It contains the software\n\
         of others that is listed here, each with its licence and the numbers of the texts below that came\n\
         with it. At the end are Rust's standard library and the C library for WASI.\n\n{table}"
    );
    for (index, licence) in order.into_iter().enumerate() {
        let _ = write!(text, "\n{RULE}\n[{}]\n{RULE}\n\n{licence}", index + 1);
    }
    text
}

fn texts_of_package(package: &Package, all: &[Package]) -> Result<Vec<String>, Error> {
    let own = texts(&package.folder)?;
    if !own.is_empty() {
        return Ok(own);
    }
    let siblings = all.iter().filter(|other| related(package, other));
    for sibling in siblings {
        let shared = texts(&sibling.folder)?;
        if !shared.is_empty() {
            return Ok(shared);
        }
    }
    found(&format!("{} {}", package.name, package.version), own)
}

/// Whether two packages are of one project, under one licence.
fn related(one: &Package, other: &Package) -> bool {
    let same_home = home(one).is_some() && home(one) == home(other);
    let same_authors = !one.authors.is_empty() && one.authors == other.authors;
    one.licence == other.licence && (same_home || same_authors)
}

/// A package's repository, without the folder in it that some add.
fn home(package: &Package) -> Option<&str> {
    package.repository.as_deref()?.split("/tree/").next()
}

fn found(title: &str, texts: Vec<String>) -> Result<Vec<String>, Error> {
    if texts.is_empty() {
        let text = format!(
            "{title} has no file with its licence, and neither has a package of the same project: \
             ask its authors for one, or do without it"
        );
        return Err(Error::Needed(text));
    }
    Ok(texts)
}

/// The licences in a package's folder, sorted by the names of their files.
fn texts(folder: &Path) -> Result<Vec<String>, Error> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        let is_code = [".RS", ".JS", ".TS"].iter().any(|end| name.ends_with(end));
        if NAMES.iter().any(|start| name.starts_with(start)) && !is_code && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let text = fs::read(&file).map_err(at(&file))?;
        let text = tidy(&String::from_utf8_lossy(&text));
        if !text.trim().is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

/// Without blanks at the ends of lines and empty lines around, in which copies of one text differ.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_matches('\n'))
}

/// The notices of the standard library and of what is linked into it, as the compiler brings them.
fn standard_library(documents: &Path) -> Result<String, Error> {
    let path = documents.join("COPYRIGHT-library.html");
    let page = fs::read_to_string(&path).map_err(at(&path))?;
    Ok(plain(&page))
}

/// The text of a page without its markup, one empty line at most between two others.
fn plain(page: &str) -> String {
    let mut text = String::new();
    for (index, piece) in page.split('<').enumerate() {
        // What is before the first mark is text; after it, text follows the end of each mark.
        let shown = match piece.split_once('>') {
            Some((_, shown)) if index > 0 => shown,
            _ if index > 0 => "",
            _ => piece,
        };
        text.push_str(shown);
    }
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    tidy(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Work, compose, notice, texts};
    use crate::packages::tests::{TARGET, sample};
    use crate::packages::{Package, packages};
    use crate::run::scratch;
    use crate::zig::Part;
    use std::fs;

    #[test]
    fn every_package_that_is_linked_is_named_with_its_licence_and_a_text() {
        let packages = packages(TARGET).unwrap();
        let text = notice(&packages, &[], &[]).unwrap();
        for package in &packages {
            let line = format!(
                "\n{} {}: {} [",
                package.name, package.version, package.licence
            );
            let listed = text.contains(&line);
            assert_eq!(listed, package.linked && !package.own, "{}", package.name);
        }
        for part in [
            "Rich Felker",
            "The Rust Project Developers",
            "Alex Crichton",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(!text.contains("</"), "markup");
        assert_eq!(text, notice(&packages, &[], &[]).unwrap(), "another time");
    }

    #[test]
    fn what_the_linker_adds_is_named_with_its_own_text_or_that_of_its_licence() {
        let folder = scratch("parts");
        let file = folder.join("COPYING");
        fs::write(&file, "as it is\n").unwrap();
        let part = |name, text| Part {
            name,
            own_version: None,
            from: "zig-1.2.3".to_owned(),
            licence: "MIT",
            text,
        };
        let musl = Part {
            own_version: Some("1.0.1".to_owned()),
            ..part("musl", Some(file.clone()))
        };
        let parts = [part("start", Some(file)), part("unwind", None), musl];
        let text = notice(&[], &[], &parts).unwrap();
        assert!(text.contains("start (zig-1.2.3): MIT [1]"), "{text}");
        assert!(text.contains("unwind (zig-1.2.3): MIT [2, 3]"));
        assert!(text.contains("musl 1.0.1 (zig-1.2.3): MIT [1]"));
        assert!(text.contains("\nas it is\n"));
        fs::remove_dir_all(folder).unwrap();
        assert!(notice(&[], &[], &parts).is_err(), "a text that is gone");
    }

    #[test]
    fn a_package_without_a_text_anywhere_is_an_error_that_names_it() {
        let folder = scratch("notice");
        let package = Package {
            folder: folder.clone(),
            ..sample("silent", &[])
        };
        let error = notice(&[package], &[], &[]).unwrap_err().to_string();
        assert!(error.contains("silent 1.0.0"), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn equal_texts_are_given_once_and_each_work_says_which_are_its_own() {
        let work = |title: &str, texts: &[&str]| Work {
            title: title.to_owned(),
            licence: "MIT".to_owned(),
            texts: texts.iter().map(|text| format!("{text}\n")).collect(),
        };
        let text = compose(&[work("a 1", &["one", "two"]), work("b 2", &["two", "three"])]);
        assert!(
            text.contains("a 1: MIT [1, 2]\nb 2: MIT [2, 3]\n"),
            "{text}"
        );
        assert_eq!(text.matches("\ntwo\n").count(), 1);
    }

    #[test]
    fn files_that_differ_only_in_blanks_are_one_text_and_code_is_none() {
        let folder = scratch("texts");
        for (name, content) in [
            ("LICENSE-MIT", "\nfree  \r\nfor all\n"),
            ("license.txt", "free\nfor all"),
            ("license.rs", "fn main() {}"),
            ("README.md", "hello"),
        ] {
            fs::write(folder.join(name), content).unwrap();
        }
        assert_eq!(texts(&folder).unwrap(), ["free\nfor all\n"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
