//! CREATE and DROP TABLE; how a statement finds its table.

use super::database::{TTL, TimeToLive, existing};
use crate::context::Context;
use crate::error::{Failure, Result, no_such_table, no_table, read_only_database, worded};
use crate::names::{self, INFORMATION_SCHEMA, TableName};
use crate::sql::statement::{Category, ColumnDefinition, CreateTable, Property};
use crate::types::Type;
use catalog::{Catalog, Database};
use engine::{NewColumn, NewTable};
use model::{ColumnRole, Privilege, Scope, Table, TableKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of a time column that nobody named.
pub(crate) const TIME: &str = "time";

/// A definition's database and table name.
///
/// # Errors
/// No database given, an unknown one, the information schema.
pub(crate) fn home(context: &Context, catalog: &Catalog, name: &TableName) -> Result<Arc<Database>> {
    let database = match &name.database {
        Some(database) => database.as_str(),
        None => context.definition_database()?,
    };
    if database == INFORMATION_SCHEMA {
        return Err(read_only_database());
    }
    existing(catalog, database)
}

/// The table that a change of rows names.
///
/// # Errors
/// No database given, and the vendor's 701 for a table that does not exist.
pub(crate) fn of_rows(context: &Context, catalog: &Catalog, name: &TableName) -> Result<(Arc<Database>, Arc<Table>)> {
    let database = match &name.database {
        Some(database) => database.as_str(),
        None => context.query_database()?,
    };
    if database == INFORMATION_SCHEMA {
        return Err(read_only_database());
    }
    let missing = || no_table(database, &name.table);
    let home = names::database(catalog, database)?.ok_or_else(missing)?;
    let table = names::table(catalog, home, &name.table)?.ok_or_else(missing)?;
    Ok((Arc::clone(home), Arc::clone(table)))
}

/// The type behind a word.
///
/// # Errors
/// The vendor's words for one that is none.
pub(crate) fn type_named(word: &str) -> Result<Type> {
    if word.eq_ignore_ascii_case("object") {
        return Err(worded("The object type column is not supported."));
    }
    Type::named(word).ok_or_else(|| worded(format!("Unknown type: {word}")))
}

/// The type of a column, checked against its category.
///
/// # Errors
/// Unknown types, types that the category does not take.
pub(crate) fn column_type(column: &ColumnDefinition) -> Result<Type> {
    let given = column.data_type.as_deref().map(type_named).transpose()?;
    match (column.category, given) {
        (Category::Time, None) => Ok(Type::Timestamp),
        (Category::Tag | Category::Attribute, None) => Ok(Type::String),
        (Category::Time, Some(given)) if given != Type::Timestamp => {
            Err(worded("The time column's type shall be 'timestamp'."))
        }
        (category @ (Category::Tag | Category::Attribute), Some(given)) if given != Type::String => Err(worded(
            format!("DataType of {} Column should only be STRING, current is {}", category.word(), given.word()),
        )),
        (_, Some(given)) => Ok(given),
        (Category::Field, None) => Err(worded("Unknown type: field")),
    }
}

/// The role of a category's columns.
pub(crate) const fn role(category: Category) -> ColumnRole {
    match category {
        Category::Tag => ColumnRole::Key,
        Category::Attribute => ColumnRole::Attribute,
        Category::Time => ColumnRole::Time,
        Category::Field => ColumnRole::Field,
    }
}

/// The category of a role.
pub(crate) const fn category(role: ColumnRole) -> Category {
    match role {
        ColumnRole::Key => Category::Tag,
        ColumnRole::Attribute => Category::Attribute,
        ColumnRole::Time => Category::Time,
        ColumnRole::Field => Category::Field,
    }
}

/// A column to make.
pub(crate) fn new_column(name: &str, category: Category, data_type: Type, comment: Option<String>) -> NewColumn {
    NewColumn {
        name: name.to_owned(),
        role: role(category),
        data_type: data_type.stored(),
        nullable: category != Category::Time,
        default: None,
        declared: Some(data_type.declared()),
        hidden: false,
        comment,
        properties: BTreeMap::new(),
    }
}

/// What the properties of a table say.
///
/// # Errors
/// Properties that there are not, or that come twice.
pub(crate) fn table_ttl(properties: &[Property]) -> Result<Option<TimeToLive>> {
    let mut ttl = None;
    for (index, Property { key, value }) in properties.iter().enumerate() {
        if key != "ttl" {
            return Err(worded(format!("Table property '{key}' is currently not allowed.")));
        }
        if properties.get(..index).is_some_and(|before| before.iter().any(|other| other.key == *key)) {
            return Err(worded(format!("Duplicated property: {key}")));
        }
        ttl = Some(TimeToLive::read(value)?);
    }
    Ok(ttl)
}

/// A table without a comment; its key is of the columns that are tags.
pub(crate) fn new_table(
    home: &Database,
    name: &str,
    columns: Vec<NewColumn>,
    retention_seconds: Option<u64>,
    properties: BTreeMap<String, String>,
) -> NewTable {
    let key = columns.iter().filter(|column| column.role == ColumnRole::Key).map(|column| column.name.clone());
    NewTable {
        database: home.id,
        name: name.to_owned(),
        kind: TableKind::Series,
        key: key.collect(),
        columns,
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds,
        comment: None,
        properties,
    }
}

/// What a database gives its new tables: retention and the record of it.
pub(crate) fn inherited(database: &Database) -> (Option<u64>, BTreeMap<String, String>) {
    let record = database.properties.get(TTL).map(|millis| (TTL.to_owned(), millis.clone()));
    (database.retention_seconds, record.into_iter().collect())
}

/// CREATE TABLE.
pub(crate) async fn create(context: &Context, create: CreateTable) -> Result<()> {
    let catalog = context.catalog();
    let mut columns: Vec<NewColumn> = Vec::with_capacity(create.columns.len() + 1);
    let has_time = create.columns.iter().filter(|column| column.category == Category::Time).count();
    if has_time > 1 {
        return Err(worded("A table cannot have more than one time column"));
    }
    if has_time == 0 {
        columns.push(new_column(TIME, Category::Time, Type::Timestamp, None));
    }
    for column in &create.columns {
        let data_type = column_type(column)?;
        if columns.iter().any(|other| other.name == column.name) {
            return Err(worded(format!("Columns in table shall not share the same name: '{}'.", column.name)));
        }
        columns.push(new_column(&column.name, column.category, data_type, column.comment.clone()));
    }
    // The store keeps the time first.
    let time_place = columns.iter().position(|column| column.role == ColumnRole::Time).filter(|place| *place > 0);
    columns.sort_by_key(|column| column.role != ColumnRole::Time);
    let ttl = table_ttl(&create.properties)?;
    let database = home(context, &catalog, &create.table)?;
    let full_name = format!("{}.{}", database.name, create.table.table);
    context.require(Privilege::Create, Scope::Database(database.id), "table", full_name.clone())?;
    if names::table(&catalog, &database, &create.table.table)?.is_some() {
        if create.if_not_exists {
            return Ok(());
        }
        return Err(Failure::new(551, format!("Table '{full_name}' already exists.")));
    }
    let (retention_seconds, mut properties) = match ttl {
        None | Some(TimeToLive::Default) => inherited(&database),
        Some(ttl) => (ttl.seconds(), ttl.record().into_iter().collect()),
    };
    properties.extend(time_place.map(|place| (names::TIME_PLACE.to_owned(), place.to_string())));
    let new = NewTable {
        comment: create.comment,
        ..new_table(&database, &create.table.table, columns, retention_seconds, properties)
    };
    match context.engine().create_table(context.caller(), new).await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == model::Code::TableExists => match create.if_not_exists {
            true => Ok(()),
            false => Err(Failure::new(551, format!("Table '{full_name}' already exists."))),
        },
        Err(error) => Err(error.into()),
    }
}

/// DROP TABLE.
pub(crate) async fn drop(context: &Context, if_exists: bool, name: &TableName) -> Result<()> {
    let catalog = context.catalog();
    let database = home(context, &catalog, name)?;
    let Some(table) = names::table(&catalog, &database, &name.table)? else {
        return if if_exists { Ok(()) } else { Err(no_such_table(&database.name, &name.table)) };
    };
    context.require_table(Privilege::Drop, &database, table)?;
    Ok(context.engine().drop_table(context.caller(), table.id).await?)
}
