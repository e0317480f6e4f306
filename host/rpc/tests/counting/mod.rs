//! An allocator that counts what each thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The allocations of one thread, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Count {
    /// Memory that is not freed.
    pub left: isize,
    /// The most memory that was in use at any time.
    pub peak: usize,
    /// The sum of all allocations.
    pub total: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { left: 0, peak: 0, total: 0 }) };
}

/// Counts the allocations of `work` on this thread.
pub fn counted_work<T>(work: impl FnOnce() -> T) -> (Count, T) {
    let before = COUNT.replace(Count::default());
    let result = work();
    (COUNT.replace(before), result)
}

struct Counting;

fn change(by: isize) {
    // The thread may be ending.
    let _ = COUNT.try_with(|count| {
        let mut value = count.get();
        value.left += by;
        value.peak = value.peak.max(usize::try_from(value.left).unwrap_or(0));
        value.total += usize::try_from(by).unwrap_or(0);
        count.set(value);
    });
}

// SAFETY: all calls are forwarded to the system allocator, and counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size().cast_signed());
        // SAFETY: the caller guarantees the requirements of the system allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        change(-layout.size().cast_signed());
        // SAFETY: the caller guarantees the requirements of the system allocator.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
