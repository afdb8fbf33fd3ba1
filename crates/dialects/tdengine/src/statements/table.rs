//! `CREATE` of super tables and tables, `DROP` of every kind.

use super::database::CREATED;
use super::query;
use crate::context::Context;
use crate::error::coded;
use crate::names::{self, Found, check_column_name, check_table_name, find, has_children, key_type, unit};
use crate::sql::statement::{ColumnDefinition, NewTable as Written, ObjectName};
use crate::types::{TBNAME, declared};
use catalog::Database;
use engine::{DeleteRequest, NewColumn, NewTable};
use model::{ColumnRole, DataType, Error, ErrorKind, Result, TableKind, TimeUnit};
use std::collections::{BTreeMap, HashSet};

/// Prefix of the properties of a table that record its options.
pub(crate) const OPTION: &str = "tdengine.option.";
/// Prefix of the properties of a column that say how it was to be stored.
pub(crate) const STORAGE: &str = "tdengine.";
const COLUMNS_MAX: usize = 4_096;
const TAGS_MAX: usize = 128;

fn new_column(written: &ColumnDefinition, role: ColumnRole, unit: TimeUnit) -> Result<NewColumn> {
    check_column_name(&written.name)?;
    let (data_type, word) = written.data_type.resolve(unit);
    let storage = written.storage.iter().map(|(key, value)| (format!("{STORAGE}{key}"), value.clone()));
    Ok(NewColumn {
        name: written.name.clone(),
        role,
        data_type,
        nullable: role != ColumnRole::Time,
        default: None,
        declared: Some(declared(word)),
        hidden: false,
        comment: None,
        properties: storage.collect(),
    })
}

/// A column that is no tag.
///
/// # Errors
/// Broken rules, in the vendor's words.
pub(super) fn column(written: &ColumnDefinition, unit: TimeUnit) -> Result<NewColumn> {
    let column = new_column(written, ColumnRole::Field, unit)?;
    if column.data_type == DataType::Json {
        return Err(coded(0x2652, "Only tag can be json type"));
    }
    Ok(column)
}

/// A tag.
///
/// # Errors
/// Broken rules, in the vendor's words.
pub(super) fn tag(written: &ColumnDefinition, unit: TimeUnit) -> Result<NewColumn> {
    let column = new_column(written, ColumnRole::Attribute, unit)?;
    if matches!(column.data_type, DataType::Decimal { .. }) {
        return Err(coded(0x2605, format!("Invalid value type: {}", column.name)));
    }
    Ok(column)
}

/// The column whose values are the names of children.
fn key_column() -> NewColumn {
    NewColumn {
        name: TBNAME.to_owned(),
        role: ColumnRole::Key,
        data_type: key_type(),
        nullable: false,
        default: None,
        declared: Some(declared("VARCHAR")),
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// Makes a super table, or a table without tags.
///
/// # Errors
/// Broken rules in the vendor's words, a name that is taken, no privilege.
pub(super) async fn create(context: &Context, written: Written) -> Result<()> {
    check_table_name(&written.name.name)?;
    let catalog = context.catalog();
    let database = context.database(&catalog, written.name.database.as_deref())?;
    if is_made(context, &database, &written)? {
        return Ok(());
    }
    let new = definition(&database, &written, context.now())?;
    match context.engine().create_table(context.caller(), new).await {
        // Others made it after the look.
        Err(error) if matches!(*error.kind, ErrorKind::TableExists { .. }) => {
            if is_made(context, &database, &written)? { Ok(()) } else { Err(error) }
        }
        made => made.map(|_| ()),
    }
}

/// Whether a table is there already and IF NOT EXISTS is content with it.
fn is_made(context: &Context, database: &Database, written: &Written) -> Result<bool> {
    let Some(found) = find(context.engine(), &context.catalog(), database, &written.name.name)? else {
        return Ok(false);
    };
    let same_kind = matches!(found, Found::Super(_)) == written.tags.is_some();
    if written.if_not_exists && same_kind { Ok(true) } else { Err(taken(&found)) }
}

/// The error of a name that is taken.
pub(super) fn taken(found: &Found) -> Error {
    match found {
        Found::Super(_) => coded(0x0360, "STable already exists"),
        _ => Error::new(ErrorKind::TableExists { table: found.table().name.clone() }),
    }
}

fn definition(database: &Database, written: &Written, now: i128) -> Result<NewTable> {
    let unit = unit(database);
    let mut columns = Vec::with_capacity(written.columns.len());
    for (position, definition) in written.columns.iter().enumerate() {
        columns.push(if position == 0 {
            new_column(definition, ColumnRole::Time, unit)?
        } else {
            column(definition, unit)?
        });
    }
    if !columns.first().is_some_and(|first| matches!(first.data_type, DataType::Instant(_))) {
        return Err(coded(0x2641, "First column must be timestamp"));
    }
    if columns.len() < 2 {
        return Err(coded(0x263f, "Illegal number of columns"));
    }
    let mut key = Vec::new();
    if let Some(tags) = &written.tags {
        if tags.len() > TAGS_MAX {
            return Err(coded(0x2643, "Invalid number of tag columns"));
        }
        columns.push(key_column());
        key.push(TBNAME.to_owned());
        for definition in tags {
            columns.push(tag(definition, unit)?);
        }
        let json = columns.iter().filter(|c| c.role == ColumnRole::Attribute && c.data_type == DataType::Json).count();
        if json > 0 && tags.len() > 1 {
            return Err(coded(0x2633, "Only one tag if there is a json tag"));
        }
    }
    if columns.len() > COLUMNS_MAX {
        return Err(coded(0x2640, "Too many columns"));
    }
    let mut seen = HashSet::new();
    if !columns.iter().all(|column| seen.insert(column.name.to_lowercase())) {
        return Err(coded(0x263c, "Duplicated column names"));
    }
    let recorded = written.options.recorded.iter().map(|(key, value)| (format!("{OPTION}{key}"), value.clone()));
    let created = (CREATED.to_owned(), (now / 1_000_000).to_string());
    Ok(NewTable {
        database: database.id,
        name: written.name.name.clone(),
        kind: TableKind::Series,
        columns,
        key,
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: written.options.keep_seconds,
        comment: written.options.comment.clone(),
        properties: recorded.chain([created]).collect(),
    })
}

/// Drops tables; all of them must exist before the first one goes.
///
/// # Errors
/// A missing table without IF EXISTS, no privilege.
pub(super) async fn drop(context: &Context, stable: bool, names: &[(bool, ObjectName)], text: &str) -> Result<()> {
    let catalog = context.catalog();
    let mut found = Vec::with_capacity(names.len());
    for (if_exists, name) in names {
        match context.find(&catalog, name) {
            Ok(Found::Super(_)) if names.len() > 1 => {
                return Err(coded(0x263a, "Cannot drop super table in batch"));
            }
            Ok(Found::Child(..) | Found::Plain(_) | Found::Keyed(_)) if stable => {
                return Err(coded(0x0362, "STable not exist"));
            }
            Ok(table) => found.push(table),
            Err(error) if matches!(*error.kind, ErrorKind::TableNotFound { .. }) => {
                if *if_exists {
                    continue;
                }
                return Err(if stable { coded(0x0362, "STable not exist") } else { error });
            }
            Err(error) => return Err(error),
        }
    }
    for table in found {
        match table {
            Found::Child(table, child) => {
                let filter = super::delete::is_child(&child);
                let request = DeleteRequest { table: table.id, filter: Some(filter), drop_series: true };
                let around = query::surroundings(context, &table, text);
                context.engine().delete(context.caller(), &around, request).await?;
            }
            other => context.engine().drop_table(context.caller(), other.table().id).await?,
        }
    }
    Ok(())
}

/// The database of a new child, and the super table that it is of.
///
/// # Errors
/// Missing tables and databases; a table that is no super table.
pub(super) fn super_table(
    context: &Context,
    catalog: &catalog::Catalog,
    name: &ObjectName,
    child: &ObjectName,
) -> Result<(std::sync::Arc<Database>, std::sync::Arc<model::Table>)> {
    let home = context.database(catalog, child.database.as_deref())?;
    let database = context.database(catalog, name.database.as_deref())?;
    let found = names::find(context.engine(), catalog, &database, &name.name)?;
    let found = found.ok_or_else(|| {
        let table = format!("`{}`.`{}`", database.name, name.name);
        Error::new(ErrorKind::TableNotFound { table })
    })?;
    match found {
        Found::Super(table) if has_children(&table) => {
            if home.id == database.id {
                Ok((home, table))
            } else {
                Err(coded(0x2600, "a child lives in the database of its super table"))
            }
        }
        _ => Err(coded(0x0200, "create table only from super table is allowed")),
    }
}
