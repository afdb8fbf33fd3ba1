//! This vendor's skin of the error catalogue: status, message and details of every kind.
//!
//! What is the same to this door is one class of errors; the match over the classes has no wildcard.

use axum::http::StatusCode;
use dialect::ErrorClass;
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
    use ErrorClass as C;
    let class = ErrorClass::of(kind);
    let message = match class {
        C::Unauthenticated => "Unauthorized",
        C::Forbidden => "Forbidden",
        C::PathNotFound => "Endpoint not found",
        C::MethodNotAllowed => "Method not allowed",
        C::EmptyBody => "Missing request content",
        C::TooLarge => "Request entity too large",
        C::TooSlow => "Request timed out",
        C::UnsupportedEncoding => "Unsupported content encoding",
        C::NotFound => "Not found",
        C::Conflict => "Conflict",
        C::Unavailable => "Service unavailable",
        C::InvalidRequest | C::Unprocessable => "Bad request",
        C::Internal => "Internal Server Error",
    };
    Skin { status: class.status(), message: message.to_owned(), details: kind.to_string() }
}
