//! How much memory a piece of work takes at most: an allocator that counts what each thread has.

#![allow(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Bytes that this thread has taken and not given back, and the most that it ever had.
    static HELD: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn took(bytes: usize) {
    let _ = HELD.try_with(|held| {
        let (now, peak) = held.get();
        let now = now.saturating_add(bytes);
        held.set((now, peak.max(now)));
    });
}

fn gave(bytes: usize) {
    let _ = HELD.try_with(|held| {
        let (now, peak) = held.get();
        held.set((now.saturating_sub(bytes), peak));
    });
}

// SAFETY: the system's allocator does all the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        took(size);
        gave(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What some work gives, and the bytes that its thread had beyond those of before, at most.
pub(crate) fn peak_during<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.with(|held| {
        let (now, _) = held.get();
        held.set((now, now));
        now
    });
    let given = work();
    (given, HELD.with(|held| held.get().1.saturating_sub(before)))
}

#[cfg(test)]
mod tests {
    use super::peak_during;

    #[test]
    fn what_is_taken_counts_also_when_it_was_given_back() {
        let (kept, peak) = peak_during(|| {
            drop(Vec::<u8>::with_capacity(1 << 20));
            Vec::<u8>::with_capacity(1 << 10)
        });
        assert!((1 << 20..3 << 20).contains(&peak), "{peak}");
        drop(kept);
    }
}
