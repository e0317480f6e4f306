//! Generates Mattermost's plugin API for the RPC crate.
//!
//! Two committed files are the source: `host/rpc/api/description.json`, which a Go program reads out of Mattermost's
//! plugin library by reflection, and `host/rpc/api/methods.txt`, the list of what is wanted of it. The Rust text is
//! committed too, so that neither Go nor this program is needed to build the plugin.

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
const GENERATED: &str = "host/rpc/src/mattermost/generated";

/// Writes the description with Go, then the Rust text.
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

/// Writes the Rust text.
pub fn write() -> Result<(), Error> {
    let folder = root().join(GENERATED);
    let files = generate()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(at(&folder))?;
    }
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(())
}

/// Names and contents of all files.
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
mod tests {
    use super::*;

    #[test]
    fn the_committed_text_is_what_is_generated() {
        for (name, text) in generate().unwrap() {
            let path = root().join(GENERATED).join(name);
            let committed = fs::read_to_string(&path).unwrap_or_default();
            let same = committed == text;
            assert!(same, "run `cargo xtask api`: {} differs", path.display());
        }
        let count = fs::read_dir(root().join(GENERATED)).unwrap().count();
        assert_eq!(count, generate().unwrap().len());
    }

    /// The text that is generated from a list of one method.
    fn generated(line: &str) -> Result<String, String> {
        let description = committed(DESCRIPTION).unwrap();
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        let mut families = list::parse(&list).unwrap();
        families.extend(list::parse(&format!("[tried]: Tried.\n{line}")).unwrap());
        let files = rust::Generator::new(&description, &families).files()?;
        Ok(files.into_iter().last().unwrap().1)
    }

    #[test]
    fn one_line_adds_a_method() {
        let text = generated("GetTeam").unwrap();
        assert!(text.contains("fn get_team<'a>(&'a self, team_id: &'a str) -> Call<'a, Team>"));
        assert!(text.contains("GetTeam gets a team."), "{text}");
    }

    #[test]
    fn methods_that_make_sessions_tokens_roles_or_plugins_are_refused() {
        let refused = [
            "CreateSession",
            "GetSession",
            "CreateUserAccessToken",
            "CreateOAuthApp",
            "UpdateUserRoles",
            "UpdateChannelMemberRoles",
            "UpdateUserAuth",
            "InstallPlugin",
            "EnablePlugin",
            "GetUnsanitizedConfig",
            "SaveConfig",
        ];
        for name in refused {
            let error = generated(name).err().unwrap_or_default();
            assert!(error.starts_with("refused: "), "{name}: {error:?}");
        }
    }

    #[test]
    fn what_cannot_be_generated_is_said() {
        let cases = [
            ("GetUsr", "GetUsr is no method of the API"),
            ("LogDebug", "LogDebug takes any number of values"),
            ("GetEmojiImage", "GetEmojiImage has several results"),
            (
                "ReceiveSharedChannelAttachmentSyncMsg",
                "io.Reader cannot travel in Rust",
            ),
            ("GetEmoji", "model.Emoji is not on the list"),
            ("GetTeam page=1", "GetTeam has no text page"),
            ("model.Emoji: x\n    Nme: y", "model.Emoji has no field Nme"),
        ];
        for (line, said) in cases {
            let error = generated(line).err().unwrap_or_default();
            assert!(error.contains(said), "{line}: {error:?}");
        }
    }

    #[test]
    fn no_capability_reads_what_is_for_the_host_alone() {
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        let families = list::parse(&list).unwrap();
        let methods = families.iter().flat_map(|family| &family.methods);
        let kept: Vec<_> = methods.filter(|one| one.host).collect();
        assert!(!kept.is_empty());
        for entry in fs::read_dir(root().join("host/src/capability")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            for method in &kept {
                let call = format!(".{}(", list::snake(&method.name));
                assert!(!text.contains(&call), "{} calls {call}", path.display());
            }
        }
    }
}
