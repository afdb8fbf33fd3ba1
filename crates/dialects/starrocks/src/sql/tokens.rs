//! Tokens, clauses and reserved words; and the tokens that mean something here which nothing does.

use model::{Error, Result};
use sql::{ClauseKind, ClauseRule, ClauseTable, Folding, ReservedWords, StringPrefix, TokenKind, TokenProfile, Tokens};

/// How this vendor's text falls into tokens: strings in either quotes, names in backticks.
pub(crate) static PROFILE: TokenProfile = TokenProfile {
    name_quotes: b"`",
    string_quotes: b"'\"",
    backslash_escapes: true,
    string_prefixes: &[(b'x', StringPrefix::Hexadecimal)],
    dollar_strings: false,
    folding: Folding::Keep,
    interval_units: &[],
    nested_comments: false,
    line_comments: &["--", "#"],
};

/// The clauses of a query.
pub(crate) static CLAUSES: ClauseTable = ClauseTable {
    rules: &[
        ClauseRule::new(ClauseKind::From, &["from"], 10),
        ClauseRule::new(ClauseKind::Where, &["where"], 20),
        ClauseRule::new(ClauseKind::GroupBy, &["group", "by"], 30),
        ClauseRule::new(ClauseKind::Having, &["having"], 40),
        ClauseRule::new(ClauseKind::Vendor(QUALIFY), &["qualify"], 50),
        ClauseRule::new(ClauseKind::Window, &["window"], 55),
        ClauseRule::new(ClauseKind::OrderBy, &["order", "by"], 60),
        ClauseRule::new(ClauseKind::Limit, &["limit"], 70),
        ClauseRule::new(ClauseKind::Offset, &["offset"], 80),
        ClauseRule::new(ClauseKind::Vendor(OUTFILE), &["into", "outfile"], 90),
        ClauseRule::new(ClauseKind::Locking, &["for", "update"], 90),
    ],
    refused_aliases: &[
        "fill",
        "every",
        "align",
        "range",
        "sliding",
        "session",
        "state_window",
        "session_window",
        "event_window",
        "count_window",
        "slimit",
        "soffset",
        "interval",
        "partition",
        "partitions",
        "tablet",
        "tablesample",
        "sample",
        "into",
        "fetch",
        "union",
        "intersect",
        "except",
        "minus",
        "lateral",
        "final",
        "returning",
        "distributed",
        "properties",
        "for",
        "group",
        "order",
        "temporary",
        "pivot",
        "asof",
    ],
};

/// The clause QUALIFY.
pub(crate) const QUALIFY: &str = "qualify";
/// The clause INTO OUTFILE.
pub(crate) const OUTFILE: &str = "into outfile";

/// Operators that a query may hold; all others of the shared tokens mean something else to others.
const OPERATORS: [&str; 15] = ["+", "-", "*", "/", "%", "=", "<>", "!=", "<", ">", "<=", ">=", "&", "|", "~"];

/// Escapes behind a backslash that mean here what the shared tokens read.
const ESCAPES: [u8; 8] = [b'n', b'r', b't', b'\\', b'\'', b'"', b'%', b'_'];

/// Refuses operators and escapes of this vendor that would be read as something else.
///
/// # Errors
/// [`model::ErrorKind::Syntax`] or [`model::ErrorKind::Unsupported`] at the token.
pub(crate) fn check(tokens: Tokens<'_>) -> Result<()> {
    let beside_string = |index: usize| {
        tokens.is_kind(index + 1, TokenKind::String)
            || index.checked_sub(1).is_some_and(|before| tokens.is_kind(before, TokenKind::String))
    };
    for (index, token) in tokens.tokens.iter().enumerate() {
        let text = tokens.text(*token);
        match token.kind {
            TokenKind::Symbol if !OPERATORS.contains(&text) => {
                let what = match text {
                    "||" => "the operator || (OR here: write OR, or concat)",
                    "&&" => "the operator && (write AND)",
                    "^" => "the operator ^ (write bitxor)",
                    "!" => "the operator ! (write NOT)",
                    "->" | "->>" => "the operator -> on JSON",
                    _ => return Err(tokens.error_at(*token, "unexpected token")),
                };
                return Err(Error::unsupported(what).at(tokens.source.position(token.start)));
            }
            // Reserved words of this vendor that other grammars lack or read as something else.
            TokenKind::Word if index == 0 || !tokens.is_kind(index - 1, TokenKind::Period) => {
                let is_call = tokens.is_kind(index + 1, TokenKind::OpenParenthesis);
                let what = match text.to_ascii_lowercase().as_str() {
                    "xor" => "the operator XOR",
                    "div" => "the operator DIV",
                    "lateral" => "LATERAL",
                    "pivot" if is_call => "PIVOT",
                    _ => continue,
                };
                return Err(Error::unsupported(what).at(tokens.source.position(token.start)));
            }
            // "a"."b" is a column to others.
            TokenKind::Period if beside_string(index) => return Err(tokens.error_at(*token, "unexpected token")),
            TokenKind::String => {
                let mut bytes = text.bytes();
                while let Some(byte) = bytes.next() {
                    if byte == b'\\'
                        && let Some(escape) = bytes.next()
                        && !ESCAPES.contains(&escape)
                    {
                        let what = format!("the escape \\{}", char::from(escape));
                        return Err(Error::unsupported(what).at(tokens.source.position(token.start)));
                    }
                }
            }
            TokenKind::Defect(_) | TokenKind::Placeholder => return Err(tokens.error_at(*token, "unexpected token")),
            _ => {}
        }
    }
    Ok(())
}

/// Words that are no name unless they are quoted.
pub(crate) const RESERVED: ReservedWords = ReservedWords::new(&[
    "add",
    "all",
    "alter",
    "and",
    "anti",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "char",
    "column",
    "create",
    "cross",
    "default",
    "delete",
    "desc",
    "describe",
    "distinct",
    "drop",
    "else",
    "except",
    "exists",
    "explain",
    "false",
    "for",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "in",
    "index",
    "inner",
    "insert",
    "intersect",
    "into",
    "is",
    "join",
    "key",
    "keys",
    "kill",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "primary",
    "qualify",
    "regexp",
    "revoke",
    "right",
    "rlike",
    "select",
    "semi",
    "set",
    "show",
    "table",
    "then",
    "true",
    "union",
    "unique",
    "update",
    "use",
    "using",
    "values",
    "when",
    "where",
    "with",
]);

#[cfg(test)]
mod tests {
    use super::RESERVED;

    #[test]
    fn reserved_words_are_no_names() {
        assert!(RESERVED.contains("SELECT") && !RESERVED.contains("power"));
    }
}
