//! What of the host can touch the network or files, and that nothing else does.
//!
//! The host is trusted by whoever installs the bundle, so the part of it that could do harm is kept small and
//! in few places: `cargo xtask reach` names them. It looks for the ways out by name, which is no proof against
//! somebody who hides one, and is enough to notice that one was added.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, at};
use crate::run::root;

/// Files of the host that may, and the systems that they are for.
const ALLOWED: [(&str, &[&str]); 5] = [
    ("host/rpc/src/go_plugin/local.rs", &["linux", "darwin"]),
    ("host/rpc/src/go_plugin/tcp.rs", &["windows"]),
    (
        "host/src/outgoing/connect.rs",
        &["linux", "darwin", "windows"],
    ),
    ("host/src/confinement/look.rs", &["linux"]),
    ("host/src/resident.rs", &["linux"]),
];
/// What is promised of them together on each system, in lines that are neither empty nor comments nor tests.
const LIMIT: usize = 300;
/// Names of ways out.
const WAYS_OUT: [&str; 12] = [
    "std::fs",
    "tokio::fs",
    "File::",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "Command::new",
    "HttpConnector",
    "rustix::",
];

/// Prints the files and their sizes; an error when there is another one, or when they have grown.
pub fn check() -> Result<(), Error> {
    let mut sums = BTreeMap::<&str, usize>::new();
    let mut found = Vec::new();
    for folder in ["host/src", "host/rpc/src", "host/engine/src"] {
        walk(&root().join(folder), &mut found)?;
    }
    for (path, lines) in found {
        let Some((_, systems)) = ALLOWED.iter().find(|(allowed, _)| *allowed == path) else {
            let text =
                format!("{path} touches the network or files, and is not among those that may");
            return Err(Error::Failed(text));
        };
        println!("{lines:>4} lines  {path} ({})", systems.join(", "));
        for system in *systems {
            *sums.entry(system).or_default() += lines;
        }
    }
    for (system, sum) in sums {
        println!("{sum:>4} lines together on {system}, of {LIMIT}");
        if sum > LIMIT {
            return Err(Error::Failed(format!(
                "the code of the host that touches the network or files has grown beyond {LIMIT} lines"
            )));
        }
    }
    Ok(())
}

fn walk(folder: &Path, found: &mut Vec<(String, usize)>) -> Result<(), Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        entries.push(entry.map_err(at(folder))?.path());
    }
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found)?;
            continue;
        }
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let code = code(&text);
        if reaches_out(&code) {
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy();
            found.push((name.replace('\\', "/"), code.len()));
        }
    }
    Ok(())
}

/// The lines that are neither empty nor comments nor tests.
fn code(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"));
    let trimmed = lines.map(str::trim);
    trimmed
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect()
}

fn reaches_out(code: &[&str]) -> bool {
    code.iter()
        .any(|line| WAYS_OUT.iter().any(|way| line.contains(way)))
}

#[cfg(test)]
mod tests {
    use super::{code, reaches_out};

    #[test]
    fn comments_and_tests_do_not_count() {
        let text =
            "//! std::fs\nuse std::fmt;\n\n/// File::open\nfn a() {}\n#[cfg(test)]\nuse std::fs;";
        assert_eq!(code(text), ["use std::fmt;", "fn a() {}"]);
        assert!(!reaches_out(&code(text)));
    }

    #[test]
    fn a_way_out_is_noticed() {
        assert!(reaches_out(&code("    let x = std::fs::read(path);")));
        assert!(reaches_out(&code(
            "use tokio::net::{TcpStream, UdpSocket};"
        )));
    }
}
