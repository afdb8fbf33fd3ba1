//! A stopped store, read whole: every checksum, every reference, every row's order and bounds, every
//! record of the log; and what can be done about what is wrong.
//!
//! A check looks through [`OverlayFiles`]: the code that opens the store reads it, and whatever that
//! sets right on the way is forgotten. Memory holds what a start holds of series, and a page or
//! record of all else.

mod aside;
mod leftovers;
mod log;
mod packs;
mod repair;
mod report;
mod tables;

pub use repair::{Repaired, repair};
pub(crate) use report::affected;
pub use report::{AffectedRows, CheckReport, CheckedTable, Fault, Remedy};

use crate::format::{CATALOGUE, FILE as FORMAT, check_format, meant_format};
use catalog::{Catalog, CatalogStore, RedbCatalog};
use files::{Files, OverlayFiles, PackedFiles};
use model::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;

/// How far a check is.
#[derive(Clone, Copy, Debug)]
pub struct Checking<'a> {
    /// The file that comes next.
    pub file: &'a str,
    /// Bytes read so far.
    pub done: u64,
    /// Bytes to read.
    pub total: u64,
}

/// Reads a data directory whole and changes nothing in it.
///
/// # Errors
/// When it cannot be checked at all: it holds no store ([`ErrorKind::InvalidDefinition`]), or a
/// newer version wrote it ([`ErrorKind::FormatTooNew`]). What is wrong in it is no error.
pub fn check(files: &Arc<dyn Files>, progress: &mut dyn FnMut(Checking<'_>)) -> Result<CheckReport> {
    let files: Arc<dyn Files> = Arc::new(PackedFiles::new(Arc::new(OverlayFiles::new(files.clone()))));
    let is_there = |path: &str| files.exists(Path::new(path)).unwrap_or(true);
    if !is_there(FORMAT)
        && !is_there(CATALOGUE)
        && !is_there(crate::log::DIRECTORY)
        && !is_there(crate::segment::DIRECTORY)
        && !is_there(files::PACKS)
    {
        return Err(Error::new(ErrorKind::InvalidDefinition { reason: "the directory holds no store".into() }));
    }
    let mut report = CheckReport::default();
    if let Some(fault) = format_fault(&files)? {
        let can_go_on = fault.remedy != BY_BACKUP;
        report.faults.push(fault);
        if !can_go_on {
            return Ok(report);
        }
    }
    let Some(catalog) = catalogue(&files, &mut report) else { return Ok(report) };
    let mut steps = Steps { progress, done: 0, total: 0 };
    steps.total = total_bytes(&files, &catalog);
    let indexes = tables::check(&files, &catalog, &mut report, &mut steps)?;
    packs::check(files.as_ref(), &catalog, &mut report, &mut steps);
    log::check(&files, &catalog, indexes, &mut report, &mut steps)?;
    report.leftovers = leftovers::find(files.as_ref(), &catalog)?;
    Ok(report)
}

const BY_BACKUP: Remedy = Remedy::ByHand("restore the data directory from a backup");

/// Tells of each file before it is read.
pub(crate) struct Steps<'a> {
    progress: &'a mut dyn FnMut(Checking<'_>),
    done: u64,
    total: u64,
}

impl Steps<'_> {
    pub(crate) fn next(&mut self, file: &str, bytes: u64) {
        (self.progress)(Checking { file, done: self.done, total: self.total });
        self.done += bytes;
    }
}

fn total_bytes(files: &Arc<dyn Files>, catalog: &Catalog) -> u64 {
    let segments: u64 = catalog.manifests().flat_map(|(_, manifest)| &manifest.segments).map(|entry| entry.bytes).sum();
    let numbers = catalog.log_files().map(|log| log.first..log.last.saturating_add(1)).unwrap_or_default();
    let bytes = |number| files.open(&crate::log::log_file_path(number)).and_then(|file| file.len()).unwrap_or(0);
    segments + numbers.map(bytes).sum::<u64>()
}

/// What is wrong with `FORMAT`.
fn format_fault(files: &Arc<dyn Files>) -> Result<Option<Fault>> {
    let Err(error) = check_format(files.as_ref()) else { return Ok(None) };
    let meant = meant_format(files.as_ref());
    let (file, reason) = match *error.kind {
        ErrorKind::Corrupt { file, reason } => (file, reason),
        // One bit away from what this version writes: no newer version wrote that.
        _ if meant.is_some() => (FORMAT.to_owned(), error.to_string()),
        _ => return Err(error),
    };
    let remedy = meant.filter(|_| file == FORMAT).map_or(BY_BACKUP, Remedy::FlipBit);
    Ok(Some(Fault { file, reason, affected: Vec::new(), remedy }))
}

/// The catalogue; without it nothing else can be told from anything.
fn catalogue(files: &Arc<dyn Files>, report: &mut CheckReport) -> Option<Arc<Catalog>> {
    let fault = |reason: String| Fault { file: CATALOGUE.into(), reason, affected: Vec::new(), remedy: BY_BACKUP };
    if !files.exists(Path::new(CATALOGUE)).unwrap_or(true) {
        report.faults.push(fault("it is missing".into()));
        return None;
    }
    match RedbCatalog::open(files.clone()) {
        Ok(catalog) => Some(catalog.snapshot()),
        Err(error) => {
            report.faults.push(fault(reason_of(error)));
            None
        }
    }
}

/// What an error says of a file that is named beside it.
pub(crate) fn reason_of(error: Error) -> String {
    match *error.kind {
        ErrorKind::Corrupt { reason, .. } => reason,
        _ => error.to_string(),
    }
}
