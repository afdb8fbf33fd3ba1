//! SHOW and DESCRIBE.

use super::{GrantTarget, Name, TableName};

/// `SHOW ..`: every form of KWDB's that REST users meet.
#[derive(Clone, Debug, PartialEq)]
pub enum Show {
    /// `SHOW DATABASES [WITH COMMENT]`
    Databases {
        /// Whether with comments.
        with_comment: bool,
    },
    /// `SHOW TABLES [FROM db[.schema]] [WITH COMMENT]`
    Tables(ShowTables),
    /// `SHOW COLUMNS FROM t [WITH COMMENT]`, `DESCRIBE t`
    Columns(ShowColumns),
    /// `SHOW CREATE [TABLE] t`
    CreateTable(TableName),
    /// `SHOW CREATE DATABASE d`
    CreateDatabase(Name),
    /// `SHOW TAGS|ATTRIBUTES FROM t`
    Tags(TableName),
    /// `SHOW TAG VALUES FROM t`
    TagValues(TableName),
    /// `SHOW RETENTIONS ON TABLE t`
    Retentions(TableName),
    /// `SHOW INDEX|INDEXES|KEYS FROM t`
    Indexes(TableName),
    /// `SHOW INDEX|INDEXES|KEYS FROM DATABASE d`
    DatabaseIndexes(Name),
    /// `SHOW CONSTRAINTS FROM t`
    Constraints(TableName),
    /// `SHOW SCHEMAS [FROM db]`
    Schemas(Option<Name>),
    /// `SHOW USERS`
    Users,
    /// `SHOW ROLES`
    Roles,
    /// `SHOW GRANTS [ON ..] [FOR ..]`
    Grants(ShowGrants),
    /// `SHOW CLUSTER SETTING name`
    ClusterSetting(String),
    /// `SHOW [ALL] CLUSTER SETTINGS`
    ClusterSettings,
    /// `SHOW SESSIONS`
    Sessions,
    /// `SHOW QUERIES`
    Queries,
    /// `SHOW JOBS`
    Jobs,
    /// `SHOW name`; `SHOW TIME ZONE` has the name `timezone`, `SHOW ALL` the name `all`
    Variable(String),
    /// A form of KWDB's that has no types here: execution refuses it by these words.
    Unhandled(&'static str),
}

/// `SHOW TABLES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowTables {
    /// Of which database; the current one where missing.
    pub database: Option<Name>,
    /// Of which schema.
    pub schema: Option<Name>,
    /// Whether with comments.
    pub with_comment: bool,
}

/// `SHOW COLUMNS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowColumns {
    /// Of which table.
    pub table: TableName,
    /// Whether with comments.
    pub with_comment: bool,
}

/// `SHOW GRANTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowGrants {
    /// `ON ..`; `None` for everything.
    pub target: Option<GrantTarget>,
    /// `ON ROLE [r, ..]`: memberships instead of privileges.
    pub roles: Option<Vec<Name>>,
    /// `FOR user, ..`; empty for everyone.
    pub grantees: Vec<Name>,
}
