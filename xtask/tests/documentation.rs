//! Checks the documentation: link targets and named files exist, and messages in quotation marks are messages of the
//! plugin.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The sentences of the plugin that administrators and users read.
const CATALOGS: [&str; 2] = ["guest/i18n/en.json", "webapp/i18n/en.json"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// All source files below a folder with one of these suffixes.
fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "node_modules", "dist", "build"].contains(&name.as_str()) {
            if !name.starts_with('.') {
                files(&path, ends, found);
            }
        } else if ends.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// The documents, with their text outside of code blocks.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files(&root().join("docs"), &[".md"], &mut paths);
    for name in ["README", "CONTRIBUTING", "SECURITY", "CHANGELOG"] {
        paths.push(root().join(format!("{name}.md")));
    }
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let mut code = false;
        let prose = text.lines().filter(|line| {
            let fence = line.trim_start().starts_with("```");
            code ^= fence;
            !code && !fence
        });
        let prose = prose.collect::<Vec<_>>().join("\n");
        (path, prose)
    };
    paths.into_iter().map(read).collect()
}

/// The anchors of a document, as GitHub makes them.
fn anchors(prose: &str) -> BTreeSet<String> {
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter_map(|character| match character {
            ' ' => Some('-'),
            '-' | '_' => Some(character),
            other => other.is_alphanumeric().then_some(other),
        });
        kept.collect()
    };
    headings.map(anchor).collect()
}

/// The targets of links and pictures.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    let after = prose.split("](").skip(1);
    after.map(|rest| rest.split([')', ' ']).next().unwrap_or_default())
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

#[test]
fn every_link_leads_to_a_file_and_every_anchor_to_a_heading() {
    let documents = documents();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, prose) in &documents {
        for link in links(prose).filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => plain(&path.parent().unwrap().join(file)),
            };
            let document = documents.iter().find(|(path, _)| *path == target);
            let good = match document {
                Some((_, prose)) => anchor.is_empty() || anchors(prose).contains(anchor),
                None => anchor.is_empty() && target.exists(),
            };
            if !good {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 80, "{seen} links: the documents are not read");
}

#[test]
fn every_file_of_the_repository_that_is_named_exists() {
    let tops: Vec<_> = fs::read_dir(root()).unwrap().flatten().collect();
    let tops: Vec<_> = tops
        .iter()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !["target", "dist", "assets", ".git"].contains(&name.as_str()))
        .collect();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, prose) in documents() {
        for word in prose.split('`').skip(1).step_by(2) {
            let top = word.split_once('/').map_or("", |(top, _)| top);
            let named = tops.iter().any(|name| name == top);
            // Paths inside of a bundle and patterns are not paths of the repository.
            let built = ["server/", "webapp/dist"]
                .iter()
                .any(|begin| word.starts_with(begin));
            if named && !built && !word.contains(['*', '…', ' ', '{']) {
                seen += 1;
                if !root().join(word).exists() {
                    wrong.push(format!("{}: {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 60, "{seen} files: the documents are not read");
}

/// Every text of the sources and catalogs, each in one line.
fn texts() -> String {
    let mut paths: Vec<_> = CATALOGS.iter().map(|name| root().join(name)).collect();
    for folder in ["guest/src", "host/src"] {
        files(&root().join(folder), &[".rs"], &mut paths);
    }
    let mut all = String::new();
    for path in paths {
        // A line break in a Rust string skips the blanks of the next line.
        let text = fs::read_to_string(path).unwrap();
        let lines = text.split("\\\n").map(str::trim_start);
        all.extend(lines.chain(["\n"]));
    }
    all.replace("\\\"", "\"").replace("**", "")
}

#[test]
fn every_message_in_quotation_marks_is_a_message_of_the_plugin() {
    let texts = texts();
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, prose) in documents() {
        let guide = path
            .strip_prefix(root().join("docs"))
            .unwrap_or(Path::new(""));
        if !guide.starts_with("admin") && !guide.ends_with("user-guide.md") {
            continue;
        }
        // Texts of pictures are not messages.
        let lines = prose.lines().filter(|line| !line.contains("!["));
        let line = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        for quoted in line.split('"').skip(1).step_by(2) {
            seen += 1;
            if !texts.contains(quoted.trim_end_matches('.')) {
                wrong.push(format!("{}: {quoted}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 60, "{seen} messages: the guides are not read");
}
