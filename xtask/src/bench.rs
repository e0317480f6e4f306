//! `cargo xtask bench`: measures parts of the host in memory, and whole bundles on a real server.
//!
//! The parts are the codec, an API call over a pipe, and an event in the sandbox. The bundles are ours, a minimal Go plugin
//! as the baseline, and those named on the command line. See `plugin_tests::bench`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use plugin_tests::bench::{Amount, Options, run as compare};
use plugin_tests::site::explain;

use crate::platforms::LINUX;
use crate::run::{cargo_with, command, go, read, root, run, target, variable};
use crate::zig::Zig;
use crate::{bundle, instructions, toolchain};

const USAGE: &str = "usage: cargo xtask bench [--smoke] [--pieces | --whole | --instructions] [--rounds N] [--drift N] [BUNDLE…]

  --pieces     only the parts, in memory
  --whole      only the comparison on a server
  --instructions  count the instructions of the parts with valgrind, instead of measuring time
  --smoke      everything once, with a few events, to check that it works
  --rounds N   rounds, each of which measures every bundle (5)
  --drift N    events over which the growth of memory is measured (100000)
  BUNDLE       another bundle; bundles with the same id replace each other on the server in turn

The bundles are built first, like releases. The parts are linked to this machine's C library and allocator.
PLUGIN_BUNDLE names a prebuilt bundle, and HELLO_EXECUTABLE a prebuilt executable of tests/guests/hello.";

/// Measures and prints.
pub fn bench(words: &[&str]) -> Result<()> {
    let (amount, others) = arguments(words)?;
    let has = |option| words.contains(&option);
    if has("--instructions") {
        return instructions::instructions();
    }
    if !has("--whole") {
        pieces(has("--smoke"))?;
    }
    if has("--pieces") {
        return Ok(());
    }
    let hello = match variable("HELLO_EXECUTABLE") {
        Some(named) => PathBuf::from(named),
        None => bundle::hello(Some(&Zig::install()?))?,
    };
    let subject = match variable("PLUGIN_BUNDLE") {
        Some(named) => PathBuf::from(named),
        None => bundle::tried(&[&LINUX], Some(&Zig::install()?))?.bundle,
    };
    whole(&subject, &hello, others, amount)
}

/// Runs the benchmarks of the parts once, to check that they work.
pub fn try_pieces() -> Result<()> {
    pieces(true)
}

/// Runs the comparison with few events, to check that it works: a bundle and the executable of `tests/guests/hello`.
pub fn try_whole(bundle: &Path, hello: &Path) -> Result<()> {
    whole(bundle, hello, Vec::new(), Amount::SMOKE)
}

fn whole(subject: &Path, hello: &Path, others: Vec<PathBuf>, amount: Amount) -> Result<()> {
    let options = Options {
        subject: subject.to_owned(),
        hello: bundle::small("hello", &bundle::hello_manifest(), hello)?,
        baseline: baseline()?,
        others,
        amount,
        logs: target().join("bench/logs"),
    };
    let began = Instant::now();
    let mut progress = |line: &str| println!("{:>6.1} s  {line}", began.elapsed().as_secs_f64());
    let report = compare(&options, &mut progress).map_err(|error| anyhow!(explain(&error)))?;
    println!("\n{}\n\n{report}", machine());
    Ok(())
}

fn pieces(smoke: bool) -> Result<()> {
    toolchain::complete()?;
    let mut pieces = cargo_with("bench --locked --profile release");
    pieces.args(instructions::PIECES);
    if smoke {
        pieces.args(["--", "--smoke"]);
    }
    run(&mut pieces)
}

fn arguments(words: &[&str]) -> Result<(Amount, Vec<PathBuf>)> {
    let smoke = words.contains(&"--smoke");
    let mut amount = if smoke { Amount::SMOKE } else { Amount::FULL };
    let mut others = Vec::new();
    let mut words = words.iter();
    let number = |word: Option<&&str>| word.and_then(|word| word.parse().ok());
    while let Some(word) = words.next() {
        match *word {
            "--smoke" | "--pieces" | "--whole" | "--instructions" => {}
            "--rounds" => amount.rounds = number(words.next()).context(USAGE)?,
            "--drift" => amount.drift = number(words.next()).context(USAGE)?,
            option if option.starts_with('-') => bail!(USAGE),
            bundle => others.push(PathBuf::from(bundle)),
        }
    }
    match others.iter().find(|bundle| !bundle.is_file()) {
        Some(bundle) => bail!("there is no {}", bundle.display()),
        None => Ok((amount, others)),
    }
}

/// Builds the baseline plugin like a release: static and stripped.
fn baseline() -> Result<PathBuf> {
    let folder = "tests/bench/go-baseline";
    let executable = target().join("bench/go-baseline");
    run(&mut go("vet .", folder))?;
    let mut build = go("build -trimpath -buildvcs=false -o", folder);
    build.arg(&executable).args(["-ldflags", "-s -w", "."]);
    run(build.env("CGO_ENABLED", "0"))?;
    let manifest = root().join(folder).join("plugin.json");
    bundle::small("go-baseline", &manifest, &executable)
}

/// The machine of the measurement.
fn machine() -> String {
    let text = |path: &str| fs_err::read_to_string(Path::new(path)).unwrap_or_default();
    let info = text("/proc/cpuinfo");
    let mut lines = info.lines();
    let model = lines.find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let (_, model) = model.unwrap_or(("", "an unknown processor"));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = text("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let go = read(&mut command("go version")).unwrap_or_default();
    format!(
        "{cores} cores of {model}, load {load} at the end; {go}, CGO_ENABLED=0 -trimpath -ldflags '-s -w'"
    )
}
