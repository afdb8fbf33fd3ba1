//! This vendor's skin of the error catalogue: HTTP status, code and text of every kind.
//!
//! [`skin`] is one exhaustive match without a wildcard: a new kind does not compile until it has
//! its words here. Whether a text gets the prefix `pq: ` depends on where the error arose too.

mod reword;

use crate::names;
use crate::sql::syntax_error_text;
use crate::types;
use axum::http::StatusCode;
use model::{DataType, Error, ErrorKind, Place, Privilege};

/// How one kind of error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    /// The status of a request that failed before any statement ran.
    pub(crate) status: StatusCode,
    /// The `code` of that answer.
    pub(crate) code: i32,
    /// The text without prefix.
    pub(crate) text: String,
    /// Whether the text carries `pq: ` when a statement fails with it.
    pub(crate) prefixed: bool,
}

/// Where a statement failed: decides about the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/restapi/ddl`
    Ddl,
    /// `/restapi/insert`
    Insert,
    /// `/restapi/query`
    Query,
}

impl Endpoint {
    /// Its name in [`ErrorKind::WrongStatementKind`].
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ddl => "ddl",
            Self::Insert => "insert",
            Self::Query => "query",
        }
    }
}

/// An error in this vendor's exact words, for texts that no kind of the catalogue carries.
pub(crate) fn worded(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidStatement { reason: text.into() })
}

/// A broken rule of a definition, in this vendor's exact words.
pub(crate) fn definition(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidDefinition { reason: text.into() })
}

/// The text of a failed statement.
pub(crate) fn statement_text(error: &Error, endpoint: Endpoint) -> String {
    let skin = skin(&error.kind);
    let is_syntax = matches!(*error.kind, ErrorKind::Syntax { .. });
    let prefix = if skin.prefixed && !(is_syntax && endpoint == Endpoint::Query) { "pq: " } else { "" };
    let text = names::shown_text(dialect::shortened(&skin.text).into_owned());
    match error.position.filter(|_| is_syntax) {
        Some(at) => format!("{prefix}{text} (line {}, column {})", at.line, at.column),
        None => format!("{prefix}{text}"),
    }
}

/// The text of a request that failed before any statement ran.
pub(crate) fn request_text(error: &Error) -> String {
    let text = dialect::shortened(&skin(&error.kind).text).into_owned();
    match *error.kind {
        ErrorKind::InvalidTimeZone { .. } => format!("pq: {text}"),
        _ => text,
    }
}

fn at(place: Option<&Place>) -> String {
    place.map(|place| format!(" (column {})", place.column)).unwrap_or_default()
}

fn shown(data_type: DataType) -> String {
    types::display(data_type, types::default_word(data_type))
}

fn permission(user: &str, privilege: Privilege, object_kind: &str, object: &str) -> String {
    let word = match privilege {
        // CREATE covers making and changing here.
        Privilege::Alter => "CREATE".to_owned(),
        Privilege::ManageUsers => "CREATEROLE".to_owned(),
        other => other.to_string(),
    };
    match (object_kind, privilege) {
        ("server", Privilege::Settings) => {
            "only users with the admin role are allowed to SET CLUSTER SETTING".to_owned()
        }
        ("server", Privilege::ManageUsers) => format!("user {user} does not have {word} privilege"),
        ("server", _) => format!("only users with the admin role are allowed to {word} DATABASE"),
        ("table", _) => format!("user {user} does not have {word} privilege on relation {object}"),
        (kind, _) => format!("user {user} does not have {word} privilege on {kind} {object}"),
    }
}

fn out_of_range(value: &str, data_type: DataType, place: Option<&Place>) -> String {
    let noun = if data_type.is_integer() {
        "integer"
    } else if data_type.is_float() {
        "float"
    } else {
        "value"
    };
    format!("{noun} \"{value}\" out of range for type {}{}", shown(data_type), at(place))
}

fn value_count(row: u64, values: u64, columns: u64) -> String {
    let (more, than) =
        if values > columns { ("expressions", "target columns") } else { ("target columns", "expressions") };
    format!("insert (row {row}) has more {more} than {than}, {values} expressions for {columns} targets")
}

fn wrong_kind(statement: &str, endpoint: &str) -> String {
    match endpoint {
        "ddl" => "wrong statement for ddl interface and please check".to_owned(),
        "insert" => "can not find insert statement and please check".to_owned(),
        _ => format!("do not support {statement} statement for query interface, please check."),
    }
}

fn wrong_method(allowed: &str) -> String {
    match allowed {
        "GET" => "support only GET method.".to_owned(),
        "POST" => "only support POST method".to_owned(),
        several => format!("only support {} method.", several.replace(", ", "/")),
    }
}

/// How a kind looks at this door.
pub(crate) fn skin(kind: &ErrorKind) -> Skin {
    use ErrorKind as E;
    use StatusCode as S;
    let own = || kind.to_string();
    let (status, prefixed, text) = match kind {
        E::CredentialsMissing {} => (S::UNAUTHORIZED, false, "wrong username or password, please check".to_owned()),
        E::CredentialsMalformed { reason } => (S::UNAUTHORIZED, false, reason.clone()),
        E::CredentialsWrong {} => (
            S::UNAUTHORIZED,
            false,
            "the provided username and password did not match any credentials on the server.".to_owned(),
        ),
        E::PasswordExpired {} => (S::UNAUTHORIZED, false, "the password for user has expired.".to_owned()),
        E::TokenInvalid {} => (S::UNAUTHORIZED, false, "Incorrect authentication token".to_owned()),
        E::PermissionDenied { user, privilege, object_kind, object } => {
            (S::BAD_REQUEST, true, permission(user, *privilege, object_kind, object))
        }
        E::PathNotFound { .. } => (S::NOT_FOUND, false, "404 page not found".to_owned()),
        E::MethodNotAllowed { allowed, .. } => (S::BAD_REQUEST, false, wrong_method(allowed)),
        E::BodyEmpty {} => (S::BAD_REQUEST, false, "invalid request body".to_owned()),
        E::BodyTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, false, own()),
        E::BodyNotUtf8 { .. } => (S::BAD_REQUEST, false, format!("invalid request body: {}", own())),
        E::BodyBroken { reason } => (S::BAD_REQUEST, false, format!("invalid request body: {reason}")),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => (S::REQUEST_TIMEOUT, false, own()),
        E::BodyEncodingUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, false, own()),
        E::InvalidParameter { name, value, expected } => {
            (S::BAD_REQUEST, true, format!("invalid value for parameter \"{name}\": \"{value}\": expected {expected}"))
        }
        E::UnknownParameter { name } => (S::BAD_REQUEST, true, format!("unknown cluster setting '{name}'")),
        E::InvalidTimeZone { zone } => {
            (S::BAD_REQUEST, true, format!("invalid value for parameter \"timezone\": \"{zone}\""))
        }
        E::WrongStatementKind { statement, endpoint } => (S::BAD_REQUEST, false, wrong_kind(statement, endpoint)),
        E::TooManyStatements { .. } => {
            (S::BAD_REQUEST, false, "only support single statement for each query interface, please check.".to_owned())
        }
        E::Syntax { .. } => {
            let text = syntax_error_text(&Error::new(kind.clone()));
            (S::BAD_REQUEST, true, text.unwrap_or_else(own))
        }
        E::Unsupported { what } => {
            let text = reword::reworded_unsupported(what);
            (S::BAD_REQUEST, true, text.unwrap_or_else(|| format!("{what} is not supported")))
        }
        E::InvalidStatement { reason } => {
            (S::BAD_REQUEST, true, reword::reworded(reason).unwrap_or_else(|| reason.clone()))
        }
        E::InvalidDefinition { reason } => (S::BAD_REQUEST, true, reason.clone()),
        E::InvalidName { name, reason } => (S::BAD_REQUEST, true, format!("invalid name: \"{name}\", {reason}")),
        E::DatabaseNotFound { database } => (S::BAD_REQUEST, true, format!("database \"{database}\" does not exist")),
        E::DatabaseExists { database } => (S::BAD_REQUEST, true, format!("database \"{database}\" already exists")),
        E::DatabaseNotEmpty { database } => {
            (S::BAD_REQUEST, true, format!("database \"{database}\" is not empty and RESTRICT was specified"))
        }
        E::TableNotFound { table } => (S::BAD_REQUEST, true, format!("relation \"{table}\" does not exist")),
        E::TableExists { table } => (S::BAD_REQUEST, true, format!("relation \"{table}\" already exists")),
        E::NameAmbiguous { name, candidates } => (
            S::BAD_REQUEST,
            true,
            format!("column reference \"{name}\" is ambiguous (candidates: {})", candidates.join(", ")),
        ),
        E::ColumnNotFound { column, .. } => (S::BAD_REQUEST, true, format!("column \"{column}\" does not exist")),
        E::ColumnExists { column } => (S::BAD_REQUEST, true, format!("duplicate column name: \"{column}\"")),
        E::FunctionNotFound { function } => {
            let text = reword::unknown_signature(function);
            (S::BAD_REQUEST, true, text.unwrap_or_else(|| format!("unknown function: {function}()")))
        }
        E::UserNotFound { user } => (S::BAD_REQUEST, true, format!("role/user {user} does not exist")),
        E::UserExists { user } => (S::BAD_REQUEST, true, format!("a role/user named {user} already exists")),
        E::ValueInvalid { value, data_type, place } => (
            S::BAD_REQUEST,
            true,
            format!("could not resolve \"{value}\" as {} type{}", shown(*data_type), at(place.as_ref())),
        ),
        E::ValueOutOfRange { value, data_type, place } => {
            (S::BAD_REQUEST, true, out_of_range(value, *data_type, place.as_ref()))
        }
        E::ValueTooLong { value, data_type, place } => (
            S::BAD_REQUEST,
            true,
            format!("value '{value}' too long for type {}{}", shown(*data_type), at(place.as_ref())),
        ),
        E::ValueCount { row, values, columns } => (S::BAD_REQUEST, true, value_count(*row, *values, *columns)),
        E::NullValue { column } => {
            (S::BAD_REQUEST, true, format!("null value in column \"{column}\" violates not-null constraint"))
        }
        E::KeyMissing { columns } => {
            (S::BAD_REQUEST, true, format!("need to specify all primary tag [{}]", columns.join(" ")))
        }
        E::DuplicateAssignment { column } => {
            (S::BAD_REQUEST, true, format!("multiple assignments to the same column \"{column}\""))
        }
        E::DuplicateKey { constraint, columns, values } => (
            S::BAD_REQUEST,
            true,
            format!(
                "duplicate key value ({})=({}) violates unique constraint \"{constraint}\"",
                columns.join(","),
                values.join(",")
            ),
        ),
        E::DivisionByZero {} => (S::BAD_REQUEST, true, "division by zero".to_owned()),
        E::NumericOverflow { what } => (S::BAD_REQUEST, true, reword::out_of_range(what)),
        E::QueryMemoryExceeded { .. } | E::WriteMemoryExceeded { .. } => (S::INTERNAL_SERVER_ERROR, true, own()),
        E::QueryTimeout { limit_ms } => (
            S::INTERNAL_SERVER_ERROR,
            true,
            format!("query execution canceled due to statement timeout ({limit_ms} ms)"),
        ),
        E::QueryCancelled {} => (S::INTERNAL_SERVER_ERROR, true, "query execution canceled".to_owned()),
        E::StatementTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, false, own()),
        E::Overloaded { what } => {
            let text = if what.contains("connection") { "too many connections".to_owned() } else { own() };
            (S::SERVICE_UNAVAILABLE, false, text)
        }
        E::SchemaChanged { table } => {
            (S::SERVICE_UNAVAILABLE, true, format!("table \"{table}\" is being modified. Please wait for success"))
        }
        E::DiskFull {} | E::ReadOnly { .. } | E::ShuttingDown {} => (S::SERVICE_UNAVAILABLE, true, own()),
        E::Corrupt { .. } | E::FormatTooNew { .. } | E::DirectoryLocked { .. } | E::Io { .. } | E::Internal { .. } => {
            (S::INTERNAL_SERVER_ERROR, true, own())
        }
    };
    Skin { status, code: -1, text, prefixed }
}

#[cfg(test)]
mod tests;
