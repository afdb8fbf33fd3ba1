//! The allocator, and how soon it gives memory back to the system.
//!
//! By itself it keeps freed memory for up to ten seconds and backs it with huge pages (switched off
//! by its feature `no_thp`), so that a server with a small `memory.limit_bytes` holds several times
//! that. `bench server --memory-limit 64MiB` shows what is left.

use libmimalloc_sys::{mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The place of `purge_delay` in the allocator's list of options.
const PURGE_DELAY: mi_option_t = 15;

/// Gives freed memory back after 10 ms, or 100 ms for large parts: at once would cost the ingest
/// speed. To be called before anything else.
#[expect(unsafe_code, reason = "the allocator has no safe way to set an option")]
pub(crate) fn give_back_soon() {
    // SAFETY: this stores a number in the allocator's table of options, which every later purge
    // reads; any number is sound there.
    unsafe { mi_option_set(PURGE_DELAY, 10) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "the allocator has no safe way to read an option")]
    fn the_option_is_the_purge_delay() {
        // SAFETY: this reads a number from the allocator's table of options.
        let delay = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        assert_eq!(delay(), 1_000, "its default, in milliseconds: or have the options other places now?");
        give_back_soon();
        assert_eq!(delay(), 10);
    }
}
