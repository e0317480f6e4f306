//! The plugin on a real Mattermost server.
//!
//! All checks share one site with one plugin and run one after the other. Some change the plugin's settings. Each check
//! leaves the plugin running and configured, uses its own room and users, and can be run alone (`cargo test --test e2e
//! NAME`). The first checks need a site without settings; the last ones stop the server.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod cluster;
mod console;
mod crashes;
mod doctor;
mod faults;
mod field;
mod lifecycle;
mod load;
mod make_targets;
mod meetings;
mod oauth;
mod overload;
mod recordings;
mod rest;
mod sandbox;
mod secrets;
mod server_to_server;
mod setup;
mod shutdown;
mod signatures;
mod takeover;
mod username;
mod webhooks;
mod world;

use libtest_mimic::{Arguments, Trial};

use world::{Check, check};

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let mut trials: Vec<Trial> = Vec::new();
    let groups: &[&[Check]] = &[
        console::CHECKS,
        lifecycle::CHECKS,
        setup::CHECKS,
        oauth::CHECKS,
        meetings::CHECKS,
        rest::CHECKS,
        sandbox::CHECKS,
        webhooks::CHECKS,
        doctor::CHECKS,
        recordings::CHECKS,
        takeover::CHECKS,
        server_to_server::CHECKS,
        faults::CHECKS,
        field::rooms::CHECKS,
        field::channels::CHECKS,
        field::zoom::CHECKS,
        field::links::CHECKS,
        load::CHECKS,
        overload::CHECKS,
        crashes::CHECKS,
        cluster::CHECKS,
        secrets::CHECKS,
        make_targets::CHECKS,
        signatures::CHECKS,
        username::CHECKS,
        shutdown::CHECKS,
    ];
    for (name, run) in groups.iter().copied().flatten() {
        trials.push(Trial::test(*name, move || check(*run)));
    }
    if !arguments.list {
        world::begin();
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    world::end();
    conclusion.exit();
}
