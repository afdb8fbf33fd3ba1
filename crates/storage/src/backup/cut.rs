//! The moment of a backup: one number, the catalogue and the series checkpoints that belong to it,
//! and a hold on every file that it needs. Writers go on; only changes of definitions wait, for as
//! long as it takes to look.
//!
//! What is taken is what a start would find after a power cut right behind the record of that
//! number: the catalogue, checkpoints that are at least as new as it asks for, and the log.

use crate::effects::Effects;
use crate::log::{self, encode_parts};
use crate::series_index::{Checkpoints, Expected, Found};
use crate::store::Store;
use catalog::Catalog;
use files::{Files, Hold, io_error, pack_of};
use model::{Error, ErrorKind, Result, Sequence, TableId};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// What a backup is to hold.
#[derive(Clone, Debug, Default)]
pub struct BackupOptions {
    /// Whether the hashes of passwords, and the files of `secret_directories`, go with it.
    pub with_secrets: bool,
    /// Directories of the data directory that are not the store's, and hold keys.
    pub secret_directories: Vec<PathBuf>,
}

/// Everything at one number, until it is dropped.
#[derive(Debug)]
pub struct Backup {
    pub(super) files: Arc<dyn Files>,
    pub(super) options: BackupOptions,
    pub(super) catalog: Arc<Catalog>,
    pub(super) next_id: u64,
    pub(super) sequence: Sequence,
    /// The number of the last record that belongs to it; `None`: the log holds none.
    pub(super) last_record: Option<Sequence>,
    /// The newest checkpoint of each table that has one.
    pub(super) checkpoints: BTreeMap<TableId, Found>,
    pub(super) taken_micros: u64,
    /// Of a running store: what it must not remove meanwhile.
    pub(super) _hold: Option<Hold>,
    /// Of a running store: backups come one after the other.
    pub(super) _turn: Option<OwnedMutexGuard<()>>,
}

impl Backup {
    /// The number that it shows.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }
}

/// See [`crate::Storage::backup`].
pub(crate) async fn cut(store: &Arc<Store>, options: BackupOptions) -> Result<Backup> {
    let turn = store
        .backup_turn
        .clone()
        .try_lock_owned()
        .map_err(|_| Error::new(ErrorKind::Overloaded { what: "another backup is being made".to_owned() }))?;
    // From here on whatever the catalogue names stays.
    let hold = store.held.hold_all();
    let cut = at_one_number(store, options, turn).await;
    // What nobody needs any more is removed here.
    blocking(move || {
        let backup = cut?;
        hold.narrow(backup.needed()?);
        Ok(Backup { _hold: Some(hold), ..backup })
    })
    .await
}

async fn at_one_number(store: &Store, options: BackupOptions, turn: OwnedMutexGuard<()>) -> Result<Backup> {
    let (catalog, checkpoints, sequence, written, synced) = {
        // No definition is between its number and the catalogue.
        let _definitions = store.definitions.write().await;
        let catalog = store.catalog.snapshot();
        // Before the number is taken: what they hold has a smaller one.
        let (files, expected) = (store.files.clone(), Expected::all(&catalog));
        let checkpoints = blocking(move || Checkpoints::new(files.as_ref()).newest(&expected)).await?;
        // A record of its own, so that the end of the backup's log is known by its number.
        let (sequence, written) = store.log.queue.push(encode_parts(&[]), |_| Effects::default())?;
        (catalog, checkpoints, sequence, written, store.log.queue.push_barrier(true)?)
    };
    crate::write::settled(written).await?;
    crate::write::settled(synced).await?;
    let next_id = store.catalog.take_ids(1).await?.start;
    Ok(Backup {
        files: store.files.clone(),
        options,
        catalog,
        next_id,
        sequence,
        last_record: Some(sequence),
        checkpoints,
        taken_micros: store.options.clock.now_micros(),
        _hold: None,
        _turn: Some(turn),
    })
}

/// Does what waits for the disk where no other task waits for it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

impl Backup {
    /// Every file that it needs, now that its last record is there.
    fn needed(&self) -> Result<HashSet<PathBuf>> {
        let named = self.catalog.manifests().flat_map(|(_, manifest)| manifest.files());
        let named: Vec<PathBuf> = named.map(|path| PathBuf::from(pack_of(path).unwrap_or(path))).collect();
        let checkpoints = self.checkpoints.values().map(|found| found.path.clone());
        let directory = Path::new(log::DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let logs = names.into_iter().map(|name| directory.join(name));
        Ok(named.into_iter().chain(checkpoints).chain(logs).collect())
    }
}
