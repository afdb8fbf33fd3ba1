//! Tables as the resources define and show them, and as CREATE TABLE does.

mod constants;
mod from_json;
mod from_sql;
mod show;

pub(crate) use constants::constant;
pub(crate) use from_json::{column as column_from_json, seconds, table as table_from_json};
pub(crate) use from_sql::table as table_from_sql;
pub(crate) use show::{column as column_object, kind, table as table_object};

use crate::error::{Answer, Failure};
use axum::http::StatusCode;
use model::ErrorKind;
use std::collections::BTreeMap;

/// Property of a table: what its key is to the vendor's server.
pub(crate) const KEYS_TYPE: &str = "starrocks.keys_type";
/// Property of a table: the columns of DUPLICATE KEY, which sort and identify nothing.
pub(crate) const DUPLICATE_KEY: &str = "starrocks.duplicate_key";
/// Property of a table: PARTITION BY as written.
pub(crate) const PARTITION: &str = "starrocks.partition_by";
/// Property of a table: DISTRIBUTED BY as written.
pub(crate) const DISTRIBUTION: &str = "starrocks.distributed_by";
/// Property of a table: the columns of ORDER BY.
pub(crate) const SORT_KEY: &str = "starrocks.order_by";
/// Prefix of the properties that record PROPERTIES, by name.
pub(crate) const PROPERTY: &str = "starrocks.property.";
/// Prefix of the properties that record INDEX clauses, by name.
pub(crate) const INDEX: &str = "starrocks.index.";
/// The name under which the standard's sample of PATCH is kept: columns that a user says are unique.
/// The vendor's server only plans by it.
pub(crate) const UNIQUE_KEY_CONSTRAINTS: &str = "starrocks.property.unique_constraints";

/// Properties of the vendor that change neither answers nor durability here.
const RECORDED: [&str; 22] = [
    "base_compaction_forbidden_time_ranges",
    "bloom_filter_columns",
    "bucket_size",
    "colocate_with",
    "compression",
    "datacache.enable",
    "datacache.partition_duration",
    "enable_persistent_index",
    "fast_schema_evolution",
    "file_bundling",
    "foreign_key_constraints",
    "in_memory",
    "light_schema_change",
    "mutable_bucket_num",
    "persistent_index_type",
    "primary_index_cache_expire_sec",
    "replicated_storage",
    "storage_format",
    "storage_medium",
    "storage_volume",
    "unique_constraints",
    "write_quorum",
];

/// Checks PROPERTIES and puts them where they are kept.
///
/// # Errors
/// 400 for a property that does not exist or is not done here; 503 for more replicas than there are
/// nodes, as the standard has it.
pub(crate) fn record_properties<'a>(
    properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    kept: &mut BTreeMap<String, String>,
) -> Answer<()> {
    for (name, value) in properties {
        let lower = name.to_ascii_lowercase();
        if lower == "replication_num" || lower == "default.replication_num" {
            if value.trim() != "1" {
                let message = format!("{value} replicas need as many nodes, and there is one");
                return Err(Failure::with(StatusCode::SERVICE_UNAVAILABLE, "9503", "TOO_FEW_NODES", message));
            }
        } else if !RECORDED.contains(&lower.as_str()) {
            let message = format!("the property \"{name}\" does not exist or is not done here");
            return Err(Failure::bad("UNKNOWN_PROPERTY", message).about(format!("properties.{name}"), "UNKNOWN"));
        }
        kept.insert(format!("{PROPERTY}{lower}"), value.to_owned());
    }
    Ok(())
}

/// Words of the standard's paths, which no object can be called by.
const PATH_WORDS: [&str; 2] = ["create", "rename"];

/// Checks a name that this door gives to something new.
///
/// # Errors
/// [`ErrorKind::InvalidName`].
pub(crate) fn check_new_name(name: &str) -> Answer<()> {
    let starts = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let reason = if PATH_WORDS.contains(&name) {
        "it is a word of the path"
    } else if !starts {
        "it must begin with a letter or _"
    } else if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        "it may hold letters, digits and _ only"
    } else {
        return Ok(());
    };
    Err(ErrorKind::InvalidName { name: name.to_owned(), reason: reason.to_owned() }.into())
}
