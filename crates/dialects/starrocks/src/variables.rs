//! Session variables of one request: `sessionVariables` of the SQL endpoint.
//!
//! A connection of HTTP carries none over: what is given holds for its request.

use crate::error::{Answer, Failure};
use crate::zone::{self, Zone};
use serde_json::{Map, Value};
use std::time::Duration;

/// What a request's variables come to.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    /// `time_zone`
    pub(crate) zone: Zone,
    /// `query_timeout`
    pub(crate) timeout: Option<Duration>,
    /// `sql_select_limit`
    pub(crate) rows_max: Option<u64>,
}

/// Variables that say how the vendor's server works inside: taken, and without effect here.
const WITHOUT_EFFECT: [&str; 15] = [
    "broadcast_row_limit",
    "enable_profile",
    "enable_query_cache",
    "enable_spill",
    "exec_mem_limit",
    "new_planner_optimize_timeout",
    "parallel_exchange_instance_num",
    "parallel_fragment_exec_instance_num",
    "pipeline_dop",
    "pipeline_profile_level",
    "query_mem_limit",
    "query_queue_pending_timeout_second",
    "runtime_profile_report_interval",
    "streaming_preaggregation_mode",
    "wait_timeout",
];

fn bad(name: &str, expected: &str) -> Failure {
    Failure::bad("INVALID_PARAMETER", format!("the session variable {name} must be {expected}")).about(name, "INVALID")
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Variables {
    /// Without any.
    pub(crate) fn none() -> Self {
        Self { zone: Zone::utc(), timeout: None, rows_max: None }
    }

    /// Reads them.
    ///
    /// # Errors
    /// 400 for one that does not exist, or a value that it cannot have.
    pub(crate) fn read(given: &Map<String, Value>) -> Answer<Self> {
        let mut variables = Self::none();
        for (name, value) in given {
            let Some(text) = text(value) else { return Err(bad(name, "a text or a number")) };
            let number = |expected: &str| text.parse::<u64>().map_err(|_| bad(name, expected));
            match name.to_ascii_lowercase().as_str() {
                "time_zone" => variables.zone = zone::parse(&text)?,
                "query_timeout" => {
                    let seconds = number("a number of seconds from 1")?;
                    if seconds == 0 {
                        return Err(bad(name, "a number of seconds from 1"));
                    }
                    variables.timeout = Some(Duration::from_secs(seconds));
                }
                "sql_select_limit" => variables.rows_max = Some(number("a number of rows")?),
                known if WITHOUT_EFFECT.contains(&known) => {}
                _ => {
                    let message = format!("Unknown system variable '{name}'");
                    return Err(Failure::with(
                        axum::http::StatusCode::BAD_REQUEST,
                        "1193",
                        "UNKNOWN_VARIABLE",
                        message,
                    ));
                }
            }
        }
        Ok(variables)
    }

    /// Names and values for SHOW VARIABLES.
    pub(crate) fn list(&self, server_timeout: Duration) -> Vec<(&'static str, String)> {
        let limit = self.rows_max.unwrap_or(u64::MAX);
        let timeout = self.timeout.map_or(server_timeout, |timeout| timeout.min(server_timeout));
        vec![
            ("query_timeout", timeout.as_secs().to_string()),
            ("sql_select_limit", limit.to_string()),
            ("time_zone", self.zone.name().to_owned()),
            ("version_comment", format!("Chronoglot {}", env!("CARGO_PKG_VERSION"))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::Variables;
    use serde_json::{Map, Value, json};

    fn read(value: Value) -> Result<Variables, String> {
        let Value::Object(map) = value else { panic!("no object") };
        let map: Map<String, Value> = map;
        Variables::read(&map).map_err(|failure| failure.message)
    }

    #[test]
    fn values_may_be_texts_or_numbers() {
        let read = read(json!({"query_timeout": "5", "TIME_ZONE": "+08:00", "pipeline_dop": 4})).unwrap();
        assert_eq!(read.timeout.unwrap().as_secs(), 5);
        assert_eq!(read.zone.name(), "+08:00");
    }

    #[test]
    fn what_does_not_exist_is_named() {
        assert_eq!(read(json!({"nonsense": 1})).unwrap_err(), "Unknown system variable 'nonsense'");
        assert!(read(json!({"query_timeout": 0})).is_err());
        assert!(read(json!({"query_timeout": [1]})).is_err());
        assert!(read(json!({"time_zone": "Mars"})).is_err());
        assert!(read(json!({"sql_mode": "PIPES_AS_CONCAT"})).is_err(), "it would change what || means");
    }
}
