//! The matrix of every error, and texts that depend on the statement.

use super::{coded, insert_value, skin, with_statement};
use dialect_testing::errors;
use model::{DataType, Error, ErrorKind, Place, TextPosition, TimeUnit};

fn place() -> Option<Place> {
    Some(Place { column: "c".to_owned(), row: Some(2) })
}

/// Errors whose text depends on the fields.
fn own() -> Vec<ErrorKind> {
    use ErrorKind as E;
    let s = str::to_owned;
    vec![
        E::CredentialsMalformed { reason: s("basic") },
        E::CredentialsMalformed { reason: s("taosd") },
        E::CredentialsMalformed { reason: s("other") },
        E::InvalidStatement { reason: s("types do not match") },
        E::InvalidStatement { reason: s("[0x260c] Not a single-group group function") },
        E::InvalidName { name: s("a\nb"), reason: s("it holds a control character") },
        E::FunctionNotFound { function: s("f") },
        E::FunctionNotFound { function: s("f(integer)") },
        E::ValueInvalid { value: s("x"), data_type: DataType::Int32, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Boolean, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Float64, place: place() },
        E::ValueInvalid { value: s("x"), data_type: DataType::Instant(TimeUnit::Millisecond), place: place() },
    ]
}

#[test]
fn the_whole_matrix() {
    let matrix: Vec<String> = errors(own())
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
