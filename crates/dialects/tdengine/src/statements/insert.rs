//! `INSERT`: the rows of one statement become one batch for each stored table. Everything is read and
//! checked before anything is written, and all of it is one write.
//!
//! Cells that a row leaves out are absent: the older row keeps them. An explicit NULL erases, but not
//! a value that an earlier row of the same statement gave.

mod building;
mod from_query;

use super::children::{ATTEMPTS, is_outdated, tag_values};
use super::table::super_table;
use crate::context::Context;
use crate::error::{coded, insert_syntax};
use crate::names::{Found, check_table_name, find, has_children};
use crate::sql::statement::{InsertSource, InsertTable, ObjectName, Using};
use crate::sql::{Parsed, RowValue, row_value};
use crate::types::TBNAME;
use ::sql::{Cursor, TokenKind};
use building::{Building, Buildings};
use catalog::Catalog;
use engine::SeriesWrite;
use model::{ColumnId, Error, ErrorKind, Privilege, Result, Scope, Table, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Runs one statement; answers with the rows that were given, each time of a series once.
///
/// # Errors
/// Whatever is wrong with the statement, in the vendor's words.
pub(super) async fn run(context: &Context, parsed: &Parsed, tables: &[InsertTable], text: &str) -> Result<u64> {
    let mut attempt = 1;
    loop {
        let (count, writes) = read(context, parsed, tables, text).await?;
        match context.engine().write_all(context.caller(), writes).await {
            Err(error) if attempt < ATTEMPTS && is_outdated(&error) => attempt += 1,
            written => return written.map(|_| count),
        }
    }
}

/// The rows of a statement, how many they are, and which children must be there for them.
async fn read(
    context: &Context,
    parsed: &Parsed,
    tables: &[InsertTable],
    text: &str,
) -> Result<(u64, Vec<SeriesWrite>)> {
    let catalog = context.catalog();
    let mut buildings = Buildings::default();
    for insert in tables {
        let target = Target::find(context, &catalog, insert)?;
        let building = buildings.of(&target.table)?;
        if let Some(child) = &target.child {
            building.expect(child, insert.using.is_some());
        }
        match &insert.source {
            InsertSource::Values(rows) => target.values(context, parsed, insert, rows, building)?,
            InsertSource::Query(query) => {
                let columns = target.columns(insert)?;
                from_query::rows(context, query, &columns, &target, building, text).await?;
            }
        }
    }
    buildings.finish(context, &catalog)
}

/// Where the rows of one part of an INSERT go.
struct Target {
    table: Arc<Table>,
    /// The child; none where the rows name it, or where there are no children.
    child: Option<String>,
    /// Tags of a child that may have to be made.
    tags: Vec<(ColumnId, Value)>,
}

/// One place of a row.
#[derive(Clone, Debug)]
enum Place {
    Column(ColumnId),
    /// `tbname` of a super table.
    ChildName,
}

impl Target {
    fn find(context: &Context, catalog: &Catalog, insert: &InsertTable) -> Result<Self> {
        let home = context.database(catalog, insert.name.database.as_deref()).map_err(no_database)?;
        let found = find(context.engine(), catalog, &home, &insert.name.name)?;
        if let Some(using) = &insert.using {
            return Self::using(context, catalog, &insert.name, using, found);
        }
        match found {
            None => Err(coded(0x2603, "Table does not exist")),
            Some(Found::Child(table, child)) => Ok(Self { table, child: Some(child), tags: Vec::new() }),
            Some(Found::Plain(table)) => Ok(Self { table, child: None, tags: Vec::new() }),
            Some(Found::Super(table)) if insert.columns.is_some() => Ok(Self { table, child: None, tags: Vec::new() }),
            Some(Found::Super(_)) => Err(coded(0x0200, "insert data into super table is not supported")),
            Some(Found::Keyed(_)) => Err(Error::unsupported("INSERT into a table by primary key")),
        }
    }

    fn using(
        context: &Context,
        catalog: &Catalog,
        name: &ObjectName,
        using: &Using,
        found: Option<Found>,
    ) -> Result<Self> {
        check_table_name(&name.name)?;
        let (_, table) = super_table(context, catalog, &using.stable, name).map_err(no_database)?;
        match found {
            Some(Found::Child(of, _)) if of.id == table.id => {}
            Some(Found::Child(..)) => return Err(coded(0x061d, "Table already exists in other stables")),
            Some(_) => return Err(coded(0x0603, "Table already exists")),
            None => context.engine().require(context.caller(), Privilege::Create, Scope::Database(table.database))?,
        }
        let tags = tag_values(context, &table, using)?;
        Ok(Self { table, child: Some(name.name.clone()), tags })
    }

    /// The places of a row.
    fn columns(&self, insert: &InsertTable) -> Result<Vec<Place>> {
        let Some(names) = &insert.columns else {
            let data = |column: &&model::Column| !column.hidden && !is_tag(column);
            let mut columns: Vec<_> = self.table.columns.iter().filter(data).collect();
            columns.sort_by_key(|column| column.role != model::ColumnRole::Time);
            return Ok(columns.into_iter().map(|column| Place::Column(column.id)).collect());
        };
        let mut seen = HashSet::new();
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            if !seen.insert(name) {
                return Err(coded(0x0216, format!("syntax error near '{name}' (duplicated column name)")));
            }
            if name == TBNAME && has_children(&self.table) && self.child.is_none() {
                places.push(Place::ChildName);
                continue;
            }
            let column = self.table.column_named(name).filter(|column| self.child.is_none() || !is_tag(column));
            let column = column.ok_or_else(|| coded(0x2602, format!("Invalid column name: {name}")))?;
            places.push(Place::Column(column.id));
        }
        let time = self.table.time_column().map(|column| column.id);
        if !places.iter().any(|place| matches!(place, Place::Column(id) if Some(*id) == time)) {
            return Err(coded(0x0200, "Primary timestamp column should not be null"));
        }
        if has_children(&self.table) && self.child.is_none() && !seen.contains(&TBNAME.to_owned()) {
            return Err(coded(0x0200, "tbname column is required when insert data into super table"));
        }
        Ok(places)
    }

    fn values(
        &self,
        context: &Context,
        parsed: &Parsed,
        insert: &InsertTable,
        rows: &[(usize, usize)],
        building: &mut Building,
    ) -> Result<()> {
        let places = self.columns(insert)?;
        let tokens = parsed.tokens();
        let around = context.surroundings();
        for (start, end) in rows {
            let mut cursor = Cursor::new(tokens.part(*start, *end));
            building.begin(self.child.as_deref(), &self.tags)?;
            for (index, place) in places.iter().enumerate() {
                if index > 0 && !cursor.accept_kind(TokenKind::Comma) {
                    return Err(insert_syntax(&cursor, ", expected"));
                }
                let value = row_value(&mut cursor).map_err(|error| worded(&cursor, &error))?;
                match place {
                    Place::Column(id) => building.set(*id, &value, around)?,
                    Place::ChildName => match value {
                        RowValue::Text(name, _) => building.name(&name)?,
                        _ => return Err(insert_syntax(&cursor, "the name of a table is expected")),
                    },
                }
            }
            if cursor.is_kind(TokenKind::Comma) {
                return Err(coded(0x263f, "Illegal number of columns"));
            }
            if !cursor.is_at_end() {
                return Err(insert_syntax(&cursor, ") expected"));
            }
            building.end()?;
        }
        Ok(())
    }
}

fn is_tag(column: &model::Column) -> bool {
    matches!(column.role, model::ColumnRole::Key | model::ColumnRole::Attribute)
}

/// What an INSERT says where there is no database.
fn no_database(error: Error) -> Error {
    match &*error.kind {
        ErrorKind::InvalidStatement { reason } if reason.contains("Database not specified") => {
            coded(0x0200, "db is not specified")
        }
        ErrorKind::TableNotFound { .. } => coded(0x2603, "Table does not exist"),
        _ => error,
    }
}

fn worded(cursor: &Cursor<'_>, error: &Error) -> Error {
    match &*error.kind {
        ErrorKind::Syntax { reason, .. } => insert_syntax(cursor, reason),
        _ => error.clone(),
    }
}
