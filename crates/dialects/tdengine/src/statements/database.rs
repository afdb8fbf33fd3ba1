//! `CREATE`, `ALTER`, `DROP DATABASE` and `USE`.

use crate::context::Context;
use crate::error::coded;
use crate::names::{PRECISION, check_database_name, unit_word};
use crate::sql::statement::DatabaseOption;
use catalog::{Database, DatabaseLabel};
use engine::NewDatabase;
use model::{Error, ErrorKind, Result};
use std::collections::BTreeMap;

/// Prefix of the properties of a database that record its options.
pub(crate) const OPTION: &str = "tdengine.option.";
/// How long rows are kept when a database does not say, in seconds.
pub(crate) const KEEP_SECONDS: u64 = 3_650 * 86_400;
/// The length of a partition when a database does not say, in seconds.
pub(crate) const DURATION_SECONDS: u64 = 10 * 86_400;
/// Property of a database or table: when this door made it, in milliseconds since 1970.
pub(crate) const CREATED: &str = "tdengine.created";
/// The databases that are always there and hold no tables of users.
pub(crate) const SYSTEM: [&str; 2] = ["information_schema", "performance_schema"];

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::DatabaseNotFound { database: name.to_owned() })
}

/// The value of an option, as lists print it: what was given, else the vendor's default.
pub(crate) fn option(database: &Database, name: &str) -> String {
    let span = |seconds: u64| match seconds % 86_400 {
        0 => format!("{}d", seconds / 86_400),
        _ => format!("{}m", seconds / 60),
    };
    match name {
        "duration" => span(database.partition_seconds.unwrap_or(DURATION_SECONDS)),
        "keep" => {
            let keep = match database.retention_seconds {
                Some(0) => span(365_000 * 86_400),
                other => span(other.unwrap_or(KEEP_SECONDS)),
            };
            [keep.as_str(); 3].join(",")
        }
        _ => {
            let default = || DEFAULTS.iter().find(|(option, _)| *option == name).map_or("0", |(_, value)| value);
            database.properties.get(&format!("{OPTION}{name}")).cloned().unwrap_or_else(|| default().to_owned())
        }
    }
}

/// What the vendor's server sets where nothing was given.
const DEFAULTS: &[(&str, &str)] = &[
    ("vgroups", "2"),
    ("replica", "1"),
    ("buffer", "256"),
    ("pages", "256"),
    ("pagesize", "4"),
    ("cachemodel", "none"),
    ("cachesize", "1"),
    ("comp", "2"),
    ("minrows", "100"),
    ("maxrows", "4096"),
    ("wal_level", "1"),
    ("wal_fsync_period", "3000"),
    ("wal_retention_period", "3600"),
    ("stt_trigger", "2"),
    ("tsdb_pagesize", "4"),
];

/// Makes a database.
///
/// # Errors
/// A name that is taken or none, broken rules, no privilege.
pub(super) async fn create(
    context: &Context,
    if_not_exists: bool,
    name: String,
    options: Vec<DatabaseOption>,
) -> Result<()> {
    check_database_name(&name)?;
    if SYSTEM.contains(&name.as_str()) || context.catalog().database_named(&name).is_some() {
        let taken = Error::new(ErrorKind::DatabaseExists { database: name });
        return if if_not_exists { Ok(()) } else { Err(taken) };
    }
    let mut new = NewDatabase {
        name,
        label: DatabaseLabel::TimeSeries,
        partition_seconds: Some(DURATION_SECONDS),
        retention_seconds: Some(KEEP_SECONDS),
        comment: None,
        properties: BTreeMap::new(),
    };
    new.properties.insert(CREATED.to_owned(), (context.now() / 1_000_000).to_string());
    for option in options {
        match option {
            DatabaseOption::Precision(unit) => {
                new.properties.insert(PRECISION.to_owned(), unit_word(unit).to_owned());
            }
            DatabaseOption::KeepSeconds(seconds) => new.retention_seconds = Some(seconds),
            DatabaseOption::DurationSeconds(seconds) => new.partition_seconds = Some(seconds),
            DatabaseOption::Recorded(option, value) => {
                new.properties.insert(format!("{OPTION}{option}"), value);
            }
        }
    }
    let (keep, duration) = (new.retention_seconds.unwrap_or(0), new.partition_seconds.unwrap_or(0));
    if keep < duration.saturating_mul(3) {
        return Err(coded(
            0x2619,
            format!("Invalid option, keep {}m should be at least three times duration {}m", keep / 60, duration / 60),
        ));
    }
    context.engine().create_database(context.caller(), new).await?;
    Ok(())
}

/// Drops a database with all that it holds.
///
/// # Errors
/// A missing one without IF EXISTS, one that is built in, no privilege.
pub(super) async fn drop(context: &Context, if_exists: bool, name: &str) -> Result<()> {
    if SYSTEM.contains(&name) {
        return Err(coded(0x2644, "Permission denied or target object not exist"));
    }
    let catalog = context.catalog();
    match catalog.database_named(name) {
        Some(database) => context.engine().drop_database(context.caller(), database.id, true).await,
        None if if_exists => Ok(()),
        None => Err(missing(name)),
    }
}

/// Options of a database that is there cannot change yet.
///
/// # Errors
/// Always: a missing database, or what is not done here.
pub(super) fn alter(context: &Context, name: &str, options: &[DatabaseOption]) -> Result<()> {
    exists(context, name)?;
    if options.iter().any(|option| matches!(option, DatabaseOption::Precision(_))) {
        return Err(coded(0x2600, "syntax error near \"precision\""));
    }
    Err(Error::unsupported("ALTER DATABASE"))
}

/// Fails unless a database is there: `USE`, which lasts no longer than its request.
///
/// # Errors
/// [`ErrorKind::DatabaseNotFound`].
pub(super) fn exists(context: &Context, name: &str) -> Result<()> {
    let found = SYSTEM.contains(&name) || context.catalog().database_named(name).is_some();
    if found { Ok(()) } else { Err(missing(name)) }
}
