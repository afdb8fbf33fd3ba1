//! An error of every kind. A new kind does not compile here until it has a sample, so that no
//! dialect's matrix of errors can leave one out.

use model::{Code, DataType, ErrorKind, Place, Privilege, TextLength};

/// Errors of every kind, in the order of the kinds: those of a dialect's own, whose texts depend on
/// the fields, and for every other kind that of [`error_of`].
pub fn errors(own: Vec<ErrorKind>) -> Vec<ErrorKind> {
    let of = |code: Code| {
        let of_kind: Vec<ErrorKind> = own.iter().filter(|kind| kind.code() == code).cloned().collect();
        if of_kind.is_empty() { vec![error_of(code)] } else { of_kind }
    };
    Code::ALL.iter().copied().flat_map(of).collect()
}

/// An error of this kind, the fields filled with something to be seen in a text.
pub fn error_of(code: Code) -> ErrorKind {
    use {Code as C, ErrorKind as E};
    let s = str::to_owned;
    let place = || Some(Place { column: s("c"), row: Some(2) });
    match code {
        C::CredentialsMissing => E::CredentialsMissing {},
        C::CredentialsMalformed => E::CredentialsMalformed { reason: s("they are not base64") },
        C::CredentialsWrong => E::CredentialsWrong {},
        C::PasswordExpired => E::PasswordExpired {},
        C::TokenInvalid => E::TokenInvalid {},
        C::PermissionDenied => {
            E::PermissionDenied { user: s("u"), privilege: Privilege::Insert, object_kind: "table", object: s("t") }
        }
        C::PathNotFound => E::PathNotFound { path: s("/x") },
        C::MethodNotAllowed => E::MethodNotAllowed { method: s("PUT"), allowed: s("GET, POST") },
        C::BodyEmpty => E::BodyEmpty {},
        C::BodyTooLarge => E::BodyTooLarge { limit: 10 },
        C::BodyNotUtf8 => E::BodyNotUtf8 { offset: 3 },
        C::BodyBroken => E::BodyBroken { reason: s("it ends too early") },
        C::BodyTimeout => E::BodyTimeout { limit_ms: 5 },
        C::BodyTooSlow => E::BodyTooSlow { bytes_per_second: 1000 },
        C::BodyEncodingUnsupported => E::BodyEncodingUnsupported { encoding: s("br") },
        C::InvalidParameter => E::InvalidParameter { name: s("p"), value: s("v"), expected: s("a number") },
        C::UnknownParameter => E::UnknownParameter { name: s("p") },
        C::InvalidTimeZone => E::InvalidTimeZone { zone: s("abc") },
        C::WrongStatementKind => E::WrongStatementKind { statement: s("select"), endpoint: "insert" },
        C::TooManyStatements => E::TooManyStatements { limit: 1 },
        C::Syntax => E::Syntax { near: s("selec"), reason: s("expected a statement") },
        C::Unsupported => E::Unsupported { what: s("this clause") },
        C::InvalidStatement => E::InvalidStatement { reason: s("column c is not grouped") },
        C::InvalidName => E::InvalidName { name: s("a b"), reason: s("it holds a blank") },
        C::DatabaseNotFound => E::DatabaseNotFound { database: s("d") },
        C::DatabaseExists => E::DatabaseExists { database: s("d") },
        C::DatabaseNotEmpty => E::DatabaseNotEmpty { database: s("d") },
        C::TableNotFound => E::TableNotFound { table: s("t") },
        C::TableExists => E::TableExists { table: s("t") },
        C::NameAmbiguous => E::NameAmbiguous { name: s("a"), candidates: vec![s("A"), s("a")] },
        C::ColumnNotFound => E::ColumnNotFound { column: s("c"), table: Some(s("t")) },
        C::ColumnExists => E::ColumnExists { column: s("c") },
        C::FunctionNotFound => E::FunctionNotFound { function: s("f") },
        C::UserNotFound => E::UserNotFound { user: s("u") },
        C::UserExists => E::UserExists { user: s("u") },
        C::InvalidDefinition => E::InvalidDefinition { reason: s("a table needs a time column") },
        C::ValueInvalid => E::ValueInvalid { value: s("x"), data_type: DataType::Int32, place: place() },
        C::ValueOutOfRange => E::ValueOutOfRange { value: s("32768"), data_type: DataType::Int16, place: place() },
        C::ValueTooLong => {
            E::ValueTooLong { value: s("abcde"), data_type: DataType::Text(Some(TextLength::bytes(4))), place: place() }
        }
        C::ValueCount => E::ValueCount { row: 1, values: 5, columns: 4 },
        C::NullValue => E::NullValue { column: s("c") },
        C::KeyMissing => E::KeyMissing { columns: vec![s("a"), s("b")] },
        C::DuplicateAssignment => E::DuplicateAssignment { column: s("c") },
        C::DuplicateKey => E::DuplicateKey { constraint: s("primary"), columns: vec![s("c")], values: vec![s("1")] },
        C::DivisionByZero => E::DivisionByZero {},
        C::NumericOverflow => E::NumericOverflow { what: s("integer") },
        C::QueryMemoryExceeded => E::QueryMemoryExceeded { limit: 1 },
        C::WriteMemoryExceeded => E::WriteMemoryExceeded { limit: 1 },
        C::QueryTimeout => E::QueryTimeout { limit_ms: 5 },
        C::QueryCancelled => E::QueryCancelled {},
        C::StatementTooLarge => E::StatementTooLarge { limit: 1 },
        C::Overloaded => E::Overloaded { what: s("too many requests at once") },
        C::SchemaChanged => E::SchemaChanged { table: s("t") },
        C::DiskFull => E::DiskFull {},
        C::ReadOnly => E::ReadOnly { reason: s("a sync failed") },
        C::ShuttingDown => E::ShuttingDown {},
        C::Corrupt => E::Corrupt { file: s("f"), reason: s("checksum") },
        C::FormatTooNew => E::FormatTooNew { found: s("9"), known: s("1") },
        C::DirectoryLocked => E::DirectoryLocked { directory: s("d") },
        C::Io => E::Io { operation: s("read f"), reason: s("gone") },
        C::Internal => E::Internal { reason: s("oops") },
    }
}

#[cfg(test)]
mod tests {
    use super::{error_of, errors};
    use model::{Code, ErrorKind};

    #[test]
    fn samples_are_of_their_kinds() {
        for code in Code::ALL {
            assert_eq!(error_of(*code).code(), *code);
        }
    }

    #[test]
    fn own_errors_stand_in_place_of_the_sample() {
        let own = ["a", "b"].map(|path| ErrorKind::PathNotFound { path: path.to_owned() });
        let all = errors(own.to_vec());
        assert_eq!(all.len(), Code::ALL.len() + 1);
        let paths: Vec<_> = all.into_iter().filter(|kind| kind.code() == Code::PathNotFound).collect();
        assert_eq!(paths, own);
    }
}
