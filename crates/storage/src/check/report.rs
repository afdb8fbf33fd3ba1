//! What a check found, in words for people, with what a repair needs to know of it.

use crate::cell_value::{key_texts, text};
use catalog::{Catalog, SegmentEntry};
use model::{DataType, KeyBytes, Table, TableId, TimeBounds, TimeUnit, Value};
use std::fmt;
use std::path::PathBuf;

/// What was found in a data directory.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// Every table, by database and name.
    pub tables: Vec<CheckedTable>,
    /// Log files.
    pub log_files: u64,
    /// Records of the log.
    pub log_records: u64,
    /// Bytes of the log.
    pub log_bytes: u64,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Files that nothing names: what a crash left behind, which the next start removes, or what
    /// others put there.
    pub leftovers: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// One table.
#[derive(Clone, Debug)]
pub struct CheckedTable {
    /// Its id, after which its directory is named.
    pub id: TableId,
    /// Its name, with its database.
    pub name: String,
    /// Rows in its segments, counting every version of a row.
    pub rows: u64,
    /// Its segments.
    pub segments: u64,
    /// Bytes of its segments.
    pub bytes: u64,
    /// Its series in the newest checkpoint; `None` for tables that have none.
    pub series: Option<u64>,
    /// How many of its files, or parts of packs, are not as they should be.
    pub wrong: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// What does not check out.
    pub reason: String,
    /// Which rows cannot be answered as they were acknowledged.
    pub affected: Vec<AffectedRows>,
    /// What a repair does about it.
    pub remedy: Remedy,
}

/// What a repair does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing: what a person has to do.
    ByHand(&'static str),
    /// One bit of the file is set right again; nothing is lost.
    FlipBit(u64),
    /// The segment goes aside, and the manifest no longer names it.
    DropSegment(TableId, u64),
    /// The file is made anew from others; nothing is lost.
    Remake(TableId),
    /// What is whole of the pack goes into another one; nothing of it is lost.
    Repack,
    /// The series checkpoint is made anew from `series.parquet`, segments and log.
    RebuildSeries(TableId),
    /// The log ends at that byte of the file; what follows goes aside. Only when told so.
    CutLog(u64, u64),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByHand(what) => what,
            Self::FlipBit(_) => "--repair sets the one flipped bit right, and nothing is lost",
            Self::DropSegment(..) => "--repair moves the file aside, and goes on without these rows",
            Self::Repack => "--repair writes what is named of it into another pack, and nothing is lost",
            Self::Remake(_) => "--repair makes it anew, and nothing is lost",
            Self::RebuildSeries(_) => "--repair makes it anew from series.parquet, segments and log",
            Self::CutLog(..) => {
                "--repair --cut-log ends the log before it: every request behind that place is lost. It is copied aside"
            }
        })
    }
}

/// Rows of one table that are not there as they were acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRows {
    /// The table, with its database.
    pub table: String,
    /// How many, counting every version of a row.
    pub rows: u64,
    /// The time partition: its start, and its length in seconds.
    pub partition: Option<(String, u64)>,
    /// The least and the greatest key.
    pub keys: Option<(String, String)>,
    /// The times of the first and the last.
    pub times: Option<(String, String)>,
}

impl fmt::Display for AffectedRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows of {}", self.rows, self.table)?;
        if let Some((start, seconds)) = &self.partition {
            write!(f, ", partition of {seconds} s from {start}")?;
        }
        if let Some((first, last)) = &self.keys {
            write!(f, ", keys {first} to {last}")?;
        }
        if let Some((first, last)) = &self.times {
            write!(f, ", times {first} to {last}")?;
        }
        Ok(())
    }
}

/// The name of a table with its database, as far as there is one.
pub(crate) fn table_name(catalog: &Catalog, table: &Table) -> String {
    match catalog.database(table.database) {
        Some(database) => format!("{}.{}", database.name, table.name),
        None => table.name.clone(),
    }
}

/// Rows by key and time, as text.
pub(crate) fn affected(
    catalog: &Catalog,
    table: &Table,
    rows: u64,
    keys: Option<&(KeyBytes, KeyBytes)>,
    time: Option<TimeBounds>,
) -> AffectedRows {
    let key = |key: &KeyBytes| match key_texts(table, key, None) {
        Ok((names, texts)) => {
            let pairs: Vec<String> = names.iter().zip(&texts).map(|(name, text)| format!("{name}={text}")).collect();
            pairs.join(",")
        }
        Err(_) => format!("{key:?}"),
    };
    let instant = |time: i64| {
        let column = table.time_column().zip(table.time_unit());
        let shown = column.and_then(|(column, unit)| {
            let value = match column.data_type {
                DataType::LocalDateTime(_) => Value::LocalDateTime(time, unit),
                _ => Value::Instant(time, unit),
            };
            text(&value, column.data_type).ok()
        });
        shown.unwrap_or_else(|| time.to_string())
    };
    AffectedRows {
        table: table_name(catalog, table),
        rows,
        partition: None,
        keys: keys.filter(|_| table.key_columns().next().is_some()).map(|(first, last)| (key(first), key(last))),
        times: time.filter(|_| table.time_column().is_some()).map(|time| (instant(time.first), instant(time.last))),
    }
}

/// The rows of a segment.
pub(crate) fn affected_segment(catalog: &Catalog, table: &Table, entry: &SegmentEntry) -> AffectedRows {
    let time = (entry.time != TimeBounds::ALL).then_some(entry.time);
    let rows = affected(catalog, table, entry.rows, Some(&entry.keys), time);
    let start = || {
        let millis = entry.partition.saturating_mul(1000);
        let unit = TimeUnit::Millisecond;
        text(&Value::Instant(millis, unit), DataType::Instant(unit)).unwrap_or_else(|_| entry.partition.to_string())
    };
    let partition = (entry.partition_seconds > 0).then(|| (start(), entry.partition_seconds));
    AffectedRows { partition, ..rows }
}

/// A path as reports say it.
pub(crate) fn shown(path: impl Into<PathBuf>) -> String {
    path.into().display().to_string()
}
