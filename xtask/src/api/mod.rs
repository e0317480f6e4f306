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
mod tests {
    use super::*;

    #[test]
    fn the_committed_code_is_up_to_date() {
        for (name, text) in generate().unwrap() {
            let path = root().join(MATTERMOST).join(name);
            let committed = fs::read_to_string(&path).unwrap_or_default();
            let same = committed == text;
            assert!(same, "run `cargo xtask api`: {} differs", path.display());
        }
        let count = |folder| {
            let folder = root().join(MATTERMOST).join(folder);
            fs::read_dir(folder).unwrap().count()
        };
        let count: usize = FOLDERS.into_iter().map(count).sum();
        assert_eq!(count, generate().unwrap().len());
    }

    /// The code for one more line in the list.
    fn generated(line: &str) -> Result<String, String> {
        let description = committed(DESCRIPTION).unwrap();
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        let mut families = list::parse(&list).unwrap();
        families.extend(list::parse(&format!("[extra]: Extra.\n{line}")).unwrap());
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
    fn methods_that_create_sessions_tokens_roles_or_plugins_are_refused() {
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
    fn a_line_that_cannot_be_generated_is_an_error() {
        let cases = [
            ("GetUsr", "GetUsr is not a method of the API"),
            ("LogDebug", "LogDebug takes any number of values"),
            ("GetEmojiImage", "GetEmojiImage has several results"),
            (
                "ReceiveSharedChannelAttachmentSyncMsg",
                "io.Reader cannot be sent from Rust",
            ),
            ("GetEmoji", "model.Emoji is not on the list"),
            ("GetTeam page=1", "GetTeam has no string parameter page"),
            ("model.Emoji: x\n    Nme: y", "model.Emoji has no field Nme"),
        ];
        for (line, said) in cases {
            let error = generated(line).err().unwrap_or_default();
            assert!(error.contains(said), "{line}: {error:?}");
        }
    }

    #[test]
    fn no_capability_calls_a_method_that_is_reserved_for_the_host() {
        let list = fs::read_to_string(root().join(LIST)).unwrap();
        let families = list::parse(&list).unwrap();
        let methods = families.iter().flat_map(|family| &family.methods);
        let reserved: Vec<_> = methods.filter(|method| method.host).collect();
        assert!(!reserved.is_empty());
        let mut folders = vec![root().join("host/src/capability")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let text = fs::read_to_string(&path).unwrap();
                for method in &reserved {
                    let call = format!(".{}(", list::snake(&method.name));
                    assert!(!text.contains(&call), "{} calls {call}", path.display());
                }
            }
        }
        assert!(files > 15, "{files} files: the folder is not read");
    }
}
