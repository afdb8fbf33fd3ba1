//! Writes the answers of a server as expectations: see `CHRONOGLOT_RECORD` in README.md.

use super::case::Case;
use crate::harness::Reply;
use serde_json::{Map, Value, json};

/// Writes what came back beside the request. What differs from run to run is for its author to mark.
pub(crate) fn record(case: &Case, reply: &Reply) {
    let mut expected = Map::new();
    expected.insert("status".to_owned(), json!(reply.status));
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    match serde_json::from_str::<Value>(&text) {
        Ok(body) => expected.insert("body".to_owned(), body),
        Err(_) => expected.insert("text".to_owned(), Value::from(text)),
    };
    let mut bytes = serde_json::to_vec_pretty(&expected).unwrap();
    bytes.push(b'\n');
    std::fs::write(&case.file, bytes).unwrap();
}
