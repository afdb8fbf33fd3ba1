//! How many relations a statement reads once its common table expressions are written out.
//!
//! The plan repeats such an expression wherever it is named, so that a chain of them, each naming
//! the former twice, doubles with every link. Nothing interrupts planning, so this is counted on
//! the syntax tree, before it.

use datafusion::sql::sqlparser::ast::{ObjectName, Query, Statement, Visit, Visitor};
use model::{ErrorKind, Result};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Relations that one statement may read.
const RELATIONS_MAX: usize = 1_000;

/// Fails when a statement reads more relations than it may.
pub(crate) fn refuse_many(statement: &Statement) -> Result<()> {
    let mut counter = Counter { scopes: vec![Scope::default()], most: 0 };
    let _: ControlFlow<()> = statement.visit(&mut counter);
    if counter.most > RELATIONS_MAX {
        let reason = format!(
            "a statement may read at most {RELATIONS_MAX} relations, common table expressions counted wherever they are named"
        );
        return Err(ErrorKind::InvalidStatement { reason }.into());
    }
    Ok(())
}

/// A query, or what is around all queries.
#[derive(Default)]
struct Scope {
    /// Relations so far.
    relations: usize,
    /// The names of its common table expressions, by where their queries lie.
    named: HashMap<*const Query, String>,
    /// Relations of those that are counted.
    counted: HashMap<String, usize>,
}

struct Counter {
    scopes: Vec<Scope>,
    most: usize,
}

impl Visitor for Counter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        let named = ctes.map(|cte| (&raw const *cte.query, cte.alias.name.value.clone())).collect();
        self.scopes.push(Scope { named, ..Scope::default() });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let relations = self.scopes.pop().map_or(0, |scope| scope.relations);
        if let Some(around) = self.scopes.last_mut() {
            match around.named.get(&(&raw const *query)) {
                Some(name) => {
                    around.counted.insert(name.clone(), relations.max(1));
                }
                None => around.relations = around.relations.saturating_add(relations),
            }
        }
        self.most = self.most.max(relations);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let single = match name.0.as_slice() {
            [part] => part.as_ident(),
            _ => None,
        };
        let counted = single.and_then(|s| self.scopes.iter().rev().find_map(|scope| scope.counted.get(&s.value)));
        let relations = counted.copied().unwrap_or(1);
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations = scope.relations.saturating_add(relations);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    fn chain(links: usize) -> String {
        let mut sql = "WITH a0 AS (SELECT meter FROM meters)".to_owned();
        for link in 1..=links {
            let former = link - 1;
            sql += &format!(", a{link} AS (SELECT x.meter FROM a{former} x JOIN a{former} y ON x.meter = y.meter)");
        }
        sql + &format!(" SELECT count(*) FROM a{links}")
    }

    #[tokio::test]
    async fn doubling_chains_are_refused() {
        let mut bench = Bench::new();
        bench.table(meters(&[("a", 1, "ann", 1_000, None, None)]));
        assert_eq!(bench.rows(&chain(4)).await.unwrap(), ["1"]);
        for links in [20, 70] {
            match bench.error(&chain(links)).await {
                ErrorKind::InvalidStatement { reason } => assert!(reason.contains("1000 relations"), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
        let nested = "WITH b AS (WITH c AS (SELECT meter FROM meters) SELECT * FROM c) SELECT count(*) FROM b, meters";
        assert_eq!(bench.rows(nested).await.unwrap(), ["1"]);
    }

    #[tokio::test]
    async fn planning_has_the_time_of_a_query() {
        struct Slow;
        impl crate::TableLookup for Slow {
            fn table(&self, _name: &[String]) -> Result<std::sync::Arc<dyn datafusion::catalog::TableProvider>> {
                std::thread::sleep(std::time::Duration::from_millis(600));
                Err(ErrorKind::TableNotFound { table: "t".into() }.into())
            }
        }
        let bench = Bench::new();
        let limited = Bench::with(|options| options.timeout = std::time::Duration::from_millis(50));
        let dialect = datafusion::sql::sqlparser::dialect::GenericDialect {};
        let mut parsed = datafusion::sql::sqlparser::parser::Parser::parse_sql(&dialect, "SELECT * FROM t").unwrap();
        let statement = parsed.remove(0);
        for (bench, timeout, expected) in [(&limited, None, 50), (&limited, Some(900), 50), (&bench, Some(40), 40)] {
            let timeout = timeout.map(std::time::Duration::from_millis);
            let slow = std::sync::Arc::new(Slow);
            let planned = bench.engine.plan(&bench.profile, slow, statement.clone(), &bench.context, timeout);
            let error = planned.await.unwrap_err();
            assert_eq!(*error.kind, ErrorKind::QueryTimeout { limit_ms: expected }, "{error:?}");
        }
    }
}
