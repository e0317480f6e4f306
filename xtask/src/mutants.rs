//! `cargo xtask mutants`: runs cargo-mutants on the areas of `tests/mutants.toml`.
//!
//! The unit tests of the crate run first, because they are fast. Mutants that they miss are tried again with the component
//! tests. Mutants that both miss must be explained in `tests/MUTANTS.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use serde::Deserialize;

use crate::run::{read, root, run, shown, target};
use crate::source_copy::{cargo_in, copy_sources};
use crate::toolchain;

/// Some mutants loop forever. In seconds.
const TIMEOUT: &str = "240";
/// The package with the tests of components.
const COMPONENTS: &str = "component-tests";

/// Files and the tests that run for them: `tests/mutants.toml` describes the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Area {
    files: Vec<String>,
    package: String,
    programs: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    long: Vec<String>,
}

fn areas() -> Result<BTreeMap<String, Area>> {
    let text = fs::read_to_string(root().join("tests/mutants.toml"))?;
    toml::from_str(&text).context("tests/mutants.toml")
}

/// Runs all areas or one. Fails if a missed mutant is not explained.
pub fn mutants(only: Option<&str>) -> Result<()> {
    let mut areas = areas()?;
    areas.retain(|name, _| only.is_none_or(|only| only == name));
    ensure!(!areas.is_empty(), "tests/mutants.toml has no such area");
    toolchain::complete()?;
    if read(Command::new("cargo").args(["mutants", "--version"])).is_none() {
        bail!(
            "this needs cargo-mutants: {}",
            toolchain::installs("cargo-mutants")
        );
    }
    let folder = target().join("mutants");
    let copy = folder.join("sources");
    copy_sources(&copy)?;
    let explained = explained(&fs::read_to_string(root().join("tests/MUTANTS.md"))?);
    let mut missed = BTreeSet::new();
    for (name, area) in &areas {
        let results = folder.join(name);
        if results.exists() {
            fs::remove_dir_all(&results)?;
        }
        fs::create_dir_all(&results)?;
        let runner = Runner {
            folder: &folder,
            copy: &copy,
            results: &results,
            area,
        };
        runner.run(&area.package, &["--lib"])?;
        if runner.missed()?.is_empty() {
            continue;
        }
        let programs = area.programs.iter().flat_map(|program| ["--test", program]);
        let names = area.names.iter().map(String::as_str);
        let words: Vec<&str> = programs.chain(["--"]).chain(names).collect();
        if !area.long.is_empty() {
            let skipped = area.long.iter().flat_map(|name| ["--skip", name]);
            let short: Vec<&str> = words.iter().copied().chain(skipped).collect();
            runner.run(COMPONENTS, &short)?;
        }
        runner.run(COMPONENTS, &words)?;
        missed.extend(runner.missed()?);
    }
    let news: Vec<_> = missed.difference(&explained).cloned().collect();
    println!(
        "{} changes are noticed by no test, {} of them are explained in tests/MUTANTS.md",
        missed.len(),
        missed.len() - news.len()
    );
    ensure!(news.is_empty(), "not explained:\n{}", news.join("\n"));
    Ok(())
}

struct Runner<'a> {
    folder: &'a Path,
    copy: &'a Path,
    results: &'a Path,
    area: &'a Area,
}

impl Runner<'_> {
    /// One run of cargo-mutants with tests of a package, without the mutants that an earlier run caught.
    fn run(&self, package: &str, words: &[&str]) -> Result<()> {
        let build = self.folder.join("build");
        // cargo-mutants would run the unchanged tests of the mutated package instead of `package`.
        let mut unchanged = cargo_in(self.copy, &build);
        unchanged.args(["test", "--locked", "--package", package]);
        run(unchanged.args(words))?;
        let mut mutants = cargo_in(self.copy, &build);
        mutants.args(["mutants", "--in-place", "--iterate", "--no-shuffle"]);
        mutants.args(["--baseline", "skip", "--colors", "never"]);
        mutants.args(["--timeout", TIMEOUT, "--output"]);
        mutants.arg(self.results);
        mutants.args(self.area.files.iter().flat_map(|file| ["--file", file]));
        mutants.args(["--package", &self.area.package, "--test-package", package]);
        mutants.args(["--cargo-arg", "--locked", "--"]).args(words);
        println!("> {}", shown(&mutants));
        // 2: some were missed; 3: some timed out, which counts as caught.
        let code = mutants.status()?.code();
        ensure!(matches!(code, Some(0 | 2 | 3)), "cargo mutants failed");
        Ok(())
    }

    /// The mutants that no test has caught yet.
    fn missed(&self) -> Result<BTreeSet<String>> {
        let text = fs::read_to_string(self.results.join("mutants.out/missed.txt"))?;
        let lines = text.lines().filter(|line| !line.is_empty());
        Ok(lines.map(without_place).collect())
    }
}

/// A mutant without its line and column: `file.rs:1:2: replace …`.
fn without_place(line: &str) -> String {
    let Some((file, rest)) = line.split_once(".rs:") else {
        return line.to_owned();
    };
    let change = rest.split_once(": ").map_or(rest, |(_, change)| change);
    format!("{file}.rs: {change}")
}

/// The explained mutants: the first backquoted text of each list item.
fn explained(text: &str) -> BTreeSet<String> {
    let items = text.lines().filter_map(|line| line.strip_prefix("- `"));
    let changes = items.filter_map(|item| item.split_once('`'));
    changes.map(|(change, _)| change.to_owned()).collect()
}

#[cfg(test)]
#[path = "../tests/unit/mutants.rs"]
mod tests;
