//! The matrix of every error, and texts that depend on the statement.

use super::{coded, insert_value, skin, with_statement};
use model::{Code, DataType, Error, ErrorKind, Place, Privilege, TextLength, TextPosition, TimeUnit};

fn place() -> Option<Place> {
    Some(Place { column: "c".to_owned(), row: Some(2) })
}

/// One error of every kind, several where the text depends on the fields.
fn samples() -> Vec<ErrorKind> {
    use ErrorKind as E;
    let s = str::to_owned;
    vec![
        E::CredentialsMissing {},
        E::CredentialsMalformed { reason: s("basic") },
        E::CredentialsMalformed { reason: s("taosd") },
        E::CredentialsMalformed { reason: s("other") },
        E::CredentialsWrong {},
        E::PasswordExpired {},
        E::TokenInvalid {},
        E::PermissionDenied { user: s("u1"), privilege: Privilege::Select, object_kind: "table", object: s("t") },
        E::PathNotFound { path: s("/rest/x") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("POST") },
        E::BodyEmpty {},
        E::BodyTooLarge { limit: 10 },
        E::BodyNotUtf8 { offset: 3 },
        E::BodyBroken { reason: s("it ends too early") },
        E::BodyTimeout { limit_ms: 5 },
        E::BodyTooSlow { bytes_per_second: 100 },
        E::BodyEncodingUnsupported { encoding: s("br") },
        E::InvalidParameter { name: s("req_id"), value: s("x"), expected: s("numeric") },
        E::UnknownParameter { name: s("x") },
        E::InvalidTimeZone { zone: s("abc") },
        E::WrongStatementKind { statement: s("select"), endpoint: "sql" },
        E::TooManyStatements { limit: 1 },
        E::Syntax { near: s("selec"), reason: s("") },
        E::Unsupported { what: s("FILL") },
        E::InvalidStatement { reason: s("types do not match") },
        E::InvalidStatement { reason: s("[0x260c] Not a single-group group function") },
        E::InvalidName { name: s("a\nb"), reason: s("it holds a control character") },
        E::DatabaseNotFound { database: s("d") },
        E::DatabaseExists { database: s("d") },
        E::DatabaseNotEmpty { database: s("d") },
        E::TableNotFound { table: s("`d`.`t`") },
        E::TableExists { table: s("t") },
        E::NameAmbiguous { name: s("a"), candidates: vec![s("t.a"), s("u.a")] },
        E::ColumnNotFound { column: s("c"), table: None },
        E::ColumnExists { column: s("c") },
        E::FunctionNotFound { function: s("f") },
        E::FunctionNotFound { function: s("f(Int32)") },
        E::UserNotFound { user: s("u") },
        E::UserExists { user: s("u") },
        E::InvalidDefinition { reason: s("a rule") },
        E::ValueInvalid { value: s("x"), data_type: DataType::Int32, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Boolean, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Float64, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Instant(TimeUnit::Millisecond), place: place() },
        E::ValueOutOfRange { value: s("32768"), data_type: DataType::Int16, place: place() },
        E::ValueTooLong { value: s("abcde"), data_type: DataType::Text(Some(TextLength::bytes(4))), place: place() },
        E::ValueCount { row: 1, values: 5, columns: 4 },
        E::NullValue { column: s("ts") },
        E::KeyMissing { columns: vec![s("a"), s("b")] },
        E::DuplicateAssignment { column: s("a") },
        E::DuplicateKey { constraint: s("primary"), columns: vec![s("id")], values: vec![s("1")] },
        E::DivisionByZero {},
        E::NumericOverflow { what: s("integer") },
        E::QueryMemoryExceeded { limit: 1 },
        E::QueryTimeout { limit_ms: 5 },
        E::QueryCancelled {},
        E::StatementTooLarge { limit: 1 },
        E::Overloaded { what: s("running queries") },
        E::SchemaChanged { table: s("t") },
        E::DiskFull {},
        E::ReadOnly { reason: s("fsync failed") },
        E::ShuttingDown {},
        E::Corrupt { file: s("f"), reason: s("checksum") },
        E::FormatTooNew { found: s("9"), known: s("1") },
        E::DirectoryLocked { directory: s("d") },
        E::Io { operation: s("read"), reason: s("gone") },
        E::Internal { reason: s("oops") },
    ]
}

#[test]
fn the_whole_matrix() {
    let samples = samples();
    for code in Code::ALL {
        assert!(samples.iter().any(|kind| kind.code() == *code), "no sample of {code:?}");
    }
    let matrix: Vec<String> = samples
        .iter()
        .map(|kind| {
            let skin = skin(kind);
            format!(
                "{:?} | {} | {} (0x{:04x}) | {}",
                kind.code(),
                skin.status.as_u16(),
                skin.code,
                skin.code,
                skin.text
            )
        })
        .collect();
    insta::assert_snapshot!(matrix.join("\n"));
}

fn syntax(near: &str, line: u32, column: u32) -> Error {
    Error::new(ErrorKind::Syntax { near: near.to_owned(), reason: String::new() }).at(TextPosition { line, column })
}

#[test]
fn a_syntax_error_shows_the_rest_in_lower_case() {
    let text = |error: &Error, sql: &str| skin(&with_statement(error.clone(), sql).kind).text;
    assert_eq!(text(&syntax("selec", 1, 1), "SELEC 'A' From"), "syntax error near \"selec 'A' from\"");
    assert_eq!(text(&syntax("x", 2, 3), "表\n表 X Y"), "syntax error near \"x y\"");
    assert_eq!(text(&syntax("", 1, 8), "select "), "Incomplete SQL statement");
    assert_eq!(text(&syntax("", 1, 7), "select ;"), "Incomplete SQL statement");
}

#[test]
fn codes_travel_in_texts() {
    let skin = skin(&coded(0x060b, "Timestamp data out of range").kind);
    assert_eq!((skin.code, skin.text.as_str(), skin.status.as_u16()), (1547, "Timestamp data out of range", 200));
    let long = "x".repeat(100);
    let text = super::skin(&insert_value(&long, "why").kind).text;
    assert_eq!(text, format!("syntax error near '{}' (why)", "x".repeat(63)));
}
