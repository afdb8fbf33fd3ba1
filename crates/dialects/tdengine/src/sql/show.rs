//! `SHOW ..`

use super::names::{name, object_name};
use super::parse::unhandled;
use super::statement::{Show, Statement};
use model::Result;
use sql::{Cursor, TokenKind};

/// `SHOW` of what one system table lists.
const SYSTEM: &[(&[&str], &str)] = &[
    (&["dnodes"], "ins_dnodes"),
    (&["mnodes"], "ins_mnodes"),
    (&["qnodes"], "ins_qnodes"),
    (&["snodes"], "ins_snodes"),
    (&["cluster"], "ins_cluster"),
    (&["users"], "ins_users"),
    (&["user", "privileges"], "ins_user_privileges"),
    (&["functions"], "ins_functions"),
    (&["topics"], "ins_topics"),
    (&["streams"], "ins_streams"),
    (&["subscriptions"], "ins_subscriptions"),
    (&["queries"], "perf_queries"),
    (&["connections"], "perf_connections"),
    (&["variables"], "ins_configs"),
    (&["cluster", "variables"], "ins_configs"),
    (&["grants"], "ins_grants"),
];

/// `SHOW ..`
pub(super) fn show(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("show")?;
    let show = if cursor.accept_words(&["cluster", "alive"]) {
        Show::Alive
    } else if let Some((words, table)) = SYSTEM.iter().rev().find(|(words, _)| cursor.are_words(words)) {
        words.iter().for_each(|_| cursor.skip());
        Show::System(table, None)
    } else if cursor.accept_words(&["create", "database"]) {
        Show::CreateDatabase(name(cursor, "the name of a database")?)
    } else if cursor.accept_words(&["create", "table"]) || cursor.accept_words(&["create", "stable"]) {
        Show::CreateTable(object_name(cursor)?)
    } else if cursor.accept_words(&["tags", "from"]) {
        let table = object_name(cursor)?;
        Show::Tags(with_database(cursor, table)?)
    } else if cursor.accept_words(&["indexes", "from"]) {
        let table = object_name(cursor)?;
        with_database(cursor, table)?;
        Show::System("ins_indexes", None)
    } else if cursor.accept_word("views") {
        Show::System("ins_views", None)
    } else if cursor.accept_word("vgroups") {
        Show::System("ins_vgroups", None)
    } else if cursor.accept_word("databases") {
        Show::Databases(None)
    } else if cursor.accept_words(&["user", "databases"]) {
        Show::Databases(Some("user"))
    } else if cursor.accept_words(&["system", "databases"]) {
        Show::Databases(Some("system"))
    } else {
        return tables(cursor);
    };
    Ok(Statement::Show(show))
}

/// `name FROM db`
fn with_database(
    cursor: &mut Cursor<'_>,
    mut table: super::statement::ObjectName,
) -> Result<super::statement::ObjectName> {
    if table.database.is_none() && cursor.accept_word("from") {
        table.database = Some(name(cursor, "the name of a database")?);
    }
    Ok(table)
}

/// `[NORMAL | CHILD] [db.]TABLES | STABLES | VIEWS | VGROUPS | ALIVE [LIKE ..]`
fn tables(cursor: &mut Cursor<'_>) -> Result<Statement> {
    let start = cursor.index();
    let kind = cursor.accept_one_of(&["normal", "child"]);
    let qualified = cursor.tokens().is_kind(cursor.index() + 1, TokenKind::Period);
    let database = if qualified {
        let database = name(cursor, "the name of a database")?;
        cursor.skip();
        Some(database)
    } else {
        None
    };
    let what = cursor.accept_one_of(&["tables", "stables", "views", "vgroups", "alive"]);
    let (Some(what), true) = (what, kind.is_none() || what == Some("tables")) else {
        cursor.seek(start);
        return unhandled_show(cursor);
    };
    let like = if cursor.accept_word("like") { Some(cursor.expect_string("a pattern")?) } else { None };
    let show = match what {
        "tables" => Show::Tables { kind, database, like },
        "stables" => Show::Stables(database, like),
        "views" => Show::System("ins_views", database),
        "vgroups" => Show::System("ins_vgroups", database),
        _ => Show::Alive,
    };
    Ok(Statement::Show(show))
}

fn unhandled_show(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "SHOW TABLE TAGS",
            "SHOW TABLE DISTRIBUTED",
            "SHOW LOCAL VARIABLES",
            "SHOW DNODE",
            "SHOW CONSUMERS",
            "SHOW TRANSACTIONS",
            "SHOW APPS",
            "SHOW VNODES",
            "SHOW LICENCES",
            "SHOW ANODES",
            "SHOW COMPACTS",
            "SHOW TSMAS",
            "SHOW CREATE VIEW",
            "SHOW CREATE VTABLE",
            "SHOW VTABLES",
            "SHOW TOKENS",
        ],
    )
}
