//! This vendor's skin of the error catalogue: status, version 2's code word, and text of every kind.
//!
//! One exhaustive match without a wildcard: a new kind does not compile until it has its words here.

use axum::http::StatusCode;
use model::{ErrorKind, Privilege};

/// How one kind of error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    pub(crate) status: StatusCode,
    /// Version 2's word.
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

const INVALID: &str = "invalid";
const UNAUTHORIZED: &str = "unauthorized";
const NOT_FOUND: &str = "not found";
const TOO_LARGE: &str = "request too large";
const UNAVAILABLE: &str = "unavailable";
const INTERNAL: &str = "internal error";
const CONFLICT: &str = "conflict";
const UNPROCESSABLE: &str = "unprocessable entity";

fn denied(user: &str, privilege: Privilege, kind: &str, object: &str) -> String {
    let does = match privilege {
        Privilege::Select => "read from",
        Privilege::Insert => "write to",
        _ => return format!("\"{user}\" user is not authorized: {privilege} on {kind} \"{object}\" is missing"),
    };
    format!("\"{user}\" user is not authorized to {does} {kind} \"{object}\"")
}

/// How a kind looks at this door.
pub(crate) fn skin(kind: &ErrorKind) -> Skin {
    use ErrorKind as E;
    use StatusCode as S;
    let own = || kind.to_string();
    let (status, code, text) = match kind {
        E::CredentialsMissing {} => {
            (S::UNAUTHORIZED, UNAUTHORIZED, "unable to parse authentication credentials".to_owned())
        }
        E::CredentialsMalformed { reason } => {
            (S::UNAUTHORIZED, UNAUTHORIZED, format!("unable to parse authentication credentials: {reason}"))
        }
        E::CredentialsWrong {} | E::PasswordExpired {} | E::TokenInvalid {} => {
            (S::UNAUTHORIZED, UNAUTHORIZED, "authorization failed".to_owned())
        }
        E::PermissionDenied { user, privilege, object_kind, object } => {
            (S::FORBIDDEN, "forbidden", denied(user, *privilege, object_kind, object))
        }
        E::PathNotFound { .. } => (S::NOT_FOUND, NOT_FOUND, "path not found".to_owned()),
        E::MethodNotAllowed { .. } => (S::METHOD_NOT_ALLOWED, "method not allowed", own()),
        E::BodyEmpty {} => (S::BAD_REQUEST, INVALID, "writing requires points".to_owned()),
        E::BodyTooLarge { .. } | E::StatementTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, TOO_LARGE, own()),
        E::BodyTimeout { .. } | E::BodyTooSlow { .. } => (S::REQUEST_TIMEOUT, UNAVAILABLE, own()),
        E::BodyEncodingUnsupported { .. } => (S::UNSUPPORTED_MEDIA_TYPE, INVALID, own()),
        E::DatabaseNotFound { database } => (S::NOT_FOUND, NOT_FOUND, format!("database not found: \"{database}\"")),
        E::TableNotFound { table } => (S::NOT_FOUND, NOT_FOUND, format!("measurement not found: \"{table}\"")),
        E::UserNotFound { .. } => (S::NOT_FOUND, NOT_FOUND, own()),
        E::DatabaseExists { .. } | E::TableExists { .. } | E::UserExists { .. } | E::DatabaseNotEmpty { .. } => {
            (S::CONFLICT, CONFLICT, own())
        }
        E::SchemaChanged { .. } | E::Overloaded { .. } | E::DiskFull {} | E::ReadOnly { .. } | E::ShuttingDown {} => {
            (S::SERVICE_UNAVAILABLE, UNAVAILABLE, own())
        }
        E::QueryTimeout { .. } | E::QueryCancelled {} => (S::SERVICE_UNAVAILABLE, UNAVAILABLE, own()),
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
        | E::FunctionNotFound { .. }
        | E::InvalidDefinition { .. }
        | E::DivisionByZero {}
        | E::NumericOverflow { .. }
        | E::QueryMemoryExceeded { .. } => (S::BAD_REQUEST, INVALID, own()),
        E::ColumnExists { .. }
        | E::ValueInvalid { .. }
        | E::ValueOutOfRange { .. }
        | E::ValueTooLong { .. }
        | E::ValueCount { .. }
        | E::NullValue { .. }
        | E::KeyMissing { .. }
        | E::DuplicateAssignment { .. }
        | E::DuplicateKey { .. } => (S::BAD_REQUEST, UNPROCESSABLE, own()),
        E::Corrupt { .. } | E::FormatTooNew { .. } | E::DirectoryLocked { .. } | E::Io { .. } | E::Internal { .. } => {
            (S::INTERNAL_SERVER_ERROR, INTERNAL, own())
        }
    };
    Skin { status, code, text }
}
