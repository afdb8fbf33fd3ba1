//! How an engine behaves; each option is one setting of the server.

use std::sync::Arc;
use storage::{Clock, SystemClock};

/// How an engine behaves.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Bytes of rows that one UPDATE or DELETE may read and write; more is refused.
    pub statement_rows_bytes: u64,
    /// Password checks that may wait while two run; more are refused.
    pub password_checks_waiting: usize,
    /// The time, for defaults and generated row ids.
    pub clock: Arc<dyn Clock>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { statement_rows_bytes: 256 << 20, password_checks_waiting: 128, clock: Arc::new(SystemClock) }
    }
}
