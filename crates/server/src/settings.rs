//! Every setting of the server, with its default and what it decides: the one source.
//!
//! Order: defaults, then the file, then `CHRONOGLOT_*` in the environment, then the flags of the
//! command line, which the program writes into the struct.

mod error;
mod listener;
mod load;
mod memory;
mod section;
mod size;

pub use error::SettingsError;
pub use listener::Listener;
pub use load::{ENVIRONMENT_PREFIX, Environment};
pub use section::Row;

use section::section;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

section! {
    /// The settings of one server.
    Settings at "" {
        /// Where everything is kept: rows, catalogue, log, certificates.
        data_dir: PathBuf = PathBuf::from("chronoglot-data"),
        /// Plain HTTP on loopback addresses only, for trying things out.
        insecure: bool = false,
        /// Where the server listens.
        #[serde(deserialize_with = "listener::listeners")]
        listen: Vec<Listener> = vec![Listener::default()],
        /// Switches: `false` for the name of a dialect, and it answers nowhere. All are on unless
        /// switched off.
        dialects: BTreeMap<String, bool> = BTreeMap::new(),
        /// Web pages that may use an insecure server, such as `http://localhost:3000`.
        allowed_origins: Vec<String> = Vec::new(),
        /// Certificates.
        tls: Tls = Tls::default(),
        /// How much a client may ask for.
        limits: Limits = Limits::default(),
        /// How much a query may use.
        query: Query = Query::default(),
        /// The log of writes.
        wal: Wal = Wal::default(),
        /// The files that rows rest in.
        segments: Segments = Segments::default(),
        /// The merging of segments.
        compaction: Compaction = Compaction::default(),
        /// Memory.
        memory: Memory = Memory::default(),
        /// Login tokens.
        tokens: TokenSettings = TokenSettings::default(),
    }
}

section! {
    /// Certificates. Without files of your own the server makes an authority and a certificate
    /// under `<data_dir>/certs`.
    Tls at "tls" {
        /// Further names and addresses that clients use for this server.
        names: Vec<String> = Vec::new(),
        /// A certificate chain of your own (PEM); needs `tls.key_file`.
        certificate_file: Option<PathBuf> = None,
        /// The private key of `tls.certificate_file` (PEM).
        key_file: Option<PathBuf> = None,
    }
}

section! {
    /// How much a client may ask for. Beyond a limit the answer names it.
    Limits at "limits" {
        /// The greatest body of a request.
        #[serde(deserialize_with = "size::bytes")]
        body_bytes: u64 = 64 << 20,
        /// The longest single statement.
        #[serde(deserialize_with = "size::bytes")]
        statement_bytes: u64 = 16 << 20,
        /// The greatest answer to a query of those dialects whose documents cut longer ones at a
        /// row. Unset: as their documents say; 0: none is cut.
        #[serde(deserialize_with = "size::optional_bytes")]
        result_bytes: Option<u64> = None,
        /// Connections at once; more are answered 503.
        connections: usize = 1_024,
        /// Requests being worked on at once; more wait.
        requests: usize = 100,
        /// Requests waiting for their turn; more are answered 503.
        waiting_requests: usize = 1_024,
        /// How long a request waits for its turn before it is answered 503.
        waiting_ms: u64 = 10_000,
        /// How long a client may take to send a request's head, idle time before it included.
        header_read_timeout_ms: u64 = 60_000,
        /// How long a client may pause inside a request's body.
        body_read_timeout_ms: u64 = 30_000,
        /// How many bytes a second a body must bring, on average of the time that the server waits
        /// for it and beyond the first `limits.body_read_timeout_ms` of that.
        #[serde(deserialize_with = "size::bytes")]
        body_bytes_per_second: u64 = 1_000,
        /// How long a TLS handshake may take.
        tls_handshake_timeout_ms: u64 = 10_000,
        /// How long running requests may take to end when the server stops.
        shutdown_timeout_ms: u64 = 10_000,
    }
}

section! {
    /// How much a query may use.
    Query at "query" {
        /// Bytes that one query may hold; sorts and aggregates spill to disk beyond. Unset: a
        /// quarter of `memory.limit_bytes`.
        #[serde(deserialize_with = "size::optional_bytes")]
        memory_bytes: Option<u64> = None,
        /// How long a query may run.
        timeout_ms: u64 = 300_000,
        /// Queries that run at once; more wait.
        running: usize = 64,
    }
}

/// When an acknowledged write is safe on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WalSync {
    /// Before it is acknowledged.
    Always,
    /// Every `wal.sync_interval_ms`; a crash of the machine loses up to that much.
    Interval,
    /// Whenever the operating system likes; a crash of the machine loses more.
    Off,
}

section! {
    /// The log of writes.
    Wal at "wal" {
        /// When an acknowledged write is safe on disk: `always`, `interval` or `off`.
        sync: WalSync = WalSync::Always,
        /// The interval of `wal.sync = "interval"`.
        sync_interval_ms: u64 = 200,
    }
}

section! {
    /// The files that rows rest in.
    Segments at "segments" {
        /// What a table gives to a file, and takes fewer bytes, shares a pack with what other tables
        /// give. 0: every table has files of its own, which other tools can read.
        #[serde(deserialize_with = "size::bytes")]
        pack_bytes: u64 = 1 << 20,
    }
}

section! {
    /// The merging of segments in the background.
    Compaction at "compaction" {
        /// How much of one core it takes while others write, in percent; alone it takes what it
        /// needs. 0: none is merged.
        cpu_percent: u8 = 50,
        /// Segments of one partition that may wait to be merged; beyond, writers of the table wait.
        segments_limit: usize = 64,
    }
}

section! {
    /// Memory.
    Memory at "memory" {
        /// What the server may use. Unset: half of the machine's or the container's memory.
        #[serde(deserialize_with = "size::optional_bytes")]
        limit_bytes: Option<u64> = None,
    }
}

section! {
    /// Login tokens.
    TokenSettings at "tokens" {
        /// How long a token lives after its last use. A value set in the running server wins.
        lifetime_minutes: u64 = 60,
        /// Tokens alive at once; beyond, the one used longest ago goes.
        alive: usize = 100_000,
    }
}

impl Settings {
    /// Every key, in the order of the reference.
    #[must_use]
    pub fn rows() -> Vec<Row> {
        let sections = ["tls", "limits", "query", "wal", "segments", "compaction", "memory", "tokens"];
        let top = Self::ROWS.iter().filter(|row| row.name != "listen" && !sections.contains(&row.name));
        let rows = [
            Listener::ROWS,
            Tls::ROWS,
            Limits::ROWS,
            Query::ROWS,
            Wal::ROWS,
            Segments::ROWS,
            Compaction::ROWS,
            Memory::ROWS,
            TokenSettings::ROWS,
        ];
        top.chain(rows.into_iter().flatten()).copied().collect()
    }

    /// What the server may use: the setting, or half of what there is.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> u64 {
        self.memory.limit_bytes.unwrap_or_else(|| memory::available() / 2)
    }

    /// What one query may hold: the setting, or a quarter of the server's memory.
    #[must_use]
    pub fn query_memory_bytes(&self) -> u64 {
        self.query.memory_bytes.unwrap_or_else(|| self.memory_limit_bytes() / 4)
    }

    /// Whether a listener speaks TLS.
    #[must_use]
    pub fn is_tls(&self, listener: &Listener) -> bool {
        listener.tls.unwrap_or(!self.insecure)
    }

    /// Checks what no single value shows. To be called after the flags are in.
    ///
    /// # Errors
    /// [`SettingsError::Conflict`] naming the keys.
    pub fn check(&self) -> Result<(), SettingsError> {
        let limits = &self.limits;
        let positive = [
            ("limits.body_bytes", limits.body_bytes > 0),
            ("limits.statement_bytes", limits.statement_bytes > 0),
            ("limits.connections", limits.connections > 0),
            ("limits.requests", limits.requests > 0),
            ("limits.header_read_timeout_ms", limits.header_read_timeout_ms > 0),
            ("limits.body_read_timeout_ms", limits.body_read_timeout_ms > 0),
            ("limits.body_bytes_per_second", limits.body_bytes_per_second > 0),
            ("limits.tls_handshake_timeout_ms", limits.tls_handshake_timeout_ms > 0),
            ("query.memory_bytes", self.query_memory_bytes() > 0),
            ("query.timeout_ms", self.query.timeout_ms > 0),
            ("query.running", self.query.running > 0),
            ("wal.sync_interval_ms", self.wal.sync_interval_ms > 0),
            ("compaction.segments_limit", self.compaction.segments_limit > 0),
            ("memory.limit_bytes", self.memory_limit_bytes() > 0),
            ("tokens.lifetime_minutes", self.tokens.lifetime_minutes > 0),
            ("tokens.alive", self.tokens.alive > 0),
        ];
        let conflict = |reason: String| Err(SettingsError::Conflict { reason });
        if let Some((key, _)) = positive.iter().find(|(_, positive)| !positive) {
            return conflict(format!("{key} must be greater than 0"));
        }
        if self.compaction.cpu_percent > 100 {
            return conflict("compaction.cpu_percent must be at most 100".to_owned());
        }
        if self.listen.is_empty() {
            return conflict("listen is empty: the server needs at least one address".to_owned());
        }
        match (&self.tls.certificate_file, &self.tls.key_file) {
            (Some(_), None) => conflict("tls.certificate_file needs tls.key_file".to_owned()),
            (None, Some(_)) => conflict("tls.key_file needs tls.certificate_file".to_owned()),
            _ => Ok(()),
        }
    }
}

/// A number of milliseconds from the settings.
pub(crate) const fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

#[cfg(test)]
mod tests;
