//! The build tool of the project: `cargo xtask` without a command lists its commands.
//!
//! Most targets of the Makefile call one command. The commands call the tools that a developer would call by hand
//! (cargo, go, git, npm, curl) and print each call first, so that a failing step can be repeated alone.
#![allow(clippy::print_stdout, reason = "a program for a terminal prints")]

mod api_reference;
mod archive;
mod bench;
mod bundle;
mod checksums;
mod codesign;
mod demo;
mod deploy;
mod embedded;
mod emulator;
mod env_check;
mod guards;
mod guides;
#[cfg(test)]
#[path = "../tests/unit/guides_for_releases.rs"]
mod guides_for_releases;
mod imports;
mod inspect;
mod instructions;
mod mutants;
mod notice;
mod npm;
mod packages;
mod parity;
mod path_leaks;
mod platforms;
mod reproduce;
mod run;
mod sbom;
mod sign;
mod source_copy;
mod suites;
mod test_summary;
mod toolchain;
mod version;
mod webapp;
mod zig;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask COMMAND

  dist [--here]    build dist/zoom-VERSION.tar.gz and the files published with it; PLUGIN_SIGNING_KEY names
                   a gpg key that signs them; --here builds for this machine only, in target/bundle
  server           build the plugin's executable for this machine only
  webapp           build the webapp only
  reproduce        build this commit twice, in two folders, and compare the bytes
  demo [--keep]    start a server with the plugin and run a meeting; --keep leaves everything running
  test [--quick]   run all tests that CI runs; --quick: only lints and unit and component tests
  check-style      check the formatting and run the lints
  guards [WORD…]   remove each security check of tests/guards.toml and check that a test fails
  mutants [AREA]   run cargo-mutants on security code; AREA: policy or guest
  emulated         test the executables for linux-arm64 and Windows in emulators
  browser [FILTER]   run the browser tests on a new bundle
  screens          update the reference pictures of the browser tests
  webapp-bench     measure the webapp
  bench [--smoke] [--pieces | --whole | --instructions] [--rounds N] [--drift N] [BUNDLE…]
                   compare the bundle with a minimal Go plugin and other bundles on one real server
  gallery          serve a page with every state of the webapp
  sign FILE…       sign files with the gpg key that PLUGIN_SIGNING_KEY names
  deploy [BUNDLE]  build the bundle (or take BUNDLE), upload it to a server, and enable it
  enable, disable, reset   change the plugin on that server; reset is disable and enable
  logs [--follow]  show the plugin's lines in that server's log
  watch            deploy after each change
  imports [--write]  compare the component's imports with wit/imports.txt, or write that file
  api-reference    generate docs/plugins/api.md from wit/
  api [--describe]   generate the RPC crate's API from host/rpc/api; --describe reads Mattermost's library first
  parity [--check]   write tests/PARITY.md, the test coverage by number, or check it";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["dist"] => bundle::dist().map(|_| ()),
        ["dist", "--here"] => bundle::here().map(|_| ()),
        ["demo"] => demo::demo(false),
        ["demo", "--keep"] => demo::demo(true),
        ["test"] => suites::test(),
        ["test", "--quick"] => suites::quick(),
        ["check-style"] => suites::check_style(),
        ["server"] => bundle::server(),
        ["webapp"] => webapp::build().map(|_| ()),
        ["guards", words @ ..] => guards::guards(words),
        ["mutants"] => mutants::mutants(None),
        ["mutants", area] => mutants::mutants(Some(area)),
        ["browser", words @ ..] => suites::browser(words),
        ["screens"] => suites::screens(),
        ["bench", words @ ..] => bench::bench(words),
        ["webapp-bench"] => webapp::benchmark(),
        ["gallery"] => webapp::gallery(),
        ["emulated"] => suites::emulated(),
        ["reproduce"] => reproduce::reproduce(),
        ["sign", files @ ..] if !files.is_empty() => sign::sign_all(files),
        ["deploy"] => deploy::deploy(None),
        ["deploy", bundle] => deploy::deploy(Some(Path::new(bundle))),
        ["enable"] => deploy::change(&["enable"]),
        ["disable"] => deploy::change(&["disable"]),
        ["reset"] => deploy::change(&["disable", "enable"]),
        ["logs"] => deploy::logs(false),
        ["logs", "--follow"] => deploy::logs(true),
        ["watch"] => deploy::watch(),
        ["imports"] => imports::compare(),
        ["imports", "--write"] => imports::write(),
        ["api"] => mattermost_plugin_rpc_generator::write(),
        ["api-reference"] => api_reference::write(),
        ["api", "--describe"] => mattermost_plugin_rpc_generator::describe(),
        ["parity"] => parity::write(),
        ["parity", "--check"] => parity::check(),
        [] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown command: {}\n\n{USAGE}", words.join(" ")),
    }
}
