//! Syntax errors in IoTDB's words: `line 1:8: mismatched input 'from'. Expecting: <expression>`.

use crate::error::Failure;
use model::{Error, ErrorKind, TextPosition};

/// Reasons that the vendor prints behind the place as they are.
const PRINTED: &[&str] = &[
    "Invalid numeric literal",
    "Zero-length delimited identifier",
    "Binary literal must",
    "Invalid EXTRACT field",
    // Limits of this program, which are worth more than the bare place.
    "parentheses are nested deeper than",
    "the expression is nested deeper than",
    "the expression has more than",
    "the set operation joins more than",
    "queries are nested deeper than",
];

const BACKQUOTE: &str = "backquoted identifiers are not supported; use double quotes to quote identifiers";

/// The failure for an error of the parser.
pub(super) fn failure(text: &str, error: &Error) -> Failure {
    let ErrorKind::Syntax { reason, .. } = error.kind.as_ref() else { return error.clone().into() };
    let position = error.position.unwrap_or_else(|| end(text));
    let place = format!("line {}:{}", position.line, position.column);
    if PRINTED.iter().any(|printed| reason.starts_with(printed)) {
        return Failure::new(700, format!("{place}: {reason}"));
    }
    let token = token_at(text, position);
    if token.starts_with('`') {
        return Failure::new(700, format!("{place}: {BACKQUOTE}"));
    }
    let expected = match reason.strip_prefix("expected ") {
        Some("the end of the statement") => "<EOF>".to_owned(),
        Some(expected) => expected.to_owned(),
        None if reason == "the statement does not go on like this" => "<EOF>".to_owned(),
        None => format!("<{reason}>"),
    };
    Failure::new(700, format!("{place}: mismatched input '{token}'. Expecting: {expected}"))
}

/// The position behind a text.
fn end(text: &str) -> TextPosition {
    let line = text.matches('\n').count();
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count();
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    TextPosition { line: number(line), column: number(column) }
}

/// The token at a position as written; `<EOF>` behind the text.
fn token_at(text: &str, position: TextPosition) -> String {
    let line = text.split('\n').nth(position.line.saturating_sub(1) as usize).unwrap_or_default();
    let rest: String = line.chars().skip(position.column.saturating_sub(1) as usize).collect();
    let Some(first) = rest.chars().next() else { return "<EOF>".to_owned() };
    let quoted = |quote: char| {
        let inside = rest.get(1..)?.find(quote)?;
        rest.get(..inside + 2).map(str::to_owned)
    };
    if matches!(first, '\'' | '"') {
        return quoted(first).unwrap_or_else(|| first.to_string());
    }
    if first.is_ascii_digit() {
        return rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    }
    if first.is_ascii_alphabetic() || first == '_' {
        return rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    }
    first.to_string()
}

#[cfg(test)]
mod tests {
    use super::{end, token_at};
    use model::TextPosition;

    #[test]
    fn tokens_are_shown_as_written() {
        let at = |text: &str, column: u32| token_at(text, TextPosition { line: 1, column });
        assert_eq!(at("select from t", 8), "from");
        assert_eq!(at("set x 'y'", 7), "'y'");
        assert_eq!(at("select 'a from", 8), "'");
        assert_eq!(at("limit 1.5", 7), "1.5");
        assert_eq!(at("a;", 2), ";");
        assert_eq!(at("a", 2), "<EOF>");
        assert_eq!(end("a\nbc"), TextPosition { line: 2, column: 3 });
    }
}
