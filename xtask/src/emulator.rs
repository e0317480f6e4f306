//! Executables of other systems, as if they were of this one.
//!
//! The supervisor starts a file and looks for the process by that file's name. So what it is given is a script
//! that becomes the emulator, under its own name.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bundle::{Dist, hello_for, write_if_changed};
use crate::error::{Error, at};
use crate::platforms::{LINUX_ARM, Platform, WINDOWS};
use crate::run::{make_executable, root, run, target};
use crate::zig::Zig;

/// Where Debian puts the C library of arm64.
pub const ARM_LIBRARY: &str = "/usr/aarch64-linux-gnu";

/// Where Debian puts Wine; its own front door wants a desktop.
pub const WINE: &str = "/usr/lib/wine/wine64";

/// What today's Rust asks Windows for and Wine 8 does not have: random bytes.
const MISSING_IN_WINE: &str = "
int SystemFunction036(void *bytes, unsigned long length);
__declspec(dllexport) int ProcessPrng(unsigned char *bytes, unsigned long long length) {
    return SystemFunction036(bytes, (unsigned long)length);
}
";

/// The plugin and the component of `tests/guests/hello`, to be started like executables of this system.
pub struct Launchers {
    pub plugin: PathBuf,
    pub hello: PathBuf,
}

/// Builds for a platform whatever was not built yet, and the scripts that run it.
pub fn launchers(platform: &Platform, dist: &Dist, zig: &Zig) -> Result<Launchers, Error> {
    let folder = folder(platform);
    let emulator = match platform.name {
        name if name == LINUX_ARM.name => {
            format!("qemu-aarch64-static -0 \"$0\" -L {ARM_LIBRARY}")
        }
        name if name == WINDOWS.name => wine(&folder)?,
        name => return Err(Error::Needed(format!("there is no emulator for {name}"))),
    };
    let plugin = dist.executable_for(platform)?;
    let hello = hello_for(platform, Some(zig))?;
    if platform.name == WINDOWS.name {
        for executable in [plugin, &hello] {
            supply(executable, &folder, zig)?;
        }
    }
    Ok(Launchers {
        plugin: launcher(&folder.join("plugin"), &emulator, plugin)?,
        hello: launcher(&folder.join("hello"), &emulator, &hello)?,
    })
}

fn folder(platform: &Platform) -> PathBuf {
    root().join(target()).join("emulated").join(platform.name)
}

/// Writes a script that runs an executable with the shell's words for an emulator.
fn launcher(path: &Path, emulator: &str, executable: &Path) -> Result<PathBuf, Error> {
    let script = format!(
        "#!/bin/sh\nexec {emulator} '{}' \"$@\"\n",
        executable.display()
    );
    write_if_changed(path, script.as_bytes())?;
    make_executable(path)?;
    Ok(path.to_owned())
}

/// Makes Wine's own world, which takes seconds, before anybody waits for a plugin.
fn wine(folder: &Path) -> Result<String, Error> {
    let world = folder.join("wine");
    std::fs::create_dir_all(&world).map_err(at(&world))?;
    let mut boot = Command::new(WINE);
    boot.args(["wineboot", "--init"]);
    boot.env("WINEPREFIX", &world).env("WINEDEBUG", "-all");
    run(&mut boot)?;
    Ok(format!(
        "env WINEPREFIX='{}' WINEDEBUG=-all {WINE}",
        world.display()
    ))
}

/// Puts beside an executable what Wine lacks.
fn supply(executable: &Path, folder: &Path, zig: &Zig) -> Result<(), Error> {
    let source = folder.join("bcryptprimitives.c");
    write_if_changed(&source, MISSING_IN_WINE.as_bytes())?;
    let mut compile = zig.c_compiler();
    compile.args(["-target", "x86_64-windows-gnu", "-shared", "-ladvapi32"]);
    compile.arg("-o");
    compile.arg(executable.with_file_name("bcryptprimitives.dll"));
    run(compile.arg(&source))
}
