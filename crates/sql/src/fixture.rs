//! A small grammar for the tests of this crate, with a vendor clause of its own.

use crate::{
    Clause, ClauseKind, ClauseRule, ClauseTable, Folding, Grammar, IntervalUnit, QueryParser, QueryPlace, Source,
    StringPrefix, TokenProfile,
};
use model::Result;

pub(crate) static PROFILE: TokenProfile = TokenProfile {
    name_quotes: b"\"",
    string_quotes: b"'",
    backslash_escapes: false,
    string_prefixes: &[(b'e', StringPrefix::Escaped), (b'b', StringPrefix::Bytes), (b'x', StringPrefix::Hexadecimal)],
    dollar_strings: true,
    folding: Folding::Lower,
    interval_units: &[("m", IntervalUnit::Minute), ("h", IntervalUnit::Hour), ("mon", IntervalUnit::Month)],
    nested_comments: true,
    line_comments: &["--"],
};

pub(crate) fn source(text: &str) -> Source<'_> {
    Source { text, profile: &PROFILE }
}

/// The standard clauses, and `TAKE (..)` between WHERE and GROUP BY.
pub(crate) static CLAUSES: ClauseTable = ClauseTable {
    rules: &[
        ClauseRule::new(ClauseKind::From, &["from"], 10),
        ClauseRule::new(ClauseKind::Where, &["where"], 20),
        ClauseRule {
            before_parenthesis: true,
            after: &[ClauseKind::From, ClauseKind::Where],
            ..ClauseRule::new(ClauseKind::Vendor("take"), &["take"], 30)
        },
        ClauseRule::new(ClauseKind::GroupBy, &["group", "by"], 40),
        ClauseRule::new(ClauseKind::Having, &["having"], 50),
        ClauseRule::new(ClauseKind::Window, &["window"], 60),
        ClauseRule::new(ClauseKind::OrderBy, &["order", "by"], 70),
        ClauseRule::new(ClauseKind::Limit, &["limit"], 80),
        ClauseRule::new(ClauseKind::Offset, &["offset"], 80),
    ],
    refused_aliases: &["foreign_window"],
};

/// Notes what vendor clauses it met, and where.
#[derive(Debug, Default)]
pub(crate) struct TestGrammar {
    pub(crate) met: Vec<(String, QueryPlace)>,
}

impl Grammar for TestGrammar {
    fn clauses(&self) -> &'static ClauseTable {
        &CLAUSES
    }

    fn vendor_clause(parser: &mut QueryParser<'_, Self>, clause: &Clause<'_>, place: QueryPlace) -> Result<()> {
        let text = clause.body.tokens.iter().map(|t| clause.body.text(*t)).collect::<Vec<_>>().join(" ");
        parser.grammar.met.push((text, place));
        Ok(())
    }
}
