//! The files of every table: segments with their side files, the series checkpoint, and the series
//! file for other tools.

use super::report::{affected_segment, shown, table_name};
use super::{CheckReport, CheckedTable, Fault, Remedy, Steps, reason_of};
use crate::series_file;
use crate::series_index::{Checkpoints, SeriesIndex};
use catalog::{Catalog, SegmentEntry, TableManifest};
use files::Files;
use model::{Error, ErrorKind, Result, Sequence, Table, TableId, TableKind};
use segments::{flipped_bit, read_series_file, verify_segment};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The series of every table.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    pub(crate) whole: BTreeMap<TableId, SeriesIndex>,
    /// Tables whose checkpoint is missing or damaged.
    pub(crate) lost: BTreeSet<TableId>,
}

const BY_HAND: Remedy = Remedy::ByHand("see to it that the file can be read, then check again");

/// Checks them.
pub(crate) fn check(
    files: &Arc<dyn Files>,
    catalog: &Catalog,
    report: &mut CheckReport,
    steps: &mut Steps<'_>,
) -> Result<Indexes> {
    let mut indexes = Indexes::default();
    // Of all tables at once: a directory of many checkpoints is not listed for each of them.
    let marks = Checkpoints::new(files.as_ref()).newest_marks()?;
    let mut tables: Vec<&Arc<Table>> = catalog.tables().collect();
    tables.sort_by_cached_key(|table| (table_name(catalog, table), table.id));
    for table in tables {
        let manifest = catalog.manifest(table.id);
        for entry in &manifest.segments {
            steps.next(&entry.path, entry.bytes);
            report.faults.extend(segment_fault(files, catalog, table, &manifest, entry));
        }
        let series = check_series(files, table, (&manifest, marks.get(&table.id).copied()), report, &mut indexes)?;
        report.tables.push(CheckedTable {
            id: table.id,
            name: table_name(catalog, table),
            rows: manifest.segments.iter().map(|entry| entry.rows).sum(),
            segments: manifest.segments.len() as u64,
            bytes: manifest.segments.iter().map(|entry| entry.bytes).sum(),
            series,
        });
    }
    Ok(indexes)
}

fn segment_fault(
    files: &Arc<dyn Files>,
    catalog: &Catalog,
    table: &Table,
    manifest: &TableManifest,
    entry: &SegmentEntry,
) -> Option<Fault> {
    let fault = |reason: String, remedy: Remedy| {
        let is_harmless = matches!(remedy, Remedy::FlipBit(_) | Remedy::Remake(_));
        let affected = if is_harmless { Vec::new() } else { vec![affected_segment(catalog, table, entry)] };
        Some(Fault { file: entry.path.clone(), reason, affected, remedy })
    };
    match verify_segment(files.as_ref(), entry, table) {
        Ok(None) => {
            let (oldest, newest) = entry.sequences;
            let beyond = oldest > newest || newest > manifest.flushed;
            let reason = || format!("its rows have numbers up to {newest}, the manifest goes to {}", manifest.flushed);
            beyond.then(|| fault(reason(), Remedy::ByHand("restore the data directory from a backup"))).flatten()
        }
        Ok(Some(side)) => Some(Fault {
            file: shown(side.path),
            reason: side.reason.to_owned(),
            affected: Vec::new(),
            remedy: Remedy::Remake(table.id),
        }),
        Err(error) if is_damage(&error) => {
            let bit = flipped_bit(files.as_ref(), entry).unwrap_or_default();
            fault(reason_of(error), bit.map_or(Remedy::DropSegment(table.id, entry.id), Remedy::FlipBit))
        }
        Err(error) => fault(reason_of(error), BY_HAND),
    }
}

/// Whether a file does not hold what was written, rather than that it cannot be read now.
fn is_damage(error: &Error) -> bool {
    matches!(*error.kind, ErrorKind::Corrupt { .. } | ErrorKind::FormatTooNew { .. } | ErrorKind::Internal { .. })
}

/// Checks what says which series a table has; how many there are.
fn check_series(
    files: &Arc<dyn Files>,
    table: &Table,
    (manifest, newest): (&TableManifest, Option<Sequence>),
    report: &mut CheckReport,
    indexes: &mut Indexes,
) -> Result<Option<u64>> {
    if table.kind != TableKind::Series {
        return Ok(None);
    }
    let path = series_file::path(table.id);
    if files.exists(Path::new(&path)).unwrap_or(true)
        && let Err(error) = read_series_file(files.as_ref(), &path)
    {
        let remedy = if is_damage(&error) { Remedy::Remake(table.id) } else { BY_HAND };
        report.faults.push(Fault { file: path, reason: reason_of(error), affected: Vec::new(), remedy });
    }
    let checkpoints = Checkpoints::new(files.as_ref());
    if newest.unwrap_or_default() < manifest.series {
        let file = shown(Checkpoints::path(table.id, manifest.series));
        indexes.lost.insert(table.id);
        let remedy = Remedy::RebuildSeries(table.id);
        report.faults.push(Fault { file, reason: "it is missing".into(), affected: Vec::new(), remedy });
        return Ok(None);
    }
    let Some(mark) = newest else { return Ok(None) };
    match checkpoints.read(table.id, mark) {
        Ok(index) => {
            let living = index.living() as u64;
            indexes.whole.insert(table.id, index);
            Ok(Some(living))
        }
        Err(error) => {
            let remedy = if is_damage(&error) { Remedy::RebuildSeries(table.id) } else { BY_HAND };
            let file = shown(Checkpoints::path(table.id, mark));
            indexes.lost.insert(table.id);
            report.faults.push(Fault { file, reason: reason_of(error), affected: Vec::new(), remedy });
            Ok(None)
        }
    }
}
