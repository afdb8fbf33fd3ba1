//! The statements of KWDB's SQL as plain data: what [`super::parse`] makes and execution runs.
//!
//! Every name is folded already (unquoted names are lower case) and stands exactly as it must be
//! looked up. Expressions and queries are sqlparser's, with exact names inside.

mod names;
mod schema;
mod show;
mod users;
mod values;

pub use names::{Name, TableName};
pub use schema::{
    AlterDatabase, AlterDatabaseAction, AlterIndex, AlterTable, AlterTableAction, ColumnCompression, ColumnDefinition,
    ColumnFamily, ColumnOrTag, CommentOn, CommentTarget, CreateDatabase, CreateIndex, CreateTable, DropBehavior,
    DropDatabase, DropIndex, DropTables, ForeignKey, IndexColumn, IndexDefinition, SeriesClauses, TableConstraint,
    TableConstraintKind, TagDefinition, TimeSpan, TimeSpanUnit, TsDatabaseOptions,
};
pub use show::{Show, ShowColumns, ShowGrants, ShowTables};
pub use users::{
    AlterUser, CreateUser, Grant, GrantPrivileges, GrantRoles, GrantTarget, PasswordChange, PrivilegeWord, UserOptions,
};
pub(in crate::sql) use values::{Cell, TextRange};
pub use values::{Value, ValueRows};

use sql::ast;
use std::ops::Range;

/// One statement of a request's text.
#[derive(Debug)]
pub struct ParsedStatement {
    /// Its text as it stands in the request, without the separator and outer blanks.
    pub text: String,
    /// Where that text lies in the request, in bytes.
    pub span: Range<usize>,
    /// What kind of statement it is by its first words; known even when it does not parse.
    pub kind: StatementKind,
    /// Its first word in lower case, for the texts that name it.
    pub first_word: String,
    /// The statement, or why it is none. Positions count in the whole request.
    pub statement: model::Result<Statement>,
}

/// What kind of statement it is: decides which endpoint takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// SELECT, VALUES, TABLE, and WITH that ends in one of them
    Query,
    /// SHOW and DESCRIBE
    Show,
    /// EXPLAIN
    Explain,
    /// INSERT and UPSERT, with or without WITH before them
    Insert,
    /// UPDATE, with or without WITH before it
    Update,
    /// DELETE, with or without WITH before it
    Delete,
    /// CREATE
    Create,
    /// DROP
    Drop,
    /// ALTER
    Alter,
    /// USE
    Use,
    /// TRUNCATE
    Truncate,
    /// COMMENT ON
    Comment,
    /// GRANT
    Grant,
    /// REVOKE
    Revoke,
    /// SET, of a cluster setting or of a session variable
    Set,
    /// RESET
    Reset,
    /// Another word that begins a statement of KWDB, or one that begins none
    Other,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `CREATE [TS] DATABASE`
    CreateDatabase(CreateDatabase),
    /// `DROP DATABASE`
    DropDatabase(DropDatabase),
    /// `ALTER [TS] DATABASE`
    AlterDatabase(AlterDatabase),
    /// `USE name`
    Use(Name),
    /// `CREATE TABLE` of both kinds
    CreateTable(Box<CreateTable>),
    /// `DROP TABLE a, b`
    DropTables(DropTables),
    /// `ALTER TABLE`
    AlterTable(AlterTable),
    /// `CREATE INDEX`
    CreateIndex(CreateIndex),
    /// `DROP INDEX`
    DropIndex(DropIndex),
    /// `ALTER INDEX .. RENAME TO`
    AlterIndex(AlterIndex),
    /// `COMMENT ON`
    CommentOn(CommentOn),
    /// `TRUNCATE [TABLE] a, b`
    Truncate(Vec<TableName>),
    /// `INSERT` and `UPSERT`
    Insert(Box<Insert>),
    /// `UPDATE`
    Update(Box<Update>),
    /// `DELETE`
    Delete(Box<Delete>),
    /// `SELECT`, `VALUES`, `WITH .. SELECT`, `TABLE t`
    Query(QueryStatement),
    /// `SHOW` and `DESCRIBE`
    Show(Show),
    /// `EXPLAIN`
    Explain(Explain),
    /// `CREATE USER` and `CREATE ROLE`
    CreateUser(CreateUser),
    /// `ALTER USER` and `ALTER ROLE`
    AlterUser(AlterUser),
    /// `DROP USER` and `DROP ROLE`
    DropUsers {
        /// Whether unknown names are passed over.
        if_exists: bool,
        /// Who goes.
        names: Vec<Name>,
    },
    /// `GRANT`
    Grant(Grant),
    /// `REVOKE`
    Revoke(Grant),
    /// `SET CLUSTER SETTING name = value`
    SetClusterSetting {
        /// Its name in lower case, such as `server.rest.timeout`.
        name: String,
        /// Its new value; `None` for `DEFAULT`.
        value: Option<ast::Expr>,
    },
    /// `RESET CLUSTER SETTING name`
    ResetClusterSetting(String),
    /// `SET [SESSION] name = values`, `SET TIME ZONE value` (name `timezone`): has no lasting effect over REST.
    SetVariable {
        /// Its name in lower case.
        name: String,
        /// Its new values; empty for `DEFAULT`.
        values: Vec<ast::Expr>,
    },
    /// `RESET [SESSION] name`
    ResetVariable(String),
    /// A statement of KWDB that is known by its first words and has no types here yet: execution
    /// refuses it by these words, such as `CREATE VIEW`.
    Unhandled(&'static str),
}

/// `SELECT`, `VALUES`, `WITH .. SELECT`, `TABLE t`.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryStatement {
    /// The query without its FILL clause.
    pub query: Box<ast::Query>,
    /// The FILL clause, which stands at top level only.
    pub fill: Option<Fill>,
    /// What stood in brackets in FROM: `[SHOW TABLES]`.
    pub bracket_sources: Vec<BracketSource>,
}

/// A statement in brackets used as a table: `FROM [SHOW TABLES]`.
#[derive(Clone, Debug, PartialEq)]
pub struct BracketSource {
    /// The name of a table that stands in the query in its place; cannot be written by a user.
    pub table: String,
    /// The statement whose rows it holds.
    pub statement: Box<Statement>,
}

/// `FILL(..)`: ranges are in milliseconds, `None` where not given (0 counts as no limit too).
#[derive(Clone, Debug, PartialEq)]
pub enum Fill {
    /// `EXACT`
    Exact,
    /// `PREVIOUS[, before]`
    Previous(Option<u64>),
    /// `NEXT[, after]`
    Next(Option<u64>),
    /// `CLOSER[, range]`, or `CLOSER, before, after`
    Closer {
        /// How far back.
        before: Option<u64>,
        /// How far ahead.
        after: Option<u64>,
    },
    /// `LINEAR[, before[, after]]`
    Linear {
        /// How far back.
        before: Option<u64>,
        /// How far ahead.
        after: Option<u64>,
    },
    /// `CONSTANT, value`
    Constant(Box<ast::Expr>),
}

/// `EXPLAIN [ANALYZE] [(options)] statement`.
#[derive(Clone, Debug, PartialEq)]
pub struct Explain {
    /// Whether to run the statement.
    pub analyze: bool,
    /// Words such as `verbose`, `opt`, `distsql`, in lower case.
    pub options: Vec<String>,
    /// What to explain.
    pub statement: Box<Statement>,
}

/// `INSERT INTO` and `UPSERT INTO`.
#[derive(Clone, Debug, PartialEq)]
pub struct Insert {
    /// `WITH` before the word INSERT.
    pub with: Option<ast::With>,
    /// Whether the word was UPSERT.
    pub upsert: bool,
    /// Where to.
    pub table: TableName,
    /// `AS alias`
    pub alias: Option<Name>,
    /// The columns named, in order; empty when none were named.
    pub columns: Vec<Name>,
    /// The rows.
    pub source: InsertSource,
    /// `ON CONFLICT ..`
    pub on_conflict: Option<OnConflict>,
    /// `RETURNING ..`; empty when not given. `RETURNING NOTHING` is as if not given.
    pub returning: Vec<ast::SelectItem>,
    /// What stood in brackets in a query inside [`Insert::with`] or a value.
    pub bracket_sources: Vec<BracketSource>,
}

/// What an INSERT inserts.
#[derive(Clone, Debug, PartialEq)]
pub enum InsertSource {
    /// `VALUES (..), (..)`
    Values(ValueRows),
    /// `SELECT ..` and every other query
    Query(QueryStatement),
    /// `DEFAULT VALUES`
    DefaultValues,
}

/// `ON CONFLICT`.
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflict {
    /// The columns in parentheses.
    pub columns: Vec<Name>,
    /// What to do; `None`: nothing.
    pub update: Option<OnConflictUpdate>,
}

/// `DO UPDATE SET .. [WHERE ..]`
#[derive(Clone, Debug, PartialEq)]
pub struct OnConflictUpdate {
    /// What to set.
    pub assignments: Vec<Assignment>,
    /// Which rows.
    pub selection: Option<ast::Expr>,
}

/// `column = expression`, or `(a, b) = (1, 2)`, or `(a, b) = (SELECT ..)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// One column, or those of a tuple.
    pub columns: Vec<Name>,
    /// What they take; the word DEFAULT is an identifier `default` that is not quoted.
    pub value: ast::Expr,
}

/// `UPDATE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// `WITH` before the word UPDATE.
    pub with: Option<ast::With>,
    /// Which table.
    pub table: TableName,
    /// `[AS] alias`
    pub alias: Option<Name>,
    /// What to set.
    pub assignments: Vec<Assignment>,
    /// `FROM ..`; empty when not given.
    pub from: Vec<ast::TableWithJoins>,
    /// `WHERE ..`
    pub selection: Option<ast::Expr>,
    /// `ORDER BY ..`; empty when not given.
    pub order_by: Vec<ast::OrderByExpr>,
    /// `LIMIT ..`
    pub limit: Option<ast::Expr>,
    /// `RETURNING ..`; empty when not given.
    pub returning: Vec<ast::SelectItem>,
    /// What stood in brackets in FROM or in a subquery.
    pub bracket_sources: Vec<BracketSource>,
}

/// `DELETE FROM`.
#[derive(Clone, Debug, PartialEq)]
pub struct Delete {
    /// `WITH` before the word DELETE.
    pub with: Option<ast::With>,
    /// Which table.
    pub table: TableName,
    /// `[AS] alias`
    pub alias: Option<Name>,
    /// `WHERE ..`
    pub selection: Option<ast::Expr>,
    /// `ORDER BY ..`; empty when not given.
    pub order_by: Vec<ast::OrderByExpr>,
    /// `LIMIT ..`
    pub limit: Option<ast::Expr>,
    /// `RETURNING ..`; empty when not given.
    pub returning: Vec<ast::SelectItem>,
    /// What stood in brackets in a subquery.
    pub bracket_sources: Vec<BracketSource>,
}
