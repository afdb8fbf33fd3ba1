//! How many columns a SELECT writes out.
//!
//! Planning looks each column up among those before it, so that its time grows faster than their
//! number, and nothing interrupts it: this is counted on the syntax tree, before it.

use datafusion::sql::sqlparser::ast::{
    GroupByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Statement, Visit, Visitor,
};
use model::{ErrorKind, Result};
use std::ops::ControlFlow;

/// Columns that one SELECT may write out, and terms that it may group or order by: those of two
/// tables of 4,096 columns.
const COLUMNS_MAX: usize = 8_192;
/// Stars among them, each of which may stand for a whole table.
const STARS_MAX: usize = 64;

/// Fails when a SELECT is wider than it may be.
pub(crate) fn refuse_wide(statement: &Statement) -> Result<()> {
    match statement.visit(&mut Widths) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(reason) => Err(ErrorKind::InvalidStatement { reason }.into()),
    }
}

struct Widths;

impl Visitor for Widths {
    type Break = String;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        let is_star = |item: &&SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if select.projection.iter().filter(is_star).count() > STARS_MAX {
            return ControlFlow::Break(format!("a SELECT may have at most {STARS_MAX} stars"));
        }
        check("a SELECT", "columns", select.projection.len())?;
        match &select.group_by {
            GroupByExpr::Expressions(terms, _) => check("GROUP BY", "terms", terms.len()),
            GroupByExpr::All(_) => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        if let SetExpr::Values(values) = &*query.body {
            let widest = values.rows.iter().map(|row| row.len()).max();
            check("VALUES", "columns", widest.unwrap_or_default())?;
        }
        match query.order_by.as_ref().map(|order| &order.kind) {
            Some(OrderByKind::Expressions(terms)) => check("ORDER BY", "terms", terms.len()),
            Some(OrderByKind::All(_)) | None => ControlFlow::Continue(()),
        }
    }
}

fn check(clause: &str, of: &str, count: usize) -> ControlFlow<String> {
    if count > COLUMNS_MAX {
        return ControlFlow::Break(format!("{clause} may have at most {COLUMNS_MAX} {of}, not {count}"));
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::memory::meters;
    use crate::testing::Bench;
    use std::time::{Duration, Instant};

    fn many(count: usize, item: impl Fn(usize) -> String) -> String {
        (0..count).map(item).collect::<Vec<_>>().join(", ")
    }

    #[tokio::test]
    async fn a_wide_select_is_refused_at_once() {
        let mut bench = Bench::new();
        bench.table(meters(&[]));
        let columns = many(20_000, |n| format!("meter + {n} AS c{n}"));
        let terms = many(9_000, |n| format!("meter + {n}"));
        let stars = many(65, |_| "meters.*".to_owned());
        for (sql, text) in [
            (format!("SELECT {columns} FROM meters"), "a SELECT may have at most 8192 columns, not 20000"),
            (format!("SELECT 1 FROM (SELECT {columns} FROM meters) AS x"), "a SELECT may have at most 8192 columns"),
            (format!("EXPLAIN SELECT {columns} FROM meters"), "a SELECT may have at most 8192 columns"),
            (format!("SELECT count(*) FROM meters GROUP BY {terms}"), "GROUP BY may have at most 8192 terms, not 9000"),
            (format!("SELECT meter FROM meters ORDER BY {terms}"), "ORDER BY may have at most 8192 terms"),
            (format!("SELECT {stars} FROM meters"), "a SELECT may have at most 64 stars"),
            (format!("VALUES ({})", many(9_000, |n| n.to_string())), "VALUES may have at most 8192 columns"),
        ] {
            let began = Instant::now();
            let ErrorKind::InvalidStatement { reason } = bench.error(&sql).await else { panic!("{text}") };
            assert!(reason.starts_with(text), "{reason}");
            assert!(began.elapsed() < Duration::from_secs(5), "{text}: {:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn a_select_of_as_many_columns_as_it_may_have_is_answered() {
        let mut bench = Bench::new();
        bench.table(meters(&[]));
        for count in [100, COLUMNS_MAX] {
            let columns = many(count, |n| format!("meter + {n} AS c{n}"));
            assert_eq!(bench.rows(&format!("SELECT {columns} FROM meters")).await.unwrap(), Vec::<String>::new());
        }
    }
}
