//! zig, the C compiler and linker of releases.
//!
//! Python's registry has zig and `cargo-zigbuild` as packages. pip installs them by their checksums (`zig.txt`) into the
//! target folder, so that a release does not depend on the machine's compiler and linker.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use plugin_tests::process::forget_package;

use crate::platforms::Platform;
use crate::run::write_if_changed;
use crate::run::{builds_here, command, root, run, target};

const REQUIREMENTS: &str = include_str!("zig.txt");

/// Stubs of the macOS frameworks that read the system's certificates, which zig does not have.
const FRAMEWORKS: &str = "xtask/frameworks";

/// A part that the linker adds and that is not a cargo package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    pub name: &'static str,
    /// Its own version, where it is known.
    pub own_version: Option<String>,
    /// Its source, such as `zig-0.17.0`, whose version most parts share.
    pub from: String,
    /// An SPDX expression.
    pub license: &'static str,
    /// The file with its license. zig has none for LLVM's.
    pub text: Option<PathBuf>,
}

impl Part {
    /// Its version, or that of its source.
    pub fn version(&self) -> &str {
        self.own_version.as_deref().unwrap_or(&self.from)
    }

    /// The name under which vulnerability databases list it.
    pub fn cpe(&self) -> Option<String> {
        let version = self.own_version.as_deref()?;
        (self.name == MUSL).then(|| format!("cpe:2.3:a:musl-libc:musl:{version}:*:*:*:*:*:*:*"))
    }
}

/// Name, license, and the license file in zig's folder.
type Linked = (&'static str, &'static str, Option<&'static str>);

const MUSL: &str = "musl";

/// The file in zig's folder with the version of musl.
const MUSL_VERSION: &str = "lib/libc/musl/src/internal/version.h";

pub const LLVM_LICENSE: &str = "Apache-2.0 WITH LLVM-exception";

/// The parts that zig links into an executable for a platform.
fn linked(platform: &Platform) -> Vec<Linked> {
    let mut parts: Vec<Linked> = vec![("compiler_rt of zig", "MIT", Some("LICENSE"))];
    if !platform.triple.ends_with("-darwin") {
        parts.push(("libunwind of LLVM", LLVM_LICENSE, None));
    }
    if platform.is_static() {
        parts.push((MUSL, "MIT", Some("lib/libc/musl/COPYRIGHT")));
    }
    if platform.triple.ends_with("-windows-gnu") {
        let license = "lib/libc/mingw/COPYING";
        parts.push(("mingw-w64", "ZPL-2.1", Some(license)));
    }
    parts
}

/// The linker argument that a platform's executable needs.
///
/// For Linux, it makes a static executable position-independent, because zig ignores Rust's own flag. The others make the
/// bytes independent of folders and time: the UUID of an executable for macOS is a hash of the linked file, which must not
/// list the paths of object files even before Rust strips it; the header of one for Windows gets a hash instead of the time.
pub fn link_argument(platform: &Platform) -> &'static str {
    match platform.name.split('-').next() {
        Some("darwin") => "-Clink-arg=-Wl,-S",
        Some("windows") => "-Clink-arg=-Wl,-Brepro",
        _ => "-Clink-arg=-pie",
    }
}

/// The parts of an executable for this machine that Rust of this version links.
pub fn linked_by_rust(version: &str) -> Vec<Part> {
    let part = |name, license, text| Part {
        name,
        own_version: None,
        from: format!("rust-{version}"),
        license,
        text,
    };
    vec![
        part("libunwind of LLVM", LLVM_LICENSE, None),
        part(MUSL, "MIT", Some(root().join("xtask/src/musl.txt"))),
    ]
}

/// The installed tools.
pub struct Zig {
    folder: PathBuf,
}

impl Zig {
    /// Installs the tools unless they are there.
    pub fn install() -> Result<Self> {
        let folder = target().join("zig");
        let installed = folder.join("installed.txt");
        if fs_err::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
            return Ok(Self { folder });
        }
        run(command("python3 -m venv --clear").arg(&folder))
            .context("Python's venv is missing; on Debian, apt-get install python3-venv")?;
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

    /// The linked parts of an executable for a platform, without its packages.
    pub fn parts(&self, platform: &Platform) -> Result<Vec<Part>> {
        let mut lines = REQUIREMENTS.lines();
        let version = lines.find_map(|line| line.strip_prefix("ziglang==")?.split(' ').next());
        let from = format!("zig-{}", version.unwrap_or_default());
        let part = |(name, license, text): Linked| {
            let text = text.map(|text| self.file(text)).transpose()?;
            let own_version = (name == MUSL).then(|| self.musl_version());
            let own_version = own_version.transpose()?;
            Ok(Part {
                name,
                own_version,
                from: from.clone(),
                license,
                text,
            })
        };
        linked(platform).into_iter().map(part).collect()
    }

    /// The version of musl in zig's sources.
    fn musl_version(&self) -> Result<String> {
        let text = fs_err::read_to_string(self.file(MUSL_VERSION)?)?;
        let mut lines = text.lines();
        let version = lines.find_map(|line| line.trim().strip_prefix("#define VERSION"));
        let version = version.map(|version| version.trim().trim_matches('"'));
        let version =
            version.filter(|version| version.starts_with(|one: char| one.is_ascii_digit()));
        version
            .map(str::to_owned)
            .context("zig does not say the version of its musl")
    }

    /// A file in zig's folder, which depends on the version of Python.
    fn file(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join("lib");
        let versions = fs_err::read_dir(&folder)?.flatten();
        let mut places = versions.map(|one| one.path().join("site-packages/ziglang").join(name));
        let found = places.find(|path| path.is_file());
        found.with_context(|| format!("{} has no {name}: remove it", folder.display()))
    }

    /// Sets where the tools find each other and cache files.
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
