//! Checks the executables of systems that this machine cannot run.
//!
//! It checks the file format, the processor, the libraries, the oldest system version, and the signature.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use goblin::elf::Elf;
use goblin::mach::load_command::CommandVariant;
use goblin::mach::{Mach, MachO, constants::cputype};
use goblin::{Object, elf, pe};

use crate::codesign;
use crate::platforms::Platform;

/// System libraries that executables may load: full names for Windows, path prefixes for macOS.
const WINDOWS_LIBRARIES: &str = "advapi32.dll api-ms-win-core-synch-l1-2-0.dll bcrypt.dll bcryptprimitives.dll crypt32.dll \
    kernel32.dll msvcrt.dll ncrypt.dll ntdll.dll ole32.dll secur32.dll userenv.dll ws2_32.dll \
    api-ms-win-crt-";
const MAC_LIBRARIES: &str = "/usr/lib/ /System/Library/Frameworks/";

/// The oldest supported macOS version, encoded as in Mach-O.
const OLDEST_MAC: u32 = 11 << 16;

/// Checks an executable.
pub fn check(executable: &Path, platform: &Platform) -> Result<()> {
    let checked = inspect(&fs_err::read(executable)?, platform);
    checked.with_context(|| format!("{}, for {}", executable.display(), platform.name))
}

fn inspect(content: &[u8], platform: &Platform) -> Result<()> {
    let arm = platform.name.ends_with("-arm64");
    let is_for = |found: u32, [amd, arm_machine]: [u32; 2]| {
        let machine = if arm { arm_machine } else { amd };
        ensure!(found == machine, "it is for processor {found:#x}");
        Ok(())
    };
    match (Object::parse(content)?, platform.name.split('-').next()) {
        (Object::Elf(file), Some("linux")) => {
            let machines = [elf::header::EM_X86_64, elf::header::EM_AARCH64];
            is_for(file.header.e_machine.into(), machines.map(u32::from))?;
            linux(&file)
        }
        (Object::Mach(Mach::Binary(file)), Some("darwin")) => {
            is_for(
                file.header.cputype,
                [cputype::CPU_TYPE_X86_64, cputype::CPU_TYPE_ARM64],
            )?;
            mac(&file, content, arm)
        }
        (Object::PE(file), Some("windows")) => {
            let machines = [
                pe::header::COFF_MACHINE_X86_64,
                pe::header::COFF_MACHINE_ARM64,
            ];
            is_for(
                file.header.coff_header.machine.into(),
                machines.map(u32::from),
            )?;
            let reproducible = file.debug_data.and_then(|data| data.repro_info);
            ensure!(
                reproducible.is_some(),
                "its header has the time of the build"
            );
            foreign(&file.libraries, WINDOWS_LIBRARIES)
        }
        _ => bail!("it is of another kind"),
    }
}

/// The executable must be static and position-independent.
fn linux(file: &Elf) -> Result<()> {
    if let Some(interpreter) = file.interpreter {
        bail!("it is loaded by {interpreter}");
    }
    ensure!(
        file.header.e_type == elf::header::ET_DYN,
        "it lies at a fixed address"
    );
    foreign(&file.libraries, "")
}

fn mac(file: &MachO, content: &[u8], arm: bool) -> Result<()> {
    let (mut oldest, mut signature) = (None, None);
    for one in &file.load_commands {
        match one.command {
            CommandVariant::BuildVersion(version) => oldest = Some(version.minos),
            CommandVariant::VersionMinMacosx(version) => oldest = Some(version.version),
            CommandVariant::CodeSignature(place) => signature = Some(place),
            _ => {}
        }
    }
    let fits = oldest.is_some_and(|oldest| oldest <= OLDEST_MAC);
    ensure!(
        fits,
        "it is for macOS {:?}",
        oldest.map(|oldest| oldest >> 16)
    );
    match signature {
        Some(place) => codesign::check(content, place.dataoff as usize, place.datasize as usize)?,
        // Apple processors run only signed code.
        None => ensure!(!arm, "it is not signed"),
    }
    // The first entry is the file itself.
    foreign(file.libs.get(1..).unwrap_or_default(), MAC_LIBRARIES)
}

/// Fails if the system may lack a library.
fn foreign(wanted: &[&str], known: &str) -> Result<()> {
    for name in wanted {
        let lower = name.to_ascii_lowercase();
        let mut known = known.split_whitespace().map(str::to_ascii_lowercase);
        ensure!(
            known.any(|known| lower.starts_with(&known)),
            "it needs {name}"
        );
    }
    Ok(())
}

#[cfg(test)]
#[path = "../tests/unit/inspect.rs"]
mod tests;
