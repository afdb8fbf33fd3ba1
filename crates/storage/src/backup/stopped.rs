//! A backup of a data directory that no server has open: the same as of a running one, but that the
//! end of the log is what a start would find.

use super::cut::{Backup, BackupOptions};
use crate::Clock;
use crate::catalogue_commit::next_id_blocking;
use crate::format::{CATALOGUE, check_format};
use crate::log::{corrupt, read_log};
use crate::sequence::SystemClock;
use crate::series_index::{Checkpoints, Expected};
use catalog::{CatalogStore, RedbCatalog};
use files::{Files, PackedFiles, io_error};
use model::{Result, Sequence};
use std::path::Path;
use std::sync::Arc;

impl Backup {
    /// Everything that a stopped data directory holds. Like a start it cuts a torn tail off the log,
    /// and changes nothing else that counts.
    ///
    /// # Errors
    /// [`model::ErrorKind::FormatTooNew`], [`model::ErrorKind::Corrupt`] naming the file,
    /// [`model::ErrorKind::Io`].
    pub fn of_stopped(files: Arc<dyn Files>, options: BackupOptions) -> Result<Self> {
        let files: Arc<dyn Files> = Arc::new(PackedFiles::new(files));
        let catalogue = Path::new(CATALOGUE);
        if !files.exists(catalogue).map_err(|e| io_error("look for", catalogue, &e))? {
            return Err(corrupt(catalogue, "it is missing: this is no data directory"));
        }
        check_format(files.as_ref())?;
        let store = RedbCatalog::open(files.clone())?;
        let catalog = store.snapshot();
        let next_id = next_id_blocking(&store)?;
        let checkpoints = Checkpoints::new(files.as_ref()).newest(&Expected::all(&catalog))?;
        let mut last_record = None;
        let found = read_log(files.as_ref(), catalog.log_files(), |_, sequence, _| {
            last_record = Some(sequence);
            Ok(())
        })?;
        let flushed = catalog.manifests().map(|(_, manifest)| manifest.flushed);
        let of_log = found.files.last().map(|file| file.last);
        let reached =
            flushed.chain(checkpoints.values().map(|found| found.mark)).chain(of_log).chain(last_record).max();
        let sequence = reached.unwrap_or(Sequence::ZERO).max(catalog.sequence());
        let taken_micros = SystemClock.now_micros();
        Ok(Self {
            files,
            options,
            catalog,
            next_id,
            sequence,
            last_record,
            checkpoints,
            taken_micros,
            _hold: None,
            _turn: None,
        })
    }
}
