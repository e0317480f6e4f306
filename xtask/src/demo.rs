//! `cargo xtask demo`: runs a meeting on a real server with a mock Zoom server.

use std::time::Instant;

use plugin_tests::postgres;
use plugin_tests::scenario::{self, Options};
use plugin_tests::site::explain;

use crate::bundle;
use crate::error::Error;
use crate::run::target;

/// Builds the bundle, starts the servers, and runs the scenario. With `keep`, everything keeps running.
pub fn demo(keep: bool) -> Result<(), Error> {
    // Check for missing tools before the slow build.
    bundle::check_machine()?;
    let prepared = postgres::prepare(&mut |line| println!("{line}"));
    prepared.map_err(|error| Error::Needed(explain(&error)))?;
    let bundle = bundle::here()?.bundle;
    let began = Instant::now();
    let mut progress = |line: &str| println!("{:>6.1} s  {line}", began.elapsed().as_secs_f64());
    let logs = target().join("demo-logs");
    let options = Options { bundle, logs, keep };
    match scenario::run(&options, &mut progress) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Failed(format!("demo: {}", explain(&error)))),
    }
}
