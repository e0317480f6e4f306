//! An allocator that counts what each thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What one thread allocated, in bytes.
#[derive(Clone, Copy, Default)]
pub struct Count {
    /// What it has not given back.
    pub left: isize,
    /// The most that it had at any time.
    pub peak: usize,
    /// All together.
    pub total: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { left: 0, peak: 0, total: 0 }) };
}

/// What `work` allocates on this thread.
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

// SAFETY: all of it is the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        change(layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        change(-layout.size().cast_signed());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
