//! What can be made and changed, as plain data.

use catalog::DatabaseLabel;
use model::{ColumnDefault, ColumnId, ColumnRole, DataType, DatabaseId, Declared, TableKind, TypeConversion};
use std::collections::BTreeMap;

/// A database to make.
#[derive(Clone, Debug)]
pub struct NewDatabase {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub label: DatabaseLabel,
    /// See [`catalog::Database`].
    pub partition_seconds: Option<u64>,
    /// See [`catalog::Database`].
    pub retention_seconds: Option<u64>,
    /// A remark.
    pub comment: Option<String>,
    /// Dialects' records.
    pub properties: BTreeMap<String, String>,
}

/// A column to make.
#[derive(Clone, Debug)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// The part it plays.
    pub role: ColumnRole,
    /// Its type.
    pub data_type: DataType,
    /// Whether it may hold NULL.
    pub nullable: bool,
    /// Its default.
    pub default: Option<ColumnDefault>,
    /// The word it was declared with.
    pub declared: Option<Declared>,
    /// Whether `*` leaves it out.
    pub hidden: bool,
    /// A remark.
    pub comment: Option<String>,
    /// Dialects' records.
    pub properties: BTreeMap<String, String>,
}

/// A unique set to make.
#[derive(Clone, Debug)]
pub struct NewUnique {
    /// Its name.
    pub name: String,
    /// The names of its columns.
    pub columns: Vec<String>,
}

/// A table to make.
#[derive(Clone, Debug)]
pub struct NewTable {
    /// Where.
    pub database: DatabaseId,
    /// Its name.
    pub name: String,
    /// What identifies its rows.
    pub kind: TableKind,
    /// Its columns, in the order of `SELECT *`.
    pub columns: Vec<NewColumn>,
    /// The names of the key columns, in key order. A keyed table without any gets a hidden
    /// `rowid`.
    pub key: Vec<String>,
    /// Uniqueness beyond the key.
    pub unique: Vec<NewUnique>,
    /// See [`model::Table`].
    pub partition_seconds: Option<u64>,
    /// See [`model::Table`].
    pub retention_seconds: Option<u64>,
    /// A remark.
    pub comment: Option<String>,
    /// Dialects' records.
    pub properties: BTreeMap<String, String>,
}

/// One change of a table's definition.
#[derive(Clone, Debug)]
pub enum Alteration {
    /// A new column at the end (of its role's columns, where `*` groups them).
    AddColumn(NewColumn),
    /// A column goes, with its values.
    DropColumn(ColumnId),
    /// Another name for a column.
    RenameColumn(ColumnId, String),
    /// Another type.
    ChangeType {
        /// The column.
        column: ColumnId,
        /// The new type.
        to: DataType,
        /// Its new word.
        declared: Option<Declared>,
        /// How old values are read.
        conversion: TypeConversion,
    },
    /// Another default, or none.
    SetDefault(ColumnId, Option<ColumnDefault>),
    /// Another name for the table.
    Rename(String),
    /// Another retention.
    SetRetention(Option<u64>),
    /// Another remark on the table.
    SetComment(Option<String>),
    /// Another remark on a column.
    SetColumnComment(ColumnId, Option<String>),
    /// A dialect's record, or none.
    SetProperty(String, Option<String>),
}

/// A user or role to make.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Whether it is a role.
    pub is_role: bool,
    /// Whether it may log in.
    pub may_log_in: bool,
    /// Its password.
    pub password: Option<String>,
    /// Until when the password counts, in milliseconds since 1970.
    pub valid_until_ms: Option<i64>,
    /// Whether it may make users and roles.
    pub may_create_roles: bool,
}

impl NewUser {
    /// A user who may log in, with a password that always counts.
    #[must_use]
    pub fn user(name: &str, password: Option<&str>) -> Self {
        let password = password.map(str::to_owned);
        let name = name.to_owned();
        Self { name, is_role: false, may_log_in: true, password, valid_until_ms: None, may_create_roles: false }
    }

    /// A role.
    #[must_use]
    pub fn role(name: &str) -> Self {
        Self { is_role: true, may_log_in: false, ..Self::user(name, None) }
    }
}

/// What changes about a user; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// A new password, or none any more.
    pub password: Option<Option<String>>,
    /// Whether it may log in.
    pub may_log_in: Option<bool>,
    /// Until when the password counts.
    pub valid_until_ms: Option<Option<i64>>,
    /// Whether it may make users and roles.
    pub may_create_roles: Option<bool>,
}
