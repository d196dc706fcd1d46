//! What a thread allocates: how often, how much of it is still there, and the most that ever was.
//!
//! An allocator can only be had for a whole program, and only with `unsafe`: hence this file, which does
//! nothing but count. A program that counts says so:
//!
//! ```
//! use floe_tests::counted::Counting;
//!
//! #[global_allocator]
//! static COUNTING: Counting = Counting;
//! ```

#![allow(unsafe_code, reason = "to stand in for the system's allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What a thread has allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// How often it asked for memory, to make room grow included.
    pub allocations: i64,
    /// Bytes that it has and did not give back. What it gave back for others counts against it.
    pub live: i64,
    /// The most that it had at a time.
    pub peak: i64,
}

/// What the thread that asks has allocated so far.
pub fn count() -> Count {
    COUNT.get()
}

/// What `work` allocates; its peak is above what was there before.
pub fn of<T>(work: impl FnOnce() -> T) -> (T, Count) {
    let before = COUNT.get();
    COUNT.set(Count { peak: before.live, ..before });
    let done = work();
    let after = COUNT.get();
    COUNT.set(Count { peak: after.peak.max(before.peak), ..after });
    let count = Count {
        allocations: after.allocations - before.allocations,
        live: after.live - before.live,
        peak: after.peak - before.live,
    };
    (done, count)
}

/// The system's allocator, and a count for each thread.
#[derive(Debug)]
pub struct Counting;

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { allocations: 0, live: 0, peak: 0 }) };
}

fn note(allocations: i64, bytes: i64) {
    // A thread that ends gives memory back when this is gone already.
    let _ = COUNT.try_with(|count| {
        let mut it = count.get();
        it.allocations += allocations;
        it.live += bytes;
        it.peak = it.peak.max(it.live);
        count.set(it);
    });
}

// SAFETY: every call is handed to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as i64);
        // SAFETY: whoever calls promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        note(0, -(layout.size() as i64));
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as i64 - layout.size() as i64);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}
