//! The memory allocator of the executable if its C library is musl.
//!
//! musl's own allocator returns small allocations too rarely: 100,000 events left 1.5 MB of fragments. Rust's allocator for
//! WebAssembly (dlmalloc) leaves nothing, but does not map large allocations separately, so request bodies left holes of a
//! megabyte. Each therefore handles what it is good at. The size of an allocation, which the caller passes when it frees
//! the memory, decides which allocator owns it.

use std::alloc::{GlobalAlloc, Layout, System};

use dlmalloc::GlobalDlmalloc;

/// Allocations from this size on, in bytes, go to the system allocator, which maps and unmaps each separately.
const LARGE: usize = 128 * 1024;

/// Chooses the allocator by size.
struct BySize;

#[global_allocator]
static ALLOCATOR: BySize = BySize;

/// Exception to `deny(unsafe_code)`: the trait of an allocator is unsafe.
///
/// Safety: both parts are allocators. Memory is freed with the layout that it was allocated with, so it returns to the part
/// that allocated it. An allocation that grows or shrinks across the limit is copied.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for BySize {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.alloc(layout) }
        } else {
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.dealloc(pointer, layout) }
        } else {
            unsafe { System.dealloc(pointer, layout) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() < LARGE {
            unsafe { GlobalDlmalloc.alloc_zeroed(layout) }
        } else {
            unsafe { System.alloc_zeroed(layout) }
        }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (layout.size() < LARGE, size < LARGE) {
            (true, true) => unsafe { GlobalDlmalloc.realloc(pointer, layout, size) },
            (false, false) => unsafe { System.realloc(pointer, layout, size) },
            _ => unsafe { moved(self, pointer, layout, size) },
        }
    }
}

/// Copies an allocation to the other allocator.
///
/// Exception to `deny(unsafe_code)`, and safety: as for `realloc`, whose contract the caller keeps.
#[allow(unsafe_code)]
unsafe fn moved(allocator: &BySize, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
    let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
        return std::ptr::null_mut();
    };
    let copy = unsafe { allocator.alloc(wanted) };
    if !copy.is_null() {
        unsafe {
            std::ptr::copy_nonoverlapping(pointer, copy, layout.size().min(size));
            allocator.dealloc(pointer, layout);
        }
    }
    copy
}
