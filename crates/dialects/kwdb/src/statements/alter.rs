//! `ALTER TABLE`: columns and tags come, go and are renamed.
//!
//! A time-series table takes one command a statement; a relational one several, each a change of
//! its own.

mod retype;

use super::database::RETENTIONS;
use super::default::{DefaultPlace, resolve};
use super::span::retention_seconds;
use super::table::{ACTIVE_TIME, COMPRESS, added_column, added_tag};
use crate::context::Context;
use crate::error::definition;
use crate::literals::Target;
use crate::sql::statement::{AlterTable, AlterTableAction, ColumnOrTag, Name, TableName};
use crate::types::display_column;
use engine::Alteration;
use model::{Column, ColumnRole, Error, ErrorKind, Result, Table, TableKind};

/// Changes a table.
///
/// # Errors
/// Broken rules in the vendor's words, no privilege.
pub(crate) async fn run(context: &Context, alter: AlterTable) -> Result<()> {
    let table = match context.table(&context.catalog(), &alter.name) {
        Err(_) if alter.if_exists => return Ok(()),
        found => found?,
    };
    if table.kind == TableKind::Series && alter.actions.len() > 1 {
        return Err(definition("alter timeseries table with multiple commands is not supported"));
    }
    for action in alter.actions {
        // Each command sees the table as the one before it left it.
        let catalog = context.catalog();
        let Some(table) = catalog.table(table.id) else {
            return Err(Error::new(ErrorKind::TableNotFound { table: alter.name.to_string() }));
        };
        for alteration in alterations(context, table, action)? {
            context.engine().alter_table(context.caller(), table.id, alteration).await?;
        }
    }
    Ok(())
}

const fn is_tag(column: &Column) -> bool {
    matches!(column.role, ColumnRole::Key | ColumnRole::Attribute)
}

/// What the engine is asked to do for one command.
fn alterations(context: &Context, table: &Table, action: AlterTableAction) -> Result<Vec<Alteration>> {
    let series = table.kind == TableKind::Series;
    match action {
        AlterTableAction::AddColumn { if_not_exists, column } => {
            if table.column_named(&column.name.value).is_some() {
                if if_not_exists {
                    return Ok(Vec::new());
                }
                return Err(Error::new(ErrorKind::ColumnExists { column: column.name.value }));
            }
            Ok(vec![Alteration::AddColumn(added_column(&column, series, context.zone())?)])
        }
        AlterTableAction::AddTag(tag) => {
            require_series(series, "ADD TAG")?;
            if table.column_named(&tag.name.value).is_some() {
                return Err(definition(format!("column/tag named \"{}\" already exists", tag.name)));
            }
            Ok(vec![Alteration::AddColumn(added_tag(&tag)?)])
        }
        AlterTableAction::DropColumn { if_exists, name, .. } => match table.column_named(&name.value) {
            None if if_exists => Ok(Vec::new()),
            None => Err(no_column(table, &name)),
            Some(column) => Ok(vec![drop_column(table, column)?]),
        },
        AlterTableAction::DropTag(name) => {
            require_series(series, "DROP TAG")?;
            let column = ordinary_tag(table, &name)?;
            Ok(vec![Alteration::DropColumn(column.id)])
        }
        AlterTableAction::SetType { what, name, data_type } => {
            let column = named(table, what, &name)?;
            retype::alteration(table, column, &data_type).map(|alteration| vec![alteration])
        }
        AlterTableAction::SetDefault { what, name, default } => {
            let column = named(table, what, &name)?;
            let default = match default {
                None => None,
                Some(expr) => {
                    let target = Target::new(column, series);
                    let type_text = display_column(column);
                    resolve(DefaultPlace { target: &target, type_text: &type_text, series }, &expr, context.zone())?
                }
            };
            Ok(vec![Alteration::SetDefault(column.id, default)])
        }
        AlterTableAction::RenameColumn { what, from, to } => {
            let column = renamed(table, what, &from)?;
            if table.column_named(&to.value).is_some() {
                return Err(definition(format!("column/tag name \"{to}\" already exists")));
            }
            Ok(vec![Alteration::RenameColumn(column.id, to.value)])
        }
        AlterTableAction::RenameTable(name) => {
            same_database(context, table, &name)?;
            Ok(vec![Alteration::Rename(name.table.value)])
        }
        AlterTableAction::SetRetentions(span) => {
            require_series(series, "SET RETENTIONS")?;
            let seconds = retention_seconds(&span)?;
            Ok(vec![
                Alteration::SetRetention(Some(seconds)),
                Alteration::SetProperty(RETENTIONS.to_owned(), Some(span.written)),
            ])
        }
        AlterTableAction::SetActiveTime(span) => {
            require_series(series, "SET ACTIVETIME")?;
            Ok(vec![Alteration::SetProperty(ACTIVE_TIME.to_owned(), Some(span.written))])
        }
        AlterTableAction::SetNullable { .. } if series => {
            Err(definition(format!("can not modify an existing column on ts table \"{}\"", table.name)))
        }
        AlterTableAction::SetNullable { .. } => Err(Error::unsupported("ALTER COLUMN SET or DROP NOT NULL")),
        AlterTableAction::SetCompression { compression, .. } => {
            let word = compression.compress.unwrap_or_else(|| COMPRESS.to_owned());
            Err(Error::unsupported(format!("ALTER COLUMN SET COMPRESS {word}")))
        }
        AlterTableAction::SetPartitionInterval(_) => Err(Error::unsupported("ALTER TABLE SET PARTITION INTERVAL")),
        AlterTableAction::AddConstraint(_) => Err(Error::unsupported("ALTER TABLE ADD CONSTRAINT")),
        AlterTableAction::DropConstraint { .. } => Err(Error::unsupported("ALTER TABLE DROP CONSTRAINT")),
        AlterTableAction::Unhandled(words) => Err(Error::unsupported(words)),
    }
}

fn require_series(series: bool, what: &str) -> Result<()> {
    if series { Ok(()) } else { Err(definition(format!("{what} is only supported in timeseries table"))) }
}

fn no_column(table: &Table, name: &Name) -> Error {
    Error::new(ErrorKind::ColumnNotFound { column: name.value.clone(), table: Some(table.name.clone()) })
}

fn drop_column(table: &Table, column: &Column) -> Result<Alteration> {
    if table.kind == TableKind::Series {
        if column.role == ColumnRole::Time {
            return Err(definition(format!("cannot drop the first timestamp column {}", column.name)));
        }
        if is_tag(column) {
            return Err(definition(format!("\"{}\" is a tag", column.name)));
        }
        if table.columns_with(ColumnRole::Field).count() == 1 {
            return Err(definition("ts table must have at least 2 columns"));
        }
    } else if column.role == ColumnRole::Key {
        return Err(definition(format!("column \"{}\" is referenced by the primary key", column.name)));
    } else if let Some(set) = table.unique.iter().find(|set| set.columns.contains(&column.id)) {
        return Err(definition(format!("column \"{}\" is referenced by existing index \"{}\"", column.name, set.name)));
    }
    Ok(Alteration::DropColumn(column.id))
}

/// An ordinary tag by name.
fn ordinary_tag<'a>(table: &'a Table, name: &Name) -> Result<&'a Column> {
    match table.column_named(&name.value).filter(|column| is_tag(column)) {
        None => Err(definition(format!("tag \"{name}\" does not exist"))),
        Some(column) if column.role == ColumnRole::Key => Err(definition(format!("tag \"{name}\" is a primary tag"))),
        Some(column) => Ok(column),
    }
}

/// The column or ordinary tag that a command changes.
fn named<'a>(table: &'a Table, what: ColumnOrTag, name: &Name) -> Result<&'a Column> {
    if what == ColumnOrTag::Tag {
        require_series(table.kind == TableKind::Series, "ALTER TAG")?;
        return ordinary_tag(table, name);
    }
    match table.column_named(&name.value) {
        None => Err(no_column(table, name)),
        Some(column) if table.kind == TableKind::Series && is_tag(column) => {
            Err(definition(format!("\"{name}\" is a tag")))
        }
        Some(column) => Ok(column),
    }
}

/// The column or ordinary tag that a command renames.
fn renamed<'a>(table: &'a Table, what: ColumnOrTag, name: &Name) -> Result<&'a Column> {
    let column = table.column_named(&name.value).ok_or_else(|| no_column(table, name))?;
    let series = table.kind == TableKind::Series;
    match (what, is_tag(column) && series) {
        (ColumnOrTag::Tag, false) => Err(definition(format!("\"{name}\" is not a tag"))),
        (ColumnOrTag::Tag, true) if column.role == ColumnRole::Key => {
            Err(definition(format!("can not rename primary tag name: {name}")))
        }
        (ColumnOrTag::Column, true) => Err(definition(format!("\"{name}\" is a tag"))),
        _ => Ok(column),
    }
}

/// A new name may name the table's own database only.
fn same_database(context: &Context, table: &Table, name: &TableName) -> Result<()> {
    let catalog = context.catalog();
    let home = match name.database {
        None => return Ok(()),
        Some(_) => crate::names::home(&catalog, context.database_name(), name)?,
    };
    if home.id == table.database { Ok(()) } else { Err(Error::unsupported("moving a table to another database")) }
}
