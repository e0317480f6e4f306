//! Scripts that run executables of other systems in emulators: arm64 in QEMU, Windows in Wine.
//!
//! The supervisor starts a file and looks for a process with the name of that file, so a script with that name replaces
//! itself with the emulator.
//!
//! QEMU keeps a record of each page of the address space. The slots for all of the plugin's events need 2 GB of records and
//! seconds at each start. So the plugin gets a small address space, in which each event allocates its own memory. The hello
//! component gets a manifest with fewer events, whose slots fit, so that both ways are tested.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::bundle::{Dist, hello_for, hello_manifest};
use crate::platforms::{LINUX_ARM, Platform, WINDOWS};
use crate::run::write_if_changed;
use crate::run::{json, make_executable, run, target};
use crate::zig::Zig;

/// The path of Wine on Debian. The usual `wine` script needs a desktop.
pub const WINE: &str = "/usr/lib/wine/wine64";
const WINE_SERVER: &str = "/usr/lib/wine/wineserver64";

/// The API that Rust's standard library needs and Wine 8 lacks: random bytes.
const MISSING_IN_WINE: &str = "
int SystemFunction036(void *bytes, unsigned long length);
__declspec(dllexport) int ProcessPrng(unsigned char *bytes, unsigned long long length) {
    return SystemFunction036(bytes, (unsigned long)length);
}
";

/// The address space of an emulated plugin, in KiB: enough for about 70 concurrent events.
const ARM_ADDRESSES: u64 = 300 * 1024 * 1024;

/// The number of concurrent requests of `tests/guests/hello` whose slots fit in the emulator.
const ARM_EVENTS: u32 = 8;

/// Scripts that start the plugin and `tests/guests/hello` like executables of this system.
pub struct Launchers {
    pub plugin: PathBuf,
    pub hello: PathBuf,
    /// The number of concurrent requests of `tests/guests/hello`, if it is lower than in its manifest.
    pub events: Option<u32>,
    /// Stops Wine when it is dropped.
    _prefix: Option<Prefix>,
}

/// Builds the executables for a platform and the scripts that run them: in Wine for Windows, in QEMU for arm64.
pub fn launchers(platform: &Platform, dist: &Dist, zig: &Zig) -> Result<Launchers> {
    let folder = folder(platform);
    let prefix = (platform.name == WINDOWS.name)
        .then(|| Prefix::start(&folder, zig))
        .transpose()?;
    let lines = |executable: &Path, limit: &str| {
        let executable = executable.display();
        match &prefix {
            Some(Prefix(files)) => format!(
                "ln -sf '{executable}' \"$0.exe\"\n\
                 export WINEPREFIX='{}' WINEDEBUG=-all\n\
                 exec {WINE} \"$0.exe\" \"$@\"",
                files.display()
            ),
            None => format!("{limit}{REDUCED}\nexec \"$emulator\" -0 \"$0\" '{executable}' \"$@\""),
        }
    };
    let events = (platform.name == LINUX_ARM.name).then_some(ARM_EVENTS);
    let manifest = match events {
        Some(events) => manifest_of(&folder, events)?,
        None => hello_manifest(),
    };
    let hello = hello_for(platform, Some(zig), &manifest)?;
    let plugin = lines(
        dist.executable_for(platform)?,
        &format!("ulimit -v {ARM_ADDRESSES}\n"),
    );
    Ok(Launchers {
        plugin: launcher(&folder.join("plugin"), &plugin)?,
        hello: launcher(&folder.join("hello"), &lines(&hello, ""))?,
        events,
        _prefix: prefix,
    })
}

/// The manifest of `tests/guests/hello`, with fewer concurrent events.
fn manifest_of(folder: &Path, events: u32) -> Result<PathBuf> {
    let mut manifest = json(&hello_manifest())?;
    let limit = manifest.pointer_mut("/props/sandbox/concurrent_events");
    *limit.context("the manifest has no limit of concurrent events")? = events.into();
    let path = folder.join("hello.json");
    write_if_changed(&path, format!("{manifest:#}\n").as_bytes())?;
    Ok(path)
}

/// Removes the variables that the host does not keep. Otherwise the host would re-exec itself without them, and outside
/// of QEMU.
const REDUCED: &str = r#"emulator=$(command -v qemu-aarch64-static)
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    case $name in
    MATTERMOST_PLUGIN | PLUGIN_* | TMPDIR | SSL_CERT_*) ;;
    *) unset "$name" ;;
    esac
done"#;

fn folder(platform: &Platform) -> PathBuf {
    target().join("emulated").join(platform.name)
}

/// Writes a script of these lines.
fn launcher(path: &Path, lines: &str) -> Result<PathBuf> {
    write_if_changed(path, format!("#!/bin/sh\n{lines}\n").as_bytes())?;
    make_executable(path)?;
    Ok(path.to_owned())
}

/// A Wine prefix with its server processes. They start first; otherwise the first program starts them, and they keep its
/// output open.
struct Prefix(PathBuf);

impl Prefix {
    /// Creates the prefix, which takes seconds, and adds the missing API.
    fn start(folder: &Path, zig: &Zig) -> Result<Self> {
        let prefix = Self(folder.join("wine"));
        fs_err::create_dir_all(&prefix.0)?;
        run(prefix.command(WINE_SERVER).arg("--persistent"))?;
        let mut boot = prefix.command(WINE);
        run(boot.args(["wineboot", "--init"]).stdout(Stdio::null()))?;
        let source = folder.join("bcryptprimitives.c");
        write_if_changed(&source, MISSING_IN_WINE.as_bytes())?;
        let library = prefix
            .0
            .join("drive_c/windows/system32/bcryptprimitives.dll");
        let mut compile = zig.c_compiler();
        compile.args(["-target", "x86_64-windows-gnu", "-shared", "-s", "-o"]);
        run(compile.arg(library).arg(&source).arg("-ladvapi32"))?;
        Ok(prefix)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("WINEPREFIX", &self.0).env("WINEDEBUG", "-all");
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let _ = self.command(WINE_SERVER).arg("--kill").status();
    }
}
