//! `cargo xtask mutants`: runs cargo-mutants on security code.
//!
//! The unit tests of the crate run first, because they are fast. Mutants that they miss are tried again with the component
//! tests. Mutants that both miss must be explained in `tests/MUTANTS.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, at};
use crate::run::{read, root, run, shown, target};
use crate::source_copy::{cargo_in, copy_sources};
use crate::toolchain;

/// Some mutants loop forever. In seconds.
const TIMEOUT: &str = "240";
/// The package with the tests of components.
const COMPONENTS: &str = "component-tests";

/// Files and the tests that run for them.
struct Area {
    name: &'static str,
    files: &'static [&'static str],
    /// The package whose unit tests run first.
    package: &'static str,
    /// Component tests that run next: test programs and prefixes of test names.
    programs: &'static [&'static str],
    names: &'static [&'static str],
    /// Parts of the names of slow tests, which run last.
    long: &'static [&'static str],
}

const AREAS: [Area; 2] = [
    Area {
        name: "policy",
        files: &[
            "host/src/policy/allowed_hosts.rs",
            "host/src/policy/bot.rs",
            "host/src/policy/commands.rs",
            "host/src/policy/definition.rs",
            "host/src/policy/limits.rs",
            "host/src/policy/routes.rs",
            "host/src/policy/egress_addresses.rs",
            "host/src/policy/public_addresses.rs",
            "host/src/outgoing/proxies.rs",
        ],
        package: "mattermost-plugin-host",
        programs: &["hostile"],
        names: &[],
        long: &[],
    },
    Area {
        name: "guest",
        files: &[
            "guest/src/entry/webhook.rs",
            "guest/src/zoom/webhook/validation.rs",
            "guest/src/zoom/webhook/verify.rs",
            "guest/src/connection/*.rs",
            "guest/src/store/oauth_state.rs",
            "guest/src/store/tokens.rs",
            "guest/src/store/accounts.rs",
            "guest/src/store/connection.rs",
            "guest/src/store/locks.rs",
            "guest/src/store/organization.rs",
            "guest/src/store/zoom_user_index.rs",
            "guest/src/store/crypto.rs",
        ],
        package: "zoom-guest",
        programs: &["parity", "webhooks"],
        names: &[
            "connecting::",
            "deauthorization::",
            "existing_",
            "organization::",
            "recordings::",
            "retries::",
            "subscriptions::",
            "takeover::",
            "tokens::",
            "webhook",
        ],
        long: &["bad_days::", "fifty_", "after_any_failure"],
    },
];

/// Runs all areas or one. Fails if a missed mutant is not explained.
pub fn mutants(only: Option<&str>) -> Result<(), Error> {
    let areas = AREAS
        .iter()
        .filter(|area| only.is_none_or(|name| name == area.name));
    if areas.clone().next().is_none() {
        return Err(Error::Usage("usage: cargo xtask mutants [policy | guest]"));
    }
    toolchain::complete()?;
    let mut version = Command::new("cargo");
    if read(version.args(["mutants", "--version"])).is_none() {
        let install = toolchain::installs("cargo-mutants");
        let text = format!("this needs cargo-mutants: {install}");
        return Err(Error::Needed(text));
    }
    let folder = target().join("mutants");
    let copy = folder.join("sources");
    copy_sources(&copy)?;
    let path = root().join("tests/MUTANTS.md");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let explained = explained(&text);
    let mut missed = BTreeSet::new();
    for area in areas {
        let results = folder.join(area.name);
        if results.exists() {
            fs::remove_dir_all(&results).map_err(at(&results))?;
        }
        fs::create_dir_all(&results).map_err(at(&results))?;
        let own = ["--lib"].map(str::to_owned).to_vec();
        run_mutants(&copy, &folder, &results, area, area.package, own)?;
        let path = results.join("mutants.out/missed.txt");
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        if text.is_empty() {
            continue;
        }
        let mut words: Vec<String> = Vec::new();
        for program in area.programs {
            words.extend(["--test", program].map(str::to_owned));
        }
        words.push("--".to_owned());
        words.extend(area.names.iter().map(|name| (*name).to_owned()));
        if !area.long.is_empty() {
            let skipped = area.long.iter().flat_map(|name| ["--skip", name]);
            let mut short = words.clone();
            short.extend(skipped.map(str::to_owned));
            run_mutants(&copy, &folder, &results, area, COMPONENTS, short)?;
        }
        run_mutants(&copy, &folder, &results, area, COMPONENTS, words)?;
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        missed.extend(
            text.lines()
                .filter(|line| !line.is_empty())
                .map(without_place),
        );
    }
    let news: Vec<_> = missed.difference(&explained).cloned().collect();
    println!(
        "{} changes are noticed by no test, {} of them are explained in {}",
        missed.len(),
        missed.len() - news.len(),
        path.display()
    );
    if news.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "not explained:\n{}",
        news.join("\n")
    )))
}

/// One run of cargo-mutants, without the mutants that an earlier run caught.
fn run_mutants(
    copy: &Path,
    folder: &Path,
    results: &Path,
    area: &Area,
    package: &str,
    words: Vec<String>,
) -> Result<(), Error> {
    let build = folder.join("build");
    // cargo-mutants would run the unchanged tests of the mutated package instead of `package`.
    let mut unchanged = cargo_in(copy, &build);
    unchanged.args(["test", "--locked", "--package", package]);
    run(unchanged.args(&words))?;
    let mut mutants = cargo_in(copy, &build);
    mutants.args(["mutants", "--in-place", "--iterate", "--no-shuffle"]);
    mutants.args(["--baseline", "skip", "--colors", "never"]);
    mutants.args(["--timeout", TIMEOUT, "--output"]);
    mutants.arg(results);
    for file in area.files {
        mutants.args(["--file", file]);
    }
    mutants.args(["--package", area.package, "--test-package", package]);
    mutants.args(["--cargo-arg", "--locked", "--"]).args(words);
    println!("> {}", shown(&mutants));
    let status = mutants.status().map_err(at(copy))?;
    // 2: some were missed; 3: some timed out, which counts as caught.
    match status.code() {
        Some(0 | 2 | 3) => Ok(()),
        _ => Err(Error::Failed(format!("cargo mutants, {}", area.name))),
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
    items
        .filter_map(|item| item.split_once('`'))
        .map(|(change, _)| change.to_owned())
        .collect()
}

#[cfg(test)]
#[path = "../tests/unit/mutants.rs"]
mod tests;
