//! Opens the store that the settings describe.

use catalog::{CatalogStore, RedbCatalog};
use engine::Engine;
use files::{DiskFiles, Files};
use model::{MemoryPool, Result};
use query::{QueryEngine, QueryOptions};
use server::settings::{Settings, WalSync};
use std::sync::Arc;
use std::time::Duration;
use storage::{CompactionOptions, Storage, StorageOptions, check_format};

/// Where queries spill, below the data directory.
const SPILL: &str = "spill";

/// Opens catalogue, storage and queries on the data directory, which is locked from then on.
/// Storage and queries get their shares of the memory limit.
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
        pack_bytes: settings.segments.pack_bytes,
        compaction: CompactionOptions {
            cpu_percent: settings.compaction.cpu_percent,
            segments_limit: settings.compaction.segments_limit,
        },
        ..StorageOptions::within(memory)
    };
    let storage = Storage::open(files, Arc::clone(&catalog), options)?;
    let query = QueryEngine::new(QueryOptions {
        memory_bytes: settings.query_memory_bytes(),
        memory_total_bytes: MemoryPool::Queries.of(memory),
        timeout: Duration::from_millis(settings.query.timeout_ms),
        running: settings.query.running,
        spill_directory: settings.data_dir.join(SPILL),
        threads: std::thread::available_parallelism().map_or(2, usize::from),
    })?;
    Engine::new(catalog, storage, query).await
}
