//! The linker of what is published, for this machine's system and others.
//!
//! Zig brings a C compiler, a linker and what the systems' C libraries offer in one package of Python's registry;
//! `cargo-zigbuild` from the same place makes cargo use it. Both are taken by their sums (`zig.txt`) into the target
//! folder and touch nothing else of the machine. So what is published does not depend on the compiler and linker
//! that this machine happens to have.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use plugin_tests::process::forget_package;

use crate::bundle::write_if_changed;
use crate::error::{Error, at};
use crate::platforms::Platform;
use crate::run::{root, run, target};

const REQUIREMENTS: &str = include_str!("zig.txt");

/// What macOS has and zig does not bring: the frameworks that the certificates of the system are read with.
const FRAMEWORKS: &str = "xtask/frameworks";

/// Something that the linker adds and that is no package of cargo's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub name: &'static str,
    /// That of what brings it, which is the only one that it has: `zig-0.17.0`.
    pub version: String,
    /// An SPDX expression.
    pub licence: &'static str,
    /// The file with its licence; of LLVM's zig has none, and Rust's documents do.
    pub text: Option<PathBuf>,
}

/// Name, licence and, below zig's folder, the file with it.
type Linked = (&'static str, &'static str, Option<&'static str>);

const LLVM_LICENCE: &str = "Apache-2.0 WITH LLVM-exception";

/// What zig links into an executable for a platform.
fn linked(platform: &Platform) -> Vec<Linked> {
    let mut parts: Vec<Linked> = vec![("compiler_rt of zig", "MIT", Some("LICENSE"))];
    if !platform.triple.ends_with("-darwin") {
        parts.push(("libunwind of LLVM", LLVM_LICENCE, None));
    }
    if platform.is_static() {
        parts.push(("musl", "MIT", Some("lib/libc/musl/COPYRIGHT")));
    }
    if platform.triple.ends_with("-windows-gnu") {
        let licence = "lib/libc/mingw/COPYING";
        parts.push(("mingw-w64", "ZPL-2.1", Some(licence)));
    }
    parts
}

/// The same for this machine's platform where Rust brings it, of this version.
pub fn linked_by_rust(version: &str) -> Vec<Part> {
    let part = |name, licence, text| Part {
        name,
        version: format!("rust-{version}"),
        licence,
        text,
    };
    vec![
        part("libunwind of LLVM", LLVM_LICENCE, None),
        part("musl", "MIT", Some(root().join("xtask/src/musl.txt"))),
    ]
}

/// The installed tools.
pub struct Zig {
    folder: PathBuf,
}

impl Zig {
    /// Installs them where that was not done yet.
    pub fn install() -> Result<Self, Error> {
        let folder = target().join("zig");
        let installed = folder.join("installed.txt");
        if std::fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
            return Ok(Self { folder });
        }
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(&folder);
        run(&mut create).map_err(|error| {
            let text = format!(
                "{error}: Python makes the place where the linker is installed; on Debian, \
                 apt-get install python3-venv"
            );
            Error::Needed(text)
        })?;
        let mut install = Command::new(folder.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--only-binary=:all:", "--require-hashes", "-r"]);
        run(install.arg(root().join("xtask/src/zig.txt")))?;
        write_if_changed(&installed, REQUIREMENTS.as_bytes())?;
        Ok(Self { folder })
    }

    /// A compiler for C.
    pub fn c_compiler(&self) -> Command {
        let mut command = Command::new(self.folder.join("bin/python-zig"));
        self.environment(command.arg("cc"));
        command
    }

    /// `cargo rustc` for a platform.
    pub fn cargo_rustc(&self, platform: &Platform) -> Command {
        let mut command = Command::new(self.folder.join("bin/cargo-zigbuild"));
        forget_package(&mut command);
        command.current_dir(root()).arg("rustc");
        self.environment(&mut command);
        command.args(["--target", platform.triple]);
        if platform.triple.ends_with("-darwin") {
            let mut flags = OsString::from("-Clink-arg=-F");
            flags.push(root().join(FRAMEWORKS));
            command.env("RUSTFLAGS", flags);
            command.env("MACOSX_DEPLOYMENT_TARGET", "11.0");
        }
        command
    }

    /// What is linked into an executable for a platform besides its packages.
    pub fn parts(&self, platform: &Platform) -> Result<Vec<Part>, Error> {
        let version = REQUIREMENTS
            .lines()
            .find_map(|line| line.strip_prefix("ziglang==")?.split(' ').next());
        let version = format!("zig-{}", version.unwrap_or_default());
        let part = |(name, licence, text): Linked| {
            let text = text.map(|text| self.file(text)).transpose()?;
            Ok(Part {
                name,
                version: version.clone(),
                licence,
                text,
            })
        };
        linked(platform).into_iter().map(part).collect()
    }

    /// A file of zig's own, wherever this version of Python has its packages.
    fn file(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.folder.join("lib");
        let versions = std::fs::read_dir(&folder).map_err(at(&folder))?.flatten();
        let place =
            |version: std::fs::DirEntry| version.path().join("site-packages/ziglang").join(name);
        let found = versions.map(place).find(|path| path.is_file());
        found.ok_or_else(|| Error::Content {
            path: folder,
            problem: format!("there is no {name} of ziglang in it: remove it, and build again"),
        })
    }

    /// Where the tools find each other, and keep what they make.
    pub fn environment(&self, command: &mut Command) {
        let mut path = self.folder.join("bin").into_os_string();
        if let Some(usual) = std::env::var_os("PATH") {
            path.push(":");
            path.push(usual);
        }
        command.env("PATH", path);
        for (name, folder) in [
            ("CARGO_ZIGBUILD_CACHE_DIR", "wrappers"),
            ("ZIG_GLOBAL_CACHE_DIR", "cache"),
            ("ZIG_LOCAL_CACHE_DIR", "cache"),
        ] {
            command.env(name, self.folder.join(folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{linked, linked_by_rust};
    use crate::platforms::PLATFORMS;

    #[test]
    fn what_is_linked_for_each_platform_is_named() {
        let names = PLATFORMS.map(|platform| {
            let parts = linked(&platform);
            let names: Vec<_> = parts.into_iter().map(|(name, ..)| name).collect();
            (platform.name, names.join(", "))
        });
        let of_linux = "compiler_rt of zig, libunwind of LLVM, musl";
        let of_mac = "compiler_rt of zig";
        let of_windows = "compiler_rt of zig, libunwind of LLVM, mingw-w64";
        let expected = [
            ("linux-amd64", of_linux),
            ("linux-arm64", of_linux),
            ("darwin-amd64", of_mac),
            ("darwin-arm64", of_mac),
            ("windows-amd64", of_windows),
        ];
        assert_eq!(
            names,
            expected.map(|(name, parts)| (name, parts.to_owned()))
        );
    }

    #[test]
    fn the_licence_of_the_c_library_that_rust_brings_is_here() {
        let parts = linked_by_rust("1.0.0");
        let musl = parts.iter().find(|part| part.name == "musl").unwrap();
        let text = std::fs::read_to_string(musl.text.as_ref().unwrap()).unwrap();
        assert!(text.contains("Rich Felker") && text.contains("standard MIT license"));
    }
}
