//! Tables with columns of every type, and values for them.

use model::{
    AttributePolicy, CellsBuilder, Column, ColumnId, ColumnRole, DataType, DatabaseId, Decimal, Interval, Table,
    TableId, TableKind, TextLength, TimeUnit, Value, WriteBatch, WriteKind,
};
use std::collections::BTreeMap;

const UNITS: [TimeUnit; 3] = [TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

/// Every type that a series table may have.
pub(crate) fn series_types() -> Vec<DataType> {
    let mut types = DataType::PRIMITIVES.to_vec();
    types.extend([
        DataType::Decimal { precision: 20, scale: 3 },
        DataType::Text(None),
        DataType::Text(Some(TextLength::bytes(8))),
        DataType::Text(Some(TextLength::characters(8))),
        DataType::Binary(None),
        DataType::Binary(Some(8)),
        DataType::Json,
        DataType::Geometry,
        DataType::Date,
    ]);
    types.extend(UNITS.map(DataType::Instant));
    types.extend(UNITS.map(DataType::LocalDateTime));
    types
}

/// Every type that there is.
pub(crate) fn all_types() -> Vec<DataType> {
    let mut types = series_types();
    types.extend([DataType::TimeOfDay, DataType::Interval, DataType::Uuid, DataType::Inet]);
    types
}

/// A value of a type: the least for 0, the greatest for 1, and others.
pub(crate) fn value(data_type: DataType, n: i64) -> Value {
    let pick = |least: i128, greatest: i128| match n {
        0 => least,
        1 => greatest,
        n => i128::from(n) * 7 - 20 + least.midpoint(greatest),
    };
    let long = || i64::try_from(pick(i64::MIN.into(), i64::MAX.into())).unwrap();
    let float = |least: f64, greatest: f64| match n {
        0 => least,
        1 => greatest,
        2 => 0.1 + 0.2,
        n => n as f64 / 4.0,
    };
    let bytes = || {
        [vec![], vec![255, 0, 1], vec![0; 8], vec![u8::try_from(n).unwrap(); 3]][usize::try_from(n.min(3)).unwrap()]
            .clone()
    };
    match data_type {
        DataType::Boolean => Value::Boolean(n % 2 == 1),
        DataType::Int8 => Value::Integer(pick(i8::MIN.into(), i8::MAX.into())),
        DataType::Int16 => Value::Integer(pick(i16::MIN.into(), i16::MAX.into())),
        DataType::Int32 => Value::Integer(pick(i32::MIN.into(), i32::MAX.into())),
        DataType::Int64 => Value::Integer(pick(i64::MIN.into(), i64::MAX.into())),
        DataType::UInt8 => Value::Integer(pick(0, u8::MAX.into())),
        DataType::UInt16 => Value::Integer(pick(0, u16::MAX.into())),
        DataType::UInt32 => Value::Integer(pick(0, u32::MAX.into())),
        DataType::UInt64 => Value::Integer(pick(0, u64::MAX.into())),
        DataType::Float32 => Value::Float(f64::from(float(f32::MIN.into(), f32::INFINITY.into()) as f32)),
        DataType::Float64 => Value::Float(float(f64::MIN, f64::NAN)),
        DataType::Decimal { scale, .. } => {
            let limit = 10_i128.pow(20) - 1;
            Value::Decimal(Decimal { unscaled: pick(-limit, limit), scale })
        }
        DataType::Text(_) => {
            Value::Text(["", "\u{10FFFF}", "a\0b", "Zähler"][usize::try_from(n % 4).unwrap()].to_owned())
        }
        DataType::Json => Value::Text(format!("{{\"n\": [{n}, null]}}")),
        DataType::Inet => {
            Value::Text(["0.0.0.0/0", "ffff::ffff", "10.1.2.3"][usize::try_from(n % 3).unwrap()].to_owned())
        }
        DataType::Binary(_) | DataType::Geometry => Value::Binary(bytes()),
        DataType::Date => Value::Date(i32::try_from(pick(i32::MIN.into(), i32::MAX.into())).unwrap()),
        DataType::TimeOfDay => Value::TimeOfDay(i64::try_from(pick(0, 86_399_999_999_999)).unwrap()),
        DataType::Interval => {
            let months = i32::try_from(pick(i32::MIN.into(), i32::MAX.into())).unwrap();
            Value::Interval(Interval { months, days: -3, nanos: long() })
        }
        DataType::Uuid => Value::Uuid([u8::try_from(n).unwrap().wrapping_mul(85); 16]),
        DataType::Instant(unit) => Value::Instant(long(), unit),
        DataType::LocalDateTime(unit) => Value::LocalDateTime(long(), unit),
    }
}

/// Columns with ids from one on, one for each type, named after it.
pub(crate) fn columns(first: u32, role: ColumnRole, types: &[DataType]) -> Vec<Column> {
    let named = (first..).zip(types);
    named
        .map(|(id, data_type)| Column::new(ColumnId(id), format!("{role:?} {id}").to_lowercase(), role, *data_type))
        .collect()
}

pub(crate) fn table(id: u64, name: &str, kind: TableKind, columns: Vec<Column>) -> Table {
    let next_column = ColumnId(columns.iter().map(|c| c.id.0).max().unwrap() + 1);
    Table {
        id: TableId(id),
        database: DatabaseId(1),
        name: name.to_owned(),
        kind,
        key: columns.iter().filter(|c| c.role == ColumnRole::Key).map(|c| c.id).collect(),
        columns,
        unique: Vec::new(),
        schema_version: 1,
        next_column,
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// A batch of rows of cells by column; `None` is absent.
pub(crate) fn batch(table: &Table, kind: WriteKind, columns: &[ColumnId], rows: &[Vec<Option<Value>>]) -> WriteBatch {
    let cells = |(at, id): (usize, &ColumnId)| {
        let mut cells = CellsBuilder::new(table.column(*id).unwrap().data_type).unwrap();
        for row in rows {
            match &row[at] {
                None => cells.push_absent(),
                Some(value) => cells.push(value).unwrap(),
            }
        }
        (*id, cells.finish())
    };
    WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind,
        attributes: AttributePolicy::Set,
        rows: rows.len(),
        columns: columns.iter().enumerate().map(cells).collect(),
    }
}
