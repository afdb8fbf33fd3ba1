//! Our tokens to sqlparser's, with every nested query cut out first.
//!
//! A parenthesised query becomes `(SELECT $n)` here and is parsed by the clause skeleton; its result
//! is put back once sqlparser has read what is around it. So no query at any depth reaches sqlparser
//! as text, and none of its clause words can be read as anything else.

use crate::source::PositionCursor;
use crate::{StringPrefix, Token, TokenKind, Tokens};
use model::{Result, TextPosition};
use sqlparser::ast::Query;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token as Parsed, TokenWithSpan, Word};

/// What begins the text of a placeholder that stands for an interval: no user can write it.
pub(crate) const INTERVAL_MARK: char = '\0';
/// The same for the number of a nested query.
pub(crate) const QUERY_MARK: char = '\u{1}';

/// What to do with the parts that sqlparser must not see.
pub(crate) trait Nested {
    /// Parses the inside of a parenthesised query.
    fn query(&mut self, inside: Tokens<'_>) -> Result<Query>;
    /// Reads what stands in brackets where a table should; the name that stands for it.
    fn bracketed(&mut self, inside: Tokens<'_>) -> Result<String>;
}

/// A run of tokens ready for sqlparser.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) part: Tokens<'a>,
    pub(crate) tokens: Vec<TokenWithSpan>,
    /// The nested queries; the stub `SELECT $n` stands for the n-th.
    pub(crate) queries: Vec<Option<Query>>,
}

/// Converts a run of tokens. In FROM, brackets where a table should be are given to `nested`.
pub(crate) fn convert<'a>(part: Tokens<'a>, in_from: bool, nested: &mut dyn Nested) -> Result<Piece<'a>> {
    let mut piece = Piece { part, tokens: Vec::with_capacity(part.len()), queries: Vec::new() };
    let mut positions = PositionCursor::new(part.source);
    let mut index = 0;
    while let Some(token) = part.tokens.get(index).copied() {
        let span = span(positions.advance(token.start));
        let mut push = |parsed| piece.tokens.push(TokenWithSpan { token: parsed, span });
        if let Some(close) = query_group(part, index) {
            push(Parsed::LParen);
            push(Parsed::make_word("SELECT", None));
            push(Parsed::Placeholder(format!("{QUERY_MARK}{}", piece.queries.len())));
            push(Parsed::RParen);
            piece.queries.push(Some(nested.query(part.part(index + 1, close))?));
            index = close + 1;
        } else if in_from && part.is_symbol(index, "[") && table_may_stand(part, index) {
            let close = (index..part.len()).find(|i| part.is_symbol(*i, "]"));
            let Some(close) = close else { return Err(part.error(part.len(), "a bracket is not closed")) };
            let value = nested.bracketed(part.part(index + 1, close))?;
            push(Parsed::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword }));
            index = close + 1;
        } else {
            let parsed = if is_plain(part, index) {
                let value = part.cooked(token).into_owned();
                Some(Parsed::Word(Word { value, quote_style: None, keyword: Keyword::NoKeyword }))
            } else {
                convert_token(part, token)
            };
            match parsed {
                Some(parsed) => push(parsed),
                None => return Err(part.error_at(token, "unexpected token")),
            }
            index += 1;
        }
    }
    Ok(piece)
}

pub(crate) fn location(position: TextPosition) -> Location {
    Location { line: u64::from(position.line), column: u64::from(position.column) }
}

fn span(position: TextPosition) -> Span {
    let start = location(position);
    Span { start, end: start }
}

/// Whether the word at an index is no keyword for sqlparser: behind a dot, or called like a function
/// where sqlparser knows it without parentheses only.
fn is_plain(part: Tokens<'_>, index: usize) -> bool {
    let behind_dot = index.checked_sub(1).is_some_and(|before| part.is_kind(before, TokenKind::Period));
    let called = part.is_kind(index + 1, TokenKind::OpenParenthesis)
        && ["current_user", "session_user", "user", "current_catalog"].iter().any(|word| part.is_word(index, word));
    part.is_kind(index, TokenKind::Word) && (behind_dot || called)
}

/// Whether a table may stand at an index of a FROM clause.
fn table_may_stand(part: Tokens<'_>, index: usize) -> bool {
    match index.checked_sub(1) {
        None => true,
        Some(before) => {
            part.is_kind(before, TokenKind::Comma)
                || part.is_kind(before, TokenKind::OpenParenthesis)
                || part.is_word(before, "join")
        }
    }
}

/// The index of the closing parenthesis, if a parenthesised query opens at `open`.
pub(crate) fn query_group(part: Tokens<'_>, open: usize) -> Option<usize> {
    if !part.is_kind(open, TokenKind::OpenParenthesis) {
        return None;
    }
    let close = part.closing(open)?;
    begins_query(part.part(open + 1, close), 0).then_some(close)
}

/// Whether the tokens from an index on are a query: it begins like one, or with a parenthesised one
/// that is the whole of it or that only a set operation or an end clause can follow.
pub(crate) fn begins_query(part: Tokens<'_>, index: usize) -> bool {
    let mut open = index;
    while part.is_kind(open, TokenKind::OpenParenthesis) {
        open += 1;
    }
    let first = ["select", "with", "values"].iter().any(|word| part.is_word(open, word))
        && !part.is_symbol(open + 1, "::")
        && !part.is_kind(open + 1, TokenKind::Period)
        && !part.is_kind(open + 1, TokenKind::Comma);
    let table = part.is_word(open, "table")
        && part.tokens.get(open + 1).is_some_and(|t| matches!(t.kind, TokenKind::Word | TokenKind::QuotedName));
    if !first && !table {
        return false;
    }
    // From the inmost parenthesis outwards.
    (index..open).rev().all(|at| {
        part.closing(at).is_some_and(|close| {
            let behind = close + 1;
            behind >= part.len()
                || part.is_kind(behind, TokenKind::CloseParenthesis)
                || ["union", "intersect", "except", "order", "limit", "offset", "fetch"]
                    .iter()
                    .any(|word| part.is_word(behind, word))
        })
    })
}

fn convert_token(part: Tokens<'_>, token: Token) -> Option<Parsed> {
    Some(match token.kind {
        TokenKind::Word => Parsed::make_word(&part.cooked(token), None),
        TokenKind::QuotedName => Parsed::Word(Word {
            value: part.cooked(token).into_owned(),
            quote_style: Some('"'),
            keyword: Keyword::NoKeyword,
        }),
        TokenKind::String | TokenKind::Prefixed(StringPrefix::Escaped) => {
            Parsed::SingleQuotedString(part.cooked(token).into_owned())
        }
        TokenKind::Prefixed(StringPrefix::Bytes | StringPrefix::Hexadecimal) => {
            Parsed::HexStringLiteral(part.bytes(token)?.iter().map(|byte| format!("{byte:02x}")).collect())
        }
        TokenKind::Integer => Parsed::Number(decimal_digits(part.text(token))?, false),
        TokenKind::Decimal => Parsed::Number(part.text(token).to_owned(), false),
        TokenKind::Interval(unit) => {
            let digits = part.text(token).trim_end_matches(|c: char| !c.is_ascii_digit());
            Parsed::Placeholder(format!("{INTERVAL_MARK}{digits} {}", unit.word()))
        }
        TokenKind::Placeholder => Parsed::Placeholder(part.text(token).to_owned()),
        TokenKind::OpenParenthesis => Parsed::LParen,
        TokenKind::CloseParenthesis => Parsed::RParen,
        TokenKind::Comma => Parsed::Comma,
        TokenKind::Period => Parsed::Period,
        TokenKind::Symbol => symbol(part.text(token))?,
        TokenKind::Separator | TokenKind::DollarString | TokenKind::Defect(_) => return None,
    })
}

/// The digits of an integer, which may be written as `0x1F`.
fn decimal_digits(text: &str) -> Option<String> {
    match text.get(..2) {
        Some("0x" | "0X") => u128::from_str_radix(text.get(2..)?, 16).ok().map(|number| number.to_string()),
        _ => Some(text.to_owned()),
    }
}

fn symbol(text: &str) -> Option<Parsed> {
    Some(match text {
        "+" => Parsed::Plus,
        "-" => Parsed::Minus,
        "*" => Parsed::Mul,
        "/" => Parsed::Div,
        "//" => Parsed::DuckIntDiv,
        "%" => Parsed::Mod,
        "=" => Parsed::Eq,
        "==" => Parsed::DoubleEq,
        "<>" | "!=" => Parsed::Neq,
        "<" => Parsed::Lt,
        ">" => Parsed::Gt,
        "<=" => Parsed::LtEq,
        ">=" => Parsed::GtEq,
        "||" => Parsed::StringConcat,
        "::" => Parsed::DoubleColon,
        ":" => Parsed::Colon,
        "=>" => Parsed::RArrow,
        "[" => Parsed::LBracket,
        "]" => Parsed::RBracket,
        "{" => Parsed::LBrace,
        "}" => Parsed::RBrace,
        "&" => Parsed::Ampersand,
        "&&" => Parsed::Overlap,
        "|" => Parsed::Pipe,
        "^" => Parsed::Caret,
        "#" => Parsed::Sharp,
        "~" => Parsed::Tilde,
        "~*" => Parsed::TildeAsterisk,
        "!~" => Parsed::ExclamationMarkTilde,
        "!~*" => Parsed::ExclamationMarkTildeAsterisk,
        "~~" => Parsed::DoubleTilde,
        "!~~" => Parsed::ExclamationMarkDoubleTilde,
        "<<" => Parsed::ShiftLeft,
        ">>" => Parsed::ShiftRight,
        "!" => Parsed::ExclamationMark,
        "@" => Parsed::AtSign,
        "->" => Parsed::Arrow,
        "->>" => Parsed::LongArrow,
        "#>" => Parsed::HashArrow,
        "#>>" => Parsed::HashLongArrow,
        "#-" => Parsed::HashMinus,
        "@>" => Parsed::AtArrow,
        "<@" => Parsed::ArrowAt,
        "@@" => Parsed::AtAt,
        "?" => Parsed::Question,
        "?|" => Parsed::QuestionPipe,
        "?&" => Parsed::QuestionAnd,
        _ => return None,
    })
}
