//! How much text one call may build, among the options of a statement's session.
//!
//! No pool counts these texts while they are built, so the limit goes with the query's memory.

use super::VALUE_MAX;
use datafusion::common::extensions_options;
use datafusion::config::{ConfigExtension, ConfigOptions};

/// The limit where no session tells.
const UNTOLD: usize = 256 << 20;

extensions_options! {
    /// The limit of all texts that one call returns.
    pub(crate) struct TextLimit {
        /// Bytes of them.
        pub(crate) batch_bytes: usize, default = UNTOLD
    }
}

impl ConfigExtension for TextLimit {
    const PREFIX: &'static str = "text_limit";
}

impl TextLimit {
    /// For queries with so much memory: a quarter of it, and never less than one value may take.
    pub(crate) fn of_memory(memory_bytes: usize) -> Self {
        Self { batch_bytes: (memory_bytes / 4).max(VALUE_MAX) }
    }

    /// The limit in force.
    pub(super) fn batch_bytes(options: &ConfigOptions) -> usize {
        options.extensions.get::<Self>().map_or(UNTOLD, |limit| limit.batch_bytes)
    }
}
