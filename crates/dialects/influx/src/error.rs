//! This vendor's skin of the error catalogue: status, version 2's code word, and text of every kind.
//!
//! Status and word are those of a kind's class; the match over the classes has no wildcard.

use axum::http::StatusCode;
use dialect::ErrorClass;
use model::{ErrorKind, Privilege};

/// How one kind of error looks at this door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skin {
    pub(crate) status: StatusCode,
    /// Version 2's word.
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

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
    use ErrorClass as C;
    let class = ErrorClass::of(kind);
    let code = match class {
        C::Unauthenticated => "unauthorized",
        C::Forbidden => "forbidden",
        C::PathNotFound | C::NotFound => "not found",
        C::MethodNotAllowed => "method not allowed",
        C::TooLarge => "request too large",
        C::TooSlow | C::Unavailable => "unavailable",
        C::Conflict => "conflict",
        C::EmptyBody | C::UnsupportedEncoding | C::InvalidRequest => "invalid",
        C::Unprocessable => "unprocessable entity",
        C::Internal => "internal error",
    };
    Skin { status: class.status(), code, text: text(kind) }
}

/// The vendor's words where it has some, else the catalogue's.
fn text(kind: &ErrorKind) -> String {
    use ErrorKind as E;
    match kind {
        E::CredentialsMissing {} => "unable to parse authentication credentials".to_owned(),
        E::CredentialsMalformed { reason } => format!("unable to parse authentication credentials: {reason}"),
        E::CredentialsWrong {} | E::PasswordExpired {} | E::TokenInvalid {} => "authorization failed".to_owned(),
        E::PermissionDenied { user, privilege, object_kind, object } => denied(user, *privilege, object_kind, object),
        E::PathNotFound { .. } => "path not found".to_owned(),
        E::BodyEmpty {} => "writing requires points".to_owned(),
        E::DatabaseNotFound { database } => format!("database not found: \"{database}\""),
        E::TableNotFound { table } => format!("measurement not found: \"{table}\""),
        _ => kind.to_string(),
    }
}
