//! What the writes of a recording left behind, read back through TDengine's door: nothing else of
//! these suites goes through that one. Every row must be there once, with every tag and field as sent
//! and NULL in what was not.

use super::instants::instant;
use super::points::{Field, Point};
use crate::harness::{basic, request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// Columns that the server makes by itself.
const OWN_COLUMNS: [&str; 4] = ["time", "timestamp", "k_timestamp", "primary_tag"];

/// How a row meets an older one of its series and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    Merge,
    Replace,
}

type Fields = BTreeMap<String, Field>;
type Tags = BTreeMap<String, String>;

/// The rows of one table.
#[derive(Debug, Default)]
struct Table {
    stamped: BTreeMap<(Tags, i128), Fields>,
    /// Points to which the server gave the time.
    unstamped: Vec<(Tags, Fields)>,
}

/// The rows of all tables, by database and table.
#[derive(Debug, Default)]
pub(crate) struct Written(BTreeMap<(String, String), Table>);

impl Written {
    pub(crate) fn add(&mut self, database: &str, points: &[Point], law: Law) {
        for point in points {
            let table = self.0.entry((database.to_owned(), point.table.clone())).or_default();
            match point.time {
                None => table.unstamped.push((point.tags.clone(), point.fields.clone())),
                Some(time) => {
                    let row = table.stamped.entry((point.tags.clone(), time)).or_default();
                    if law == Law::Replace {
                        row.clear();
                    }
                    row.extend(point.fields.clone());
                }
            }
        }
    }

    pub(crate) fn drop_database(&mut self, name: &str) {
        self.0.retain(|(database, _), _| database != name);
    }

    pub(crate) fn drop_table(&mut self, database: &str, name: &str) {
        self.0.remove(&(database.to_owned(), name.to_owned()));
    }

    /// The tables of a database, in order of name.
    pub(crate) fn tables(&self, database: &str) -> Vec<&str> {
        self.0.keys().filter(|(own, _)| own == database).map(|(_, table)| table.as_str()).collect()
    }

    /// Reads the tables of these points and compares all of their rows.
    pub(crate) fn check(&self, address: SocketAddr, database: &str, points: &[Point]) -> Result<(), String> {
        let names: BTreeSet<&str> = points.iter().map(|point| point.table.as_str()).collect();
        names.into_iter().try_for_each(|name| {
            let found = read(address, database, name)?;
            let table = self.0.get(&(database.to_owned(), name.to_owned())).ok_or("was not written")?;
            table.check(&found).map_err(|fault| format!("{database:?}.{name:?}: {fault}"))
        })
    }
}

/// A row with its time and its other columns that are not NULL.
struct Row {
    time: i128,
    cells: BTreeMap<String, Value>,
}

impl Row {
    /// Whether it holds these tags and fields, and nothing else.
    fn is(&self, tags: &Tags, fields: &Fields) -> bool {
        self.cells.len() == tags.len() + fields.len()
            && tags.iter().all(|(name, value)| self.cells.get(name).is_some_and(|cell| cell == value.as_str()))
            && fields.iter().all(|(name, field)| self.cells.get(name).is_some_and(|cell| field.is_shown_as(cell)))
    }
}

impl Table {
    fn check(&self, found: &[Row]) -> Result<(), String> {
        let expected = self.stamped.len() + self.unstamped.len();
        if found.len() != expected {
            return Err(format!("{} rows, expected {expected}", found.len()));
        }
        for ((tags, time), fields) in &self.stamped {
            if !found.iter().any(|row| row.time == *time && row.is(tags, fields)) {
                let near: Vec<_> = found.iter().filter(|row| row.time == *time).map(|row| &row.cells).collect();
                return Err(format!("no row {tags:?} {fields:?} at {time}; there {near:?}"));
            }
        }
        let now = jiff::Timestamp::now().as_nanosecond();
        let is_new = |row: &&Row| (now - row.time).abs() < 3_600_000_000_000;
        for (tags, fields) in &self.unstamped {
            let written = self.unstamped.iter().filter(|other| (&other.0, &other.1) == (tags, fields)).count();
            let there = found.iter().filter(is_new).filter(|row| row.is(tags, fields)).count();
            if there != written {
                return Err(format!("{there} rows {tags:?} {fields:?} of about now, expected {written}"));
            }
        }
        Ok(())
    }
}

fn read(address: SocketAddr, database: &str, table: &str) -> Result<Vec<Row>, String> {
    let target = format!("/rest/sql/{}", utf8_percent_encode(database, NON_ALPHANUMERIC));
    let statement = format!("select * from `{table}`");
    let headers = [("Authorization", basic("root", "taosdata"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let reply = request(address, "POST", &target, &headers, statement.as_bytes()).map_err(|error| error.to_string())?;
    let answer = reply.json();
    if answer["code"] != 0 {
        return Err(format!("{statement}: {answer}"));
    }
    let names: Vec<&str> = answer["column_meta"].as_array().unwrap().iter().map(|c| c[0].as_str().unwrap()).collect();
    let time_at = names.iter().position(|name| OWN_COLUMNS[..3].contains(name)).ok_or("no column of the time")?;
    let rows = answer["data"].as_array().unwrap().iter().map(|row| {
        let cells = names.iter().zip(row.as_array().unwrap());
        let cells = cells.filter(|(name, cell)| !OWN_COLUMNS.contains(name) && !cell.is_null());
        let time = row[time_at].as_str().and_then(instant).ok_or_else(|| format!("no time in {row}"))?;
        Ok(Row { time, cells: cells.map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect() })
    });
    rows.collect()
}
