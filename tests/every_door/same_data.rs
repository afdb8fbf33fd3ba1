//! Rows written through each door, read through each: every value, type and time at full precision.

use super::cell::Cell;
use super::door::{Client, Door, Outcome};
use super::kinds::{self, Column, INSTANT, STRING, VARCHAR, Words, word};
use super::{Faults, equal, with_database};
use crate::harness::{Program, TempDir};

/// A way in.
#[derive(Clone, Copy, Debug)]
enum Writer {
    KwdbSql,
    KwdbInfluxdb,
    KwdbTelegraf,
    InfluxWrite,
    KwdbOpentsdbJson,
    KwdbOpentsdbTelnet,
    OpenTsdbPut,
    TDengineSql,
    IotdbTablet,
}

const WRITERS: [Writer; 9] = [
    Writer::KwdbSql,
    Writer::KwdbInfluxdb,
    Writer::KwdbTelegraf,
    Writer::InfluxWrite,
    Writer::KwdbOpentsdbJson,
    Writer::KwdbOpentsdbTelnet,
    Writer::OpenTsdbPut,
    Writer::TDengineSql,
    Writer::IotdbTablet,
];

const DATABASE: &str = "nano";
/// Nanoseconds of the first row; writers with a coarser unit begin at the millisecond before it.
const FIRST: i64 = 1_714_979_289_123_456_789;

impl Writer {
    fn table(self) -> String {
        format!("by_{self:?}").to_lowercase()
    }

    fn columns(self) -> Vec<Column> {
        match self {
            Self::KwdbSql => kinds::of_kwdb(),
            Self::KwdbInfluxdb | Self::KwdbTelegraf => kinds::of_lines(VARCHAR),
            Self::InfluxWrite => kinds::of_lines(STRING),
            Self::KwdbOpentsdbJson | Self::KwdbOpentsdbTelnet | Self::OpenTsdbPut => kinds::of_metrics(),
            Self::TDengineSql => kinds::of_tdengine(),
            Self::IotdbTablet => kinds::of_tablets(),
        }
    }

    /// The time column of the table that it makes.
    const fn time_column(self) -> &'static str {
        match self {
            Self::KwdbSql | Self::TDengineSql => "ts",
            Self::KwdbInfluxdb | Self::KwdbTelegraf | Self::KwdbOpentsdbJson | Self::KwdbOpentsdbTelnet => {
                "k_timestamp"
            }
            Self::InfluxWrite | Self::IotdbTablet => "time",
            Self::OpenTsdbPut => "timestamp",
        }
    }

    /// The column that holds the text `n1` in every row, and its type.
    const fn tag(self) -> (&'static str, Words) {
        match self {
            Self::TDengineSql => ("model", VARCHAR),
            Self::InfluxWrite | Self::OpenTsdbPut | Self::IotdbTablet => ("site", STRING),
            _ => ("site", VARCHAR),
        }
    }

    /// Nanoseconds in one unit of its times.
    const fn unit(self) -> i64 {
        match self {
            Self::KwdbSql | Self::KwdbInfluxdb | Self::KwdbTelegraf | Self::InfluxWrite | Self::TDengineSql => 1,
            _ => 1_000_000,
        }
    }

    /// Writes rows with the literals of `columns`, one unit apart, and makes the table.
    fn write(self, root: &Client, columns: &[Column], rows: usize) -> Outcome {
        let table = self.table();
        let time = |row: usize| FIRST / self.unit() + i64::try_from(row).unwrap();
        let literal = |column: &Column, row: usize| column.values.get(row).map(|(literal, _)| *literal);
        let or_null = |column: &Column, row: usize| literal(column, row).unwrap_or("null").to_owned();
        let named: Vec<String> = columns.iter().map(|c| format!("{} {}", c.name, c.declared)).collect();
        match self {
            Self::KwdbSql => {
                let named = named.join(", ");
                let definition = format!(
                    "create table {table} (ts timestamptz(9) not null, {named}) \
                     tags (site varchar(20) not null) primary tags (site)"
                );
                root.kwdb("ddl", DATABASE, &definition)?;
                for row in 0..rows {
                    let cells: Vec<String> = columns.iter().map(|column| or_null(column, row)).collect();
                    let nanos = time(row).rem_euclid(1_000_000_000);
                    let statement = format!(
                        "insert into {table} values ('2024-05-06 07:08:09.{nanos:09}+00:00', {}, 'n1')",
                        cells.join(", ")
                    );
                    root.kwdb("insert", DATABASE, &statement)?;
                }
            }
            Self::KwdbInfluxdb | Self::KwdbTelegraf | Self::InfluxWrite => {
                for row in 0..rows {
                    let fields: Vec<String> = columns
                        .iter()
                        .filter_map(|column| Some(format!("{}={}", column.name, literal(column, row)?)))
                        .collect();
                    let line = format!("{table},site=n1 {} {}", fields.join(","), time(row));
                    match self {
                        Self::KwdbInfluxdb => root.kwdb("influxdb", DATABASE, &line).map(drop)?,
                        Self::KwdbTelegraf => root.kwdb("telegraf", DATABASE, &line).map(drop)?,
                        _ => root.influx(DATABASE, &line)?,
                    }
                }
            }
            Self::KwdbOpentsdbJson | Self::OpenTsdbPut => {
                let points: Vec<String> = (0..rows)
                    .filter_map(|row| {
                        let value = literal(&columns[0], row)?;
                        let time = time(row);
                        Some(format!(
                            r#"{{"metric":"{table}","timestamp":{time},"value":{value},"tags":{{"site":"n1"}}}}"#
                        ))
                    })
                    .collect();
                let points = format!("[{}]", points.join(","));
                match self {
                    Self::OpenTsdbPut => root.put(DATABASE, &points)?,
                    _ => root.kwdb("opentsdbjson", DATABASE, &points).map(drop)?,
                }
            }
            Self::KwdbOpentsdbTelnet => {
                let lines: Vec<String> = (0..rows)
                    .filter_map(|row| Some(format!("put {table} {} {} site=n1", time(row), literal(&columns[0], row)?)))
                    .collect();
                root.kwdb("opentsdbtelnet", DATABASE, &lines.join("\n"))?;
            }
            Self::TDengineSql => {
                let named = named.join(", ");
                root.tdengine(
                    DATABASE,
                    &format!("create stable {table} (ts timestamp, {named}) tags (model varchar(20))"),
                )?;
                for row in 0..rows {
                    let cells: Vec<String> = columns.iter().map(|column| or_null(column, row)).collect();
                    let cells = cells.join(", ");
                    let statement =
                        format!("insert into child_1 using {table} tags ('n1') values ({}, {cells})", time(row));
                    root.tdengine(DATABASE, &statement)?;
                }
            }
            Self::IotdbTablet => {
                let mut heads = vec![("site", "TAG", "STRING")];
                heads.extend(columns.iter().map(|column| (column.name, "FIELD", column.declared)));
                // Spelled by hand: what is sent is the very literal of the table.
                let list =
                    |part: fn(&(&str, &str, &str)) -> String| heads.iter().map(part).collect::<Vec<_>>().join(",");
                let rows_text: Vec<String> = (0..rows)
                    .map(|row| {
                        let cells: Vec<String> = columns.iter().map(|column| or_null(column, row)).collect();
                        format!("[\"n1\",{}]", cells.join(","))
                    })
                    .collect();
                let times: Vec<String> = (0..rows).map(|row| time(row).to_string()).collect();
                let body = format!(
                    r#"{{"database":"{DATABASE}","table":"{table}","column_names":[{}],"column_categories":[{}],"data_types":[{}],"timestamps":[{}],"values":[{}]}}"#,
                    list(|head| format!("\"{}\"", head.0)),
                    list(|head| format!("\"{}\"", head.1)),
                    list(|head| format!("\"{}\"", head.2)),
                    times.join(","),
                    rows_text.join(",")
                );
                root.tablet_body(&body)?;
            }
        }
        Ok(())
    }
}

/// What one reader shows of one column.
fn check_column(root: &Client, reader: Door, writer: Writer, name: &str, words: Words, cells: &[Cell]) -> Outcome {
    let shown: Option<Vec<Cell>> = cells.iter().map(|cell| cell.shown_by(reader)).collect();
    let answer = root.read(reader, DATABASE, &writer.table(), &[name], writer.time_column());
    let Some(expected) = shown else {
        return match answer {
            Ok(answer) => Err(format!("must be refused, is {:?}", answer.rows)),
            Err(_) => Ok(()),
        };
    };
    let answer = answer?;
    equal(&answer.rows.len(), &expected.len()).map_err(|fault| format!("rows: {fault}"))?;
    for (row, (found, expected)) in answer.rows.iter().zip(&expected).enumerate() {
        let value = Cell::read(reader, &found[0], expected).map_err(|fault| format!("row {row}: {fault}"))?;
        equal(&value, expected).map_err(|fault| format!("row {row}: {fault}"))?;
    }
    let type_word = answer.types.first().map(String::as_str).unwrap_or_default();
    equal(&type_word, &word(words, reader)).map_err(|fault| format!("type: {fault}"))
}

#[test]
fn values_types_and_times_are_equal_through_every_door() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    root.tdengine("", &format!("create database {DATABASE} precision 'ns'")).unwrap();
    let mut faults = Faults::default();
    for writer in WRITERS {
        let columns = writer.columns();
        let rows = columns.iter().map(|column| column.values.len()).max().unwrap();
        if let Err(fault) = writer.write(&root, &columns, rows) {
            faults.check(format!("{writer:?} writes"), Err(fault));
            continue;
        }
        let times: Vec<Cell> = (0..rows)
            .map(|row| {
                let units = FIRST / writer.unit() + i64::try_from(row).unwrap();
                Cell::Time(i128::from(units) * i128::from(writer.unit()))
            })
            .collect();
        let (tag, tag_words) = writer.tag();
        let tags = vec![Cell::text("n1"); rows];
        for reader in Door::READERS {
            for column in &columns {
                let mut cells: Vec<Cell> = column.values.iter().map(|(_, cell)| cell.clone()).collect();
                cells.resize(rows, Cell::Null);
                let outcome = check_column(&root, reader, writer, column.name, column.words, &cells);
                faults.check(format!("{writer:?} -> {reader:?}, {} {}", column.name, column.declared), outcome);
            }
            let outcome = check_column(&root, reader, writer, writer.time_column(), INSTANT, &times);
            faults.check(format!("{writer:?} -> {reader:?}, time"), outcome);
            let outcome = check_column(&root, reader, writer, tag, tag_words, &tags);
            faults.check(format!("{writer:?} -> {reader:?}, tag"), outcome);
        }
    }
    faults.end("values, types and times");
}

/// Readers whose answers end at micro- or milliseconds know the nanoseconds all the same.
#[test]
fn nanoseconds_are_compared_through_every_door() {
    let data = TempDir::new();
    let (_program, root) = with_database(&data, DATABASE);
    let times = [FIRST, FIRST + 1, -1];
    for time in times {
        root.influx(DATABASE, &format!("m,site=n1 value=1 {time}")).unwrap();
    }
    let mut faults = Faults::default();
    let spelled = |text: &str, reader: Door| match reader {
        Door::Iotdb => format!("select count(*) from m where time {text}"),
        _ => {
            let (sign, time) = text.split_once(' ').unwrap();
            format!("select count(*) from m where {} {sign} '{time}'", reader.quoted("time"))
        }
    };
    for (condition, readers, expected) in [
        ("= 2024-05-06T07:08:09.123456789Z", &[Door::Kwdb, Door::TDengine, Door::StarRocks][..], 1),
        ("= 2024-05-06T07:08:09.123456788Z", &[Door::Kwdb, Door::TDengine, Door::StarRocks], 0),
        ("> 2024-05-06T07:08:09.123456789Z", &[Door::Kwdb, Door::TDengine, Door::StarRocks], 1),
        ("< 1970-01-01T00:00:00Z", &[Door::Kwdb, Door::TDengine, Door::StarRocks], 1),
        ("< 1970-01-01T00:00:00.000", &[Door::Iotdb], 1),
        (">= 2024-05-06T07:08:09.123", &[Door::Iotdb], 2),
        ("< 2024-05-06T07:08:09.124", &[Door::Iotdb], 3),
    ] {
        for reader in readers {
            let outcome = root
                .query(*reader, DATABASE, &spelled(condition, *reader))
                .and_then(|answer| equal(&answer.rows[0][0].as_i64(), &Some(expected)));
            faults.check(format!("{reader:?}, time {condition}"), outcome);
        }
    }
    for reader in Door::READERS {
        let cells: Vec<Cell> = [-1, FIRST, FIRST + 1].map(|time| Cell::Time(i128::from(time))).to_vec();
        let outcome = root.read(reader, DATABASE, "m", &["time"], "time").and_then(|answer| {
            for (row, cell) in answer.rows.iter().zip(&cells) {
                let expected = cell.shown_by(reader).unwrap();
                equal(&Cell::read(reader, &row[0], &expected)?, &expected)?;
            }
            equal(&answer.rows.len(), &3)
        });
        faults.check(format!("{reader:?}, times around 1970"), outcome);
    }
    faults.end("comparisons of nanoseconds");
}
