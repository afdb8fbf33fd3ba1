//! TDengine's tokens, clauses and reserved words.

use sql::{ClauseKind, ClauseRule, ClauseTable, Folding, IntervalUnit, ReservedWords, TokenProfile};

/// How TDengine's text falls into tokens.
pub(crate) static PROFILE: TokenProfile = TokenProfile {
    name_quotes: b"`",
    string_quotes: b"'\"",
    backslash_escapes: true,
    string_prefixes: &[],
    dollar_strings: false,
    folding: Folding::Lower,
    interval_units: &[
        ("b", IntervalUnit::Nanosecond),
        ("u", IntervalUnit::Microsecond),
        ("a", IntervalUnit::Millisecond),
        ("s", IntervalUnit::Second),
        ("m", IntervalUnit::Minute),
        ("h", IntervalUnit::Hour),
        ("d", IntervalUnit::Day),
        ("w", IntervalUnit::Week),
        ("n", IntervalUnit::Month),
        ("y", IntervalUnit::Year),
    ],
    nested_comments: false,
    line_comments: &["--"],
};

/// PARTITION BY
pub(crate) const PARTITION: ClauseKind = ClauseKind::Vendor("partition");
/// RANGE
pub(crate) const RANGE: ClauseKind = ClauseKind::Vendor("range");
/// EVERY
pub(crate) const EVERY: ClauseKind = ClauseKind::Vendor("every");
/// FILL
pub(crate) const FILL: ClauseKind = ClauseKind::Vendor("fill");
/// INTERVAL
pub(crate) const INTERVAL: ClauseKind = ClauseKind::Vendor("interval");
/// SLIDING
pub(crate) const SLIDING: ClauseKind = ClauseKind::Vendor("sliding");
/// SESSION
pub(crate) const SESSION: ClauseKind = ClauseKind::Vendor("session");
/// `STATE_WINDOW`
pub(crate) const STATE_WINDOW: ClauseKind = ClauseKind::Vendor("state_window");
/// `EVENT_WINDOW`
pub(crate) const EVENT_WINDOW: ClauseKind = ClauseKind::Vendor("event_window");
/// `COUNT_WINDOW`
pub(crate) const COUNT_WINDOW: ClauseKind = ClauseKind::Vendor("count_window");
/// `ANOMALY_WINDOW`
pub(crate) const ANOMALY_WINDOW: ClauseKind = ClauseKind::Vendor("anomaly_window");
/// SLIMIT
pub(crate) const SLIMIT: ClauseKind = ClauseKind::Vendor("slimit");
/// SOFFSET
pub(crate) const SOFFSET: ClauseKind = ClauseKind::Vendor("soffset");

const fn called(kind: ClauseKind, words: &'static [&'static str], rank: u8) -> ClauseRule {
    ClauseRule { kind, words, rank, before_parenthesis: true, after: &[] }
}

/// The clauses of a TDengine query. FILL stands behind EVERY or behind a window.
pub(crate) static CLAUSES: ClauseTable = ClauseTable {
    rules: &[
        ClauseRule::new(ClauseKind::From, &["from"], 10),
        ClauseRule::new(ClauseKind::Where, &["where"], 20),
        ClauseRule::new(PARTITION, &["partition", "by"], 30),
        called(RANGE, &["range"], 40),
        called(EVERY, &["every"], 41),
        called(INTERVAL, &["interval"], 42),
        called(SESSION, &["session"], 42),
        called(STATE_WINDOW, &["state_window"], 42),
        ClauseRule::new(EVENT_WINDOW, &["event_window", "start", "with"], 42),
        called(COUNT_WINDOW, &["count_window"], 42),
        called(ANOMALY_WINDOW, &["anomaly_window"], 42),
        called(SLIDING, &["sliding"], 43),
        called(FILL, &["fill"], 44),
        ClauseRule::new(ClauseKind::GroupBy, &["group", "by"], 50),
        ClauseRule::new(ClauseKind::Having, &["having"], 60),
        ClauseRule::new(ClauseKind::OrderBy, &["order", "by"], 70),
        ClauseRule::new(SLIMIT, &["slimit"], 80),
        ClauseRule::new(SOFFSET, &["soffset"], 80),
        ClauseRule::new(ClauseKind::Limit, &["limit"], 80),
        ClauseRule::new(ClauseKind::Offset, &["offset"], 80),
    ],
    refused_aliases: &[
        "align",
        "asof",
        "every",
        "except",
        "fetch",
        "final",
        "for",
        "group",
        "intersect",
        "interval",
        "order",
        "partition",
        "range",
        "returning",
        "session",
        "sliding",
        "state_window",
        "count_window",
        "event_window",
        "session_window",
        "time_window",
        "properties",
        "distributed",
        "union",
        "window",
        "window_offset",
        "match",
        "nmatch",
        "contains",
        "using",
        "tags",
    ],
};

/// Words that are no name unless they are quoted.
pub(crate) const RESERVED: ReservedWords = ReservedWords::new(&[
    "all",
    "alter",
    "and",
    "as",
    "asc",
    "between",
    "bigint",
    "binary",
    "bool",
    "by",
    "case",
    "cast",
    "column",
    "contains",
    "create",
    "database",
    "databases",
    "delete",
    "desc",
    "describe",
    "distinct",
    "double",
    "drop",
    "else",
    "end",
    "exists",
    "explain",
    "false",
    "fill",
    "float",
    "from",
    "geometry",
    "grant",
    "group",
    "having",
    "if",
    "in",
    "insert",
    "int",
    "integer",
    "interval",
    "into",
    "is",
    "join",
    "json",
    "keep",
    "like",
    "limit",
    "match",
    "nchar",
    "nmatch",
    "not",
    "null",
    "offset",
    "on",
    "or",
    "order",
    "partition",
    "precision",
    "range",
    "revoke",
    "select",
    "session",
    "set",
    "show",
    "sliding",
    "slimit",
    "smallint",
    "soffset",
    "stable",
    "stables",
    "table",
    "tables",
    "tags",
    "tbname",
    "then",
    "timestamp",
    "tinyint",
    "to",
    "true",
    "union",
    "unsigned",
    "use",
    "user",
    "users",
    "using",
    "values",
    "varbinary",
    "varchar",
    "when",
    "where",
]);

#[cfg(test)]
mod tests {
    use super::RESERVED;

    #[test]
    fn reserved_words_are_no_names() {
        assert!(RESERVED.contains("tbname") && !RESERVED.contains("voltage"));
    }
}
