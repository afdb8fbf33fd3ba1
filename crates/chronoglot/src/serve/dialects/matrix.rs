//! Every kind of error at every door: the whole matrix, one text for each door, so that no change of
//! a skin goes unseen.

use super::dialects;
use axum::body::to_bytes;
use dialect::Dialect;
use dialect_testing::error_of;
use model::{Code, Error, ErrorKind};
use serde_json::Value;
use std::sync::Arc;

#[test]
fn every_kind_of_error_at_every_door() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for door in dialects() {
        let mut matrix = String::new();
        for code in Code::ALL {
            let kind = error_of(*code);
            assert_eq!(kind.code(), *code, "the sample is of another kind");
            matrix.push_str(&format!("{code:?} | {}\n", runtime.block_on(row(&door, kind))));
        }
        insta::assert_snapshot!(door.name(), matrix);
    }
}

#[test]
fn names_are_single_lower_case_words_and_prefixes_are_paths() {
    for door in dialects() {
        assert!(door.name().bytes().all(|byte| byte.is_ascii_lowercase()), "{}", door.name());
        assert!(door.prefixes().iter().all(|prefix| prefix.len() > 1 && prefix.starts_with('/')), "{}", door.name());
        assert!(door.compat().starts_with("# "), "{}: COMPAT.md begins without a title", door.name());
        for route in door.routes() {
            let is_owned = door.prefixes().iter().any(|prefix| route.path.starts_with(prefix));
            assert!(is_owned, "{} is below no prefix of {}", route.path, door.name());
            assert!(!route.summary.is_empty(), "{} of {} has no summary", route.path, door.name());
        }
    }
}

/// Status, vendor's code and text of one refusal.
async fn row(door: &Arc<dyn Dialect>, kind: ErrorKind) -> String {
    let response = door.reject(&Error::new(kind));
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    match serde_json::from_str::<Value>(&text) {
        Ok(mut body) => {
            let code = ["/code", "/error/code", "/status"].iter().find_map(|path| body.pointer(path)).cloned();
            mark_volatile(&mut body);
            format!("{status} | {} | {body}", code.map_or_else(|| "-".to_owned(), |code| code.to_string()))
        }
        Err(_) => format!("{status} | - | {text:?}"),
    }
}

/// What differs from answer to answer.
fn mark_volatile(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.to_ascii_lowercase().replace('_', "").as_str() {
                    "requestid" | "traceid" | "timestamp" | "time" | "timing" => *value = Value::from("*"),
                    _ => mark_volatile(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(mark_volatile),
        _ => {}
    }
}
