//! Every kind of error at every door: the whole matrix, one text for each door, so that no change of
//! a skin goes unseen. A new kind does not compile here until it has a sample.

use super::dialects;
use axum::body::to_bytes;
use dialect::Dialect;
use model::{Code, DataType, Error, ErrorKind, Place, Privilege, TextLength};
use serde_json::Value;
use std::sync::Arc;

#[test]
fn every_kind_of_error_at_every_door() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for door in dialects() {
        let mut matrix = String::new();
        for code in Code::ALL {
            let kind = sample(*code);
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

/// One error of each kind, the fields filled with something to be seen in the text.
fn sample(code: Code) -> ErrorKind {
    use {Code as C, ErrorKind as E};
    let s = str::to_owned;
    let place = || Some(Place { column: s("c"), row: Some(2) });
    match code {
        C::CredentialsMissing => E::CredentialsMissing {},
        C::CredentialsMalformed => E::CredentialsMalformed { reason: s("they are not base64") },
        C::CredentialsWrong => E::CredentialsWrong {},
        C::PasswordExpired => E::PasswordExpired {},
        C::TokenInvalid => E::TokenInvalid {},
        C::PermissionDenied => {
            E::PermissionDenied { user: s("u"), privilege: Privilege::Insert, object_kind: "table", object: s("t") }
        }
        C::PathNotFound => E::PathNotFound { path: s("/x") },
        C::MethodNotAllowed => E::MethodNotAllowed { method: s("PUT"), allowed: s("GET, POST") },
        C::BodyEmpty => E::BodyEmpty {},
        C::BodyTooLarge => E::BodyTooLarge { limit: 10 },
        C::BodyNotUtf8 => E::BodyNotUtf8 { offset: 3 },
        C::BodyBroken => E::BodyBroken { reason: s("it ends too early") },
        C::BodyTimeout => E::BodyTimeout { limit_ms: 5 },
        C::BodyTooSlow => E::BodyTooSlow { bytes_per_second: 1000 },
        C::BodyEncodingUnsupported => E::BodyEncodingUnsupported { encoding: s("br") },
        C::InvalidParameter => E::InvalidParameter { name: s("p"), value: s("v"), expected: s("a number") },
        C::UnknownParameter => E::UnknownParameter { name: s("p") },
        C::InvalidTimeZone => E::InvalidTimeZone { zone: s("abc") },
        C::WrongStatementKind => E::WrongStatementKind { statement: s("select"), endpoint: "insert" },
        C::TooManyStatements => E::TooManyStatements { limit: 1 },
        C::Syntax => E::Syntax { near: s("selec"), reason: s("expected a statement") },
        C::Unsupported => E::Unsupported { what: s("this clause") },
        C::InvalidStatement => E::InvalidStatement { reason: s("column c is not grouped") },
        C::InvalidName => E::InvalidName { name: s("a b"), reason: s("it holds a blank") },
        C::DatabaseNotFound => E::DatabaseNotFound { database: s("d") },
        C::DatabaseExists => E::DatabaseExists { database: s("d") },
        C::DatabaseNotEmpty => E::DatabaseNotEmpty { database: s("d") },
        C::TableNotFound => E::TableNotFound { table: s("t") },
        C::TableExists => E::TableExists { table: s("t") },
        C::NameAmbiguous => E::NameAmbiguous { name: s("a"), candidates: vec![s("A"), s("a")] },
        C::ColumnNotFound => E::ColumnNotFound { column: s("c"), table: Some(s("t")) },
        C::ColumnExists => E::ColumnExists { column: s("c") },
        C::FunctionNotFound => E::FunctionNotFound { function: s("f") },
        C::UserNotFound => E::UserNotFound { user: s("u") },
        C::UserExists => E::UserExists { user: s("u") },
        C::InvalidDefinition => E::InvalidDefinition { reason: s("a table needs a time column") },
        C::ValueInvalid => E::ValueInvalid { value: s("x"), data_type: DataType::Int32, place: place() },
        C::ValueOutOfRange => E::ValueOutOfRange { value: s("32768"), data_type: DataType::Int16, place: place() },
        C::ValueTooLong => {
            E::ValueTooLong { value: s("abcde"), data_type: DataType::Text(Some(TextLength::bytes(4))), place: place() }
        }
        C::ValueCount => E::ValueCount { row: 1, values: 5, columns: 4 },
        C::NullValue => E::NullValue { column: s("c") },
        C::KeyMissing => E::KeyMissing { columns: vec![s("a"), s("b")] },
        C::DuplicateAssignment => E::DuplicateAssignment { column: s("c") },
        C::DuplicateKey => E::DuplicateKey { constraint: s("primary"), columns: vec![s("c")], values: vec![s("1")] },
        C::DivisionByZero => E::DivisionByZero {},
        C::NumericOverflow => E::NumericOverflow { what: s("integer") },
        C::QueryMemoryExceeded => E::QueryMemoryExceeded { limit: 1 },
        C::QueryTimeout => E::QueryTimeout { limit_ms: 5 },
        C::QueryCancelled => E::QueryCancelled {},
        C::StatementTooLarge => E::StatementTooLarge { limit: 1 },
        C::Overloaded => E::Overloaded { what: s("too many requests at once") },
        C::SchemaChanged => E::SchemaChanged { table: s("t") },
        C::DiskFull => E::DiskFull {},
        C::ReadOnly => E::ReadOnly { reason: s("a sync failed") },
        C::ShuttingDown => E::ShuttingDown {},
        C::Corrupt => E::Corrupt { file: s("f"), reason: s("checksum") },
        C::FormatTooNew => E::FormatTooNew { found: s("9"), known: s("1") },
        C::DirectoryLocked => E::DirectoryLocked { directory: s("d") },
        C::Io => E::Io { operation: s("read f"), reason: s("gone") },
        C::Internal => E::Internal { reason: s("oops") },
    }
}
