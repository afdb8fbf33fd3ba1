//! Cluster settings: those that have an effect here, and those that are recorded and shown back
//! because they choose plans or storage layouts that another engine has.

use crate::error::worded;
use crate::timezone;
use catalog::Catalog;
use model::{Error, ErrorKind, Result, WriteKind};

/// How a setting's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// true or false
    Boolean,
    /// A whole number.
    Integer,
    /// A float.
    Float,
    /// Anything.
    Text,
    /// Bytes, such as `64 MiB`.
    Size,
    /// A time span.
    Duration,
}

impl Kind {
    /// The letter that SHOW prints.
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::Boolean => "b",
            Self::Integer => "i",
            Self::Float => "f",
            Self::Text => "s",
            Self::Size => "z",
            Self::Duration => "d",
        }
    }
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) description: &'static str,
}

const REST_TIMEOUT: &str = "server.rest.timeout";
const DEDUP_RULE: &str = "ts.dedup.rule";
const CONNECTION_ZONE: &str = "cluster.connection.timezone";
const REQUEST_ZONE: &str = "server.restful_service.default_request_timezone";
const ORDERED: &str = "ts.ordered_table.enabled";
const RECORDED: &str = "recorded and shown back, without effect here";

const fn effective(name: &'static str, kind: Kind, default: &'static str, description: &'static str) -> Setting {
    Setting { name, kind, default, description }
}

const fn recorded(name: &'static str, kind: Kind, default: &'static str) -> Setting {
    Setting { name, kind, default, description: RECORDED }
}

/// Every setting, by name.
pub(crate) const SETTINGS: &[Setting] = &[
    recorded("capacity.stats.period", Kind::Integer, "60"),
    effective(CONNECTION_ZONE, Kind::Text, "", "time zone of requests that name none"),
    recorded("immediate_metadata_update.enabled", Kind::Boolean, "false"),
    effective(REST_TIMEOUT, Kind::Integer, "60", "life of an unused login token in minutes"),
    effective(REQUEST_ZONE, Kind::Integer, "0", "time zone of requests that name none, in hours east of UTC"),
    recorded("server.tsinsert_direct.enabled", Kind::Boolean, "true"),
    recorded("sql.all_push_down.enabled", Kind::Boolean, "true"),
    recorded("sql.auto_limit.quantity", Kind::Integer, "0"),
    recorded("sql.defaults.multimodel.enabled", Kind::Boolean, "true"),
    recorded("sql.distsql.temp_storage.workmem", Kind::Size, "64 MiB"),
    recorded("sql.hash_tag_scan.enabled", Kind::Boolean, "true"),
    recorded("sql.hash_scan_mode", Kind::Integer, "0"),
    recorded("sql.inside_out.enabled", Kind::Boolean, "true"),
    recorded("sql.inside_out_row_ratio", Kind::Float, "0.9"),
    recorded("sql.pushdown_hash_tag_filter.enabled", Kind::Boolean, "true"),
    recorded("sql.query.pushdown_filter.enabled", Kind::Boolean, "true"),
    recorded("sql.query_cache.enabled", Kind::Boolean, "true"),
    recorded("sql.stats.automatic_collection.enabled", Kind::Boolean, "true"),
    recorded("sql.stats.tag_automatic_collection.enabled", Kind::Boolean, "true"),
    recorded("sql.stats.ts_automatic_collection.enabled", Kind::Boolean, "true"),
    recorded("sql.ts_insert_select.block_memory", Kind::Integer, "200"),
    recorded("ts.ack_before_application.enabled", Kind::Boolean, "false"),
    recorded("ts.auto_vacuum.enabled", Kind::Boolean, "true"),
    recorded("ts.block.lru_cache.max_limit", Kind::Size, "1.0 GiB"),
    recorded("ts.compress.last_segment.enabled", Kind::Boolean, "false"),
    recorded("ts.compress.stage", Kind::Integer, "2"),
    recorded("ts.count.use_statistics.enabled", Kind::Boolean, "true"),
    effective(DEDUP_RULE, Kind::Text, "override", "how a row meets an older one: override, merge or discard"),
    recorded("ts.last_cache_size.max_limit", Kind::Size, "1.0 GiB"),
    recorded("ts.last_row_optimization.enabled", Kind::Boolean, "true"),
    recorded("ts.mem_segment_size.max_limit", Kind::Size, "512 MiB"),
    effective(ORDERED, Kind::Boolean, "false", "rows of a time-series table come newest first without ORDER BY"),
    recorded("ts.parallel_degree", Kind::Integer, "0"),
    recorded("ts.raft_log.sync_period", Kind::Duration, "10s"),
    recorded("ts.reserved_last_segment.max_limit", Kind::Integer, "3"),
    recorded("ts.rows_per_block.max_limit", Kind::Integer, "4096"),
    recorded("ts.rows_per_block.min_limit", Kind::Integer, "512"),
    recorded("ts.sql.query_opt_mode", Kind::Integer, "1110"),
    recorded("ts.table_cache.capacity", Kind::Integer, "1000"),
    recorded("ts.wal.wal_level", Kind::Integer, "2"),
    recorded("ts.wal_level", Kind::Integer, "2"),
];

/// A setting by name.
///
/// # Errors
/// [`ErrorKind::UnknownParameter`].
pub(crate) fn find(name: &str) -> Result<&'static Setting> {
    SETTINGS
        .iter()
        .find(|setting| setting.name == name)
        .ok_or_else(|| Error::new(ErrorKind::UnknownParameter { name: name.to_owned() }))
}

/// The name under which the catalogue keeps a setting.
pub(crate) fn catalogue_name(name: &str) -> String {
    if name == REST_TIMEOUT { dialect::TOKEN_LIFETIME_SETTING.to_owned() } else { format!("kwdb.{name}") }
}

/// The value of a setting now.
pub(crate) fn value(catalog: &Catalog, setting: &Setting) -> String {
    catalog.setting(&catalogue_name(setting.name)).unwrap_or(setting.default).to_owned()
}

/// Checks a new value and spells it as it is kept.
///
/// # Errors
/// [`ErrorKind::InvalidParameter`], [`ErrorKind::InvalidTimeZone`], or this vendor's own words.
pub(crate) fn checked(setting: &Setting, text: &str) -> Result<String> {
    let refuse = |expected: &str| {
        Error::new(ErrorKind::InvalidParameter {
            name: setting.name.to_owned(),
            value: text.to_owned(),
            expected: expected.to_owned(),
        })
    };
    match setting.name {
        DEDUP_RULE => match text.to_ascii_lowercase().as_str() {
            rule @ ("override" | "merge" | "discard") => return Ok(rule.to_owned()),
            _ => return Err(worded("ts.dedup.rule setting value is not right")),
        },
        CONNECTION_ZONE => {
            timezone::parse(text)?;
            return Ok(text.to_owned());
        }
        REST_TIMEOUT => {
            // The life in milliseconds must fit 64 bits.
            const MOST: i64 = i64::MAX / 60_000;
            return match text.parse::<i64>() {
                Ok(minutes @ 1..) => Ok(minutes.min(MOST).to_string()),
                _ => Err(refuse("minutes from 1 on")),
            };
        }
        REQUEST_ZONE => {
            return match text.parse::<i32>() {
                Ok(hours @ -12..=14) => Ok(hours.to_string()),
                _ => Err(refuse("hours from -12 to 14")),
            };
        }
        _ => {}
    }
    match setting.kind {
        Kind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" | "on" | "t" | "1" | "yes" => Ok("true".to_owned()),
            "false" | "off" | "f" | "0" | "no" => Ok("false".to_owned()),
            _ => Err(refuse("true or false")),
        },
        Kind::Integer => text.parse::<i64>().map(|n| n.to_string()).map_err(|_| refuse("a whole number")),
        Kind::Float => text.parse::<f64>().map(|_| text.to_owned()).map_err(|_| refuse("a number")),
        Kind::Text | Kind::Size | Kind::Duration => Ok(text.to_owned()),
    }
}

/// The zone of requests that name none.
pub(crate) fn default_zone(catalog: &Catalog) -> String {
    let named = catalog.setting(&catalogue_name(CONNECTION_ZONE)).filter(|zone| !zone.is_empty());
    named.or_else(|| catalog.setting(&catalogue_name(REQUEST_ZONE))).unwrap_or_default().to_owned()
}

/// Whether rows of a series table come newest first where a query does not sort.
pub(crate) fn newest_first(catalog: &Catalog) -> bool {
    catalog.setting(&catalogue_name(ORDERED)) == Some("true")
}

/// How INSERT into a series table meets an older row.
pub(crate) fn series_write_kind(catalog: &Catalog) -> WriteKind {
    match catalog.setting(&catalogue_name(DEDUP_RULE)) {
        Some("merge") => WriteKind::Merge,
        Some("discard") => WriteKind::KeepFirst,
        _ => WriteKind::Replace,
    }
}

#[cfg(test)]
mod tests {
    use super::{SETTINGS, checked, find};

    fn check(name: &str, text: &str) -> Result<String, String> {
        checked(find(name).unwrap(), text).map_err(|e| e.to_string())
    }

    #[test]
    fn names_are_sorted_enough_to_be_found_once() {
        for setting in SETTINGS {
            assert_eq!(SETTINGS.iter().filter(|s| s.name == setting.name).count(), 1, "{}", setting.name);
            assert!(setting.default.is_empty() || checked(setting, setting.default).is_ok(), "{}", setting.name);
        }
        assert!(find("server.rest.timeouts").is_err());
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(check("ts.dedup.rule", "MERGE").unwrap(), "merge");
        assert!(check("ts.dedup.rule", "reject").unwrap_err().contains("ts.dedup.rule setting value is not right"));
        assert_eq!(check("server.rest.timeout", "120").unwrap(), "120");
        assert!(check("server.rest.timeout", "0").is_err());
        assert_eq!(check("server.rest.timeout", "9223372036854775807").unwrap(), (i64::MAX / 60_000).to_string());
        assert!(check("cluster.connection.timezone", "Mars").is_err());
        assert!(check("server.restful_service.default_request_timezone", "15").is_err());
        assert_eq!(check("ts.compress.last_segment.enabled", "ON").unwrap(), "true");
    }
}
