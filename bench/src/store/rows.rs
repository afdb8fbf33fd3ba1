//! Generated rows: ten fields that walk, a tick of every series after the other.

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMillisecondArray};
use clap::ValueEnum;
use engine::{NewColumn, NewTable};
use model::{
    AttributePolicy, Cells, ColumnRole, DataType, DatabaseId, Table, TableKind, TimeUnit, WriteBatch, WriteKind,
};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub(super) const FIELDS: usize = 10;
pub(super) const START_MS: i64 = 1_750_000_000_000;
pub(super) const INTERVAL_MS: i64 = 10_000;

/// How far behind a late row is.
const LATE_MS: i64 = 3_600_000 + INTERVAL_MS / 2;

/// What the fields hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Values {
    /// A walk of whole numbers between 0 and 100
    Integers,
    /// The same walk with two decimals
    Decimals,
    /// Floats of 53 bits without any pattern
    Noise,
}

impl Values {
    fn data_type(self) -> DataType {
        if self == Self::Integers { DataType::Int64 } else { DataType::Float64 }
    }
}

/// A column without anything that most have not.
pub(crate) fn column(name: &str, role: ColumnRole, data_type: DataType) -> NewColumn {
    NewColumn {
        name: name.to_owned(),
        role,
        data_type,
        nullable: role == ColumnRole::Field,
        default: None,
        declared: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// The table `cpu`: `ts`, `host`, `f0` to `f9`.
pub(super) fn table(database: DatabaseId, values: Values) -> NewTable {
    let mut columns = vec![column("ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond))];
    columns.extend((0..FIELDS).map(|field| column(&format!("f{field}"), ColumnRole::Field, values.data_type())));
    columns.push(column("host", ColumnRole::Key, DataType::Text(None)));
    NewTable {
        database,
        name: "cpu".to_owned(),
        kind: TableKind::Series,
        columns,
        key: vec!["host".to_owned()],
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// The rows of some series, tick by tick.
#[derive(Debug)]
pub(super) struct Rows {
    table: Arc<Table>,
    values: Values,
    late_percent: u64,
    hosts: Vec<String>,
    /// Where each field of each series stands.
    walks: Vec<f64>,
    tick: i64,
    random: u64,
}

impl Rows {
    pub(super) fn new(table: Arc<Table>, values: Values, late_percent: u64, series: Range<u64>) -> Self {
        let hosts: Vec<String> = series.clone().map(|number| format!("host_{number}")).collect();
        let walks = vec![50.0; hosts.len() * FIELDS];
        Self { table, values, late_percent, hosts, walks, tick: 0, random: series.start + 1 }
    }

    /// One tick: a row of every series.
    pub(super) fn next_batch(&mut self) -> WriteBatch {
        let now = START_MS + self.tick * INTERVAL_MS;
        self.tick += 1;
        let is_late: Vec<bool> = (0..self.hosts.len()).map(|_| self.below(100) < self.late_percent).collect();
        let times = is_late.iter().map(|late| if *late { now - LATE_MS } else { now });
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            ("ts", Arc::new(TimestampMillisecondArray::from_iter_values(times).with_timezone("UTC"))),
            ("host", Arc::new(StringArray::from_iter_values(&self.hosts))),
        ];
        const NAMES: [&str; FIELDS] = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"];
        for (field, name) in NAMES.into_iter().enumerate() {
            let values: Vec<f64> = (0..self.hosts.len()).map(|host| self.step(host * FIELDS + field)).collect();
            columns.push(match self.values {
                Values::Integers => {
                    (name, Arc::new(values.iter().map(|value| value.round() as i64).collect::<Int64Array>()))
                }
                Values::Decimals => (
                    name,
                    Arc::new(values.iter().map(|value| (value * 100.0).round() / 100.0).collect::<Float64Array>()),
                ),
                Values::Noise => (name, Arc::new(Float64Array::from(values))),
            });
        }
        let columns = columns.into_iter().filter_map(|(name, values)| {
            self.table.column_named(name).map(|column| (column.id, Cells::present(values)))
        });
        WriteBatch {
            table: self.table.id,
            schema_version: self.table.schema_version,
            kind: WriteKind::Merge,
            attributes: AttributePolicy::OnlyIfNew,
            rows: self.hosts.len(),
            columns: columns.collect(),
        }
    }

    /// The next value of a walk: about a normal step, kept between 0 and 100.
    fn step(&mut self, walk: usize) -> f64 {
        if self.values == Values::Noise {
            return self.uniform() * 100.0;
        }
        let step = (0..4).map(|_| self.uniform() - 0.5).sum::<f64>() * 3.0_f64.sqrt();
        let next = (self.walks[walk] + step).clamp(0.0, 100.0);
        self.walks[walk] = next;
        next
    }

    fn uniform(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// xorshift64*
    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) % limit
    }
}
