//! Queries: which tables they see, at which number, and under which rights.

use crate::lookup::StatementTables;
use crate::test_store::{TestStore, batch, int, keyed, text};
use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use futures::StreamExt;
use model::{Code, ErrorKind, Result, WriteKind};
use query::TableLookup;
use std::sync::Arc;

/// A dialect's own tables: `own` and one that stands before a stored `t`; `secret` is refused.
struct OwnTables;

impl TableLookup for OwnTables {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        match name {
            [name] if name == "own" || name == "t" => {
                let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
                let rows = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![42]))]);
                Ok(Arc::new(MemTable::try_new(schema, vec![vec![rows.unwrap()]]).unwrap()))
            }
            [name] if name == "secret" => Err(ErrorKind::CredentialsMissing {}.into()),
            _ => Err(ErrorKind::TableNotFound { table: name.join(".") }.into()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialects_own_tables_come_first() {
    let store = TestStore::new().await;
    for name in ["t", "stored", "secret"] {
        let table = store.create(keyed(name, &[])).await;
        let rows = batch(&table, WriteKind::FailOnDuplicate, &["id"], &[vec![int(1)]]);
        store.write(&store.root, rows).await.unwrap();
    }
    let ask = async |sql: &str| {
        let mut request = store.request(sql);
        request.own_tables = Some(Arc::new(OwnTables));
        let mut stream = store.query(&store.root, request).await.map_err(|error| error.code())?;
        let batch = stream.batches.next().await.unwrap().unwrap();
        Ok::<_, Code>(batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0))
    };
    assert_eq!(ask("SELECT n FROM own").await, Ok(42));
    assert_eq!(ask("SELECT * FROM t").await, Ok(42));
    assert_eq!(ask("SELECT id FROM defaultdb.t").await, Ok(1));
    assert_eq!(ask("SELECT id FROM stored").await, Ok(1));
    assert_eq!(ask("SELECT * FROM secret").await, Err(Code::CredentialsMissing));
    assert_eq!(ask("SELECT * FROM nowhere").await, Err(Code::TableNotFound));
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_needs_what_its_query_needs() {
    let store = TestStore::new().await;
    store.create(keyed("t", &[])).await;
    let user = store.user("u").await;
    assert!(!store.rows("EXPLAIN SELECT * FROM t").await.is_empty());
    for sql in [
        "EXPLAIN SELECT * FROM t",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM t)",
        "WITH x AS (SELECT * FROM t) SELECT * FROM x",
    ] {
        assert_eq!(store.rows_as(&user, sql).await.unwrap_err().code(), Code::PermissionDenied, "{sql}");
    }
    assert_eq!(store.rows_as(&user, "SELECT 1").await.unwrap(), ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_use_of_a_table_in_a_statement_sees_the_same_rows() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[])).await;
    let request = store.request("SELECT 1");
    let tables = || StatementTables::of(store.catalog(), store.storage().clone(), &store.root, &request);
    let (first, other) = (tables(), tables());
    let short = first.table(&["t".to_owned()]).unwrap();
    let rows = batch(&table, WriteKind::FailOnDuplicate, &["id"], &[vec![int(1)]]);
    store.write(&store.root, rows).await.unwrap();
    let long = first.table(&["defaultdb".to_owned(), "t".to_owned()]).unwrap();
    assert!(Arc::ptr_eq(&short, &long));
    assert!(!Arc::ptr_eq(&short, &other.table(&["t".to_owned()]).unwrap()));
}

/// A unique set tells the keys of rows that have its values; EXPLAIN says so.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_unique_sets() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("v", &["b", "a"]), ("u", &["a"])])).await;
    let rows: Vec<_> = (0..500).map(|n| vec![int(n), int(n * 10), text(&format!("b{}", n % 10))]).collect();
    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id", "a", "b"], &rows)).await.unwrap();
    let explained = async |filter: &str| {
        let plan = store.rows(&format!("EXPLAIN SELECT id FROM t WHERE {filter}")).await.join(" ");
        ["by unique u", "by unique v", "keys=all", "keys=1 ranges", "keys=2 ranges", "keys=0 ranges"]
            .into_iter()
            .filter(|part| plan.contains(part))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let ids = async |filter: &str| store.rows(&format!("SELECT id FROM t WHERE {filter} ORDER BY id")).await.join(" ");
    for flushed in [false, true] {
        if flushed {
            store.storage().flush().await.unwrap();
        }
        for (filter, plan, found) in [
            ("a = 70", "by unique u, keys=1 ranges", "7"),
            ("a = 71", "by unique u, keys=0 ranges", ""),
            ("a IN (70, 80, 81)", "by unique u, keys=2 ranges", "7 8"),
            ("a = 70 AND id < 7", "keys=1 ranges", ""),
            ("b = 'b8' AND a = 70", "by unique v, keys=0 ranges", ""),
            ("b = 'b3' AND a = 130", "by unique v, keys=1 ranges", "13"),
            ("b = 'b3' AND a < 200", "keys=all", "3 13"),
            ("a = 70 OR id = 9", "keys=all", "7 9"),
            ("a = 70 AND id = 7", "keys=1 ranges", "7"),
            ("a IS NULL", "keys=all", ""),
        ] {
            assert_eq!(explained(filter).await, plan, "{filter}");
            assert_eq!(ids(filter).await, found, "{filter}");
        }
    }
    // What a statement before moved is found where it is now.
    let request = crate::UpdateRequest {
        table: table.id,
        assignments: vec![(table.column_named("a").unwrap().id, crate::test_store::expression("a + 1"))],
        filter: Some(crate::test_store::expression("a = 70")),
    };
    assert_eq!(store.update(&store.root, &store.request("SELECT 1"), request).await.unwrap(), 1);
    assert_eq!((ids("a = 70").await, ids("a = 71").await), (String::new(), "7".to_owned()));
}
