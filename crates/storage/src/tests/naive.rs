//! The naive model: per table a map from row to cells, to which acknowledged requests are applied
//! one by one in the order of their numbers. What it says is what the store must show.

use super::fixture::{at, text};
use crate::cell_value::cell_value;
use model::{
    AttributePolicy, Cells, ColumnId, ColumnRole, DataType, KeyBytes, KeySelection, LoadId, Table, TableId, TableKind,
    Value, WriteBatch, WriteKind, WriteOutcome, WritePart, WriteRequest, encode_key, key_hash,
};
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeBounds;

/// Something that happened in the order of numbers.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Write(WriteRequest),
    /// A table has a new definition.
    Change(Table),
    /// Rows that a load will publish.
    Block(LoadId, WriteRequest),
    /// A load, which writes those tables, is published.
    Publish(LoadId, Vec<TableId>),
}

impl Event {
    /// Whether it writes or changes a table.
    pub(super) fn touches(&self, id: TableId) -> bool {
        match self {
            Self::Write(request) | Self::Block(_, request) => request.parts.iter().any(|part| match part {
                WritePart::Rows(batch) => batch.table == id,
                WritePart::Delete(delete) => delete.table == id,
            }),
            Self::Change(table) => table.id == id,
            Self::Publish(_, tables) => tables.contains(&id),
        }
    }
}

/// Why an event cannot have happened in this state.
#[derive(Debug)]
pub(super) struct Impossible(pub(super) String);

#[derive(Clone, Debug)]
struct NaiveSeries {
    key: Vec<Value>,
    attributes: BTreeMap<ColumnId, Value>,
}

#[derive(Clone, Debug)]
struct NaiveTable {
    table: Table,
    rows: BTreeMap<(KeyBytes, i64), BTreeMap<ColumnId, Value>>,
    series: BTreeMap<KeyBytes, NaiveSeries>,
}

/// A batch as cells: those of each row that are not absent.
#[derive(Clone, Debug)]
struct NaiveBatch {
    table: TableId,
    kind: WriteKind,
    attributes: AttributePolicy,
    rows: Vec<BTreeMap<ColumnId, Value>>,
}

/// All tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Naive {
    tables: BTreeMap<TableId, NaiveTable>,
    /// The blocks of loads that are not published.
    pending: BTreeMap<LoadId, Vec<NaiveBatch>>,
}

/// What a store shows of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) schema_version: u32,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) series: Vec<Vec<Value>>,
}

impl Naive {
    pub(super) fn create(&mut self, table: Table) {
        let id = table.id;
        self.tables.insert(id, NaiveTable { table, rows: BTreeMap::new(), series: BTreeMap::new() });
    }

    pub(super) fn has(&self, id: TableId) -> bool {
        self.tables.contains_key(&id)
    }

    /// What a store must show. Attributes may be left out: a view shows newer ones than its rows.
    pub(super) fn shown(&self, id: TableId, with_attributes: bool) -> Shown {
        self.tables[&id].shown(with_attributes)
    }

    pub(super) fn apply(&mut self, event: &Event) -> Result<WriteOutcome, Impossible> {
        match event {
            Event::Change(table) => {
                let naive = self.tables.get_mut(&table.id).unwrap();
                if naive.table.schema_version + 1 != table.schema_version {
                    return Err(Impossible("the definition has another version".into()));
                }
                let before = naive.table.clone();
                naive.change(table.clone());
                for batch in self.pending.values_mut().flatten().filter(|batch| batch.table == table.id) {
                    batch.rows.iter_mut().for_each(|cells| change_cells(cells, &before, table));
                }
                Ok(WriteOutcome::default())
            }
            Event::Block(load, request) => {
                let batches = in_order(request).map(|batch| self.tables[&batch.table].cells(batch));
                let batches = batches.collect::<Result<Vec<_>, _>>()?;
                self.pending.entry(*load).or_default().extend(batches);
                Ok(WriteOutcome::default())
            }
            Event::Publish(load, _) => {
                let mut after = self.clone();
                let mut outcome = WriteOutcome::default();
                for batch in after.pending.remove(load).unwrap_or_default() {
                    after.tables.get_mut(&batch.table).unwrap().write(&batch, &mut outcome)?;
                }
                *self = after;
                Ok(outcome)
            }
            Event::Write(request) => {
                let mut after = self.clone();
                let outcome = after.write(request)?;
                *self = after;
                Ok(outcome)
            }
        }
    }

    fn write(&mut self, request: &WriteRequest) -> Result<WriteOutcome, Impossible> {
        let mut outcome = WriteOutcome::default();
        for part in &request.parts {
            if let WritePart::Delete(delete) = part {
                let naive = self.tables.get_mut(&delete.table).unwrap();
                let hit = |key: &KeyBytes| match &delete.keys {
                    KeySelection::All => true,
                    KeySelection::Hashes(hashes) => hashes.contains(&key_hash(&key.0)),
                    KeySelection::Range { first, last } => {
                        RangeBounds::<KeyBytes>::contains(&(first.as_ref(), last.as_ref()), key)
                    }
                };
                naive.rows.retain(|(key, time), _| !(hit(key) && delete.time.contains(*time)));
                if delete.drop_series {
                    naive.series.retain(|key, _| !hit(key));
                }
            }
        }
        for batch in in_order(request) {
            let naive = self.tables.get_mut(&batch.table).unwrap();
            naive.write(&naive.cells(batch)?, &mut outcome)?;
        }
        Ok(outcome)
    }
}

/// The rows of a request, erasures first.
fn in_order(request: &WriteRequest) -> impl Iterator<Item = &WriteBatch> {
    let rows = |erase: bool| {
        request.parts.iter().filter_map(move |part| match part {
            WritePart::Rows(batch) if (batch.kind == WriteKind::Erase) == erase => Some(batch),
            _ => None,
        })
    };
    rows(true).chain(rows(false))
}

impl NaiveTable {
    fn cells(&self, batch: &WriteBatch) -> Result<NaiveBatch, Impossible> {
        if batch.schema_version != self.table.schema_version {
            return Err(Impossible("it was made for another definition".into()));
        }
        let value = |row: usize, id: ColumnId, cells: &Cells| {
            cell_value(&cells.values, row, self.table.column(id).unwrap().data_type).unwrap()
        };
        let rows = (0..batch.rows).map(|row| {
            let present = batch.columns.iter().filter(|(_, cells)| !cells.is_absent(row));
            present.map(|(id, cells)| (*id, value(row, *id, cells))).collect()
        });
        let WriteBatch { table, kind, attributes, .. } = batch;
        Ok(NaiveBatch { table: *table, kind: *kind, attributes: *attributes, rows: rows.collect() })
    }

    fn write(&mut self, batch: &NaiveBatch, outcome: &mut WriteOutcome) -> Result<(), Impossible> {
        let mut named: HashSet<KeyBytes> = HashSet::new();
        for cells in &batch.rows {
            let cell = |id: ColumnId| -> Option<Value> { cells.get(&id).cloned() };
            let values: Vec<(Value, DataType)> =
                self.table.key_columns().map(|c| (cell(c.id).unwrap_or(Value::Null), c.data_type)).collect();
            let key = encode_key(&values).unwrap();
            let with_role = |role: ColumnRole| -> BTreeMap<ColumnId, Value> {
                self.table.columns_with(role).filter_map(|c| Some((c.id, cell(c.id)?))).collect()
            };
            let is_series = self.table.kind == TableKind::Series;
            let time = match self.table.time_column().and_then(|c| cell(c.id)) {
                Some(Value::Instant(time, _)) => Some(time),
                _ => None,
            };
            if is_series && batch.kind != WriteKind::Erase {
                let attributes = with_role(ColumnRole::Attribute);
                let is_new = !self.series.contains_key(&key);
                let first = named.insert(key.clone());
                let key_values = values.iter().map(|(v, _)| v.clone()).collect();
                let series = self
                    .series
                    .entry(key.clone())
                    .or_insert_with(|| NaiveSeries { key: key_values, attributes: BTreeMap::new() });
                if batch.attributes == AttributePolicy::Set || (is_new && first) {
                    series.attributes.extend(attributes);
                }
            }
            if is_series && time.is_none() {
                continue;
            }
            let mut fields = with_role(ColumnRole::Field);
            if !is_series {
                fields.extend(with_role(ColumnRole::Key));
            }
            let identity = (key, time.unwrap_or(0));
            let exists = self.rows.contains_key(&identity);
            match batch.kind {
                WriteKind::Erase => {
                    self.rows.remove(&identity);
                }
                WriteKind::Merge => self.rows.entry(identity).or_default().extend(fields),
                WriteKind::KeepFirst if exists => {
                    outcome.discarded += 1;
                    continue;
                }
                WriteKind::FailOnDuplicate if exists => return Err(Impossible("the key was there".into())),
                WriteKind::Replace | WriteKind::KeepFirst | WriteKind::FailOnDuplicate => {
                    self.rows.insert(identity, fields);
                }
            }
            outcome.accepted += 1;
        }
        Ok(())
    }

    fn change(&mut self, table: Table) {
        let maps = self.rows.values_mut().chain(self.series.values_mut().map(|s| &mut s.attributes));
        maps.for_each(|cells| change_cells(cells, &self.table, &table));
        self.table = table;
    }

    fn shown(&self, with_attributes: bool) -> Shown {
        let of_series = |key: &KeyBytes, role: ColumnRole, id: ColumnId| match (role, self.series.get(key)) {
            (ColumnRole::Key, Some(series)) => {
                series.key[self.table.key.iter().position(|k| *k == id).unwrap()].clone()
            }
            (ColumnRole::Attribute, Some(series)) if with_attributes => {
                series.attributes.get(&id).cloned().unwrap_or(Value::Null)
            }
            _ => Value::Null,
        };
        let rows = self.rows.iter().map(|((key, time), cells)| {
            let value = |c: &model::Column| match (self.table.kind, c.role) {
                (TableKind::Keyed, _) | (_, ColumnRole::Field) => cells.get(&c.id).cloned().unwrap_or(Value::Null),
                (_, ColumnRole::Time) => at(*time),
                (_, role) => of_series(key, role, c.id),
            };
            self.table.columns.iter().map(value).collect()
        });
        let series_columns =
            || self.table.columns.iter().filter(|c| matches!(c.role, ColumnRole::Key | ColumnRole::Attribute));
        let series = self.series.keys().map(|key| series_columns().map(|c| of_series(key, c.role, c.id)).collect());
        Shown {
            schema_version: self.table.schema_version,
            rows: rows.collect(),
            series: if self.table.kind == TableKind::Series { series.collect() } else { Vec::new() },
        }
    }
}

fn change_cells(cells: &mut BTreeMap<ColumnId, Value>, before: &Table, after: &Table) {
    cells.retain(|id, _| after.column(*id).is_some());
    for (id, value) in cells {
        let (from, to) = (before.column(*id).unwrap().data_type, after.column(*id).unwrap().data_type);
        if from != to {
            *value = convert(value, to);
        }
    }
}

/// The conversions that the random changes make.
fn convert(value: &Value, to: DataType) -> Value {
    match (value, to) {
        (Value::Integer(i), DataType::Text(_)) => text(&i.to_string()),
        (Value::Text(t), DataType::Int64) => t.parse().map_or(Value::Null, Value::Integer),
        (value, _) => value.clone(),
    }
}
