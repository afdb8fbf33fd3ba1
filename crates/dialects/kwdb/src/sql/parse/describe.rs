//! SHOW and DESCRIBE.

use super::names::{name, table_name};
use super::user;
use crate::sql::statement::{GrantTarget, Show, ShowColumns, ShowGrants, ShowTables};
use model::Result;
use sql::Cursor;

/// The whole statement.
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<Show> {
    if cursor.accept_one_of(&["describe", "desc"]).is_some() {
        cursor.accept_word("table");
        return Ok(Show::Columns(ShowColumns { table: table_name(cursor)?, with_comment: false }));
    }
    cursor.expect_word("show")?;
    if let Some(show) = of_database(cursor)? {
        return Ok(show);
    }
    if let Some(show) = of_table(cursor)? {
        return Ok(show);
    }
    if let Some(show) = of_server(cursor)? {
        return Ok(show);
    }
    if let Some(words) = unread(cursor) {
        return Ok(Show::Unhandled(words));
    }
    variable(cursor)
}

fn with_comment(cursor: &mut Cursor<'_>) -> bool {
    cursor.accept_words(&["with", "comment"])
}

fn of_database(cursor: &mut Cursor<'_>) -> Result<Option<Show>> {
    Ok(Some(if cursor.accept_word("databases") {
        Show::Databases { with_comment: with_comment(cursor) }
    } else if cursor.accept_word("tables") {
        let (mut database, mut schema) = (None, None);
        if cursor.accept_one_of(&["from", "in"]).is_some() {
            let mut parts = super::names::dotted(cursor, 2)?.into_iter();
            (database, schema) = (parts.next(), parts.next());
        }
        Show::Tables(ShowTables { database, schema, with_comment: with_comment(cursor) })
    } else if cursor.accept_words(&["create", "database"]) {
        Show::CreateDatabase(name(cursor)?)
    } else if cursor.accept_word("schemas") {
        let from = cursor.accept_one_of(&["from", "in"]).is_some();
        Show::Schemas(if from { Some(name(cursor)?) } else { None })
    } else {
        return Ok(None);
    }))
}

fn of_table(cursor: &mut Cursor<'_>) -> Result<Option<Show>> {
    Ok(Some(if cursor.accept_one_of(&["columns", "fields"]).is_some() {
        cursor.expect_one_of(&["from", "in"])?;
        Show::Columns(ShowColumns { table: table_name(cursor)?, with_comment: with_comment(cursor) })
    } else if cursor.accept_word("create") {
        cursor.accept_word("table");
        Show::CreateTable(table_name(cursor)?)
    } else if cursor.accept_words(&["tag", "values"]) || cursor.accept_words(&["attribute", "values"]) {
        cursor.expect_word("from")?;
        Show::TagValues(table_name(cursor)?)
    } else if cursor.accept_one_of(&["tags", "attributes"]).is_some() {
        cursor.expect_word("from")?;
        Show::Tags(table_name(cursor)?)
    } else if cursor.accept_word("retentions") {
        cursor.expect_words(&["on", "table"])?;
        Show::Retentions(table_name(cursor)?)
    } else if cursor.accept_one_of(&["index", "indexes", "keys"]).is_some() {
        cursor.expect_one_of(&["from", "in"])?;
        if cursor.accept_word("database") {
            Show::DatabaseIndexes(name(cursor)?)
        } else {
            Show::Indexes(table_name(cursor)?)
        }
    } else if cursor.accept_one_of(&["constraint", "constraints"]).is_some() {
        cursor.expect_word("from")?;
        Show::Constraints(table_name(cursor)?)
    } else {
        return Ok(None);
    }))
}

fn of_server(cursor: &mut Cursor<'_>) -> Result<Option<Show>> {
    Ok(Some(if cursor.accept_word("users") {
        Show::Users
    } else if cursor.accept_word("roles") {
        Show::Roles
    } else if cursor.accept_word("grants") {
        Show::Grants(grants(cursor)?)
    } else if cursor.accept_words(&["cluster", "settings"]) || cursor.accept_words(&["all", "cluster", "settings"]) {
        Show::ClusterSettings
    } else if cursor.accept_words(&["cluster", "setting"]) {
        if cursor.accept_word("all") {
            Show::ClusterSettings
        } else {
            Show::ClusterSetting(super::setting::setting_name(cursor)?)
        }
    } else if cursor.accept_word("sessions") {
        Show::Sessions
    } else if cursor.accept_word("queries") {
        Show::Queries
    } else if cursor.accept_word("jobs") {
        Show::Jobs
    } else {
        return Ok(None);
    }))
}

fn grants(cursor: &mut Cursor<'_>) -> Result<ShowGrants> {
    let mut grants = ShowGrants { target: None, roles: None, grantees: Vec::new() };
    if cursor.accept_words(&["on", "role"]) {
        let all = cursor.is_at_end() || cursor.is_word("for");
        grants.roles = Some(if all { Vec::new() } else { cursor.comma_separated(user::name)? });
    } else if cursor.accept_word("on") {
        let target: GrantTarget = user::target(cursor)?;
        grants.target = Some(target);
    }
    if cursor.accept_word("for") {
        grants.grantees = cursor.comma_separated(user::name)?;
    }
    Ok(grants)
}

/// Forms that are known by their first words; the rest of the statement is not read.
const UNREAD: &[&str] = &[
    "PARTITIONS",
    "RANGES",
    "RANGE",
    "ZONE CONFIGURATION",
    "ZONE CONFIGURATIONS",
    "STATISTICS",
    "SORT_HISTOGRAM",
    "HISTOGRAM",
    "SCHEDULES",
    "SCHEDULE",
    "JOB",
    "STREAMS",
    "STREAM",
    "PIPES",
    "PUBLICATIONS",
    "SUBSCRIPTIONS",
    "SEQUENCES",
    "PROCEDURES",
    "PROCEDURE",
    "FUNCTIONS",
    "FUNCTION",
    "TRIGGERS",
    "AUDITS",
    "TRACE",
    "SAVEPOINT",
    "SYNTAX",
    "LOCALITY",
    "APPLICATIONS",
    "BACKUP",
    "DISTRIBUTION",
    "FINGERPRINTS",
    "EXPERIMENTAL_FINGERPRINTS",
    "TRANSACTION",
    "SESSION",
    "CLUSTER",
    "SEARCH_PATH_HINTS",
    "NODES",
];

fn unread(cursor: &mut Cursor<'_>) -> Option<&'static str> {
    let found =
        UNREAD.iter().copied().find(|name| name.split(' ').enumerate().all(|(i, w)| cursor.is_word_ahead(i, w)))?;
    cursor.seek(cursor.tokens().len());
    Some(found)
}

fn variable(cursor: &mut Cursor<'_>) -> Result<Show> {
    if cursor.accept_words(&["time", "zone"]) {
        return Ok(Show::Variable("timezone".to_owned()));
    }
    if cursor.accept_word("all") {
        return Ok(Show::Variable("all".to_owned()));
    }
    super::setting::setting_name(cursor).map(Show::Variable)
}
