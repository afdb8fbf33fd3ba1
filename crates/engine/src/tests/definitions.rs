//! Databases and tables: made, changed, dropped, with their names and contents.

use crate::test_store::{TestStore, at_ms, batch, float, int, keyed, new_column, series, text};
use crate::{Alteration, BUILT_IN_DATABASES, NewColumn, NewDatabase, NewTable};
use catalog::DatabaseLabel;
use model::{Code, ColumnDefault, ColumnRole, DataType, DefaultValue, TypeConversion, Value, WriteKind};
use std::collections::BTreeMap;

fn new_database(name: &str) -> NewDatabase {
    NewDatabase {
        name: name.to_owned(),
        label: DatabaseLabel::TimeSeries,
        partition_seconds: None,
        retention_seconds: Some(60),
        comment: None,
        properties: BTreeMap::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn databases() {
    let store = TestStore::new().await;
    for (name, label) in BUILT_IN_DATABASES {
        let database = store.catalog().database_named(name).cloned().unwrap();
        assert_eq!(database.label, label);
        let error = store.drop_database(&store.root, database.id, true).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidDefinition);
    }
    let made = store.create_database(&store.root, new_database("tsdb")).await.unwrap();
    assert_eq!(made.retention_seconds, Some(60));
    for (name, code) in [
        ("tsdb", Code::DatabaseExists),
        ("system", Code::DatabaseExists),
        ("Information_Schema", Code::InvalidName),
        ("", Code::InvalidName),
    ] {
        assert_eq!(store.create_database(&store.root, new_database(name)).await.unwrap_err().code(), code, "{name}");
    }
    let inside = NewTable { database: made.id, ..keyed("t", &[("u", &["a"])]) };
    let table = store.create_table(&store.root, inside).await.unwrap();
    let error = store.drop_database(&store.root, made.id, false).await.unwrap_err();
    assert_eq!(error.code(), Code::DatabaseNotEmpty);
    store.drop_database(&store.root, made.id, true).await.unwrap();
    assert!(store.catalog().table(table.id).is_none());
    assert!(store.catalog().table(table.unique[0].index).is_none());
    let error = store.drop_database(&store.root, made.id, true).await.unwrap_err();
    assert_eq!(error.code(), Code::DatabaseNotFound);
    let again = store.create_database(&store.root, new_database("tsdb")).await.unwrap();
    assert_ne!(again.id, made.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_tables_rows_never_come_back() {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    let row = batch(&table, WriteKind::Replace, &["ts", "v", "k"], &[vec![at_ms(1), float(1.0), int(1)]]);
    store.write(&store.root, row.clone()).await.unwrap();
    let taken = store.create_table(&store.root, NewTable { database: store.database(), ..series("t") }).await;
    assert_eq!(taken.unwrap_err().code(), Code::TableExists);
    store.drop_table(&store.root, table.id).await.unwrap();
    assert_eq!(store.drop_table(&store.root, table.id).await.unwrap_err().code(), Code::TableNotFound);
    assert_eq!(store.write(&store.root, row).await.unwrap_err().code(), Code::TableNotFound);
    let again = store.create(series("t")).await;
    assert_ne!(again.id, table.id);
    assert_eq!(store.rows("SELECT * FROM t").await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_tables_are_nobodys() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("u", &["a"])])).await;
    let index = table.unique[0].index;
    assert_eq!(store.drop_table(&store.root, index).await.unwrap_err().code(), Code::TableNotFound);
    let rename = Alteration::Rename("x".to_owned());
    assert_eq!(store.alter_table(&store.root, index, rename).await.unwrap_err().code(), Code::TableNotFound);
    assert_eq!(store.rows_as(&store.root, "SELECT * FROM u").await.unwrap_err().code(), Code::TableNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_change_in_order_with_writes() {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    store.create(series("taken")).await;
    let alter = async |alteration| store.alter_table(&store.root, table.id, alteration).await;
    let old = batch(&table, WriteKind::Replace, &["ts", "v", "k"], &[vec![at_ms(1), float(1.5), int(1)]]);
    store.write(&store.root, old.clone()).await.unwrap();

    let added = alter(Alteration::AddColumn(new_column("w", ColumnRole::Field, DataType::Int32))).await.unwrap();
    assert_eq!(store.write(&store.root, old).await.unwrap_err().code(), Code::SchemaChanged);
    let new = batch(&added, WriteKind::Replace, &["ts", "w", "k"], &[vec![at_ms(2), int(7), int(1)]]);
    store.write(&store.root, new).await.unwrap();
    assert_eq!(store.rows("SELECT v, w FROM t ORDER BY ts").await, ["1.5|NULL", "NULL|7"]);

    let column = |name: &str| store.table("t").column_named(name).unwrap().id;
    let to = DataType::Int64;
    let retype = Alteration::ChangeType { column: column("w"), to, declared: None, conversion: TypeConversion::Plain };
    alter(retype).await.unwrap();
    alter(Alteration::RenameColumn(column("w"), "wide".to_owned())).await.unwrap();
    alter(Alteration::DropColumn(column("v"))).await.unwrap();
    assert_eq!(store.rows("SELECT * FROM t ORDER BY ts").await.len(), 2);
    assert_eq!(store.rows("SELECT wide + 4000000000 FROM t WHERE wide IS NOT NULL").await, ["4000000007"]);
    // A key column keeps its name once there is a series, even without rows.
    let error = alter(Alteration::RenameColumn(column("k"), "kk".to_owned())).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidDefinition);
    let error = alter(Alteration::DropColumn(column("wide"))).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidDefinition, "the last field");

    assert_eq!(alter(Alteration::Rename("taken".to_owned())).await.unwrap_err().code(), Code::TableExists);
    alter(Alteration::Rename("u".to_owned())).await.unwrap();
    assert_eq!(store.rows("SELECT count(*) FROM u").await, ["2"]);
    let gone = store.rows_as(&store.root, "SELECT count(*) FROM t").await;
    assert_eq!(gone.unwrap_err().code(), Code::TableNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_added_with_a_default_has_it_in_older_rows_of_a_keyed_table() {
    let store = TestStore::new().await;
    let table = store.create(keyed("t", &[("u", &["a"])])).await;
    let rows = vec![vec![int(1), int(10)], vec![int(2), int(20)]];
    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id", "a"], &rows)).await.unwrap();
    let value = DefaultValue::Constant(Value::Text("new".to_owned()));
    let column = NewColumn {
        nullable: false,
        default: Some(ColumnDefault { value, text: "'new'".to_owned() }),
        ..new_column("c", ColumnRole::Field, DataType::Text(None))
    };
    let table = store.alter_table(&store.root, table.id, Alteration::AddColumn(column)).await.unwrap();
    assert_eq!(store.rows("SELECT id, a, c FROM t ORDER BY id").await, ["1|10|new", "2|20|new"]);
    let row = vec![int(3), text("x")];
    store.write(&store.root, batch(&table, WriteKind::FailOnDuplicate, &["id", "b"], &[row])).await.unwrap();
    assert_eq!(store.rows("SELECT * FROM t WHERE id = 3").await, ["3|NULL|x|new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tables_made_at_once_all_are_there() {
    let store = std::sync::Arc::new(TestStore::new().await);
    let makers: Vec<_> = (0..40)
        .map(|n| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                // Four makers want each name.
                let new = NewTable { database: store.database(), ..series(&format!("t{}", n / 4)) };
                store.create_table(&store.root, new).await.map_err(|error| error.code())
            })
        })
        .collect();
    let mut made = 0;
    for maker in makers {
        match maker.await.unwrap() {
            Ok(_) => made += 1,
            Err(code) => assert_eq!(code, Code::TableExists),
        }
    }
    assert_eq!(made, 10);
    assert_eq!(store.catalog().tables_in(store.database()).count(), 10);
}
