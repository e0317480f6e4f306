//! Checks the executables of systems that this machine cannot run.
//!
//! It checks the file format, the processor, the libraries, the oldest system version, and the signature.

use std::path::Path;

use anyhow::{Result, bail};
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
    let content = fs_err::read(executable)?;
    match problem(&content, platform) {
        Some(problem) => bail!("{}, for {}: {problem}", executable.display(), platform.name),
        None => Ok(()),
    }
}

fn problem(content: &[u8], platform: &Platform) -> Option<String> {
    let arm = platform.name.ends_with("-arm64");
    match (Object::parse(content), platform.name.split('-').next()) {
        (Err(error), _) => Some(error.to_string()),
        (Ok(Object::Elf(file)), Some("linux")) => linux(&file, arm),
        (Ok(Object::Mach(Mach::Binary(file))), Some("darwin")) => mac(&file, content, arm),
        (Ok(Object::PE(file)), Some("windows")) => {
            let machine = file.header.coff_header.machine;
            if machine != pe::header::COFF_MACHINE_X86_64 {
                return Some(format!("it is for processor {machine:#x}"));
            }
            if file.debug_data.is_none_or(|data| data.repro_info.is_none()) {
                return Some("its header has the time of the build".to_owned());
            }
            foreign(&file.libraries, WINDOWS_LIBRARIES)
        }
        _ => Some("it is of another kind".to_owned()),
    }
}

/// The executable must be static and position-independent.
fn linux(file: &Elf, arm: bool) -> Option<String> {
    let machine = if arm {
        elf::header::EM_AARCH64
    } else {
        elf::header::EM_X86_64
    };
    if file.header.e_machine != machine {
        return Some(format!("it is for processor {}", file.header.e_machine));
    }
    if let Some(interpreter) = file.interpreter {
        return Some(format!("it is loaded by {interpreter}"));
    }
    if file.header.e_type != elf::header::ET_DYN {
        return Some("it lies at a fixed address".to_owned());
    }
    foreign(&file.libraries, "")
}

fn mac(file: &MachO, content: &[u8], arm: bool) -> Option<String> {
    let machine = if arm {
        cputype::CPU_TYPE_ARM64
    } else {
        cputype::CPU_TYPE_X86_64
    };
    if file.header.cputype != machine {
        return Some(format!("it is for processor {}", file.header.cputype));
    }
    let oldest = file.load_commands.iter().find_map(|one| match one.command {
        CommandVariant::BuildVersion(version) => Some(version.minos),
        CommandVariant::VersionMinMacosx(version) => Some(version.version),
        _ => None,
    });
    if oldest.is_none_or(|oldest| oldest > OLDEST_MAC) {
        return Some(format!("it is for macOS {:?}", oldest.map(|o| o >> 16)));
    }
    let signature = file.load_commands.iter().find_map(|one| match one.command {
        CommandVariant::CodeSignature(place) => Some(place),
        _ => None,
    });
    let wrong = match signature {
        Some(place) => codesign::problem(content, place.dataoff as usize, place.datasize as usize),
        // Apple processors run only signed code.
        None => arm.then(|| "it is not signed".to_owned()),
    };
    if wrong.is_some() {
        return wrong;
    }
    // The first entry is the file itself.
    foreign(file.libs.get(1..).unwrap_or_default(), MAC_LIBRARIES)
}

/// Reports a library that the system may lack.
fn foreign(wanted: &[&str], known: &str) -> Option<String> {
    let strange = wanted.iter().find(|name| {
        let name = name.to_ascii_lowercase();
        let mut known = known.split_whitespace();
        !known.any(|known| name.starts_with(&known.to_ascii_lowercase()))
    })?;
    Some(format!("it needs {strange}"))
}

#[cfg(test)]
#[path = "../tests/unit/inspect.rs"]
mod tests;
