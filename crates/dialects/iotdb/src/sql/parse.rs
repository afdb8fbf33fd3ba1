//! From tokens to a statement: which parser a statement goes to.

mod admin;
mod database;
mod grammar;
mod insert;
mod names;
mod show;
mod table;
mod user;
mod write;

use super::lexis;
use super::statement::{Endpoint, Statement};
use super::tokens::PROFILE;
use grammar::IotdbGrammar;
pub(crate) use insert::printed;
use model::Result;
use sql::{Cursor, QueryParser, Source, TokenKind, Tokens, ast};

/// Parses a whole text as one statement.
pub(super) fn statement(text: &str) -> Result<Statement> {
    let tokens = lexis::tokens(text)?;
    let whole = Tokens { source: Source { text, profile: &PROFILE }, tokens: &tokens, next: None };
    // One statement without a separator behind it: what stands before one is looked at first.
    let separator = tokens.iter().position(|token| token.kind == TokenKind::Separator);
    let mut cursor = Cursor::new(whole.part(0, separator.unwrap_or(whole.len())));
    cursor.accept_word("debug");
    let statement = one(&mut cursor)?;
    if !matches!(statement, Statement::Unhandled(..)) {
        cursor.expect_end()?;
    }
    match separator {
        Some(index) => Err(whole.error(index, "expected <EOF>")),
        None => Ok(statement),
    }
}

/// Statements that begin with a word of their own and are not done here.
const UNHANDLED: &[(&str, Endpoint)] = &[
    ("SET SYSTEM", Endpoint::NonQuery),
    ("LOAD CONFIGURATION", Endpoint::NonQuery),
    ("LOAD", Endpoint::NonQuery),
    ("PREPARE", Endpoint::NonQuery),
    ("EXECUTE", Endpoint::NonQuery),
    ("DEALLOCATE", Endpoint::NonQuery),
    ("COPY", Endpoint::NonQuery),
    ("START", Endpoint::NonQuery),
    ("STOP", Endpoint::NonQuery),
    ("MIGRATE", Endpoint::NonQuery),
    ("RECONSTRUCT", Endpoint::NonQuery),
    ("EXTEND", Endpoint::NonQuery),
    ("REMOVE", Endpoint::NonQuery),
    ("UNLOAD", Endpoint::NonQuery),
    ("CREATE FUNCTION", Endpoint::NonQuery),
    ("CREATE INDEX", Endpoint::NonQuery),
    ("CREATE MODEL", Endpoint::NonQuery),
    ("CREATE OR REPLACE VIEW", Endpoint::NonQuery),
    ("CREATE PIPEPLUGIN", Endpoint::NonQuery),
    ("CREATE PIPE", Endpoint::NonQuery),
    ("CREATE SERVICE", Endpoint::NonQuery),
    ("CREATE TOPIC", Endpoint::NonQuery),
    ("CREATE VIEW", Endpoint::NonQuery),
    ("ALTER PIPE", Endpoint::NonQuery),
    ("ALTER VIEW", Endpoint::NonQuery),
    ("DROP FUNCTION", Endpoint::NonQuery),
    ("DROP INDEX", Endpoint::NonQuery),
    ("DROP MODEL", Endpoint::NonQuery),
    ("DROP PIPEPLUGIN", Endpoint::NonQuery),
    ("DROP PIPE", Endpoint::NonQuery),
    ("DROP SERVICE", Endpoint::NonQuery),
    ("DROP TOPIC", Endpoint::NonQuery),
    ("DROP VIEW", Endpoint::NonQuery),
    ("SHOW AINODES", Endpoint::Query),
    ("SHOW AI_DEVICES", Endpoint::Query),
    ("SHOW CLUSTERID", Endpoint::Query),
    ("SHOW CLUSTER_ID", Endpoint::Query),
    ("SHOW CLUSTER", Endpoint::Query),
    ("SHOW CONFIGNODES", Endpoint::Query),
    ("SHOW CREATE VIEW", Endpoint::Query),
    ("SHOW DATA REGIONS", Endpoint::Query),
    ("SHOW DATANODES", Endpoint::Query),
    ("SHOW INDEXES", Endpoint::Query),
    ("SHOW LOADED MODELS", Endpoint::Query),
    ("SHOW MODELS", Endpoint::Query),
    ("SHOW PIPEPLUGINS", Endpoint::Query),
    ("SHOW PIPES", Endpoint::Query),
    ("SHOW REGIONS", Endpoint::Query),
    ("SHOW SCHEMA REGIONS", Endpoint::Query),
    ("SHOW SUBSCRIPTIONS", Endpoint::Query),
    ("SHOW TOPICS", Endpoint::Query),
    ("SHOW ALL CONFIGURATION", Endpoint::NonQuery),
    ("SHOW AVAILABLE URLS", Endpoint::NonQuery),
    ("SHOW CONFIGURATION", Endpoint::NonQuery),
    ("SHOW SERVICES", Endpoint::NonQuery),
];

fn one(cursor: &mut Cursor<'_>) -> Result<Statement> {
    for (words, endpoint) in UNHANDLED {
        if words.split(' ').enumerate().all(|(index, word)| cursor.is_word_ahead(index, word)) {
            return Ok(Statement::Unhandled(words, *endpoint));
        }
    }
    let word = cursor.peek_text().to_ascii_lowercase();
    match word.as_str() {
        "select" | "values" | "table" | "with" => query(cursor).map(Statement::Query),
        _ if cursor.is_kind(TokenKind::OpenParenthesis) => query(cursor).map(Statement::Query),
        "explain" => explain(cursor),
        "show" => show::show(cursor).map(Statement::Show),
        "desc" | "describe" => show::describe(cursor).map(Statement::Show),
        "count" => show::count(cursor).map(Statement::Show),
        "list" => user::list(cursor).map(Statement::Show),
        "create" => create(cursor),
        "alter" => alter(cursor),
        "drop" => drop_object(cursor),
        "comment" => table::comment(cursor),
        "insert" => insert::insert(cursor),
        "update" => write::update(cursor),
        "delete" => write::delete(cursor),
        "use" => {
            cursor.skip();
            names::name(cursor).map(Statement::Use)
        }
        "grant" => user::grant(cursor),
        "revoke" => user::revoke(cursor),
        "flush" | "clear" | "kill" | "set" => admin::statement(cursor),
        _ => Err(cursor.error(
            "expected 'ALTER', 'CLEAR', 'COMMENT', 'COUNT', 'CREATE', 'DEBUG', 'DELETE', 'DESC', 'DESCRIBE', 'DROP', \
             'EXPLAIN', 'FLUSH', 'GRANT', 'INSERT', 'KILL', 'LIST', 'REVOKE', 'SET', 'SHOW', 'UPDATE', 'USE', <query>",
        )),
    }
}

fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    match cursor.accept_one_of(&["database", "table", "user", "role"]) {
        Some("database") => database::create(cursor),
        Some("table") => table::create(cursor),
        Some("user") => user::create_user(cursor),
        Some(_) => names::name(cursor).map(Statement::CreateRole),
        None => Err(cursor.error("expected 'DATABASE', 'ROLE', 'TABLE', 'USER'")),
    }
}

fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    match cursor.accept_one_of(&["database", "table", "user"]) {
        Some("database") => database::alter(cursor),
        Some("table") => table::alter(cursor),
        Some(_) => user::alter_user(cursor),
        None => Err(cursor.error("expected 'DATABASE', 'TABLE', 'USER'")),
    }
}

fn drop_object(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    match cursor.accept_one_of(&["database", "table", "user", "role"]) {
        Some("database") => {
            let if_exists = names::if_exists(cursor)?;
            Ok(Statement::DropDatabase { if_exists, name: names::name(cursor)? })
        }
        Some("table") => {
            let if_exists = names::if_exists(cursor)?;
            Ok(Statement::DropTable { if_exists, table: names::table_name(cursor)? })
        }
        Some("user") => names::name(cursor).map(Statement::DropUser),
        Some(_) => names::name(cursor).map(Statement::DropRole),
        None => Err(cursor.error("expected 'DATABASE', 'ROLE', 'TABLE', 'USER'")),
    }
}

fn explain(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.skip();
    let analyze = cursor.accept_word("analyze");
    if analyze {
        cursor.accept_word("verbose");
    }
    if !["select", "values", "table", "with"].iter().any(|word| cursor.is_word(word))
        && !cursor.is_kind(TokenKind::OpenParenthesis)
    {
        return Err(cursor.error("expected 'ANALYZE', <query>"));
    }
    Ok(Statement::Explain { analyze, query: query(cursor)? })
}

/// A query up to the end of the text.
fn query(cursor: &mut Cursor<'_>) -> Result<Box<ast::Query>> {
    let tokens = cursor.rest();
    grammar::check(tokens)?;
    let query = QueryParser::new(&mut IotdbGrammar).parse_query(tokens)?;
    cursor.seek(cursor.tokens().len());
    Ok(Box::new(query))
}

/// An expression up to the end of the text.
fn expression(cursor: &mut Cursor<'_>) -> Result<ast::Expr> {
    expression_of(cursor.take_until(|_| false))
}

/// An expression.
fn expression_of(tokens: Tokens<'_>) -> Result<ast::Expr> {
    grammar::check(tokens)?;
    QueryParser::new(&mut IotdbGrammar).parse_expression(tokens)
}
