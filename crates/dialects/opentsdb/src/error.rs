//! This vendor's skin of the error catalogue: status, message and details of every kind.
//!
//! One exhaustive match without a wildcard: a new kind does not compile until it has its words here.

use axum::http::StatusCode;
use model::ErrorKind;

/// How one kind of error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    pub(crate) status: StatusCode,
    /// What happened, in the vendor's words where it has some.
    pub(crate) message: String,
    /// The rest, with the user's names and values.
    pub(crate) details: String,
}

/// How a kind looks at this door.
pub(crate) fn skin(kind: &ErrorKind) -> Skin {
    use ErrorKind as E;
    use StatusCode as S;
    let (status, message) = match kind {
        E::CredentialsMissing {}
        | E::CredentialsMalformed { .. }
        | E::CredentialsWrong {}
        | E::PasswordExpired {}
        | E::TokenInvalid {} => (S::UNAUTHORIZED, "Unauthorized"),
        E::PermissionDenied { .. } => (S::FORBIDDEN, "Forbidden"),
        E::PathNotFound { .. } => (S::NOT_FOUND, "Endpoint not found"),
        E::MethodNotAllowed { .. } => (S::METHOD_NOT_ALLOWED, "Method not allowed"),
        E::BodyEmpty {} => (S::BAD_REQUEST, "Missing request content"),
        E::BodyTooLarge { .. } | E::StatementTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "Request entity too large"),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => (S::REQUEST_TIMEOUT, "Request timed out"),
        E::BodyEncodingUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "Unsupported content encoding"),
        E::DatabaseNotFound { .. } | E::TableNotFound { .. } | E::UserNotFound { .. } => (S::NOT_FOUND, "Not found"),
        E::DatabaseExists { .. } | E::TableExists { .. } | E::UserExists { .. } | E::DatabaseNotEmpty { .. } => {
            (S::CONFLICT, "Conflict")
        }
        E::SchemaChanged { .. }
        | E::Overloaded { .. }
        | E::DiskFull {}
        | E::ReadOnly { .. }
        | E::ShuttingDown {}
        | E::QueryTimeout { .. }
        | E::QueryCancelled {} => (S::SERVICE_UNAVAILABLE, "Service unavailable"),
        E::BodyNotUtf8 { .. }
        | E::BodyBroken { .. }
        | E::InvalidParameter { .. }
        | E::UnknownParameter { .. }
        | E::InvalidTimeZone { .. }
        | E::WrongStatementKind { .. }
        | E::TooManyStatements { .. }
        | E::Syntax { .. }
        | E::Unsupported { .. }
        | E::InvalidStatement { .. }
        | E::InvalidName { .. }
        | E::NameAmbiguous { .. }
        | E::ColumnNotFound { .. }
        | E::ColumnExists { .. }
        | E::FunctionNotFound { .. }
        | E::InvalidDefinition { .. }
        | E::ValueInvalid { .. }
        | E::ValueOutOfRange { .. }
        | E::ValueTooLong { .. }
        | E::ValueCount { .. }
        | E::NullValue { .. }
        | E::KeyMissing { .. }
        | E::DuplicateAssignment { .. }
        | E::DuplicateKey { .. }
        | E::DivisionByZero {}
        | E::NumericOverflow { .. }
        | E::QueryMemoryExceeded { .. } => (S::BAD_REQUEST, "Bad request"),
        E::Corrupt { .. } | E::FormatTooNew { .. } | E::DirectoryLocked { .. } | E::Io { .. } | E::Internal { .. } => {
            (S::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    };
    Skin { status, message: message.to_owned(), details: kind.to_string() }
}
