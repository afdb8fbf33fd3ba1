//! `ALTER COLUMN | TAG c TYPE t`: to wider types of the same family, and across families where the
//! vendor does. An old value that is none of the new type reads as NULL.

use crate::error::definition;
use crate::sql::types::ColumnType;
use crate::types::{Place, column_type, declared, display, display_column};
use engine::Alteration;
use model::{Column, ColumnRole, DataType, LengthUnit, Result, Table, TableKind, TextLength, TypeConversion};

/// The change of a column's type.
///
/// # Errors
/// Narrowing and changes that the vendor does not know, in its words.
pub(super) fn alteration(table: &Table, column: &Column, written: &ColumnType) -> Result<Alteration> {
    let place = match (table.kind, column.role) {
        (TableKind::Keyed, _) => Place::Relational,
        (TableKind::Series, ColumnRole::Attribute) => Place::Tag,
        (TableKind::Series, _) => Place::SeriesColumn,
    };
    if column.role == ColumnRole::Time {
        return Err(definition(format!("cannot alter type of the first timestamp column {}", column.name)));
    }
    let (to, word) = column_type(&column.name, written, place)?;
    let shown = display(to, word);
    match change(column.data_type, to) {
        Change::Plain => Ok(Alteration::ChangeType {
            column: column.id,
            to,
            declared: Some(declared(word)),
            conversion: TypeConversion::Plain,
        }),
        Change::Impossible => Err(definition(format!(
            "column: \"{}\": cannot convert {} to {shown}",
            column.name,
            display_column(column)
        ))),
    }
}

/// Whether the vendor converts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// By the value, or by its text.
    Plain,
    /// The vendor refuses.
    Impossible,
}

fn integer_width(data_type: DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 => Some(1),
        DataType::Int16 => Some(2),
        DataType::Int32 => Some(4),
        DataType::Int64 => Some(8),
        _ => None,
    }
}

/// The greatest length in bytes of UTF-8: a character takes up to four.
fn text_bytes(length: Option<TextLength>) -> u64 {
    match length {
        None => u64::MAX,
        Some(TextLength { max, unit: LengthUnit::Bytes }) => u64::from(max),
        Some(TextLength { max, unit: LengthUnit::Characters }) => 4 * u64::from(max),
    }
}

/// Whether the vendor takes a text type for wide enough: by bytes, of which a character counts four.
fn text_fits(from: Option<TextLength>, to: Option<TextLength>) -> bool {
    match (from, to) {
        (_, None) => true,
        (Some(from), Some(to)) if from.unit == to.unit => from.max <= to.max,
        _ => text_bytes(from) <= text_bytes(to),
    }
}

/// The characters that every number of a type needs at most.
fn number_width(data_type: DataType) -> Option<u64> {
    match data_type {
        DataType::Int8 => Some(4),
        DataType::Int16 => Some(6),
        DataType::Int32 => Some(11),
        DataType::Int64 => Some(20),
        DataType::Float32 | DataType::Float64 => Some(30),
        _ => None,
    }
}

fn change(from: DataType, to: DataType) -> Change {
    if from == to {
        return Change::Plain;
    }
    if let (Some(from), Some(to)) = (integer_width(from), integer_width(to)) {
        return if from <= to { Change::Plain } else { Change::Impossible };
    }
    match (from, to) {
        (DataType::Float32, DataType::Float64) => Change::Plain,
        (DataType::Text(from), DataType::Text(to)) => {
            if text_fits(from, to) {
                Change::Plain
            } else {
                Change::Impossible
            }
        }
        (from, DataType::Text(length)) => match number_width(from) {
            Some(width) if length.is_none_or(|length| width <= u64::from(length.max)) => Change::Plain,
            _ => Change::Impossible,
        },
        (DataType::Text(_), to) if to.is_integer() || to.is_float() => Change::Plain,
        (DataType::Instant(_) | DataType::LocalDateTime(_), DataType::Instant(_) | DataType::LocalDateTime(_)) => {
            Change::Plain
        }
        (
            DataType::Instant(_) | DataType::LocalDateTime(_),
            DataType::Int64 | DataType::Float32 | DataType::Float64,
        ) => Change::Plain,
        _ => Change::Impossible,
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, change};
    use model::{DataType, TextLength, TimeUnit};

    const fn bytes(max: u32) -> DataType {
        DataType::Text(Some(TextLength::bytes(max)))
    }

    const fn characters(max: u32) -> DataType {
        DataType::Text(Some(TextLength::characters(max)))
    }

    #[test]
    fn only_widening_is_plain() {
        for (from, to, expected) in [
            (DataType::Int16, DataType::Int64, Change::Plain),
            (DataType::Int64, DataType::Int32, Change::Impossible),
            (DataType::Float32, DataType::Float64, Change::Plain),
            (DataType::Float64, DataType::Float32, Change::Impossible),
            (bytes(10), bytes(20), Change::Plain),
            (bytes(10), bytes(5), Change::Impossible),
            (characters(10), bytes(40), Change::Plain),
            (characters(10), bytes(39), Change::Impossible),
            (bytes(254), characters(254), Change::Plain),
            (bytes(254), characters(63), Change::Impossible),
            (bytes(100), characters(50), Change::Plain),
            (DataType::Int32, bytes(11), Change::Plain),
            (DataType::Int32, bytes(10), Change::Impossible),
            (DataType::Float64, bytes(29), Change::Impossible),
            (bytes(10), DataType::Int16, Change::Plain),
            (DataType::Instant(TimeUnit::Millisecond), DataType::Int64, Change::Plain),
            (DataType::Instant(TimeUnit::Millisecond), DataType::Int32, Change::Impossible),
            (DataType::Int64, DataType::Float64, Change::Impossible),
            (DataType::Binary(Some(10)), DataType::Binary(Some(20)), Change::Impossible),
        ] {
            assert_eq!(change(from, to), expected, "{from:?} -> {to:?}");
        }
    }
}
