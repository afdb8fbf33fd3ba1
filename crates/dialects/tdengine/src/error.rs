//! This vendor's skin of the error catalogue: HTTP status, code and text of every kind.
//!
//! [`skin`] is one exhaustive match without a wildcard: a new kind does not compile until it has its
//! words here. Where the vendor has a code of its own for a rule that the catalogue words in general,
//! the error carries the code in its text ([`coded`]), and the skin takes it out again.

use crate::session;
use crate::sql::lower_outside_quotes;
use ::sql::Cursor;
use axum::http::StatusCode;
use model::{DataType, Error, ErrorKind};

/// How one error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    pub(crate) status: StatusCode,
    pub(crate) code: u16,
    pub(crate) text: String,
}

/// Free text of the part that speaks HTTP.
const FREE_TEXT: u16 = 0xffff;
/// A syntax error in an INSERT.
const INSERT_SYNTAX: u16 = 0x0216;
/// Reads and definitions: a table that is not there.
const NO_TABLE: u16 = 0x2603;
/// Nothing more exact is known.
const FAILED: u16 = 0x26ff;

/// An error with this vendor's code and exact words.
pub(crate) fn coded(code: u16, text: impl AsRef<str>) -> Error {
    Error::new(ErrorKind::InvalidStatement { reason: format!("[0x{code:04x}] {}", text.as_ref()) })
}

/// The code and the words of [`coded`].
fn decoded(reason: &str) -> Option<(u16, &str)> {
    let (code, text) = reason.strip_prefix("[0x")?.split_once("] ")?;
    Some((u16::from_str_radix(code, 16).ok()?, text))
}

/// A syntax error of an INSERT at the cursor, with up to 63 characters of what follows.
pub(crate) fn insert_syntax(cursor: &Cursor<'_>, reason: &str) -> Error {
    let source = cursor.tokens().source;
    let next = cursor.tokens().get(cursor.index());
    let rest = next.map_or("", |token| source.text.get(token.start as usize..).unwrap_or_default());
    insert_value(rest, reason)
}

/// A syntax error of an INSERT near a text.
pub(crate) fn insert_value(near: &str, reason: &str) -> Error {
    let near: String = lower_outside_quotes(near).chars().take(63).collect();
    coded(INSERT_SYNTAX, format!("syntax error near '{near}' ({reason})"))
}

/// A syntax error in the vendor's words: the rest of the statement in lower case.
pub(crate) fn with_statement(error: Error, text: &str) -> Error {
    let ErrorKind::Syntax { near, .. } = &*error.kind else { return error };
    let rest = error.position.map(|at| rest_of(text, at.line, at.column)).unwrap_or_default();
    if near.is_empty() && rest.trim_matches(|c: char| c.is_whitespace() || c == ';').is_empty() {
        return coded(0x2601, "Incomplete SQL statement");
    }
    let rest: String = lower_outside_quotes(rest).chars().take(480).collect();
    coded(0x2600, format!("syntax error near \"{rest}\""))
}

/// What stands from a line and column on, both counted in characters from 1.
fn rest_of(text: &str, line: u32, column: u32) -> &str {
    let mut rest = text;
    for _ in 1..line {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    rest.char_indices().nth(skip).map_or("", |(start, _)| rest.get(start..).unwrap_or_default())
}

/// The status of an answer with a code: engine codes come with 200, as the vendor's default has it.
fn status_of(code: u16) -> StatusCode {
    match code {
        0x1105 | 0x1122 | 0x1124 | 0x1125 => StatusCode::UNAUTHORIZED,
        0x1106 | 0x1107 | 0x110a | 0x1121 => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

/// How a kind looks at this door.
pub(crate) fn skin(kind: &ErrorKind) -> Skin {
    use ErrorKind as E;
    use StatusCode as S;
    let own = || kind.to_string();
    let http = |status, text: String| (Some(status), FREE_TEXT, text);
    let engine = |code, text: &str| (None, code, text.to_owned());
    let (status, code, text) = match kind {
        E::CredentialsMissing {} => engine(0x1105, "no auth info input"),
        E::CredentialsMalformed { reason } => match reason.as_str() {
            "basic" => engine(0x1124, "invalid basic Authorization"),
            "taosd" => engine(0x1125, "invalid taosd Authorization"),
            _ => engine(0x1122, "invalid type of Authorization"),
        },
        E::CredentialsWrong {} | E::TokenInvalid {} | E::PasswordExpired {} => engine(0x0357, "Authentication failure"),
        E::PermissionDenied { .. } => engine(0x2644, "Permission denied or target object not exist"),
        E::PathNotFound { .. } | E::MethodNotAllowed { .. } => http(S::NOT_FOUND, "404 page not found".to_owned()),
        E::BodyEmpty {} => engine(0x1106, "request is empty"),
        E::BodyTooLarge { .. } => (Some(S::PAYLOAD_TOO_LARGE), 0x0219, own()),
        E::BodyNotUtf8 { .. } => http(S::BAD_REQUEST, own()),
        E::BodyBroken { .. } => engine(0x1121, "invalid content length"),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => http(S::REQUEST_TIMEOUT, own()),
        E::BodyEncodingUnsupported { .. } => http(S::UNSUPPORTED_MEDIA_TYPE, own()),
        E::InvalidParameter { name, expected, .. } => {
            http(S::BAD_REQUEST, format!("illegal param, {name} must be {expected}"))
        }
        E::UnknownParameter { .. } => http(S::BAD_REQUEST, own()),
        E::InvalidTimeZone { zone } => http(S::BAD_REQUEST, format!("unknown time zone {zone}")),
        E::WrongStatementKind { .. } | E::TooManyStatements { .. } => engine(0x2600, &own()),
        E::Syntax { near, .. } => (None, 0x2600, format!("syntax error near \"{near}\"")),
        E::Unsupported { what } => (None, 0x2600, format!("{what} is not supported")),
        E::InvalidStatement { reason } | E::InvalidDefinition { reason } => match decoded(reason) {
            Some((code, text)) => engine(code, text),
            None => engine(FAILED, reason),
        },
        E::InvalidName { name, .. } => (None, 0x2617, format!("Invalid identifier name: {name}")),
        E::DatabaseNotFound { .. } => engine(0x0388, "Database not exist"),
        E::DatabaseExists { .. } => engine(0x0381, "Database already exists"),
        E::DatabaseNotEmpty { .. } => engine(FAILED, &own()),
        E::TableNotFound { table } => (None, NO_TABLE, format!("Table does not exist: {table}")),
        E::TableExists { .. } => engine(0x0603, "Table already exists"),
        E::NameAmbiguous { name, .. } => (None, 0x2604, format!("Column ambiguously defined: {name}")),
        E::ColumnNotFound { column, .. } => (None, 0x2602, format!("Invalid column name: {column}")),
        E::ColumnExists { .. } => engine(0x036b, "Column already exists"),
        E::FunctionNotFound { function } => {
            let name = written_name(function.split('(').next().unwrap_or_default());
            if function.contains('(') {
                (None, 0x2802, format!("Invalid parameter data type : {name}"))
            } else {
                engine(0x0374, "Func not exists")
            }
        }
        E::UserNotFound { .. } => engine(0x0351, "Invalid user"),
        E::UserExists { .. } => engine(0x0350, "User already exists"),
        E::ValueInvalid { value, data_type, .. } => (None, INSERT_SYNTAX, invalid_value(value, *data_type)),
        E::ValueOutOfRange { value, data_type, .. } => {
            (None, INSERT_SYNTAX, format!("syntax error near '{value}' ({} data overflow)", word(*data_type)))
        }
        E::ValueTooLong { place, .. } => {
            let column = place.as_ref().map_or("", |place| place.column.as_str());
            (None, 0x2653, format!("Value too long for column/tag: {column}"))
        }
        E::ValueCount { .. } => engine(0x263f, "Illegal number of columns"),
        E::NullValue { column } => (None, 0x0200, format!("column {column} should not be null")),
        E::KeyMissing { columns } => (None, 0x0200, format!("values of {} are needed", columns.join(", "))),
        E::DuplicateAssignment { column } => {
            (None, INSERT_SYNTAX, format!("syntax error near '{column}' (duplicated column name)"))
        }
        E::DuplicateKey { .. } => engine(FAILED, &own()),
        E::DivisionByZero {} | E::NumericOverflow { .. } => engine(0x0224, "Value out of range"),
        E::QueryMemoryExceeded { .. } | E::WriteMemoryExceeded { .. } => engine(0x0102, &own()),
        E::QueryTimeout { .. } | E::QueryCancelled {} => engine(0x070d, &own()),
        E::StatementTooLarge { .. } => engine(0x0219, "SQL statement too long"),
        E::Overloaded { .. } => http(S::SERVICE_UNAVAILABLE, own()),
        E::SchemaChanged { .. } => engine(0x03d3, "Conflict transaction not completed"),
        E::DiskFull {} => engine(0x012b, "Out of disk space"),
        E::ReadOnly { .. } => engine(0x0129, &own()),
        E::ShuttingDown {} => http(S::SERVICE_UNAVAILABLE, own()),
        E::Corrupt { .. } | E::FormatTooNew { .. } | E::DirectoryLocked { .. } | E::Io { .. } | E::Internal { .. } => {
            (Some(S::INTERNAL_SERVER_ERROR), FAILED, own())
        }
    };
    Skin { status: status.unwrap_or_else(|| status_of(code)), code, text }
}

/// What a statement calls a function of its plan.
fn written_name(planned: &str) -> &str {
    match planned {
        session::TOTAL => "sum",
        session::DIFFERENCE => "diff",
        session::SPREAD => "spread",
        session::PERCENTILE => "percentile",
        session::TWA => "twa",
        session::IRATE => "irate",
        session::LEAST_SQUARES => "leastsquares",
        session::MODE => "mode",
        session::CAST => "cast",
        session::STATE_COUNT => "statecount",
        session::STATE_DURATION => "stateduration",
        "btrim" => "trim",
        "stddev_pop" => "stddev",
        other => other,
    }
}

/// What the vendor's server calls a type in an error.
fn word(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Int8 => "tinyint",
        DataType::Int16 => "smallint",
        DataType::Int32 => "int",
        DataType::Int64 => "bigint",
        DataType::UInt8 => "unsigned tinyint",
        DataType::UInt16 => "unsigned smallint",
        DataType::UInt32 => "unsigned int",
        DataType::UInt64 => "unsigned bigint",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Boolean => "bool",
        DataType::Decimal { .. } => "decimal",
        DataType::Instant(_) | DataType::LocalDateTime(_) => "timestamp",
        _ => "value",
    }
}

fn invalid_value(value: &str, data_type: DataType) -> String {
    let near: String = value.chars().take(63).collect();
    match data_type {
        DataType::Instant(_) | DataType::LocalDateTime(_) => format!("syntax error near '{near}' (invalid timestamp)"),
        DataType::Float32 | DataType::Float64 => format!("syntax error near '{near}' (illegal float data)"),
        DataType::Boolean => format!("syntax error near '{near}' (invalid bool data)"),
        other if other.is_integer() => format!("syntax error near '{near}' (invalid {} data)", word(other)),
        _ => format!("syntax error near '{near}' (invalid data or symbol)"),
    }
}

#[cfg(test)]
mod tests;
