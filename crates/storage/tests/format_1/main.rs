//! Data directories that an earlier build wrote, kept in `tests/data/format-1`: today's code opens
//! copies of them and shows what stands beside them in `expected.txt`, now and for ever.
//!
//! `WRITE_FORMAT_1=1 cargo test -p chronoglot-storage --test format_1` writes them anew, which is
//! only right while their format was never released.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod content;
mod show;
mod tables;

use catalog::{CatalogStore, RedbCatalog};
use chronoglot_storage::{Clock, CompactionOptions, Storage, StorageOptions, WalSync, check_format};
use files::{DiskFiles, Files};
use model::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that goes on by one microsecond a look.
#[derive(Debug)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now_micros(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// An open data directory.
struct Store {
    catalog: Arc<dyn CatalogStore>,
    storage: Storage,
}

impl Store {
    fn open(directory: &Path, pack_bytes: u64) -> Result<Self> {
        let files: Arc<dyn Files> = Arc::new(DiskFiles::open(directory)?);
        check_format(files.as_ref())?;
        let catalog: Arc<dyn CatalogStore> = Arc::new(RedbCatalog::open(Arc::clone(&files))?);
        let options = StorageOptions {
            wal_sync: WalSync::Always,
            flush_bytes: 1 << 30,
            memory_limit_bytes: 1 << 30,
            footer_bytes: 16 << 20,
            last_values_bytes: 1 << 20,
            log_file_bytes: 4_000,
            partition_seconds: 1_000,
            pack_bytes,
            compaction: CompactionOptions { cpu_percent: 0, ..CompactionOptions::default() },
            clock: Arc::new(Ticks(AtomicU64::new(1_700_000_000_000_000))),
        };
        let storage = Storage::open(files, Arc::clone(&catalog), options)?;
        Ok(Self { catalog, storage })
    }
}

/// Where that is set, everything in these directories is small.
fn pack_bytes(name: &str) -> u64 {
    if name == "packs" { 1 << 20 } else { 0 }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/format-1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Opens a copy of a directory twice, the second time after it was flushed: what it shows stays.
async fn shows_what_it_held(name: &str) {
    if std::env::var_os("WRITE_FORMAT_1").is_some() {
        write_anew(name).await;
    }
    let golden = golden().join(name);
    let expected = fs::read_to_string(golden.join("expected.txt")).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().join("data");
    copy(&golden.join("data"), &directory);
    for round in ["as it was", "flushed"] {
        let store = Store::open(&directory, pack_bytes(name)).unwrap();
        let shown = show::everything(&store);
        let difference = expected.lines().zip(shown.lines()).find(|(expected, shown)| expected != shown);
        assert_eq!(difference, None, "{name}, {round}");
        assert_eq!(expected, shown, "{name}, {round}");
        store.storage.flush().await.unwrap();
        store.storage.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn series_tables_of_format_1_show_what_they_held() {
    shows_what_it_held("series").await;
}

/// The same tables, with the feature `packs`.
#[tokio::test(flavor = "multi_thread")]
async fn packs_of_format_1_show_what_they_held() {
    shows_what_it_held("packs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keyed_tables_users_and_grants_of_format_1_show_what_they_held() {
    shows_what_it_held("keyed").await;
}

/// Writes a directory in the place of the one that was kept.
async fn write_anew(name: &str) {
    let golden = golden().join(name);
    let _ = fs::remove_dir_all(&golden);
    let directory = golden.join("data");
    let store = Store::open(&directory, pack_bytes(name)).unwrap();
    match name {
        "series" | "packs" => content::series(&store).await,
        _ => content::keyed(&store).await,
    }
    let shown = show::everything(&store);
    store.storage.close().await.unwrap();
    drop(store);
    fs::remove_file(directory.join("LOCK")).unwrap();
    fs::write(golden.join("expected.txt"), shown).unwrap();
}
