//! What KWDB adds to the shared query skeleton: FILL, `[SHOW ..]` as a table, and the arguments of
//! the first and last functions.

use super::describe;
use crate::sql::statement::{BracketSource, Fill, Statement};
use crate::sql::tokens::{CLAUSES, RESERVED};
use model::{Error, ErrorKind, Result};
use sql::{Clause, ClauseTable, Cursor, Grammar, QueryParser, QueryPlace, TokenKind, Tokens};

/// What a query held besides standard SQL.
#[derive(Debug, Default)]
pub(crate) struct KwdbGrammar {
    pub(crate) fill: Option<Fill>,
    pub(crate) brackets: Vec<BracketSource>,
}

impl Grammar for KwdbGrammar {
    const LIMIT_TAKES_OFFSET: bool = false;

    fn clauses(&self) -> &'static ClauseTable {
        &CLAUSES
    }

    fn vendor_clause(parser: &mut QueryParser<'_, Self>, clause: &Clause<'_>, place: QueryPlace) -> Result<()> {
        let fill = fill(&mut Cursor::new(clause.body))?;
        let reason = match place {
            QueryPlace::Top => {
                parser.grammar.fill = Some(fill);
                return Ok(());
            }
            QueryPlace::With => "FILL clause is not supported in WITH...AS...",
            QueryPlace::SetOperand | QueryPlace::Nested => {
                "FILL is only supported for use in single time series table query."
            }
        };
        Err(Error::new(ErrorKind::InvalidStatement { reason: reason.to_owned() }))
    }

    fn bracketed_table(&mut self, inside: Tokens<'_>) -> Result<String> {
        let mut cursor = Cursor::new(inside);
        let show = describe::show(&mut cursor)?;
        cursor.expect_end()?;
        let words: Vec<_> = inside.tokens.iter().map(|t| inside.text(*t)).collect();
        // No table can have a control character in its name.
        let table = format!("\u{1}[{}]", words.join(" "));
        if self.brackets.iter().all(|source| source.table != table) {
            self.brackets.push(BracketSource { table: table.clone(), statement: Box::new(Statement::Show(show)) });
        }
        Ok(table)
    }
}

fn fill(cursor: &mut Cursor<'_>) -> Result<Fill> {
    let mut inside = Cursor::new(cursor.expect_group("( after FILL")?);
    cursor.expect_end()?;
    let cursor = &mut inside;
    let way = cursor.expect_one_of(&["exact", "previous", "next", "closer", "linear", "constant"])?;
    let fill = match way {
        "exact" => Fill::Exact,
        "previous" => Fill::Previous(range(cursor, "before")?),
        "next" => Fill::Next(range(cursor, "end")?),
        "closer" => Fill::Closer { before: range(cursor, "before")?, after: range(cursor, "end")? },
        "linear" => Fill::Linear { before: range(cursor, "before")?, after: range(cursor, "end")? },
        _ => {
            cursor.expect_kind(TokenKind::Comma, "a comma and a constant")?;
            let value = sql::parse_expression(cursor.rest(), &CLAUSES)?;
            return Ok(Fill::Constant(Box::new(value)));
        }
    };
    cursor.expect_end()?;
    Ok(fill)
}

/// `[, milliseconds]`
fn range(cursor: &mut Cursor<'_>, name: &str) -> Result<Option<u64>> {
    if !cursor.accept_kind(TokenKind::Comma) {
        return Ok(None);
    }
    if cursor.accept_symbol("-") {
        cursor.expect_integer("a range in milliseconds")?;
        return Err(cursor.error(format!("{name} range must be greater than or equal to 0")));
    }
    cursor.expect_integer("a range in milliseconds").map(Some)
}

/// The functions that take the name of a column, or `*`, as their first argument and nothing else.
const COLUMN_FUNCTIONS: &[&str] = &["first", "first_row", "last", "last_row"];

/// Checks the first arguments of the first and last functions wherever they are called.
pub(super) fn check_column_functions(tokens: Tokens<'_>) -> Result<()> {
    for index in 0..tokens.len() {
        let called = COLUMN_FUNCTIONS.iter().any(|name| tokens.is_word(index, name))
            && tokens.is_kind(index + 1, TokenKind::OpenParenthesis)
            && !index.checked_sub(1).is_some_and(|before| tokens.is_kind(before, TokenKind::Period));
        if called {
            column_argument(tokens, index + 2)?;
        }
    }
    Ok(())
}

fn column_argument(tokens: Tokens<'_>, start: usize) -> Result<()> {
    let mut cursor = Cursor::new(tokens);
    cursor.seek(start);
    loop {
        let is_name = cursor.is_kind(TokenKind::QuotedName)
            || (cursor.is_kind(TokenKind::Word) && !RESERVED.contains(cursor.peek_text()));
        if !is_name && !cursor.is_symbol("*") {
            return Err(cursor.error("expected the name of a column"));
        }
        cursor.skip();
        if !cursor.accept_kind(TokenKind::Period) {
            break;
        }
    }
    if cursor.is_kind(TokenKind::Comma) || cursor.is_kind(TokenKind::CloseParenthesis) {
        Ok(())
    } else {
        Err(cursor.error("expected nothing but the name of a column"))
    }
}
