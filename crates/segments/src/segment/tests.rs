//! Segments as such: every type, damage, lost side files.

mod compact;
mod corpus;
mod damage;
mod format;
mod narrow;
mod round_trip;

use crate::{PlainSpellings, SegmentReader, SegmentRows, SegmentTarget, write_segment};
use catalog::SegmentEntry;
use files::{Files, ForgetfulFiles};
use model::{
    Column, ColumnId, ColumnRole, DataType, DatabaseId, LengthUnit, Result, Table, TableId, TableKind, TextLength,
    TimeUnit,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Every type that a column can have.
pub(super) fn every_type() -> Vec<DataType> {
    let units = [TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    let mut types = DataType::PRIMITIVES.to_vec();
    types.extend([
        DataType::Decimal { precision: 5, scale: 2 },
        DataType::Decimal { precision: 18, scale: 0 },
        DataType::Decimal { precision: 38, scale: 10 },
        DataType::Decimal { precision: 3, scale: -2 },
        DataType::Text(None),
        DataType::Text(Some(TextLength { max: 20, unit: LengthUnit::Bytes })),
        DataType::Text(Some(TextLength { max: 20, unit: LengthUnit::Characters })),
        DataType::Binary(None),
        DataType::Binary(Some(20)),
        DataType::Json,
        DataType::Geometry,
        DataType::Date,
        DataType::TimeOfDay,
        DataType::Interval,
        DataType::Uuid,
        DataType::Inet,
    ]);
    types.extend(units.map(DataType::Instant));
    types.extend(units.map(DataType::LocalDateTime));
    types
}

/// A table with these columns, numbered from 1.
pub(crate) fn table(kind: TableKind, columns: &[(ColumnRole, DataType)]) -> Table {
    let column = |(id, (role, data_type)): (u32, &(ColumnRole, DataType))| {
        Column::new(ColumnId(id), format!("c{id}"), *role, *data_type)
    };
    let columns: Vec<Column> = (1..).zip(columns).map(column).collect();
    Table {
        id: TableId(7),
        database: DatabaseId(1),
        name: "t".into(),
        kind,
        key: columns.iter().filter(|column| column.role == ColumnRole::Key).map(|column| column.id).collect(),
        columns,
        unique: Vec::new(),
        schema_version: 3,
        next_column: ColumnId(99),
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

fn write(files: &ForgetfulFiles, table: &Table, rows: &SegmentRows) -> SegmentEntry {
    let target = SegmentTarget { id: 5, path: "5.parquet", partition: 0, partition_seconds: 0, table };
    write_segment(files, &target, rows).unwrap()
}

fn open(files: &ForgetfulFiles, entry: &SegmentEntry, table: &Table) -> Result<Arc<SegmentReader>> {
    let files: Arc<dyn Files> = Arc::new(files.clone());
    SegmentReader::open(&files, entry, table)
}

fn side_path() -> &'static Path {
    Path::new("5.parquet.runs")
}

fn spellings() -> Arc<PlainSpellings> {
    Arc::new(PlainSpellings)
}
