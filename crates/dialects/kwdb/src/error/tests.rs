use super::{Endpoint, request_text, skin, statement_text};
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
        E::CredentialsMalformed { reason: s("can not find Basic attribute, please check") },
        E::CredentialsWrong {},
        E::PasswordExpired {},
        E::TokenInvalid {},
        E::PermissionDenied { user: s("u1"), privilege: Privilege::Create, object_kind: "server", object: s("") },
        E::PermissionDenied { user: s("u1"), privilege: Privilege::Settings, object_kind: "server", object: s("") },
        E::PermissionDenied { user: s("u1"), privilege: Privilege::Alter, object_kind: "database", object: s("d") },
        E::PermissionDenied { user: s("u1"), privilege: Privilege::Select, object_kind: "table", object: s("t") },
        E::PermissionDenied {
            user: s("u1"),
            privilege: Privilege::Insert,
            object_kind: "timeseries table",
            object: s("t"),
        },
        E::PathNotFound { path: s("/restapi/x") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("GET") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("POST") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("GET, DELETE") },
        E::BodyEmpty {},
        E::BodyTooLarge { limit: 10 },
        E::BodyNotUtf8 { offset: 3 },
        E::BodyBroken { reason: s("it ends too early") },
        E::BodyTimeout { limit_ms: 5 },
        E::BodyTooSlow { bytes_per_second: 1000 },
        E::BodyEncodingUnsupported { encoding: s("br") },
        E::InvalidParameter { name: s("server.rest.timeout"), value: s("0"), expected: s("minutes, at least 1") },
        E::UnknownParameter { name: s("x.y") },
        E::InvalidTimeZone { zone: s("abc") },
        E::WrongStatementKind { statement: s("select"), endpoint: "ddl" },
        E::WrongStatementKind { statement: s("select"), endpoint: "insert" },
        E::WrongStatementKind { statement: s("drop"), endpoint: "query" },
        E::TooManyStatements { limit: 1 },
        E::Syntax { near: s("SELEC"), reason: s("") },
        E::Syntax { near: s(""), reason: s("expected a name") },
        E::Unsupported { what: s("FILL") },
        E::InvalidStatement { reason: s("negative value for LIMIT") },
        E::InvalidName { name: s("a\nb"), reason: s("it holds a control character") },
        E::DatabaseNotFound { database: s("d") },
        E::DatabaseExists { database: s("d") },
        E::DatabaseNotEmpty { database: s("d") },
        E::TableNotFound { table: s("t") },
        E::TableExists { table: s("t") },
        E::NameAmbiguous { name: s("a"), candidates: vec![s("t.a"), s("u.a")] },
        E::ColumnNotFound { column: s("c"), table: None },
        E::ColumnExists { column: s("c") },
        E::FunctionNotFound { function: s("f") },
        E::FunctionNotFound { function: s("f(INT4)") },
        E::UserNotFound { user: s("u") },
        E::UserExists { user: s("u") },
        E::InvalidDefinition { reason: s("ts table must have at least 2 columns") },
        E::ValueInvalid { value: s("x"), data_type: DataType::Int32, place: place() },
        E::ValueOutOfRange { value: s("32768"), data_type: DataType::Int16, place: place() },
        E::ValueOutOfRange { value: s("1e99"), data_type: DataType::Float32, place: place() },
        E::ValueOutOfRange { value: s("9"), data_type: DataType::Instant(TimeUnit::Millisecond), place: None },
        E::ValueTooLong { value: s("abcde"), data_type: DataType::Text(Some(TextLength::bytes(4))), place: place() },
        E::ValueCount { row: 1, values: 5, columns: 4 },
        E::ValueCount { row: 1, values: 3, columns: 4 },
        E::NullValue { column: s("c") },
        E::KeyMissing { columns: vec![s("a"), s("b")] },
        E::DuplicateAssignment { column: s("a") },
        E::DuplicateKey { constraint: s("primary"), columns: vec![s("id")], values: vec![s("1")] },
        E::DivisionByZero {},
        E::NumericOverflow { what: s("integer") },
        E::QueryMemoryExceeded { limit: 1 },
        E::QueryTimeout { limit_ms: 5 },
        E::QueryCancelled {},
        E::StatementTooLarge { limit: 1 },
        E::Overloaded { what: s("connections") },
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
            let prefix = if skin.prefixed { "pq: " } else { "" };
            format!("{:?} | {} | {} | {prefix}{}", kind.code(), skin.status.as_u16(), skin.code, skin.text)
        })
        .collect();
    insta::assert_snapshot!(matrix.join("\n"));
}

#[test]
fn a_syntax_error_has_the_prefix_everywhere_but_on_query() {
    let error = Error::new(ErrorKind::Syntax { near: "Selec".to_owned(), reason: String::new() })
        .at(TextPosition { line: 1, column: 3 });
    assert_eq!(statement_text(&error, Endpoint::Ddl), "pq: at or near \"selec\": syntax error (line 1, column 3)");
    assert_eq!(statement_text(&error, Endpoint::Query), "at or near \"selec\": syntax error (line 1, column 3)");
}

#[test]
fn plumbing_errors_have_no_prefix_and_the_zone_always_has() {
    let wrong = Error::new(ErrorKind::WrongStatementKind { statement: "select".to_owned(), endpoint: "ddl" });
    assert_eq!(statement_text(&wrong, Endpoint::Ddl), "wrong statement for ddl interface and please check");
    let zone = Error::new(ErrorKind::InvalidTimeZone { zone: "15".to_owned() });
    assert_eq!(request_text(&zone), "pq: invalid value for parameter \"timezone\": \"15\"");
}
