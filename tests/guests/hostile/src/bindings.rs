//! The code that `wit-bindgen` generates from the WIT files, and a call that generated code would never make.
#![allow(unsafe_code, missing_docs, clippy::all, clippy::pedantic)]

wit_bindgen::generate!({
    path: "../../../wit",
    world: "plugin-with-diagnostics",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export",
    default_bindings_module: "crate::bindings",
});

/// Calls `log.write` with a list of pairs that all point to the same text. Each pair takes a few bytes of the component's
/// memory, but the host would copy the whole text for each.
pub fn log_one_text_many_times(text: &str, count: usize) {
    #[link(wasm_import_module = "mattermost:plugin/log@0.1.0")]
    unsafe extern "C" {
        #[link_name = "write"]
        fn write(level: i32, message: *const u8, length: usize, fields: *const u8, count: usize);
    }
    let pair = [
        text.as_ptr() as usize,
        text.len(),
        text.as_ptr() as usize,
        text.len(),
    ];
    let pairs = vec![pair; count];
    unsafe { write(1, text.as_ptr(), 1, pairs.as_ptr().cast(), pairs.len()) }
}

/// Grows the memory by this number of pages of 64 KiB. Returns whether the host allowed it.
pub fn grow_memory_by(pages: usize) -> bool {
    core::arch::wasm32::memory_grow(0, pages) != usize::MAX
}

/// Grows the memory by a megabyte, and returns the number of its bytes that are not zero. Then sets all bytes.
pub fn dirty_bytes_in_new_memory() -> usize {
    const PAGES: usize = 16;
    const SIZE: usize = PAGES * 65_536;
    let pages = core::arch::wasm32::memory_grow(0, PAGES);
    if pages == usize::MAX {
        return usize::MAX;
    }
    let start = (pages * 65_536) as *mut u8;
    let dirty = (0..SIZE).filter(|offset| unsafe { start.add(*offset).read_volatile() } != 0);
    let dirty = dirty.count();
    unsafe { start.write_bytes(0xaa, SIZE) };
    dirty
}

/// An interface that the host does not provide.
#[cfg(feature = "invented")]
pub mod invented {
    wit_bindgen::generate!({
        inline: "package attacker:tools@1.0.0; interface door { open: func(); } world extra { import door; }",
        world: "extra",
    });
}
