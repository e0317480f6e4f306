//! The chores of the project: `cargo xtask dist | demo | test | fuzz | guards | mutants | bench | browser | gallery | sign |
//! deploy | logs | reset | watch | reproduce | imports | api | parity | advisories | reach`.
//!
//! The Makefile is a thin front door to this program. Everything it does is done by the tools that a
//! developer would call by hand (cargo, go, git, curl), and each command is printed before it runs, so
//! that a failing step can be repeated alone.
#![allow(clippy::print_stdout, reason = "a program for a terminal prints")]

mod advisories;
mod api;
mod bench;
mod bundle;
mod checksums;
mod codesign;
mod demo;
mod deploy;
mod embedded;
mod emulator;
mod env_check;
mod error;
mod fuzz;
mod guards;
mod imports;
mod inspect;
mod instructions;
mod logs;
mod mutants;
mod notice;
mod npm;
mod packages;
mod parity;
mod path_leaks;
mod platforms;
mod reach;
#[cfg(test)]
mod readme_test;
mod reproduce;
mod run;
mod sbom;
mod sign;
mod source_copy;
mod suites;
mod test_summary;
mod toolchain;
mod version;
mod watch;
mod webapp;
mod zig;

use std::path::Path;
use std::process::ExitCode;

use error::Error;

const USAGE: &str = "usage: cargo xtask COMMAND

  dist [--here]    build the bundle dist/zoom-VERSION.tar.gz, and what is published with it; signed with
                   the gpg key that PLUGIN_SIGNING_KEY names; --here for this machine alone, in target/bundle
  reproduce        build twice, in two places, and compare
  demo [--keep]    start everything, play the story of a meeting, say what was seen
  test             run all that CI runs
  fuzz [SECONDS]   look for bytes that harm the wire, so long for each target
  guards [WORD…]   take every guard of the host out, one at a time: does a test fail?
  mutants [AREA]   change the code that trust depends on, a little at a time: does a test fail? AREA: policy, guest
  emulated         the executables for linux-arm64 and Windows, in emulators, under Mattermost's supervisor
  browser [FILTER]   run the browser suite alone, on a fresh bundle
  screens          take the screenshots of the gallery anew
  figures          measure the webapp
  bench [--smoke] [--pieces | --whole | --instructions] [--rounds N] [--drift N] [BUNDLE…]
                   compare the bundle with a floor in Go and with other bundles, on one real server
  gallery          serve a page with all states of the webapp
  sign FILE…       sign files as dist does, with the key that PLUGIN_SIGNING_KEY names
  deploy [BUNDLE]  build the bundle, or take this one, upload it to a server and enable it
  enable, disable, reset   on that server; reset is disable and enable
  logs [--follow]  what the plugin wrote into that server's log
  watch            deploy after each change
  imports [--write]  compare what the component imports with wit/imports.txt
  advisories       look for known vulnerabilities in the dependencies; needs the network
  api [--describe]   generate the RPC crate's API from host/rpc/api; --describe: read Mattermost's library again first
  reach            what of the host can touch the network or files
  parity [--check]   write tests/PARITY.md, which test proves what; or compare it";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["dist"] => bundle::dist().map(|_| ()),
        ["dist", "--here"] => bundle::here().map(|_| ()),
        ["demo"] => demo::demo(false),
        ["demo", "--keep"] => demo::demo(true),
        ["test"] => suites::test(),
        ["fuzz"] => fuzz::fuzz("60"),
        ["fuzz", seconds] => fuzz::fuzz(seconds),
        ["guards", words @ ..] => guards::guards(words),
        ["mutants"] => mutants::mutants(None),
        ["mutants", area] => mutants::mutants(Some(area)),
        ["browser", words @ ..] => suites::browser(words),
        ["screens"] => suites::screens(),
        ["bench", words @ ..] => bench::bench(words),
        ["figures"] => webapp::figures(),
        ["gallery"] => webapp::gallery(),
        ["emulated"] => suites::emulated(),
        ["reproduce"] => reproduce::reproduce(),
        ["sign", files @ ..] if !files.is_empty() => sign::sign_all(files),
        ["deploy"] => deploy::deploy(),
        ["deploy", bundle] => deploy::deploy_file(Path::new(bundle)),
        ["enable"] => deploy::enable(),
        ["disable"] => deploy::disable(),
        ["reset"] => deploy::reset(),
        ["logs"] => logs::show(),
        ["logs", "--follow"] => logs::follow(),
        ["watch"] => watch::watch(),
        ["imports"] => imports::compare(),
        ["imports", "--write"] => imports::write(),
        ["advisories"] => advisories::check(),
        ["api"] => api::write(),
        ["api", "--describe"] => api::describe(),
        ["reach"] => reach::check(),
        ["parity"] => parity::write(),
        ["parity", "--check"] => parity::check(),
        _ => Err(Error::Usage(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Tests) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
