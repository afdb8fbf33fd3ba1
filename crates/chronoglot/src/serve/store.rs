//! Opens the store that the settings describe.

use catalog::{CatalogStore, RedbCatalog};
use engine::Engine;
use files::{DiskFiles, Files};
use model::Result;
use query::{QueryEngine, QueryOptions};
use server::settings::{Settings, WalSync};
use std::sync::Arc;
use std::time::Duration;
use storage::{CompactionOptions, Storage, StorageOptions, SystemClock, check_format};

/// Where queries spill, below the data directory.
const SPILL: &str = "spill";

/// Time partitions are ten days long unless database or table say otherwise.
const PARTITION_SECONDS: u64 = 10 * 24 * 60 * 60;

const LOG_FILE_BYTES: u64 = 64 << 20;

/// Opens catalogue, storage and queries on the data directory, which is locked from then on.
/// Memory is shared out as fractions of the limit: a quarter for rows that are not in segments
/// yet (flushed at half of that), half for queries, a sixteenth for the footers of segments, a
/// sixteenth for the newest values of series.
pub(crate) async fn open_engine(settings: &Settings) -> Result<Engine> {
    let memory = settings.memory_limit_bytes();
    let files: Arc<dyn Files> = Arc::new(DiskFiles::open(&settings.data_dir)?);
    // Before anything is touched: a newer version's directory is not for this one.
    check_format(files.as_ref())?;
    let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files))?);
    let options = StorageOptions {
        wal_sync: match settings.wal.sync {
            WalSync::Always => storage::WalSync::Always,
            WalSync::Interval => storage::WalSync::Interval(Duration::from_millis(settings.wal.sync_interval_ms)),
            WalSync::Off => storage::WalSync::Off,
        },
        flush_bytes: memory / 8,
        memory_limit_bytes: memory / 4,
        footer_bytes: memory / 16,
        last_values_bytes: memory / 16,
        log_file_bytes: LOG_FILE_BYTES,
        partition_seconds: PARTITION_SECONDS,
        compaction: CompactionOptions {
            cpu_percent: settings.compaction.cpu_percent,
            segments_limit: settings.compaction.segments_limit,
        },
        clock: Arc::new(SystemClock),
    };
    let storage = Storage::open(files, Arc::clone(&catalog), options)?;
    let query = QueryEngine::new(QueryOptions {
        memory_bytes: settings.query_memory_bytes(),
        memory_total_bytes: memory / 2,
        timeout: Duration::from_millis(settings.query.timeout_ms),
        running: settings.query.running,
        spill_directory: settings.data_dir.join(SPILL),
        threads: std::thread::available_parallelism().map_or(2, usize::from),
    })?;
    Engine::new(catalog, storage, query).await
}
