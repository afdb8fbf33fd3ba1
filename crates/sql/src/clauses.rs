//! Cuts one SELECT into its clauses, by a dialect's table, before anything else looks at it.

use crate::{Token, TokenKind, Tokens};
use model::Result;

/// What a clause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClauseKind {
    /// FROM
    From,
    /// WHERE
    Where,
    /// GROUP BY
    GroupBy,
    /// HAVING
    Having,
    /// WINDOW
    Window,
    /// ORDER BY
    OrderBy,
    /// LIMIT
    Limit,
    /// OFFSET
    Offset,
    /// FETCH FIRST
    Fetch,
    /// FOR UPDATE and the like: no table here can be locked, so it is refused by name.
    Locking,
    /// A clause that standard SQL does not have: the grammar reads it itself.
    Vendor(&'static str),
}

/// How a clause begins and where it may stand.
#[derive(Clone, Copy, Debug)]
pub struct ClauseRule {
    /// What it is.
    pub kind: ClauseKind,
    /// The words that begin it, in lower case.
    pub words: &'static [&'static str],
    /// Clauses stand in the order of their ranks; those of one rank in any order.
    pub rank: u8,
    /// Whether the words begin it only directly before a parenthesis.
    pub before_parenthesis: bool,
    /// The clauses directly behind which it may stand; empty: any of lower or equal rank.
    pub after: &'static [ClauseKind],
}

impl ClauseRule {
    /// A clause that stands anywhere by its rank.
    #[must_use]
    pub const fn new(kind: ClauseKind, words: &'static [&'static str], rank: u8) -> Self {
        Self { kind, words, rank, before_parenthesis: false, after: &[] }
    }
}

/// The clauses of a dialect.
#[derive(Clone, Copy, Debug)]
pub struct ClauseTable {
    /// Every clause behind the select list.
    pub rules: &'static [ClauseRule],
    /// Further words that are no alias without AS: clause words of other dialects.
    pub refused_aliases: &'static [&'static str],
}

impl ClauseTable {
    /// Whether a word may not be an alias without AS.
    #[must_use]
    pub fn refuses_alias(&self, word: &str) -> bool {
        self.rules.iter().filter_map(|rule| rule.words.first()).any(|w| w.eq_ignore_ascii_case(word))
            || self.refused_aliases.iter().any(|w| w.eq_ignore_ascii_case(word))
    }

    fn rule_at(&self, tokens: Tokens<'_>, index: usize) -> Option<&'static ClauseRule> {
        let before = |back: usize, word| index.checked_sub(back).is_some_and(|i| tokens.is_word(i, word));
        if is_named(tokens, index) {
            return None;
        }
        let rule = self.rules.iter().find(|rule| {
            rule.words.iter().enumerate().all(|(i, word)| tokens.is_word(index + i, word))
                && (!rule.before_parenthesis || tokens.is_kind(index + rule.words.len(), TokenKind::OpenParenthesis))
        })?;
        // a IS [NOT] DISTINCT FROM b
        let distinct = before(1, "distinct") && (before(2, "is") || before(2, "not"));
        (rule.kind != ClauseKind::From || !distinct).then_some(rule)
    }
}

/// Whether the word at an index is a name whatever it is: behind a dot or AS.
pub(crate) fn is_named(tokens: Tokens<'_>, index: usize) -> bool {
    index.checked_sub(1).is_some_and(|i| tokens.is_kind(i, TokenKind::Period) || tokens.is_word(i, "as"))
}

/// A clause of a query.
#[derive(Clone, Copy, Debug)]
pub struct Clause<'a> {
    /// What it is.
    pub kind: ClauseKind,
    /// Its tokens, with the words that begin it.
    pub whole: Tokens<'a>,
    /// Its tokens behind those words.
    pub body: Tokens<'a>,
}

impl Clause<'_> {
    /// A syntax error at the word that begins it.
    #[must_use]
    pub fn error(&self, reason: impl Into<String>) -> model::Error {
        self.whole.error(0, reason)
    }
}

/// Cuts the tokens of one arm of a query: what stands before the first clause, and the clauses.
pub(crate) fn cut<'a>(tokens: Tokens<'a>, table: &ClauseTable) -> Result<(Tokens<'a>, Vec<Clause<'a>>)> {
    let mut starts: Vec<(usize, &'static ClauseRule)> = Vec::new();
    let mut depth = 0_usize;
    for (index, token) in tokens.tokens.iter().enumerate() {
        depth = depth_behind(tokens, *token, depth);
        if depth > 0 || token.kind != TokenKind::Word {
            continue;
        }
        if index > 0 && tokens.is_word(index, "select") && !is_named(tokens, index) {
            return Err(tokens.error(index, "a query must stand in parentheses here"));
        }
        let Some(rule) = table.rule_at(tokens, index) else { continue };
        let reason = match starts.last() {
            _ if starts.iter().any(|(_, earlier)| earlier.kind == rule.kind) => Some("this clause is there already"),
            Some((_, last)) if last.rank > rule.rank => Some("this clause comes too late"),
            last if !rule.after.is_empty() && !last.is_some_and(|(_, l)| rule.after.contains(&l.kind)) => {
                Some("this clause may not stand here")
            }
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(tokens.error(index, reason));
        }
        starts.push((index, rule));
    }
    let head = tokens.part(0, starts.first().map_or(tokens.len(), |(start, _)| *start));
    let mut clauses = Vec::with_capacity(starts.len());
    let mut ends = starts.iter().skip(1).map(|(start, _)| *start).chain([tokens.len()]);
    for (start, rule) in &starts {
        let end = ends.next().unwrap_or(tokens.len());
        let body = tokens.part(start + rule.words.len(), end);
        if body.is_empty() && rule.kind != ClauseKind::Locking {
            return Err(body.error(0, "the clause is empty"));
        }
        clauses.push(Clause { kind: rule.kind, whole: tokens.part(*start, end), body });
    }
    Ok((head, clauses))
}

/// How deep inside parentheses and brackets the text is behind a token.
pub(crate) fn depth_behind(tokens: Tokens<'_>, token: Token, depth: usize) -> usize {
    match token.kind {
        TokenKind::OpenParenthesis => depth + 1,
        TokenKind::CloseParenthesis => depth.saturating_sub(1),
        TokenKind::Symbol => match tokens.text(token) {
            "[" | "{" => depth + 1,
            "]" | "}" => depth.saturating_sub(1),
            _ => depth,
        },
        _ => depth,
    }
}
