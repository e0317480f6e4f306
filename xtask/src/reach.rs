//! What of the host can touch the network or files, and that nothing else does.
//!
//! The host is trusted by whoever installs the bundle, so the part of it that could do harm is kept small and
//! in few places: `cargo xtask reach` names them. It reads the sources as far as imports and paths go, whatever they
//! are called there, and looks for ways out among them and for methods of paths that look at files. That is no proof
//! against somebody who hides one in a macro or in a crate of others, and is enough to notice that one was added.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, at};
use crate::run::root;

/// Files of the host that may, and the systems that they are for.
const ALLOWED: [(&str, &[&str]); 7] = [
    ("host/rpc/src/go_plugin/local.rs", &["linux", "darwin"]),
    ("host/rpc/src/go_plugin/tcp.rs", &["windows"]),
    (
        "host/src/outgoing/connect.rs",
        &["linux", "darwin", "windows"],
    ),
    ("host/src/process/reexec.rs", &["linux", "darwin"]),
    ("host/src/bundle.rs", &["linux", "darwin", "windows"]),
    ("host/src/process/confinement/fs.rs", &["linux"]),
    ("host/src/process/rss.rs", &["linux"]),
];
/// What is promised of them together on each system, in lines that are neither empty nor comments nor tests.
const LIMIT: usize = 450;
/// Modules, types and functions by which code gets at files, the network or other programs.
const WAYS_OUT: [&str; 31] = [
    "dns_lookup",
    "hyper_rustls",
    "hyper_util::client::legacy::connect",
    "landlock::PathBeneath",
    "landlock::PathFd",
    "landlock::Ruleset",
    "landlock::path_beneath_rules",
    "mio",
    "nix",
    "openssl_probe",
    "rustix",
    "rustls_native_certs",
    "socket2",
    "std::env::current_exe",
    "std::env::set_current_dir",
    "std::fs",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::os::linux",
    "std::os::unix::fs",
    "std::os::unix::net",
    "std::os::unix::process",
    "std::os::windows",
    "std::process::Command",
    "tokio::fs",
    "tokio::net",
    "tokio::process",
    "windows",
    "windows_sys",
];
/// Methods of paths and addresses that look.
const METHODS: [&str; 10] = [
    ".canonicalize(",
    ".exists(",
    ".is_dir(",
    ".is_file(",
    ".metadata(",
    ".read_dir(",
    ".read_link(",
    ".symlink_metadata(",
    ".to_socket_addrs(",
    ".try_exists(",
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

/// The lines that are neither empty nor comments nor tests, as `rustfmt` has laid them out.
fn code(text: &str) -> Vec<&str> {
    let mut lines = text.lines();
    let mut code = Vec::new();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim() == "#[cfg(test)]" {
            skip_item(&mut lines, indent);
        } else if !line.trim().is_empty() && !line.trim().starts_with("//") {
            code.push(line.trim());
        }
    }
    code
}

/// Leaves out the item that an attribute with this indent belongs to: it ends with the first line that begins
/// there and is no other attribute, or where its braces are closed there.
fn skip_item<'a>(lines: &mut impl Iterator<Item = &'a str>, indent: usize) {
    let mut open = false;
    for line in lines {
        let own = line.get(indent..).unwrap_or_default();
        if own.is_empty() || own.starts_with([' ', '#', '/']) {
            continue;
        }
        let ends = own.ends_with(';') || own.ends_with('}');
        if ends || (open && own.starts_with('}')) {
            return;
        }
        open = true;
    }
}

fn reaches_out(code: &[&str]) -> bool {
    let text = code.join("\n");
    let imports = imports(&text);
    let names = paths(&text).into_iter().map(|path| {
        let (first, rest) = path.split_once("::").unwrap_or((&path, ""));
        match imports.iter().find(|(name, _)| name == first) {
            Some((_, full)) if rest.is_empty() => full.clone(),
            Some((_, full)) => format!("{full}::{rest}"),
            None => path.clone(),
        }
    });
    let imported = imports.iter().map(|(_, full)| full.clone());
    let mut all = names.chain(imported);
    all.any(|path| is_way_out(&path)) || METHODS.iter().any(|method| text.contains(method))
}

/// Whether this is a way out, or within one, or everything of what one is in.
fn is_way_out(path: &str) -> bool {
    let within = |path: &str, of: &str| {
        let rest = path.strip_prefix(of);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let all = path.strip_suffix("::*");
    let function = path.strip_prefix("libc::").is_some_and(|name| {
        name.starts_with(|first: char| first.is_ascii_lowercase()) && !name.starts_with("c_")
    });
    function
        || path == "libc::*"
        || WAYS_OUT
            .iter()
            .any(|way| within(path, way) || all.is_some_and(|all| within(way, all)))
}

/// What is imported: under which name, and what it is.
fn imports(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("use ") {
        let word = start == 0 || rest[..start].ends_with(['\n', ' ']);
        rest = &rest[start + 4..];
        if word && let Some(end) = rest.find(';') {
            let tree: String = rest[..end].split_whitespace().collect::<Vec<_>>().join(" ");
            expand("", &tree, &mut found);
        }
    }
    found
}

/// Takes a tree of imports apart: `a::{b, c as d}`.
fn expand(before: &str, tree: &str, found: &mut Vec<(String, String)>) {
    let tree = tree.trim();
    if let Some((path, inner)) = tree.split_once('{') {
        let inner = inner.trim_end().strip_suffix('}').unwrap_or(inner);
        let before = format!("{before}{}", path.trim());
        let (mut depth, mut start) = (0_usize, 0);
        for (place, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    expand(&before, &inner[start..place], found);
                    start = place + 1;
                }
                _ => {}
            }
        }
        return expand(&before, &inner[start..], found);
    }
    if tree.is_empty() {
        return;
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let full = format!("{before}{path}");
    let full = full.strip_suffix("::self").unwrap_or(&full);
    let last = full.rsplit("::").next().unwrap_or(full);
    let name = if name.is_empty() { last } else { name.trim() };
    found.push((name.to_owned(), full.to_owned()));
}

/// All paths in the text: `a::b::c`.
fn paths(text: &str) -> Vec<String> {
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | ':');
    let words = text.split(|letter| !part(letter));
    let paths = words.filter(|word| word.contains("::"));
    paths
        .map(|path| path.trim_matches(':').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{code, reaches_out};

    #[test]
    fn comments_and_tests_do_not_count_and_what_follows_them_does() {
        let text = "//! std::fs\nuse std::fmt;\n\n/// File::open\nfn a() {}\n#[cfg(test)]\nuse std::fs;\n\
                    fn b() {}\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn c() {\n    }\n}\nfn d() {}";
        assert_eq!(
            code(text),
            ["use std::fmt;", "fn a() {}", "fn b() {}", "fn d() {}"]
        );
        assert!(!reaches_out(&code(text)));
        let after = "#[cfg(test)]\nmod tests {\n}\n\nfn a() {\n    std::fs::read(path);\n}\n";
        assert!(reaches_out(&code(after)));
        let within =
            "impl A {\n    #[cfg(test)]\n    fn b() {\n        x();\n    }\n    fn c() {}\n}";
        assert_eq!(code(within), ["impl A {", "fn c() {}", "}"]);
    }

    #[test]
    fn a_way_out_is_noticed_whatever_it_is_called() {
        for text in [
            "    let x = std::fs::read(path);",
            "use tokio::net::{TcpStream, UdpSocket};",
            "use std::{fmt, fs};",
            "use std::{\n    io::{self, Write},\n    fs::File,\n};",
            "use std::fs as files;",
            "use std as everything;\nfn a() { everything::fs::read(path) }",
            "use std::env;\nfn a() { env::current_exe() }",
            "use std::process;\nfn a() { process::Command::new(x) }",
            "pub(crate) use std::net::*;",
            "use std::*;",
            "fn a() {\n    use tokio::fs;\n}",
            "fn a(path: &Path) { path.exists() }",
            "fn a() { libc::open(path) }",
            "use libc::*;",
        ] {
            assert!(reaches_out(&text.lines().collect::<Vec<_>>()), "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for text in [
            "use std::net::{IpAddr, SocketAddr};",
            "use std::{env, process::ExitCode};",
            "use crate::commands::Command;\nfn a() { Command::new() }",
            "use libc::c_long;\nconst A: c_long = libc::SYS_open;",
            "let because = confused::fsx;",
        ] {
            assert!(!reaches_out(&text.lines().collect::<Vec<_>>()), "{text}");
        }
    }
}
