//! The log, record by record, as a start replays it; and which rows stand behind a place where it
//! cannot be read.

use super::report::affected;
use super::tables::Indexes;
use super::{AffectedRows, CheckReport, Fault, Remedy, Steps};
use crate::footers::Footers;
use crate::format::CATALOGUE;
use crate::log::{
    DIRECTORY, Damage, Place, Record, RecordPart, RowsPart, decode_block, decode_record, log_file_number,
    log_file_path, survey_file,
};
use crate::pressure::Pressure;
use crate::recovery::{Replay, key_arrays};
use catalog::{Catalog, LogFiles};
use files::{Files, io_error};
use model::{KeyBytes, LoadId, Result, Sequence, Table, TableId, TimeBounds, encode_keys};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a replay, which reads no segment, may hold of their footers.
const FOOTER_BYTES: u64 = 1 << 20;

/// Checks it.
pub(crate) fn check(
    files: &Arc<dyn Files>,
    catalog: &Arc<Catalog>,
    indexes: Indexes,
    report: &mut CheckReport,
    steps: &mut Steps<'_>,
) -> Result<()> {
    let there = numbers(files.as_ref())?;
    let LogFiles { first, last } = catalog.log_files().unwrap_or(LogFiles { first: 1, last: 0 });
    if let Some(unknown) = beyond(files.as_ref(), &there, last)? {
        let path = log_file_path(unknown);
        report.faults.push(Fault {
            file: CATALOGUE.into(),
            reason: format!("it is older than the log and does not know {}", path.display()),
            affected: Vec::new(),
            remedy: Remedy::ByHand("restore catalogue and log from one backup"),
        });
    }
    let pressure = Pressure::new(u64::MAX, Duration::ZERO);
    let mut replay = Replay::with(catalog.clone(), files.clone(), Footers::new(FOOTER_BYTES), pressure, indexes.whole)?;
    replay.skipped = indexes.lost;
    replay.keeps_rows = false;
    let mut lost = Lost::default();
    let mut previous = None;
    let mut fault: Option<Fault> = None;
    let numbers = first..last.saturating_add(1);
    for number in numbers.clone() {
        let path = log_file_path(number);
        let shown = path.display().to_string();
        report.log_files += 1;
        if there.binary_search(&number).is_err() {
            let reason = "it is missing, and rows that were acknowledged with it".to_owned();
            let remedy = Remedy::CutLog(number, 0);
            fault.get_or_insert(Fault { file: shown, reason, affected: Vec::new(), remedy });
            continue;
        }
        let bytes = files.open(&path).and_then(|file| file.len()).unwrap_or(0);
        steps.next(&shown, bytes);
        let readable = fault.is_none();
        let surveyed = survey_file(files.as_ref(), &numbers, number, previous, |place, sequence, payload| {
            if place == Place::InOrder && readable {
                return replay.record(&path, sequence, payload).map_err(super::reason_of);
            }
            lost.add(&replay, sequence, payload);
            Ok(())
        });
        let found = match surveyed {
            Ok(found) => found,
            Err(error) => {
                let remedy = Remedy::ByHand("see to it that the file can be read, then check again");
                report.faults.push(Fault { file: shown, reason: error.to_string(), affected: Vec::new(), remedy });
                return Ok(());
            }
        };
        report.log_records += found.records;
        report.log_bytes += found.bytes;
        for damage in &found.damage {
            let file = shown.clone();
            match damage {
                Damage::Bit(bit) => report.faults.push(Fault {
                    file,
                    reason: format!("bit {} of byte {} was flipped", bit % 8, bit / 8),
                    affected: Vec::new(),
                    remedy: Remedy::FlipBit(*bit),
                }),
                Damage::From(from, reason) => {
                    let (reason, affected) = (reason.clone(), Vec::new());
                    fault.get_or_insert(Fault { file, reason, affected, remedy: Remedy::CutLog(number, *from) });
                }
                Damage::Torn(_) => {}
            }
        }
        previous = found.is_readable().then_some(found.last);
    }
    report.faults.extend(fault.map(|fault| Fault { affected: lost.shown(catalog), ..fault }));
    Ok(())
}

/// The numbers of the files that are there.
pub(crate) fn numbers(files: &dyn Files) -> Result<Vec<u64>> {
    let directory = Path::new(DIRECTORY);
    let names = files.list(directory).map_err(|e| io_error("list", directory, &e))?;
    Ok(names.iter().filter_map(|name| log_file_number(name)).collect())
}

/// A file that the catalogue cannot have forgotten: one is begun before the catalogue knows it, and
/// then has no record.
fn beyond(files: &dyn Files, there: &[u64], last: u64) -> Result<Option<u64>> {
    for number in there.iter().copied().filter(|number| *number > last) {
        let path = log_file_path(number);
        let bytes = files.open(&path).and_then(|file| file.len()).map_err(|e| io_error("open", &path, &e))?;
        if number > last.saturating_add(1) || bytes > crate::log::HEADER_BYTES as u64 {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Rows that stand behind a place where the log cannot be read.
#[derive(Debug, Default)]
struct Lost {
    tables: BTreeMap<TableId, LostRows>,
    /// Rows of loads that are not there before a commit says so.
    pending: BTreeMap<LoadId, Vec<RecordPart>>,
}

#[derive(Debug, Default)]
struct LostRows {
    rows: u64,
    keys: Option<(KeyBytes, KeyBytes)>,
    time: Option<TimeBounds>,
}

impl Lost {
    /// What a record would have written, but for what is in files already.
    fn add(&mut self, replay: &Replay, sequence: Sequence, payload: &[u8]) {
        let parts = match decode_record(payload) {
            Ok(Record::Request(parts)) => parts,
            Ok(Record::Block(block)) => {
                let pending = self.pending.entry(block.load).or_default();
                for (_, mut rows) in block.parts {
                    // They are places in a list, and no ids.
                    rows.series.iter_mut().for_each(|series| series.ids.clear());
                    pending.push(RecordPart::Rows(rows));
                }
                return;
            }
            Ok(Record::Commit(commit)) => self.pending.remove(&commit.load).unwrap_or_default(),
            Ok(Record::Abort(load)) => {
                self.pending.remove(&load);
                return;
            }
            Err(_) => return,
        };
        for part in parts {
            let Some(table) = replay.catalog.table(part.table()).cloned() else { continue };
            if sequence <= replay.catalog.manifest(table.id).flushed {
                continue;
            }
            let lost = self.tables.entry(table.id).or_default();
            if let RecordPart::Rows(rows) = part {
                lost.add(replay, &table, &rows);
            }
        }
    }

    fn shown(&self, catalog: &Catalog) -> Vec<AffectedRows> {
        // Deletions, new series and attributes are no rows.
        let tables = self.tables.iter().filter_map(|(id, lost)| Some((catalog.table(*id)?, lost)));
        tables.map(|(table, lost)| affected(catalog, table, lost.rows, lost.keys.as_ref(), lost.time)).collect()
    }
}

impl LostRows {
    fn add(&mut self, replay: &Replay, table: &Table, part: &RowsPart) {
        self.rows += part.rows as u64;
        let Ok((times, columns)) = decode_block(&part.block, part.rows, part.series.is_some()) else { return };
        for time in &times {
            let here = TimeBounds { first: *time, last: *time };
            self.time = Some(self.time.map_or(here, |time| time.union(&here)));
        }
        match &part.series {
            Some(series) => {
                series.new.iter().for_each(|new| self.key(&new.key));
                if let Some(state) = replay.tables.get(&table.id) {
                    let index = state.series.read();
                    let known = series.ids.iter().filter_map(|id| index.entry(*id));
                    known.for_each(|entry| self.key(&KeyBytes(entry.key.into())));
                }
            }
            None => {
                let keys = encode_keys(&key_arrays(table, &columns, part.rows), part.rows).unwrap_or_default();
                keys.iter().for_each(|key| self.key(key));
            }
        }
    }

    fn key(&mut self, key: &KeyBytes) {
        match &mut self.keys {
            Some((least, greatest)) => {
                if key < least {
                    *least = key.clone();
                } else if key > greatest {
                    *greatest = key.clone();
                }
            }
            None => self.keys = Some((key.clone(), key.clone())),
        }
    }
}

/// The newest record that can be read in order, and what it takes to read on.
pub(crate) fn last_readable(files: &dyn Files, catalog: &Catalog, cut: u64) -> Result<Sequence> {
    let mut previous = None;
    let LogFiles { first, last } = catalog.log_files().unwrap_or(LogFiles { first: 1, last: 0 });
    let numbers = first..last.saturating_add(1);
    let there = numbers_before(files, &numbers, cut)?;
    for number in there {
        previous = Some(survey_file(files, &numbers, number, previous, |_, _, _| Ok(()))?.last);
    }
    Ok(previous.unwrap_or(catalog.sequence()))
}

fn numbers_before(files: &dyn Files, numbers: &std::ops::Range<u64>, cut: u64) -> Result<Vec<u64>> {
    Ok(self::numbers(files)?.into_iter().filter(|number| numbers.contains(number) && *number < cut).collect())
}
