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

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, at};
use crate::run::root;
use description::Description;

const DESCRIPTION: &str = "host/rpc/api/description.json";
const LIST: &str = "host/rpc/api/methods.txt";
/// The folder that contains the [`FOLDERS`].
const MATTERMOST: &str = "host/rpc/src/mattermost";
/// The folders of generated code: types, and the methods that use them.
const FOLDERS: [&str; 2] = ["model", "methods"];

/// Writes the description with Go, then the generated code.
pub fn describe() -> Result<(), Error> {
    let mut go = Command::new("go");
    go.args(["run", "."])
        .current_dir(root().join("tests/description"));
    go.env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly");
    let output = go.output().map_err(|source| Error::Missing {
        program: "go".to_owned(),
        source,
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Failed(format!("go run .: {text}")));
    }
    let path = root().join(DESCRIPTION);
    fs::write(&path, output.stdout).map_err(at(&path))?;
    write()
}

/// Writes the generated code.
pub fn write() -> Result<(), Error> {
    let files = generate()?;
    for folder in FOLDERS {
        let folder = root().join(MATTERMOST).join(folder);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(at(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(at(&folder))?;
    }
    for (name, text) in files {
        let path = root().join(MATTERMOST).join(name);
        fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(())
}

/// The paths in [`MATTERMOST`] and the contents of all files.
fn generate() -> Result<Vec<(String, String)>, Error> {
    let description = committed(DESCRIPTION)?;
    let path = root().join(LIST);
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let content = |problem| Error::Content {
        path: path.clone(),
        problem,
    };
    let families = list::parse(&text).map_err(content)?;
    let generator = rust::Generator::new(&description, &families);
    let files = generator.files().map_err(content)?;
    let formatted = files
        .into_iter()
        .map(|(name, text)| Ok((name, formatted(&text)?)));
    formatted.collect()
}

fn committed(path: &str) -> Result<Description, Error> {
    let path: PathBuf = root().join(path);
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    Description::parse(&text).map_err(|error| Error::Content {
        path,
        problem: error.to_string(),
    })
}

fn formatted(text: &str) -> Result<String, Error> {
    let missing = |source| Error::Missing {
        program: "rustfmt".to_owned(),
        source,
    };
    let mut command = Command::new("rustfmt");
    command
        .args(["--edition", "2024"])
        .current_dir(Path::new(&root()));
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(missing)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(missing)?;
    }
    let output = child.wait_with_output().map_err(missing)?;
    if !output.status.success() {
        return Err(Error::Failed("rustfmt".to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
#[path = "../../tests/unit/api.rs"]
mod tests;
