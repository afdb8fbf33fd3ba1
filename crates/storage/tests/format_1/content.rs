//! What the kept directories hold: every kind of write, on every type, in files and in the log.

use super::Store;
use super::tables::{all_types, batch, columns, series_types, table, value};
use catalog::{Change, Database, DatabaseLabel, Membership, User};
use model::{
    Column, ColumnDefault, ColumnId, ColumnRole, DataType, DatabaseId, Declared, DefaultValue, Grant, KeyBytes,
    KeySelection, Privilege, Privileges, RangeDelete, Scope, Sequence, Table, TableId, TableKind, TimeBounds, TimeUnit,
    TypeChange, TypeConversion, UniqueSet, UserId, Value, WriteBatch, WriteKind, WritePart, WriteRequest, encode_key,
    key_hash,
};
use std::collections::BTreeMap;
use std::ops::Bound;

type Row = Vec<Option<Value>>;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn int(int: i64) -> Value {
    Value::Integer(int.into())
}

fn database() -> Database {
    Database {
        id: DatabaseId(1),
        name: "Plant \"1\"".to_owned(),
        label: DatabaseLabel::TimeSeries,
        partition_seconds: Some(1_000),
        retention_seconds: Some(0),
        comment: Some("a remark".to_owned()),
        properties: BTreeMap::from([("door.word".to_owned(), "value".to_owned())]),
    }
}

async fn schema(store: &Store, changes: Vec<Change>) {
    let version = store.catalog.snapshot().version;
    store.storage.change_schema(version, changes).await.unwrap();
}

fn make(tables: &[&Table]) -> Vec<Change> {
    tables.iter().map(|table| Change::PutTable(Box::new(Table::clone(table)))).collect()
}

async fn request(store: &Store, parts: Vec<WritePart>) {
    store.storage.write(WriteRequest { parts }).await.unwrap();
}

async fn write(store: &Store, batch: WriteBatch) {
    request(store, vec![WritePart::Rows(batch)]).await;
}

async fn change(store: &Store, table: &mut Table, edit: impl FnOnce(&mut Table, Sequence) + Send) {
    let change = |before: &Table, at| {
        let mut after = before.clone();
        after.schema_version += 1;
        edit(&mut after, at);
        Ok((after, Vec::new()))
    };
    *table = Table::clone(&*store.storage.change_table(table.id, change).await.unwrap());
}

fn retype(table: &mut Table, id: u32, to: DataType, at: Sequence, conversion: TypeConversion) {
    let column = table.columns.iter_mut().find(|c| c.id == ColumnId(id)).unwrap();
    let from = std::mem::replace(&mut column.data_type, to);
    column.type_changes.push(TypeChange { at, from, conversion });
}

const METER: ColumnId = ColumnId(2);
const PHASE: ColumnId = ColumnId(3);
const TIME: ColumnId = ColumnId(1);
const ATTRIBUTES: u32 = 10;
const FIELDS: u32 = 50;

/// A millisecond of the partitions, which are a thousand seconds long.
fn nanos(millisecond: i64) -> Value {
    Value::Instant(millisecond * 1_000_000 + 7, TimeUnit::Nanosecond)
}

fn series_key(meter: &str, phase: Option<i64>) -> KeySelection {
    let phase = phase.map_or(Value::Null, int);
    let key = encode_key(&[(text(meter), DataType::Text(None)), (phase, DataType::Int32)]).unwrap();
    KeySelection::Hashes([key_hash(&key.0)].into())
}

pub(crate) async fn series(store: &Store) {
    let types = series_types();
    let mut made = vec![
        Column::new(TIME, "time", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond)),
        Column::new(METER, "meter", ColumnRole::Key, DataType::Text(None)),
        Column::new(PHASE, "phase", ColumnRole::Key, DataType::Int32),
    ];
    made.extend(columns(ATTRIBUTES, ColumnRole::Attribute, &types));
    made.extend(columns(FIELDS, ColumnRole::Field, &types));
    let mut all = table(1, "every type", TableKind::Series, made);
    let single = vec![
        Column::new(TIME, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
        Column::new(METER, "value", ColumnRole::Field, DataType::Float64),
    ];
    let single = table(2, "one series", TableKind::Series, single);
    let tables = make(&[&all, &single]);
    schema(store, [vec![Change::PutDatabase(database())], tables].concat()).await;

    let ids: Vec<ColumnId> = all.columns.iter().map(|c| c.id).collect();
    let whole = |n: i64, meter: &str, phase: Option<i64>, millisecond: i64| -> Row {
        let key = [nanos(millisecond), text(meter), phase.map_or(Value::Null, int)];
        let rest = types.iter().chain(&types).map(|data_type| value(*data_type, n));
        key.into_iter().chain(rest).map(Some).collect()
    };
    // Four partitions, one of them before 1970; values that make both encodings of floats.
    let rows: Vec<Row> = [
        whole(0, "a", Some(1), -500_000),
        whole(1, "a", Some(1), 1_000),
        whole(2, "a", None, 1_000),
        whole(3, "b", Some(2), 2_000),
        whole(4, "b", Some(2), 1_500_000),
        whole(5, "c", None, 1_500_000),
        whole(6, "c", None, 9_000_000),
    ]
    .into();
    write(store, batch(&all, WriteKind::Replace, &ids, &rows)).await;
    let values = (0..20)
        .map(|n| vec![Some(Value::Instant(n * 300_000, TimeUnit::Millisecond)), Some(Value::Float(n as f64 / 10.0))]);
    write(store, batch(&single, WriteKind::Replace, &[TIME, METER], &values.collect::<Vec<_>>())).await;
    store.storage.flush().await.unwrap();

    // Segments with kinds and absent cells: a merge of some, an erasure, and NULLs.
    let some = [TIME, METER, PHASE, ColumnId(FIELDS), ColumnId(FIELDS + 3), ColumnId(FIELDS + 12)];
    let merged: Vec<Row> = vec![
        vec![Some(nanos(1_000)), Some(text("a")), Some(int(1)), None, Some(int(-5)), Some(Value::Null)],
        vec![Some(nanos(1_001)), Some(text("a")), Some(int(1)), Some(Value::Boolean(true)), None, None],
    ];
    write(store, batch(&all, WriteKind::Merge, &some, &merged)).await;
    let erased = vec![vec![Some(nanos(1_500_000)), Some(text("c")), Some(Value::Null)]];
    write(store, batch(&all, WriteKind::Erase, &some[..3], &erased)).await;
    store.storage.flush().await.unwrap();

    // A deletion over rows in files.
    let time = TimeBounds { first: 1_400_000_000_000, last: 1_600_000_000_000 };
    let delete = RangeDelete { table: all.id, keys: series_key("b", Some(2)), time, drop_series: false };
    request(store, vec![WritePart::Delete(delete)]).await;
    store.storage.flush().await.unwrap();

    // Definitions that changed over rows in files: types of fields and of an attribute, columns.
    change(store, &mut all, |table, at| {
        retype(table, FIELDS + 4, DataType::Text(None), at, TypeConversion::Plain);
        retype(table, FIELDS + 1, DataType::Int64, at, TypeConversion::Plain);
        retype(table, ATTRIBUTES + 3, DataType::Text(None), at, TypeConversion::Plain);
        table.columns.retain(|column| column.id != ColumnId(FIELDS + 9));
        let next = table.next_column;
        let added = Column {
            comment: Some("later".to_owned()),
            ..Column::new(next, "added", ColumnRole::Field, DataType::Int16)
        };
        table.columns.push(added);
        table.next_column = ColumnId(next.0 + 1);
    })
    .await;
    let added = all.columns.last().unwrap().id;
    let some = [TIME, METER, PHASE, ColumnId(FIELDS + 4), added, ColumnId(ATTRIBUTES + 3)];
    let row = |ms, meter: &str, note: &str| -> Row {
        vec![Some(nanos(ms)), Some(text(meter)), Some(int(1)), Some(text(note)), Some(int(ms % 100)), Some(text(note))]
    };
    write(store, batch(&all, WriteKind::Merge, &some, &[row(1_000, "a", "over a number"), row(7_000_042, "d", "new")]))
        .await;
    store.storage.flush().await.unwrap();

    // The tail of the log: a new series, an attribute, a deletion, a series that ends, and a type.
    write(store, batch(&all, WriteKind::Replace, &some, &[row(3_000, "e", "tail"), row(1_001, "a", "tail")])).await;
    let registered = vec![vec![Some(text("f")), Some(Value::Null), Some(text("never had a row"))]];
    write(store, batch(&all, WriteKind::Replace, &[METER, PHASE, ColumnId(ATTRIBUTES + 3)], &registered)).await;
    let delete = RangeDelete { table: all.id, keys: series_key("c", None), time: TimeBounds::ALL, drop_series: true };
    request(store, vec![WritePart::Delete(delete)]).await;
    change(store, &mut all, |table, at| {
        retype(table, FIELDS + 3, DataType::Text(None), at, TypeConversion::Plain);
    })
    .await;
    let late = vec![vec![Some(Value::Instant(-1, TimeUnit::Millisecond)), Some(Value::Float(f64::NAN))]];
    write(store, batch(&single, WriteKind::KeepFirst, &[TIME, METER], &late)).await;
}

pub(crate) async fn keyed(store: &Store) {
    let types = all_types();
    let number = Column::new(ColumnId(90), "number", ColumnRole::Field, DataType::Int64);
    let mut made = columns(1, ColumnRole::Key, &types);
    made.push(number.clone());
    let keys = table(11, "every key type", TableKind::Keyed, made);

    let id = Column { nullable: false, ..Column::new(ColumnId(1), "id", ColumnRole::Key, DataType::Int64) };
    let mut made = vec![id];
    made.extend(columns(10, ColumnRole::Field, &types));
    made[1].default =
        Some(ColumnDefault { value: DefaultValue::Constant(Value::Boolean(true)), text: "true".to_owned() });
    made[2].declared = Some(Declared { dialect: "door".to_owned(), word: "TINY".to_owned() });
    let mut values = table(12, "every type", TableKind::Keyed, made);
    let name = ColumnId(22);
    values.unique = vec![UniqueSet { name: "names".to_owned(), columns: vec![name], index: TableId(13) }];
    let index = vec![
        Column { nullable: false, ..Column::new(ColumnId(1), "name", ColumnRole::Key, DataType::Text(None)) },
        Column { nullable: false, ..Column::new(ColumnId(2), "id", ColumnRole::Field, DataType::Int64) },
    ];
    let index = Table { hidden: true, ..table(13, "names", TableKind::Keyed, index) };
    let dropped = table(14, "dropped", TableKind::Keyed, keys.columns.clone());
    let tables = make(&[&keys, &values, &index, &dropped]);
    schema(store, [vec![Change::PutDatabase(database())], tables, people()].concat()).await;

    let key_ids: Vec<ColumnId> = keys.columns.iter().map(|c| c.id).collect();
    let key_row = |n: i64| -> Row { types.iter().map(|t| Some(value(*t, n))).chain([Some(int(n))]).collect() };
    let mut rows: Vec<Row> = (0..8).map(key_row).collect();
    // NULLs inside, at the end, and everywhere.
    for (row, from) in [(6, 3), (7, 0)] {
        rows[row][from..types.len()].iter_mut().step_by(2).for_each(|cell| *cell = Some(Value::Null));
    }
    rows.push(vec![Some(Value::Null); types.len()].into_iter().chain([Some(int(99))]).collect());
    write(store, batch(&keys, WriteKind::FailOnDuplicate, &key_ids, &rows)).await;
    write(store, batch(&dropped, WriteKind::Replace, &key_ids, &rows[..2])).await;

    let value_ids: Vec<ColumnId> = values.columns.iter().map(|c| c.id).collect();
    let mut names = Vec::new();
    let rows: Vec<Row> = (0..6)
        .map(|n| {
            let mut row: Row = [Some(int(n))].into_iter().chain(types.iter().map(|t| Some(value(*t, n)))).collect();
            row[value_ids.iter().position(|id| *id == name).unwrap()] = Some(text(&format!("name {n}")));
            names.push(vec![Some(text(&format!("name {n}"))), Some(int(n))]);
            row
        })
        .collect();
    let indexed = |kind, from: usize, to: usize| {
        let index_ids = [ColumnId(1), ColumnId(2)];
        vec![
            WritePart::Rows(batch(&values, kind, &value_ids, &rows[from..to])),
            WritePart::Rows(batch(&index, kind, &index_ids, &names[from..to])),
        ]
    };
    request(store, indexed(WriteKind::FailOnDuplicate, 0, 5)).await;
    store.storage.flush().await.unwrap();

    // Over the files: a merge, an erasure of key and name, and a range of keys.
    let merged = vec![vec![Some(int(1)), Some(Value::Null), None], vec![Some(int(2)), None, Some(int(-3))]];
    write(store, batch(&values, WriteKind::Merge, &[ColumnId(1), ColumnId(10), ColumnId(12)], &merged)).await;
    store.storage.flush().await.unwrap();
    let erased = vec![vec![Some(int(3))]];
    let erased_name = vec![vec![Some(text("name 3"))]];
    let parts = vec![
        WritePart::Rows(batch(&values, WriteKind::Erase, &[ColumnId(1)], &erased)),
        WritePart::Rows(batch(&index, WriteKind::Erase, &[ColumnId(1)], &erased_name)),
    ];
    request(store, parts).await;
    let bound = |n| encode_key(&[(int(n), DataType::Int64)]).unwrap();
    let range = KeySelection::Range { first: Bound::Included(bound(4)), last: Bound::Excluded(bound(5)) };
    let delete = RangeDelete { table: values.id, keys: range, time: TimeBounds::ALL, drop_series: false };
    let name = encode_key(&[(text("name 4"), DataType::Text(None))]).unwrap();
    let of_index = KeySelection::Range { first: Bound::Included(name.clone()), last: Bound::Included(name) };
    let delete_name = RangeDelete { table: index.id, keys: of_index, time: TimeBounds::ALL, drop_series: false };
    request(store, vec![WritePart::Delete(delete), WritePart::Delete(delete_name)]).await;
    store.storage.flush().await.unwrap();

    // The tail of the log, with records of a table that is gone.
    request(store, indexed(WriteKind::FailOnDuplicate, 5, 6)).await;
    let all = KeySelection::Range { first: Bound::Excluded(KeyBytes::default()), last: Bound::Unbounded };
    let delete = RangeDelete { table: keys.id, keys: all, time: TimeBounds::ALL, drop_series: false };
    request(store, vec![WritePart::Delete(delete)]).await;
    write(store, batch(&keys, WriteKind::Replace, &key_ids, &(2..5).map(key_row).collect::<Vec<_>>())).await;
    write(store, batch(&dropped, WriteKind::Replace, &key_ids, &[key_row(5)])).await;
    schema(store, vec![Change::DropTable(dropped.id)]).await;
    store.storage.forget_table(dropped.id).await.unwrap();
}

fn people() -> Vec<Change> {
    let user = |id, name: &str, is_role: bool| User {
        id: UserId(id),
        name: name.to_owned(),
        is_role,
        may_log_in: !is_role,
        password_hash: (!is_role).then(|| "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned()),
        valid_until_ms: is_role.then_some(-1),
        may_create_roles: is_role,
    };
    let grant = |grantee, scope, privileges: &[Privilege], grantable: &[Privilege]| {
        let set = |privileges: &[Privilege]| privileges.iter().copied().collect::<Privileges>();
        Change::PutGrant(Grant {
            grantee: UserId(grantee),
            scope,
            privileges: set(privileges),
            grantable: set(grantable),
        })
    };
    let every: Vec<Privilege> = Privileges::all().iter().collect();
    vec![
        Change::PutUser(user(31, "ann", false)),
        Change::PutUser(user(32, "Böb", false)),
        Change::PutUser(user(33, "readers", true)),
        grant(31, Scope::All, &every, &every),
        grant(32, Scope::Database(DatabaseId(1)), &[Privilege::Select, Privilege::Insert], &[Privilege::Select]),
        grant(33, Scope::Table(TableId(11)), &[Privilege::Select], &[]),
        Change::PutMembership(Membership { role: UserId(33), member: UserId(32), admin: true }),
        Change::PutSetting("wal.sync".to_owned(), Some("always".to_owned())),
        Change::PutSetting("empty".to_owned(), Some(String::new())),
    ]
}
