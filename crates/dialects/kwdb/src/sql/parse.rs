//! From tokens to statements: splitting, kinds, and which parser a statement goes to.

mod alter;
mod comment;
mod database;
mod describe;
mod grammar;
mod index;
mod insert;
mod names;
mod select;
mod setting;
mod table;
mod user;
mod write;

use super::statement::{Explain, ParsedStatement, Statement, StatementKind};
use super::tokens::{CLAUSES, PROFILE};
use crate::sql::types::ColumnType;
use model::Result;
use sql::{Cursor, Source, TokenKind, Tokens, ast, split, tokenize};
use std::sync::{Arc, OnceLock};

/// The text of a request, shared by the rows of its INSERTs; copied once, and only if there is one.
#[derive(Debug)]
pub(super) struct SharedText<'a> {
    text: &'a str,
    shared: OnceLock<Arc<str>>,
}

impl SharedText<'_> {
    fn get(&self) -> Arc<str> {
        Arc::clone(self.shared.get_or_init(|| Arc::from(self.text)))
    }
}

pub(super) fn parse(text: &str) -> Vec<ParsedStatement> {
    let source = Source { text, profile: &PROFILE };
    let shared = SharedText { text, shared: OnceLock::new() };
    let tokens = match tokenize(source) {
        Ok(tokens) => tokens,
        Err(error) => {
            return vec![ParsedStatement {
                text: String::new(),
                span: 0..text.len(),
                kind: StatementKind::Other,
                first_word: String::new(),
                statement: Err(error),
            }];
        }
    };
    split(source, &tokens).map(|tokens| parsed(tokens, &shared)).collect()
}

fn parsed(tokens: Tokens<'_>, shared: &SharedText<'_>) -> ParsedStatement {
    let span = match (tokens.tokens.first(), tokens.tokens.last()) {
        (Some(first), Some(last)) => first.start as usize..last.end as usize,
        _ => 0..0,
    };
    ParsedStatement {
        text: tokens.source.text.get(span.clone()).unwrap_or_default().to_owned(),
        span,
        kind: kind(tokens),
        first_word: tokens.tokens.first().map(|t| tokens.text(*t).to_lowercase()).unwrap_or_default(),
        statement: statement(tokens, shared),
    }
}

pub(super) fn parse_expression(text: &str) -> Result<ast::Expr> {
    let source = Source { text, profile: &PROFILE };
    let tokens = tokenize(source)?;
    sql::parse_expression(Tokens { source, tokens: &tokens, next: None }, &CLAUSES)
}

pub(super) fn parse_type(text: &str) -> Result<ColumnType> {
    let source = Source { text, profile: &PROFILE };
    let tokens = tokenize(source)?;
    let mut cursor = Cursor::new(Tokens { source, tokens: &tokens, next: None });
    let data_type = names::column_type(&mut cursor)?;
    cursor.expect_end()?;
    Ok(data_type)
}

/// What kind of statement it is by its first words.
fn kind(tokens: Tokens<'_>) -> StatementKind {
    let mut cursor = Cursor::new(tokens);
    if cursor.is_word("with") {
        skip_with(&mut cursor);
    }
    while cursor.accept_kind(TokenKind::OpenParenthesis) {}
    let word = cursor.peek_text().to_ascii_lowercase();
    match word.as_str() {
        "select" | "values" | "table" | "with" => StatementKind::Query,
        "show" | "describe" | "desc" => StatementKind::Show,
        "explain" => StatementKind::Explain,
        "insert" | "upsert" => StatementKind::Insert,
        "update" => StatementKind::Update,
        "delete" => StatementKind::Delete,
        "create" => StatementKind::Create,
        "drop" => StatementKind::Drop,
        "alter" => StatementKind::Alter,
        "use" => StatementKind::Use,
        "truncate" => StatementKind::Truncate,
        "comment" => StatementKind::Comment,
        "grant" => StatementKind::Grant,
        "revoke" => StatementKind::Revoke,
        "set" => StatementKind::Set,
        "reset" => StatementKind::Reset,
        _ => StatementKind::Other,
    }
}

/// Moves behind `WITH a AS (..), b AS (..)` without looking inside.
fn skip_with(cursor: &mut Cursor<'_>) {
    let start = cursor.index();
    let begins = ["select", "values", "table", "insert", "upsert", "update", "delete"];
    cursor.skip();
    cursor.take_until(|c| {
        // Behind the last parenthesis, where no comma goes on with the list.
        c.tokens().is_kind(c.index().saturating_sub(1), TokenKind::CloseParenthesis)
            && (begins.iter().any(|word| c.is_word(word)) || c.is_kind(TokenKind::OpenParenthesis))
    });
    if cursor.is_at_end() {
        cursor.seek(start);
    }
}

fn statement(tokens: Tokens<'_>, shared: &SharedText<'_>) -> Result<Statement> {
    let mut cursor = Cursor::new(tokens);
    let statement = match kind(tokens) {
        StatementKind::Query => return select::statement(tokens).map(Statement::Query),
        StatementKind::Insert => insert::insert(&mut cursor, shared)?,
        StatementKind::Update => write::update(&mut cursor)?,
        StatementKind::Delete => write::delete(&mut cursor)?,
        StatementKind::Show => describe::show(&mut cursor).map(Statement::Show)?,
        StatementKind::Explain => explain(&mut cursor, shared)?,
        StatementKind::Create => create(&mut cursor)?,
        StatementKind::Drop => drop_object(&mut cursor)?,
        StatementKind::Alter => alter_object(&mut cursor)?,
        StatementKind::Use => {
            cursor.skip();
            Statement::Use(names::name(&mut cursor)?)
        }
        StatementKind::Truncate => {
            cursor.skip();
            cursor.accept_word("table");
            let tables = cursor.comma_separated(names::table_name)?;
            cursor.accept_one_of(&["cascade", "restrict"]);
            Statement::Truncate(tables)
        }
        StatementKind::Comment => comment::comment_on(&mut cursor).map(Statement::CommentOn)?,
        StatementKind::Grant | StatementKind::Revoke => user::grant_or_revoke(&mut cursor)?,
        StatementKind::Set => setting::set(&mut cursor)?,
        StatementKind::Reset => setting::reset(&mut cursor)?,
        StatementKind::Other => return unhandled(&cursor, OTHER),
    };
    if !matches!(statement, Statement::Unhandled(_)) {
        cursor.expect_end()?;
    }
    Ok(statement)
}

/// Statements of KWDB that begin with a word of their own and are not done here.
const OTHER: &[&str] = &[
    "PREPARE",
    "EXECUTE",
    "DEALLOCATE",
    "CALL",
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "IMPORT",
    "EXPORT",
    "BACKUP",
    "RESTORE",
    "CANCEL",
    "PAUSE",
    "RESUME",
    "ANALYZE",
    "VACUUM",
    "COMPACT",
    "COMPRESS",
    "SELECT INTO",
    "COPY",
    "DISCARD",
    "CLUSTER",
    "REBALANCE",
    "KILL",
    "REFRESH",
    "DO",
];

/// A statement that is known by its first words only; otherwise a syntax error at the first word
/// that no statement has there.
fn unhandled(cursor: &Cursor<'_>, known: &'static [&'static str]) -> Result<Statement> {
    let found = known.iter().copied().find(|name| name.split(' ').enumerate().all(|(i, w)| cursor.is_word_ahead(i, w)));
    match found {
        // A piece of text that is no token is an error even in a statement that is not read.
        Some(name) => match cursor.tokens().tokens.iter().find(|t| matches!(t.kind, TokenKind::Defect(_))) {
            Some(defect) => Err(cursor.tokens().error_at(*defect, "")),
            None => Ok(Statement::Unhandled(name)),
        },
        None => {
            let shared =
                |name: &str| name.split(' ').enumerate().take_while(|(i, w)| cursor.is_word_ahead(*i, w)).count();
            let mut wrong = *cursor;
            wrong.seek(cursor.index() + known.iter().map(|name| shared(name)).max().unwrap_or_default());
            Err(wrong.error("no statement begins like this"))
        }
    }
}

fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("create")?;
    if cursor.is_word("database") || cursor.are_words(&["ts", "database"]) {
        return database::create(cursor).map(Statement::CreateDatabase);
    }
    if cursor.is_word("user") || cursor.is_word("role") {
        return user::create(cursor).map(Statement::CreateUser);
    }
    if ["table", "temp", "temporary", "sparse"].iter().any(|word| cursor.is_word(word)) {
        return table::create(cursor);
    }
    if cursor.is_word("index")
        || cursor.are_words(&["unique", "index"])
        || cursor.are_words(&["inverted", "index"])
        || cursor.are_words(&["unique", "inverted", "index"])
    {
        return index::create(cursor).map(Statement::CreateIndex);
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "CREATE VIEW",
            "CREATE MATERIALIZED VIEW",
            "CREATE SCHEMA",
            "CREATE SEQUENCE",
            "CREATE PROCEDURE",
            "CREATE FUNCTION",
            "CREATE TRIGGER",
            "CREATE STATISTICS",
            "CREATE SCHEDULE",
            "CREATE STREAM",
            "CREATE PIPE",
            "CREATE PUBLICATION",
            "CREATE SUBSCRIPTION",
            "CREATE AUDIT",
            "CREATE CHANGEFEED",
            "CREATE TYPE",
            "CREATE AGGREGATE",
        ],
    )
}

fn drop_object(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("drop")?;
    if cursor.accept_word("database") {
        return database::drop(cursor).map(Statement::DropDatabase);
    }
    if cursor.accept_word("table") {
        return table::drop(cursor).map(Statement::DropTables);
    }
    if cursor.accept_word("index") {
        return index::drop(cursor).map(Statement::DropIndex);
    }
    if cursor.accept_one_of(&["user", "role"]).is_some() {
        let if_exists = cursor.accept_words(&["if", "exists"]);
        return Ok(Statement::DropUsers { if_exists, names: cursor.comma_separated(user::name)? });
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "DROP VIEW",
            "DROP MATERIALIZED VIEW",
            "DROP SCHEMA",
            "DROP SEQUENCE",
            "DROP PROCEDURE",
            "DROP FUNCTION",
            "DROP TRIGGER",
            "DROP STATISTICS",
            "DROP SCHEDULE",
            "DROP STREAM",
            "DROP PIPE",
            "DROP PUBLICATION",
            "DROP SUBSCRIPTION",
            "DROP AUDIT",
            "DROP TYPE",
            "DROP AGGREGATE",
        ],
    )
}

fn alter_object(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("alter")?;
    if cursor.is_word("database") || cursor.are_words(&["ts", "database"]) {
        return database::alter(cursor);
    }
    if cursor.accept_word("table") {
        return alter::alter_table(cursor).map(Statement::AlterTable);
    }
    if cursor.accept_word("index") {
        return index::alter(cursor);
    }
    if cursor.is_word("user") || cursor.is_word("role") {
        return user::alter(cursor).map(Statement::AlterUser);
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "ALTER VIEW",
            "ALTER SCHEMA",
            "ALTER SEQUENCE",
            "ALTER PARTITION",
            "ALTER RANGE",
            "ALTER SCHEDULE",
            "ALTER STREAM",
            "ALTER PIPE",
            "ALTER AUDIT",
            "ALTER TRIGGER",
            "ALTER PUBLICATION",
            "ALTER SUBSCRIPTION",
        ],
    )
}

fn explain(cursor: &mut Cursor<'_>, shared: &SharedText<'_>) -> Result<Statement> {
    cursor.expect_word("explain")?;
    let mut analyze = cursor.accept_one_of(&["analyze", "analyse"]).is_some();
    let mut options = Vec::new();
    let behind = cursor.rest();
    if cursor.is_kind(TokenKind::OpenParenthesis) && !sql::QueryParser::<grammar::KwdbGrammar>::begins_query(behind) {
        let mut inside = Cursor::new(cursor.expect_group("options")?);
        options = inside.comma_separated(|c| Ok(c.expect_name("an option")?.0))?;
        inside.expect_end()?;
        analyze |= options.iter().any(|option| option == "analyze");
    }
    let inner = statement(cursor.rest(), shared)?;
    if matches!(inner, Statement::Explain(_) | Statement::Unhandled(_)) {
        return Err(cursor.error("this statement cannot be explained"));
    }
    cursor.seek(cursor.tokens().len());
    Ok(Statement::Explain(Explain { analyze, options, statement: Box::new(inner) }))
}
