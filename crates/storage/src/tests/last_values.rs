//! The newest row and values of series: whatever happened, they are what a scan of the same view
//! says.

use super::dice::Dice;
use super::fixture::*;
use crate::cell_value::cell_value;
use crate::{LastMetrics, LastOutput, LastRequest, ScanKeys, StorageOptions, TableView};
use files::ForgetfulFiles;
use model::{
    ColumnId, ColumnRole, DataType, KeySelection, MemoryPool, RangeDelete, TableId, TableKind, TimeBounds, TypeChange,
    TypeConversion, Usage, Value, WriteKind, WritePart, WriteRequest, encode_key, key_hash,
};

const METERS: TableId = TableId(1);

/// The columns of an answer: keys, the newest row's time and fields, each field's newest value and
/// its time.
fn outputs(view: &TableView) -> Vec<LastOutput> {
    let table = view.table();
    let fields: Vec<ColumnId> = table.columns_with(ColumnRole::Field).map(|column| column.id).collect();
    let keys = table.key_columns().map(|column| LastOutput::Series(column.id));
    let rows = fields.iter().map(|id| LastOutput::RowValue(*id));
    let values = fields.iter().flat_map(|id| [LastOutput::Value(*id), LastOutput::ValueTime(*id)]);
    keys.chain([LastOutput::RowTime]).chain(rows).chain(values).collect()
}

/// What a view answers, and how.
fn answer(view: &TableView, outputs: &[LastOutput], since: i64, keys: ScanKeys) -> (Vec<Vec<Value>>, LastMetrics) {
    let table = view.table();
    let type_of = |output: &LastOutput| match output {
        LastOutput::RowTime | LastOutput::ValueTime(_) => table.time_column().unwrap().data_type,
        LastOutput::Series(id) | LastOutput::RowValue(id) | LastOutput::Value(id) => {
            table.column(*id).unwrap().data_type
        }
    };
    let types: Vec<DataType> = outputs.iter().map(type_of).collect();
    let mut scan = view.last(LastRequest { outputs: outputs.to_vec(), since, keys, batch_rows: 2 }).unwrap();
    let mut rows = Vec::new();
    for batch in scan.by_ref() {
        let batch = batch.unwrap();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cells = batch.columns().iter().zip(&types);
            cells.map(|(array, data_type)| cell_value(array, row, *data_type).unwrap()).collect::<Vec<_>>()
        }));
    }
    (rows, scan.metrics())
}

/// The same from all rows.
fn expected(view: &TableView, outputs: &[LastOutput], since: i64, keys: ScanKeys) -> Vec<Vec<Value>> {
    let table = view.table();
    let columns: Vec<ColumnId> =
        table.columns.iter().filter(|c| c.role != ColumnRole::Attribute).map(|c| c.id).collect();
    let place = |id: ColumnId| columns.iter().position(|column| *column == id).unwrap();
    let time = place(table.time_column().unwrap().id);
    let rows = scan(view, &columns, keys, TimeBounds { first: since, last: i64::MAX });
    let key = |row: &Vec<Value>| table.key.iter().map(|id| row[place(*id)].clone()).collect::<Vec<_>>();
    rows.chunk_by(|a, b| key(a) == key(b))
        .map(|rows| {
            let newest = rows.last().unwrap();
            let value = |id: &ColumnId| rows.iter().rev().find(|row| row[place(*id)] != Value::Null);
            let cell = |output: &LastOutput| match output {
                LastOutput::RowTime => newest[time].clone(),
                LastOutput::Series(id) | LastOutput::RowValue(id) => newest[place(*id)].clone(),
                LastOutput::Value(id) => value(id).map_or(Value::Null, |row| row[place(*id)].clone()),
                LastOutput::ValueTime(id) => value(id).map_or(Value::Null, |row| row[time].clone()),
            };
            outputs.iter().map(cell).collect()
        })
        .collect()
}

pub(super) fn random_since(dice: &mut Dice) -> i64 {
    if dice.one_in(2) { i64::MIN } else { i64::try_from(dice.below(12)).unwrap() * 400_000 }
}

/// Compares the two, twice: the second answer is known. Parts of the answer alone are alike, too.
pub(super) fn compare(view: &TableView, since: i64) -> Result<(), String> {
    if view.table().kind == TableKind::Keyed {
        return Ok(());
    }
    let outputs = outputs(view);
    let every_third: Vec<LastOutput> = outputs.iter().copied().step_by(3).collect();
    let ids = view.series(&[]).unwrap().ids;
    let some = ScanKeys::Series(ids.iter().copied().step_by(2).collect());
    for (outputs, keys) in
        [(&every_third, some), (&outputs, ScanKeys::All), (&outputs, ScanKeys::All), (&every_third, ScanKeys::All)]
    {
        let (found, metrics) = answer(view, outputs, since, keys.clone());
        let expected = expected(view, outputs, since, keys.clone());
        if found != expected {
            return Err(format!(
                "last values at {} since {since}, {outputs:?} of {keys:?}, {metrics:?}:\nexpected {expected:?}\n\
                 found {found:?}",
                view.sequence()
            ));
        }
    }
    Ok(())
}

async fn request(fixture: &Fixture, parts: Vec<WritePart>) {
    fixture.storage.write(WriteRequest { parts }).await.unwrap();
}

fn hash(meter: &str) -> model::KeyHash {
    let typed = [(text(meter), DataType::Text(None)), (Value::Null, DataType::Int32)];
    key_hash(&encode_key(&typed).unwrap().0)
}

fn delete(keys: KeySelection, first: i64, last: i64, drop_series: bool) -> WritePart {
    WritePart::Delete(RangeDelete { table: METERS, keys, time: TimeBounds { first, last }, drop_series })
}

/// How a full question is answered, and that it is right.
fn asked(fixture: &Fixture) -> LastMetrics {
    let view = fixture.storage.view(METERS).unwrap();
    let metrics = answer(&view, &outputs(&view), i64::MIN, ScanKeys::All).1;
    compare(&view, i64::MIN).unwrap();
    metrics
}

#[tokio::test]
async fn rows_are_read_once_and_writes_are_put_on_top() {
    let table = series_table(1);
    let fixture = Fixture::with(vec![table.clone()]).await;
    let load = |rows: Vec<(&'static str, i64, i64)>| loads(&table, WriteKind::Replace, &rows);
    fixture.write(load(vec![("a", 1, 1), ("a", 9, 2), ("b", 5, 3), ("c", 7, 4)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let first = asked(&fixture);
    assert_eq!((first.series_searched, first.series_known), (3, 0), "nothing is known after a start");
    let known = |metrics: LastMetrics, series: u64| {
        assert_eq!((metrics.series_known, metrics.series_searched, metrics.rows_read), (series, 0, 0), "{metrics:?}");
    };
    known(asked(&fixture), 3);
    // Newer, late, a series that is new, one without rows.
    fixture.write(load(vec![("a", 10, 5), ("b", 4, 6), ("d", 2, 7)])).await.unwrap();
    fixture.write(batch(&table, WriteKind::Replace, &[KEY], &[vec![Some(text("e"))]])).await.unwrap();
    known(asked(&fixture), 5);
    fixture.storage.flush().await.unwrap();
    known(asked(&fixture), 5);
    // A merge of another column leaves the value; a newer row with NULL too.
    let note = |time, note: Value| vec![Some(text("a")), Some(at(time)), Some(note)];
    fixture
        .write(batch(&table, WriteKind::Merge, &[KEY, TIME, TEXT], &[note(10, text("x")), note(11, Value::Null)]))
        .await
        .unwrap();
    known(asked(&fixture), 5);
    // What is deleted must be looked for below, unless nothing can be there.
    request(&fixture, vec![delete(KeySelection::Hashes([hash("a")].into()), 10, 20, false)]).await;
    let looked = asked(&fixture);
    assert_eq!((looked.series_searched, looked.series_known), (1, 4));
    known(asked(&fixture), 5);
    request(&fixture, vec![delete(KeySelection::All, i64::MIN, 7, false)]).await;
    known(asked(&fixture), 5);
    let erased = batch(&table, WriteKind::Erase, &[KEY, TIME], &[vec![Some(text("a")), Some(at(9))]]);
    fixture.write(erased).await.unwrap();
    assert_eq!(asked(&fixture).series_searched, 1);
    // A series that was dropped and made again begins anew.
    request(&fixture, vec![delete(KeySelection::Hashes([hash("a")].into()), i64::MIN, i64::MAX, true)]).await;
    fixture.write(load(vec![("a", 3, 8)])).await.unwrap();
    known(asked(&fixture), 5);
    let fixture = fixture.crash(0);
    assert!(asked(&fixture).series_searched > 0, "nothing is known after a start");
    assert_eq!(asked(&fixture).series_searched, 0);
}

#[tokio::test]
async fn a_view_never_shows_what_came_later() {
    let table = series_table(1);
    let fixture = Fixture::with(vec![table.clone()]).await;
    let mut views = Vec::new();
    for n in 0..20 {
        let rows = [("a", n, n), ("b", 100 - n, n), (["c", "d", "e"][n as usize % 3], 7, n)];
        fixture.write(loads(&table, WriteKind::Replace, &rows)).await.unwrap();
        let view = fixture.storage.view(METERS).unwrap();
        let rows = expected(&view, &outputs(&view), i64::MIN, ScanKeys::All);
        views.push((view, rows));
        if n % 4 == 3 {
            asked(&fixture);
        }
        if n % 7 == 6 {
            fixture.storage.flush().await.unwrap();
        }
    }
    for (view, rows) in &views {
        assert_eq!(&answer(view, &outputs(view), i64::MIN, ScanKeys::All).0, rows);
        compare(view, 7).unwrap();
    }
}

#[tokio::test]
async fn a_changed_definition_begins_anew() {
    let table = series_table(1);
    let fixture = Fixture::with(vec![table.clone()]).await;
    let notes = |time, note: &str| vec![Some(text("a")), Some(at(time)), Some(text(note))];
    let rows = [notes(1, "12"), notes(2, "no number")];
    fixture.write(batch(&table, WriteKind::Replace, &[KEY, TIME, TEXT], &rows)).await.unwrap();
    asked(&fixture);
    let retype = |to: DataType, drop: bool| {
        move |table: &model::Table, at| {
            let mut table = table.clone();
            table.schema_version += 1;
            let column = table.columns.iter_mut().find(|column| column.id == TEXT).unwrap();
            let from = std::mem::replace(&mut column.data_type, to);
            column.type_changes.push(TypeChange { at, from, conversion: TypeConversion::Plain });
            if drop {
                table.columns.retain(|column| column.id != TEXT);
            }
            Ok((table, Vec::new()))
        }
    };
    // The newest value becomes NULL, and the older one the newest.
    fixture.storage.change_table(METERS, retype(DataType::Int64, false)).await.unwrap();
    let view = fixture.storage.view(METERS).unwrap();
    let value = [LastOutput::Value(TEXT), LastOutput::ValueTime(TEXT)];
    assert_eq!(answer(&view, &value, i64::MIN, ScanKeys::All).0, [[int(12), at(1)]]);
    asked(&fixture);
    fixture.storage.change_table(METERS, retype(DataType::Text(None), true)).await.unwrap();
    asked(&fixture);
}

fn last_values_use(fixture: &Fixture) -> Usage {
    let pools = fixture.storage.memory();
    pools.into_iter().find(|(pool, _)| *pool == MemoryPool::LastValues).unwrap().1
}

#[tokio::test]
async fn a_limit_holds_and_the_longest_unasked_gives_way() {
    let disk = ForgetfulFiles::new();
    let tables = [series_table(1), series_table(2)];
    let write = async |fixture: &Fixture| {
        for table in &tables {
            let names: Vec<String> = (0..30).map(|n| format!("m{n}")).collect();
            let rows: Vec<_> = names.iter().map(|name| (name.as_str(), 1, 1)).collect();
            fixture.write(loads(table, WriteKind::Replace, &rows)).await.unwrap();
        }
    };
    let options = |bytes| StorageOptions { last_values_bytes: bytes, ..options() };
    let fixture = Fixture::open(&disk, options(1 << 20)).unwrap();
    fixture.create(tables.to_vec()).await.unwrap();
    write(&fixture).await;
    let ask = |fixture: &Fixture, table: u64| {
        let view = fixture.storage.view(TableId(table)).unwrap();
        let (rows, metrics) = answer(&view, &outputs(&view), i64::MIN, ScanKeys::All);
        assert_eq!(rows.len(), 30);
        metrics.series_searched
    };
    assert_eq!((ask(&fixture, 1), ask(&fixture, 1)), (30, 0));
    let one = last_values_use(&fixture).used;
    assert!(one > 0);
    fixture.storage.close().await.unwrap();
    drop(fixture);

    let fixture = Fixture::open(&disk, options(one * 3 / 2)).unwrap();
    assert_eq!((ask(&fixture, 1), ask(&fixture, 2)), (30, 30));
    assert_eq!((ask(&fixture, 2), ask(&fixture, 1)), (0, 30), "the first gave way to the second");
    let in_use = last_values_use(&fixture);
    assert!(in_use.used <= in_use.limit, "{in_use:?}");
    fixture.storage.close().await.unwrap();
    drop(fixture);

    // A table that is larger than all of it is looked up each time.
    let fixture = Fixture::open(&disk, options(one / 2)).unwrap();
    assert_eq!((ask(&fixture, 1), ask(&fixture, 1)), (30, 30));
    assert_eq!(last_values_use(&fixture).used, 0);
}

#[tokio::test]
async fn deep_and_stale_series_are_found() {
    let table = series_table(1);
    let fixture = Fixture::with(vec![table.clone()]).await;
    let mut rows = Vec::new();
    for n in 0..60_i64 {
        let load = (n % 20 == 0).then(|| int(n));
        rows.push(vec![Some(text("a")), Some(at(n * 10_000)), load.clone().or(Some(Value::Null)), None]);
        if n < 3 {
            rows.push(vec![Some(text("stale")), Some(at(i64::MIN + n)), load, Some(text("old"))]);
        }
    }
    rows.push(vec![Some(text("late")), Some(at(i64::MAX)), Some(int(1)), None]);
    fixture.write(batch(&table, WriteKind::Merge, &[KEY, TIME, FIELD, TEXT], &rows)).await.unwrap();
    asked(&fixture);
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    let view = fixture.storage.view(METERS).unwrap();
    for since in [i64::MAX, 590_000, 589_999, 400_001, 400_000, 0, i64::MIN + 1, i64::MIN] {
        compare(&view, since).unwrap();
    }
    assert_eq!(asked(&fixture).series_searched, 0);
}
