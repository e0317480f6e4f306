//! Detached OpenPGP signatures, as Mattermost checks them.
//!
//! `PLUGIN_SIGNING_KEY` names a gpg key; without it nothing is signed. The signature is binary and next to the bundle, with
//! the suffix `.sig`. The private key and its passphrase stay with gpg and its agent.
//!
//! The server's OpenPGP library knows RSA, DSA, and ECDSA, but not Ed25519, gpg's default today. Such a key is an error.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::run::{output, read, run, variable};

/// The variable that names the key.
pub const KEY: &str = "PLUGIN_SIGNING_KEY";

/// OpenPGP's numbers of the algorithms that the server can check: RSA, RSA for signing, DSA, ECDSA.
const CHECKABLE: [&str; 4] = ["1", "3", "17", "19"];

/// Signs a bundle with the key that the environment names, if it names one.
pub fn sign(bundle: &Path) -> Result<()> {
    match variable(KEY) {
        Some(key) => {
            let signature = sign_with(&key, bundle, &|| Command::new("gpg"))?;
            println!("{}", signature.display());
        }
        None => println!("{}: not signed, {KEY} names no key", bundle.display()),
    }
    Ok(())
}

/// Signs existing files, such as bundles that were built on a machine without the key.
pub fn sign_all(files: &[&str]) -> Result<()> {
    ensure!(
        variable(KEY).is_some(),
        "set {KEY} to the name of a key of gpg"
    );
    files.iter().try_for_each(|file| sign(Path::new(file)))
}

/// Signs a file with the named key, and checks the signature.
pub fn sign_with(key: &str, bundle: &Path, gpg: &dyn Fn() -> Command) -> Result<PathBuf> {
    let installed = read(gpg().arg("--version")).is_some();
    ensure!(
        installed,
        "to sign, install gpg: apt-get install gpg gpg-agent"
    );
    let signature = bundle.with_added_extension("sig");
    let mut command = gpg();
    command.args(["--batch", "--yes", "--quiet", "--digest-algo", "SHA256"]);
    command.args(["--local-user", key, "--output"]);
    command.arg(&signature).arg("--detach-sign").arg(bundle);
    run(&mut command)?;
    let checked = checkable(&signature, gpg).and_then(|()| {
        let mut command = gpg();
        command.args(["--batch", "--quiet", "--verify"]);
        run(command.arg(&signature).arg(bundle))
    });
    if checked.is_err() {
        let _ = fs_err::remove_file(&signature);
    }
    checked.map(|()| signature)
}

/// Fails if the server cannot check a signature of this kind.
fn checkable(signature: &Path, gpg: &dyn Fn() -> Command) -> Result<()> {
    let mut command = gpg();
    let packets = output(command.args(["--batch", "--list-packets"]).arg(signature))?;
    let algorithm = packets.lines().find_map(|line| {
        let (_, after) = line.split_once("signature packet: algo ")?;
        after.split(',').next()
    });
    ensure!(
        algorithm.is_some_and(|number| CHECKABLE.contains(&number)),
        "Mattermost cannot check signatures of this kind of key (it knows RSA, DSA and ECDSA): make one with `gpg \
         --quick-generate-key NAME rsa3072 sign`"
    );
    Ok(())
}

#[cfg(test)]
#[path = "../tests/unit/sign.rs"]
mod tests;
