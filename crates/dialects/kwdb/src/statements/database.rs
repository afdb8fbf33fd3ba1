//! `CREATE [TS] DATABASE`, `DROP DATABASE`, `ALTER DATABASE`.

use super::span::{partition_seconds, retention_seconds};
use crate::context::Context;
use crate::error::definition;
use crate::names;
use crate::sql::statement::{AlterDatabase, AlterDatabaseAction, CreateDatabase, DropBehavior, DropDatabase};
use catalog::DatabaseLabel;
use engine::NewDatabase;
use model::{Error, Result};
use std::collections::BTreeMap;

/// Property: the retentions as typed.
pub(crate) const RETENTIONS: &str = "kwdb.retentions";
/// Property: the partition interval as typed.
pub(crate) const PARTITION_INTERVAL: &str = "kwdb.partition_interval";

/// Makes a database.
///
/// # Errors
/// Broken rules, a name that is taken, no privilege.
pub(crate) async fn create(context: &Context, create: CreateDatabase) -> Result<()> {
    let name = create.name.value;
    let mut new = NewDatabase {
        name: name.clone(),
        label: DatabaseLabel::Relational,
        partition_seconds: None,
        retention_seconds: None,
        comment: create.comment,
        properties: BTreeMap::new(),
    };
    if let Some(encoding) =
        create.encoding.filter(|e| !["utf8", "utf-8", "unicode"].contains(&e.to_lowercase().as_str()))
    {
        return Err(Error::unsupported(format!("encoding {encoding}")));
    }
    if let Some(options) = create.series {
        check_series_name("database", &name, 63)?;
        new.label = DatabaseLabel::TimeSeries;
        if let Some(span) = options.retentions {
            new.retention_seconds = Some(retention_seconds(&span)?);
            new.properties.insert(RETENTIONS.to_owned(), span.written);
        }
        if let Some(span) = options.partition_interval {
            new.partition_seconds = Some(partition_seconds(&span)?);
            new.properties.insert(PARTITION_INTERVAL.to_owned(), span.written);
        }
    }
    if create.if_not_exists && context.catalog().database_named(&name).is_some() {
        return Ok(());
    }
    context.engine().create_database(context.caller(), new).await?;
    Ok(())
}

/// Checks a name of a time-series object: its length in bytes, and no letters beyond ASCII.
///
/// # Errors
/// In the vendor's words.
pub(crate) fn check_series_name(noun: &str, name: &str, most: usize) -> Result<()> {
    if !name.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return Err(definition(format!(
            "invalid name: \"{name}\", naming of time series objects only supports letters, numbers and symbols"
        )));
    }
    if name.len() > most {
        return Err(definition(format!("ts {noun} name \"{name}\" exceeds max length ({most})")));
    }
    Ok(())
}

/// Drops a database, with all that is in it unless RESTRICT says otherwise.
///
/// # Errors
/// No such database, one that holds tables with RESTRICT, no privilege.
pub(crate) async fn drop(context: &Context, drop: DropDatabase) -> Result<()> {
    let catalog = context.catalog();
    let database = match names::database(&catalog, &drop.name.value) {
        Err(_) if drop.if_exists => return Ok(()),
        found => found?,
    };
    let cascade = drop.behavior != Some(DropBehavior::Restrict);
    context.engine().drop_database(context.caller(), database.id, cascade).await
}

/// Renames a database, or changes how long its rows are kept.
///
/// # Errors
/// No such database, a name that is taken, a span out of range, no privilege. A partition interval
/// is given when a database is made.
pub(crate) async fn alter(context: &Context, alter: AlterDatabase) -> Result<()> {
    let catalog = context.catalog();
    let database = names::database(&catalog, &alter.name.value)?;
    let is_series = database.label == DatabaseLabel::TimeSeries;
    match alter.action {
        AlterDatabaseAction::Rename(name) => {
            if is_series {
                check_series_name("database", &name.value, 63)?;
            }
            context.engine().rename_database(context.caller(), database.id, &name.value).await
        }
        AlterDatabaseAction::SetRetentions(span) => {
            if !is_series {
                return Err(definition(format!("can not set retentions on relational database \"{}\"", database.name)));
            }
            let seconds = retention_seconds(&span)?;
            let records = BTreeMap::from([(RETENTIONS.to_owned(), Some(span.written))]);
            context.engine().alter_database(context.caller(), database.id, Some(Some(seconds)), records).await
        }
        AlterDatabaseAction::SetPartitionInterval(_) => {
            Err(Error::unsupported("ALTER DATABASE SET PARTITION INTERVAL"))
        }
    }
}
