//! How deep an expression may become: checked on tokens before anything recurses, and long chains of
//! AND and OR made balanced trees.

use crate::{TokenKind, Tokens};
use model::Result;
use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{BinaryOperator, Expr};

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
            return Err(tokens.error(index, format!("parentheses are nested deeper than {PARENTHESES_MAX} levels")));
        }
        if open.last().is_some_and(|segment| segment.operators > OPERATORS_MAX) {
            let reason = format!("the expression has more than {OPERATORS_MAX} operators that hang on each other");
            return Err(tokens.error(index, reason));
        }
        if open.last().is_some_and(|segment| segment.connectives > CONNECTIVES_MAX) {
            return Err(tokens.error(index, format!("the expression has more than {CONNECTIVES_MAX} of AND and OR")));
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
pub(crate) fn balance(expr: &mut Expr) {
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
