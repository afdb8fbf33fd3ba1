//! The shape of a table.

use crate::{ColumnId, DataType, DatabaseId, Sequence, TableId, TimeUnit, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What identifies a row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TableKind {
    /// A row is identified by its series key and its time.
    Series,
    /// A row is identified by its primary key.
    Keyed,
}

/// The part that a column plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ColumnRole {
    /// Part of the series key (series table) or of the primary key (keyed table).
    Key,
    /// One current value per series; series tables only.
    Attribute,
    /// The time column; exactly one in a series table, none in a keyed one.
    Time,
    /// Everything else.
    Field,
}

/// The word with which a dialect declared a column's type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Name of the dialect, which alone understands the word.
    pub dialect: String,
    /// The word, such as `NCHAR`.
    pub word: String,
}

/// What stands in a column that an INSERT leaves out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DefaultValue {
    /// Always the same value.
    Constant(Value),
    /// The time of the statement.
    Now,
    /// A fresh, roughly ascending 64-bit integer.
    UniqueRowId,
    /// A fresh random UUID.
    RandomUuid,
}

/// A column's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDefault {
    /// What to write.
    pub value: DefaultValue,
    /// How its author wrote it, for SHOW.
    pub text: String,
}

/// How values of one type became values of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeConversion {
    /// Numbers to wider numbers, text to other text, instants to other units; what does not fit
    /// is NULL.
    Plain,
    /// Values to text with a named spelling, since vendors spell numbers differently.
    Text {
        /// The spelling's registered name.
        spelling: String,
    },
}

/// A change of a column's type: rows below `at` were written with type `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeChange {
    /// The number that the change took.
    pub at: Sequence,
    /// The type before it.
    pub from: DataType,
    /// How older values are read.
    pub conversion: TypeConversion,
}

/// One column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its identity; names may change.
    pub id: ColumnId,
    /// Its name, exactly as created.
    pub name: String,
    /// The part it plays.
    pub role: ColumnRole,
    /// Its current type.
    pub data_type: DataType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// What an INSERT that leaves it out writes; NULL when there is none.
    pub default: Option<ColumnDefault>,
    /// The word it was declared with.
    pub declared: Option<Declared>,
    /// Whether `*` leaves it out, like a generated row id.
    pub hidden: bool,
    /// A remark for people.
    pub comment: Option<String>,
    /// Its former types, oldest first.
    pub type_changes: Vec<TypeChange>,
    /// What dialects recorded about it, by dialect-prefixed key, shown back by them.
    pub properties: BTreeMap<String, String>,
}

impl Column {
    /// A nullable column without default, comment or history.
    #[must_use]
    pub fn new(id: ColumnId, name: impl Into<String>, role: ColumnRole, data_type: DataType) -> Self {
        Self {
            id,
            name: name.into(),
            role,
            data_type,
            nullable: true,
            default: None,
            declared: None,
            hidden: false,
            comment: None,
            type_changes: Vec::new(),
            properties: BTreeMap::new(),
        }
    }
}

/// Columns whose values, where none is NULL, may stand only once in a keyed table. It is kept as
/// a hidden keyed table from those values to the primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueSet {
    /// Its name, for errors and SHOW.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnId>,
    /// The hidden table.
    pub index: TableId,
}

/// The key column that names series.
const SERIES_NAME: &str = "tbname";

/// A table's definition. Immutable: a change makes a new one with a higher `schema_version`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its identity.
    pub id: TableId,
    /// The database that it lives in.
    pub database: DatabaseId,
    /// Its name, exactly as created.
    pub name: String,
    /// What identifies its rows.
    pub kind: TableKind,
    /// Its columns in the order of `SELECT *` (hidden ones included).
    pub columns: Vec<Column>,
    /// The columns that make the key, in key order. Empty in a series table with one series.
    pub key: Vec<ColumnId>,
    /// Uniqueness beyond the primary key; keyed tables only.
    pub unique: Vec<UniqueSet>,
    /// Grows by one with each change of the definition.
    pub schema_version: u32,
    /// The next column id to issue.
    pub next_column: ColumnId,
    /// Length of a time partition in seconds, aligned to 1970-01-01; `None`: the database's.
    pub partition_seconds: Option<u64>,
    /// How long rows are kept, in seconds; `None`: the database's; 0: for ever.
    pub retention_seconds: Option<u64>,
    /// Whether this is the hidden table of a unique set or an index.
    pub hidden: bool,
    /// A remark for people.
    pub comment: Option<String>,
    /// What dialects recorded about it, by dialect-prefixed key, shown back by them.
    pub properties: BTreeMap<String, String>,
}

impl Table {
    /// The column with exactly that name.
    #[must_use]
    pub fn column_named(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// The column with that id; `None` after it was dropped.
    #[must_use]
    pub fn column(&self, id: ColumnId) -> Option<&Column> {
        self.columns.iter().find(|c| c.id == id)
    }

    /// The time column of a series table.
    #[must_use]
    pub fn time_column(&self) -> Option<&Column> {
        self.columns.iter().find(|c| c.role == ColumnRole::Time)
    }

    /// The key column whose values are the names of the series: where a series table's key is one
    /// text column called `tbname`.
    #[must_use]
    pub fn series_name_column(&self) -> Option<&Column> {
        let mut key = self.key_columns();
        let only =
            key.next().filter(|column| column.name == SERIES_NAME && matches!(column.data_type, DataType::Text(_)));
        only.filter(|_| self.kind == TableKind::Series && key.next().is_none())
    }

    /// The unit of the time column of a series table.
    #[must_use]
    pub fn time_unit(&self) -> Option<TimeUnit> {
        match self.time_column()?.data_type {
            DataType::Instant(unit) | DataType::LocalDateTime(unit) => Some(unit),
            _ => None,
        }
    }

    /// The key columns, in key order.
    pub fn key_columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().filter_map(|id| self.column(*id))
    }

    /// The columns with that role, in column order.
    pub fn columns_with(&self, role: ColumnRole) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(move |c| c.role == role)
    }

    /// The columns that `*` shows, in order.
    pub fn visible_columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|c| !c.hidden)
    }
}
