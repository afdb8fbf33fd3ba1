//! Tables in memory, for tests: rows in the order that storage promises, filtered row by row.

use super::source::{OpenScan, ScanSource, SourceLast, SourceScan};
use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{filter_record_batch, take, take_record_batch};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use model::{
    CellsBuilder, Column, ColumnId, ColumnRole, DataType, DatabaseId, KeyBytes, KeyHash, Result, Sequence, SeriesId,
    Table, TableId, TableKind, TimeBounds, TimeUnit, Value, arrow_type, encode_keys, key_hash,
};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use storage::{
    DescribedKeys, LastMetrics, LastOutput, LastRequest, PartialRequest, ScanDescription, ScanKeys, ScanMetrics,
    ScanRequest, SeriesBatch, WriterId,
};

/// A table and all its rows.
#[derive(Debug)]
pub(crate) struct MemoryTable {
    pub(crate) table: Arc<Table>,
    pub(crate) rows: RecordBatch,
    pub(crate) keys: Vec<KeyBytes>,
    /// What the last scan was asked for.
    pub(crate) asked: parking_lot::Mutex<Option<ScanRequest>>,
    /// What series were asked for: how many came, with which columns.
    pub(crate) asked_series: parking_lot::Mutex<Vec<(usize, Vec<ColumnId>)>>,
    /// Batches handed out.
    pub(crate) batches: Arc<AtomicU64>,
    /// How long each batch takes.
    pub(crate) delay: Duration,
    /// How often all rows come again.
    pub(crate) repeat: u64,
}

/// A column of a test table.
pub(crate) fn column(id: u32, name: &str, role: ColumnRole, data_type: DataType) -> Column {
    let mut column = Column::new(ColumnId(id), name, role, data_type);
    column.nullable = !matches!(role, ColumnRole::Time);
    column
}

/// A definition; key columns in column order.
pub(crate) fn definition(name: &str, kind: TableKind, columns: Vec<Column>) -> Table {
    Table {
        id: TableId(1),
        database: DatabaseId(1),
        name: name.into(),
        kind,
        key: columns.iter().filter(|c| c.role == ColumnRole::Key).map(|c| c.id).collect(),
        next_column: ColumnId(100),
        columns,
        unique: Vec::new(),
        schema_version: 1,
        partition_seconds: None,
        retention_seconds: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

impl MemoryTable {
    pub(crate) fn new(table: Table, mut rows: Vec<Vec<Value>>) -> Self {
        let build = |rows: &[Vec<Value>]| {
            let arrays: Vec<ArrayRef> = table
                .columns
                .iter()
                .enumerate()
                .map(|(i, c)| {
                    let mut cells = CellsBuilder::new(c.data_type).unwrap();
                    rows.iter().for_each(|r| cells.push(&r[i]).unwrap());
                    cells.finish().values
                })
                .collect();
            let fields: Vec<Field> =
                table.columns.iter().map(|c| Field::new(c.id.to_string(), arrow_type(c.data_type), true)).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
        };
        let keys_of = |batch: &RecordBatch| {
            let columns: Vec<ArrayRef> = table
                .key
                .iter()
                .map(|id| Arc::clone(batch.column(table.columns.iter().position(|c| c.id == *id).unwrap())))
                .collect();
            encode_keys(&columns, batch.num_rows()).unwrap()
        };
        let time = table.columns.iter().position(|c| c.role == ColumnRole::Time);
        let keys = keys_of(&build(&rows));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|i| (keys[*i].clone(), time.map(|t| instant(&rows[*i][t]))));
        rows = order.into_iter().map(|i| rows[i].clone()).collect();
        let batch = build(&rows);
        let keys = keys_of(&batch);
        Self {
            table: Arc::new(table),
            rows: batch,
            keys,
            asked: parking_lot::Mutex::default(),
            asked_series: parking_lot::Mutex::default(),
            batches: Arc::default(),
            delay: Duration::ZERO,
            repeat: 1,
        }
    }

    fn index(&self, id: ColumnId) -> usize {
        self.table.columns.iter().position(|c| c.id == id).unwrap()
    }

    /// Last values row by row; an empty batch comes first, as in a search.
    fn last_rows(&self, request: &LastRequest) -> Vec<RecordBatch> {
        let time = self.index(self.table.time_column().unwrap().id);
        let times = self.rows.column(time).to_data();
        let time_at = |row: usize| times.buffers()[0].typed_data::<i64>()[times.offset() + row];
        let firsts = self.firsts();
        let ends = firsts.iter().skip(1).copied().chain([self.rows.num_rows()]);
        let mut picks: Vec<Vec<Option<u64>>> = vec![Vec::new(); request.outputs.len()];
        for ((first, end), id) in firsts.iter().zip(ends).zip(10..) {
            let is_wanted = match &request.keys {
                ScanKeys::Series(ids) => ids.contains(&SeriesId(id)),
                _ => true,
            };
            let rows: Vec<usize> = (*first..end).filter(|row| is_wanted && time_at(*row) >= request.since).collect();
            let Some(newest) = rows.last() else { continue };
            let value = |id: ColumnId| rows.iter().rev().find(|row| self.rows.column(self.index(id)).is_valid(**row));
            for (output, picks) in request.outputs.iter().zip(&mut picks) {
                let row = match output {
                    LastOutput::Series(_) | LastOutput::RowTime | LastOutput::RowValue(_) => Some(newest),
                    LastOutput::Value(id) | LastOutput::ValueTime(id) => value(*id),
                };
                picks.push(row.map(|row| *row as u64));
            }
        }
        let arrays: Vec<ArrayRef> = (request.outputs.iter().zip(picks))
            .map(|(output, picks)| {
                let column = match output {
                    LastOutput::RowTime | LastOutput::ValueTime(_) => time,
                    LastOutput::Series(id) | LastOutput::RowValue(id) | LastOutput::Value(id) => self.index(*id),
                };
                take(self.rows.column(column), &arrow::array::UInt64Array::from(picks), None).unwrap()
            })
            .collect();
        let fields = arrays.iter().enumerate().map(|(i, a)| Field::new(i.to_string(), a.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        vec![RecordBatch::new_empty(Arc::clone(&schema)), RecordBatch::try_new(schema, arrays).unwrap()]
    }

    /// The first row of each series.
    fn firsts(&self) -> Vec<usize> {
        (0..self.keys.len()).filter(|i| *i == 0 || self.keys[*i] != self.keys[*i - 1]).collect()
    }
}

impl MemoryTable {
    fn all_series(&self, columns: &[ColumnId]) -> SeriesBatch {
        let firsts = self.firsts();
        let indices: Vec<usize> = columns.iter().map(|c| self.index(*c)).collect();
        let rows = arrow::array::UInt64Array::from_iter_values(firsts.iter().map(|i| *i as u64));
        let taken = take_record_batch(&self.rows, &rows).unwrap();
        let columns = taken.project(&indices).unwrap();
        SeriesBatch { ids: (0..firsts.len()).map(|i| SeriesId(u32::try_from(i).unwrap() + 10)).collect(), columns }
    }
}

fn instant(value: &Value) -> i64 {
    match value {
        Value::Instant(t, _) | Value::LocalDateTime(t, _) => *t,
        other => panic!("{other:?} is no time"),
    }
}

impl ScanSource for MemoryTable {
    fn table(&self) -> &Arc<Table> {
        &self.table
    }

    fn series(&self, columns: &[ColumnId]) -> Result<SeriesBatch> {
        let series = self.all_series(columns);
        self.asked_series.lock().push((series.ids.len(), columns.to_vec()));
        Ok(series)
    }

    fn series_with_keys(&self, keys: &[KeyBytes], columns: &[ColumnId]) -> Result<Option<(SeriesBatch, usize)>> {
        let asked = columns.to_vec();
        let SeriesBatch { ids, columns } = self.all_series(columns);
        let is_wanted = self.firsts().into_iter().map(|row| keys.contains(&self.keys[row]));
        let is_wanted: Vec<bool> = is_wanted.collect();
        let columns = filter_record_batch(&columns, &BooleanArray::from(is_wanted.clone())).unwrap();
        let all = ids.len();
        let ids: Vec<SeriesId> =
            ids.into_iter().zip(is_wanted).filter(|(_, wanted)| *wanted).map(|(id, _)| id).collect();
        self.asked_series.lock().push((ids.len(), asked));
        Ok(Some((SeriesBatch { ids, columns }, all)))
    }

    fn scan(&self, request: ScanRequest) -> Result<Box<dyn SourceScan>> {
        *self.asked.lock() = Some(request.clone());
        let time = self.table.time_column().map(|c| self.index(c.id));
        let mut series = 9;
        let mut keep = Vec::new();
        for row in 0..self.rows.num_rows() {
            if row == 0 || self.keys[row] != self.keys[row - 1] {
                series += 1;
            }
            let in_time = time.is_none_or(|t| {
                let data = self.rows.column(t).to_data();
                request.time.contains(data.buffers()[0].typed_data::<i64>()[data.offset() + row])
            });
            let in_keys = match &request.keys {
                ScanKeys::All => true,
                ScanKeys::Series(ids) => ids.contains(&SeriesId(series)),
                ScanKeys::Ranges(ranges) => ranges.iter().any(|r| {
                    let key = &self.keys[row];
                    let after = match &r.first {
                        Bound::Included(first) => first <= key,
                        Bound::Excluded(first) => first < key,
                        Bound::Unbounded => true,
                    };
                    let before = match &r.last {
                        Bound::Included(last) => key <= last,
                        Bound::Excluded(last) => key < last,
                        Bound::Unbounded => true,
                    };
                    after && before
                }),
            };
            keep.push(in_time && in_keys);
        }
        let rows = filter_record_batch(&self.rows, &BooleanArray::from(keep)).unwrap();
        let indices: Vec<usize> = request.columns.iter().map(|c| self.index(*c)).collect();
        Ok(Box::new(MemoryScan {
            rows: rows.project(&indices).unwrap(),
            offset: 0,
            batch_rows: request.batch_rows,
            batches: Arc::clone(&self.batches),
            delay: self.delay,
            repeat: self.repeat,
            returned: 0,
        }))
    }

    fn scan_partial(&self, _request: PartialRequest) -> Result<Box<dyn SourceScan>> {
        Err(model::Error::internal("rows in memory have no aggregates"))
    }

    fn sums_fit_floats(&self, _id: ColumnId) -> bool {
        false
    }

    fn has_segments(&self) -> bool {
        false
    }

    fn last(&self, request: LastRequest) -> Result<Box<dyn SourceLast>> {
        Ok(Box::new(MemoryLast(self.last_rows(&request).into_iter())))
    }

    fn rows_at_most(&self) -> u64 {
        self.rows.num_rows() as u64 * self.repeat
    }

    /// The table's name stands for its sources.
    fn describe(&self, columns: &[ColumnId], time: TimeBounds, keys: &ScanKeys) -> Result<ScanDescription> {
        let firsts = self.firsts();
        let hash = |id: &SeriesId| key_hash(&self.keys[firsts[id.0 as usize - 10]].0);
        Ok(ScanDescription {
            table: self.table.id,
            schema_version: self.table.schema_version,
            writer: WriterId(key_hash(self.table.name.as_bytes()).0),
            sequence: Sequence::ZERO,
            kept: TimeBounds::ALL,
            tombstones: Vec::new(),
            sources: Vec::new(),
            columns: columns.to_vec(),
            time,
            keys: match keys {
                ScanKeys::All => DescribedKeys::All,
                ScanKeys::Series(ids) => DescribedKeys::Series(ids.iter().map(hash).collect()),
                ScanKeys::Ranges(ranges) => DescribedKeys::Ranges(ranges.clone()),
            },
        })
    }
}

/// Tables in memory that described scans are opened on.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryTables(pub(crate) Vec<Arc<MemoryTable>>);

impl OpenScan for MemoryTables {
    fn open(&self, description: &ScanDescription) -> Result<(Arc<dyn ScanSource>, ScanKeys)> {
        let is_described = |t: &&Arc<MemoryTable>| key_hash(t.table.name.as_bytes()).0 == description.writer.0;
        let table =
            self.0.iter().find(is_described).ok_or_else(|| model::Error::internal("no such table in memory"))?;
        let firsts = table.firsts();
        let id = |hash: &KeyHash| {
            let place = firsts.iter().position(|row| key_hash(&table.keys[*row].0) == *hash).unwrap();
            SeriesId(u32::try_from(place).unwrap() + 10)
        };
        let keys = match &description.keys {
            DescribedKeys::All => ScanKeys::All,
            DescribedKeys::Series(hashes) => ScanKeys::Series(hashes.iter().map(id).collect()),
            DescribedKeys::Ranges(ranges) => ScanKeys::Ranges(ranges.clone()),
        };
        Ok((Arc::clone(table) as _, keys))
    }
}

struct MemoryScan {
    rows: RecordBatch,
    offset: usize,
    batch_rows: usize,
    batches: Arc<AtomicU64>,
    delay: Duration,
    repeat: u64,
    returned: u64,
}

impl Iterator for MemoryScan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.rows.num_rows() && self.repeat > 1 {
            self.repeat -= 1;
            self.offset = 0;
        }
        if self.offset >= self.rows.num_rows() {
            return None;
        }
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay);
        }
        let rows = self.batch_rows.min(self.rows.num_rows() - self.offset);
        let batch = self.rows.slice(self.offset, rows);
        self.offset += rows;
        self.returned += rows as u64;
        self.batches.fetch_add(1, Ordering::SeqCst);
        Some(Ok(batch))
    }
}

struct MemoryLast(std::vec::IntoIter<RecordBatch>);

impl Iterator for MemoryLast {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

impl SourceLast for MemoryLast {
    fn metrics(&self) -> LastMetrics {
        LastMetrics::default()
    }
}

impl SourceScan for MemoryScan {
    fn metrics(&self) -> ScanMetrics {
        ScanMetrics {
            segments_pruned: 2,
            segments_filtered: 4,
            segments_read: 1,
            rows_aggregated: 0,
            rows_merged: 3,
            segments_waiting: 9,
            rows_returned: self.returned,
        }
    }
}

/// Site, meter, owner, time, volts, pulses.
pub(crate) type Reading<'a> = (&'a str, i64, &'a str, i64, Option<f64>, Option<i64>);

/// Meters: series by (site, meter), an attribute, a time in milliseconds, two fields.
pub(crate) fn meters(rows: &[Reading<'_>]) -> MemoryTable {
    let table = definition(
        "meters",
        TableKind::Series,
        vec![
            column(1, "ts", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column(2, "volts", ColumnRole::Field, DataType::Float64),
            column(3, "Pulses", ColumnRole::Field, DataType::Int64),
            column(4, "site", ColumnRole::Key, DataType::Text(None)),
            column(5, "meter", ColumnRole::Key, DataType::Int64),
            column(6, "owner", ColumnRole::Attribute, DataType::Text(None)),
        ],
    );
    let rows = rows
        .iter()
        .map(|(site, meter, owner, ts, volts, pulses)| {
            vec![
                Value::Instant(*ts, TimeUnit::Millisecond),
                volts.map_or(Value::Null, Value::Float),
                pulses.map_or(Value::Null, |p| Value::Integer(p.into())),
                Value::Text((*site).into()),
                Value::Integer((*meter).into()),
                Value::Text((*owner).into()),
            ]
        })
        .collect();
    MemoryTable::new(table, rows)
}
