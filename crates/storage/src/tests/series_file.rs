//! The series file for other tools: what it says, when it goes, and that nothing depends on it.

use super::fixture::*;
use arrow::array::AsArray;
use arrow::datatypes::Int32Type;
use catalog::Change;
use files::Files;
use model::{
    AttributePolicy, KeySelection, RangeDelete, TableId, TimeBounds, Value, WriteKind, WritePart, WriteRequest,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

const METERS: TableId = TableId(1);
const PATH: &str = "segments/1/series/series.parquet";

type Row = (Option<String>, Option<i32>, Option<String>);

/// Meter, phase and city of each series, as any reader of Parquet sees them.
fn read(fixture: &Fixture) -> Vec<Row> {
    let file = fixture.disk.open(Path::new(PATH)).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(0, &mut bytes).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let names: Vec<_> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["meter", "phase", "city"]);
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text = |column: usize| batch.column(column).as_string::<i32>().iter().map(|t| t.map(str::to_owned));
        let phases = batch.column(1).as_primitive::<Int32Type>().iter();
        rows.extend(text(0).zip(phases).zip(text(2)).map(|((meter, phase), city)| (meter, phase, city)));
    }
    rows
}

fn row(meter: &str, phase: Option<i32>, city: Option<&str>) -> Row {
    (Some(meter.to_owned()), phase, city.map(str::to_owned))
}

/// Series with their cities, and a row of each.
async fn write(fixture: &Fixture, cities: &[(&str, i64, Option<&str>)]) {
    let table = series_table(1);
    let city = |city: Option<&str>| city.map_or(Value::Null, text);
    let row = |(m, p, c): &(&str, i64, Option<&str>)| {
        vec![Some(text(m)), Some(int(*p)), Some(at(1)), Some(city(*c)), Some(int(1))]
    };
    let rows: Vec<_> = cities.iter().map(row).collect();
    let mut batch = batch(&table, WriteKind::Replace, &[KEY, KEY_2, TIME, ATTRIBUTE, FIELD], &rows);
    batch.attributes = AttributePolicy::Set;
    fixture.write(batch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_series_is_there_with_its_newest_attributes_in_key_order() {
    let fixture = Fixture::with(vec![series_table(1), keyed_table(2)]).await;
    write(&fixture, &[("b", 1, Some("Ulm")), ("a", 2, None), ("a", 1, Some("Bonn"))]).await;
    fixture.write(loads(&series_table(1), WriteKind::Replace, &[("a", 1, 1)])).await.unwrap();
    fixture.write(sites(&keyed_table(2), WriteKind::Replace, &[(1, 1)])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    let first = [row("a", None, None), row("a", Some(1), Some("Bonn")), row("a", Some(2), None)];
    assert_eq!(read(&fixture), [&first[..], &[row("b", Some(1), Some("Ulm"))]].concat());
    assert!(!fixture.disk.exists(Path::new("segments/2/series")).unwrap(), "a keyed table has no series");

    // An attribute changes, a series ends, one is only registered.
    write(&fixture, &[("a", 1, Some("Kiel"))]).await;
    let key = model::encode_key(&[(text("b"), model::DataType::Text(None)), (int(1), model::DataType::Int32)]).unwrap();
    let keys = KeySelection::Hashes([model::key_hash(&key.0)].into());
    let delete = RangeDelete { table: METERS, keys, time: TimeBounds::ALL, drop_series: true };
    fixture.storage.write(WriteRequest { parts: vec![WritePart::Delete(delete)] }).await.unwrap();
    let registered = vec![Some(text("c")), Some(text("Jena"))];
    fixture.write(batch(&series_table(1), WriteKind::Replace, &[KEY, ATTRIBUTE], &[registered])).await.unwrap();
    fixture.storage.flush().await.unwrap();
    let fixture = fixture.crash(0);
    let expected =
        [row("a", None, None), row("a", Some(1), Some("Kiel")), row("a", Some(2), None), row("c", None, Some("Jena"))];
    assert_eq!(read(&fixture), expected);

    let changes = vec![Change::DropTable(METERS)];
    fixture.catalog.commit(None, changes).await.unwrap();
    fixture.storage.forget_table(METERS).await.unwrap();
    fixture.storage.flush().await.unwrap();
    assert!(!fixture.disk.exists(Path::new(PATH)).unwrap(), "it goes with its table");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_depends_on_it() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    for damage in 0..3 {
        write(&fixture, &[("a", damage, Some("Ulm"))]).await;
        fixture
            .disk
            .fail_next_sync(["series.parquet.tmp", "segments/1/series", "nowhere"][usize::try_from(damage).unwrap()]);
        fixture.storage.flush().await.unwrap();
        let manifest = fixture.catalog.snapshot().manifest(METERS);
        assert_eq!(manifest.segments.len(), usize::try_from(damage).unwrap() + 1);
    }
    assert_eq!(read(&fixture).len(), 3, "written again at the next time");
    let disk = fixture.disk.crash(0);
    drop(fixture);
    disk.remove(Path::new(PATH)).unwrap();
    disk.create(Path::new("segments/1/series/series.parquet.tmp")).unwrap();
    let fixture = Fixture::open(&disk, options()).unwrap();
    assert_eq!(fixture.rows(METERS).len(), 3);
    assert!(disk.list(Path::new("segments/1/series")).unwrap().is_empty(), "what was not finished goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_goes_to_a_directory_that_may_not_last() {
    let fixture = Fixture::with(vec![series_table(1)]).await;
    write(&fixture, &[("a", 1, None)]).await;
    fixture.disk.fail_next_sync("segments");
    for _ in 0..2 {
        assert!(fixture.storage.flush().await.is_err(), "no later sync brings it back");
    }
    assert_eq!(fixture.rows(METERS).len(), 1);
    let fixture = fixture.crash(0);
    fixture.storage.flush().await.unwrap();
    assert_eq!(fixture.crash(0).rows(METERS).len(), 1);
}
