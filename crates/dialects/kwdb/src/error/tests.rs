use super::{Endpoint, request_text, skin, statement_text};
use dialect_testing::errors;
use model::{DataType, Error, ErrorKind, Place, Privilege, TextPosition, TimeUnit};

fn place() -> Option<Place> {
    Some(Place { column: "c".to_owned(), row: Some(2) })
}

/// Errors whose text depends on the fields.
fn own() -> Vec<ErrorKind> {
    use ErrorKind as E;
    let s = str::to_owned;
    vec![
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
        E::MethodNotAllowed { method: s("PUT"), allowed: s("GET") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("POST") },
        E::MethodNotAllowed { method: s("PUT"), allowed: s("GET, DELETE") },
        E::WrongStatementKind { statement: s("select"), endpoint: "ddl" },
        E::WrongStatementKind { statement: s("select"), endpoint: "insert" },
        E::WrongStatementKind { statement: s("drop"), endpoint: "query" },
        E::Syntax { near: s("SELEC"), reason: s("") },
        E::Syntax { near: s(""), reason: s("expected a name") },
        E::InvalidName { name: s("a\nb"), reason: s("it holds a control character") },
        E::FunctionNotFound { function: s("f") },
        E::FunctionNotFound { function: s("f(INT4)") },
        E::ValueOutOfRange { value: s("32768"), data_type: DataType::Int16, place: place() },
        E::ValueOutOfRange { value: s("1e99"), data_type: DataType::Float32, place: place() },
        E::ValueOutOfRange { value: s("9"), data_type: DataType::Instant(TimeUnit::Millisecond), place: None },
        E::ValueCount { row: 1, values: 5, columns: 4 },
        E::ValueCount { row: 1, values: 3, columns: 4 },
        E::Overloaded { what: s("connections") },
        E::Overloaded { what: s("running queries") },
    ]
}

#[test]
fn the_whole_matrix() {
    let matrix: Vec<String> = errors(own())
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
