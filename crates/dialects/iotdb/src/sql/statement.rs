//! The statements of IoTDB's SQL as plain data. Names of databases, tables and columns are in lower
//! case; expressions and queries are sqlparser's, with names as written.

use crate::names::TableName;
use crate::values::Literal;
use model::Privilege;
use sql::ast;

/// Which endpoint takes a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// `/query`: it returns rows.
    Query,
    /// `/nonQuery`: it returns none.
    NonQuery,
}

/// A statement.
#[derive(Clone, Debug)]
pub(crate) enum Statement {
    CreateDatabase {
        if_not_exists: bool,
        name: String,
        properties: Vec<Property>,
    },
    AlterDatabase {
        if_exists: bool,
        name: String,
        properties: Vec<Property>,
    },
    DropDatabase {
        if_exists: bool,
        name: String,
    },
    Use(String),
    CreateTable(Box<CreateTable>),
    AlterTable {
        if_exists: bool,
        table: TableName,
        action: AlterTable,
    },
    DropTable {
        if_exists: bool,
        table: TableName,
    },
    CommentOnTable {
        table: TableName,
        comment: Option<String>,
    },
    CommentOnColumn {
        table: TableName,
        column: String,
        comment: Option<String>,
    },
    Insert(Box<Insert>),
    Update {
        table: TableName,
        assignments: Vec<(String, ast::Expr)>,
        filter: Option<ast::Expr>,
    },
    Delete {
        table: TableName,
        filter: Option<ast::Expr>,
    },
    DeleteDevices {
        table: TableName,
        filter: Option<ast::Expr>,
    },
    Query(Box<ast::Query>),
    Explain {
        analyze: bool,
        query: Box<ast::Query>,
    },
    Show(Show),
    CreateUser {
        name: String,
        password: String,
    },
    CreateRole(String),
    DropUser(String),
    DropRole(String),
    SetPassword {
        user: String,
        password: String,
    },
    RenameUser {
        user: String,
        name: String,
    },
    GrantRole {
        role: String,
        user: String,
    },
    RevokeRole {
        role: String,
        user: String,
    },
    Grant(Grant),
    Revoke(Grant),
    Flush,
    ClearCache,
    KillQuery(String),
    KillAllQueries,
    SetDialect,
    /// The keys of SET CONFIGURATION.
    SetConfiguration(Vec<String>),
    /// A statement that is known by its first words and not done here.
    Unhandled(&'static str, Endpoint),
}

impl Statement {
    /// Which endpoint takes it.
    pub(crate) const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Query(_) | Self::Explain { .. } | Self::Show(_) => Endpoint::Query,
            Self::Unhandled(_, endpoint) => *endpoint,
            _ => Endpoint::NonQuery,
        }
    }
}

/// `key = value` of a database or table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: PropertyValue,
}

/// What a property may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PropertyValue {
    Default,
    Number(i64),
    Text(String),
    Null,
    /// Anything else, as written.
    Other(String),
}

/// `CREATE TABLE`.
#[derive(Clone, Debug)]
pub(crate) struct CreateTable {
    pub(crate) if_not_exists: bool,
    pub(crate) table: TableName,
    pub(crate) columns: Vec<ColumnDefinition>,
    pub(crate) comment: Option<String>,
    pub(crate) properties: Vec<Property>,
}

/// A column's category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Category {
    Tag,
    Attribute,
    Time,
    Field,
}

impl Category {
    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tag => "TAG",
            Self::Attribute => "ATTRIBUTE",
            Self::Time => "TIME",
            Self::Field => "FIELD",
        }
    }
}

/// A column of CREATE TABLE or ALTER TABLE ADD COLUMN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    /// The type as written; what a TAG, an ATTRIBUTE or the TIME may leave out.
    pub(crate) data_type: Option<String>,
    pub(crate) category: Category,
    pub(crate) comment: Option<String>,
}

/// What ALTER TABLE does.
#[derive(Clone, Debug)]
pub(crate) enum AlterTable {
    AddColumn { if_not_exists: bool, column: ColumnDefinition },
    DropColumn { if_exists: bool, column: String },
    SetProperties(Vec<Property>),
    SetType { if_exists: bool, column: String, data_type: String },
    Rename,
    RenameColumn,
}

/// `INSERT INTO`.
#[derive(Clone, Debug)]
pub(crate) struct Insert {
    pub(crate) table: TableName,
    /// The columns named; none when none were.
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) source: InsertSource,
}

/// What an INSERT inserts.
#[derive(Clone, Debug)]
pub(crate) enum InsertSource {
    Values(Vec<Vec<Cell>>),
    Query(Box<ast::Query>),
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A literal, a datetime not yet read.
    Literal(CellLiteral),
    /// `now()`, or a datetime, with spans added.
    Moment { base: Option<String>, spans: Vec<(bool, crate::times::Span)> },
    /// Something else: how the vendor prints it, and whether it is a bare name.
    Other { text: String, is_name: bool },
}

/// A literal of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CellLiteral {
    Value(Literal),
    /// A bare datetime as written.
    Time(String),
}

/// Statements that show something.
#[derive(Clone, Debug)]
pub(crate) enum Show {
    Databases { details: bool },
    Tables { database: Option<String>, details: bool },
    Describe { table: TableName, details: bool },
    CreateTable(TableName),
    Devices { table: TableName, filter: Option<ast::Expr>, offset: Option<u64>, limit: Option<u64> },
    CountDevices { table: TableName, filter: Option<ast::Expr> },
    Version,
    CurrentUser,
    CurrentDatabase,
    CurrentDialect,
    CurrentTimestamp,
    Variables,
    Functions,
    Queries,
    Users { of_role: Option<String> },
    Roles { of_user: Option<String> },
    Privileges { is_role: bool, name: String },
}

/// Where granted privileges hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GrantTarget {
    /// Privileges of the system.
    System,
    /// Everything.
    Any,
    Database(String),
    Table(TableName),
}

/// Who gets privileges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grantee {
    pub(crate) is_role: bool,
    pub(crate) name: String,
}

/// GRANT and REVOKE of privileges.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// Each word's privileges, with the word.
    pub(crate) words: Vec<GrantWord>,
    pub(crate) target: GrantTarget,
    pub(crate) grantee: Grantee,
    /// WITH GRANT OPTION, or GRANT OPTION FOR.
    pub(crate) option: bool,
}

/// A privilege's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantWord {
    Create,
    Drop,
    Alter,
    Select,
    Insert,
    Delete,
    System,
    Security,
    ManageUser,
    ManageRole,
    All,
}

impl GrantWord {
    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Drop => "DROP",
            Self::Alter => "ALTER",
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Delete => "DELETE",
            Self::System => "SYSTEM",
            Self::Security => "SECURITY",
            Self::ManageUser => "MANAGE_USER",
            Self::ManageRole => "MANAGE_ROLE",
            Self::All => "ALL",
        }
    }

    /// What it allows. INSERT sets attributes too, as in this vendor's server.
    pub(crate) const fn privileges(self) -> &'static [Privilege] {
        use Privilege as P;
        match self {
            Self::Create => &[P::Create],
            Self::Drop => &[P::Drop],
            Self::Alter => &[P::Alter],
            Self::Select => &[P::Select],
            Self::Insert => &[P::Insert, P::Update],
            Self::Delete => &[P::Delete],
            Self::System => &[P::Settings, P::SeeSessions],
            Self::Security => &[P::ManageUsers],
            Self::ManageUser | Self::ManageRole => &[],
            Self::All => &[P::Create, P::Drop, P::Alter, P::Select, P::Insert, P::Update, P::Delete],
        }
    }
}
