//! Statements that make, change and drop databases, tables, indexes and comments.

use super::{Name, TableName};
use crate::sql::types::ColumnType;
use sql::ast;
use std::fmt;

/// The unit of a [`TimeSpan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeSpanUnit {
    /// `ns`, `nsec`, `nanosecond`
    Nanosecond,
    /// `us`, `usec`, `microsecond`
    Microsecond,
    /// `ms`, `msec`, `millisecond`
    Millisecond,
    /// `s`, `sec`, `second`
    Second,
    /// `m`, `min`, `minute`
    Minute,
    /// `h`, `hr`, `hour`
    Hour,
    /// `d`, `day`
    Day,
    /// `w`, `week`
    Week,
    /// `mon`, `month`
    Month,
    /// `y`, `yr`, `year`
    Year,
}

/// A span such as `20d` or `10 day`, for retentions and partition intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// How many.
    pub amount: u64,
    /// Of what.
    pub unit: TimeSpanUnit,
    /// Number and unit as written, without a blank between: the texts of errors and of SHOW CREATE.
    pub written: String,
    /// The unit as written, in lower case.
    pub written_unit: String,
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// `CREATE [TS] DATABASE`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDatabase {
    /// Whether an existing database is no error.
    pub if_not_exists: bool,
    /// Its name.
    pub name: Name,
    /// The options of a time-series database; `None` for a relational one.
    pub series: Option<TsDatabaseOptions>,
    /// `ENCODING [=] '..'` of a relational database.
    pub encoding: Option<String>,
    /// `COMMENT [=] '..'`
    pub comment: Option<String>,
}

/// The options of `CREATE TS DATABASE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TsDatabaseOptions {
    /// `RETENTIONS`
    pub retentions: Option<TimeSpan>,
    /// `PARTITION INTERVAL`
    pub partition_interval: Option<TimeSpan>,
}

/// What to do with what depends on the thing dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropBehavior {
    /// Drop it too.
    Cascade,
    /// Refuse.
    Restrict,
}

/// `DROP DATABASE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropDatabase {
    /// Whether a missing database is no error.
    pub if_exists: bool,
    /// Its name.
    pub name: Name,
    /// `CASCADE` or `RESTRICT`; KWDB cascades without either.
    pub behavior: Option<DropBehavior>,
}

/// `ALTER [TS] DATABASE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterDatabase {
    /// Whether the word TS was there.
    pub series: bool,
    /// Which one.
    pub name: Name,
    /// What to change.
    pub action: AlterDatabaseAction,
}

/// What `ALTER DATABASE` changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlterDatabaseAction {
    /// `RENAME TO`
    Rename(Name),
    /// `SET RETENTIONS = ..`
    SetRetentions(TimeSpan),
    /// `SET PARTITION INTERVAL = ..`
    SetPartitionInterval(TimeSpan),
}

/// `CREATE TABLE`, time-series if [`CreateTable::series`] is there.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    /// Whether an existing table is no error.
    pub if_not_exists: bool,
    /// Whether the word TEMP or TEMPORARY was there.
    pub temporary: bool,
    /// Whether the word SPARSE was there.
    pub sparse: bool,
    /// Its name.
    pub name: TableName,
    /// Its columns, without tags.
    pub columns: Vec<ColumnDefinition>,
    /// Constraints that stand as elements of their own.
    pub constraints: Vec<TableConstraint>,
    /// `INDEX` elements.
    pub indexes: Vec<IndexDefinition>,
    /// `FAMILY` elements.
    pub families: Vec<ColumnFamily>,
    /// What only a time-series table has.
    pub series: Option<SeriesClauses>,
    /// `COMMENT [=] '..'`
    pub comment: Option<String>,
}

/// What only a time-series table has.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesClauses {
    /// `TAGS` or `ATTRIBUTES`
    pub tags: Vec<TagDefinition>,
    /// `PRIMARY TAGS` or `PRIMARY ATTRIBUTES`; `None` when the clause is missing.
    pub primary_tags: Option<Vec<Name>>,
    /// `RETENTIONS`
    pub retentions: Option<TimeSpan>,
    /// `ACTIVETIME`
    pub active_time: Option<TimeSpan>,
    /// `PARTITION INTERVAL`
    pub partition_interval: Option<TimeSpan>,
    /// `WITH HASH(n)`
    pub hash: Option<u32>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub data_type: ColumnType,
    /// `NULL` is true, `NOT NULL` false, neither `None`.
    pub nullable: Option<bool>,
    /// `DEFAULT ..`
    pub default: Option<ast::Expr>,
    /// `PRIMARY KEY` at the column.
    pub primary_key: bool,
    /// `UNIQUE` at the column.
    pub unique: bool,
    /// `CHECK (..)` at the column.
    pub checks: Vec<ast::Expr>,
    /// `REFERENCES ..` at the column.
    pub references: Option<ForeignKey>,
    /// `AS (..) STORED`
    pub computed: Option<ast::Expr>,
    /// `COLLATE ..`
    pub collation: Option<String>,
    /// `COMMENT [=] '..'`
    pub comment: Option<String>,
    /// `ENCODE '..' COMPRESS '..' LEVEL '..'`
    pub compression: ColumnCompression,
    /// `[CREATE] FAMILY ..` at the column.
    pub family: Option<Name>,
}

/// How a column is to be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnCompression {
    /// `ENCODE`
    pub encode: Option<String>,
    /// `COMPRESS`
    pub compress: Option<String>,
    /// `LEVEL`
    pub level: Option<String>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagDefinition {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub data_type: ColumnType,
    /// `NULL` is true, `NOT NULL` false, neither `None`.
    pub nullable: Option<bool>,
    /// `COMMENT [=] '..'`
    pub comment: Option<String>,
}

/// A constraint as an element of a table's definition.
#[derive(Clone, Debug, PartialEq)]
pub struct TableConstraint {
    /// `CONSTRAINT name`
    pub name: Option<Name>,
    /// What it asks.
    pub kind: TableConstraintKind,
}

/// What a constraint asks.
#[derive(Clone, Debug, PartialEq)]
pub enum TableConstraintKind {
    /// `PRIMARY KEY (a ASC, ..)`
    PrimaryKey(Vec<IndexColumn>),
    /// `UNIQUE (a, ..)`
    Unique(Vec<IndexColumn>),
    /// `CHECK (..)`
    Check(ast::Expr),
    /// `FOREIGN KEY (a, ..) REFERENCES ..`
    ForeignKey {
        /// The columns here.
        columns: Vec<Name>,
        /// Where they point.
        references: ForeignKey,
    },
}

/// Where a foreign key points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The table.
    pub table: TableName,
    /// Its columns; empty when not named.
    pub columns: Vec<Name>,
    /// `MATCH ..`, `ON DELETE ..`, `ON UPDATE ..` as words in lower case.
    pub actions: Vec<String>,
}

/// A column of an index or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// Its name.
    pub name: Name,
    /// Whether DESC.
    pub descending: bool,
}

/// `[UNIQUE] INDEX name (..) [STORING (..)]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexDefinition {
    /// Its name.
    pub name: Option<Name>,
    /// Whether UNIQUE.
    pub unique: bool,
    /// Whether INVERTED.
    pub inverted: bool,
    /// Its columns.
    pub columns: Vec<IndexColumn>,
    /// `STORING` or `COVERING`
    pub storing: Vec<Name>,
}

/// `FAMILY name (a, b)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFamily {
    /// Its name.
    pub name: Option<Name>,
    /// Its columns.
    pub columns: Vec<Name>,
}

/// `DROP TABLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropTables {
    /// Whether missing tables are passed over.
    pub if_exists: bool,
    /// Which ones.
    pub names: Vec<TableName>,
    /// `CASCADE` or `RESTRICT`
    pub behavior: Option<DropBehavior>,
}

/// `ALTER TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterTable {
    /// Whether a missing table is no error.
    pub if_exists: bool,
    /// Which one.
    pub name: TableName,
    /// What to change, in order; time-series tables take one.
    pub actions: Vec<AlterTableAction>,
}

/// Whether an action said COLUMN, TAG (or ATTRIBUTE), or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnOrTag {
    /// `COLUMN`, or no word
    Column,
    /// `TAG` or `ATTRIBUTE`
    Tag,
}

/// What `ALTER TABLE` changes.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterTableAction {
    /// `ADD [COLUMN] [IF NOT EXISTS] ..`
    AddColumn {
        /// Whether an existing column is no error.
        if_not_exists: bool,
        /// The column.
        column: Box<ColumnDefinition>,
    },
    /// `ADD TAG|ATTRIBUTE ..`
    AddTag(TagDefinition),
    /// `DROP [COLUMN] [IF EXISTS] c`
    DropColumn {
        /// Whether a missing column is no error.
        if_exists: bool,
        /// Which one.
        name: Name,
        /// `CASCADE` or `RESTRICT`
        behavior: Option<DropBehavior>,
    },
    /// `DROP TAG|ATTRIBUTE g`
    DropTag(Name),
    /// `ALTER [COLUMN|TAG] c [SET DATA] TYPE t`
    SetType {
        /// Column or tag.
        what: ColumnOrTag,
        /// Which one.
        name: Name,
        /// The new type.
        data_type: ColumnType,
    },
    /// `ALTER [COLUMN|TAG] c SET DEFAULT v` and `DROP DEFAULT`
    SetDefault {
        /// Column or tag.
        what: ColumnOrTag,
        /// Which one.
        name: Name,
        /// The new default; `None` for DROP.
        default: Option<ast::Expr>,
    },
    /// `ALTER [COLUMN|TAG] c SET NOT NULL` and `DROP NOT NULL`
    SetNullable {
        /// Column or tag.
        what: ColumnOrTag,
        /// Which one.
        name: Name,
        /// Whether NULL is allowed from now on.
        nullable: bool,
    },
    /// `ALTER [COLUMN] c SET ENCODE '..' COMPRESS '..' LEVEL '..'`
    SetCompression {
        /// Which one.
        name: Name,
        /// How it is to be stored.
        compression: ColumnCompression,
    },
    /// `RENAME COLUMN|TAG|ATTRIBUTE a TO b`
    RenameColumn {
        /// Column or tag.
        what: ColumnOrTag,
        /// The old name.
        from: Name,
        /// The new name.
        to: Name,
    },
    /// `RENAME TO n`
    RenameTable(TableName),
    /// `SET RETENTIONS = ..`
    SetRetentions(TimeSpan),
    /// `SET ACTIVETIME = ..`
    SetActiveTime(TimeSpan),
    /// `SET PARTITION INTERVAL = ..`
    SetPartitionInterval(TimeSpan),
    /// `ADD CONSTRAINT ..`, `ADD PRIMARY KEY (..)` and the like
    AddConstraint(TableConstraint),
    /// `DROP CONSTRAINT [IF EXISTS] n`
    DropConstraint {
        /// Whether a missing constraint is no error.
        if_exists: bool,
        /// Which one.
        name: Name,
        /// `CASCADE` or `RESTRICT`
        behavior: Option<DropBehavior>,
    },
    /// An action of KWDB that has no types here: execution refuses it by these words.
    Unhandled(&'static str),
}

/// `CREATE [UNIQUE] [INVERTED] INDEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateIndex {
    /// Whether an existing index is no error.
    pub if_not_exists: bool,
    /// Which table.
    pub table: TableName,
    /// The index.
    pub index: IndexDefinition,
}

/// `DROP INDEX [IF EXISTS] table@index`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DropIndex {
    /// Whether a missing index is no error.
    pub if_exists: bool,
    /// Table (where given) and index, one pair for each.
    pub indexes: Vec<(Option<TableName>, Name)>,
    /// `CASCADE` or `RESTRICT`
    pub behavior: Option<DropBehavior>,
}

/// `ALTER INDEX [IF EXISTS] table@index RENAME TO name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterIndex {
    /// Whether a missing index is no error.
    pub if_exists: bool,
    /// The table, where given.
    pub table: Option<TableName>,
    /// Which index.
    pub name: Name,
    /// Its new name.
    pub rename_to: Name,
}

/// `COMMENT ON .. IS ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommentOn {
    /// On what.
    pub target: CommentTarget,
    /// The text; `None` for NULL.
    pub comment: Option<String>,
}

/// What a comment is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommentTarget {
    /// `DATABASE d`
    Database(Name),
    /// `TABLE t`
    Table(TableName),
    /// `COLUMN t.c`, which finds tags too
    Column {
        /// The table.
        table: TableName,
        /// The column or tag.
        column: Name,
    },
    /// `INDEX t@i`
    Index {
        /// The table, where given.
        table: Option<TableName>,
        /// The index.
        index: Name,
    },
}
