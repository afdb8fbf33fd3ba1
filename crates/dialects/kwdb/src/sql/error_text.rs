//! Syntax errors in KWDB's words.

use model::{Error, ErrorKind};

/// Reasons that KWDB prints behind the token; it prints nothing there for all others.
const PRINTED: &[&str] = &[
    "before range must",
    "end range must",
    "The hash num",
    "multiple comments specified",
    "duplicate",
    "a name cannot hold the character NUL",
    // Limits of this program, which are worth more than the bare place.
    "parentheses are nested deeper than",
    "the expression is nested deeper than",
    "the expression has more than",
    "the set operation joins more than",
    "queries are nested deeper than",
];

/// Reasons of errors in tokens, and what KWDB calls them.
const LEXICAL: &[(&str, &str)] = &[
    ("the string has no closing quote", "unterminated string"),
    ("the quoted name has no closing quote", "unterminated quoted identifier"),
    ("the comment has no end", "unterminated comment"),
    ("the string holds an invalid escape", "invalid syntax"),
];

/// The text of a syntax error as KWDB words it: `at or near "x": syntax error`, with the token
/// folded to lower case and `EOF` at the end. `None` for an error of another kind.
#[must_use]
pub fn syntax_error_text(error: &Error) -> Option<String> {
    let ErrorKind::Syntax { near, reason } = error.kind.as_ref() else { return None };
    if let Some((_, text)) = LEXICAL.iter().find(|(lexical, _)| lexical == reason) {
        return Some(format!("lexical error: {text}"));
    }
    let near = if near.is_empty() { "EOF".to_owned() } else { near.to_lowercase() };
    let mut text = format!("at or near \"{near}\": syntax error");
    if PRINTED.iter().any(|printed| reason.starts_with(printed)) {
        text.push_str(": ");
        text.push_str(reason);
    }
    Some(text)
}
