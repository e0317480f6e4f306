//! Where the executable's memory comes from where its C library is musl.
//!
//! musl's own allocator gives back what is small too rarely: 100,000 events left 1.5 MB of it in pieces. The one that
//! Rust has for WebAssembly leaves nothing, but does not ask the system for what is large on its own, so that bodies
//! of requests left holes of a megabyte. So each does what it is good at, and the size of a piece, which whoever gives
//! it back knows, says whose it is.

use std::alloc::{GlobalAlloc, Layout, System};

use dlmalloc::GlobalDlmalloc;

/// From so many bytes on a piece is the system's, which maps it alone and takes it back as a whole. musl does so from
/// 128 KiB on.
const LARGE: usize = 128 * 1024;

/// See the module.
struct BySize;

#[global_allocator]
static ALLOCATOR: BySize = BySize;

/// Exception to `deny(unsafe_code)`: an allocator is one by contract.
///
/// Safety: both parts are allocators, and a piece is given back with the layout that it was asked for with, so that
/// it comes to the part that it is from. A piece that grows or shrinks from one part to the other is copied.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for BySize {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.alloc(layout) }
        } else {
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.dealloc(piece, layout) }
        } else {
            unsafe { System.dealloc(piece, layout) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.alloc_zeroed(layout) }
        } else {
            unsafe { System.alloc_zeroed(layout) }
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (layout.size() < LARGE, size < LARGE) {
            (true, true) => unsafe { GlobalDlmalloc.realloc(piece, layout, size) },
            (false, false) => unsafe { System.realloc(piece, layout, size) },
            _ => unsafe { moved(self, piece, layout, size) },
        }
    }
}

/// A copy of a piece in the other part.
///
/// Exception to `deny(unsafe_code)`, and safety: as for `realloc`, whose contract the caller keeps.
#[allow(unsafe_code)]
unsafe fn moved(allocator: &BySize, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
        return std::ptr::null_mut();
    };
    let copy = unsafe { allocator.alloc(wanted) };
    if !copy.is_null() {
        unsafe {
            std::ptr::copy_nonoverlapping(piece, copy, layout.size().min(size));
            allocator.dealloc(piece, layout);
        }
    }
    copy
}
