//! Queries: which tables they see, at which number, and under which rights.

use crate::lookup::StatementTables;
use crate::test_store::{TestStore, batch, int, keyed};
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
