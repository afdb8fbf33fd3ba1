//! Statements at the edges of what can be planned.

use super::bench;
use crate::scan::memory::{MemoryTable, column, definition};
use datafusion::sql::sqlparser::{dialect::GenericDialect, parser::Parser};
use model::{ColumnRole, DataType, TableKind, Value};

#[tokio::test]
async fn no_error_shows_the_inside_of_a_plan() {
    let bench = bench();
    let meters = "FROM meters m";
    for sql in [
        "SELECT (SELECT p.meter FROM meters p WHERE p.meter < m.meter) {}",
        "SELECT (SELECT count(*) FROM meters p WHERE p.meter < m.meter) {}",
        "SELECT m.meter = ANY (SELECT p.meter FROM meters p) {}",
        "SELECT m.meter > ALL (SELECT p.meter FROM meters p WHERE p.site = m.site LIMIT 2) {}",
        "SELECT m.meter IN (SELECT p.meter FROM meters p WHERE p.meter < m.meter LIMIT 1) {}",
        "SELECT (SELECT p.meter, p.site FROM meters p) {}",
        "SELECT (SELECT p.meter FROM meters p) {}",
        "SELECT m.meter[1] {}",
        "SELECT STRUCT(1, m.meter) {}",
        "SELECT m.meter, ROW(1, 2) {}",
        "SELECT sum(m.meter) OVER (ORDER BY m.site RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) {}",
        "SELECT m.site COLLATE nothing {}",
        "SELECT INTERVAL '1 parsec' {}",
        "SELECT sum(sum(m.meter)) {}",
        "SELECT m.site::geometry {}",
        "SELECT m.site + m.ts {}",
        "SELECT * {} WHERE sum(m.meter) > 1",
        "SELECT * {} ORDER BY 99",
        "SELECT * {} GROUP BY ROLLUP (m.site) HAVING m.ts > 1",
        "SELECT * {} LIMIT m.meter",
        "SELECT * {} LIMIT -1",
        "SELECT * {} FOR UPDATE",
        "SELECT * {} FETCH FIRST 1 PERCENT ROWS ONLY",
        "SELECT * {} TABLESAMPLE BERNOULLI (3)",
        "SELECT * {}, LATERAL (SELECT * FROM meters p WHERE p.meter < m.meter LIMIT 1) l",
        "SELECT * {} JOIN meters p ON m.meter < p.meter AND p.meter IN (SELECT q.meter FROM meters q WHERE q.meter < m.meter LIMIT 1)",
        "SELECT * {} NATURAL JOIN nowhere",
        "SELECT * {} UNION SELECT 1",
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT a.x FROM r a, r b) SELECT * FROM r, meters m",
    ] {
        let sql = sql.replace("{}", meters);
        if Parser::parse_sql(&GenericDialect {}, &sql).is_err() {
            continue;
        }
        let error = match bench.batches(&sql).await {
            Ok(_) => continue,
            Err(e) => e.to_string(),
        };
        for mark in [
            "{ ",
            "Some(",
            "Literal(",
            "Column(",
            "InSubquery",
            "Subquery(",
            "LogicalPlan",
            "OuterReference",
            "Physical plan",
        ] {
            assert!(!error.contains(mark), "{sql}: {error}");
        }
    }
}

#[tokio::test]
async fn an_interruptible_plan_prints_as_it_is() {
    let text = bench()
        .rows("EXPLAIN ANALYZE SELECT a.site FROM meters a JOIN meters b ON a.meter < b.meter ORDER BY a.site")
        .await
        .unwrap()
        .join("\n");
    for part in ["SortExec: expr=[site@0 ASC", "NestedLoopJoinExec: join_type=Inner, filter=meter@", "ScanExec: table="]
    {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("Interrupt") && !text.contains("Guarded"), "{text}");
}

#[tokio::test]
async fn a_union_of_columns_that_are_declared_differently() {
    let mut bench = bench();
    let mut table = definition(
        "plain",
        TableKind::Keyed,
        vec![
            column(1, "id", ColumnRole::Key, DataType::Int64),
            column(2, "name", ColumnRole::Field, DataType::Text(None)),
        ],
    );
    for column in &mut table.columns {
        column.nullable = false;
        column.declared = Some(model::Declared { dialect: "d".into(), word: "w".into() });
    }
    let rows = vec![vec![Value::Integer(1), Value::Text("a".into())], vec![Value::Integer(7), Value::Text("z".into())]];
    bench.table(MemoryTable::new(table, rows));
    for sql in [
        "SELECT meter, site FROM meters UNION SELECT id, name FROM plain ORDER BY 1, 2",
        "SELECT id, name FROM plain UNION SELECT meter, site FROM meters ORDER BY 1, 2",
    ] {
        assert_eq!(bench.rows(sql).await.unwrap(), ["1|a", "1|b", "2|a", "7|z"], "{sql}");
    }
    let sql = "SELECT count(*), max(m) FROM (SELECT meter AS m FROM meters UNION ALL SELECT id FROM plain) u GROUP BY m ORDER BY m";
    assert_eq!(bench.rows(sql).await.unwrap(), ["4|1", "1|2", "1|7"]);
    let sql = "SELECT id FROM plain INTERSECT SELECT meter FROM meters";
    assert_eq!(bench.rows(sql).await.unwrap(), ["1"]);
}
