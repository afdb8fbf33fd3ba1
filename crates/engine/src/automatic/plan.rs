//! What a table lacks of what a write needs: columns to add, types to widen.

use super::{AutomaticTable, added};
use crate::{Alteration, NewColumn};
use model::{Column, ColumnRole, DataType, ErrorKind, Result, Table, TableKind, TextLength, TypeConversion};

/// The changes that are missing, in an order in which they can be made.
pub(super) fn missing(table: &Table, wanted: &AutomaticTable) -> Result<Vec<Alteration>> {
    if table.kind != TableKind::Series {
        let reason = format!("table \"{}\" is keyed: it has no series and takes no such rows", table.name);
        return Err(ErrorKind::InvalidDefinition { reason }.into());
    }
    let mut changes = Vec::new();
    for column in &wanted.columns {
        match table.column_named(&column.name) {
            Some(existing) => {
                check_part(table, existing, column)?;
                if wanted.policy.widen_types
                    && existing.role != ColumnRole::Key
                    && let Some(to) = wider(existing.data_type, column.data_type)
                {
                    changes.push(Alteration::ChangeType {
                        column: existing.id,
                        to,
                        declared: column.declared.clone(),
                        conversion: TypeConversion::Plain,
                    });
                }
            }
            None if !may_add(wanted, column) => {
                if column.role != ColumnRole::Key {
                    let (column, table) = (column.name.clone(), Some(table.name.clone()));
                    return Err(ErrorKind::ColumnNotFound { column, table }.into());
                }
            }
            None => {
                check_case(table, column)?;
                changes.push(added(column));
            }
        }
    }
    Ok(changes)
}

fn may_add(wanted: &AutomaticTable, column: &NewColumn) -> bool {
    match column.role {
        ColumnRole::Key => wanted.policy.add_key_columns,
        _ => wanted.policy.add_columns,
    }
}

/// An attribute may also be found in the key: both say something about the series.
fn check_part(table: &Table, existing: &Column, wanted: &NewColumn) -> Result<()> {
    let same =
        existing.role == wanted.role || (existing.role == ColumnRole::Key && wanted.role == ColumnRole::Attribute);
    if same {
        return Ok(());
    }
    let (part, wanted_part) = (part(existing.role), part(wanted.role));
    let reason = format!("column \"{}\" of table \"{}\" is {part}, not {wanted_part}", existing.name, table.name);
    Err(ErrorKind::InvalidDefinition { reason }.into())
}

const fn part(role: ColumnRole) -> &'static str {
    match role {
        ColumnRole::Key => "a key column",
        ColumnRole::Attribute => "an attribute",
        ColumnRole::Time => "the time column",
        ColumnRole::Field => "a field",
    }
}

fn check_case(table: &Table, wanted: &NewColumn) -> Result<()> {
    let folded = wanted.name.to_lowercase();
    match table.columns.iter().find(|column| column.name.to_lowercase() == folded) {
        Some(column) => Err(ErrorKind::ColumnExists { column: column.name.clone() }.into()),
        None => Ok(()),
    }
}

/// The type that holds what both hold, if it is more than the existing one holds and of the same
/// family.
fn wider(existing: DataType, wanted: DataType) -> Option<DataType> {
    match (existing, wanted) {
        (DataType::Text(Some(has)), DataType::Text(Some(needs))) if has.unit == needs.unit && needs.max > has.max => {
            Some(DataType::Text(Some(TextLength { max: needs.max, unit: has.unit })))
        }
        (DataType::Text(Some(_)), DataType::Text(None)) => Some(wanted),
        (DataType::Binary(Some(has)), DataType::Binary(needs)) if needs.is_none_or(|needs| needs > has) => Some(wanted),
        (DataType::Float32, DataType::Float64) => Some(wanted),
        _ => (bits(existing)? < bits(wanted)? && is_signed(existing) == is_signed(wanted)).then_some(wanted),
    }
}

const fn bits(data_type: DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 | DataType::UInt8 => Some(8),
        DataType::Int16 | DataType::UInt16 => Some(16),
        DataType::Int32 | DataType::UInt32 => Some(32),
        DataType::Int64 | DataType::UInt64 => Some(64),
        _ => None,
    }
}

const fn is_signed(data_type: DataType) -> bool {
    matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
}
