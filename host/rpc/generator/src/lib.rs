//! `cargo xtask api`: generates Mattermost's plugin API for the RPC crate.
//!
//! The generator reads two committed files: `host/rpc/api/description.json`, which a Go program
//! (`tests/description`) writes from Mattermost's plugin library by reflection, and `host/rpc/api/methods.txt`,
//! the list of methods and types to generate. The generated code is committed too, so that building the plugin
//! needs neither Go nor this generator.

mod description;
mod list;
mod refused;
mod rust;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use description::Description;
use fs_err as fs;

const DESCRIPTION: &str = "host/rpc/api/description.json";
const LIST: &str = "host/rpc/api/methods.txt";
/// The folder that contains the [`FOLDERS`].
const MATTERMOST: &str = "host/rpc/src/mattermost";
/// The folders of generated code: types, and the methods that use them.
const FOLDERS: [&str; 2] = ["model", "methods"];

/// Writes the description with Go, then the generated code.
pub fn describe() -> Result<()> {
    let mut go = Command::new("go");
    go.args(["run", "."])
        .current_dir(root().join("tests/description"));
    go.env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly");
    let output = go
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run go")?;
    ensure!(output.status.success(), "go run failed");
    fs::write(root().join(DESCRIPTION), output.stdout)?;
    write()
}

/// Writes the generated code.
pub fn write() -> Result<()> {
    let files = generate()?;
    let place = root().join(MATTERMOST);
    for folder in FOLDERS.map(|folder| place.join(folder)) {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
    }
    for (name, text) in files {
        fs::write(place.join(name), text)?;
    }
    Ok(())
}

/// The paths in [`MATTERMOST`] and the contents of all files.
fn generate() -> Result<Vec<(String, String)>> {
    let description = committed(DESCRIPTION)?;
    let families = list::parse(&fs::read_to_string(root().join(LIST))?)?;
    let files = rust::Generator::new(&description, &families)
        .files()?
        .into_iter();
    files
        .map(|(name, text)| Ok((name, formatted(&text)?)))
        .collect()
}

fn committed(path: &str) -> Result<Description> {
    let text = fs::read_to_string(root().join(path))?;
    serde_json::from_str(&text).context(DESCRIPTION)
}

fn formatted(text: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024"]).current_dir(root());
    rustfmt.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut rustfmt = rustfmt.spawn().context("cannot run rustfmt")?;
    if let Some(mut input) = rustfmt.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = rustfmt.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt failed");
    Ok(String::from_utf8(output.stdout)?)
}

/// The project's folder.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

#[cfg(test)]
mod tests;
