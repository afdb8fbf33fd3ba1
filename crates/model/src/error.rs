//! The error catalogue: every way in which Chronoglot can say no.
//!
//! [`ErrorKind`] carries what a user needs to act, [`Code`] is its name, and [`Code::info`] its
//! row in the catalogue. Dialects turn a kind into their vendor's status, code and text; the text
//! that [`Error`] prints itself is Chronoglot's own.

use crate::{DataType, Privilege};
use std::fmt;

/// Whether the same request may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Not without a change to the request or to the store.
    No,
    /// Yes, after a while.
    Later,
}

/// A row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct CodeInfo {
    /// The HTTP status where a dialect has no law of its own.
    pub http_status: u16,
    /// Whether to try again.
    pub retry: Retry,
    /// What to do, in one sentence.
    pub help: &'static str,
}

/// A position in the text of a request, counted in characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPosition {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

/// Where a value was meant to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The column.
    pub column: String,
    /// The row within the statement, from 1, where it has several.
    pub row: Option<u64>,
}

/// An error: what happened, and where in the request's text if it is about text.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What happened.
    pub kind: Box<ErrorKind>,
    /// Where.
    pub position: Option<TextPosition>,
}

impl Error {
    /// An error without a position.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind: Box::new(kind), position: None }
    }

    /// The same error at a position, unless it already has one.
    #[must_use]
    pub fn at(mut self, position: TextPosition) -> Self {
        self.position.get_or_insert(position);
        self
    }

    /// A fault of Chronoglot itself.
    #[must_use]
    pub fn internal(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal { reason: reason.to_string() })
    }

    /// Something that no grammar or engine here does.
    #[must_use]
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported { what: what.into() })
    }

    /// Its name in the catalogue.
    #[must_use]
    pub fn code(&self) -> Code {
        self.kind.code()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match self.position {
            Some(TextPosition { line, column }) => write!(f, " (line {line}, column {column})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

struct At<'a>(&'a Option<Place>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Place { column, row: Some(row) }) => write!(f, ", column \"{column}\", row {row}"),
            Some(Place { column, row: None }) => write!(f, ", column \"{column}\""),
            None => Ok(()),
        }
    }
}

/// Makes the two enums and the map between them from one table: a kind with its fields, its own
/// text, HTTP status, retry, and help.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty),* $(,)? }
        => $status:literal, $retry:ident, $text:literal $(at $place:ident)?, $help:literal;)*) => {
        /// What happened, with what a user needs to act.
        #[derive(Clone, Debug, PartialEq, thiserror::Error)]
        pub enum ErrorKind {
            $($(#[$doc])* #[error($text $(, At($place))?)] $name { $($(#[$fdoc])* $field: $ty),* },)*
        }

        /// The names of the catalogue.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its row in the catalogue.
            #[must_use]
            pub const fn info(self) -> CodeInfo {
                match self {
                    $(Self::$name => CodeInfo { http_status: $status, retry: Retry::$retry, help: $help },)*
                }
            }
        }

        impl ErrorKind {
            /// Its name in the catalogue.
            #[must_use]
            pub const fn code(&self) -> Code {
                match self { $(Self::$name { .. } => Code::$name,)* }
            }
        }
    };
}

catalogue! {
    // Who are you
    /// No credentials came with the request.
    CredentialsMissing {} => 401, No, "the request carries no credentials", "Send a user and password, or a token.";
    /// The credentials cannot be read.
    CredentialsMalformed {
        /// What is wrong with them.
        reason: String,
    } => 401, No, "the credentials cannot be read: {reason}", "Check the Authorization header.";
    /// User and password do not match; never says which.
    CredentialsWrong {} => 401, No, "user and password do not match", "Check both; the user may not exist.";
    /// The password's last day has passed.
    PasswordExpired {} => 401, No, "the password has expired", "Ask an administrator for a new one.";
    /// A token is unknown or has run out.
    TokenInvalid {} => 401, No, "the token is unknown or has expired", "Log in again.";
    /// The user may not do that.
    PermissionDenied {
        /// Who asked.
        user: String,
        /// What it takes.
        privilege: Privilege,
        /// On what kind of object: `database`, `table`, or `server`.
        object_kind: &'static str,
        /// Its name; empty for the server.
        object: String,
    } => 403, No, "user \"{user}\" lacks {privilege} on {object_kind} \"{object}\"", "Ask an administrator for a grant.";

    // The request as such
    /// Nothing answers at that path.
    PathNotFound {
        /// The path.
        path: String,
    } => 404, No, "nothing answers at {path}", "Check the path.";
    /// The path answers to other methods.
    MethodNotAllowed {
        /// The method used.
        method: String,
        /// The methods that work, such as `GET, POST`.
        allowed: String,
    } => 405, No, "{method} does not work here, use {allowed}", "Change the method.";
    /// The body is empty where one is needed.
    BodyEmpty {} => 400, No, "the request has no body", "Send the statement or the data as the body.";
    /// The body is longer than allowed.
    BodyTooLarge {
        /// The limit in bytes.
        limit: u64,
    } => 413, No, "the body is larger than the limit of {limit} bytes", "Send less at once, or raise limits.body_bytes.";
    /// The body is not UTF-8.
    BodyNotUtf8 {
        /// The first offending byte, from 0.
        offset: u64,
    } => 400, No, "the body is not UTF-8: byte {offset} does not belong", "Send UTF-8.";
    /// The body ends before its announced end, is framed wrongly or cannot be decompressed.
    BodyBroken {
        /// What is wrong with it.
        reason: String,
    } => 400, No, "the body of the request cannot be read: {reason}", "Send the body whole, as its headers announce it.";
    /// The body stopped arriving.
    BodyTimeout {
        /// How long it may pause, in milliseconds.
        limit_ms: u64,
    } => 408, Later, "the body of the request did not go on for {limit_ms} ms (limits.body_read_timeout_ms)", "Send without long pauses, or raise limits.body_read_timeout_ms.";
    /// The body arrives too slowly, though it does not stop.
    BodyTooSlow {
        /// How many bytes a second it must bring at least.
        bytes_per_second: u64,
    } => 408, Later, "the body of the request brought less than {bytes_per_second} bytes a second (limits.body_bytes_per_second)", "Send faster or less at once, or lower limits.body_bytes_per_second.";
    /// The body is compressed in a way that is not understood.
    BodyEncodingUnsupported {
        /// The value of `Content-Encoding`.
        encoding: String,
    } => 415, No, "a body in the encoding \"{encoding}\" is not understood, only gzip is", "Send the body as it is, or compress it with gzip.";
    /// A parameter or a setting has a value that it cannot have.
    InvalidParameter {
        /// Its name.
        name: String,
        /// The value given.
        value: String,
        /// What is expected.
        expected: String,
    } => 400, No, "\"{value}\" is no value for {name}: expected {expected}", "Correct the value.";
    /// No such parameter or setting.
    UnknownParameter {
        /// Its name.
        name: String,
    } => 400, No, "there is no parameter \"{name}\"", "Check the spelling.";
    /// A time zone that does not exist.
    InvalidTimeZone {
        /// What was given.
        zone: String,
    } => 400, No, "\"{zone}\" is no time zone", "Use an IANA name or an offset in hours.";
    /// A statement of another kind than this endpoint takes.
    WrongStatementKind {
        /// The statement's first word, lower case.
        statement: String,
        /// The endpoint.
        endpoint: &'static str,
    } => 400, No, "{statement} statements do not go to {endpoint}", "Use the endpoint for this kind of statement.";
    /// More statements than the endpoint takes.
    TooManyStatements {
        /// How many it takes.
        limit: u64,
    } => 400, No, "more than {limit} statements in one request", "Send them one by one.";

    // Text
    /// The text does not follow the grammar.
    Syntax {
        /// The token at which it fails, as written; empty at the end of the text.
        near: String,
        /// What was expected or is wrong.
        reason: String,
    } => 400, No, "syntax error near \"{near}\": {reason}", "Correct the statement.";
    /// Understood, and not done here.
    Unsupported {
        /// What.
        what: String,
    } => 400, No, "{what} is not supported", "See the compatibility page of the dialect.";
    /// The statement is sound grammar but makes no sense: types, grouping, arguments.
    InvalidStatement {
        /// What is wrong.
        reason: String,
    } => 400, No, "{reason}", "Correct the statement.";

    // Names
    /// A name that may not be one.
    InvalidName {
        /// The name.
        name: String,
        /// Why.
        reason: String,
    } => 400, No, "\"{name}\" cannot be a name: {reason}", "Choose another name.";
    /// No such database.
    DatabaseNotFound {
        /// Its name.
        database: String,
    } => 404, No, "database \"{database}\" does not exist", "Check the name, or create it.";
    /// The name is taken.
    DatabaseExists {
        /// Its name.
        database: String,
    } => 409, No, "database \"{database}\" already exists", "Choose another name.";
    /// A database is dropped only empty here.
    DatabaseNotEmpty {
        /// Its name.
        database: String,
    } => 409, No, "database \"{database}\" holds tables", "Drop them first, or ask for CASCADE.";
    /// No such table.
    TableNotFound {
        /// Its name as written.
        table: String,
    } => 404, No, "table \"{table}\" does not exist", "Check the name and the database.";
    /// The name is taken.
    TableExists {
        /// Its name.
        table: String,
    } => 409, No, "table \"{table}\" already exists", "Choose another name.";
    /// A name stands for several things that differ only in case.
    NameAmbiguous {
        /// The name as written.
        name: String,
        /// What it may stand for.
        candidates: Vec<String>,
    } => 400, No, "\"{name}\" may be any of {candidates:?}", "Quote the exact name.";
    /// No such column.
    ColumnNotFound {
        /// Its name as written.
        column: String,
        /// The table, if known.
        table: Option<String>,
    } => 400, No, "column \"{column}\" does not exist", "Check the name.";
    /// The table already has a column of that name, perhaps in another case.
    ColumnExists {
        /// Its name.
        column: String,
    } => 409, No, "column \"{column}\" already exists", "Choose another name.";
    /// No such function, or not for these arguments.
    FunctionNotFound {
        /// Name, and argument types if known.
        function: String,
    } => 400, No, "there is no function {function}", "Check name and arguments.";
    /// No such user or role.
    UserNotFound {
        /// Its name.
        user: String,
    } => 404, No, "user \"{user}\" does not exist", "Check the name.";
    /// The name is taken.
    UserExists {
        /// Its name.
        user: String,
    } => 409, No, "user \"{user}\" already exists", "Choose another name.";
    /// A definition breaks a rule.
    InvalidDefinition {
        /// Which.
        reason: String,
    } => 400, No, "{reason}", "Correct the definition.";

    // Values
    /// A value that is not of the column's type.
    ValueInvalid {
        /// The value as written.
        value: String,
        /// The column's type.
        data_type: DataType,
        /// Where it was meant to go.
        place: Option<Place>,
    } => 400, No, "\"{value}\" is not of type {data_type}{}" at place, "Correct the value.";
    /// A value beyond the range of the column's type.
    ValueOutOfRange {
        /// The value as written.
        value: String,
        /// The column's type.
        data_type: DataType,
        /// Where it was meant to go.
        place: Option<Place>,
    } => 400, No, "{value} is out of range for type {data_type}{}" at place, "Use a value in range, or a wider type.";
    /// A text or binary longer than the column allows.
    ValueTooLong {
        /// The value as written.
        value: String,
        /// The column's type.
        data_type: DataType,
        /// Where it was meant to go.
        place: Option<Place>,
    } => 400, No, "\"{value}\" is too long for type {data_type}{}" at place, "Shorten it, or widen the column.";
    /// A row with more or fewer values than columns.
    ValueCount {
        /// The row, from 1.
        row: u64,
        /// Values given.
        values: u64,
        /// Columns named.
        columns: u64,
    } => 400, No, "row {row} has {values} values for {columns} columns", "Give one value for each column.";
    /// NULL, or no value, for a column that must have one.
    NullValue {
        /// The column.
        column: String,
    } => 400, No, "column \"{column}\" may not be NULL", "Give a value.";
    /// A key column without a value.
    KeyMissing {
        /// All key columns that must be given.
        columns: Vec<String>,
    } => 400, No, "every key column must be given: {columns:?}", "Name the key columns and give their values.";
    /// One column twice in one column list.
    DuplicateAssignment {
        /// The column.
        column: String,
    } => 400, No, "column \"{column}\" is assigned twice", "Name it once.";
    /// A key that exists already.
    DuplicateKey {
        /// The uniqueness rule.
        constraint: String,
        /// Its columns.
        columns: Vec<String>,
        /// The values that stand already.
        values: Vec<String>,
    } => 409, No, "{columns:?} = {values:?} exists already ({constraint})", "Use another key, or update the row.";
    /// Division by zero.
    DivisionByZero {} => 400, No, "division by zero", "Guard the divisor.";
    /// A calculation left the range of its type.
    NumericOverflow {
        /// What overflowed.
        what: String,
    } => 400, No, "{what} is out of range", "Use a wider type.";

    // Limits
    /// The query needs more memory than it may have.
    QueryMemoryExceeded {
        /// The limit in bytes.
        limit: u64,
    } => 400, No, "the query needs more than its {limit} bytes of memory", "Narrow the query, or raise query.memory_bytes.";
    /// The rows of a statement or a load need more memory than may wait for its end.
    WriteMemoryExceeded {
        /// The limit in bytes.
        limit: u64,
    } => 400, No, "the rows that are written need more than the {limit} bytes that one statement may have waiting", "Write fewer rows at once, or raise memory.limit_bytes.";
    /// The query ran out of time.
    QueryTimeout {
        /// The limit in milliseconds.
        limit_ms: u64,
    } => 408, No, "the query took longer than {limit_ms} ms", "Narrow the query, or raise query.timeout_ms.";
    /// Somebody ended the query.
    QueryCancelled {} => 499, No, "the query was cancelled", "Run it again if it was not meant.";
    /// A statement longer than allowed.
    StatementTooLarge {
        /// The limit in bytes.
        limit: u64,
    } => 413, No, "the statement is larger than the limit of {limit} bytes", "Split it, or raise limits.statement_bytes.";
    /// Too much at once.
    Overloaded {
        /// Which limit was reached.
        what: String,
    } => 503, Later, "the server is busy: {what}", "Try again shortly.";
    /// The definition changed while the request was on its way.
    SchemaChanged {
        /// The table.
        table: String,
    } => 409, Later, "table \"{table}\" was changed meanwhile", "Try again.";

    // The store
    /// The disk has no room.
    DiskFull {} => 503, Later, "the disk is full", "Make room; writing goes on by itself.";
    /// Writing ended after a fault, reading goes on.
    ReadOnly {
        /// The fault.
        reason: String,
    } => 503, No, "the store takes no writes: {reason}", "Look at the disk, then restart the server.";
    /// The server is stopping.
    ShuttingDown {} => 503, Later, "the server is stopping", "Try again when it is back.";
    /// A file does not hold what was written to it.
    Corrupt {
        /// The file.
        file: String,
        /// What does not check out.
        reason: String,
    } => 500, No, "{file} is damaged: {reason}", "Restore the file from a backup.";
    /// The data directory was written by a newer version.
    FormatTooNew {
        /// What it says.
        found: String,
        /// What this version reads.
        known: String,
    } => 500, No, "the data directory has format {found}, this version reads {known}", "Start the newer version.";
    /// Another process uses the data directory.
    DirectoryLocked {
        /// The directory.
        directory: String,
    } => 500, No, "another server uses {directory}", "Stop it, or choose another directory.";
    /// The operating system refused.
    Io {
        /// What was tried.
        operation: String,
        /// Its words.
        reason: String,
    } => 500, No, "{operation}: {reason}", "See the server's log.";
    /// A fault of Chronoglot itself.
    Internal {
        /// What went wrong.
        reason: String,
    } => 500, No, "internal error: {reason}", "Please report it.";
}
