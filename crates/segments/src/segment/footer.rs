//! What a segment's footer says beyond Parquet's own words, as key-value pairs.

use super::type_name::{type_name, type_named};
use catalog::SegmentEntry;
use model::{ColumnId, ColumnRole, DataType, Error, ErrorKind, Result, Sequence, TableId};
use parquet::file::metadata::KeyValue;

/// The number of the format that is written here.
const FORMAT: &str = "1";

const KEY_FORMAT: &str = "chronoglot.format";
const KEY_SEGMENT: &str = "chronoglot.segment";
const KEY_TABLE: &str = "chronoglot.table";
const KEY_SCHEMA_VERSION: &str = "chronoglot.schema_version";
const KEY_PARTITION: &str = "chronoglot.partition";
const KEY_SEQUENCES: &str = "chronoglot.sequences";
const KEY_ALL_REPLACE: &str = "chronoglot.all_replace";
const KEY_COLUMNS: &str = "chronoglot.columns";
const KEY_EXTRA: &str = "chronoglot.extra";

/// One of the file's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredColumn {
    pub(crate) role: ColumnRole,
    pub(crate) id: ColumnId,
    /// The type that it has at the segment's newest number.
    pub(crate) data_type: DataType,
}

/// A column that the table does not have, after those that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExtraColumn {
    /// What each row does.
    Kind,
    /// Which field cells of each row are absent, one bit each.
    Absent,
}

/// What the footer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) segment: u64,
    pub(super) table: TableId,
    pub(super) schema_version: u32,
    pub(super) partition: i64,
    pub(super) sequences: (Sequence, Sequence),
    pub(super) all_replace: bool,
    /// The columns in file order: key, time, fields.
    pub(super) columns: Vec<StoredColumn>,
    pub(super) extra: Vec<ExtraColumn>,
}

impl Footer {
    pub(super) fn to_key_values(&self) -> Vec<KeyValue> {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| format!("{} {} {}", role_name(column.role), column.id, type_name(column.data_type)))
            .collect();
        let extra: Vec<_> = self.extra.iter().map(|extra| extra_name(*extra)).collect();
        let pairs = [
            (KEY_FORMAT, FORMAT.into()),
            (KEY_SEGMENT, self.segment.to_string()),
            (KEY_TABLE, self.table.to_string()),
            (KEY_SCHEMA_VERSION, self.schema_version.to_string()),
            (KEY_PARTITION, self.partition.to_string()),
            (KEY_SEQUENCES, format!("{} {}", self.sequences.0, self.sequences.1)),
            (KEY_ALL_REPLACE, self.all_replace.to_string()),
            (KEY_COLUMNS, columns.join(", ")),
            (KEY_EXTRA, extra.join(", ")),
        ];
        pairs.into_iter().map(|(key, value): (&str, String)| KeyValue::new(key.into(), value)).collect()
    }

    /// Reads the pairs of the segment at a path.
    pub(super) fn from_key_values(pairs: &[KeyValue], path: &str) -> Result<Self> {
        let format = value(pairs, KEY_FORMAT).unwrap_or_default();
        if format != FORMAT {
            let found = format!("\"{format}\" in {path}");
            return Err(Error::new(ErrorKind::FormatTooNew { found, known: FORMAT.into() }));
        }
        Self::parse(pairs).ok_or_else(|| super::checked::corrupt(path, "its footer cannot be read"))
    }

    fn parse(pairs: &[KeyValue]) -> Option<Self> {
        let list = |key| value(pairs, key).map(|list| list.split(", ").filter(|entry| !entry.is_empty()));
        let (oldest, newest) = value(pairs, KEY_SEQUENCES)?.split_once(' ')?;
        let column = |entry: &str| {
            let mut parts = entry.splitn(3, ' ');
            Some(StoredColumn {
                role: role_named(parts.next()?)?,
                id: ColumnId(parts.next()?.parse().ok()?),
                data_type: type_named(parts.next()?)?,
            })
        };
        Some(Self {
            segment: value(pairs, KEY_SEGMENT)?.parse().ok()?,
            table: TableId(value(pairs, KEY_TABLE)?.parse().ok()?),
            schema_version: value(pairs, KEY_SCHEMA_VERSION)?.parse().ok()?,
            partition: value(pairs, KEY_PARTITION)?.parse().ok()?,
            sequences: (Sequence(oldest.parse().ok()?), Sequence(newest.parse().ok()?)),
            all_replace: value(pairs, KEY_ALL_REPLACE)?.parse().ok()?,
            columns: list(KEY_COLUMNS)?.map(column).collect::<Option<_>>()?,
            extra: list(KEY_EXTRA)?.map(extra_named).collect::<Option<_>>()?,
        })
    }

    /// Whether this is the footer of the segment that the manifest means.
    pub(super) fn is_of(&self, entry: &SegmentEntry, table: TableId) -> bool {
        self.segment == entry.id
            && self.table == table
            && self.schema_version == entry.schema_version
            && self.partition == entry.partition
            && self.sequences == entry.sequences
            && self.all_replace == entry.all_replace
    }
}

fn value<'a>(pairs: &'a [KeyValue], key: &str) -> Option<&'a str> {
    pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
}

fn role_name(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Key => "key",
        ColumnRole::Attribute => "attribute",
        ColumnRole::Time => "time",
        ColumnRole::Field => "field",
    }
}

fn role_named(name: &str) -> Option<ColumnRole> {
    [ColumnRole::Key, ColumnRole::Attribute, ColumnRole::Time, ColumnRole::Field]
        .into_iter()
        .find(|role| role_name(*role) == name)
}

fn extra_name(extra: ExtraColumn) -> &'static str {
    match extra {
        ExtraColumn::Kind => "kind",
        ExtraColumn::Absent => "absent",
    }
}

fn extra_named(name: &str) -> Option<ExtraColumn> {
    [ExtraColumn::Kind, ExtraColumn::Absent].into_iter().find(|extra| extra_name(*extra) == name)
}
