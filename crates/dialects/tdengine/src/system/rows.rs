//! The rows of every system table.

use super::definitions::{ALL, Definition, SCHEMAS};
use super::{Cell, Lookup, is_child_name};
use crate::names::{Found, has_children, unit, unit_word};
use crate::session::SERVER_VERSION;
use crate::statements::{CREATED, database_option, words_of};
use crate::types::{column_length, full_word};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use catalog::{Database, User};
use model::{Column, ColumnRole, Error, Privilege, Result, Scope, Table};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// The name under which this server lists itself.
const ENDPOINT: &str = "localhost:6030";

/// The rows of a table.
///
/// # Errors
/// When the children of a super table cannot be read.
pub(super) fn of(lookup: &Lookup, definition: &Definition) -> Result<Vec<Vec<Cell>>> {
    match definition.name {
        "ins_databases" => databases(lookup),
        "ins_stables" => Ok(stables(lookup)),
        "ins_tables" => tables(lookup),
        "ins_tags" => tags(lookup),
        "ins_columns" => columns(lookup),
        "ins_users" => Ok(users(lookup)),
        "ins_user_privileges" => Ok(privileges(lookup)),
        "ins_dnodes" => Ok(vec![vec![
            Cell::Number(1),
            Cell::text(ENDPOINT),
            Cell::Number(0),
            Cell::Number(0),
            Cell::text("ready"),
            Cell::Null,
            Cell::Null,
            Cell::text(""),
        ]]),
        "ins_mnodes" => Ok(vec![vec![
            Cell::Number(1),
            Cell::text(ENDPOINT),
            Cell::text("leader"),
            Cell::text("ready"),
            Cell::Null,
            Cell::Null,
        ]]),
        "ins_cluster" => Ok(vec![vec![
            Cell::Number(1),
            Cell::text("chronoglot"),
            Cell::Null,
            Cell::Null,
            Cell::text(SERVER_VERSION),
            Cell::Null,
        ]]),
        "perf_queries" => Ok(queries(lookup)),
        _ => Ok(Vec::new()),
    }
}

/// The databases that the caller may see; built-in ones of other doors only where they hold tables.
fn visible_databases(lookup: &Lookup) -> Vec<&Arc<Database>> {
    let built_in = |database: &Database| engine::BUILT_IN_DATABASES.iter().any(|(name, _)| *name == database.name);
    let seen = |database: &&Arc<Database>| {
        let mut tables = lookup.catalog.tables_in(database.id).peekable();
        if built_in(database) && tables.peek().is_none() {
            return false;
        }
        lookup.may_see(Scope::Database(database.id)) || tables.any(|table| lookup.may_see(Scope::Table(table.id)))
    };
    let mut databases: Vec<_> = lookup.catalog.databases().filter(seen).collect();
    databases.sort_by_key(|database| database.id);
    databases
}

/// The tables that the caller may see, with their databases.
fn visible_tables(lookup: &Lookup) -> Vec<(&Arc<Database>, &Arc<Table>)> {
    let in_database =
        |database| lookup.catalog.tables_in(database).filter(|table| lookup.may_see(Scope::Table(table.id)));
    visible_databases(lookup)
        .into_iter()
        .flat_map(|database| in_database(database.id).map(move |table| (database, table)))
        .collect()
}

/// The names of a super table's children, with the arrays of some of its columns.
fn children(lookup: &Lookup, table: &Table, columns: &[&Column]) -> Result<(Vec<String>, Vec<ArrayRef>)> {
    if !has_children(table) {
        return Ok((Vec::new(), Vec::new()));
    }
    let ids: Vec<_> = table.key.iter().copied().chain(columns.iter().map(|column| column.id)).collect();
    let series = lookup.engine.storage().view(table.id)?.series(&ids)?;
    let mut arrays = series.columns.columns().to_vec();
    let names = if arrays.is_empty() { return Ok((Vec::new(), arrays)) } else { arrays.remove(0) };
    let names = names.as_string::<i32>().iter().map(|name| name.unwrap_or_default().to_owned()).collect();
    Ok((names, arrays))
}

fn created(properties: &std::collections::BTreeMap<String, String>) -> Cell {
    properties.get(CREATED).and_then(|at| at.parse().ok()).map_or(Cell::Null, Cell::Time)
}

fn count(count: usize) -> Cell {
    Cell::Number(i64::try_from(count).unwrap_or(i64::MAX))
}

fn id(id: u64) -> Cell {
    Cell::Number(i64::try_from(id).unwrap_or(i64::MAX))
}

fn databases(lookup: &Lookup) -> Result<Vec<Vec<Cell>>> {
    let mut rows: Vec<Vec<Cell>> = SCHEMAS
        .iter()
        .map(|schema| {
            let tables = ALL.iter().filter(|definition| definition.schema == *schema).count();
            let mut row = vec![Cell::Null; 29];
            for (place, cell) in
                [(0, Cell::text(*schema)), (3, count(tables)), (14, Cell::text("ms")), (15, Cell::text("ready"))]
            {
                if let Some(slot) = row.get_mut(place) {
                    *slot = cell;
                }
            }
            row
        })
        .collect();
    for database in visible_databases(lookup) {
        let mut tables = 0;
        for table in lookup.catalog.tables_in(database.id) {
            let is_super = matches!(Found::of(table), Found::Super(_));
            tables += if is_super { children(lookup, table, &[])?.0.len() } else { 1 };
        }
        let option = |name: &str| database_option(database, name);
        let number = |name: &str| option(name).parse().map_or(Cell::Null, Cell::Number);
        rows.push(vec![
            Cell::text(&*database.name),
            created(&database.properties),
            number("vgroups"),
            count(tables),
            number("replica"),
            Cell::text("on"),
            Cell::Text(option("duration")),
            Cell::Text(option("keep")),
            number("buffer"),
            number("pagesize"),
            number("pages"),
            number("minrows"),
            number("maxrows"),
            number("comp"),
            Cell::text(unit_word(unit(database))),
            Cell::text("ready"),
            Cell::Null,
            Cell::Truth(false),
            Cell::Text(option("cachemodel")),
            number("cachesize"),
            number("wal_level"),
            number("wal_fsync_period"),
            number("wal_retention_period"),
            number("wal_retention_size"),
            number("stt_trigger"),
            number("table_prefix"),
            number("table_suffix"),
            number("tsdb_pagesize"),
            number("keep_time_offset"),
        ]);
    }
    Ok(rows)
}

fn data_columns(table: &Table) -> impl Iterator<Item = &Column> {
    table
        .columns
        .iter()
        .filter(|column| !column.hidden && !matches!(column.role, ColumnRole::Key | ColumnRole::Attribute))
}

fn tag_columns(table: &Table) -> Vec<&Column> {
    let is_tag = |column: &&Column| {
        matches!(column.role, ColumnRole::Key | ColumnRole::Attribute) && !is_child_name(table, column)
    };
    table.columns.iter().filter(is_tag).collect()
}

fn stables(lookup: &Lookup) -> Vec<Vec<Cell>> {
    let is_super = |(_, table): &(_, &Arc<Table>)| matches!(Found::of(table), Found::Super(_));
    visible_tables(lookup)
        .into_iter()
        .filter(is_super)
        .map(|(database, table)| {
            vec![
                Cell::text(&*table.name),
                Cell::text(&*database.name),
                created(&table.properties),
                count(data_columns(table).count()),
                count(tag_columns(table).len()),
                created(&table.properties),
                Cell::optional(table.comment.clone()),
                Cell::Null,
                Cell::Null,
                Cell::Null,
                id(table.id.0),
            ]
        })
        .collect()
}

fn tables(lookup: &Lookup) -> Result<Vec<Vec<Cell>>> {
    let mut rows: Vec<Vec<Cell>> = ALL
        .iter()
        .map(|definition| {
            vec![
                Cell::text(definition.name),
                Cell::text(definition.schema),
                Cell::Null,
                count(definition.columns.len()),
                Cell::Null,
                Cell::Null,
                Cell::Null,
                Cell::Null,
                Cell::Null,
                Cell::text("SYSTEM_TABLE"),
            ]
        })
        .collect();
    for (database, table) in visible_tables(lookup) {
        let row = |name: &str, columns: usize, stable: Option<String>, kind: &str| {
            vec![
                Cell::text(name),
                Cell::text(&*database.name),
                created(&table.properties),
                count(columns),
                Cell::optional(stable),
                id(table.id.0),
                Cell::Number(1),
                Cell::Number(0),
                Cell::optional(table.comment.clone()),
                Cell::text(kind),
            ]
        };
        match Found::of(table) {
            Found::Super(_) => {
                let columns = data_columns(table).count();
                let (names, _) = children(lookup, table, &[])?;
                rows.extend(names.iter().map(|name| row(name, columns, Some(table.name.clone()), "CHILD_TABLE")));
            }
            _ => rows.push(row(&table.name, table.visible_columns().count(), None, "NORMAL_TABLE")),
        }
    }
    Ok(rows)
}

/// A tag's value as text.
fn tag_text(values: &ArrayRef, row: usize) -> Result<Cell> {
    if values.is_null(row) {
        return Ok(Cell::Null);
    }
    let one = values.slice(row, 1);
    let plain = match one.data_type() {
        DataType::Timestamp(..) => cast(&one, &DataType::Int64).map_err(Error::internal)?,
        DataType::Binary => {
            let bytes = one.as_binary::<i32>().value(0);
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(Cell::Text(format!("\\x{digits}")));
        }
        _ => one,
    };
    let text = cast(&plain, &DataType::Utf8).map_err(Error::internal)?;
    Ok(Cell::text(text.as_string::<i32>().value(0)))
}

fn tags(lookup: &Lookup) -> Result<Vec<Vec<Cell>>> {
    let mut rows = Vec::new();
    for (database, table) in visible_tables(lookup) {
        let tags = tag_columns(table);
        let (names, arrays) = children(lookup, table, &tags)?;
        for (row, name) in names.iter().enumerate() {
            for (tag, values) in tags.iter().zip(&arrays) {
                rows.push(vec![
                    Cell::text(name),
                    Cell::text(&*database.name),
                    Cell::text(&*table.name),
                    Cell::text(&*tag.name),
                    Cell::Text(full_word(tag)),
                    tag_text(values, row)?,
                ]);
            }
        }
    }
    Ok(rows)
}

fn columns(lookup: &Lookup) -> Result<Vec<Vec<Cell>>> {
    let mut rows = Vec::new();
    for (database, table) in visible_tables(lookup) {
        let mut list = |name: &str, kind: &str| {
            for column in data_columns(table) {
                let (precision, scale) = match column.data_type {
                    model::DataType::Decimal { precision, scale } => {
                        (Cell::Number(i64::from(precision)), Cell::Number(i64::from(scale)))
                    }
                    _ => (Cell::Null, Cell::Null),
                };
                rows.push(vec![
                    Cell::text(name),
                    Cell::text(&*database.name),
                    Cell::text(kind),
                    Cell::text(&*column.name),
                    Cell::Text(full_word(column)),
                    Cell::Number(i64::from(column_length(column))),
                    precision,
                    scale,
                    Cell::Null,
                ]);
            }
        };
        match Found::of(table) {
            Found::Super(_) => {
                list(&table.name, "SUPER_TABLE");
                for name in children(lookup, table, &[])?.0 {
                    list(&name, "CHILD_TABLE");
                }
            }
            _ => list(&table.name, "NORMAL_TABLE"),
        }
    }
    Ok(rows)
}

/// The users that the caller may see: all of them for who manages users, else oneself.
fn visible_users(lookup: &Lookup) -> Vec<&Arc<User>> {
    let sees_all = lookup.engine.may(&lookup.caller, Privilege::ManageUsers, Scope::All);
    lookup.catalog.users().filter(|user| !user.is_role && (sees_all || user.id == lookup.caller.user)).collect()
}

fn users(lookup: &Lookup) -> Vec<Vec<Cell>> {
    let row = |user: &Arc<User>| {
        let caller = engine::Caller { user: user.id, name: user.name.clone() };
        let creates = lookup.engine.may(&caller, Privilege::Create, Scope::All);
        vec![
            Cell::text(&*user.name),
            Cell::Number(i64::from(lookup.engine.is_admin(&caller))),
            Cell::Number(i64::from(user.may_log_in)),
            Cell::Number(1),
            Cell::Number(i64::from(creates)),
            Cell::Null,
            Cell::Null,
        ]
    };
    visible_users(lookup).into_iter().map(row).collect()
}

fn privileges(lookup: &Lookup) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for user in visible_users(lookup) {
        let caller = engine::Caller { user: user.id, name: user.name.clone() };
        if lookup.engine.is_admin(&caller) {
            rows.push(vec![
                Cell::text(&*user.name),
                Cell::text("all"),
                Cell::text("all"),
                Cell::text(""),
                Cell::text(""),
                Cell::text(""),
            ]);
        }
        for grant in lookup.catalog.grants_of(user.id) {
            let (database, table) = match grant.scope {
                Scope::All => ("all".to_owned(), String::new()),
                Scope::Database(id) => {
                    (lookup.catalog.database(id).map(|d| d.name.clone()).unwrap_or_default(), String::new())
                }
                Scope::Table(id) => match lookup.catalog.table(id) {
                    Some(table) => {
                        let database = lookup.catalog.database(table.database).map(|d| d.name.clone());
                        (database.unwrap_or_default(), table.name.clone())
                    }
                    None => continue,
                },
            };
            for word in words_of(grant.privileges) {
                rows.push(vec![
                    Cell::text(&*user.name),
                    Cell::Text(word.to_ascii_lowercase()),
                    Cell::Text(database.clone()),
                    Cell::Text(table.clone()),
                    Cell::text(""),
                    Cell::text(""),
                ]);
            }
        }
    }
    rows
}

fn queries(lookup: &Lookup) -> Vec<Vec<Cell>> {
    let sees_all = lookup.engine.may(&lookup.caller, Privilege::SeeSessions, Scope::All);
    let running = lookup.engine.queries().running();
    let row = |query: query::RunningQuery| {
        let started = query.started.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let spent = query.started.elapsed().map_or(0, |spent| spent.as_micros());
        vec![
            Cell::Text(query.id.to_string()),
            id(query.id),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Text(query.label.user.clone()),
            Cell::Null,
            Cell::Time(i64::try_from(started).unwrap_or_default()),
            Cell::Number(i64::try_from(spent).unwrap_or_default()),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Null,
            Cell::Text(query.label.text.chars().take(2_048).collect()),
        ]
    };
    running.into_iter().filter(|query| sees_all || query.label.user == lookup.caller.name).map(row).collect()
}
