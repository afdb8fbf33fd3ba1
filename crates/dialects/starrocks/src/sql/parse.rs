//! From text to the one statement in it.

use super::names::{name, table_name};
use super::statement::{Show, Statement};
use super::tokens::{PROFILE, check};
use super::{create, query, show};
use model::{Error, ErrorKind, Result};
use sql::{Cursor, Source, Tokens, split, tokenize};

/// A statement with its text.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) text: String,
    pub(crate) statement: Statement,
}

/// Parses the one statement of a text; a separator may stand behind it.
///
/// # Errors
/// [`ErrorKind::BodyEmpty`] and [`ErrorKind::TooManyStatements`]; [`ErrorKind::WrongStatementKind`]
/// for what the vendor's SQL endpoint does not take; [`ErrorKind::Syntax`] with its place.
pub(crate) fn parse(text: &str) -> Result<Parsed> {
    let source = Source { text, profile: &PROFILE };
    let tokens = tokenize(source)?;
    let mut statements = split(source, &tokens);
    let Some(first) = statements.next() else { return Err(Error::new(ErrorKind::BodyEmpty {})) };
    if statements.next().is_some() {
        return Err(Error::new(ErrorKind::TooManyStatements { limit: 1 }));
    }
    check(first)?;
    let text = match (first.tokens.first(), first.tokens.last()) {
        (Some(start), Some(end)) => source.slice(start.start, end.end).to_owned(),
        _ => String::new(),
    };
    Ok(Parsed { text, statement: statement(first)? })
}

/// Words that begin statements of the vendor which neither endpoint here takes.
const OTHER: [&str; 31] = [
    "insert",
    "update",
    "delete",
    "drop",
    "alter",
    "grant",
    "revoke",
    "set",
    "use",
    "truncate",
    "load",
    "cancel",
    "submit",
    "refresh",
    "admin",
    "analyze",
    "backup",
    "restore",
    "recover",
    "install",
    "uninstall",
    "stop",
    "pause",
    "resume",
    "export",
    "execute",
    "prepare",
    "deallocate",
    "begin",
    "commit",
    "rollback",
];

fn statement(tokens: Tokens<'_>) -> Result<Statement> {
    let mut cursor = Cursor::new(tokens);
    let word = cursor.peek_text().to_ascii_lowercase();
    let statement = match word.as_str() {
        "show" => Statement::Show(show::show(&mut cursor)?),
        "desc" | "describe" => {
            cursor.skip();
            cursor.accept_word("table");
            Statement::Show(Show::Describe(table_name(&mut cursor)?))
        }
        "explain" => {
            cursor.skip();
            for option in ["analyze", "verbose", "costs", "logical"] {
                if cursor.is_word(option) {
                    return Err(Error::unsupported(format!("EXPLAIN {}", option.to_uppercase())));
                }
            }
            return query::query(cursor.rest()).map(Statement::Explain);
        }
        "kill" => {
            cursor.skip();
            cursor.accept_one_of(&["query", "connection"]);
            Statement::Kill(cursor.expect_integer("the id of a connection")?)
        }
        "create" => {
            cursor.skip();
            let external = cursor.accept_word("external");
            let temporary = cursor.accept_word("temporary");
            if !cursor.is_word("table") {
                let endpoint = "sql";
                return Err(Error::new(ErrorKind::WrongStatementKind { statement: word, endpoint }));
            }
            if external || temporary {
                return Err(Error::unsupported("CREATE EXTERNAL or TEMPORARY TABLE"));
            }
            Statement::CreateTable(Box::new(create::table(&mut cursor)?))
        }
        _ if OTHER.contains(&word.as_str()) => {
            return Err(Error::new(ErrorKind::WrongStatementKind { statement: word, endpoint: "sql" }));
        }
        "select" | "with" | "(" => return query::query(tokens).map(Statement::Query),
        _ => return Err(cursor.error("no statement begins like this")),
    };
    cursor.expect_end()?;
    Ok(statement)
}

/// The name of a database behind SHOW CREATE DATABASE.
pub(super) fn database_name(cursor: &mut Cursor<'_>) -> Result<String> {
    name(cursor)
}

#[cfg(test)]
mod tests;
