//! UNION, INTERSECT and EXCEPT: a query to its arms, and the arms back to one tree.

use crate::clauses::is_named;
use crate::{Cursor, Tokens};
use model::Result;
use sqlparser::ast::{SetExpr, SetOperator, SetQuantifier};

/// How many queries one set operation may join: its tree is as deep as it is long.
const ARMS_MAX: usize = 100;

/// One query of a set operation.
pub(crate) struct Arm<'a> {
    /// The operator before it; `None` for the first.
    pub(crate) operator: Option<(SetOperator, SetQuantifier)>,
    pub(crate) tokens: Tokens<'a>,
}

/// Splits a query at its set operators.
pub(crate) fn split_arms(tokens: Tokens<'_>) -> Result<Vec<Arm<'_>>> {
    let mut arms = Vec::new();
    let mut operator = None;
    let mut cursor = Cursor::new(tokens);
    loop {
        let at_operator = |c: &Cursor<'_>| {
            !is_named(tokens, c.index()) && ["union", "intersect", "except"].iter().any(|word| c.is_word(word))
        };
        let arm = cursor.take_until(at_operator);
        if arm.is_empty() {
            return Err(cursor.error("expected a query"));
        }
        arms.push(Arm { operator, tokens: arm });
        if arms.len() > ARMS_MAX {
            return Err(cursor.error(format!("the set operation joins more than {ARMS_MAX} queries")));
        }
        let set = match cursor.accept_one_of(&["union", "intersect", "except"]) {
            Some("union") => SetOperator::Union,
            Some("intersect") => SetOperator::Intersect,
            Some(_) => SetOperator::Except,
            None => return Ok(arms),
        };
        let quantifier = match cursor.accept_one_of(&["all", "distinct"]) {
            Some("all") => SetQuantifier::All,
            Some(_) => SetQuantifier::Distinct,
            None => SetQuantifier::None,
        };
        operator = Some((set, quantifier));
    }
}

/// Puts the arms together: INTERSECT first, the others from left to right.
pub(crate) fn combine(operands: Vec<(Option<(SetOperator, SetQuantifier)>, SetExpr)>) -> Option<SetExpr> {
    let join = |left, (op, set_quantifier), right| SetExpr::SetOperation {
        left: Box::new(left),
        op,
        set_quantifier,
        right: Box::new(right),
    };
    let mut sums: Vec<(Option<(SetOperator, SetQuantifier)>, SetExpr)> = Vec::new();
    for (operator, body) in operands {
        match (operator, sums.pop()) {
            (Some(intersect @ (SetOperator::Intersect, _)), Some((before, left))) => {
                sums.push((before, join(left, intersect, body)));
            }
            (operator, last) => {
                sums.extend(last);
                sums.push((operator, body));
            }
        }
    }
    let mut sums = sums.into_iter();
    let (_, first) = sums.next()?;
    sums.try_fold(first, |left, (operator, right)| Some(join(left, operator?, right)))
}
