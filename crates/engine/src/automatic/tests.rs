//! Automatic tables: made, widened, refused, and by many at once.

use super::{AutomaticPolicy, AutomaticTable, AutomaticWrite};
use crate::test_store::{ABSENT, TestStore, at_ms, batch, float, int, keyed, new_column, series, text};
use crate::{Alteration, Caller, NewColumn};
use model::{
    Code, ColumnRole, DataType, DatabaseId, Declared, ErrorKind, Grant, Privilege, Privileges, Result, Scope, Table,
    TextLength, TimeUnit, WriteBatch, WriteKind,
};
use std::collections::BTreeMap;
use std::sync::Arc;

fn column(name: &str, role: ColumnRole, data_type: DataType) -> NewColumn {
    new_column(name, role, data_type)
}

fn short_text(max: u32) -> DataType {
    DataType::Text(Some(TextLength::bytes(max)))
}

fn wanted(database: DatabaseId, name: &str, columns: Vec<NewColumn>) -> AutomaticTable {
    AutomaticTable {
        database,
        name: name.to_owned(),
        time: column("at", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond)),
        columns,
        properties: BTreeMap::new(),
        policy: AutomaticPolicy::ALL,
    }
}

fn key_and(field: &str, data_type: DataType) -> Vec<NewColumn> {
    vec![column("id", ColumnRole::Key, short_text(64)), column(field, ColumnRole::Field, data_type)]
}

async fn grant(store: &TestStore, caller: &Caller, scope: Scope, privilege: Privilege) {
    let grant = Grant {
        grantee: caller.user,
        scope,
        privileges: [privilege].into_iter().collect(),
        grantable: Privileges::NONE,
    };
    store.engine.grant(&store.root, grant).await.unwrap();
}

fn shape(table: &Table) -> Vec<(String, ColumnRole, DataType)> {
    table.columns.iter().map(|column| (column.name.clone(), column.role, column.data_type)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_table_is_made_and_a_complete_one_left_alone() {
    let store = TestStore::new().await;
    let mut new = wanted(store.database(), "New.Table", key_and("v", DataType::Float64));
    new.columns.insert(1, column("where", ColumnRole::Attribute, short_text(254)));
    let made = store.ensure_table(&store.root, &new).await.unwrap();
    let ns = DataType::Instant(TimeUnit::Nanosecond);
    assert_eq!(
        shape(&made),
        [
            ("at".to_owned(), ColumnRole::Time, ns),
            ("v".to_owned(), ColumnRole::Field, DataType::Float64),
            ("id".to_owned(), ColumnRole::Key, short_text(64)),
            ("where".to_owned(), ColumnRole::Attribute, short_text(254)),
        ]
    );
    let version = store.catalog().version;
    let again = store.ensure_table(&store.root, &new).await.unwrap();
    assert_eq!((again.id, again.schema_version), (made.id, 1));
    assert_eq!(store.catalog().version, version, "nothing was committed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_added_in_one_change() {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    let rows = batch(&table, WriteKind::Merge, &["ts", "k", "v"], &[vec![at_ms(1), int(1), float(1.0)]]);
    store.write(&store.root, rows).await.unwrap();
    let new = wanted(
        store.database(),
        "t",
        vec![
            column("k", ColumnRole::Attribute, DataType::Text(None)),
            column("more", ColumnRole::Key, DataType::Text(None)),
            column("b", ColumnRole::Attribute, DataType::Text(None)),
            column("w", ColumnRole::Field, DataType::Int64),
        ],
    );
    let widened = store.ensure_table(&store.root, &new).await.unwrap();
    assert_eq!(widened.schema_version, table.schema_version + 1);
    let names: Vec<_> = widened.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["ts", "v", "w", "k", "a", "more", "b"]);
    assert_eq!(store.rows("SELECT v, w, k, more, b FROM t").await, ["1.0|NULL|1|NULL|NULL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_grow_within_their_family_only() {
    let store = TestStore::new().await;
    let grown = async |from: DataType, to: DataType| {
        let name = format!("{from:?} {to:?}").replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        store.ensure_table(&store.root, &wanted(store.database(), &name, key_and("v", from))).await.unwrap();
        let table = store.ensure_table(&store.root, &wanted(store.database(), &name, key_and("v", to))).await.unwrap();
        table.column_named("v").unwrap().data_type
    };
    use DataType as T;
    for (from, to, expected) in [
        (T::Int32, T::Int64, T::Int64),
        (T::Int64, T::Int32, T::Int64),
        (T::Int64, T::UInt64, T::Int64),
        (T::Float32, T::Float64, T::Float64),
        (T::Int32, T::Float64, T::Int32),
        (T::Boolean, T::Int64, T::Boolean),
        (short_text(254), short_text(300), short_text(300)),
        (short_text(300), short_text(254), short_text(300)),
        (short_text(254), T::Text(None), T::Text(None)),
        (T::Text(None), short_text(254), T::Text(None)),
        (T::Binary(Some(4)), T::Binary(Some(5)), T::Binary(Some(5))),
    ] {
        assert_eq!(grown(from, to).await, expected, "{from:?} asked for {to:?}");
    }
    let mut fixed = wanted(store.database(), "fixed", key_and("v", T::Int32));
    store.ensure_table(&store.root, &fixed).await.unwrap();
    fixed.columns = key_and("v", T::Int64);
    fixed.policy.widen_types = false;
    let table = store.ensure_table(&store.root, &fixed).await.unwrap();
    assert_eq!(table.column_named("v").unwrap().data_type, T::Int32);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_by_name() {
    let store = TestStore::new().await;
    store.create(series("t")).await;
    store.create(keyed("rows", &[])).await;
    let database = store.database();
    let refuse = async |new: AutomaticTable| store.ensure_table(&store.root, &new).await.unwrap_err();
    let field = |name: &str, role| vec![column(name, role, DataType::Int64)];

    let error = refuse(wanted(database, "t", field("a", ColumnRole::Field))).await;
    assert_eq!(error.to_string(), "column \"a\" of table \"t\" is an attribute, not a field");
    let error = refuse(wanted(database, "t", field("ts", ColumnRole::Attribute))).await;
    assert_eq!(error.to_string(), "column \"ts\" of table \"t\" is the time column, not an attribute");
    let error = refuse(wanted(database, "t", field("V", ColumnRole::Field))).await;
    assert_eq!(*error.kind, ErrorKind::ColumnExists { column: "v".to_owned() });
    let error = refuse(wanted(database, "rows", field("v", ColumnRole::Field))).await;
    assert!(error.to_string().starts_with("table \"rows\" is keyed"), "{error}");
    let error = refuse(wanted(DatabaseId(9_999), "t", Vec::new())).await;
    assert_eq!(error.code(), Code::DatabaseNotFound);

    let mut none = wanted(database, "nowhere", Vec::new());
    none.policy.create = false;
    assert_eq!(refuse(none).await.code(), Code::TableNotFound);
    let mut none = wanted(database, "t", field("w", ColumnRole::Field));
    none.policy.add_columns = false;
    let missing = ErrorKind::ColumnNotFound { column: "w".to_owned(), table: Some("t".to_owned()) };
    assert_eq!(*refuse(none).await.kind, missing);
    let mut none = wanted(database, "t", field("w", ColumnRole::Key));
    none.policy.add_key_columns = false;
    let same = store.ensure_table(&store.root, &none).await.unwrap();
    assert!(same.column_named("w").is_none(), "a key that exists is what it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn making_needs_create_and_widening_alter() {
    let store = TestStore::new().await;
    let caller = store.user("u1").await;
    let database = Scope::Database(store.database());
    let new = |name: &str, field: &str| wanted(store.database(), name, key_and(field, DataType::Int64));
    let denied = |error: model::Error| match *error.kind {
        ErrorKind::PermissionDenied { privilege, object, .. } => (privilege, object),
        other => panic!("{other:?}"),
    };

    let error = store.ensure_table(&caller, &new("t", "v")).await.unwrap_err();
    assert_eq!(denied(error), (Privilege::Create, "defaultdb".to_owned()));
    grant(&store, &caller, database, Privilege::Create).await;
    store.ensure_table(&caller, &new("t", "v")).await.unwrap();

    grant(&store, &caller, database, Privilege::Insert).await;
    let error = store.ensure_table(&caller, &new("t", "w")).await.unwrap_err();
    assert_eq!(denied(error), (Privilege::Alter, "t".to_owned()));
    let mut by_insert = new("t", "w");
    by_insert.policy.insert_widens = true;
    store.ensure_table(&caller, &by_insert).await.unwrap();
    grant(&store, &caller, database, Privilege::Alter).await;
    store.ensure_table(&caller, &new("t", "x")).await.unwrap();
    let names: Vec<_> = store.table("t").columns.iter().map(|column| column.name.clone()).collect();
    assert_eq!(names, ["at", "v", "w", "x", "id"]);
}

/// Integers for one field of one table.
struct Numbers {
    database: DatabaseId,
    table: String,
    field: String,
    rows: Vec<(i64, i128)>,
    asked: usize,
}

impl AutomaticWrite for Numbers {
    fn table(&self) -> (DatabaseId, &str) {
        (self.database, &self.table)
    }

    fn wanted(&mut self, _now: Option<&Table>) -> Result<AutomaticTable> {
        self.asked += 1;
        Ok(wanted(self.database, &self.table, key_and(&self.field, DataType::Int64)))
    }

    fn batch(&mut self, table: &Table) -> Result<WriteBatch> {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|(at, value)| {
                let at = model::Value::Instant(*at, TimeUnit::Nanosecond);
                vec![Some(at), text(&self.field), int(*value)]
            })
            .collect();
        Ok(batch(table, WriteKind::Merge, &["at", "id", &self.field], &rows))
    }
}

fn numbers(store: &TestStore, table: &str, field: &str, rows: &[(i64, i128)]) -> Box<Numbers> {
    Box::new(Numbers {
        database: store.database(),
        table: table.to_owned(),
        field: field.to_owned(),
        rows: rows.to_vec(),
        asked: 0,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_many_tables_go_together_and_a_bad_table_alone() {
    let store = TestStore::new().await;
    store.create(keyed("rows", &[])).await;
    let mut writes: Vec<Box<dyn AutomaticWrite>> = vec![
        numbers(&store, "a", "v", &[(1, 1), (2, 2)]),
        numbers(&store, "rows", "v", &[(1, 1)]),
        numbers(&store, "b", "v", &[(1, 10)]),
        numbers(&store, "a", "w", &[(1, 3)]),
    ];
    let written = store.write_automatic(&store.root, &mut writes).await.unwrap();
    assert_eq!((written.outcome.accepted, written.failed.len()), (4, 1));
    assert_eq!(written.failed[0].0, 1);
    assert_eq!(store.rows("SELECT id, v, w FROM a ORDER BY id, v").await, ["v|1|NULL", "v|2|NULL", "w|NULL|3"]);
    assert_eq!(store.rows("SELECT v FROM b").await, ["10"]);
    let nothing = store.write_automatic(&store.root, &mut []).await.unwrap();
    assert_eq!((nothing.outcome.accepted, nothing.failed.len()), (0, 0));
}

/// A row of one named series.
struct Named(DatabaseId, &'static str, &'static str);

impl AutomaticWrite for Named {
    fn table(&self) -> (DatabaseId, &str) {
        (self.0, self.1)
    }

    fn wanted(&mut self, _now: Option<&Table>) -> Result<AutomaticTable> {
        let name = new_column("tbname", ColumnRole::Key, DataType::Text(None));
        Ok(wanted(self.0, self.1, vec![name]))
    }

    fn batch(&mut self, table: &Table) -> Result<WriteBatch> {
        let at = model::Value::Instant(1, TimeUnit::Nanosecond);
        Ok(batch(table, WriteKind::Merge, &["at", "tbname"], &[vec![Some(at), text(self.2)]]))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_keeps_the_other_tables_from_nothing() {
    let store = TestStore::new().await;
    let named = |table, name| Box::new(Named(store.database(), table, name)) as Box<dyn AutomaticWrite>;
    store.write_automatic(&store.root, &mut [named("a", "one"), named("b", "two")]).await.unwrap();
    // Taken before, taken by the same request, taken by a table.
    let mut writes = [named("c", "one"), named("a", "three"), named("b", "three"), named("b", "a"), named("b", "two")];
    let written = store.write_automatic(&store.root, &mut writes).await.unwrap();
    let failed: Vec<_> = written.failed.iter().map(|(position, error)| (*position, error.code())).collect();
    assert_eq!(failed, [0, 2, 3].map(|position| (position, Code::TableExists)));
    assert_eq!(store.rows("SELECT tbname FROM a ORDER BY tbname").await, ["one", "three"]);
    assert_eq!(store.rows("SELECT tbname FROM b").await, ["two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_every_row_is_stored_and_every_column_made_once() {
    let store = Arc::new(TestStore::new().await);
    let writers: Vec<_> = (0..24_usize)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..4_usize {
                    let field = format!("f{}", (n + round) % 6);
                    let row = (i64::try_from(n * 100 + round).unwrap(), 1);
                    let mut writes: Vec<Box<dyn AutomaticWrite>> = vec![
                        numbers(&store, &format!("t{}", n % 3), &field, &[row]),
                        numbers(&store, "shared", &field, &[row]),
                    ];
                    let written = store.write_automatic(&store.root, &mut writes).await.unwrap();
                    assert_eq!((written.outcome.accepted, written.failed.len()), (2, 0), "{:?}", written.failed);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.rows("SELECT count(*) FROM shared").await, ["96"]);
    let of_three = "SELECT (SELECT count(*) FROM t0) + (SELECT count(*) FROM t1) + (SELECT count(*) FROM t2)";
    assert_eq!(store.rows(of_three).await, ["96"]);
    assert_eq!(store.table("shared").columns_with(ColumnRole::Field).count(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_go_on_while_the_table_is_altered_and_dropped() {
    let store = Arc::new(TestStore::new().await);
    store.ensure_table(&store.root, &wanted(store.database(), "t", key_and("v", DataType::Int64))).await.unwrap();
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for n in 0..200 {
                let mut writes: Vec<Box<dyn AutomaticWrite>> = vec![numbers(&store, "t", "v", &[(n, 1)])];
                let written = store.write_automatic(&store.root, &mut writes).await.unwrap();
                assert_eq!(written.outcome.accepted, 1, "{:?}", written.failed);
            }
        })
    };
    for n in 0..20 {
        let Some(table) = store.catalog().table_named(store.database(), "t").map(|table| table.id) else { continue };
        if n % 5 == 4 {
            store.drop_table(&store.root, table).await.unwrap();
        } else {
            let field = column(&format!("x{n}"), ColumnRole::Field, DataType::Int64);
            let _ = store.alter_table(&store.root, table, Alteration::AddColumn(field)).await;
        }
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert_eq!(store.rows("SELECT count(*) FROM t WHERE at = to_timestamp_nanos(199)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn cells_left_out_stay_as_they_are() {
    let store = TestStore::new().await;
    let mut one: Vec<Box<dyn AutomaticWrite>> = vec![numbers(&store, "t", "v", &[(1, 7)])];
    store.write_automatic(&store.root, &mut one).await.unwrap();
    let table =
        store.ensure_table(&store.root, &wanted(store.database(), "t", key_and("w", DataType::Int64))).await.unwrap();
    let at = Some(model::Value::Instant(1, TimeUnit::Nanosecond));
    let row = batch(&table, WriteKind::Merge, &["at", "id", "v", "w"], &[vec![at, text("v"), ABSENT, int(8)]]);
    store.write(&store.root, row).await.unwrap();
    assert_eq!(store.rows("SELECT v, w FROM t").await, ["7|8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_cannot_have_the_name_of_a_series() {
    let store = TestStore::new().await;
    let mut named: [Box<dyn AutomaticWrite>; 1] = [Box::new(Named(store.database(), "a", "one"))];
    store.write_automatic(&store.root, &mut named).await.unwrap();
    let mut writes: [Box<dyn AutomaticWrite>; 2] =
        [numbers(&store, "one", "v", &[(1, 1)]), numbers(&store, "free", "v", &[(1, 1)])];
    let written = store.write_automatic(&store.root, &mut writes).await.unwrap();
    let failed: Vec<_> = written.failed.iter().map(|(position, error)| (*position, error.code())).collect();
    assert_eq!(failed, [(0, Code::TableExists)]);
    assert_eq!(store.rows("SELECT v FROM free").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widened_column_has_the_word_of_whoever_widened_it() {
    let store = TestStore::new().await;
    let declared = |word: &str| Some(Declared { dialect: "d".to_owned(), word: word.to_owned() });
    let mut new = wanted(store.database(), "t", key_and("v", DataType::Float32));
    new.columns[1].declared = declared("FLOAT4");
    store.ensure_table(&store.root, &new).await.unwrap();
    new.columns = key_and("v", DataType::Float64);
    new.columns[1].declared = declared("FLOAT8");
    let table = store.ensure_table(&store.root, &new).await.unwrap();
    let column = table.column_named("v").unwrap();
    assert_eq!((column.data_type, column.declared.clone()), (DataType::Float64, declared("FLOAT8")));
}
