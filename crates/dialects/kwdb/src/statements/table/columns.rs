//! Columns and tags of a definition.

use super::{COMPRESS, ENCODE, LEVEL};
use crate::error::definition;
use crate::literals::Target;
use crate::sql::statement::{ColumnDefinition, TagDefinition};
use crate::sql::types::ColumnType;
use crate::statements::default::{DefaultPlace, resolve};
use crate::timezone::Zone;
use crate::types::{Place, column_type, declared, display};
use engine::NewColumn;
use model::{Column, ColumnDefault, ColumnId, ColumnRole, DefaultValue, Error, Result};
use std::collections::BTreeMap;

/// Checks the name of a column or tag of a time-series table.
pub(super) fn check_name(name: &str) -> Result<()> {
    if !name.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err(definition(format!(
            "invalid name: {name}, naming of column/tag in timeseries table only supports letters, numbers and symbols"
        )));
    }
    if name.len() > 128 {
        return Err(definition(format!("ts column name \"{name}\" exceeds max length (128)")));
    }
    Ok(())
}

/// A data column of a time-series table.
pub(super) fn series_column(written: &ColumnDefinition, role: ColumnRole, zone: &Zone) -> Result<NewColumn> {
    let name = written.name.value.clone();
    check_name(&name)?;
    for (present, noun) in [
        (!written.checks.is_empty(), "check constraint"),
        (written.unique, "unique constraint"),
        (written.primary_key, "primary key constraint"),
        (written.references.is_some(), "foreign key constraint"),
        (written.computed.is_some(), "computed column"),
        (written.collation.is_some(), "collation"),
        (written.family.is_some(), "family"),
    ] {
        if present {
            return Err(definition(format!("{noun} is not supported in timeseries table")));
        }
    }
    let mut column = typed(&name, &written.data_type, role, Place::SeriesColumn, written.nullable != Some(false))?;
    column.default = default(&column, written, true, zone)?;
    column.comment.clone_from(&written.comment);
    for (key, value) in [
        (ENCODE, &written.compression.encode),
        (COMPRESS, &written.compression.compress),
        (LEVEL, &written.compression.level),
    ] {
        if let Some(value) = value {
            column.properties.insert(key.to_owned(), value.clone());
        }
    }
    Ok(column)
}

/// A column of a relational table.
pub(super) fn relational_column(written: &ColumnDefinition, role: ColumnRole, zone: &Zone) -> Result<NewColumn> {
    if !written.checks.is_empty() {
        return Err(Error::unsupported("a CHECK constraint"));
    }
    if written.references.is_some() {
        return Err(Error::unsupported("a FOREIGN KEY constraint"));
    }
    if written.computed.is_some() {
        return Err(Error::unsupported("a computed column"));
    }
    if written.collation.is_some() {
        return Err(Error::unsupported("COLLATE"));
    }
    let serial = matches!(written.data_type, ColumnType::Serial(_));
    let nullable = written.nullable != Some(false) && role != ColumnRole::Key && !serial;
    let mut column = typed(&written.name.value, &written.data_type, role, Place::Relational, nullable)?;
    column.default = if serial {
        Some(ColumnDefault { value: DefaultValue::UniqueRowId, text: "unique_rowid()".to_owned() })
    } else {
        default(&column, written, false, zone)?
    };
    column.comment.clone_from(&written.comment);
    Ok(column)
}

fn typed(name: &str, written: &ColumnType, role: ColumnRole, place: Place, nullable: bool) -> Result<NewColumn> {
    let (data_type, word) = column_type(name, written, place)?;
    Ok(NewColumn {
        name: name.to_owned(),
        role,
        data_type,
        nullable,
        default: None,
        declared: Some(declared(word)),
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    })
}

fn default(column: &NewColumn, written: &ColumnDefinition, series: bool, zone: &Zone) -> Result<Option<ColumnDefault>> {
    let Some(expr) = &written.default else { return Ok(None) };
    let (target, type_text) = target_of(column, series);
    resolve(DefaultPlace { target: &target, type_text: &type_text, series }, expr, zone)
}

fn target_of(column: &NewColumn, series: bool) -> (Target, String) {
    let mut as_column = Column::new(ColumnId(0), &column.name, column.role, column.data_type);
    as_column.declared.clone_from(&column.declared);
    let text = display(column.data_type, crate::types::column_word(&as_column));
    (Target::new(&as_column, series), text)
}

/// A tag.
pub(super) fn tag(written: &TagDefinition, primary: bool, nullable: bool) -> Result<NewColumn> {
    let name = written.name.value.clone();
    check_name(&name)?;
    let (role, place) =
        if primary { (ColumnRole::Key, Place::PrimaryTag) } else { (ColumnRole::Attribute, Place::Tag) };
    let mut column = typed(&name, &written.data_type, role, place, nullable)?;
    column.comment.clone_from(&written.comment);
    Ok(column)
}

/// A column that ALTER TABLE adds.
///
/// # Errors
/// Broken rules, in the vendor's words.
pub(crate) fn added_column(written: &ColumnDefinition, series: bool, zone: &Zone) -> Result<NewColumn> {
    if !series {
        if written.primary_key || written.unique {
            return Err(Error::unsupported("ADD COLUMN with a PRIMARY KEY or UNIQUE constraint"));
        }
        return relational_column(written, ColumnRole::Field, zone);
    }
    if written.nullable == Some(false) {
        let name = &written.name;
        return Err(definition(format!("add NOT-NULL column {name} for timeseries table is not supported")));
    }
    series_column(written, ColumnRole::Field, zone)
}

/// A tag that ALTER TABLE adds.
///
/// # Errors
/// Broken rules, in the vendor's words.
pub(crate) fn added_tag(written: &TagDefinition) -> Result<NewColumn> {
    if written.nullable == Some(false) {
        let name = &written.name;
        return Err(definition(format!("add NOT-NULL tag {name} for timeseries table is not supported")));
    }
    tag(written, false, true)
}
