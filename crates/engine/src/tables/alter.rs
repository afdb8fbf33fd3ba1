//! Changing a table's definition, in order with its writes.

use super::create::made_column;
use super::rules::{check_column, check_default, check_key_type, check_name_free, check_type, invalid};
use crate::privileges::require_on;
use crate::{Alteration, Caller, Engine, NewColumn, run_blocking, run_to_end, visible_table};
use model::{
    Column, ColumnDefault, ColumnId, ColumnRole, DataType, DefaultValue, ErrorKind, Privilege, Result, Scope, Sequence,
    Table, TableId, TableKind, TypeChange, TypeConversion, Value, check_name,
};
use std::sync::Arc;

/// What the rules need to know of a table's contents.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Contents {
    /// A series table has at least one series.
    pub(crate) has_series: bool,
    /// The table may have rows.
    pub(crate) has_rows: bool,
}

impl Engine {
    /// Changes a table's definition. A column added to a keyed table with a default stands in the
    /// rows that are there already too.
    ///
    /// # Errors
    /// An unknown table, a change that breaks a rule; no `alter` on the table.
    pub async fn alter_table(&self, caller: &Caller, table: TableId, alteration: Alteration) -> Result<Arc<Table>> {
        let (engine, caller) = (self.clone(), caller.clone());
        // What it holds is held until it is known what the definition is.
        run_to_end(async move { engine.altered_table(&caller, table, alteration).await }).await
    }

    async fn altered_table(&self, caller: &Caller, table: TableId, alteration: Alteration) -> Result<Arc<Table>> {
        require_on(&self.catalog(), caller, Privilege::Alter, Scope::Table(table))?;
        // Held alone so that no first series or row comes between the rules and the change.
        let guard = self.parts.statement_locks.alone(table).await;
        let _name = match &alteration {
            Alteration::Rename(name) => {
                let database = visible_table(&self.catalog(), table)?.database;
                Some(self.hold_table_name(database, name).await?)
            }
            _ => None,
        };
        let turn = self.parts.catalog_turn.lock().await;
        let current = {
            let catalog = self.catalog();
            require_on(&catalog, caller, Privilege::Alter, Scope::Table(table))?;
            let current = visible_table(&catalog, table)?;
            if let Alteration::Rename(name) = &alteration
                && catalog.table_named(current.database, name).is_some_and(|other| other.id != table)
            {
                return Err(ErrorKind::TableExists { table: name.clone() }.into());
            }
            current
        };
        let contents = self.contents(&current).await?;
        let changed = self
            .parts
            .storage
            .change_table(table, |current, at| Ok((altered(current, &alteration, at, contents)?, Vec::new())))
            .await?;
        drop(turn);
        if let Alteration::AddColumn(new) = &alteration
            && changed.kind == TableKind::Keyed
            && new.default.is_some()
            && contents.has_rows
            && let Some(column) = changed.column_named(&new.name)
        {
            self.fill_new_column(guard, &changed, column.id).await?;
        }
        Ok(changed)
    }

    pub(crate) async fn contents(&self, table: &Table) -> Result<Contents> {
        let view = self.parts.storage.view(table.id)?;
        let of_series = table.kind == TableKind::Series;
        run_blocking(move || {
            let has_series = of_series && !view.series(&[])?.ids.is_empty();
            Ok(Contents { has_series, has_rows: view.rows_at_most() > 0 })
        })
        .await
    }
}

/// The definition after a change that takes this number.
pub(crate) fn altered(table: &Table, alteration: &Alteration, at: Sequence, contents: Contents) -> Result<Table> {
    let mut changed = table.clone();
    changed.schema_version += 1;
    match alteration {
        Alteration::AddColumn(new) => add_column(&mut changed, new, contents)?,
        Alteration::DropColumn(id) => drop_column(&mut changed, *id)?,
        Alteration::RenameColumn(id, name) => rename_column(&mut changed, *id, name, contents)?,
        Alteration::ChangeType { column, to, declared, conversion } => {
            check_retype(&changed, *column, *to, conversion, contents)?;
            let column = column_mut(&mut changed, *column)?;
            if column.data_type != *to {
                let from = column.data_type;
                column.type_changes.push(TypeChange { at, from, conversion: conversion.clone() });
                column.default = retyped_default(column, *to)?;
                column.data_type = *to;
            }
            column.declared.clone_from(declared);
        }
        Alteration::SetDefault(id, default) => {
            let column = column_mut(&mut changed, *id)?;
            if let Some(default) = default {
                check_default(&column.name, column.data_type, default)?;
            }
            column.default.clone_from(default);
        }
        Alteration::Rename(name) => {
            check_name(name)?;
            changed.name.clone_from(name);
        }
        Alteration::SetRetention(seconds) => changed.retention_seconds = *seconds,
        Alteration::SetComment(comment) => changed.comment.clone_from(comment),
        Alteration::SetColumnComment(id, comment) => column_mut(&mut changed, *id)?.comment.clone_from(comment),
        Alteration::SetProperty(key, Some(value)) => {
            changed.properties.insert(key.clone(), value.clone());
        }
        Alteration::SetProperty(key, None) => {
            changed.properties.remove(key);
        }
    }
    Ok(changed)
}

fn column_of(table: &Table, id: ColumnId) -> Result<&Column> {
    table.column(id).ok_or_else(|| gone(&table.name))
}

fn column_mut(table: &mut Table, id: ColumnId) -> Result<&mut Column> {
    let Table { name, columns, .. } = table;
    columns.iter_mut().find(|column| column.id == id).ok_or_else(|| gone(name))
}

/// A column that the table has no more: its name is gone with it.
fn gone(table: &str) -> model::Error {
    ErrorKind::SchemaChanged { table: table.to_owned() }.into()
}

fn add_column(table: &mut Table, new: &NewColumn, contents: Contents) -> Result<()> {
    check_column(table.kind, new)?;
    check_name_free(&new.name, table.columns.iter())?;
    match (table.kind, new.role) {
        (_, ColumnRole::Time) => return invalid(format!("table \"{}\" has its time column", table.name)),
        (TableKind::Keyed, ColumnRole::Key) => {
            return invalid(format!("the key of table \"{}\" cannot grow", table.name));
        }
        _ => {}
    }
    let filled = table.kind == TableKind::Keyed && new.default.is_some();
    if !new.nullable && !filled && (contents.has_rows || contents.has_series) {
        return invalid(format!(
            "column \"{}\" cannot be NOT NULL: rows that are there already have no value for it",
            new.name
        ));
    }
    let column = made_column(table.next_column, table.kind, new);
    table.next_column = ColumnId(table.next_column.0 + 1);
    if column.role == ColumnRole::Key {
        table.key.push(column.id);
    }
    let place = place_of(table, column.role);
    table.columns.insert(place, column);
    Ok(())
}

/// After the last column of the same group: keys and attributes are one, fields the other. Hidden
/// columns stay last.
fn place_of(table: &Table, role: ColumnRole) -> usize {
    let same_group = |column: &Column| match role {
        ColumnRole::Field | ColumnRole::Time => {
            matches!(column.role, ColumnRole::Field | ColumnRole::Time)
                || (table.kind == TableKind::Keyed && column.role == ColumnRole::Key)
        }
        ColumnRole::Key | ColumnRole::Attribute => matches!(column.role, ColumnRole::Key | ColumnRole::Attribute),
    };
    let shown = table.columns.iter().rposition(|column| !column.hidden).map_or(0, |last| last + 1);
    let last = table.columns.iter().rposition(|column| !column.hidden && same_group(column));
    last.map_or(shown, |last| last + 1)
}

fn drop_column(table: &mut Table, id: ColumnId) -> Result<()> {
    let column = column_of(table, id)?;
    match column.role {
        ColumnRole::Time => return invalid(format!("the time column \"{}\" cannot be dropped", column.name)),
        ColumnRole::Key => return invalid(format!("the key column \"{}\" cannot be dropped", column.name)),
        ColumnRole::Field | ColumnRole::Attribute => {}
    }
    refuse_in_unique(table, column)?;
    if table.kind == TableKind::Series
        && column.role == ColumnRole::Field
        && table.columns_with(ColumnRole::Field).count() == 1
    {
        return invalid(format!("\"{}\" is the last field of table \"{}\"", column.name, table.name));
    }
    table.columns.retain(|column| column.id != id);
    Ok(())
}

fn rename_column(table: &mut Table, id: ColumnId, name: &str, contents: Contents) -> Result<()> {
    check_name(name)?;
    let column = column_of(table, id)?;
    if table.kind == TableKind::Series && column.role == ColumnRole::Key && contents.has_series {
        return invalid(format!("the key column \"{}\" cannot be renamed: series exist", column.name));
    }
    check_name_free(name, table.columns.iter().filter(|other| other.id != id))?;
    name.clone_into(&mut column_mut(table, id)?.name);
    Ok(())
}

fn check_retype(
    table: &Table,
    id: ColumnId,
    to: DataType,
    conversion: &TypeConversion,
    contents: Contents,
) -> Result<()> {
    let column = column_of(table, id)?;
    check_type(table.kind, &column.name, to)?;
    match (table.kind, column.role) {
        (_, ColumnRole::Time) => {
            return invalid(format!("the type of the time column \"{}\" cannot change", column.name));
        }
        (TableKind::Keyed, ColumnRole::Key) => {
            return invalid(format!("the type of the key column \"{}\" cannot change", column.name));
        }
        (TableKind::Series, ColumnRole::Key) if contents.has_series => {
            return invalid(format!("the type of the key column \"{}\" cannot change: series exist", column.name));
        }
        (TableKind::Series, ColumnRole::Key) => check_key_type(&column.name, to)?,
        _ => {}
    }
    refuse_in_unique(table, column)?;
    let possible = match conversion {
        TypeConversion::Plain => plain_conversion(column.data_type, to),
        TypeConversion::Text { .. } => matches!(to, DataType::Text(_)),
    };
    if possible {
        return Ok(());
    }
    invalid(format!("column \"{}\" cannot change from {} to {to}", column.name, column.data_type))
}

/// Whether values of one type can be read as another without a named spelling.
fn plain_conversion(from: DataType, to: DataType) -> bool {
    let number = |t: DataType| t.is_integer() || t.is_float() || matches!(t, DataType::Decimal { .. });
    let text = |t: DataType| matches!(t, DataType::Text(_) | DataType::Json | DataType::Inet);
    let bytes = |t: DataType| matches!(t, DataType::Binary(_) | DataType::Geometry);
    let time = |t: DataType| matches!(t, DataType::Instant(_) | DataType::LocalDateTime(_));
    // A number and its text; a time and its count.
    let across = (number(from) && matches!(to, DataType::Text(_)))
        || (matches!(from, DataType::Text(_)) && number(to))
        || (time(from) && number(to));
    [number as fn(DataType) -> bool, text, bytes, time].iter().any(|group| group(from) && group(to))
        || across
        || from == to
}

fn refuse_in_unique(table: &Table, column: &Column) -> Result<()> {
    match table.unique.iter().find(|set| set.columns.contains(&column.id)) {
        Some(set) => invalid(format!("column \"{}\" is part of the unique set \"{}\"", column.name, set.name)),
        None => Ok(()),
    }
}

/// The column's default as a value of another type; one that is none is an error.
fn retyped_default(column: &Column, to: DataType) -> Result<Option<ColumnDefault>> {
    let Some(default) = &column.default else { return Ok(None) };
    #[expect(clippy::cast_precision_loss, reason = "as the rows themselves")]
    let value = match (&default.value, to) {
        (DefaultValue::Constant(Value::Integer(i)), DataType::Float32 | DataType::Float64) => {
            DefaultValue::Constant(Value::Float(*i as f64))
        }
        (value, _) => value.clone(),
    };
    let default = ColumnDefault { value, text: default.text.clone() };
    check_default(&column.name, to, &default)?;
    Ok(Some(default))
}
