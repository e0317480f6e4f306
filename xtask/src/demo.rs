//! `cargo xtask demo`: runs a meeting on a real server with a mock Zoom server.

use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use anyhow::{Result, anyhow};
use plugin_tests::demo::{self, Options};
use plugin_tests::postgres;
use plugin_tests::server::build::Program;
use plugin_tests::site::explain;

use crate::run::target;
use crate::{bundle, webapp};

/// Builds the bundle, starts the servers, and runs the scenario. With `keep`, the servers keep running,
/// with a test client.
pub fn demo(keep: bool) -> Result<()> {
    // Check for missing tools before the slow build.
    bundle::check_machine()?;
    let prepared = postgres::prepare(&mut |line| println!("{line}"));
    prepared.map_err(|error| anyhow!(explain(&error)))?;
    let (bundle, client) = build(keep)?;
    let began = Instant::now();
    let mut progress = |line: &str| println!("{:>6.1} s  {line}", began.elapsed().as_secs_f64());
    let logs = target().join("demo-logs");
    let options = Options {
        bundle,
        logs,
        client,
    };
    let outcome = demo::run(&options, &mut progress);
    outcome.map_err(|error| anyhow!(explain(&error)))
}

/// Builds the bundle and, with `keep`, the test client. Returns the bundle and the folder of the client.
///
/// The Mattermost server is built at the same time. Linking takes minutes and uses one core, and the Go compiler uses the
/// others.
fn build(keep: bool) -> Result<(PathBuf, Option<PathBuf>)> {
    thread::scope(|scope| {
        scope.spawn(|| {
            // If the build fails, the site builds again and reports the error.
            let _ = Program::ensure(&mut |line| println!("{line}"));
        });
        let bundle = bundle::here()?.bundle;
        let client = match keep {
            true => Some(webapp::build_demo_page()?),
            false => None,
        };
        Ok((bundle, client))
    })
}
