//! The linker of what is published, for this machine's system and others.
//!
//! Zig brings a C compiler, a linker and what the systems' C libraries offer in one package of Python's registry;
//! `cargo-zigbuild` from the same place makes cargo use it. Both are taken by their sums (`zig.txt`) into the target
//! folder and touch nothing else of the machine. So what is published does not depend on the compiler and linker
//! that this machine happens to have.

use std::path::PathBuf;
use std::process::Command;

use plugin_tests::process::forget_package;

use crate::bundle::write_if_changed;
use crate::error::{Error, at};
use crate::platforms::Platform;
use crate::run::{builds_here, root, run, target};

const REQUIREMENTS: &str = include_str!("zig.txt");

/// What macOS has and zig does not bring: the frameworks that the certificates of the system are read with.
const FRAMEWORKS: &str = "xtask/frameworks";

/// Something that the linker adds and that is no package of cargo's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub name: &'static str,
    /// Its own version, where it is known.
    pub own_version: Option<String>,
    /// What brings it, whose version is the only one that most have: `zig-0.17.0`.
    pub from: String,
    /// An SPDX expression.
    pub licence: &'static str,
    /// The file with its licence; of LLVM's zig has none, and Rust's documents do.
    pub text: Option<PathBuf>,
}

impl Part {
    /// Its version, or that of what brings it.
    pub fn version(&self) -> &str {
        self.own_version.as_deref().unwrap_or(&self.from)
    }

    /// The name under which databases of known weaknesses have it, where its own version is known.
    pub fn cpe(&self) -> Option<String> {
        let version = self.own_version.as_deref()?;
        (self.name == MUSL).then(|| format!("cpe:2.3:a:musl-libc:musl:{version}:*:*:*:*:*:*:*"))
    }
}

/// Name, licence and, below zig's folder, the file with it.
type Linked = (&'static str, &'static str, Option<&'static str>);

const MUSL: &str = "musl";

/// Where zig has that one's own version, as its sources do.
const MUSL_VERSION: &str = "lib/libc/musl/src/internal/version.h";

const LLVM_LICENCE: &str = "Apache-2.0 WITH LLVM-exception";

/// What zig links into an executable for a platform.
fn linked(platform: &Platform) -> Vec<Linked> {
    let mut parts: Vec<Linked> = vec![("compiler_rt of zig", "MIT", Some("LICENSE"))];
    if !platform.triple.ends_with("-darwin") {
        parts.push(("libunwind of LLVM", LLVM_LICENCE, None));
    }
    if platform.is_static() {
        parts.push((MUSL, "MIT", Some("lib/libc/musl/COPYRIGHT")));
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
        own_version: None,
        from: format!("rust-{version}"),
        licence,
        text,
    };
    vec![
        part("libunwind of LLVM", LLVM_LICENCE, None),
        part(MUSL, "MIT", Some(root().join("xtask/src/musl.txt"))),
    ]
}

/// The version of musl in its file of that.
fn musl_version(text: &str) -> Option<&str> {
    let mut lines = text.lines();
    let version = lines.find_map(|line| line.trim().strip_prefix("#define VERSION"))?;
    let version = version.trim().trim_matches('"');
    let is_version = version.starts_with(|first: char| first.is_ascii_digit())
        && version
            .chars()
            .all(|one| one.is_ascii_digit() || one == '.');
    is_version.then_some(version)
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
        builds_here(command.current_dir(root()).arg("rustc"));
        self.environment(&mut command);
        command.args(["--target", platform.triple]);
        if platform.triple.ends_with("-darwin") {
            // From the checkout's folder, whose path may have blanks.
            command.env("RUSTFLAGS", format!("-Clink-arg=-F{FRAMEWORKS}"));
            command.env("MACOSX_DEPLOYMENT_TARGET", "11.0");
        }
        command
    }

    /// What is linked into an executable for a platform besides its packages.
    pub fn parts(&self, platform: &Platform) -> Result<Vec<Part>, Error> {
        let version = REQUIREMENTS
            .lines()
            .find_map(|line| line.strip_prefix("ziglang==")?.split(' ').next());
        let from = format!("zig-{}", version.unwrap_or_default());
        let part = |(name, licence, text): Linked| {
            let text = text.map(|text| self.file(text)).transpose()?;
            let own_version = match name {
                MUSL => self.musl_version()?,
                _ => None,
            };
            Ok(Part {
                name,
                own_version,
                from: from.clone(),
                licence,
                text,
            })
        };
        linked(platform).into_iter().map(part).collect()
    }

    /// The version of the C library of Linux, where this zig says it.
    fn musl_version(&self) -> Result<Option<String>, Error> {
        let Ok(path) = self.file(MUSL_VERSION) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(&path).map_err(at(&path))?;
        let version = musl_version(&text).map(str::to_owned);
        let problem = "there is no VERSION of musl in it: see how this version of zig has it, and correct \
                       xtask/src/zig.rs";
        version.map(Some).ok_or_else(|| Error::Content {
            path,
            problem: problem.to_owned(),
        })
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
    use super::{MUSL, MUSL_VERSION, Zig, linked, linked_by_rust, musl_version};
    use crate::platforms::{LINUX, PLATFORMS};
    use crate::run::scratch;
    use std::fs;

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

    #[test]
    fn musl_has_its_own_version_where_zig_says_it_and_the_rest_that_of_zig() {
        let folder = scratch("zig");
        let package = folder.join("lib/python3.1/site-packages/ziglang");
        let write = |name: &str, content: &str| {
            let path = package.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write("LICENSE", "");
        write("lib/libc/musl/COPYRIGHT", "");
        let zig = Zig {
            folder: folder.clone(),
        };
        let musl = || {
            let parts = zig.parts(&LINUX)?;
            let (musl, others): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|part| part.name == MUSL);
            assert!(others.iter().all(|part| part.version() == part.from));
            assert!(others.iter().all(|part| part.cpe().is_none()));
            Ok::<_, crate::error::Error>(musl.into_iter().next().unwrap())
        };
        let old = musl().unwrap();
        assert!(old.version().starts_with("zig-") && old.cpe().is_none());
        write(MUSL_VERSION, "#define VERSION \"1.2.5\"\n");
        let known = musl().unwrap();
        assert_eq!(known.version(), "1.2.5");
        assert_eq!(known.from, old.from);
        let cpe = "cpe:2.3:a:musl-libc:musl:1.2.5:*:*:*:*:*:*:*";
        assert_eq!(known.cpe().unwrap(), cpe);
        write(MUSL_VERSION, "#include <other.h>\n");
        let told = musl().unwrap_err().to_string();
        assert!(told.contains("version.h"), "{told}");
        fs::remove_dir_all(folder).unwrap();
        for wrong in [
            "",
            "#define VERSION",
            "#define VERSION OTHER",
            "VERSION 1.2",
        ] {
            assert_eq!(musl_version(wrong), None, "{wrong}");
        }
    }
}
