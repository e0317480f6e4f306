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
