//! From text to one statement.

use super::statement::{QueryStatement, Statement};
use super::tokens::PROFILE;
use super::{constant, database, grammar, insert, names, show, table, user, words};
use grammar::TdGrammar;
use model::{Error, Result};
use sql::{Cursor, QueryParser, Source, Token, TokenKind, Tokens, ast, tokenize};

pub(crate) use grammar::take_number;

/// One statement of a text, with the tokens that the rows of an INSERT are ranges of.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) statement: Statement,
    /// The text that the tokens are spans of.
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

impl Parsed {
    /// The tokens as the cursor wants them.
    pub(crate) fn tokens(&self) -> Tokens<'_> {
        let source = Source { text: &self.text, profile: &PROFILE };
        Tokens { source, tokens: &self.tokens, next: None }
    }
}

/// What the parsers of statements share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) original: &'a str,
    pub(super) tags: &'a [usize],
}

impl Origin<'_> {
    /// A query.
    pub(super) fn query(self, tokens: Tokens<'_>) -> Result<QueryStatement> {
        let mut grammar = TdGrammar { original: self.original, tags: self.tags, extras: Vec::new() };
        let query = QueryParser::new(&mut grammar).parse_query(tokens)?;
        Ok(QueryStatement { query, extras: grammar.extras })
    }

    /// An expression that holds no query.
    pub(super) fn expression(tokens: Tokens<'_>) -> Result<ast::Expr> {
        sql::parse_expression(tokens, &super::tokens::CLAUSES)
    }
}

/// Parses the first statement of a text; what follows its `;` is not read.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] with a position in the text.
pub(crate) fn parse(original: &str) -> Result<Parsed> {
    let readable = words::readable(original)?;
    let source = Source { text: &readable.text, profile: &PROFILE };
    let mut tokens = tokenize(source)?;
    let end = tokens.iter().position(|token| token.kind == TokenKind::Separator).unwrap_or(tokens.len());
    tokens.truncate(end);
    let origin = Origin { original, tags: &readable.tags };
    let statement = statement(Tokens { source, tokens: &tokens, next: None }, origin)?;
    Ok(Parsed { statement, text: readable.text, tokens })
}

/// Joins that the shared grammar does not read, by name.
fn refuse_joins(tokens: Tokens<'_>) -> Result<()> {
    for index in 1..tokens.len() {
        for (word, name) in [("asof", "ASOF JOIN"), ("window", "WINDOW JOIN")] {
            if tokens.is_word(index, "join") && tokens.is_word(index - 1, word) {
                return Err(Error::unsupported(name));
            }
        }
    }
    Ok(())
}

fn statement(tokens: Tokens<'_>, origin: Origin<'_>) -> Result<Statement> {
    refuse_joins(tokens)?;
    let mut cursor = Cursor::new(tokens);
    let word = cursor.peek_text().to_ascii_lowercase();
    let statement = match word.as_str() {
        "select" | "(" => return Ok(Statement::Query(Box::new(origin.query(tokens)?))),
        "insert" | "import" => insert::insert(&mut cursor, origin)?,
        "delete" => {
            cursor.skip();
            cursor.expect_word("from")?;
            let table = names::object_name(&mut cursor)?;
            let filter =
                if cursor.accept_word("where") { Some(Box::new(Origin::expression(cursor.rest())?)) } else { None };
            if filter.is_some() {
                return Ok(Statement::Delete { table, filter });
            }
            Statement::Delete { table, filter }
        }
        "use" => {
            cursor.skip();
            Statement::Use(names::name(&mut cursor, "the name of a database")?)
        }
        "describe" | "desc" => {
            cursor.skip();
            Statement::Describe(names::object_name(&mut cursor)?)
        }
        "show" => show::show(&mut cursor)?,
        "explain" => return explain(&mut cursor, origin),
        "create" => create(&mut cursor)?,
        "drop" => drop_object(&mut cursor)?,
        "alter" => alter(&mut cursor)?,
        "grant" => {
            cursor.skip();
            Statement::Grant(user::grant(&mut cursor, "to")?)
        }
        "revoke" => {
            cursor.skip();
            Statement::Revoke(user::grant(&mut cursor, "from")?)
        }
        "reset" => {
            cursor.expect_words(&["reset", "query", "cache"])?;
            Statement::Nothing
        }
        "flush" => {
            cursor.expect_words(&["flush", "database"])?;
            Statement::Use(names::name(&mut cursor, "the name of a database")?)
        }
        _ => return unhandled(&cursor, OTHER),
    };
    if !matches!(statement, Statement::Unhandled(_)) {
        cursor.expect_end()?;
    }
    Ok(statement)
}

/// Statements of TDengine that begin with a word of their own and are not done here.
const OTHER: &[&str] = &[
    "TRIM DATABASE",
    "COMPACT DATABASE",
    "COMPACT VGROUPS",
    "KILL QUERY",
    "KILL CONNECTION",
    "KILL TRANSACTION",
    "KILL COMPACT",
    "BALANCE VGROUP",
    "SPLIT VGROUP",
    "MERGE VGROUP",
    "REDISTRIBUTE VGROUP",
    "RESTORE DNODE",
    "PAUSE STREAM",
    "RESUME STREAM",
    "SYNCDB",
];

/// A statement that is known by its first words only; otherwise a syntax error at the first word
/// that no statement has there.
pub(super) fn unhandled(cursor: &Cursor<'_>, known: &'static [&'static str]) -> Result<Statement> {
    let matching = |name: &str| name.split(' ').enumerate().take_while(|(i, w)| cursor.is_word_ahead(*i, w)).count();
    if let Some(name) = known.iter().copied().find(|name| matching(name) == name.split(' ').count()) {
        return match cursor.tokens().tokens.iter().find(|token| matches!(token.kind, TokenKind::Defect(_))) {
            Some(defect) => Err(cursor.tokens().error_at(*defect, "")),
            None => Ok(Statement::Unhandled(name)),
        };
    }
    let mut wrong = *cursor;
    wrong.seek(cursor.index() + known.iter().map(|name| matching(name)).max().unwrap_or_default());
    Err(wrong.error("no statement begins like this"))
}

fn explain(cursor: &mut Cursor<'_>, origin: Origin<'_>) -> Result<Statement> {
    cursor.expect_word("explain")?;
    let analyze = cursor.accept_word("analyze");
    if cursor.accept_word("verbose") {
        cursor.expect_one_of(&["true", "false"])?;
    }
    let query = Box::new(origin.query(cursor.rest())?);
    Ok(Statement::Explain { analyze, query })
}

fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("create")?;
    if cursor.is_word("database") {
        return database::create(cursor);
    }
    if cursor.is_word("stable") || cursor.is_word("table") {
        return table::create(cursor);
    }
    if cursor.is_word("user") {
        return user::create(cursor);
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "CREATE VTABLE",
            "CREATE TOPIC",
            "CREATE STREAM",
            "CREATE VIEW",
            "CREATE OR REPLACE",
            "CREATE FUNCTION",
            "CREATE AGGREGATE FUNCTION",
            "CREATE INDEX",
            "CREATE SMA INDEX",
            "CREATE TSMA",
            "CREATE RECURSIVE TSMA",
            "CREATE DNODE",
            "CREATE MNODE",
            "CREATE QNODE",
            "CREATE SNODE",
            "CREATE ANODE",
            "CREATE CONSUMER GROUP",
            "CREATE ENCRYPT_KEY",
            "CREATE TOKEN",
        ],
    )
}

fn drop_object(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("drop")?;
    if cursor.accept_word("database") {
        let if_exists = cursor.accept_words(&["if", "exists"]);
        return Ok(Statement::DropDatabase { if_exists, name: names::name(cursor, "the name of a database")? });
    }
    if cursor.is_word("table") || cursor.is_word("stable") {
        return table::drop(cursor);
    }
    if cursor.accept_word("user") {
        return Ok(Statement::DropUser(names::name(cursor, "the name of a user")?));
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &[
            "DROP TOPIC",
            "DROP STREAM",
            "DROP VIEW",
            "DROP FUNCTION",
            "DROP INDEX",
            "DROP TSMA",
            "DROP DNODE",
            "DROP MNODE",
            "DROP QNODE",
            "DROP SNODE",
            "DROP ANODE",
            "DROP CONSUMER GROUP",
            "DROP TOKEN",
        ],
    )
}

fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("alter")?;
    if cursor.is_word("database") {
        return database::alter(cursor);
    }
    if cursor.is_word("table") || cursor.is_word("stable") {
        return table::alter(cursor);
    }
    if cursor.is_word("user") {
        return user::alter(cursor);
    }
    cursor.seek(0);
    unhandled(
        cursor,
        &["ALTER LOCAL", "ALTER DNODE", "ALTER ALL DNODES", "ALTER CLUSTER", "ALTER VTABLE", "ALTER TOKEN"],
    )
}

/// A constant at the cursor.
pub(super) fn constant(cursor: &mut Cursor<'_>) -> Result<super::statement::Constant> {
    constant::constant(cursor)
}
