//! The rules that every definition obeys, whichever door it came through. Vendors' narrower rules
//! stand in their dialects.

use crate::NewColumn;
use model::{
    CellsBuilder, Column, ColumnDefault, ColumnRole, DataType, DefaultValue, ErrorKind, Result, TableKind, Value,
    check_name,
};

/// The greatest precision of a decimal.
const DECIMAL_DIGITS_MAX: u8 = 38;

/// An error about a definition.
pub(super) fn invalid<T>(reason: String) -> Result<T> {
    Err(ErrorKind::InvalidDefinition { reason }.into())
}

/// Checks one column by itself.
pub(super) fn check_column(kind: TableKind, column: &NewColumn) -> Result<()> {
    check_name(&column.name)?;
    check_type(kind, &column.name, column.data_type)?;
    match (kind, column.role) {
        (TableKind::Keyed, ColumnRole::Time | ColumnRole::Attribute) => {
            return invalid(format!("column \"{}\": a keyed table has key and field columns only", column.name));
        }
        (TableKind::Series, ColumnRole::Time)
            if !matches!(column.data_type, DataType::Instant(_) | DataType::LocalDateTime(_)) =>
        {
            return invalid(format!("time column \"{}\" must be an instant or a local date and time", column.name));
        }
        (_, ColumnRole::Key) => check_key_type(&column.name, column.data_type)?,
        _ => {}
    }
    if let Some(default) = &column.default {
        check_default(&column.name, column.data_type, default)?;
    }
    Ok(())
}

/// Checks that a type exists and may stand in this kind of table.
pub(super) fn check_type(kind: TableKind, column: &str, data_type: DataType) -> Result<()> {
    if kind == TableKind::Series && data_type.keyed_only() {
        return invalid(format!("column \"{column}\": {data_type} columns are for keyed tables only"));
    }
    match data_type {
        DataType::Decimal { precision, scale } => {
            let whole = i16::from(precision) - i16::from(scale);
            if precision == 0 || precision > DECIMAL_DIGITS_MAX || scale < 0 || whole < 0 {
                return invalid(format!(
                    "column \"{column}\": a decimal has 1 to {DECIMAL_DIGITS_MAX} digits, \
                     0 to all of them after the point, not {precision} and {scale}"
                ));
            }
        }
        DataType::Text(Some(length)) if length.max == 0 => {
            return invalid(format!("column \"{column}\": a text of length 0 holds nothing"));
        }
        DataType::Binary(Some(0)) => {
            return invalid(format!("column \"{column}\": bytes of length 0 hold nothing"));
        }
        _ => {}
    }
    Ok(())
}

/// Checks that values of a type can identify a row.
pub(super) fn check_key_type(column: &str, data_type: DataType) -> Result<()> {
    if matches!(data_type, DataType::Json | DataType::Geometry | DataType::Interval) {
        return invalid(format!("column \"{column}\": {data_type} columns cannot be part of a key"));
    }
    Ok(())
}

/// Checks that a default can stand in a column of this type.
pub(super) fn check_default(column: &str, data_type: DataType, default: &ColumnDefault) -> Result<()> {
    let fits = match &default.value {
        DefaultValue::Constant(value) => constant_fits(value, data_type)?,
        DefaultValue::Now => matches!(
            data_type,
            DataType::Instant(_) | DataType::LocalDateTime(_) | DataType::Date | DataType::TimeOfDay
        ),
        DefaultValue::UniqueRowId => data_type == DataType::Int64,
        DefaultValue::RandomUuid => data_type == DataType::Uuid,
    };
    if fits {
        return Ok(());
    }
    invalid(format!("column \"{column}\": the default {} is not of type {data_type}", default.text))
}

fn constant_fits(value: &Value, data_type: DataType) -> Result<bool> {
    let of_type = CellsBuilder::new(data_type)?.push(value).is_ok();
    Ok(of_type
        && match (value, data_type) {
            (Value::Text(text), DataType::Text(Some(length))) => length.fits(text),
            (Value::Binary(bytes), DataType::Binary(Some(max))) => bytes.len() <= max as usize,
            (Value::Decimal(decimal), DataType::Decimal { precision, .. }) => {
                decimal.unscaled.unsigned_abs() < 10_u128.pow(u32::from(precision))
            }
            _ => true,
        })
}

/// Fails when a name is, but for its case, the name of one of these columns.
pub(super) fn check_name_free<'a>(name: &str, mut columns: impl Iterator<Item = &'a Column>) -> Result<()> {
    let folded = name.to_lowercase();
    match columns.find(|column| column.name.to_lowercase() == folded) {
        Some(column) => Err(ErrorKind::ColumnExists { column: column.name.clone() }.into()),
        None => Ok(()),
    }
}
