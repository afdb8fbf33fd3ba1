//! The vendor's JSON bodies: requests, read as leniently as its server reads them, and the status
//! body. The answer with rows is written by `render`.

use crate::error::{Failure, Result};
use axum::http::StatusCode;
use serde_json::{Map, Value};

/// The message of every success.
pub(crate) const SUCCESS: &str = "SUCCESS_STATUS";

/// `{"code":N,"message":"..."}`.
pub(crate) fn status_body(code: u16, message: Option<&str>) -> Vec<u8> {
    let mut body = format!("{{\"code\":{code},\"message\":").into_bytes();
    match message {
        Some(text) => crate::render::push_string(&mut body, text),
        None => body.extend_from_slice(b"null"),
    }
    body.push(b'}');
    body
}

/// The members of a body.
fn members(body: &[u8]) -> Result<Map<String, Value>> {
    let malformed = |text: String| Failure::with_status(StatusCode::BAD_REQUEST, 700, text);
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(malformed("the body is not a JSON object".to_owned())),
        Err(error) => Err(malformed(format!("the body is not JSON: {error}"))),
    }
}

fn wrong_type(key: &str, expected: &str) -> Failure {
    Failure::with_status(StatusCode::BAD_REQUEST, 700, format!("\"{key}\" must be {expected}"))
}

fn required(key: &str) -> Failure {
    Failure::new(305, format!("{key} should not be null"))
}

/// A member that is text; numbers and booleans become text.
fn text(members: &mut Map<String, Value>, key: &str) -> Result<Option<String>> {
    match members.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Some(value.to_string())),
        Some(_) => Err(wrong_type(key, "text")),
    }
}

/// A whole number; text is read, fractions are cut.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "checked against the range of the type")]
            ((i64::MIN as f64)..(i64::MAX as f64)).contains(&float).then_some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The body of a query or another statement.
#[derive(Debug)]
pub(crate) struct StatementBody {
    pub(crate) database: Option<String>,
    pub(crate) sql: String,
    /// The most rows that the answer may have.
    pub(crate) row_limit: Option<u64>,
}

impl StatementBody {
    /// Reads the body; unknown members are passed over.
    ///
    /// # Errors
    /// What is no JSON or has members of wrong types (400), a missing statement (305), a limit that
    /// is not positive (700).
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = members(body)?;
        let database = text(&mut members, "database")?;
        let sql = text(&mut members, "sql")?;
        let row_limit = match members.remove("row_limit") {
            None | Some(Value::Null) => None,
            Some(value) => Some(integer(&value).ok_or_else(|| wrong_type("row_limit", "a whole number"))?),
        };
        let sql = sql.ok_or_else(|| required("sql"))?;
        let row_limit = match row_limit {
            None => None,
            Some(limit) => match u64::try_from(limit) {
                Ok(limit) if limit > 0 => Some(limit),
                _ => return Err(Failure::new(700, "row_limit should be positive")),
            },
        };
        Ok(Self { database, sql, row_limit })
    }
}

/// The body of a tablet: the members that every tablet must have.
#[derive(Debug)]
pub(crate) struct TabletBody {
    pub(crate) database: String,
    pub(crate) table: String,
    pub(crate) column_names: Vec<Option<String>>,
    pub(crate) column_categories: Vec<Option<String>>,
    pub(crate) data_types: Vec<Option<String>>,
    /// Null where the request has null.
    pub(crate) timestamps: Vec<Option<i64>>,
    pub(crate) values: Vec<Vec<Value>>,
}

/// Spellings of the key of categories: the vendor misspelt it at first.
const CATEGORY_KEYS: [&str; 2] = ["column_categories", "column_catogories"];

impl TabletBody {
    /// Reads the body; unknown members are passed over.
    ///
    /// # Errors
    /// What is no JSON or has members of wrong types (400), missing members (305).
    pub(crate) fn read(body: &[u8]) -> Result<Self> {
        let mut members = members(body)?;
        let database = text(&mut members, "database")?.ok_or_else(|| required("database"))?;
        let table = text(&mut members, "table")?.ok_or_else(|| required("table"))?;
        let column_names = texts(&mut members, "column_names")?.ok_or_else(|| required("column_names"))?;
        let mut column_categories = None;
        for key in CATEGORY_KEYS {
            column_categories = column_categories.or(texts(&mut members, key)?);
        }
        let column_categories = column_categories.ok_or_else(|| required("column_categories"))?;
        let data_types = texts(&mut members, "data_types")?.ok_or_else(|| required("data_types"))?;
        let timestamps = list(&mut members, "timestamps")?.ok_or_else(|| required("timestamps"))?;
        let timestamps = timestamps.iter().map(|value| match value {
            Value::Null => Ok(None),
            value => integer(value).map(Some).ok_or_else(|| wrong_type("timestamps", "a list of whole numbers")),
        });
        let timestamps = timestamps.collect::<Result<_>>()?;
        let rows = list(&mut members, "values")?.ok_or_else(|| required("values"))?;
        let values = rows.into_iter().map(|row| match row {
            Value::Array(cells) => Ok(cells),
            _ => Err(wrong_type("values", "a list of lists")),
        });
        let values = values.collect::<Result<_>>()?;
        Ok(Self { database, table, column_names, column_categories, data_types, timestamps, values })
    }
}

fn list(members: &mut Map<String, Value>, key: &str) -> Result<Option<Vec<Value>>> {
    match members.remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => Ok(Some(values)),
        Some(_) => Err(wrong_type(key, "a list")),
    }
}

fn texts(members: &mut Map<String, Value>, key: &str) -> Result<Option<Vec<Option<String>>>> {
    let Some(values) = list(members, key)? else { return Ok(None) };
    let texts = values.into_iter().map(|value| match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        value @ (Value::Number(_) | Value::Bool(_)) => Ok(Some(value.to_string())),
        _ => Err(wrong_type(key, "a list of texts")),
    });
    Ok(Some(texts.collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::{StatementBody, TabletBody, status_body};

    #[test]
    fn statements_are_read_leniently() {
        let body = StatementBody::read(br#"{"sql":5,"database":7,"row_limit":"5","extra":[1]}"#).unwrap();
        assert_eq!((body.sql.as_str(), body.database.as_deref(), body.row_limit), ("5", Some("7"), Some(5)));
        assert_eq!(StatementBody::read(br#"{"sql":"a","row_limit":5.7}"#).unwrap().row_limit, Some(5));
        for (text, code) in [
            ("{bad", 700),
            ("[]", 700),
            (r#"{"sql":"a"} x"#, 700),
            (r#"{"sql":"a","row_limit":"x"}"#, 700),
            ("{}", 305),
            ("", 305),
            ("null", 305),
            (r#"{"sql":"a","row_limit":0}"#, 700),
        ] {
            assert_eq!(StatementBody::read(text.as_bytes()).unwrap_err().code, code, "{text}");
        }
        let error = StatementBody::read(b"{\n  \"sql\": oops}").unwrap_err();
        assert!(error.message.as_ref().unwrap().contains("line 2 column"), "{error:?}");
    }

    #[test]
    fn tablets_take_every_spelling_of_the_categories() {
        for key in super::CATEGORY_KEYS {
            let body = format!(
                r#"{{"database":"d","table":"t","column_names":["a"],"{key}":["FIELD"],"data_types":["INT32"],
                "timestamps":["13",14.9],"values":[[1],[2]]}}"#
            );
            let body = TabletBody::read(body.as_bytes()).unwrap();
            assert_eq!(body.timestamps, [Some(13), Some(14)]);
        }
        let error = TabletBody::read(b"{\"database\":\"d\"}").unwrap_err();
        assert_eq!((error.code, error.message.as_deref()), (305, Some("table should not be null")));
    }

    #[test]
    fn a_missing_message_is_null() {
        assert_eq!(status_body(305, None), br#"{"code":305,"message":null}"#);
        assert_eq!(status_body(200, Some("a\"b")), br#"{"code":200,"message":"a\"b"}"#);
    }
}
