//! Names that are taken, names that are made at once, and names that become free while others are
//! made. What must come before what is held at a sync of the disk or at a lock, never by time.

mod at_once;
mod interleavings;
mod together;

use crate::test_store::{TestStore, at_ms, batch, expression, new_column, series, text};
use crate::{Alteration, DeleteRequest, NewTable};
use model::{Code, ColumnRole, DataType, Result, Table, Value, WriteBatch, WriteKind, encode_key};

const NAME_COLUMN: &str = "tbname";

/// A table whose series are known by their names.
fn of_names(name: &str) -> NewTable {
    let mut table = series(name);
    table.columns[2] = new_column(NAME_COLUMN, ColumnRole::Key, DataType::Text(None));
    table.key = vec![NAME_COLUMN.to_owned()];
    table
}

fn row(table: &Table, name: &str) -> WriteBatch {
    rows(table, &[name])
}

fn rows(table: &Table, names: &[&str]) -> WriteBatch {
    let rows: Vec<_> = names.iter().map(|name| vec![at_ms(1), text(name)]).collect();
    batch(table, WriteKind::Merge, &["ts", NAME_COLUMN], &rows)
}

/// Series that are to be there from then on; of that kind where they are there already.
fn registration(table: &Table, kind: WriteKind, names: &[&str]) -> WriteBatch {
    let rows: Vec<_> = names.iter().map(|name| vec![text(name)]).collect();
    batch(table, kind, &[NAME_COLUMN], &rows)
}

fn has(store: &TestStore, table: &Table, name: &str) -> bool {
    let key = encode_key(&[(Value::Text(name.to_owned()), DataType::Text(None))]).unwrap();
    store.storage().has_series(table.id, &[key]).unwrap() == [true]
}

/// What is called so: `table`, and the names of the tables that have such a series.
fn owners(store: &TestStore, name: &str) -> Vec<String> {
    let catalog = store.catalog();
    let of_series = |table: &&std::sync::Arc<Table>| table.series_name_column().is_some() && has(store, table, name);
    let series = catalog.tables_in(store.database()).filter(of_series).map(|table| table.name.clone());
    let table = catalog.table_named(store.database(), name).map(|_| "table".to_owned());
    table.into_iter().chain(series).collect()
}

async fn drop_series(store: &TestStore, table: &Table, name: &str) -> Result<()> {
    let filter = Some(expression(&format!("{NAME_COLUMN} = '{name}'")));
    let delete = DeleteRequest { table: table.id, filter, drop_series: true };
    store.delete(&store.root, &store.request("SELECT 1"), delete).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_and_a_table_are_not_called_alike() {
    let store = TestStore::new().await;
    let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
    store.write(&store.root, row(&one, "child")).await.unwrap();
    store.write(&store.root, row(&one, "child")).await.unwrap();
    for taken in ["child", "one"] {
        let error = store.write(&store.root, row(&two, taken)).await.unwrap_err();
        assert_eq!(error.code(), Code::TableExists, "{taken}");
    }
    let new = NewTable { database: store.database(), ..series("child") };
    assert_eq!(store.create_table(&store.root, new).await.unwrap_err().code(), Code::TableExists);
    let rename = Alteration::Rename("child".to_owned());
    let error = store.alter_table(&store.root, two.id, rename).await.unwrap_err();
    assert_eq!(error.code(), Code::TableExists);
    assert!(store.rows("SELECT * FROM two").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_series_is_called_what_a_table_could_be() {
    let store = TestStore::new().await;
    let one = store.create(of_names("one")).await;
    for name in ["", "a\nb", &"x".repeat(193)] {
        let error = store.write(&store.root, row(&one, name)).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidName, "{name:?}");
    }
    for name in ["with blank", "with.dot", "名", &"x".repeat(192)] {
        store.write(&store.root, row(&one, name)).await.unwrap();
    }
    assert_eq!(store.rows("SELECT count(*) FROM one").await, ["4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_series_is_registered_as_new_once() {
    let store = TestStore::new().await;
    let one = store.create(of_names("one")).await;
    let new = || registration(&one, WriteKind::FailOnDuplicate, &["child"]);
    let (a, b) = tokio::join!(store.write(&store.root, new()), store.write(&store.root, new()));
    let failed: Vec<_> = [a, b].into_iter().filter_map(Result::err).map(|error| error.code()).collect();
    assert_eq!(failed, [Code::DuplicateKey]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_is_free() {
    let store = TestStore::new().await;
    let (one, two) = (store.create(of_names("one")).await, store.create(of_names("two")).await);
    store.write(&store.root, rows(&one, &["a", "b", "c"])).await.unwrap();
    for name in ["a", "b"] {
        drop_series(&store, &one, name).await.unwrap();
    }
    store.write(&store.root, row(&two, "a")).await.unwrap();
    store.create(series("b")).await;
    store.drop_table(&store.root, one.id).await.unwrap();
    store.alter_table(&store.root, two.id, Alteration::Rename("one".to_owned())).await.unwrap();
    store.write(&store.root, rows(&two_again(&store), &["c", "two"])).await.unwrap();
    for (name, owner) in [("a", "one"), ("b", "table"), ("c", "one"), ("one", "table"), ("two", "one")] {
        assert_eq!(owners(&store, name), [owner], "{name}");
    }
}

fn two_again(store: &TestStore) -> Table {
    Table::clone(&store.table("one"))
}
