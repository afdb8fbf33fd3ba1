//! Filling in what a batch leaves out.

use crate::Engine;
use crate::assignment::into_column;
use arrow::array::{ArrayRef, BooleanArray, UInt32Array};
use arrow::compute::kernels::zip::zip;
use arrow::compute::take;
use model::{
    AttributePolicy, Cells, CellsBuilder, Column, ColumnDefault, ColumnRole, DataType, DefaultValue, Error, Result,
    Table, TableKind, TimeUnit, Value, WriteBatch, WriteKind,
};
use std::sync::Arc;

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl Engine {
    /// Puts defaults into missing columns and absent cells. A merging write keeps absent cells
    /// absent, save in columns that may not be NULL.
    pub(super) fn fill_defaults(&self, table: &Table, batch: &mut WriteBatch) -> Result<()> {
        let has_fields = table.columns_with(ColumnRole::Field).any(|column| batch.column(column.id).is_some());
        let writes_rows = table.kind == TableKind::Keyed
            || has_fields
            || table.time_column().is_some_and(|column| batch.column(column.id).is_some());
        let now_micros = self.parts.options.clock.now_micros();
        for column in &table.columns {
            let Some(default) = &column.default else { continue };
            let fills = match column.role {
                ColumnRole::Key | ColumnRole::Time => writes_rows,
                ColumnRole::Attribute => batch.attributes == AttributePolicy::OnlyIfNew,
                ColumnRole::Field => writes_rows && (batch.kind != WriteKind::Merge || !column.nullable),
            };
            if !fills {
                continue;
            }
            let rows = batch.rows;
            let values = || default_values(column, default, rows, now_micros, self);
            match batch.columns.iter_mut().find(|(id, _)| *id == column.id) {
                None => {
                    let cells = Cells::present(values()?);
                    batch.columns.push((column.id, cells));
                }
                Some((_, cells)) => {
                    if let Some(absent) = cells.absent.take() {
                        let mask = BooleanArray::new(absent, None);
                        cells.values = zip(&mask, &values()?, &cells.values).map_err(Error::internal)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// So many values of a column's default.
pub(crate) fn default_values(
    column: &Column,
    default: &ColumnDefault,
    rows: usize,
    now_micros: u64,
    engine: &Engine,
) -> Result<ArrayRef> {
    match &default.value {
        DefaultValue::Constant(value) => repeated(column.data_type, value, rows),
        DefaultValue::Now => repeated(column.data_type, &now(column.data_type, now_micros), rows),
        DefaultValue::UniqueRowId => {
            let first = engine.parts.row_ids.take(now_micros, rows);
            let ids = (0..rows).map(|row| first.saturating_add(i64::try_from(row).unwrap_or(i64::MAX)));
            let ids: ArrayRef = Arc::new(arrow::array::Int64Array::from_iter_values(ids));
            into_column(&ids, column)
        }
        DefaultValue::RandomUuid => {
            let mut cells = CellsBuilder::new(DataType::Uuid)?;
            for _ in 0..rows {
                cells.push(&Value::Uuid(random_uuid()?))?;
            }
            Ok(cells.finish().values)
        }
    }
}

fn repeated(data_type: DataType, value: &Value, rows: usize) -> Result<ArrayRef> {
    let mut cells = CellsBuilder::new(data_type)?;
    cells.push(value)?;
    let one = cells.finish().values;
    take(&one, &UInt32Array::from(vec![0; rows]), None).map_err(Error::internal)
}

/// The time of the statement in a column's type; wall-clock readings are UTC's.
fn now(data_type: DataType, now_micros: u64) -> Value {
    let micros = i64::try_from(now_micros).unwrap_or(i64::MAX);
    let in_unit = |unit| TimeUnit::Microsecond.convert(micros, unit);
    let value = match data_type {
        DataType::Instant(unit) => in_unit(unit).map(|now| Value::Instant(now, unit)),
        DataType::LocalDateTime(unit) => in_unit(unit).map(|now| Value::LocalDateTime(now, unit)),
        DataType::Date => i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok().map(Value::Date),
        DataType::TimeOfDay => Some(Value::TimeOfDay(micros.rem_euclid(MICROS_PER_DAY) * 1_000)),
        _ => None,
    };
    value.unwrap_or(Value::Null)
}

/// A version 4 UUID.
fn random_uuid() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::internal)?;
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0F) | 0x40;
    *variant = (*variant & 0x3F) | 0x80;
    Ok(bytes)
}
