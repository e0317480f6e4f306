//! Components that are valid for some WebAssembly, and must not become machine code here.
#![allow(
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop right there"
)]

use mattermost_plugin_aot::compile;

/// A type in a core module: a function without parameters and results, which may have subtypes, and the same, which
/// may not.
const OPEN: &[u8] = b"\x50\x00\x60\x00\x00";
const FINAL: &[u8] = b"\x60\x00\x00";

/// A section of a module or component: its number, its size, its content.
fn section(number: u8, content: &[u8]) -> Vec<u8> {
    let size = u8::try_from(content.len()).unwrap();
    assert!(size < 128, "a longer size has two bytes");
    [&[number, size], content].concat()
}

/// Takes a function out of a table as if it had another type. In WebAssembly's text format, with the open type:
///
/// ```wat
/// (component
///   (core module $attack
///     (type $stored (sub (func)))
///     (type $called (func (param i32) (result i32)))
///     (type $run (func (result i32)))
///     (table 1 funcref)
///     (elem (i32.const 0) func 0)
///     (func (type $stored))
///     (func (export "run") (type $run)
///       i32.const 7
///       i32.const 0
///       call_indirect (type $called)))
///   (core instance $instance (instantiate $attack))
///   (func (export "run") (result s32) (canon lift (core func $instance "run"))))
/// ```
fn attack(stored: &[u8]) -> Vec<u8> {
    let types = [
        b"\x03",
        stored,
        b"\x60\x01\x7f\x01\x7f",
        b"\x60\x00\x01\x7f",
    ];
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types.concat()),
        section(3, b"\x02\x00\x02"),
        section(4, b"\x01\x70\x00\x01"),
        section(7, b"\x01\x03run\x00\x01"),
        section(9, b"\x01\x00\x41\x00\x0b\x01\x00"),
        section(
            10,
            b"\x02\x02\x00\x0b\x09\x00\x41\x07\x41\x00\x11\x01\x00\x0b",
        ),
    ];
    let component = [
        b"\0asm\x0d\0\x01\0".to_vec(),
        section(1, &module.concat()),
        section(2, b"\x01\x00\x00\x00"),
        section(6, b"\x01\x00\x00\x01\x00\x03run"),
        section(7, b"\x01\x40\x00\x00\x7a"),
        section(8, b"\x01\x00\x00\x00\x00\x00"),
        section(11, b"\x01\x00\x03run\x01\x00\x00"),
    ];
    component.concat()
}

/// Compiles a component and returns the error.
fn compiled(name: &str, component: &[u8]) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("component.wasm");
    std::fs::write(&file, component).unwrap();
    let outcome = compile(&file, "x86_64-unknown-linux-gnu", &folder.join("image"));
    std::fs::remove_dir_all(&folder).unwrap();
    outcome.map_err(|error| error.to_string())
}

#[test]
fn a_function_of_a_type_that_is_not_final_is_refused_when_it_is_compiled() {
    let refusal = compiled("open", &attack(OPEN)).unwrap_err();
    assert!(refusal.contains("gc proposal"), "{refusal}");
    // With the final type the call traps, which costs one event.
    assert_eq!(compiled("final", &attack(FINAL)), Ok(()));
}
