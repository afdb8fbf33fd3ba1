//! What is checked before and after sqlparser: nesting, and that it read nothing that another
//! dialect means by the same tokens.

use crate::expression::at;
use crate::stub::{INTERVAL_MARK, QUERY_MARK};
use crate::{TokenKind, Tokens};
use model::{Error, Result};
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, Expr, Ident, Interval, Query, SelectItem, SetExpr, TableAlias, TableFactor, Value, ValueWithSpan,
    VisitorMut,
};
use sqlparser::tokenizer::Span;
use std::ops::ControlFlow;

/// How deep parentheses may nest in a statement.
const PARENTHESES_MAX: usize = 48;
/// How many operators may hang on each other: `a + b + c` is a tree as deep as it is long, and trees
/// are cloned and compared by recursion. Chains of AND and OR do not count: [`balance`] makes them flat.
const OPERATORS_MAX: usize = 200;
/// How many AND and OR may stand in a row.
const CONNECTIVES_MAX: usize = 10_000;
/// Chains of AND and OR up to this length stay as they were written.
const CHAIN_MAX: usize = 32;

/// What stands between two commas at one depth.
#[derive(Clone, Copy, Default)]
struct Segment {
    /// Operators since the last comma, AND or OR.
    operators: usize,
    /// The most operators before that.
    most: usize,
    connectives: usize,
    /// BETWEENs whose AND has not come yet.
    between: usize,
}

impl Segment {
    fn end_chain(&mut self) {
        self.most = self.most.max(self.operators);
        self.operators = 0;
    }

    fn word(&mut self, word: &str) {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        if is("and") && self.between > 0 {
            self.between -= 1;
        } else if is("and") || is("or") {
            self.connectives += 1;
            self.end_chain();
        } else if is_operator(word) {
            self.operators += 1;
            self.between += usize::from(is("between"));
        }
    }
}

/// Checks that parentheses pair up and that no expression can become too deep a tree.
pub(crate) fn check_nesting(tokens: Tokens<'_>) -> Result<()> {
    let mut open = vec![Segment::default()];
    let never_opened = |index| tokens.error(index, "a parenthesis closes that never opened");
    for (index, token) in tokens.tokens.iter().enumerate() {
        let Some(segment) = open.last_mut() else { return Err(never_opened(index)) };
        match token.kind {
            TokenKind::OpenParenthesis => open.push(Segment::default()),
            TokenKind::CloseParenthesis => {
                segment.end_chain();
                let inside = segment.most;
                open.pop();
                match open.last_mut() {
                    Some(outer) => outer.operators += inside,
                    None => return Err(never_opened(index)),
                }
            }
            TokenKind::Comma => {
                segment.end_chain();
                segment.connectives = 0;
                segment.between = 0;
            }
            TokenKind::Symbol => segment.operators += 1,
            TokenKind::Word => segment.word(tokens.text(*token)),
            _ => {}
        }
        if open.len() > PARENTHESES_MAX {
            return Err(tokens.error(index, "parentheses are nested too deeply"));
        }
        if open.last().is_some_and(|s| s.operators > OPERATORS_MAX || s.connectives > CONNECTIVES_MAX) {
            return Err(tokens.error(index, "the expression has too many operators"));
        }
    }
    if open.len() > 1 {
        return Err(tokens.error(tokens.len(), "a parenthesis is not closed"));
    }
    Ok(())
}

fn is_operator(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "not",
        "is",
        "like",
        "ilike",
        "similar",
        "between",
        "in",
        "collate",
        "at",
        "union",
        "intersect",
        "except",
        "isnull",
        "notnull",
        "overlaps",
    ];
    WORDS.iter().any(|operator| operator.eq_ignore_ascii_case(word))
}

/// Makes a long chain of one of AND and OR a balanced tree: both are associative.
fn balance(expr: &mut Expr) {
    let Expr::BinaryOp { op, .. } = expr else { return };
    let op = op.clone();
    if !matches!(op, BinaryOperator::And | BinaryOperator::Or) || chain_length(expr, &op) <= CHAIN_MAX {
        return;
    }
    let mut terms = Vec::new();
    let mut rest = std::mem::replace(expr, Expr::Wildcard(AttachedToken::empty()));
    loop {
        match rest {
            Expr::BinaryOp { left, op: inner, right } if inner == op => {
                terms.push(*right);
                rest = *left;
            }
            first => {
                terms.push(first);
                break;
            }
        }
    }
    // Neighbours join in pairs until one is left: the last term comes first here.
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(right) = rest.next() {
            pairs.push(match rest.next() {
                Some(left) => Expr::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) },
                None => right,
            });
        }
        terms = pairs;
    }
    if let Some(tree) = terms.pop() {
        *expr = tree;
    }
}

fn chain_length(mut expr: &Expr, op: &BinaryOperator) -> usize {
    let mut length = 0;
    while let Expr::BinaryOp { left, op: inner, .. } = expr
        && inner == op
    {
        length += 1;
        expr = left;
    }
    length
}

/// Puts back what stubs stand for, and refuses shapes that are another dialect's.
pub(crate) struct Guard<'a> {
    pub(crate) part: Tokens<'a>,
    pub(crate) queries: Vec<Option<Query>>,
}

type Flow = ControlFlow<Box<Error>>;

impl Guard<'_> {
    fn refuse(&self, span: Span, reason: &str) -> Flow {
        ControlFlow::Break(Box::new(at(self.part, span.start, reason)))
    }

    fn alias(&self, alias: &Ident) -> Flow {
        match alias.quote_style {
            Some('\'') => ControlFlow::Break(Box::new(self.string_alias(alias))),
            _ => ControlFlow::Continue(()),
        }
    }

    fn string_alias(&self, alias: &Ident) -> Error {
        // sqlparser keeps no span for it: the first string with that text is shown.
        let token =
            self.part.tokens.iter().find(|t| t.kind == TokenKind::String && self.part.cooked(**t) == alias.value);
        match token {
            Some(token) => self.part.error_at(*token, "a string cannot be an alias"),
            None => self.part.error(0, "a string cannot be an alias"),
        }
    }

    fn table_alias(&self, alias: Option<&TableAlias>) -> Flow {
        let Some(alias) = alias else { return ControlFlow::Continue(()) };
        self.alias(&alias.name)?;
        match &alias.at {
            Some(at) => self.refuse(at.span, "AT is no part of an alias here"),
            None => ControlFlow::Continue(()),
        }
    }

    /// The n of the stub `SELECT $n`.
    fn stub(query: &Query) -> Option<usize> {
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        match select.projection.as_slice() {
            [SelectItem::UnnamedExpr(Expr::Value(ValueWithSpan { value: Value::Placeholder(text), .. }))] => {
                text.strip_prefix(QUERY_MARK)?.parse().ok()
            }
            _ => None,
        }
    }
}

impl VisitorMut for Guard<'_> {
    type Break = Box<Error>;

    fn post_visit_query(&mut self, query: &mut Query) -> Flow {
        let nested = Self::stub(query).and_then(|n| self.queries.get_mut(n)).and_then(Option::take);
        match nested {
            Some(nested) => {
                *query = nested;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(Box::new(self.part.error(0, "a query must stand in parentheses here"))),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        match factor {
            TableFactor::Table {
                alias,
                with_hints,
                version,
                partitions,
                json_path,
                sample,
                index_hints,
                args,
                name,
                ..
            } => {
                let foreign = !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_hints.is_empty()
                    || args.as_ref().is_some_and(|args| args.settings.is_some());
                if foreign {
                    let span = name.0.first().and_then(|part| part.as_ident()).map_or(Span::empty(), |i| i.span);
                    return self.refuse(span, "a table cannot be followed by this");
                }
                self.table_alias(alias.as_ref())
            }
            TableFactor::Derived { alias, sample: None, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => self.table_alias(alias.as_ref()),
            _ => ControlFlow::Break(Box::new(self.part.error(0, "this is no table"))),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        balance(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(text), span }) = expr
            && let Some(text) = text.strip_prefix(INTERVAL_MARK)
        {
            *expr = Expr::Interval(Interval {
                value: Box::new(Expr::Value(ValueWithSpan {
                    value: Value::SingleQuotedString(text.to_owned()),
                    span: *span,
                })),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            });
        }
        ControlFlow::Continue(())
    }
}

/// Refuses select items that are another dialect's.
pub(crate) fn check_items(items: &[SelectItem], part: Tokens<'_>) -> Result<()> {
    let guard = Guard { part, queries: Vec::new() };
    for item in items {
        let (alias, options) = match item {
            SelectItem::UnnamedExpr(_) => continue,
            SelectItem::ExprWithAlias { alias, .. } => (Some(alias), None),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => (None, Some(options)),
            SelectItem::ExprWithAliases { aliases, .. } => (aliases.first(), None),
        };
        if let Some(alias) = alias
            && let ControlFlow::Break(error) = guard.alias(alias)
        {
            return Err(*error);
        }
        let several = matches!(item, SelectItem::ExprWithAliases { .. });
        let foreign = options.is_some_and(|o| {
            o.opt_ilike.is_some()
                || o.opt_exclude.is_some()
                || o.opt_except.is_some()
                || o.opt_replace.is_some()
                || o.opt_rename.is_some()
                || o.opt_alias.is_some()
        });
        if several || foreign {
            return Err(part.error(0, "this is no select item"));
        }
    }
    Ok(())
}
