//! NOTICE: the third-party software in the bundle and its licenses.
//!
//! The texts come from the packages' own sources, because MIT and BSD ask that the copyright line stays. Equal texts are
//! given once. A package without a text gets the standard text of its license if that license has no copyright line
//! (the crates of wasmtime); anything else is an error.
//!
//! Rust's standard library, wasi-libc, and what the linker adds are not packages and have sections of their own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::npm;
use crate::packages::Package;
use crate::run::sysroot;
use crate::zig::{LLVM_LICENSE, Part};

/// The prefixes of license file names, in capitals.
const NAMES: &str = "LICENSE LICENCE COPYING COPYRIGHT NOTICE UNLICENSE";

/// wasi-libc comes compiled with the toolchain and without its license texts.
const WASI_LIBC: &str = "wasi-libc, the C library of the target wasm32-wasip2: Apache-2.0 WITH LLVM-exception OR \
    Apache-2.0 OR MIT.\nIt contains musl (MIT, Copyright 2005-2020 Rich Felker, et al.), cloudlibc and libpreopen \
    (BSD-2-Clause),\nand dlmalloc (CC0-1.0). The full notices: https://github.com/WebAssembly/wasi-libc\n";

const RULE: &str =
    "--------------------------------------------------------------------------------";

/// One piece of software: its name and version, license, and license texts.
struct Work {
    title: String,
    license: String,
    texts: Vec<String>,
}

/// The whole text. The same packages give the same bytes.
pub fn notice(packages: &[Package], scripts: &[npm::Package], parts: &[Part]) -> Result<String> {
    let documents = sysroot()?.join("share/doc/rust");
    let standard = |name: &str| read(&documents.join(format!("licenses/{name}.txt")));
    let mut works = Vec::new();
    let mut add = |title: String, license: &str, mut texts: Vec<String>| {
        if texts.is_empty() && license == LLVM_LICENSE {
            texts = vec![standard("Apache-2.0")?, standard("LLVM-exception")?];
        }
        let found = !texts.is_empty();
        ensure!(
            found,
            "{title} has no license file: ask its authors for one, or remove it"
        );
        let license = license.to_owned();
        works.push(Work {
            title,
            license,
            texts,
        });
        Ok(())
    };
    for one in packages.iter().filter(|one| one.linked && !one.own) {
        let title = format!("{} {}", one.name, one.version);
        add(title, &one.license, texts(&one.folder)?)?;
    }
    for one in scripts {
        let title = format!("{} {} (npm)", one.name, one.version);
        add(title, &one.license, texts(&one.folder)?)?;
    }
    for part in parts {
        let version = part.own_version.as_ref();
        let version = version.map_or_else(String::new, |version| format!(" {version}"));
        let title = format!("{}{version} ({})", part.name, part.from);
        let texts: Result<_> = part.text.iter().map(|file| read(file)).collect();
        add(title, part.license, texts?)?;
    }
    let mut text = compose(&works);
    let page = documents.join("COPYRIGHT-library.html");
    let page = plain(&fs::read_to_string(&page)?);
    let section = |name: &str| format!("\n{RULE}\n{name}\n{RULE}\n\n");
    text += &(section("The standard library of Rust") + &page);
    text += &(section("The C library for WASI") + WASI_LIBC);
    for name in ["MIT", "BSD-2-Clause", "LLVM-exception"] {
        text += &format!("\n{name}\n\n{}", standard(name)?);
    }
    Ok(text)
}

fn compose(works: &[Work]) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut table, mut licenses) = (String::new(), String::new());
    for work in works {
        let mut own = Vec::new();
        for text in &work.texts {
            let next = numbers.len() + 1;
            let number = *numbers.entry(text).or_insert(next);
            if number == next {
                let _ = write!(licenses, "\n{RULE}\n[{number}]\n{RULE}\n\n{text}");
            }
            own.push(number.to_string());
        }
        let (title, license, own) = (&work.title, &work.license, own.join(", "));
        let _ = writeln!(table, "{title}: {license} [{own}]");
    }
    format!(
        "This bundle is licensed under the Apache License, Version 2.0: see LICENSE. It contains the software\n\
         of others that is listed here, each with its license and the numbers of the license texts below. At the\n\
         end are Rust's standard library and the C library for WASI.\n\n{table}{licenses}"
    )
}

/// The license texts in a package's folder, sorted by file name.
fn texts(folder: &Path) -> Result<Vec<String>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_uppercase();
        let is_code = [".RS", ".JS", ".TS"].iter().any(|end| name.ends_with(end));
        if NAMES.split(' ').any(|start| name.starts_with(start)) && !is_code && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let text = read(&file)?;
        if !text.trim().is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

fn read(file: &Path) -> Result<String> {
    let text = fs::read(file)?;
    Ok(tidy(&String::from_utf8_lossy(&text)))
}

/// Removes blanks at line ends and empty lines around the text, in which copies of one text differ.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n").trim_matches('\n'))
}

/// The text of an HTML page, with at most one empty line between two others.
fn plain(page: &str) -> String {
    let mut pieces = page.split('<');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    text.extend(pieces.filter_map(|piece| Some(piece.split_once('>')?.1)));
    let entities = "&lt; < &gt; > &quot; \" &#34; \" &#39; ' &#x27; ' &amp; &";
    for pair in entities.split(' ').collect::<Vec<_>>().chunks_exact(2) {
        if let [entity, character] = pair {
            text = text.replace(entity, character);
        }
    }
    let mut lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.dedup_by(|line, before| line.is_empty() && before.is_empty());
    tidy(&lines.join("\n"))
}

#[cfg(test)]
#[path = "../tests/unit/notice.rs"]
mod tests;
