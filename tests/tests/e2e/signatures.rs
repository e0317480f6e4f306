//! A server that takes only what is signed, and from its own files only.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use plugin_tests::client::{self, Client};
use plugin_tests::process::wait_until;
use plugin_tests::server::Server;
use plugin_tests::site::{ADMINISTRATOR, PASSWORD, PLUGIN};
use plugin_tests::{bundle, cache_folder};

use crate::world::*;

pub const CHECKS: &[Check] = &[(
    "a_server_that_wants_signatures_takes_the_signed_bundle_from_its_files_and_no_other",
    signed,
)];

/// The name of the public key's file, as in the README.
const PUBLIC_KEY: &str = "zoom.asc";

fn signed(world: &mut World) -> Outcome {
    let database = world.site.postgres.create_database("signatures")?;
    let variables = [
        ("MM_PLUGINSETTINGS_REQUIREPLUGINSIGNATURE", "true"),
        ("MM_PLUGINSETTINGS_SIGNATUREPUBLICKEYFILES", PUBLIC_KEY),
    ];
    let log = cache_folder().join("logs/e2e/mattermost-signatures.log");
    let mut server = Server::start(&database, &variables, &log, &mut |_| {})?;
    let nobody = Client::new(&server.url());
    nobody.create_user(ADMINISTRATOR, PASSWORD)?;
    let administrator = nobody.log_in(ADMINISTRATOR, PASSWORD)?;
    let bundle = bundle()?;
    let keys = tempfile::tempdir()?;
    // The server answers before it reads what is uploaded, and a large body would only break the connection.
    let anything = keys.path().join("anything");
    fs::write(&anything, "a bundle, says somebody")?;
    let refused = administrator.upload_plugin(&anything);
    assert!(
        matches!(refused, Err(client::Error::Status { status: 501, .. })),
        "an upload, which nobody can have signed: {refused:?}"
    );

    server.stop();
    fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o700))?;
    let words = "--quick-generate-key --pinentry-mode loopback --passphrase";
    let mut words: Vec<_> = words.split(' ').collect();
    words.extend(["", "builder@example.com", "rsa3072", "sign", "never"]);
    gpg(keys.path(), &words)?;
    let public = server.folder().join("config").join(PUBLIC_KEY);
    let public = public.display().to_string();
    gpg(keys.path(), &["--armor", "--output", &public, "--export"])?;
    let files = server.folder().join("data/plugins");
    fs::create_dir_all(&files)?;
    let stored = files.join("zoom.tar.gz");
    fs::copy(&bundle, &stored)?;
    gpg(
        keys.path(),
        &["--detach-sign", &stored.display().to_string()],
    )?;
    let _ = Command::new("gpgconf")
        .env("GNUPGHOME", keys.path())
        .args(["--kill", "all"])
        .status();
    server.start_again()?;
    let administrator = administrator.log_in(ADMINISTRATOR, PASSWORD)?;
    assert!(
        administrator.plugin_state(PLUGIN)?.is_some(),
        "the signed bundle was not installed: see {}",
        log.display()
    );
    administrator.enable_plugin(PLUGIN)?;
    let running = wait_until(SOON, || {
        (administrator.plugin_state(PLUGIN).ok()? == Some(2)).then_some(())
    });
    assert!(running.is_some(), "it does not run: see {}", log.display());

    // One more byte at the end changes nothing of what is unpacked.
    server.stop();
    let mut content = fs::read(&stored)?;
    content.push(0);
    fs::write(&stored, content)?;
    server.start_again()?;
    let administrator = administrator.log_in(ADMINISTRATOR, PASSWORD)?;
    assert_eq!(administrator.plugin_state(PLUGIN)?, None);
    assert!(server.plugin_processes().is_empty());

    // Nor is one taken that nobody signed.
    server.stop();
    fs::copy(&bundle, &stored)?;
    fs::remove_file(files.join("zoom.tar.gz.sig"))?;
    server.start_again()?;
    let administrator = administrator.log_in(ADMINISTRATOR, PASSWORD)?;
    assert_eq!(administrator.plugin_state(PLUGIN)?, None);
    assert!(server.plugin_processes().is_empty());
    Ok(())
}

/// Runs gpg with a ring of keys of its own.
fn gpg(home: &Path, words: &[&str]) -> Outcome {
    let mut command = Command::new("gpg");
    command.env("GNUPGHOME", home).args(["--batch", "--quiet"]);
    let missing = |error| format!("gpg: {error}; install it: apt-get install gpg gpg-agent");
    let status = command.args(words).status().map_err(missing)?;
    if status.success() {
        Ok(())
    } else {
        Err(Failed::from(format!("gpg {words:?}: {status}")))
    }
}
