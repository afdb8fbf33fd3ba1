//! Comparisons with ANY and ALL of a subquery, as comparisons with its least or greatest value.

use super::build::binary;
use crate::error::Result;
use ::sql::ast::{
    BinaryOperator, Expr, Query, Select, TableAlias, TableAliasColumnDef, TableFactor, VisitMut as _, VisitorMut,
};
use ::sql::tree::quoted;
use model::Error;
use std::ops::ControlFlow;

/// What compares with one value of a subquery.
const TEMPLATES: [(&str, Measure); 4] = [
    ("select min(\"v\") from (select \"v\" from \"q\") \"q\"", Measure::Least),
    ("select max(\"v\") from (select \"v\" from \"q\") \"q\"", Measure::Greatest),
    ("select count(*) from (select \"v\" from \"q\") \"q\"", Measure::Rows),
    ("select count(*) - count(\"v\") from (select \"v\" from \"q\") \"q\"", Measure::Nulls),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Least,
    Greatest,
    Rows,
    Nulls,
}

/// `left op ANY (subquery)`
pub(super) fn any(left: Expr, op: &BinaryOperator, right: Expr) -> Result<Expr> {
    let Expr::Subquery(query) = right else { return Err(Error::unsupported("ANY of a list").into()) };
    let measure = match op {
        BinaryOperator::Eq => {
            return Ok(Expr::InSubquery { expr: Box::new(left), subquery: query, negated: false });
        }
        BinaryOperator::Gt | BinaryOperator::GtEq => Measure::Least,
        BinaryOperator::Lt | BinaryOperator::LtEq => Measure::Greatest,
        other => return Err(Error::unsupported(format!("{other} ANY")).into()),
    };
    Ok(binary(left, op.clone(), measured(&query, measure)?))
}

/// `left op ALL (subquery)`: true for no rows, never true beside a NULL.
pub(super) fn all(left: Expr, op: &BinaryOperator, right: Expr) -> Result<Expr> {
    let Expr::Subquery(query) = right else { return Err(Error::unsupported("ALL of a list").into()) };
    let measure = match op {
        BinaryOperator::NotEq => {
            return Ok(Expr::InSubquery { expr: Box::new(left), subquery: query, negated: true });
        }
        BinaryOperator::Gt | BinaryOperator::GtEq => Measure::Greatest,
        BinaryOperator::Lt | BinaryOperator::LtEq => Measure::Least,
        other => return Err(Error::unsupported(format!("{other} ALL")).into()),
    };
    let zero = || super::build::number(0);
    let compared = binary(left, op.clone(), measured(&query, measure)?);
    let no_null = binary(measured(&query, Measure::Nulls)?, BinaryOperator::Eq, zero());
    let no_rows = binary(measured(&query, Measure::Rows)?, BinaryOperator::Eq, zero());
    Ok(binary(binary(compared, BinaryOperator::And, no_null), BinaryOperator::Or, no_rows))
}

/// One value of a subquery of one column.
fn measured(query: &Query, measure: Measure) -> Result<Expr> {
    let template = TEMPLATES.iter().find(|(_, of)| *of == measure).map_or("", |(text, _)| text);
    let mut outer = crate::sql::template(template)?;
    let mut filler = Filler { query };
    let _: ControlFlow<()> = outer.visit(&mut filler);
    Ok(Expr::Subquery(outer))
}

/// Puts the subquery where the template has one.
struct Filler<'a> {
    query: &'a Query,
}

impl VisitorMut for Filler<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for table in &mut select.from {
            if let TableFactor::Derived { subquery, alias, .. } = &mut table.relation {
                **subquery = self.query.clone();
                let column = TableAliasColumnDef { name: quoted("v"), data_type: None };
                *alias = Some(TableAlias { explicit: false, name: quoted("q"), columns: vec![column], at: None });
            }
        }
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use super::{TEMPLATES, measured};

    #[test]
    fn templates_are_filled() {
        let inner = crate::sql::template("select \"x\" from \"t\" where \"x\" > 1").unwrap();
        for (_, measure) in TEMPLATES {
            let text = measured(&inner, measure).unwrap().to_string();
            assert!(text.contains("FROM (SELECT \"x\" FROM \"t\" WHERE \"x\" > 1) \"q\" (\"v\")"), "{text}");
        }
    }
}
