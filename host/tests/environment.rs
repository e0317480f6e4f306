//! The environment variables that the process keeps.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

#[test]
fn the_servers_secrets_are_gone_from_the_process_and_what_it_needs_is_there() {
    let mut host = Command::new(std::env::var_os("CARGO_BIN_EXE_plugin-host").unwrap());
    host.env("MATTERMOST_PLUGIN", "Securely message teams, anywhere.")
        .env("PLUGIN_PROTOCOL_VERSIONS", "1")
        .env("MM_SQLSETTINGS_DATASOURCE", "postgres://mm:secret@db/mm")
        .env("MM_CONFIG", "postgres://mm:secret@db/mm")
        .env("MM_PLUGINSETTINGS_PLUGINS", r#"{"x":{"token":"secret"}}"#)
        .env("HTTPS_PROXY", "http://proxy.example:3128")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut host = host.spawn().unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(host.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let environment = fs::read(format!("/proc/{}/environ", host.id())).unwrap();
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(
        line.starts_with("1|1|unix|"),
        "the handshake is missing: {line}"
    );
    let socket = line.split('|').nth(3).unwrap();
    let folder = std::path::Path::new(socket).parent().unwrap();
    fs::remove_dir_all(folder).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    let names = environment
        .split('\0')
        .map(|one| one.split('=').next().unwrap());
    let names: Vec<_> = names.collect();
    assert!(!environment.contains("secret"), "{environment}");
    let facts = "PLUGIN_HOST_SETTINGS=database replaced\0";
    assert!(environment.contains(facts), "{environment}");
    for gone in ["MM_CONFIG", "MM_SQLSETTINGS_DATASOURCE", "PATH", "HOME"] {
        assert!(!names.contains(&gone), "{names:?}");
    }
    for kept in [
        "MATTERMOST_PLUGIN",
        "PLUGIN_PROTOCOL_VERSIONS",
        "HTTPS_PROXY",
    ] {
        assert!(names.contains(&kept), "{names:?}");
    }
}
