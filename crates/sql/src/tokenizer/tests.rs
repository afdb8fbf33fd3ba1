//! Tokens of sound and of damaged text.

use super::tokenize;
use crate::{Defect, IntervalUnit, StringPrefix, Token, TokenKind, Tokens, fixture};
use model::{ErrorKind, TextPosition};
use proptest::prelude::*;

fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
    let source = fixture::source(text);
    tokenize(source).unwrap().into_iter().map(|t| (t.kind, source.slice(t.start, t.end))).collect()
}

fn kinds(text: &str) -> Vec<TokenKind> {
    tokens(text).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn numbers_units_and_names() {
    use TokenKind::{Decimal, Integer, Interval, Period, Word};
    assert_eq!(kinds("1 1.5 .5 1. 1e5 1E-5 0x1F"), [Integer, Decimal, Decimal, Decimal, Decimal, Decimal, Integer]);
    assert_eq!(
        kinds("1h 10M 2mon"),
        [Interval(IntervalUnit::Hour), Interval(IntervalUnit::Minute), Interval(IntervalUnit::Month)]
    );
    assert_eq!(kinds("t.1h"), [Word, Period, Interval(IntervalUnit::Hour)]);
    // A unit that is none, a fraction with a unit, and digits in a name.
    assert_eq!(
        kinds("1x 1.5h 0x1Fh 表1"),
        [
            TokenKind::Defect(Defect::TrailingJunk),
            TokenKind::Defect(Defect::TrailingJunk),
            TokenKind::Defect(Defect::TrailingJunk),
            Word
        ]
    );
    assert_eq!(tokens("1表 x").first(), Some(&(TokenKind::Defect(Defect::TrailingJunk), "1表")));
}

#[test]
fn quotes_prefixes_and_operators() {
    assert_eq!(
        tokens("'it''s' e'a\\'b' b'\\xff' x'0a' \"a\"\"b\""),
        [
            (TokenKind::String, "'it''s'"),
            (TokenKind::Prefixed(StringPrefix::Escaped), "e'a\\'b'"),
            (TokenKind::Prefixed(StringPrefix::Bytes), "b'\\xff'"),
            (TokenKind::Prefixed(StringPrefix::Hexadecimal), "x'0a'"),
            (TokenKind::QuotedName, "\"a\"\"b\""),
        ]
    );
    assert_eq!(kinds("e'\\xq'"), [TokenKind::Defect(Defect::BadEscape)]);
    let texts: Vec<_> = tokens("a->>b!~*c::d||e<>f").into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["a", "->>", "b", "!~*", "c", "::", "d", "||", "e", "<>", "f"]);
}

#[test]
fn programs_in_dollars_are_one_token() {
    let program = "$$begin delete from t; end$$";
    assert_eq!(tokens(&format!("a {program} b"))[1], (TokenKind::DollarString, program));
    assert_eq!(kinds("$x$ ; $$ ; $x$ $1 $"), [TokenKind::DollarString, TokenKind::Placeholder, TokenKind::Symbol]);
    assert_eq!(kinds("$x$ ; $y$"), [TokenKind::Defect(Defect::UnterminatedString)]);
}

#[test]
fn comments_nest_and_blanks_may_be_wide() {
    assert_eq!(kinds("a /* b /* c */ d */ -- e\n\u{3000}f"), [TokenKind::Word, TokenKind::Word]);
    assert_eq!(kinds("a /* b"), [TokenKind::Word, TokenKind::Defect(Defect::UnterminatedComment)]);
    assert_eq!(kinds("'a"), [TokenKind::Defect(Defect::UnterminatedString)]);
    assert_eq!(kinds("\"a"), [TokenKind::Defect(Defect::UnterminatedName)]);
    assert_eq!(kinds("\"a\0b\" '\0'"), [TokenKind::Defect(Defect::NulInName), TokenKind::String]);
}

#[test]
fn positions_count_characters_of_the_whole_text() {
    let text = "插入;\r\n  电表 'x";
    let source = fixture::source(text);
    let all = tokenize(source).unwrap();
    let last = *all.last().unwrap();
    assert_eq!(source.position(last.start), TextPosition { line: 2, column: 6 });
    let error = Tokens { source, tokens: &all, next: None }.error_at(last, "");
    assert_eq!(error.position, Some(TextPosition { line: 2, column: 6 }));
    assert_eq!(
        *error.kind,
        ErrorKind::Syntax { near: "'x".to_owned(), reason: "the string has no closing quote".to_owned() }
    );
}

fn check(text: &str) {
    let source = fixture::source(text);
    let all = tokenize(source).unwrap();
    let mut end = 0;
    for token in &all {
        let Token { start, end: token_end, .. } = *token;
        assert!(start >= end && token_end > start, "{text:?}: {token:?}");
        assert!(text.is_char_boundary(start as usize) && text.is_char_boundary(token_end as usize), "{token:?}");
        let run = Tokens { source, tokens: &all, next: None };
        let _ = (run.cooked(*token), run.bytes(*token), run.error_at(*token, ""));
        end = token_end;
    }
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn no_sequence_of_pieces_breaks_it(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "'", "\"", "e'", "b'", "x'", "\\", "/*", "*/", "--", "\n", " ", "1", "1e", ".", "..", "0x", "h", "é", "表",
            "\u{3000}", "$", "$$", "$1", "(", ")", ";", "->>", "!~", "a", "\u{0}", "\u{1}", "'0",
        ]),
        0..40,
    )) {
        check(&pieces.concat());
    }
}
