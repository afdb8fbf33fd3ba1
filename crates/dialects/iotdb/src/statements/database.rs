//! CREATE, ALTER, DROP DATABASE and USE; the property `ttl` of databases and tables.

use crate::context::{Context, no_access};
use crate::error::{Failure, Result, read_only_database, worded};
use crate::names::{self, INFORMATION_SCHEMA, check_database_name};
use crate::sql::statement::{Property, PropertyValue};
use catalog::{Catalog, Database, DatabaseLabel};
use engine::NewDatabase;
use model::{Privilege, Scope};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a time to live stands to the millisecond: the store counts seconds.
pub(crate) const TTL: &str = "iotdb.ttl_ms";
/// A number that the vendor shows and that has no effect here.
const PARTITION: &str = "iotdb.time_partition_interval";

/// How long rows are kept, as statements say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeToLive {
    /// As where it comes from.
    Default,
    Forever,
    /// In milliseconds.
    Millis(u64),
}

impl TimeToLive {
    /// What the store counts: seconds, rounded up; 0 is for ever there.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self {
            Self::Default => None,
            Self::Forever => Some(0),
            Self::Millis(millis) => Some(millis.div_ceil(1_000).max(1)),
        }
    }

    /// Its record in the properties.
    pub(crate) fn record(self) -> Option<(String, String)> {
        match self {
            Self::Millis(millis) => Some((TTL.to_owned(), millis.to_string())),
            Self::Default | Self::Forever => None,
        }
    }

    /// Reads `ttl = ..`.
    pub(crate) fn read(value: &PropertyValue) -> Result<Self> {
        match value {
            PropertyValue::Default => Ok(Self::Default),
            PropertyValue::Text(text) if text.eq_ignore_ascii_case("INF") => Ok(Self::Forever),
            PropertyValue::Number(number) => match u64::try_from(*number) {
                Ok(millis) => Ok(Self::Millis(millis)),
                Err(_) => Err(worded(format!("ttl value must be equal to or greater than 0, but now is: {number}"))),
            },
            PropertyValue::Text(text) => {
                Err(worded(format!("ttl value must be 'INF' or a long literal, but now is: '{text}'")))
            }
            PropertyValue::Null => Err(worded("ttl value must be a LongLiteral, but now is NullLiteral, value: null")),
            PropertyValue::Other(text) => {
                Err(worded(format!("ttl value must be 'INF' or a long literal, but now is: {text}")))
            }
        }
    }

    /// As SHOW prints what a database or table keeps.
    pub(crate) fn shown(properties: &BTreeMap<String, String>, retention_seconds: Option<u64>) -> String {
        match (properties.get(TTL), retention_seconds) {
            (_, None | Some(0)) => "INF".to_owned(),
            (Some(millis), Some(_)) => millis.clone(),
            (None, Some(seconds)) => seconds.saturating_mul(1_000).to_string(),
        }
    }
}

/// What the properties of a database say.
struct Options {
    ttl: TimeToLive,
    records: BTreeMap<String, String>,
}

fn options(properties: &[Property]) -> Result<Options> {
    let mut options = Options { ttl: TimeToLive::Default, records: BTreeMap::new() };
    for Property { key, value } in properties {
        match key.as_str() {
            "ttl" => options.ttl = TimeToLive::read(value)?,
            "time_partition_interval" | "schema_region_group_num" | "data_region_group_num" => {
                let PropertyValue::Number(number @ 0..) = value else {
                    if *value == PropertyValue::Default {
                        continue;
                    }
                    return Err(worded(format!("{key} value must be a whole number")));
                };
                options.records.insert(format!("iotdb.{key}"), number.to_string());
            }
            _ => return Err(worded(format!("Unsupported database property key: {key}"))),
        }
    }
    options.records.extend(options.ttl.record());
    Ok(options)
}

/// The length of a time partition that SHOW DATABASES prints.
pub(crate) fn partition_millis(database: &Database) -> i64 {
    let recorded = database.properties.get(PARTITION).and_then(|text| text.parse().ok());
    recorded.unwrap_or(604_800_000)
}

/// CREATE DATABASE.
pub(crate) async fn create(
    context: &Context,
    if_not_exists: bool,
    name: String,
    properties: &[Property],
) -> Result<()> {
    if name == INFORMATION_SCHEMA {
        return Err(read_only_database());
    }
    check_database_name(&name)?;
    let options = options(properties)?;
    context.require(Privilege::Create, Scope::All, "database", name.clone())?;
    if let Some(existing) = names::database(&context.catalog(), &name)? {
        if if_not_exists {
            return Ok(());
        }
        return Err(Failure::new(501, format!("Database {} already exists", existing.name)));
    }
    let new = NewDatabase {
        name,
        label: DatabaseLabel::TimeSeries,
        partition_seconds: None,
        retention_seconds: options.ttl.seconds().filter(|seconds| *seconds > 0),
        comment: None,
        properties: options.records,
    };
    match context.engine().create_database(context.caller(), new).await {
        Err(error) if if_not_exists && error.code() == model::Code::DatabaseExists => Ok(()),
        made => Ok(made.map(|_| ())?),
    }
}

fn missing(name: &str) -> Failure {
    Failure::new(500, format!("Database {name} doesn't exist"))
}

/// ALTER DATABASE.
pub(crate) async fn alter(context: &Context, if_exists: bool, name: &str, properties: &[Property]) -> Result<()> {
    if name == INFORMATION_SCHEMA {
        return Err(read_only_database());
    }
    let options = options(properties)?;
    let catalog = context.catalog();
    let Some(database) = names::database(&catalog, name)? else {
        return if if_exists { Ok(()) } else { Err(missing(name)) };
    };
    context.require(Privilege::Alter, Scope::Database(database.id), "database", name.to_owned())?;
    let mut records: BTreeMap<String, Option<String>> =
        options.records.into_iter().map(|(key, value)| (key, Some(value))).collect();
    let sets_ttl = properties.iter().any(|property| property.key == "ttl");
    if sets_ttl {
        records.entry(TTL.to_owned()).or_insert(None);
    }
    let retention = sets_ttl.then(|| options.ttl.seconds().filter(|seconds| *seconds > 0));
    Ok(context.engine().alter_database(context.caller(), database.id, retention, records).await?)
}

/// DROP DATABASE, with all that it holds.
pub(crate) async fn drop(context: &Context, if_exists: bool, name: &str) -> Result<()> {
    if name == INFORMATION_SCHEMA {
        return Err(read_only_database());
    }
    let catalog = context.catalog();
    let Some(database) = names::database(&catalog, name)? else {
        return if if_exists { Ok(()) } else { Err(missing(name)) };
    };
    context.require(Privilege::Drop, Scope::Database(database.id), "database", name.to_owned())?;
    Ok(context.engine().drop_database(context.caller(), database.id, true).await?)
}

/// USE: its effect ends with the request, so that only the name is checked.
pub(crate) fn check_use(context: &Context, name: &str) -> Result<()> {
    if name == INFORMATION_SCHEMA {
        return Ok(());
    }
    let catalog = context.catalog();
    let database = existing(&catalog, name)?;
    if context.sees_database(&catalog, &database) { Ok(()) } else { Err(no_access("DATABASE", name)) }
}

/// A database by its lower-case name.
///
/// # Errors
/// The vendor's 500.
pub(crate) fn existing(catalog: &Catalog, name: &str) -> Result<Arc<Database>> {
    let found = names::database(catalog, name)?.cloned();
    found.ok_or_else(|| Failure::new(500, format!("Unknown database {name}")))
}

#[cfg(test)]
mod tests {
    use super::TimeToLive;
    use crate::sql::statement::PropertyValue as V;
    use std::collections::BTreeMap;

    #[test]
    fn the_time_to_live_is_read_and_shown() {
        assert_eq!(TimeToLive::read(&V::Text("inf".into())), Ok(TimeToLive::Forever));
        assert_eq!(TimeToLive::read(&V::Number(1_500)), Ok(TimeToLive::Millis(1_500)));
        assert_eq!(TimeToLive::Millis(1_500).seconds(), Some(2));
        assert_eq!(TimeToLive::Millis(0).seconds(), Some(1));
        for value in [V::Number(-1), V::Text("x".into()), V::Null] {
            assert_eq!(TimeToLive::read(&value).unwrap_err().code, 701);
        }
        let records: BTreeMap<_, _> = TimeToLive::Millis(1_500).record().into_iter().collect();
        assert_eq!(TimeToLive::shown(&records, Some(2)), "1500");
        assert_eq!(TimeToLive::shown(&BTreeMap::new(), Some(2)), "2000");
        assert_eq!(TimeToLive::shown(&BTreeMap::new(), None), "INF");
    }
}
