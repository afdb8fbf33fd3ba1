//! Points into columns: what is asked for, what is refused, what the batch holds.

use super::{PointRows, WantedColumn, by_table};
use crate::rules::{strict_value, text_value, time_value};
use crate::{FieldValue, Parsed, Point, Precision, Rules, TagValue, escaped_tag, line, series_hash};
use arrow::util::display::array_value_to_string;
use model::{
    Column, ColumnId, ColumnRole, DataType, DatabaseId, Result, Table, TableId, TableKind, TextLength, TimeUnit, Value,
    WriteBatch, WriteKind,
};
use proptest::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A door with short texts that grow, or not.
struct Door {
    widens: bool,
    last: bool,
}

const SHORT: DataType = DataType::Text(Some(TextLength::bytes(8)));

fn text_type(text: &str) -> DataType {
    let max = u32::try_from(text.len()).unwrap();
    if max > 8 { DataType::Text(Some(TextLength::bytes(max))) } else { SHORT }
}

impl Rules for Door {
    fn time_column(&self) -> &'static str {
        "at"
    }

    fn unit(&self) -> TimeUnit {
        TimeUnit::Nanosecond
    }

    fn key_column(&self) -> &'static str {
        "series"
    }

    fn series_key(&self, tags: &[(Cow<'_, str>, TagValue<'_>)]) -> String {
        let spelled = tags.iter().map(|(name, value)| match value {
            TagValue::Text(text) => escaped_tag(name, text).into(),
            TagValue::Number(_, written) => format!("{name}={written}").into(),
        });
        series_hash(spelled.collect())[..8].to_owned()
    }

    fn tag_type(&self, value: &TagValue<'_>) -> DataType {
        match value {
            TagValue::Text(text) => text_type(text),
            TagValue::Number(..) => DataType::Float64,
        }
    }

    fn field_type(&self, value: &FieldValue<'_>) -> DataType {
        match value {
            FieldValue::Text(text) => text_type(text),
            other => other.data_type(),
        }
    }

    fn widens(&self) -> bool {
        self.widens
    }

    fn tag(&self, column: &Column, value: &TagValue<'_>) -> Result<Value> {
        match value {
            TagValue::Text(text) => text_value(column, text),
            TagValue::Number(value, _) => strict_value(column, &FieldValue::Float(*value, "".into())),
        }
    }

    fn field(&self, column: &Column, value: &FieldValue<'_>) -> Result<Value> {
        strict_value(column, value)
    }

    fn time(&self, point: &Point<'_>, column: &Column, unit: TimeUnit) -> Result<i64> {
        time_value(Precision::Nanosecond.to_nanos(point.time.unwrap_or(7)), column, unit)
    }

    fn kind(&self) -> WriteKind {
        WriteKind::Merge
    }

    fn last_field_counts(&self) -> bool {
        self.last
    }
}

const DOOR: Door = Door { widens: true, last: false };

fn points(body: &str) -> Vec<Point<'_>> {
    let Parsed { points, faults } = line::parse(body);
    assert!(faults.is_empty(), "{faults:?}");
    points
}

fn rows<'p, 'a>(points: &'p [Point<'a>], door: &'p Door) -> PointRows<'p, 'a> {
    PointRows::new(points, (0..points.len()).collect(), door)
}

fn names(columns: &[WantedColumn]) -> Vec<(&str, DataType)> {
    columns.iter().map(|column| (column.name.as_str(), column.data_type)).collect()
}

fn table(columns: &[(&str, ColumnRole, DataType)]) -> Table {
    let columns: Vec<Column> = (1..)
        .zip(columns)
        .map(|(id, (name, role, data_type))| Column::new(ColumnId(id), *name, *role, *data_type))
        .collect();
    Table {
        id: TableId(1),
        database: DatabaseId(1),
        name: "m".to_owned(),
        kind: TableKind::Series,
        key: columns.iter().filter(|column| column.role == ColumnRole::Key).map(|column| column.id).collect(),
        next_column: ColumnId(100),
        columns,
        unique: Vec::new(),
        schema_version: 3,
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// A table as the engine would make or widen it.
fn grown(now: Option<&Table>, wanted: &[WantedColumn]) -> Table {
    let ns = DataType::Instant(TimeUnit::Nanosecond);
    let mut table = now.cloned().unwrap_or_else(|| table(&[("at", ColumnRole::Time, ns)]));
    for column in wanted {
        if let Some(found) = table.columns.iter_mut().find(|found| found.name == column.name) {
            found.data_type = column.data_type;
            continue;
        }
        let id = ColumnId(u32::try_from(table.columns.len()).unwrap() + 1);
        table.columns.push(Column::new(id, &column.name, column.role, column.data_type));
        if column.role == ColumnRole::Key {
            table.key.push(id);
        }
    }
    table
}

/// The cells of a batch by row and column name, absent ones left out.
fn cells(table: &Table, batch: &WriteBatch) -> Vec<BTreeMap<String, String>> {
    let row = |row| {
        let present = batch.columns.iter().filter(|(_, cells)| !cells.is_absent(row));
        present
            .map(|(id, cells)| {
                let name = table.column(*id).unwrap().name.clone();
                (name, array_value_to_string(&cells.values, row).unwrap())
            })
            .collect()
    };
    (0..batch.rows).map(row).collect()
}

fn text(row: &BTreeMap<String, String>) -> String {
    row.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn points_are_parted_by_measurement_in_order() {
    let points = points("b f=1\na f=1\nb f=2\nB f=3");
    assert_eq!(by_table(&points), [("b", vec![0, 2]), ("a", vec![1]), ("B", vec![3])]);
}

#[test]
fn a_new_table_gets_a_key_tags_and_fields() {
    let points = points("m,b=1,a=2 x=1,y=2i,z=t,s=\"text\" 5\nm,c=3 x=2,u=1u 6\nm n=1");
    let mut rows = rows(&points, &DOOR);
    let wanted = rows.wanted(None).unwrap();
    use DataType as T;
    let expected = [
        ("series", SHORT),
        ("b", SHORT),
        ("a", SHORT),
        ("c", SHORT),
        ("x", T::Float64),
        ("y", T::Int64),
        ("z", T::Boolean),
        ("s", SHORT),
        ("u", T::UInt64),
        ("n", T::Float64),
    ];
    assert_eq!(names(&wanted), expected);
    let table = grown(None, &wanted);
    let batch = rows.batch(&table).unwrap();
    assert_eq!((batch.rows, batch.schema_version, batch.kind), (3, 3, WriteKind::Merge));
    let cells = cells(&table, &batch);
    let empty = series_hash(Vec::new());
    assert_eq!(text(&cells[2]), format!("at=1970-01-01T00:00:00.000000007Z n=1.0 series={}", &empty[..8]));
    assert_eq!(cells[0]["series"], DOOR.series_key(&points[0].tags));
    assert_ne!(cells[0]["series"], cells[1]["series"]);
    assert!(!cells[1].contains_key("a") && cells[1]["u"] == "1");
}

#[test]
fn a_table_of_another_door_is_taken_as_it_is() {
    let ms = DataType::Instant(TimeUnit::Millisecond);
    let now = table(&[
        ("ts", ColumnRole::Time, ms),
        ("power", ColumnRole::Field, DataType::Int32),
        ("location", ColumnRole::Key, SHORT),
    ]);
    let points = points("m,location=here,room=1 power=220 1000000\nm,location=there power=220.5\nm power=1i -1");
    let fixed = Door { widens: false, last: false };
    let mut rows = rows(&points, &fixed);
    let wanted = rows.wanted(Some(&now)).unwrap();
    assert_eq!(names(&wanted), [("room", SHORT)]);
    assert_eq!(rows.refused().keys().collect::<Vec<_>>(), [&1], "half a watt does not fit an integer");
    let table = grown(Some(&now), &wanted);
    let batch = rows.batch(&table).unwrap();
    let cells = cells(&table, &batch);
    assert_eq!(text(&cells[0]), "location=here power=220 room=1 ts=1970-01-01T00:00:00.001Z");
    assert_eq!(text(&cells[1]), "power=1 ts=1969-12-31T23:59:59.999Z", "times are floored, a key may be NULL");
}

#[test]
fn a_refused_point_adds_nothing() {
    for (bad, reason) in [
        ("m new=1,x=t", "\"true\" is not of type double, column \"x\""),
        ("m,new=1 x=1,x=2", "column \"x\" is assigned twice"),
        ("m,new=1 new=1", "column \"new\" of table \"m\" is a tag, not a field"),
        ("m,x=1 new=1", "column \"x\" of table \"m\" is a field, not a tag"),
        ("m new=1,X=1", "column \"x\" already exists"),
        ("m new=1,at=1", "column \"at\" is assigned twice"),
        ("m,series=1 new=1", "column \"series\" is assigned twice"),
        ("m new=1,a\tb=1", "\"a\\tb\" cannot be a name: it holds a control character"),
    ] {
        let body = format!("m,a=1 x=1\n{bad}\nm y=1");
        let points = points(&body);
        let mut rows = rows(&points, &DOOR);
        let wanted = rows.wanted(None).unwrap();
        let refused: Vec<_> = rows.refused().iter().map(|(at, error)| (*at, error.to_string())).collect();
        let reason = reason.replace("\\t", "\t");
        assert_eq!(refused, [(1, reason)], "{bad}");
        let wanted_names: Vec<_> = wanted.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(wanted_names, ["series", "a", "x", "y"], "{bad}");
        assert_eq!(rows.batch(&grown(None, &wanted)).unwrap().rows, 2, "{bad}");
    }
    let none = points("m x=1,x=2");
    assert!(rows(&none, &DOOR).wanted(None).is_err(), "nothing is left to write");
}

#[test]
fn what_may_not_be_null_is_asked_for() {
    let ns = DataType::Instant(TimeUnit::Nanosecond);
    let mut now = table(&[
        ("ts", ColumnRole::Time, ns),
        ("x", ColumnRole::Field, DataType::Float64),
        ("k", ColumnRole::Key, SHORT),
        ("l", ColumnRole::Key, SHORT),
    ]);
    now.columns.iter_mut().for_each(|column| column.nullable = false);
    let points = points("m,k=1,l=2 x=1\nm,k=1 x=1\nm,k=1,l=2 y=1");
    let mut rows = rows(&points, &DOOR);
    let wanted = rows.wanted(Some(&now)).unwrap();
    let refused: Vec<_> = rows.refused().values().map(ToString::to_string).collect();
    assert_eq!(refused, ["every key column must be given: [\"k\", \"l\"]", "column \"x\" may not be NULL"]);
    assert!(wanted.is_empty(), "a refused point's column is not made: {wanted:?}");
}

#[test]
fn texts_grow_their_columns_where_the_door_says_so() {
    let body = "m s=\"short\"\nm s=\"longer than eight\"\nm,t=longer\\ than\\ eight s=\"x\"";
    let points = points(body);
    let wanted = rows(&points, &DOOR).wanted(None).unwrap();
    let long = DataType::Text(Some(TextLength::bytes(17)));
    assert_eq!(names(&wanted), [("series", SHORT), ("t", long), ("s", long)]);
    let ns = DataType::Instant(TimeUnit::Nanosecond);
    let now =
        table(&[("ts", ColumnRole::Time, ns), ("s", ColumnRole::Field, SHORT), ("series", ColumnRole::Key, SHORT)]);
    assert_eq!(names(&rows(&points, &DOOR).wanted(Some(&now)).unwrap()), [("t", long), ("s", long)]);
    let fixed = Door { widens: false, last: false };
    let mut rows = rows(&points, &fixed);
    rows.wanted(Some(&now)).unwrap();
    let refused: Vec<_> = rows.refused().iter().map(|(at, error)| (*at, error.code())).collect();
    assert_eq!(refused, [(1, model::Code::ValueTooLong)]);
}

#[test]
fn the_last_of_equal_fields_counts_where_the_door_says_so() {
    let points = points("m x=1,y=2,x=3");
    let door = Door { widens: true, last: true };
    let mut rows = rows(&points, &door);
    let wanted = rows.wanted(None).unwrap();
    let table = grown(None, &wanted);
    let batch = rows.batch(&table).unwrap();
    let cells = cells(&table, &batch);
    assert_eq!((cells[0]["x"].as_str(), cells[0]["y"].as_str()), ("3.0", "2.0"));
}

#[test]
fn a_column_that_is_gone_makes_the_batch_anew() {
    let points = points("m x=1");
    let mut rows = rows(&points, &DOOR);
    rows.wanted(None).unwrap();
    let ns = DataType::Instant(TimeUnit::Nanosecond);
    let other = table(&[("at", ColumnRole::Time, ns), ("series", ColumnRole::Key, SHORT)]);
    assert_eq!(rows.batch(&other).unwrap_err().code(), model::Code::SchemaChanged);
}

#[test]
fn values_lose_nothing_on_their_way() {
    let column = |data_type| Column::new(ColumnId(1), "c", ColumnRole::Field, data_type);
    let value = |data_type, value: FieldValue<'_>| strict_value(&column(data_type), &value).map_err(|e| e.code());
    let float = |v: f64| FieldValue::Float(v, "".into());
    use model::Code as C;
    assert_eq!(value(DataType::Int16, float(220.0)), Ok(Value::Integer(220)));
    assert_eq!(value(DataType::Int16, float(220.5)), Err(C::ValueInvalid));
    assert_eq!(value(DataType::Int16, float(40_000.0)), Err(C::ValueOutOfRange));
    assert_eq!(value(DataType::Int64, float(1.0)), Err(C::ValueInvalid), "a float is no integer");
    assert_eq!(value(DataType::Float64, FieldValue::Integer(1)), Err(C::ValueInvalid));
    assert_eq!(value(DataType::Float32, FieldValue::Integer(1 << 24)), Ok(Value::Float(16_777_216.0)));
    assert_eq!(value(DataType::Float32, FieldValue::Integer((1 << 24) + 1)), Err(C::ValueInvalid));
    assert_eq!(value(DataType::Int64, FieldValue::Unsigned(u64::MAX)), Err(C::ValueOutOfRange));
    assert_eq!(value(DataType::UInt64, FieldValue::Integer(-1)), Err(C::ValueOutOfRange));
    assert_eq!(value(DataType::Boolean, FieldValue::Integer(1)), Err(C::ValueInvalid));
    assert_eq!(text_value(&column(DataType::Int8), "12").unwrap(), Value::Integer(12));
    assert!(text_value(&column(DataType::Int8), "x").is_err());
}

/// Per series (its tags as a sorted text) and time: field by field, the last value.
type Model = BTreeMap<(String, i64), BTreeMap<String, String>>;

proptest! {
    /// Whatever comes, in however many bodies: what the batches hold is what a map would.
    #[test]
    fn batches_hold_what_a_map_would(
        bodies in prop::collection::vec(prop::collection::vec((0_u8..3, 0_u8..3, 0_i64..3, prop::collection::btree_map("[xyz]", -9_i64..9, 1..4)), 1..6), 1..5)
    ) {
        let mut model = Model::new();
        let mut stored = Model::new();
        let mut table: Option<Table> = None;
        for body in &bodies {
            let lines: Vec<String> = body.iter().map(|(a, b, at, fields)| {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}i")).collect();
                format!("m,a={a},b={b} {} {at}", fields.join(","))
            }).collect();
            for (a, b, at, fields) in body {
                let row = model.entry((format!("a={a} b={b}"), *at)).or_default();
                row.extend(fields.iter().map(|(name, value)| (name.clone(), value.to_string())));
            }
            let body = lines.join("\n");
            let points = points(&body);
            let mut rows = rows(&points, &DOOR);
            let wanted = rows.wanted(table.as_ref()).unwrap();
            let now = grown(table.as_ref(), &wanted);
            let batch = rows.batch(&now).unwrap();
            for (row, point) in cells(&now, &batch).into_iter().zip(&points) {
                prop_assert_eq!(&row["series"], &DOOR.series_key(&point.tags));
                let key = (format!("a={} b={}", row["a"], row["b"]), point.time.unwrap());
                let fields = row.into_iter().filter(|(name, _)| matches!(name.as_str(), "x" | "y" | "z"));
                stored.entry(key).or_default().extend(fields);
            }
            table = Some(now);
        }
        prop_assert_eq!(stored, model);
    }
}

#[test]
fn columns_keep_their_types_and_refuse_what_they_cannot_hold() {
    let now = table(&[
        ("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond)),
        ("n", ColumnRole::Field, DataType::Int32),
        ("small", ColumnRole::Field, DataType::Int8),
        ("f", ColumnRole::Field, DataType::Float32),
        ("s", ColumnRole::Field, DataType::Text(Some(TextLength::bytes(5)))),
        ("g", ColumnRole::Attribute, DataType::Int8),
        ("h", ColumnRole::Attribute, DataType::Float32),
        ("k", ColumnRole::Key, SHORT),
    ]);
    let fixed = Door { widens: false, last: false };
    let body = "m,k=a,g=5,h=1.5 n=3i,small=7i,f=2.5,s=\"abcde\"\nm,k=a n=2147483648i\nm,k=a n=1.5\nm,k=a small=128i\n\
                m,k=a f=1e39\nm,k=a s=\"abcdef\"\nm,k=a,g=128 n=1i\nm,k=a,h=1e39 n=1i\nm,k=a n=4,f=7i";
    let points = points(body);
    let mut rows = rows(&points, &fixed);
    assert_eq!(rows.wanted(Some(&now)).unwrap(), [], "nothing is added or widened");
    let batch = rows.batch(&now).unwrap();
    assert_eq!(rows.refused().keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    let cells = cells(&now, &batch);
    assert_eq!(text(&cells[0]), "f=2.5 g=5 h=1.5 k=a n=3 s=abcde small=7 ts=1970-01-01T00:00:00.000000007Z");
    assert_eq!(text(&cells[1]), "f=7.0 k=a n=4 ts=1970-01-01T00:00:00.000000007Z");
}

#[test]
fn a_series_is_called_what_a_table_could_be() {
    let now = table(&[
        ("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond)),
        ("v", ColumnRole::Field, DataType::Float64),
        ("tbname", ColumnRole::Key, DataType::Text(None)),
    ]);
    let body = format!("m,tbname=a\\ b.c v=1\nm,tbname={} v=1\nm,tbname=d v=1", "x".repeat(193));
    let points = points(&body);
    let mut rows = rows(&points, &DOOR);
    rows.wanted(Some(&now)).unwrap();
    assert_eq!(rows.refused().keys().copied().collect::<Vec<_>>(), [1]);
    assert_eq!(rows.batch(&now).unwrap().rows, 2);
}
