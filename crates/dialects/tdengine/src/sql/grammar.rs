//! What TDengine adds to the shared query skeleton: PARTITION BY, windows, SLIMIT, and the text of
//! every item, which names it.

use super::duration::duration;
use super::statement::{Duration, Extras, Window};
use super::tokens::{
    ANOMALY_WINDOW, CLAUSES, COUNT_WINDOW, EVENT_WINDOW, EVERY, FILL, INTERVAL, PARTITION, RANGE, SESSION, SLIDING,
    SLIMIT, SOFFSET, STATE_WINDOW,
};
use super::words::lower_outside_quotes;
use crate::error::coded;
use model::{Error, Result};
use sql::ast::{Expr, Select, SelectItem, Value};
use sql::{Clause, ClauseKind, ClauseTable, Cursor, Grammar, QueryParser, QueryPlace, TokenKind, Tokens};

/// What begins the placeholder in a SELECT's `qualify`: no user can write it.
const MARK: char = '\u{2}';

/// Collects what the SELECTs of one statement hold beside standard SQL.
#[derive(Debug)]
pub(super) struct TdGrammar<'a> {
    /// The text as sent.
    pub(super) original: &'a str,
    /// Where the TAGS of each SELECT TAGS ended.
    pub(super) tags: &'a [usize],
    /// By the number in the placeholder.
    pub(super) extras: Vec<Extras>,
}

impl Grammar for TdGrammar<'_> {
    fn clauses(&self) -> &'static ClauseTable {
        &CLAUSES
    }

    fn vendor_clause(_: &mut QueryParser<'_, Self>, _: &Clause<'_>, _: QueryPlace) -> Result<()> {
        Ok(())
    }

    fn finish_select(
        parser: &mut QueryParser<'_, Self>,
        select: &mut Select,
        list: Tokens<'_>,
        vendor: &[Clause<'_>],
    ) -> Result<()> {
        let mut extras = Extras { texts: texts(parser.grammar.original, list), ..Extras::default() };
        extras.tags = list.tokens.first().is_some_and(|first| {
            let blank = |end: usize| parser.grammar.original.get(end..first.start as usize);
            parser.grammar.tags.iter().any(|end| blank(*end).is_some_and(|text| text.trim().is_empty()))
        });
        for clause in vendor {
            read_clause(parser, clause, &mut extras)?;
        }
        if extras.soffset.is_some() && extras.slimit.is_none() {
            return Err(list.error(0, "SOFFSET needs SLIMIT"));
        }
        let number = parser.grammar.extras.len();
        parser.grammar.extras.push(extras);
        select.qualify = Some(Expr::Value(Value::Placeholder(format!("{MARK}{number}")).with_empty_span()));
        Ok(())
    }
}

/// The number of a SELECT's extras; the placeholder is taken away.
pub(crate) fn take_number(select: &mut Select) -> Option<usize> {
    match select.qualify.take() {
        Some(Expr::Value(value)) => match value.value {
            Value::Placeholder(text) => text.strip_prefix(MARK)?.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn texts(original: &str, list: Tokens<'_>) -> Vec<String> {
    let mut cursor = Cursor::new(list);
    cursor.accept_one_of(&["distinct", "all"]);
    let mut texts = Vec::new();
    while !cursor.is_at_end() {
        let item = cursor.take_until(|c| c.is_kind(TokenKind::Comma));
        let text = match (item.tokens.first(), item.tokens.last()) {
            (Some(first), Some(last)) => original.get(first.start as usize..last.end as usize).unwrap_or_default(),
            _ => "",
        };
        texts.push(lower_outside_quotes(text));
        cursor.accept_kind(TokenKind::Comma);
    }
    texts
}

fn count(body: Tokens<'_>) -> Result<u64> {
    let mut cursor = Cursor::new(body);
    let count = cursor.expect_integer("a number")?;
    cursor.expect_end()?;
    Ok(count)
}

fn read_clause(parser: &mut QueryParser<'_, TdGrammar<'_>>, clause: &Clause<'_>, extras: &mut Extras) -> Result<()> {
    match clause.kind {
        PARTITION => {
            for item in parser.parse_select_items(clause.body)? {
                match item {
                    SelectItem::UnnamedExpr(expr) => {
                        extras.partition_by.push(expr);
                        extras.partition_names.push(String::new());
                    }
                    SelectItem::ExprWithAlias { expr, alias } => {
                        extras.partition_by.push(expr);
                        extras.partition_names.push(alias.value);
                    }
                    _ => return Err(clause.body.error(0, "expected expressions")),
                }
            }
        }
        INTERVAL => {
            let mut outer = Cursor::new(clause.body);
            let mut inside = Cursor::new(outer.expect_group("a length in parentheses")?);
            outer.expect_end()?;
            let length = duration(&mut inside)?;
            let offset = if inside.accept_kind(TokenKind::Comma) {
                if inside.accept_word("auto") {
                    return Err(Error::unsupported("INTERVAL with AUTO"));
                }
                Some(duration(&mut inside)?)
            } else {
                None
            };
            inside.expect_end()?;
            extras.window = Some(Window { length, offset, sliding: None });
        }
        SLIDING => {
            let mut outer = Cursor::new(clause.body);
            let mut inside = Cursor::new(outer.expect_group("a span in parentheses")?);
            outer.expect_end()?;
            let sliding = duration(&mut inside)?;
            inside.expect_end()?;
            let Some(window) = &mut extras.window else { return Err(clause.error("SLIDING needs INTERVAL")) };
            if matches!(sliding, Duration::Months(_)) {
                return Err(coded(0x2630, "Sliding time unit error, cannot use 'n' and 'y'"));
            }
            window.sliding = Some(sliding);
        }
        SLIMIT => extras.slimit = Some(count(clause.body)?),
        SOFFSET => extras.soffset = Some(count(clause.body)?),
        other => return Err(Error::unsupported(refused(other))),
    }
    Ok(())
}

/// The name of a clause that is not done here.
fn refused(kind: ClauseKind) -> &'static str {
    match kind {
        FILL => "FILL",
        RANGE => "RANGE",
        EVERY => "EVERY",
        SESSION => "SESSION",
        STATE_WINDOW => "STATE_WINDOW",
        EVENT_WINDOW => "EVENT_WINDOW",
        COUNT_WINDOW => "COUNT_WINDOW",
        ANOMALY_WINDOW => "ANOMALY_WINDOW",
        _ => "this clause",
    }
}
