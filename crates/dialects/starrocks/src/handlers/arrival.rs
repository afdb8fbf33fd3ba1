//! What a request brings besides its path: `Accept`, `Content-Type`, the body and the query string,
//! and the standard's rules where parameters may stand.

use crate::Door;
use crate::error::{Answer, Failure};
use crate::rest::{Action, BodyKind};
use axum::body::Body as HttpBody;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::fmt;

/// The greatest body that defines something, in bytes.
const DEFINITION_BYTES_MAX: usize = 1 << 20;
/// How many parameters may stand in the query string.
const QUERY_PARAMETERS_MAX: usize = 2;

/// A body that was read.
#[derive(Debug)]
pub(crate) enum Body {
    Nothing,
    Json(Map<String, Value>),
    Sql(String),
}

/// The media type of a `Content-Type`, lower case and without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or("?");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether the answer may have one of these media types.
///
/// # Errors
/// 406.
pub(crate) fn check_accept(headers: &HeaderMap, offered: &[&str]) -> Answer<()> {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            if name.is_empty() {
                continue;
            }
            any = true;
            let refused = parts.any(|part| {
                let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
                weight.is_some_and(|weight| weight.trim().parse::<f64>() == Ok(0.0))
            });
            let matches = offered.iter().any(|offer| {
                name == *offer || name == "*/*" || name.strip_suffix("/*").is_some_and(|kind| offer.starts_with(kind))
            });
            if matches && !refused {
                return Ok(());
            }
        }
    }
    if !any {
        return Ok(());
    }
    let message = format!("the answer is {}, which the Accept header does not take", offered.join(" or "));
    Err(Failure::with(StatusCode::NOT_ACCEPTABLE, "9406", "NOT_ACCEPTABLE", message))
}

fn unsupported(media_type: &str, takes: &str) -> Failure {
    let message = format!("a body of the type \"{media_type}\" is not taken here, only {takes}");
    Failure::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, "9415", "UNSUPPORTED_MEDIA_TYPE", message)
}

/// How a body is to be read.
enum Reading {
    Json,
    Sql,
    /// JSON if it begins like an object.
    ByItsFirstByte,
}

fn reading(kind: BodyKind, headers: &HeaderMap) -> Answer<Reading> {
    let Some(media_type) = media_type(headers) else { return Ok(Reading::ByItsFirstByte) };
    match (kind, media_type.as_str()) {
        (_, "application/json" | "text/json") => Ok(Reading::Json),
        (_, "application/merge-patch+json") => Ok(Reading::Json),
        // What curl says of every -d, whatever it holds.
        (_, "application/x-www-form-urlencoded") => Ok(Reading::ByItsFirstByte),
        (BodyKind::JsonOrSql, "text/plain" | "application/sql") => Ok(Reading::Sql),
        (BodyKind::JsonOrSql, other) => Err(unsupported(other, "application/json, text/plain and application/sql")),
        (_, other) => Err(unsupported(other, "application/json")),
    }
}

/// Reads the body and checks that nothing stands in the query string beside it.
///
/// # Errors
/// 415 for another type; 400 for a body where none may be, for both a body and parameters, for
/// malformed JSON with its place, and beyond the limits.
pub(crate) async fn read_body(door: &Door, kind: BodyKind, parts: &Parts, body: HttpBody) -> Answer<Body> {
    let limit = door.context.body_bytes.min(DEFINITION_BYTES_MAX);
    if kind == BodyKind::Nothing {
        let bytes = dialect::read_bytes(body, limit).await?;
        if bytes.is_empty() {
            return Ok(Body::Nothing);
        }
        return Err(Failure::bad("BODY_NOT_ALLOWED", format!("{} takes no body", parts.method)));
    }
    let reading = reading(kind, &parts.headers)?;
    let text = dialect::read_text(body, limit).await?;
    if parts.uri.query().is_some_and(|query| !query.is_empty()) {
        let message = "parameters stand in the body here: the query string must be empty";
        return Err(Failure::bad("QUERY_AND_BODY", message));
    }
    let begins_like_json = text.trim_start().starts_with('{');
    match (reading, kind) {
        (Reading::Sql, _) => Ok(Body::Sql(text)),
        (Reading::ByItsFirstByte, BodyKind::JsonOrSql) if !begins_like_json => Ok(Body::Sql(text)),
        _ => json_object(&text).map(Body::Json),
    }
}

/// The object that a text is.
///
/// # Errors
/// 400 with line and column of what is wrong.
pub(crate) fn json_object(text: &str) -> Answer<Map<String, Value>> {
    if text.trim().is_empty() {
        return Err(Failure::bad("BODY_EMPTY", "the request has no body, a JSON object is needed"));
    }
    match serde_json::from_str::<UniqueKeys>(text).and_then(|_| serde_json::from_str::<Value>(text)) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::bad("MALFORMED_JSON", "the body must be a JSON object")),
        Err(error) => {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default().to_owned();
            let message = format!("malformed JSON at line {}, column {}: {what}", error.line(), error.column());
            Err(Failure::bad("MALFORMED_JSON", message))
        }
    }
}

/// JSON in which no object has a key twice: which of the two was meant nobody can tell.
struct UniqueKeys;

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

/// Walks over any JSON.
struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = UniqueKeys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_unit<E>(self) -> Result<UniqueKeys, E> {
        Ok(UniqueKeys)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<UniqueKeys, A::Error> {
        while items.next_element::<UniqueKeys>()?.is_some() {}
        Ok(UniqueKeys)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<UniqueKeys, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("the key \"{key}\" stands twice in one object")));
            }
            keys.insert(key);
            entries.next_value::<UniqueKeys>()?;
        }
        Ok(UniqueKeys)
    }
}

/// The parameters of a query string.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    pairs: Vec<(String, String)>,
    /// The size of pages that a header asks for.
    pub(crate) page_size: Option<String>,
}

impl Parameters {
    /// Reads the query string.
    ///
    /// # Errors
    /// 400 for a parameter that the action does not have, one that comes twice, more than two, and
    /// for what is not UTF-8.
    pub(crate) fn read(uri: &Uri, action: Action, headers: &HeaderMap) -> Answer<Self> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for piece in uri.query().unwrap_or_default().split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !action.parameters().iter().any(|parameter| parameter.name == name) {
                let message = format!("there is no parameter \"{name}\" here");
                return Err(Failure::bad("UNKNOWN_PARAMETER", message).about(name, "UNKNOWN"));
            }
            if pairs.iter().any(|(own, _)| *own == name) {
                let message = format!("the parameter \"{name}\" is given twice");
                return Err(Failure::bad("INVALID_PARAMETER", message).about(name, "DUPLICATE"));
            }
            pairs.push((name, value));
        }
        if pairs.len() > QUERY_PARAMETERS_MAX {
            let message = format!("at most {QUERY_PARAMETERS_MAX} parameters may stand in the query string");
            return Err(Failure::bad("TOO_MANY_PARAMETERS", message));
        }
        let page_size = headers.get("x-starrocks-page-size").and_then(|size| size.to_str().ok()).map(str::to_owned);
        Ok(Self { pairs, page_size })
    }

    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> Answer<String> {
    let blanks = text.replace('+', " ");
    match percent_encoding::percent_decode_str(&blanks).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Failure::bad("INVALID_PARAMETER", "the query string is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::{check_accept, json_object};
    use axum::http::{HeaderMap, HeaderValue, header};

    fn accepts(value: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(value))]);
        check_accept(&headers, &["application/json"]).is_ok()
    }

    #[test]
    fn accept_is_read_by_ranges_and_weights() {
        for yes in ["", "*/*", "application/json", "Application/JSON; q=0.5", "image/png, application/*"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["image/png", "application/json;q=0", "text/*", "application/xml, text/html"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(check_accept(&HeaderMap::new(), &["application/json"]).is_ok());
    }

    #[test]
    fn malformed_json_is_placed() {
        for (text, place) in [
            ("{", "line 1, column 1"),
            ("{\n \"a\": x}", "line 2, column 7"),
            ("{}x", "line 1, column 3"),
            ("{\"a\": [{\"b\": 1, \"b\": 2}]}", "the key \"b\" stands twice in one object"),
        ] {
            let failure = json_object(text).unwrap_err();
            assert_eq!(failure.reason, "MALFORMED_JSON");
            assert!(failure.message.contains(place), "{}", failure.message);
        }
        assert_eq!(json_object("[1]").unwrap_err().reason, "MALFORMED_JSON");
        assert_eq!(json_object(" ").unwrap_err().reason, "BODY_EMPTY");
    }
}
