//! Statements as plain data.

use sql::ast;
use std::fmt;

/// A table as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) catalog: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) table: String,
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.catalog, &self.database].into_iter().flatten() {
            write!(f, "{part}.")?;
        }
        f.write_str(&self.table)
    }
}

/// A statement of the SQL endpoint, or of a body that makes a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// SELECT, and WITH .. SELECT.
    Query(Box<ast::Query>),
    Show(Show),
    /// EXPLAIN of a query.
    Explain(Box<ast::Query>),
    /// KILL `[QUERY | CONNECTION]` with an id.
    Kill(u64),
    CreateTable(Box<CreateTable>),
}

/// SHOW and DESC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Catalogs {
        like: Option<String>,
    },
    Databases {
        catalog: Option<String>,
        like: Option<String>,
    },
    Tables {
        full: bool,
        database: Option<String>,
        like: Option<String>,
    },
    /// SHOW `[FULL]` COLUMNS, and DESC, which shows less.
    Columns {
        table: TableName,
        full: bool,
    },
    Describe(TableName),
    CreateTable(TableName),
    CreateDatabase(String),
    Variables {
        like: Option<String>,
    },
    ProcessList,
    /// A form that is known and not done here.
    Unhandled(String),
}

/// What the key of a table is to the vendor's server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeysType {
    Primary,
    Unique,
    Duplicate,
    Aggregate,
}

impl KeysType {
    /// As the vendor's server names it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Primary => "PRIMARY_KEYS",
            Self::Unique => "UNIQUE_KEYS",
            Self::Duplicate => "DUP_KEYS",
            Self::Aggregate => "AGG_KEYS",
        }
    }
}

/// A constant as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DefaultText {
    Null,
    Text(String),
    Now,
    /// `(uuid())`
    Uuid,
}

/// A column of CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    /// Its type as written.
    pub(crate) data_type: String,
    pub(crate) is_key: bool,
    pub(crate) nullable: Option<bool>,
    pub(crate) default: Option<DefaultText>,
    pub(crate) auto_increment: bool,
    pub(crate) comment: Option<String>,
}

/// CREATE TABLE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateTable {
    pub(crate) name: TableName,
    pub(crate) columns: Vec<ColumnDefinition>,
    /// INDEX clauses as written, by name.
    pub(crate) indexes: Vec<(String, String)>,
    pub(crate) keys: Option<(KeysType, Vec<String>)>,
    pub(crate) comment: Option<String>,
    /// PARTITION BY as written behind those words.
    pub(crate) partition: Option<String>,
    /// DISTRIBUTED BY as written behind those words.
    pub(crate) distribution: Option<String>,
    pub(crate) order_by: Vec<String>,
    pub(crate) properties: Vec<(String, String)>,
}
