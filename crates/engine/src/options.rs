//! How an engine behaves; each option is one setting of the server.

use std::sync::Arc;
use storage::{Clock, LOAD_BLOCK_BYTES, SystemClock};

/// How an engine behaves.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Bytes of rows that one UPDATE or DELETE may read and write; more is refused.
    pub statement_rows_bytes: u64,
    /// Bytes of rows that one record of the log holds of a statement; one that writes more writes
    /// several, and one more publishes them together.
    pub block_bytes: usize,
    /// Password checks that may wait while two run; more are refused.
    pub password_checks_waiting: usize,
    /// The time, for defaults and generated row ids.
    pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            statement_rows_bytes: 256 << 20,
            block_bytes: LOAD_BLOCK_BYTES,
            password_checks_waiting: 128,
            clock: Arc::new(SystemClock),
        }
    }
}
