//! The first step of a write, before any lock: checks the shape of each part against the
//! definition that it was made for, encodes keys, and encodes columns for the log.

use crate::cell_value::{cell_value, instants};
use crate::log::encode_block;
use crate::series_index::{AttributeValue, Attributes};
use arrow::array::{Array, ArrayRef, new_null_array};
use catalog::Catalog;
use model::{
    AttributePolicy, Cells, ColumnId, ColumnRole, Error, ErrorKind, KeyBytes, KeyHash, KeySelection, RangeDelete,
    Result, Table, TableKind, WriteBatch, WriteKind, WritePart, WriteRequest, arrow_type, encode_keys, key_hash,
};
use segments::{ChunkColumn, RowKind};
use std::collections::HashMap;
use std::sync::Arc;

/// A series that a batch names.
#[derive(Debug)]
pub(super) struct NamedSeries {
    pub(super) key: KeyBytes,
    pub(super) hash: KeyHash,
    /// The attributes that it has if it is new.
    pub(super) if_new: Box<[u8]>,
    /// The attributes that it takes on if it is not; empty: none.
    pub(super) set: Box<[u8]>,
}

/// What identifies the rows of a batch.
#[derive(Debug)]
pub(super) enum Named {
    Series {
        /// Each series once, in order of appearance.
        series: Vec<NamedSeries>,
        /// For each row the position in `series`.
        of_row: Vec<u32>,
        /// `None`: no rows are written, the series are only registered.
        times: Option<Vec<i64>>,
    },
    Keyed {
        keys: Vec<KeyBytes>,
    },
}

/// A checked batch.
#[derive(Debug)]
pub(super) struct PreparedRows {
    pub(super) table: Arc<Table>,
    pub(super) kind: WriteKind,
    pub(super) named: Named,
    /// The columns that are stored with the rows.
    pub(super) columns: Vec<ChunkColumn>,
    /// Times and columns as the log has them, when no row is refused.
    pub(super) block: Vec<u8>,
}

impl PreparedRows {
    /// How many rows are to be stored.
    pub(super) fn rows(&self) -> usize {
        match &self.named {
            Named::Series { times, .. } => times.as_ref().map_or(0, Vec::len),
            Named::Keyed { keys } => keys.len(),
        }
    }

    /// Whether older rows decide what becomes of it.
    pub(super) fn is_conditional(&self) -> bool {
        matches!(self.kind, WriteKind::KeepFirst | WriteKind::FailOnDuplicate)
    }

    /// The kind that is stored.
    pub(super) fn stored_kind(&self) -> RowKind {
        match self.kind {
            WriteKind::Merge => RowKind::Merge,
            WriteKind::Erase => RowKind::Erase,
            WriteKind::Replace | WriteKind::KeepFirst | WriteKind::FailOnDuplicate => RowKind::Replace,
        }
    }
}

/// A checked part.
#[derive(Debug)]
pub(super) enum Prepared {
    Delete(Arc<Table>, RangeDelete),
    Rows(PreparedRows),
}

impl Prepared {
    pub(super) fn table(&self) -> &Arc<Table> {
        match self {
            Self::Delete(table, _) => table,
            Self::Rows(rows) => &rows.table,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Delete(..) => 0,
            Self::Rows(rows) if rows.kind == WriteKind::Erase => 1,
            Self::Rows(_) => 2,
        }
    }
}

/// Checks all parts. Deletions come first, then erasures, then rows in order.
pub(super) fn prepare(catalog: &Catalog, request: &WriteRequest) -> Result<Vec<Prepared>> {
    let mut parts = request
        .parts
        .iter()
        .map(|part| match part {
            WritePart::Delete(delete) => {
                let table = catalog.table(delete.table).ok_or_else(|| catalog.no_table(delete.table))?;
                if table.kind == TableKind::Series && matches!(delete.keys, KeySelection::Range { .. }) {
                    return Err(Error::internal(format!("table \"{}\" has no key ranges, only series", table.name)));
                }
                Ok(Prepared::Delete(table.clone(), delete.clone()))
            }
            WritePart::Rows(batch) => {
                let table = catalog.table(batch.table).ok_or_else(|| catalog.no_table(batch.table))?;
                if table.schema_version != batch.schema_version {
                    return Err(Error::new(ErrorKind::SchemaChanged { table: table.name.clone() }));
                }
                prepare_rows(table, batch).map(Prepared::Rows)
            }
        })
        .collect::<Result<Vec<_>>>()?;
    parts.sort_by_key(Prepared::rank);
    Ok(parts)
}

fn prepare_rows(table: &Arc<Table>, batch: &WriteBatch) -> Result<PreparedRows> {
    check_shape(table, batch)?;
    let keys = batch_keys(table, batch)?;
    let stored = |role| match table.kind {
        TableKind::Series => role == ColumnRole::Field,
        // An erasure's key columns, too: a segment knows a row by them alone.
        TableKind::Keyed => true,
    };
    let columns: Vec<ChunkColumn> = batch
        .columns
        .iter()
        .filter_map(|(id, cells)| Some((table.column(*id)?, cells)))
        .filter(|(column, _)| stored(column.role))
        .map(|(column, cells)| ChunkColumn { id: column.id, data_type: column.data_type, cells: cells.clone() })
        .collect();
    let named = match table.kind {
        TableKind::Keyed => Named::Keyed { keys },
        TableKind::Series => {
            let times = times(table, batch)?;
            let (series, of_row) = name_series(table, batch, keys)?;
            Named::Series { series, of_row, times }
        }
    };
    let block = match &named {
        Named::Series { times, .. } => encode_block(times.as_deref(), &columns)?,
        Named::Keyed { .. } => encode_block(None, &columns)?,
    };
    Ok(PreparedRows { table: table.clone(), kind: batch.kind, named, columns, block })
}

fn check_shape(table: &Table, batch: &WriteBatch) -> Result<()> {
    let wrong = |what: String| Err(Error::internal(format!("a batch for table \"{}\": {what}", table.name)));
    for (i, (id, cells)) in batch.columns.iter().enumerate() {
        let Some(column) = table.column(*id) else { return wrong(format!("there is no column {id}")) };
        if batch.columns.iter().take(i).any(|(other, _)| other == id) {
            return wrong(format!("column {id} is there twice"));
        }
        if *cells.values.data_type() != arrow_type(column.data_type) {
            return wrong(format!("column {id} is {}, not {:?}", cells.values.data_type(), column.data_type));
        }
        if cells.values.len() != batch.rows || cells.absent.as_ref().is_some_and(|a| a.len() != batch.rows) {
            return wrong(format!("column {id} has not {} cells", batch.rows));
        }
        let identifies = matches!(column.role, ColumnRole::Key | ColumnRole::Time);
        if batch.kind == WriteKind::Erase && !identifies {
            return wrong(format!("column {id} cannot be erased, only rows can"));
        }
    }
    Ok(())
}

fn batch_keys(table: &Table, batch: &WriteBatch) -> Result<Vec<KeyBytes>> {
    let arrays: Vec<ArrayRef> = table
        .key_columns()
        .map(|column| match batch.column(column.id) {
            // An absent cell of a key counts as NULL, which is what stands in its place.
            Some(cells) => cells.values.clone(),
            None => new_null_array(&arrow_type(column.data_type), batch.rows),
        })
        .collect();
    encode_keys(&arrays, batch.rows)
}

fn times(table: &Table, batch: &WriteBatch) -> Result<Option<Vec<i64>>> {
    let (Some(column), Some(unit)) = (table.time_column(), table.time_unit()) else {
        return Err(Error::internal(format!("table \"{}\" has no time column", table.name)));
    };
    let Some(cells) = batch.column(column.id) else { return Ok(None) };
    if cells.values.null_count() > 0 {
        return Err(Error::new(ErrorKind::NullValue { column: column.name.clone() }));
    }
    Ok(Some(instants(&cells.values, unit)?.to_vec()))
}

fn name_series(table: &Table, batch: &WriteBatch, keys: Vec<KeyBytes>) -> Result<(Vec<NamedSeries>, Vec<u32>)> {
    let attributes: Vec<(ColumnId, &Cells)> =
        batch.columns.iter().filter(|(id, _)| is_attribute(table, *id)).map(|(id, cells)| (*id, cells)).collect();
    let mut places: HashMap<KeyHash, u32> = HashMap::new();
    let mut named: Vec<(KeyBytes, KeyHash, Vec<usize>)> = Vec::new();
    let mut of_row: Vec<u32> = Vec::with_capacity(keys.len());
    for (row, key) in keys.into_iter().enumerate() {
        let last = of_row.last().copied();
        if let Some((known, _, rows)) = last.and_then(|at| named.get_mut(at as usize))
            && *known == key
        {
            of_row.extend(last);
            rows.push(row);
            continue;
        }
        let hash = key_hash(&key.0);
        let next = u32::try_from(named.len()).map_err(|_| Error::internal("a batch names too many series"))?;
        let at = *places.entry(hash).or_insert(next);
        match named.get_mut(at as usize) {
            Some((_, _, rows)) => rows.push(row),
            None => named.push((key, hash, vec![row])),
        }
        of_row.push(at);
    }
    let series = named
        .into_iter()
        .map(|(key, hash, rows)| {
            let all = |rows: &[usize]| collect_attributes(table, &attributes, rows);
            let (if_new, set) = match batch.attributes {
                AttributePolicy::Set => {
                    let all = all(&rows)?;
                    (all.clone(), all)
                }
                // The first row makes the series; for the others it is no longer new.
                AttributePolicy::OnlyIfNew => (all(rows.get(..1).unwrap_or_default())?, Box::default()),
            };
            Ok(NamedSeries { key, hash, if_new, set })
        })
        .collect::<Result<_>>()?;
    Ok((series, of_row))
}

fn is_attribute(table: &Table, id: ColumnId) -> bool {
    table.column(id).is_some_and(|c| c.role == ColumnRole::Attribute)
}

fn collect_attributes(table: &Table, columns: &[(ColumnId, &Cells)], rows: &[usize]) -> Result<Box<[u8]>> {
    let mut values = Vec::new();
    for (id, cells) in columns {
        let Some(column) = table.column(*id) else { continue };
        // Later rows win.
        if let Some(row) = rows.iter().rev().find(|row| !cells.is_absent(**row)) {
            let value = cell_value(&cells.values, *row, column.data_type)?;
            values.push(AttributeValue { column: *id, generation: column.type_changes.len(), value });
        }
    }
    Ok(Attributes::encode(values))
}
