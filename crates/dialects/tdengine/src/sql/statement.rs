//! Statements as plain data. Names are folded or quoted already; nothing here knows what exists.

use ::sql::ast;
use model::{DataType, TimeUnit};

/// `[db.]name`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectName {
    pub(crate) database: Option<String>,
    pub(crate) name: String,
}

/// A type as written; a TIMESTAMP takes the unit of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrittenType {
    Plain(DataType, &'static str),
    Timestamp,
}

impl WrittenType {
    /// The stored type in a database of that unit, and the word for it.
    pub(crate) const fn resolve(self, unit: TimeUnit) -> (DataType, &'static str) {
        match self {
            Self::Plain(data_type, word) => (data_type, word),
            Self::Timestamp => (DataType::Instant(unit), "TIMESTAMP"),
        }
    }
}

/// A column or tag of a definition.
#[derive(Clone, Debug)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    pub(crate) data_type: WrittenType,
    /// ENCODE, COMPRESS and LEVEL as written.
    pub(crate) storage: Vec<(&'static str, String)>,
}

/// Options behind a definition: `COMMENT 'x'`, `TTL 1`, `KEEP 10d`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableOptions {
    pub(crate) comment: Option<String>,
    pub(crate) keep_seconds: Option<u64>,
    /// What is kept as a record only: TTL 0, SMA.
    pub(crate) recorded: Vec<(&'static str, String)>,
}

/// An option of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DatabaseOption {
    Precision(TimeUnit),
    KeepSeconds(u64),
    DurationSeconds(u64),
    /// Name and value, kept as a record.
    Recorded(&'static str, String),
}

/// A constant of a TAGS clause or of SET TAG.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    Null,
    Boolean(bool),
    /// With its sign.
    Number(String),
    /// What it means, and what was written between the quotes.
    Text(String, String),
    /// `now`, `today` or a text, moved by so many nanoseconds.
    Moment(Moment, i128),
}

/// What a moment counts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Now,
    Today,
    Text(String),
    Number(String),
}

/// `name USING stable [(tags)] TAGS (values)`
#[derive(Clone, Debug)]
pub(crate) struct Using {
    pub(crate) stable: ObjectName,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) values: Vec<Constant>,
}

/// A child table to make.
#[derive(Clone, Debug)]
pub(crate) struct NewChild {
    pub(crate) if_not_exists: bool,
    pub(crate) name: ObjectName,
    pub(crate) using: Using,
}

/// `CREATE STABLE` and `CREATE TABLE (..)`
#[derive(Clone, Debug)]
pub(crate) struct NewTable {
    pub(crate) if_not_exists: bool,
    pub(crate) name: ObjectName,
    pub(crate) columns: Vec<ColumnDefinition>,
    /// Of a super table.
    pub(crate) tags: Option<Vec<ColumnDefinition>>,
    pub(crate) options: TableOptions,
}

/// What `ALTER TABLE` changes.
#[derive(Clone, Debug)]
pub(crate) enum Alteration {
    AddColumn(ColumnDefinition),
    DropColumn(String),
    ModifyColumn(ColumnDefinition),
    RenameColumn(String, String),
    AddTag(ColumnDefinition),
    DropTag(String),
    ModifyTag(ColumnDefinition),
    RenameTag(String, String),
    SetTags(Vec<(String, Constant)>),
    Options(TableOptions),
}

/// The rows of one table in an INSERT, as ranges of tokens: one per row, without parentheses.
#[derive(Clone, Debug)]
pub(crate) struct InsertTable {
    pub(crate) name: ObjectName,
    pub(crate) using: Option<Using>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) source: InsertSource,
}

/// Where the rows of an INSERT come from.
#[derive(Clone, Debug)]
pub(crate) enum InsertSource {
    /// Token ranges of the rows' insides.
    Values(Vec<(usize, usize)>),
    Query(Box<QueryStatement>),
}

/// A query with what stands in its SELECTs beside standard SQL. A SELECT's `qualify` holds the index
/// of its extras as a placeholder.
#[derive(Clone, Debug)]
pub(crate) struct QueryStatement {
    pub(crate) query: ast::Query,
    pub(crate) extras: Vec<Extras>,
}

/// What one SELECT holds beside standard SQL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// The text of each item as written, lower-cased outside of quotes.
    pub(crate) texts: Vec<String>,
    /// `SELECT TAGS`: one row per child.
    pub(crate) tags: bool,
    pub(crate) partition_by: Vec<ast::Expr>,
    pub(crate) partition_names: Vec<String>,
    pub(crate) window: Option<Window>,
    pub(crate) slimit: Option<u64>,
    pub(crate) soffset: Option<u64>,
}

/// `INTERVAL(length[, offset]) [SLIDING(sliding)]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) length: Duration,
    pub(crate) offset: Option<Duration>,
    pub(crate) sliding: Option<Duration>,
}

/// A span as INTERVAL takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duration {
    /// Whole months.
    Months(i32),
    /// Days, which begin at midnight of the session's zone.
    Days(i32),
    /// A fixed span.
    Nanos(i64),
    /// In the unit of the data.
    Units(i64),
}

/// `SHOW ..`
#[derive(Clone, Debug)]
pub(crate) enum Show {
    Databases(Option<&'static str>),
    Stables(Option<String>, Option<String>),
    Tables {
        kind: Option<&'static str>,
        database: Option<String>,
        like: Option<String>,
    },
    Tags(ObjectName),
    CreateDatabase(String),
    CreateTable(ObjectName),
    Alive,
    /// All columns of a system table.
    System(&'static str, Option<String>),
}

/// What a GRANT is about.
#[derive(Clone, Debug)]
pub(crate) struct GrantStatement {
    /// Its words, upper case.
    pub(crate) privileges: Vec<String>,
    pub(crate) database: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) user: String,
}

/// Changes of a user.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserOptions {
    pub(crate) password: Option<String>,
    pub(crate) enable: Option<bool>,
    /// SYSINFO and CREATEDB.
    pub(crate) create_database: Option<bool>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    CreateDatabase {
        if_not_exists: bool,
        name: String,
        options: Vec<DatabaseOption>,
    },
    DropDatabase {
        if_exists: bool,
        name: String,
    },
    AlterDatabase {
        name: String,
        options: Vec<DatabaseOption>,
    },
    Use(String),
    CreateTable(Box<NewTable>),
    CreateChildren(Vec<NewChild>),
    DropTables {
        stable: bool,
        names: Vec<(bool, ObjectName)>,
    },
    AlterTable {
        name: ObjectName,
        alteration: Alteration,
    },
    Insert(Vec<InsertTable>),
    Delete {
        table: ObjectName,
        filter: Option<Box<ast::Expr>>,
    },
    Query(Box<QueryStatement>),
    Explain {
        analyze: bool,
        query: Box<QueryStatement>,
    },
    Describe(ObjectName),
    Show(Show),
    CreateUser {
        name: String,
        options: UserOptions,
    },
    AlterUser {
        name: String,
        options: UserOptions,
    },
    DropUser(String),
    Grant(GrantStatement),
    Revoke(GrantStatement),
    /// Has nothing to do here and succeeds: `RESET QUERY CACHE`, `FLUSH DATABASE`.
    Nothing,
    /// Known and not done here.
    Unhandled(&'static str),
}
