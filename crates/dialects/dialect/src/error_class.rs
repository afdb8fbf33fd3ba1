//! What an error means to a door that tells its clients little more than an HTTP status.
//!
//! One exhaustive match without a wildcard: a new kind does not compile until it has its class here.

use axum::http::StatusCode;
use model::ErrorKind;

/// A class of errors; each has one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// Nobody that is known asks.
    Unauthenticated,
    /// Who asks may not.
    Forbidden,
    /// No door has the path.
    PathNotFound,
    /// The path has other methods.
    MethodNotAllowed,
    /// The body is empty.
    EmptyBody,
    /// The body or a statement is too large.
    TooLarge,
    /// The body does not come, or too slowly.
    TooSlow,
    /// The body is encoded in a way that nobody reads.
    UnsupportedEncoding,
    /// A database, table or user is not there.
    NotFound,
    /// A database, table or user is there already, or not empty.
    Conflict,
    /// It may go well later.
    Unavailable,
    /// The request is wrong as such.
    InvalidRequest,
    /// Rows or columns of the request do not fit the table.
    Unprocessable,
    /// It is not the client's doing.
    Internal,
}

impl ErrorClass {
    /// The class of a kind.
    #[must_use]
    pub const fn of(kind: &ErrorKind) -> Self {
        use ErrorKind as E;
        match kind {
            E::CredentialsMissing {}
            | E::CredentialsMalformed { .. }
            | E::CredentialsWrong {}
            | E::PasswordExpired {}
            | E::TokenInvalid {} => Self::Unauthenticated,
            E::PermissionDenied { .. } => Self::Forbidden,
            E::PathNotFound { .. } => Self::PathNotFound,
            E::MethodNotAllowed { .. } => Self::MethodNotAllowed,
            E::BodyEmpty {} => Self::EmptyBody,
            E::BodyTooLarge { .. } | E::StatementTooLarge { .. } => Self::TooLarge,
            E::BodyTimeout { .. } | E::BodyTooSlow { .. } => Self::TooSlow,
            E::BodyEncodingUnsupported { .. } => Self::UnsupportedEncoding,
            E::DatabaseNotFound { .. } | E::TableNotFound { .. } | E::UserNotFound { .. } => Self::NotFound,
            E::DatabaseExists { .. } | E::TableExists { .. } | E::UserExists { .. } | E::DatabaseNotEmpty { .. } => {
                Self::Conflict
            }
            E::SchemaChanged { .. }
            | E::Overloaded { .. }
            | E::DiskFull {}
            | E::ReadOnly { .. }
            | E::ShuttingDown {}
            | E::QueryTimeout { .. }
            | E::QueryCancelled {} => Self::Unavailable,
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
            | E::QueryMemoryExceeded { .. }
            | E::WriteMemoryExceeded { .. } => Self::InvalidRequest,
            E::ColumnExists { .. }
            | E::ValueInvalid { .. }
            | E::ValueOutOfRange { .. }
            | E::ValueTooLong { .. }
            | E::ValueCount { .. }
            | E::NullValue { .. }
            | E::KeyMissing { .. }
            | E::DuplicateAssignment { .. }
            | E::DuplicateKey { .. } => Self::Unprocessable,
            E::Corrupt { .. }
            | E::FormatTooNew { .. }
            | E::DirectoryLocked { .. }
            | E::Io { .. }
            | E::Internal { .. } => Self::Internal,
        }
    }

    /// Its status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::PathNotFound | Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::EmptyBody | Self::InvalidRequest | Self::Unprocessable => StatusCode::BAD_REQUEST,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorClass;
    use model::ErrorKind;

    #[test]
    fn the_status_says_whose_doing_it_is() {
        let status = |kind: ErrorKind| ErrorClass::of(&kind).status().as_u16();
        assert_eq!(status(ErrorKind::TokenInvalid {}), 401);
        assert_eq!(status(ErrorKind::TableNotFound { table: "t".to_owned() }), 404);
        assert_eq!(status(ErrorKind::DivisionByZero {}), 400);
        assert_eq!(status(ErrorKind::DiskFull {}), 503);
        assert_eq!(status(model::Error::internal("x").kind.as_ref().clone()), 500);
    }
}
