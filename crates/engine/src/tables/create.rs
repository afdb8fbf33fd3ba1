//! Making a table: its definition, and the hidden tables of its unique sets.

use super::rules::{check_column, check_key_type, check_name_free, invalid};
use crate::privileges::require_on;
use crate::{Caller, Engine, NewColumn, NewTable, NewUnique, run_to_end};
use catalog::{Catalog, Change};
use model::{
    Column, ColumnDefault, ColumnId, ColumnRole, DataType, DefaultValue, Error, ErrorKind, Privilege, Result, Scope,
    Table, TableId, TableKind, UniqueSet, check_name,
};
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// The generated key of a keyed table that was made without one.
const ROW_ID: &str = "rowid";
/// How the default of [`ROW_ID`] is shown.
const ROW_ID_DEFAULT: &str = "unique_rowid()";

impl Engine {
    /// Makes a table (and the hidden tables of its unique sets).
    ///
    /// # Errors
    /// A definition that breaks a rule, a name that is taken; no `create` in the database.
    pub async fn create_table(&self, caller: &Caller, new: NewTable) -> Result<Arc<Table>> {
        check_may_create(&self.catalog(), caller, &new)?;
        let ids = self.parts.catalog.take_ids(1 + new.unique.len() as u64).await?;
        let (table, hidden) = define(&new, ids)?;
        let (engine, caller) = (self.clone(), caller.clone());
        // The name is held until it is known whether the table has it.
        run_to_end(async move {
            let _name = engine.hold_table_name(new.database, &new.name).await?;
            let made = engine.change_schema(|catalog| {
                check_may_create(catalog, &caller, &new)?;
                let changes = hidden.iter().chain([&table]).map(|t| Change::PutTable(Box::new(t.clone()))).collect();
                Ok((changes, Arc::new(table.clone())))
            });
            made.await
        })
        .await
    }
}

fn check_may_create(catalog: &Catalog, caller: &Caller, new: &NewTable) -> Result<()> {
    if catalog.database(new.database).is_none() {
        return Err(catalog.no_database(new.database));
    }
    require_on(catalog, caller, Privilege::Create, Scope::Database(new.database))?;
    if catalog.table_named(new.database, &new.name).is_some() {
        return Err(ErrorKind::TableExists { table: new.name.clone() }.into());
    }
    Ok(())
}

/// The definition of a new table and of the hidden tables of its unique sets.
pub(super) fn define(new: &NewTable, mut ids: Range<u64>) -> Result<(Table, Vec<Table>)> {
    check_name(&new.name)?;
    let mut next_id = || ids.next().map(TableId).ok_or_else(|| Error::internal("too few ids for the table"));
    let mut columns: Vec<Column> = Vec::with_capacity(new.columns.len() + 1);
    for (position, column) in (1..).zip(&new.columns) {
        check_column(new.kind, column)?;
        check_name_free(&column.name, columns.iter())?;
        columns.push(made_column(ColumnId(position), new.kind, column));
    }
    let mut key = resolve_key(&new.key, &columns)?;
    match new.kind {
        TableKind::Series => check_series(new, &columns)?,
        TableKind::Keyed if key.is_empty() => {
            let row_id = row_id_column(&columns);
            key.push(row_id.id);
            columns.push(row_id);
        }
        TableKind::Keyed => {}
    }
    let mut table = Table {
        id: next_id()?,
        database: new.database,
        name: new.name.clone(),
        kind: new.kind,
        next_column: next_column(&columns),
        columns,
        key,
        unique: Vec::new(),
        schema_version: 1,
        partition_seconds: new.partition_seconds,
        retention_seconds: new.retention_seconds,
        hidden: false,
        comment: new.comment.clone(),
        properties: new.properties.clone(),
    };
    let mut hidden = Vec::with_capacity(new.unique.len());
    for unique in &new.unique {
        let (set, index) = define_unique(&table, unique, next_id()?)?;
        table.unique.push(set);
        hidden.push(index);
    }
    Ok((table, hidden))
}

/// The stored form of a column that obeys the rules.
pub(super) fn made_column(id: ColumnId, kind: TableKind, new: &NewColumn) -> Column {
    let never_null = new.role == ColumnRole::Time || (new.role == ColumnRole::Key && kind == TableKind::Keyed);
    Column {
        id,
        name: new.name.clone(),
        role: new.role,
        data_type: new.data_type,
        nullable: new.nullable && !never_null,
        default: new.default.clone(),
        declared: new.declared.clone(),
        hidden: new.hidden,
        comment: new.comment.clone(),
        type_changes: Vec::new(),
        properties: new.properties.clone(),
    }
}

fn next_column(columns: &[Column]) -> ColumnId {
    ColumnId(columns.iter().map(|column| column.id.0).max().unwrap_or(0) + 1)
}

fn resolve_key(names: &[String], columns: &[Column]) -> Result<Vec<ColumnId>> {
    let mut key = Vec::with_capacity(names.len());
    for name in names {
        let column = columns
            .iter()
            .find(|column| column.name == *name)
            .ok_or_else(|| ErrorKind::ColumnNotFound { column: name.clone(), table: None })?;
        if column.role != ColumnRole::Key {
            return invalid(format!("column \"{name}\" is in the key but has another part to play"));
        }
        if key.contains(&column.id) {
            return invalid(format!("column \"{name}\" is named twice in the key"));
        }
        key.push(column.id);
    }
    match columns.iter().find(|column| column.role == ColumnRole::Key && !key.contains(&column.id)) {
        Some(column) => invalid(format!("key column \"{}\" has no place in the key", column.name)),
        None => Ok(key),
    }
}

fn check_series(new: &NewTable, columns: &[Column]) -> Result<()> {
    let times = columns.iter().filter(|column| column.role == ColumnRole::Time).count();
    if times != 1 || columns.first().is_none_or(|column| column.role != ColumnRole::Time) {
        return invalid(format!("table \"{}\" must have exactly one time column, the first", new.name));
    }
    if !new.unique.is_empty() {
        return invalid(format!("table \"{}\": unique sets are for keyed tables only", new.name));
    }
    Ok(())
}

fn row_id_column(columns: &[Column]) -> Column {
    let mut name = ROW_ID.to_owned();
    for n in 1.. {
        if check_name_free(&name, columns.iter()).is_ok() {
            break;
        }
        name = format!("{ROW_ID}_{n}");
    }
    let default = ColumnDefault { value: DefaultValue::UniqueRowId, text: ROW_ID_DEFAULT.to_owned() };
    Column {
        nullable: false,
        hidden: true,
        default: Some(default),
        ..Column::new(next_column(columns), name, ColumnRole::Key, DataType::Int64)
    }
}

/// A unique set and its hidden table: the set's columns are the key, the primary key the fields.
fn define_unique(table: &Table, new: &NewUnique, id: TableId) -> Result<(UniqueSet, Table)> {
    check_name(&new.name)?;
    if table.unique.iter().any(|set| set.name == new.name) {
        return invalid(format!("unique set \"{}\" is defined twice", new.name));
    }
    let mut set = UniqueSet { name: new.name.clone(), columns: Vec::new(), index: id };
    let mut columns: Vec<Column> = Vec::new();
    for name in &new.columns {
        let column = table
            .column_named(name)
            .ok_or_else(|| ErrorKind::ColumnNotFound { column: name.clone(), table: Some(table.name.clone()) })?;
        check_key_type(name, column.data_type)?;
        if set.columns.contains(&column.id) {
            return invalid(format!("unique set \"{}\" names column \"{name}\" twice", new.name));
        }
        set.columns.push(column.id);
        let key = Column::new(next_column(&columns), name, ColumnRole::Key, column.data_type);
        columns.push(Column { nullable: false, ..key });
    }
    if columns.is_empty() {
        return invalid(format!("unique set \"{}\" has no columns", new.name));
    }
    let key = columns.iter().map(|column| column.id).collect();
    let mut taken: HashSet<String> = columns.iter().map(|column| column.name.to_lowercase()).collect();
    for primary in table.key_columns() {
        let mut name = primary.name.clone();
        while !taken.insert(name.to_lowercase()) {
            name.push('_');
        }
        let field = Column::new(next_column(&columns), name, ColumnRole::Field, primary.data_type);
        columns.push(Column { nullable: false, ..field });
    }
    let index = Table {
        id,
        database: table.database,
        name: new.name.clone(),
        kind: TableKind::Keyed,
        next_column: next_column(&columns),
        columns,
        key,
        unique: Vec::new(),
        schema_version: 1,
        partition_seconds: None,
        retention_seconds: None,
        hidden: true,
        comment: None,
        properties: BTreeMap::new(),
    };
    Ok((set, index))
}
