//! ALTER TABLE and COMMENT ON.

use super::database::{TTL, TimeToLive};
use super::table::{column_type, home, inherited, new_column, table_ttl, type_named};
use crate::context::Context;
use crate::error::{Failure, Result, no_such_table, worded};
use crate::names::{self, TableName};
use crate::sql::statement::{AlterTable, Category};
use crate::types::Type;
use catalog::Database;
use engine::Alteration;
use model::{Column, ColumnRole, Privilege, Table, TypeConversion};
use std::sync::Arc;

/// ALTER TABLE.
pub(crate) async fn run(context: &Context, if_exists: bool, name: &TableName, action: AlterTable) -> Result<()> {
    let catalog = context.catalog();
    let added = match &action {
        AlterTable::AddColumn { column, .. } if column.category == Category::Time => {
            return Err(worded("Adding TIME column is not supported."));
        }
        AlterTable::AddColumn { column, .. } => Some(column_type(column)?),
        _ => None,
    };
    let ttl = match &action {
        AlterTable::SetProperties(properties) => table_ttl(properties)?,
        _ => None,
    };
    let database = home(context, &catalog, name)?;
    let Some(table) = names::table(&catalog, &database, &name.table)? else {
        if if_exists {
            return Ok(());
        }
        return Err(Failure::new(550, format!("Table '{}.{}' does not exist", database.name, name.table)));
    };
    context.require_table(Privilege::Alter, &database, table)?;
    let missing = |column: &str| no_such_column(&database, table, column);
    match action {
        AlterTable::AddColumn { if_not_exists, column } => {
            if names::column(table, &column.name).is_some() {
                if if_not_exists {
                    return Ok(());
                }
                return Err(Failure::new(552, format!("Column '{}' already exist", column.name)));
            }
            let data_type = added.unwrap_or(Type::String);
            let new = new_column(&column.name, column.category, data_type, column.comment);
            change(context, table, Alteration::AddColumn(new)).await
        }
        AlterTable::DropColumn { if_exists, column } => {
            let Some(column) = names::column(table, &column) else {
                return if if_exists { Ok(()) } else { Err(missing(&column)) };
            };
            if matches!(column.role, ColumnRole::Key | ColumnRole::Time) {
                return Err(worded("Dropping tag or time column is not supported."));
            }
            change(context, table, Alteration::DropColumn(column.id)).await
        }
        AlterTable::SetProperties(_) => set_ttl(context, &database, table, ttl.unwrap_or(TimeToLive::Default)).await,
        AlterTable::SetType { if_exists, column, data_type } => {
            let to = type_named(&data_type)?;
            let Some(column) = names::column(table, &column) else {
                return if if_exists { Ok(()) } else { Err(missing(&column)) };
            };
            set_type(context, table, column, to).await
        }
        AlterTable::Rename => Err(worded("The renaming for base table is currently unsupported")),
        AlterTable::RenameColumn => Err(worded("The renaming for base table column is currently unsupported")),
    }
}

fn no_such_column(database: &Database, table: &Table, column: &str) -> Failure {
    Failure::new(616, format!("Column {column} in table '{}.{}' does not exist.", database.name, table.name))
}

async fn change(context: &Context, table: &Table, alteration: Alteration) -> Result<()> {
    context.engine().alter_table(context.caller(), table.id, alteration).await?;
    Ok(())
}

async fn set_ttl(context: &Context, database: &Database, table: &Table, ttl: TimeToLive) -> Result<()> {
    let (seconds, record) = match ttl {
        TimeToLive::Default => {
            let (seconds, mut records) = inherited(database);
            (seconds, records.remove(TTL))
        }
        ttl => (ttl.seconds(), ttl.record().map(|(_, millis)| millis)),
    };
    change(context, table, Alteration::SetProperty(TTL.to_owned(), record)).await?;
    change(context, table, Alteration::SetRetention(seconds)).await
}

async fn set_type(context: &Context, table: &Table, column: &Column, to: Type) -> Result<()> {
    let from = Type::of_column(column);
    if from == to {
        return Ok(());
    }
    let incompatible =
        || worded(format!("New type {} is not compatible with the existing one {}", to.word(), from.word()));
    if column.role != ColumnRole::Field || !to.takes(from) {
        return Err(incompatible());
    }
    let between_texts = from.is_text() && to.is_text();
    let between_numbers = from.is_number() && to.is_number();
    if !between_texts && !between_numbers {
        let what = format!("ALTER COLUMN .. SET DATA TYPE from {} to {}", from.word(), to.word());
        return Err(model::Error::unsupported(what).into());
    }
    let alteration = Alteration::ChangeType {
        column: column.id,
        to: to.stored(),
        declared: Some(to.declared()),
        conversion: TypeConversion::Plain,
    };
    change(context, table, alteration).await
}

fn commented(context: &Context, name: &TableName) -> Result<(Arc<Database>, Arc<Table>)> {
    let catalog = context.catalog();
    let database = home(context, &catalog, name)?;
    let Some(table) = names::table(&catalog, &database, &name.table)?.cloned() else {
        return Err(no_such_table(&database.name, &name.table));
    };
    context.require_table(Privilege::Alter, &database, &table)?;
    Ok((database, table))
}

/// COMMENT ON TABLE.
pub(crate) async fn comment_on_table(context: &Context, name: &TableName, comment: Option<String>) -> Result<()> {
    let (_, table) = commented(context, name)?;
    change(context, &table, Alteration::SetComment(comment)).await
}

/// COMMENT ON COLUMN.
pub(crate) async fn comment_on_column(
    context: &Context,
    name: &TableName,
    column: &str,
    comment: Option<String>,
) -> Result<()> {
    let (database, table) = commented(context, name)?;
    let Some(column) = names::column(&table, column) else {
        return Err(no_such_column(&database, &table, column));
    };
    change(context, &table, Alteration::SetColumnComment(column.id, comment)).await
}
