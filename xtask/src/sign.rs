//! Detached OpenPGP signatures, as Mattermost checks them.
//!
//! `PLUGIN_SIGNING_KEY` names a gpg key; without it nothing is signed. The signature is binary and next to the bundle, with
//! the suffix `.sig`. The private key and its passphrase stay with gpg and its agent.
//!
//! The server's OpenPGP library knows RSA, DSA, and ECDSA, but not Ed25519, gpg's default today. Such a key is an error.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::run::{read, run, variable};

/// The variable that names the key.
pub const KEY: &str = "PLUGIN_SIGNING_KEY";

/// OpenPGP's numbers of the algorithms that the server can check: RSA, RSA for signing, DSA, ECDSA.
const CHECKABLE: [&str; 4] = ["1", "3", "17", "19"];

/// Signs a bundle with the key that the environment names, if it names one.
pub fn sign(bundle: &Path) -> Result<(), Error> {
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
pub fn sign_all(files: &[&str]) -> Result<(), Error> {
    if variable(KEY).is_none() {
        return Err(Error::Needed(format!(
            "set {KEY} to the name of a key of gpg"
        )));
    }
    files.iter().try_for_each(|file| sign(Path::new(file)))
}

/// Signs a file with the named key, and checks the signature.
pub fn sign_with(key: &str, bundle: &Path, gpg: &dyn Fn() -> Command) -> Result<PathBuf, Error> {
    if read(gpg().arg("--version")).is_none() {
        let text = "to sign, install gpg: apt-get install gpg gpg-agent";
        return Err(Error::Needed(text.to_owned()));
    }
    let mut signature = bundle.as_os_str().to_owned();
    signature.push(".sig");
    let signature = PathBuf::from(signature);
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
        let _ = std::fs::remove_file(&signature);
    }
    checked.map(|()| signature)
}

/// Fails if the server cannot check a signature of this kind.
fn checkable(signature: &Path, gpg: &dyn Fn() -> Command) -> Result<(), Error> {
    let mut command = gpg();
    let packets = read(command.args(["--batch", "--list-packets"]).arg(signature));
    let packets = packets.ok_or_else(|| Error::Failed("gpg --list-packets".to_owned()))?;
    let algorithm = packets.lines().find_map(|line| {
        let (_, after) = line.split_once("signature packet: algo ")?;
        after.split(',').next()
    });
    if algorithm.is_some_and(|number| CHECKABLE.contains(&number)) {
        return Ok(());
    }
    let text = "Mattermost cannot check signatures of this kind of key (it knows RSA, DSA and ECDSA): make one with \
                `gpg --quick-generate-key NAME rsa3072 sign`";
    Err(Error::Needed(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::sign_with;
    use crate::run::{scratch, strict};
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A folder with a bundle and keys of its own.
    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Option<Self> {
            if Command::new("gpg").arg("--version").output().is_err() {
                let text = "gpg is missing, install it: apt-get install gpg gpg-agent";
                assert!(!strict(), "{text}");
                eprintln!("{text}");
                return None;
            }
            let home = Self(scratch(name));
            fs::write(home.bundle(), "the bundle").unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                fs::set_permissions(&home.0, fs::Permissions::from_mode(0o700)).unwrap();
            }
            Some(home)
        }

        fn bundle(&self) -> PathBuf {
            self.0.join("zoom-1.2.3.tar.gz")
        }

        fn gpg(&self) -> Command {
            let mut command = Command::new("gpg");
            command.env("GNUPGHOME", &self.0);
            command
        }

        fn key(&self, kind: &str) {
            let mut command = self.gpg();
            command.args(["--batch", "--quiet", "--passphrase", ""]);
            command.args(["--quick-generate-key", "somebody", kind, "sign", "never"]);
            assert!(command.status().unwrap().success());
        }

        fn verifies(&self, signature: &Path) -> bool {
            let mut command = self.gpg();
            let command = command.arg("--verify").arg(signature).arg(self.bundle());
            command.output().unwrap().status.success()
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let mut agent = Command::new("gpgconf");
            let _ = agent
                .env("GNUPGHOME", &self.0)
                .args(["--kill", "all"])
                .status();
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_signature_is_binary_next_to_the_bundle_and_matches_its_bytes() {
        let Some(home) = Home::new("sign") else {
            return;
        };
        home.key("rsa2048");
        let bundle = home.bundle();
        for _ in ["once", "again, over the old one"] {
            let signature = sign_with("somebody", &bundle, &|| home.gpg()).unwrap();
            assert!(signature.ends_with("zoom-1.2.3.tar.gz.sig"));
            assert!(!fs::read(&signature).unwrap().starts_with(b"-----"));
            assert!(home.verifies(&signature));
        }
        fs::write(&bundle, "another bundle").unwrap();
        assert!(!home.verifies(&home.0.join("zoom-1.2.3.tar.gz.sig")));
    }

    #[test]
    fn a_key_that_the_server_cannot_check_is_refused_and_leaves_no_file() {
        let Some(home) = Home::new("sign-ed25519") else {
            return;
        };
        home.key("ed25519");
        let error = sign_with("somebody", &home.bundle(), &|| home.gpg()).unwrap_err();
        assert!(error.to_string().contains("rsa3072"), "{error}");
        assert!(sign_with("nobody", &home.bundle(), &|| home.gpg()).is_err());
        assert!(!home.0.join("zoom-1.2.3.tar.gz.sig").exists());
    }
}
