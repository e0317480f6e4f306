//! Runs the commands that docs/releases gives for signing and verifying a release.
//!
//! The test creates a release of version 2026.12.0, signed by one person, and a second person who has downloaded part of
//! the release and cloned the sources. gpg, sha256sum, tar, git, and diff are the real programs. Scripts that accept only
//! these arguments replace `make dist`, which is slow, and `cargo audit`, which needs the network. The test also checks
//! that each step fails when it should.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::archive::{Entry, pack};
use crate::checksums;
use crate::platforms::LINUX;
use crate::run::{make_executable, root, scratch, strict};
use crate::sign::sign_with;

/// Records the key name and copies a prebuilt release.
const MAKE: &str = r#"#!/bin/sh -e
test "$*" = dist
echo "$PLUGIN_SIGNING_KEY" > "$FIXTURE/signed-by"
test ! -d "$FIXTURE/built" || cp -r "$FIXTURE/built" dist
"#;
const CARGO: &str = r#"#!/bin/sh -e
case "$*" in
"install --locked cargo-audit") ;;
"audit bin "*) test -x "$3" ;;
*) exit 1 ;;
esac
"#;
/// The executable in the bundle.
const PROGRAM: &str = "#!/bin/sh\ntest \"$*\" = --describe && echo it says its policy\n";

const NAME: &str = "zoom-2026.12.0-linux-amd64.tar.gz";

/// The blocks of commands in a guide.
fn blocks(guide: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/releases").join(guide)).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    let block = |rest: &str| {
        let (block, _) = rest.split_once("```").unwrap();
        let lines = block.lines().map(|line| format!("{}\n", line.trim_start()));
        lines.collect::<String>()
    };
    blocks.map(block).collect()
}

/// A folder with everything that the commands need.
struct Fixture(PathBuf);

impl Fixture {
    /// Creates a release and a partial download. Returns `None` if gpg is not installed.
    fn new(name: &str) -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            let text = "gpg is missing, install it: apt-get install gpg gpg-agent";
            assert!(!strict(), "{text}");
            eprintln!("{text}");
            return None;
        }
        let fixture = Self(scratch(name));
        for (name, script) in [("make", MAKE), ("cargo", CARGO)] {
            fixture.write(&format!("bin/{name}"), script);
            make_executable(&fixture.0.join("bin").join(name)).unwrap();
        }
        for home in ["builder", "reader", "stranger"] {
            // An empty passphrase, without asking in a terminal.
            fixture.write("nothing", "");
            let nothing = fixture.0.join("nothing").display().to_string();
            let answers = format!("batch\npinentry-mode loopback\npassphrase-file {nothing}\n");
            fixture.write(&format!("{home}/gpg.conf"), &answers);
            private(&fixture.0.join(home));
        }
        fixture.publish();
        fixture.clone_sources();
        Some(fixture)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Runs commands in a folder with one person's keys. Returns their output.
    fn run_as(&self, who: &str, folder: &str, commands: &str) -> Result<String, String> {
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", commands]);
        shell.current_dir(self.0.join(folder));
        let path = std::env::var("PATH").unwrap();
        shell.env("PATH", format!("{}:{path}", self.0.join("bin").display()));
        shell
            .env("GNUPGHOME", self.0.join(who))
            .env("FIXTURE", &self.0);
        shell
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LC_ALL", "C");
        let output = shell.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(text)
        }
    }

    /// Runs commands with the reader's keys.
    fn run(&self, folder: &str, commands: &str) {
        self.run_as("reader", folder, commands).unwrap();
    }

    /// Signs and publishes a release with the commands of sign.md.
    fn publish(&self) {
        self.write("sources/README", "");
        let commands = blocks("sign.md");
        self.run_as("builder", "sources", &commands.concat())
            .unwrap();
        let key = fs::read_to_string(self.0.join("signed-by")).unwrap();
        let manifest = fs::read_to_string(root().join("plugin.json")).unwrap();
        let packed = pack(
            "zoom/",
            vec![
                Entry::file("plugin.json", manifest.into_bytes()),
                Entry::program(LINUX.executable, PROGRAM.into()),
            ],
        );
        self.write("built/NOTICE", "who wrote it\n");
        fs::write(self.0.join("built").join(NAME), packed.unwrap()).unwrap();
        self.write_checksums();
        let gpg = || {
            let mut gpg = Command::new("gpg");
            gpg.env("GNUPGHOME", self.0.join("builder"));
            gpg
        };
        let sums = self.0.join("built").join(checksums::NAME);
        sign_with(key.trim(), &sums, &gpg).unwrap();
        self.run("", "cp -r built downloaded && rm downloaded/NOTICE");
        self.run("", "mv sources/zoom.asc downloaded");
    }

    /// Writes the checksums of the built files.
    fn write_checksums(&self) {
        let files = ["NOTICE", NAME].map(|name| self.0.join("built").join(name));
        checksums::write(&self.0.join("built"), &files).unwrap();
    }

    /// Clones the sources without tags, at a later commit.
    fn clone_sources(&self) {
        let commit = "git -c user.name=Ada -c user.email=ada@example.com -c commit.gpgsign=false \
                      commit -q --allow-empty -m";
        self.run(
            "sources",
            &format!("git init -q; {commit} one; git tag v2026.12.0; {commit} two"),
        );
        self.run("", "git clone -q --no-tags sources clone");
    }

    /// Verifies the release with the commands of verify.md. Returns their output, or the commands that failed.
    fn check(&self) -> Result<String, String> {
        let mut printed = String::new();
        for block in blocks("verify.md") {
            let folder = match block.starts_with("git ") {
                true => "clone",
                false => "downloaded",
            };
            let text = self.run_as("reader", folder, &block);
            printed += &text.map_err(|text| format!("{block}{text}"))?;
        }
        Ok(printed)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for home in ["builder", "reader", "stranger"] {
            let mut agent = Command::new("gpgconf");
            agent.env("GNUPGHOME", self.0.join(home));
            let _ = agent.args(["--kill", "all"]).status();
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn private(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn the_commands_of_the_guides_verify_a_release() {
    let Some(fixture) = Fixture::new("readme") else {
        return;
    };
    let printed = fixture.check().unwrap();
    for expected in [
        "Good signature from \"you@example.com\"",
        &format!("{NAME}: OK"),
        "\"sandbox\": {",
        "it says its policy",
    ] {
        assert!(printed.contains(expected), "{expected}: {printed}");
    }
    // The fingerprint is shown before the key is taken, and again with the signature, in groups.
    let bare: String = printed.split_whitespace().collect();
    let line = printed.lines().map(str::trim).find(|line| line.len() == 40);
    assert!(bare.matches(line.unwrap()).count() >= 2, "{printed}");
    fixture.run(
        "clone",
        "test \"$(git describe --tags --exact-match)\" = v2026.12.0",
    );
}

#[test]
fn the_commands_of_the_guides_detect_a_release_that_was_tampered_with() {
    let change = format!("echo >> downloaded/{NAME}");
    let change_sums = format!("{change}; cd downloaded; sha256sum -b {NAME} > SHA256SUMS");
    let sign = "gpg --quick-generate-key you@example.com rsa3072 sign; \
                gpg --yes -o SHA256SUMS.sig --detach-sign SHA256SUMS";
    for (name, commands, word) in [
        ("readme-file", change.clone(), "sha256sum "),
        ("readme-sums", change_sums.clone(), "gpg --verify "),
        (
            "readme-key",
            format!("{change_sums}; {sign}"),
            "gpg --verify ",
        ),
        (
            "readme-name",
            format!("mv downloaded/{NAME} downloaded/other"),
            "sha256sum ",
        ),
        (
            "readme-bytes",
            "echo >> built/SHA256SUMS".to_owned(),
            "diff ",
        ),
    ] {
        let Some(fixture) = Fixture::new(name) else {
            return;
        };
        fixture.run_as("stranger", "", &commands).unwrap();
        let failed = fixture.check().unwrap_err();
        assert!(failed.contains(word), "{name}: {failed}");
    }
}
