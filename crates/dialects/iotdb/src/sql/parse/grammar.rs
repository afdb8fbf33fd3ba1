//! What IoTDB adds to the shared query skeleton, and what of it is refused by name because nothing
//! here does what it does.

use crate::sql::tokens::{CLAUSES, RESERVED};
use model::{Error, ErrorKind, Result};
use sql::{Clause, ClauseTable, Grammar, QueryParser, QueryPlace, TokenKind, Tokens};

/// IoTDB's part of a query.
#[derive(Debug)]
pub(super) struct IotdbGrammar;

impl Grammar for IotdbGrammar {
    const LIMIT_TAKES_OFFSET: bool = false;

    fn clauses(&self) -> &'static ClauseTable {
        &CLAUSES
    }

    fn vendor_clause(_: &mut QueryParser<'_, Self>, clause: &Clause<'_>, _: QueryPlace) -> Result<()> {
        match clause.body.is_word(0, "method") {
            true => Err(Error::unsupported("FILL METHOD")),
            false => Err(clause.body.error(0, "expected 'METHOD'")),
        }
    }
}

/// Table functions that nothing here does yet.
const TABLE_FUNCTIONS: &[&str] =
    &["tumble", "hop", "cumulate", "session", "variation", "capacity", "forecast", "classify", "pattern_match"];

/// Refuses what the skeleton would read as something else, and words that are no names.
pub(super) fn check(tokens: Tokens<'_>) -> Result<()> {
    for index in 0..tokens.len() {
        let before = |word| index.checked_sub(1).is_some_and(|before| tokens.is_word(before, word));
        let named = index.checked_sub(1).is_some_and(|before| tokens.is_kind(before, TokenKind::Period));
        if named {
            continue;
        }
        let joins = ["join", "inner", "left", "right", "full"].iter().any(|word| tokens.is_word(index + 1, word));
        if tokens.is_word(index, "asof") && (joins || tokens.is_kind(index + 1, TokenKind::OpenParenthesis)) {
            return Err(Error::unsupported("ASOF JOIN"));
        }
        if tokens.is_word(index, "match_recognize") {
            return Err(Error::unsupported("MATCH_RECOGNIZE"));
        }
        let from = before("from")
            || before("join")
            || index.checked_sub(1).is_some_and(|before| tokens.is_kind(before, TokenKind::Comma));
        let called = tokens.is_kind(index + 1, TokenKind::OpenParenthesis);
        if from
            && called
            && let Some(name) = TABLE_FUNCTIONS.iter().find(|name| tokens.is_word(index, name))
        {
            return Err(Error::unsupported(name.to_uppercase()));
        }
        check_limit(tokens, index)?;
        check_date_bin(tokens, index)?;
        check_extract(tokens, index)?;
        check_by(tokens, index)?;
        check_name(tokens, index)?;
        check_filter(tokens, index)?;
    }
    Ok(())
}

/// LIMIT takes one whole number or ALL, OFFSET one whole number.
fn check_limit(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let is_limit = tokens.is_word(index, "limit");
    if !is_limit && !tokens.is_word(index, "offset") {
        return Ok(());
    }
    let is_alias = index.checked_sub(1).is_none_or(|before| {
        tokens.is_word(before, "as") || tokens.is_word(before, "select") || tokens.is_kind(before, TokenKind::Comma)
    });
    if is_alias || tokens.is_kind(index + 1, TokenKind::Integer) || (is_limit && tokens.is_word(index + 1, "all")) {
        return Ok(());
    }
    Err(tokens.error(index + 1, "expected 'ALL', <integer>"))
}

/// `date_bin(span, time [, origin])`: the first argument is a number with a unit.
fn check_date_bin(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let is_bin = tokens.is_word(index, "date_bin") || tokens.is_word(index, "date_bin_gapfill");
    if !is_bin || !tokens.is_kind(index + 1, TokenKind::OpenParenthesis) {
        return Ok(());
    }
    const UNITS: &str = "expected 'MS', 'NS', 'US', DAY, HOUR, MINUTE, MONTH, SECOND, WEEK, YEAR";
    let Some(first) = tokens.get(index + 2) else { return Err(tokens.error(index + 2, "expected <integer>")) };
    let digits = tokens.text(first).bytes().take_while(u8::is_ascii_digit).count();
    match first.kind {
        TokenKind::Placeholder if digits > 0 => {
            if tokens.is_kind(index + 3, TokenKind::Comma) {
                return Ok(());
            }
            Err(tokens.error(index + 3, "expected ',', <integer>"))
        }
        TokenKind::Integer => Err(tokens.error(index + 3, UNITS)),
        TokenKind::Defect(_) if digits > 0 => {
            let behind = first.start + u32::try_from(digits).unwrap_or(0);
            let near = tokens.source.slice(behind, first.end).to_owned();
            let kind = ErrorKind::Syntax { near, reason: UNITS.to_owned() };
            Err(Error::new(kind).at(tokens.source.position(behind)))
        }
        _ => Err(tokens.error(index + 2, "expected <integer>")),
    }
}

/// The parts of a time that EXTRACT knows.
const FIELDS: &[&str] = &[
    "year",
    "quarter",
    "month",
    "week",
    "day",
    "day_of_month",
    "day_of_week",
    "dow",
    "day_of_year",
    "doy",
    "hour",
    "minute",
    "second",
    "ms",
    "us",
    "ns",
];

/// `EXTRACT(field FROM time)`
fn check_extract(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let is_extract = tokens.is_word(index, "extract") && tokens.is_kind(index + 1, TokenKind::OpenParenthesis);
    let Some(field) = tokens.tokens.get(index + 2).filter(|_| is_extract) else { return Ok(()) };
    if FIELDS.iter().any(|known| tokens.is_word(index + 2, known)) {
        return Ok(());
    }
    Err(tokens.error(index, format!("Invalid EXTRACT field: {}", tokens.text(*field))))
}

/// ORDER and GROUP go on with BY.
fn check_by(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let begins = tokens.is_word(index, "order") || tokens.is_word(index, "group");
    let is_alias =
        index.checked_sub(1).is_some_and(|before| tokens.is_word(before, "as") || tokens.is_word(before, "within"));
    if !begins || is_alias || tokens.is_word(index + 1, "by") {
        return Ok(());
    }
    Err(tokens.error(index + 1, "expected 'BY'"))
}

/// A reserved word behind FROM or AS is no name.
fn check_name(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let Some(token) = tokens.tokens.get(index).filter(|token| token.kind == TokenKind::Word) else { return Ok(()) };
    let behind = |word| index.checked_sub(1).is_some_and(|before| tokens.is_word(before, word));
    let wanted = behind("from") && !index.checked_sub(2).is_some_and(|at| tokens.is_word(at, "distinct"));
    let word = tokens.text(*token);
    let is_table = word.eq_ignore_ascii_case("table");
    if wanted && !is_table && RESERVED.contains(word) && !tokens.is_kind(index + 1, TokenKind::OpenParenthesis) {
        return Err(tokens.error(index, "expected '(', 'TABLE', <identifier>"));
    }
    Ok(())
}

/// `FILTER (WHERE ..)` behind an aggregate is no part of this grammar.
fn check_filter(tokens: Tokens<'_>, index: usize) -> Result<()> {
    let filters = tokens.is_word(index, "filter")
        && tokens.is_kind(index + 1, TokenKind::OpenParenthesis)
        && tokens.is_word(index + 2, "where");
    if filters { Err(tokens.error(index + 1, "expected ',', 'FROM', <EOF>")) } else { Ok(()) }
}
