//! A file has one subject: no source file of these crates is longer than 450 lines, except generated ones.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

mod sources;

const CRATES: [&str; 3] = ["guest", "host", "host/rpc"];

const GENERATED: [&str; 2] = [
    "host/rpc/src/mattermost/methods",
    "host/rpc/src/mattermost/model",
];

const MOST_LINES: usize = 450;

#[test]
fn no_source_file_is_longer_than_450_lines() {
    let mut files = Vec::new();
    for name in CRATES {
        sources::sources(&sources::root().join(name).join("src"), &mut files);
    }
    let generated = GENERATED.map(|folder| sources::root().join(folder));
    files.retain(|file| !generated.iter().any(|folder| file.starts_with(folder)));
    let lines = |file: &Path| fs::read_to_string(file).unwrap().lines().count();
    files.retain(|file| lines(file) > MOST_LINES);
    assert!(
        files.is_empty(),
        "longer than {MOST_LINES} lines: {files:?}"
    );
}
