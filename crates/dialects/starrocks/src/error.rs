//! This vendor's skin of the error catalogue: status, code, reason and text of every kind.
//!
//! [`skin`] is one exhaustive match without a wildcard: a new kind does not compile until it has its
//! words here. The statuses are those that the standard lists, no others: what exists already is 400,
//! what is missing 404, and the limit of a rate 503. Codes are the numbers of the vendor's server
//! where it has one, else `9` and the status.

use crate::wire::Detail;
use axum::http::StatusCode;
use model::{Error, ErrorKind};

/// How one kind of error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    /// What happened, for programs.
    pub(crate) reason: &'static str,
    /// What happened, for people.
    pub(crate) message: String,
    pub(crate) details: Vec<Detail>,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
    /// The methods that work, on a 405.
    pub(crate) allow: Option<Box<str>>,
}

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, Failure>;

impl Failure {
    /// A request that must be changed.
    pub(crate) fn bad(reason: &'static str, message: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, "9400", reason, message)
    }

    /// Something that is not there.
    pub(crate) fn missing(code: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self::with(StatusCode::NOT_FOUND, code, reason, message)
    }

    /// A failure with a status and a code.
    pub(crate) fn with(
        status: StatusCode,
        code: &'static str,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self { status, code, reason, message, details: Vec::new(), help: None, allow: None }
    }

    /// The same, about one field.
    pub(crate) fn about(mut self, field: impl Into<String>, issue: &'static str) -> Self {
        self.details.push(Detail { field: field.into(), issue });
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let skin = skin(&error.kind);
        let mut failure =
            Self::with(skin.status, skin.code, skin.reason, dialect::shortened(&text(&error, skin.text)).into_owned());
        failure.help = Some(error.code().info().help);
        if let ErrorKind::MethodNotAllowed { allowed, .. } = error.kind.as_ref() {
            failure.allow = Some(allowed.as_str().into());
        }
        failure
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Error::new(kind).into()
    }
}

/// The text with the place in the statement, as the vendor's parser says it.
fn text(error: &Error, text: String) -> String {
    match (error.position, error.kind.as_ref()) {
        (Some(at), ErrorKind::Syntax { .. }) => {
            format!("Getting syntax error at line {}, column {}. Detail message: {text}", at.line, at.column)
        }
        (None, ErrorKind::Syntax { .. }) => format!("Getting syntax error. Detail message: {text}"),
        (Some(at), _) => format!("Getting analyzing error at line {}, column {}. {text}", at.line, at.column),
        (None, _) => text,
    }
}

/// How a kind looks at this door.
pub(crate) fn skin(kind: &ErrorKind) -> Skin {
    use ErrorKind as E;
    use StatusCode as S;
    let own = || kind.to_string();
    let (status, code, reason, text) = match kind {
        E::CredentialsMissing {} => {
            (S::UNAUTHORIZED, "1045", "CREDENTIALS_MISSING", "Need auth information.".to_owned())
        }
        E::CredentialsMalformed { reason } => {
            (S::UNAUTHORIZED, "1045", "CREDENTIALS_MALFORMED", format!("Need auth information: {reason}."))
        }
        E::CredentialsWrong {} => {
            (S::UNAUTHORIZED, "1045", "CREDENTIALS_WRONG", "Access denied: user and password do not match.".to_owned())
        }
        E::PasswordExpired {} => {
            (S::UNAUTHORIZED, "1045", "PASSWORD_EXPIRED", "Access denied: the password has expired.".to_owned())
        }
        E::TokenInvalid {} => (S::UNAUTHORIZED, "1045", "TOKEN_INVALID", own()),
        E::PermissionDenied { user, privilege, object_kind, object } => {
            let place = if object.is_empty() { (*object_kind).to_owned() } else { format!("{object_kind} {object}") };
            let text = format!("Access denied; user '{user}' needs the {privilege} privilege on {place}");
            (S::FORBIDDEN, "1044", "PERMISSION_DENIED", text)
        }
        E::PathNotFound { path } => (S::NOT_FOUND, "9404", "PATH_NOT_FOUND", format!("there is no REST API at {path}")),
        E::MethodNotAllowed { method, .. } => {
            (S::METHOD_NOT_ALLOWED, "9405", "METHOD_NOT_ALLOWED", format!("HTTP method is not allowed: {method}"))
        }
        E::BodyEmpty {} => (S::BAD_REQUEST, "9400", "BODY_EMPTY", own()),
        E::BodyTooLarge { .. } => (S::BAD_REQUEST, "9400", "BODY_TOO_LARGE", own()),
        E::BodyNotUtf8 { .. } => (S::BAD_REQUEST, "9400", "BODY_NOT_UTF8", own()),
        E::BodyBroken { .. } => (S::BAD_REQUEST, "9400", "BODY_BROKEN", own()),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => (S::BAD_REQUEST, "9400", "BODY_TIMEOUT", own()),
        E::BodyEncodingUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "9415", "UNSUPPORTED_ENCODING", own()),
        E::InvalidParameter { .. } => (S::BAD_REQUEST, "9400", "INVALID_PARAMETER", own()),
        E::UnknownParameter { .. } => (S::BAD_REQUEST, "9400", "UNKNOWN_PARAMETER", own()),
        E::InvalidTimeZone { zone } => {
            (S::BAD_REQUEST, "1298", "UNKNOWN_TIME_ZONE", format!("Unknown or incorrect time zone: '{zone}'"))
        }
        E::WrongStatementKind { .. } => (
            S::BAD_REQUEST,
            "9400",
            "WRONG_STATEMENT",
            "/api/v1/sql only support SELECT, SHOW, EXPLAIN, DESC, KILL statement".to_owned(),
        ),
        E::TooManyStatements { .. } => (
            S::BAD_REQUEST,
            "9400",
            "ONLY_ONE_STATEMENT",
            "/api/v1/sql does not support execute multiple query".to_owned(),
        ),
        E::Syntax { near, reason } => {
            let near = if near.is_empty() { "the end".to_owned() } else { format!("'{near}'") };
            (S::BAD_REQUEST, "1064", "SYNTAX_ERROR", format!("{reason}, at {near}."))
        }
        E::Unsupported { .. } => (S::BAD_REQUEST, "1235", "UNSUPPORTED", own()),
        E::InvalidStatement { reason } => (S::BAD_REQUEST, "1064", "INVALID_STATEMENT", reason.clone()),
        E::InvalidName { name, reason } => {
            (S::BAD_REQUEST, "9400", "INVALID_NAME", format!("Incorrect name '{name}': {reason}"))
        }
        E::DatabaseNotFound { database } => {
            (S::NOT_FOUND, "1049", "DATABASE_NOT_FOUND", format!("Unknown database '{database}'"))
        }
        E::DatabaseExists { database } => (
            S::BAD_REQUEST,
            "1007",
            "DATABASE_ALREADY_EXISTS",
            format!("Can't create database '{database}'; database exists"),
        ),
        E::DatabaseNotEmpty { database } => (
            S::BAD_REQUEST,
            "1010",
            "DATABASE_NOT_EMPTY",
            format!("database '{database}' holds tables; drop them first, or ask with force=true"),
        ),
        E::TableNotFound { table } => (S::NOT_FOUND, "1051", "TABLE_NOT_FOUND", format!("Unknown table '{table}'")),
        E::TableExists { table } => {
            (S::BAD_REQUEST, "1050", "TABLE_ALREADY_EXISTS", format!("Table '{table}' already exists"))
        }
        E::NameAmbiguous { name, candidates } => (
            S::BAD_REQUEST,
            "1052",
            "AMBIGUOUS_NAME",
            format!("Column '{name}' is ambiguous: it may be {}", candidates.join(", ")),
        ),
        E::ColumnNotFound { column, .. } => {
            (S::BAD_REQUEST, "1054", "UNKNOWN_COLUMN", format!("Column '{column}' cannot be resolved"))
        }
        E::ColumnExists { column } => {
            (S::BAD_REQUEST, "1060", "COLUMN_ALREADY_EXISTS", format!("Duplicate column name '{column}'"))
        }
        E::FunctionNotFound { function } => {
            (S::BAD_REQUEST, "1305", "UNKNOWN_FUNCTION", format!("No matching function with signature: {function}"))
        }
        E::UserNotFound { user } => (S::NOT_FOUND, "9404", "USER_NOT_FOUND", format!("user '{user}' does not exist")),
        E::UserExists { user } => {
            (S::BAD_REQUEST, "1396", "USER_ALREADY_EXISTS", format!("user '{user}' already exists"))
        }
        E::InvalidDefinition { reason } => (S::BAD_REQUEST, "9400", "INVALID_DEFINITION", reason.clone()),
        E::ValueInvalid { .. } => (S::BAD_REQUEST, "1366", "INVALID_VALUE", own()),
        E::ValueOutOfRange { .. } => (S::BAD_REQUEST, "1264", "VALUE_OUT_OF_RANGE", own()),
        E::ValueTooLong { .. } => (S::BAD_REQUEST, "1406", "VALUE_TOO_LONG", own()),
        E::ValueCount { .. } => (S::BAD_REQUEST, "1136", "VALUE_COUNT", own()),
        E::NullValue { column } => (S::BAD_REQUEST, "1048", "NULL_VALUE", format!("Column '{column}' cannot be null")),
        E::KeyMissing { .. } => (S::BAD_REQUEST, "9400", "KEY_MISSING", own()),
        E::DuplicateAssignment { .. } => (S::BAD_REQUEST, "1110", "COLUMN_NAMED_TWICE", own()),
        E::DuplicateKey { .. } => (S::BAD_REQUEST, "1062", "DUPLICATE_KEY", own()),
        E::DivisionByZero {} => (S::BAD_REQUEST, "1365", "DIVISION_BY_ZERO", own()),
        E::NumericOverflow { .. } => (S::BAD_REQUEST, "1690", "NUMERIC_OVERFLOW", own()),
        E::QueryMemoryExceeded { .. } => (S::BAD_REQUEST, "9400", "QUERY_MEMORY_EXCEEDED", own()),
        E::WriteMemoryExceeded { .. } => (S::BAD_REQUEST, "9400", "WRITE_MEMORY_EXCEEDED", own()),
        E::QueryTimeout { .. } => (S::BAD_REQUEST, "1317", "QUERY_TIMEOUT", own()),
        E::QueryCancelled {} => (S::BAD_REQUEST, "1317", "QUERY_CANCELLED", own()),
        E::StatementTooLarge { .. } => (S::BAD_REQUEST, "9400", "STATEMENT_TOO_LARGE", own()),
        E::Overloaded { .. } => (S::SERVICE_UNAVAILABLE, "9503", "OVERLOADED", own()),
        E::SchemaChanged { .. } => (S::SERVICE_UNAVAILABLE, "9503", "SCHEMA_CHANGED", own()),
        E::DiskFull {} => (S::SERVICE_UNAVAILABLE, "9503", "DISK_FULL", own()),
        E::ReadOnly { .. } => (S::SERVICE_UNAVAILABLE, "9503", "READ_ONLY", own()),
        E::ShuttingDown {} => (S::SERVICE_UNAVAILABLE, "9503", "SHUTTING_DOWN", own()),
        E::Corrupt { .. } => (S::INTERNAL_SERVER_ERROR, "9500", "DAMAGED_FILE", own()),
        E::FormatTooNew { .. } => (S::INTERNAL_SERVER_ERROR, "9500", "FORMAT_TOO_NEW", own()),
        E::DirectoryLocked { .. } => (S::INTERNAL_SERVER_ERROR, "9500", "DIRECTORY_LOCKED", own()),
        E::Io { .. } => (S::INTERNAL_SERVER_ERROR, "9500", "IO_ERROR", own()),
        E::Internal { .. } => (S::INTERNAL_SERVER_ERROR, "9500", "INTERNAL_ERROR", own()),
    };
    Skin { status, code, reason, text }
}
