//! A server that requires plugin signatures, configured as in docs/releases/verify.md.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Failed;
use plugin_tests::client::{self, Client};
use plugin_tests::process::{forget_package, wait_until};
use plugin_tests::server::Server;
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN};
use plugin_tests::{bundle, cache_folder, workspace_root};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "f34_a_server_that_requires_signatures_keeps_the_signed_bundle_and_ignores_its_own_2_0_0",
    signed,
)];

/// The name of the public key's file, as in that guide.
const PUBLIC_KEY: &str = "zoom.asc";
/// The version of the Go plugin that is prepackaged with the server.
const OF_THE_SERVER: &str = "2.0.0";
/// A version that a server replaces with its prepackaged plugin.
const REPLACED: &str = "1.99.0";
/// The signer.
const BUILDER: &str = "builder@example.com";
/// A server with default settings, except for connections beyond this machine.
const STOCK: [(&str, &str); 2] = [
    ("MM_PLUGINSETTINGS_AUTOMATICPREPACKAGEDPLUGINS", "true"),
    ("MM_PLUGINSETTINGS_ENABLEMARKETPLACE", "true"),
];

fn signed(world: &mut World) -> Outcome {
    let database = world.site.postgres.create_database("signatures")?;
    let log = cache_folder().join("logs/e2e/mattermost-signatures.log");
    let mut server = Server::start(&database, &STOCK, &log, &mut |_| {})?;
    Client::new(&server.url()).create_user(ADMINISTRATOR, PASSWORD)?;
    server.stop();

    let builder = Builder::new()?;
    builder.export(&server.folder().join("config").join(PUBLIC_KEY))?;
    want_signatures(&server.folder().join("config/config.json"))?;
    let bundle = builder.sign(&bundle()?)?;
    let offered = Place::of(&server, "prepackaged_plugins", bundle.file_name());
    offered.put(&bundle)?;

    let administrator = restarted(&mut server)?;
    // The server answers before it reads what is uploaded, and a large body would only break the connection.
    let anything = builder.0.path().join("anything");
    fs::write(&anything, "a bundle, says somebody")?;
    let refused = administrator.upload_plugin(&anything);
    assert!(
        matches!(refused, Err(client::Error::Status { status: 501, .. })),
        "an upload, which nobody can have signed: {refused:?}"
    );
    assert_eq!(administrator.plugin_state(PLUGIN)?, None);
    assert!(is_offered(&administrator)?, "the list of the Marketplace");
    administrator.post("/api/v4/plugins/marketplace", &json!({"id": PLUGIN}))?;
    administrator.enable_plugin(PLUGIN)?;
    until_running(&administrator)?;

    server.stop();
    offered.clear()?;
    let stored = Place::of(&server, "data/plugins", Some("zoom.tar.gz".as_ref()));
    stored.clear()?;
    stored.put(&bundle)?;
    let administrator = restarted(&mut server)?;
    until_running(&administrator)?;
    let version_of_bundle = version(&administrator)?;

    // The server has a prepackaged Zoom plugin, and keeps the higher version.
    let theirs = builder.sign(&of_version(&builder, &bundle, OF_THE_SERVER)?)?;
    let their_place = Place::of(&server, "prepackaged_plugins", theirs.file_name());
    let low = builder.sign(&of_version(&builder, &bundle, REPLACED)?)?;
    for (ours, runs) in [(&bundle, &*version_of_bundle), (&low, OF_THE_SERVER)] {
        server.stop();
        stored.clear()?;
        stored.put(ours)?;
        their_place.put(&theirs)?;
        let administrator = restarted(&mut server)?;
        until_running(&administrator)?;
        let version = version(&administrator)?;
        assert_eq!(version, runs, "{} is installed", ours.display());
    }
    server.stop();
    their_place.clear()?;

    // An extra byte at the end does not change the unpacked files, but the signature is invalid. An unsigned bundle is
    // rejected, too.
    for what in ["changed", "unsigned"] {
        server.stop();
        for place in [&offered, &stored] {
            place.clear()?;
            place.put(&bundle)?;
            match what {
                "changed" => place.lengthen()?,
                _ => fs::remove_file(signature(&place.0))?,
            }
        }
        let administrator = restarted(&mut server)?;
        assert_eq!(administrator.plugin_state(PLUGIN)?, None, "{what}");
        assert!(!is_offered(&administrator)?, "{what}");
        assert!(server.plugin_processes().is_empty(), "{what}");
    }
    Ok(())
}

/// A copy of a bundle with another version.
fn of_version(builder: &Builder, bundle: &Path, version: &str) -> Result<PathBuf, Failed> {
    let folder = builder.0.path().join(version);
    fs::create_dir_all(&folder)?;
    let tar = |words: &[&OsStr]| {
        let mut command = Command::new("tar");
        builder.run(command.arg("-C").arg(&folder).args(words))
    };
    tar(&["-xzf".as_ref(), bundle.as_ref()])?;
    let manifest = folder.join(PLUGIN).join("plugin.json");
    let mut content: Value = serde_json::from_str(&fs::read_to_string(&manifest)?)?;
    content["version"] = json!(version);
    fs::write(&manifest, content.to_string())?;
    let copy = folder.join(format!("{PLUGIN}-{version}.tar.gz"));
    tar(&["-czf".as_ref(), copy.as_ref(), PLUGIN.as_ref()])?;
    Ok(copy)
}

/// The version of the plugin that runs.
fn version(administrator: &Client) -> Result<String, client::Error> {
    let plugins = administrator.get("/api/v4/plugins")?;
    let active = plugins["active"].as_array().into_iter().flatten();
    let found = active.clone().find(|plugin| plugin["id"] == PLUGIN);
    Ok(found.map_or(String::new(), |plugin| {
        plugin["version"].as_str().unwrap_or_default().to_owned()
    }))
}

/// Adds the key to the server's configuration, and requires signatures.
fn want_signatures(config: &Path) -> Outcome {
    let mut content: Value = serde_json::from_str(&fs::read_to_string(config)?)?;
    content["PluginSettings"]["SignaturePublicKeyFiles"] = json!([PUBLIC_KEY]);
    content["PluginSettings"]["RequirePluginSignature"] = json!(true);
    fs::write(config, content.to_string())?;
    Ok(())
}

fn restarted(server: &mut Server) -> Result<Client, Failed> {
    server.start_again()?;
    Ok(Client::new(&server.url()).log_in(ADMINISTRATOR, PASSWORD)?)
}

fn until_running(administrator: &Client) -> Outcome {
    let running = wait_until(SOON, || {
        (administrator.plugin_state(PLUGIN).ok()? == Some(2)).then_some(())
    });
    running.ok_or_else(|| "the signed bundle does not run".into())
}

/// Whether the plugin is in the list of installable plugins.
fn is_offered(administrator: &Client) -> Result<bool, client::Error> {
    let offered = administrator.get("/api/v4/plugins/marketplace?per_page=200")?;
    let offered = offered.as_array().cloned().unwrap_or_default();
    // Ignore installed plugins, which are in the list, too.
    let waits = |one: &Value| one["manifest"]["id"] == PLUGIN && one["installed_version"] == "";
    Ok(offered.iter().any(waits))
}

/// The server's folder for prepackaged plugins, with their signatures.
struct Place(PathBuf);

impl Place {
    fn of(server: &Server, folder: &str, name: Option<&OsStr>) -> Self {
        Self(server.folder().join(folder).join(name.unwrap_or_default()))
    }

    fn put(&self, bundle: &Path) -> Outcome {
        fs::create_dir_all(self.0.parent().unwrap())?;
        fs::copy(bundle, &self.0)?;
        fs::copy(signature(bundle), signature(&self.0))?;
        Ok(())
    }

    fn clear(&self) -> Outcome {
        fs::remove_dir_all(self.0.parent().unwrap()).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        Ok(())
    }

    fn lengthen(&self) -> Outcome {
        let mut content = fs::read(&self.0)?;
        content.push(0);
        fs::write(&self.0, content)?;
        Ok(())
    }
}

fn signature(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// A person with a key on a separate keyring.
struct Builder(TempDir);

impl Builder {
    fn new() -> Result<Self, Failed> {
        let builder = Self(tempfile::tempdir()?);
        fs::set_permissions(builder.0.path(), fs::Permissions::from_mode(0o700))?;
        let words = "--pinentry-mode loopback --passphrase";
        let mut words: Vec<_> = words.split(' ').collect();
        words.extend([
            "",
            "--quick-generate-key",
            BUILDER,
            "rsa3072",
            "sign",
            "never",
        ]);
        builder.gpg(&words)?;
        Ok(builder)
    }

    fn export(&self, to: &Path) -> Outcome {
        let to = to.display().to_string();
        self.gpg(&["--output", &to, "--export", "--armor", BUILDER])
    }

    /// Signs a copy of a bundle with the project's command, and returns its path.
    fn sign(&self, bundle: &Path) -> Result<PathBuf, Failed> {
        let copy = self.0.path().join(bundle.file_name().unwrap());
        fs::copy(bundle, &copy)?;
        let mut command = Command::new("cargo");
        forget_package(&mut command);
        command.current_dir(workspace_root());
        command.args(["xtask", "sign"]).arg(&copy);
        command.env("PLUGIN_SIGNING_KEY", BUILDER);
        self.run(&mut command)?;
        Ok(copy)
    }

    fn gpg(&self, words: &[&str]) -> Outcome {
        let mut command = Command::new("gpg");
        self.run(command.args(["--batch", "--quiet"]).args(words))
    }

    fn run(&self, command: &mut Command) -> Outcome {
        command.env("GNUPGHOME", self.0.path());
        let output = command.output().map_err(|error| {
            format!("{command:?}: {error}; gpg is in apt-get install gpg gpg-agent")
        })?;
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{command:?}: {told}").into())
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        let mut agent = Command::new("gpgconf");
        agent.env("GNUPGHOME", self.0.path());
        let _ = agent.args(["--kill", "all"]).status();
    }
}
