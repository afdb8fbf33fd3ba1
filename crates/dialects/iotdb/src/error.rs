//! This vendor's skin of the error catalogue: HTTP status, body code and text of every kind.
//!
//! Almost every failure is HTTP 200 with a code and a text in its body. [`skin`] is one exhaustive
//! match without a wildcard: a new kind does not compile until it has its words here.

mod reword;

use crate::types;
use axum::http::StatusCode;
use model::{Code, Error, ErrorKind, Place, Privilege};

/// The package of the vendor's exceptions whose name stands before some texts.
const EXCEPTION: &str = "org.apache.iotdb.commons.exception.IoTDBException: ";
const NO_TABLE: &str = "org.apache.iotdb.commons.exception.table.TableNotExistsException: ";

/// What is answered instead of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The `code` of the body.
    pub(crate) code: u16,
    /// The `message` of the body; JSON null where there is none.
    pub(crate) message: Option<String>,
}

/// What most functions of this dialect give.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure as this vendor answers most: HTTP 200.
    pub(crate) fn new(code: u16, message: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, code, message: Some(message.into()) }
    }

    /// A failure with an HTTP status of its own.
    pub(crate) fn with_status(status: StatusCode, code: u16, message: impl Into<String>) -> Self {
        Self { status, ..Self::new(code, message) }
    }

    /// A failure of the request as such, whose code is its HTTP status.
    pub(crate) fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Self::with_status(status, status.as_u16(), message)
    }

    /// A statement that the other endpoint takes.
    pub(crate) fn wrong_endpoint() -> Self {
        Self::new(301, "EXECUTE_STATEMENT_ERROR")
    }

    /// The message with long names and values cut.
    pub(crate) fn shown_message(&self) -> Option<String> {
        self.message.as_deref().map(|text| dialect::shortened(text).into_owned())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (status, code, message) = skin(&error.kind);
        Self { status, code, message: Some(message) }
    }
}

impl From<ErrorKind> for Failure {
    fn from(kind: ErrorKind) -> Self {
        Error::new(kind).into()
    }
}

/// A statement that makes no sense, in this vendor's exact words.
pub(crate) fn worded(text: impl Into<String>) -> Failure {
    Failure::new(701, text)
}

/// The same for functions that plan, whose errors go through the engine.
pub(crate) fn semantic(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidStatement { reason: text.into() })
}

/// A column that no table has.
pub(crate) fn unresolved(column: &str) -> Failure {
    let dot = if column.contains('.') { "." } else { "" };
    worded(format!("{EXCEPTION}Column '{column}' cannot be resolved{dot}"))
}

/// A column in a condition on devices that is neither tag nor attribute.
pub(crate) fn no_device_column(column: &str) -> Failure {
    worded(format!("{EXCEPTION}Column '{column}' is not an attribute or tag column"))
}

/// A table that a query names and that does not exist.
pub(crate) fn no_table(database: &str, table: &str) -> Failure {
    worded(format!("{NO_TABLE}Table '{database}.{table}' does not exist."))
}

/// A table that a definition names and that does not exist.
pub(crate) fn no_such_table(database: &str, table: &str) -> Failure {
    Failure::new(550, format!("Table '{database}.{table}' does not exist."))
}

/// A change of the information schema.
pub(crate) fn read_only_database() -> Failure {
    worded(format!("{EXCEPTION}The database 'information_schema' can only be queried"))
}

/// A database's name that is none.
pub(crate) fn illegal_path(text: impl std::fmt::Display) -> Failure {
    worded(format!("org.apache.iotdb.commons.exception.IllegalPathException: {text}"))
}

fn permission(privilege: Privilege, object_kind: &str, object: &str) -> String {
    let prefix = "Access Denied: No permissions for this operation, please add ";
    let word = match privilege {
        Privilege::Update => "INSERT".to_owned(),
        Privilege::ManageUsers => "SECURITY".to_owned(),
        Privilege::Settings | Privilege::SeeSessions => "SYSTEM".to_owned(),
        other => other.to_string(),
    };
    match (object_kind, privilege) {
        (_, Privilege::Grant) => format!("{prefix}grant option to privilege{}", on(object)),
        ("server", _) => format!("{prefix}privilege {word}"),
        ("database", _) => format!("{prefix}privilege {word} ON DB:{object}"),
        _ => format!("{prefix}privilege {word}{}", on(object)),
    }
}

fn on(object: &str) -> String {
    if object.is_empty() { String::new() } else { format!(" ON {object}") }
}

fn at(place: Option<&Place>) -> String {
    place.map(|place| format!(" in column '{}'", place.column)).unwrap_or_default()
}

/// Status, body code and text of a kind.
pub(crate) fn skin(kind: &ErrorKind) -> (StatusCode, u16, String) {
    use ErrorKind as E;
    use StatusCode as S;
    let own = || kind.to_string();
    match kind {
        E::CredentialsMissing {} => (S::UNAUTHORIZED, 800, "INIT_AUTH_ERROR".to_owned()),
        E::CredentialsMalformed { .. } => (S::BAD_REQUEST, 303, "Illegal format of authorization header.".to_owned()),
        E::CredentialsWrong {} | E::PasswordExpired {} | E::TokenInvalid {} => {
            (S::UNAUTHORIZED, 801, "WRONG_LOGIN_PASSWORD".to_owned())
        }
        E::PermissionDenied { privilege, object_kind, object, .. } => {
            (S::OK, 803, permission(*privilege, object_kind, object))
        }
        E::PathNotFound { .. } => (S::NOT_FOUND, 404, own()),
        E::MethodNotAllowed { .. } => (S::METHOD_NOT_ALLOWED, 405, own()),
        E::BodyEmpty {} => (S::OK, 305, "sql should not be null".to_owned()),
        E::BodyTooLarge { limit } => {
            (S::PAYLOAD_TOO_LARGE, 413, format!("REST request body exceeds limit {limit} bytes."))
        }
        E::BodyNotUtf8 { .. } | E::BodyBroken { .. } => (S::BAD_REQUEST, 700, own()),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => (S::REQUEST_TIMEOUT, 408, own()),
        E::BodyEncodingUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, 415, own()),
        E::InvalidParameter { .. } | E::UnknownParameter { .. } => (S::OK, 701, own()),
        E::InvalidTimeZone { zone } => (S::BAD_REQUEST, 303, format!("Invalid time zone: {zone}")),
        E::WrongStatementKind { .. } => (S::OK, 301, "EXECUTE_STATEMENT_ERROR".to_owned()),
        E::TooManyStatements { .. } | E::Syntax { .. } => (S::OK, 700, own()),
        E::Unsupported { what } => (S::OK, 701, format!("{what} is not supported")),
        E::InvalidStatement { reason } => (S::OK, 701, reword::reworded(reason).unwrap_or_else(|| reason.clone())),
        E::InvalidDefinition { reason } => (S::OK, 701, reason.clone()),
        E::InvalidName { .. } => (S::OK, 701, own()),
        E::DatabaseNotFound { database } => (S::OK, 500, format!("Unknown database {database}")),
        E::DatabaseExists { database } => (S::OK, 501, format!("Database {database} already exists")),
        E::DatabaseNotEmpty { .. } => (S::OK, 701, own()),
        E::TableNotFound { table } => (S::OK, 550, format!("Table '{table}' does not exist.")),
        E::TableExists { table } => (S::OK, 551, format!("Table '{table}' already exists.")),
        E::NameAmbiguous { name, .. } => (S::OK, 701, format!("Column '{name}' is ambiguous")),
        E::ColumnNotFound { column, table } => {
            let name = table.as_ref().map_or_else(|| column.clone(), |table| format!("{table}.{column}"));
            let dot = if table.is_some() { "." } else { "" };
            (S::OK, 701, format!("{EXCEPTION}Column '{name}' cannot be resolved{dot}"))
        }
        E::ColumnExists { column } => (S::OK, 552, format!("Column '{column}' already exist")),
        E::FunctionNotFound { function } => {
            let name = function.split('(').next().unwrap_or_default();
            (S::OK, 701, format!("Unknown function: {name}"))
        }
        E::UserNotFound { user } => (S::OK, 804, format!("User {user} does not exist")),
        E::UserExists { user } => (S::OK, 805, format!("User {user} already exists")),
        E::ValueInvalid { value, data_type, place } => (
            S::OK,
            507,
            format!(
                "data type is not consistent, input {value}, registered {}{}",
                types::word_of(*data_type, None),
                at(place.as_ref())
            ),
        ),
        E::ValueOutOfRange { value, data_type, place } => (
            S::OK,
            507,
            format!("{value} is out of range of {}{}", types::word_of(*data_type, None), at(place.as_ref())),
        ),
        E::ValueTooLong { .. } => (S::OK, 507, own()),
        E::ValueCount { .. } | E::NullValue { .. } | E::KeyMissing { .. } => (S::OK, 701, own()),
        E::DuplicateAssignment { column } => {
            (S::OK, 701, format!("Insertion contains duplicated measurement: {column}"))
        }
        E::DuplicateKey { .. } => (S::OK, 507, own()),
        E::DivisionByZero {} => (S::OK, 751, "Division by zero".to_owned()),
        E::NumericOverflow { what } => (S::OK, 750, reword::overflow(what)),
        E::QueryMemoryExceeded { .. } | E::WriteMemoryExceeded { .. } => (S::OK, 719, own()),
        E::QueryTimeout { .. } => (S::OK, 720, own()),
        E::QueryCancelled {} => (S::OK, 715, own()),
        E::StatementTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, 413, own()),
        E::Overloaded { .. } => (S::SERVICE_UNAVAILABLE, 503, own()),
        E::SchemaChanged { .. } => (S::OK, 507, own()),
        E::DiskFull {} => (S::OK, 611, own()),
        E::ReadOnly { .. } => (S::OK, 600, own()),
        E::ShuttingDown {} => (S::SERVICE_UNAVAILABLE, 305, "thrift service is unavailable".to_owned()),
        E::Corrupt { .. } | E::FormatTooNew { .. } | E::DirectoryLocked { .. } | E::Io { .. } | E::Internal { .. } => {
            (S::OK, 305, own())
        }
    }
}

/// A write that met a changed table, and may be sent again.
pub(crate) fn changed_meanwhile() -> Failure {
    Failure::new(507, "the table was changed meanwhile: send the request again")
}

/// Whether an error only says that the definition changed meanwhile, so that the write can be
/// made anew.
pub(crate) fn is_schema_change(error: &Error) -> bool {
    error.code() == Code::SchemaChanged
}

#[cfg(test)]
mod tests;
