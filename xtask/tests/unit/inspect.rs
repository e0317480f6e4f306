use super::inspect;
use crate::platforms::{LINUX, LINUX_ARM, Platform, WINDOWS};

fn problem(content: &[u8], platform: &Platform) -> Option<String> {
    let outcome = inspect(content, platform);
    outcome.err().map(|error| error.to_string())
}

/// The header of a Linux executable of an ELF type for a processor.
fn linux(kind: u16, processor: u16) -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(16, 0);
    for half in [kind, processor, 1, 0] {
        head.extend(half.to_le_bytes());
    }
    head.resize(52, 0);
    for half in [64_u16, 56, 0, 64, 0, 0] {
        head.extend(half.to_le_bytes());
    }
    head
}

#[test]
fn a_linux_executable_is_static_position_independent_and_for_the_right_processor() {
    const AMD: u16 = 62;
    const ARM: u16 = 183;
    assert_eq!(problem(&linux(3, AMD), &LINUX), None);
    assert_eq!(problem(&linux(3, ARM), &LINUX_ARM), None);
    // The test executable is linked to this machine's C library.
    let this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    for (content, platform, word) in [
        (linux(3, ARM), &LINUX, "processor"),
        (linux(2, AMD), &LINUX, "fixed address"),
        (linux(3, AMD), &WINDOWS, "kind"),
        (this, &LINUX, "loaded by"),
    ] {
        let told = problem(&content, platform).unwrap();
        assert!(told.contains(word), "{told}");
    }
    assert!(problem(b"#!/bin/sh\n", &LINUX).is_some());
}

/// A Windows executable without code, whose debug directory has one entry of a type.
fn windows(entry: u32) -> Vec<u8> {
    const AMD: u16 = 0x8664;
    let mut file = b"MZ".to_vec();
    file.resize(0x3c, 0);
    file.extend(0x40_u32.to_le_bytes());
    file.extend(b"PE\0\0");
    // One section; the optional header has 240 bytes.
    for half in [AMD, 1, 0x1234, 0x5678, 0, 0, 0, 0, 240, 0x22] {
        file.extend(half.to_le_bytes());
    }
    let header = file.len();
    file.extend(0x20b_u16.to_le_bytes());
    file.resize(header + 32, 0);
    for word in [0x1000_u32, 0x200, 0, 0, 0, 0, 0x2000, 0x200] {
        file.extend(word.to_le_bytes());
    }
    file.resize(header + 108, 0);
    file.extend(16_u32.to_le_bytes());
    file.resize(header + 112 + 6 * 8, 0);
    file.extend([0x1000_u32, 28].map(u32::to_le_bytes).concat());
    file.resize(header + 240, 0);
    file.extend(b".rdata\0\0");
    for word in [0x200_u32, 0x1000, 0x200, 0x200, 0, 0, 0, 0x4000_0040] {
        file.extend(word.to_le_bytes());
    }
    file.resize(0x200, 0);
    for word in [0, 0x5678_1234, 0, entry, 0, 0, 0_u32] {
        file.extend(word.to_le_bytes());
    }
    file.resize(0x400, 0);
    file
}

#[test]
fn a_windows_executable_has_a_hash_instead_of_the_time_in_its_header() {
    const REPRODUCIBLE: u32 = 16;
    const MISCELLANEOUS: u32 = 4;
    assert_eq!(problem(&windows(REPRODUCIBLE), &WINDOWS), None);
    let told = problem(&windows(MISCELLANEOUS), &WINDOWS).unwrap();
    assert!(told.contains("time of the build"), "{told}");
}
