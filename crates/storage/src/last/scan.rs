//! The newest row and values of series, in key order: what is known, what was written since on top,
//! and what is then still open looked up and remembered.

use super::known::Found;
use super::newest::Newest;
use super::overlay::{Overlay, Prepared};
use super::pages::{Definition, LastValues};
use super::pool::LastPool;
use super::search::{Depth, Search};
use super::working::{Working, WorkingColumn};
use crate::memtable::MemoryView;
use crate::scan::columns_of;
use crate::store::Store;
use crate::table_state::TableState;
use crate::view::{ScanKeys, TableView};
use arrow::array::{ArrayRef, Int64Array, RecordBatchOptions};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use catalog::Catalog;
use model::{ColumnId, ColumnRole, DataType, Error, Result, Sequence, SeriesId, Table, TableKind, arrow_type};
use segments::{Spellings, time_array};
use std::sync::Arc;

/// So much work of putting on top what was written since is done once for all.
const HEAVY: usize = if cfg!(test) { 4 } else { 4096 };
/// A chunk or a deletion counts as much work as so many series.
const EVENT: usize = 16;
/// So many times more work than there are series does not pay.
const FEW: usize = if cfg!(test) { 1_000 } else { 8 };
/// After so many series were looked up, what was found is kept,
const KEEP_EVERY: usize = if cfg!(test) { 3 } else { 1 << 16 };
/// but no more often than so many times: each time all pages may be made anew, since the order of
/// keys is not that of ids.
const KEEP_TIMES: usize = 4;

/// One column of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastOutput {
    /// A key or attribute column.
    Series(ColumnId),
    /// The time of the newest row.
    RowTime,
    /// The value of a field in the newest row.
    RowValue(ColumnId),
    /// The newest value of a field that is not NULL; NULL where there is none.
    Value(ColumnId),
    /// The time of that value.
    ValueTime(ColumnId),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct LastRequest {
    /// The columns of the answer.
    pub outputs: Vec<LastOutput>,
    /// Only rows at this time or later count.
    pub since: i64,
    /// Whose; all or by series.
    pub keys: ScanKeys,
    /// Series a batch at most.
    pub batch_rows: usize,
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastMetrics {
    /// Series that were known.
    pub series_known: u64,
    /// Series that were looked up in rows.
    pub series_searched: u64,
    /// Rows read for that.
    pub rows_read: u64,
    /// Segments read for that.
    pub segments_read: u64,
}

/// Where a view keeps last values.
#[derive(Clone, Debug)]
pub(crate) struct LastAccess {
    pool: Arc<LastPool>,
    definition: Definition,
}

impl LastAccess {
    pub(crate) fn new(store: &Store, catalog: &Catalog, table: &Arc<Table>) -> Self {
        Self { pool: store.last_values.clone(), definition: definition(catalog, table) }
    }
}

fn definition(catalog: &Catalog, table: &Arc<Table>) -> Definition {
    Definition { table: table.clone(), database: catalog.database(table.database).cloned() }
}

/// What is known of a table's last values at the number up to which it is about to be flushed.
pub(crate) fn at_flush(
    store: &Store,
    state: &Arc<TableState>,
    table: &Arc<Table>,
    memory: &MemoryView,
    flushed: Sequence,
) -> Result<Option<Arc<LastValues>>> {
    let Some(last) = memory.last.as_ref().filter(|last| last.at < flushed) else { return Ok(None) };
    let is_of_now = last.definition.is(&definition(&store.catalog.snapshot(), table));
    // None goes meanwhile: the table's files are held.
    if !is_of_now || state.memory.read().removals() != memory.removals {
        return Ok(None);
    }
    let overlay = Overlay::above(last.at, memory);
    let prepared = overlay.prepare(table, last.columns(), store.spellings.as_ref())?;
    let ids = state.series.read().ids_at(flushed);
    let pool = &store.last_values;
    let next = last.brought_up(flushed, ids, &prepared, &state.series, &[], pool)?;
    let fits = pool.make_room(state, next.bytes(), last.bytes_beside(&next));
    Ok(fits.then(|| Arc::new(next)))
}

/// One batch of series that is looked up.
#[derive(Debug)]
struct Looking {
    /// In key order.
    wanted: Vec<SeriesId>,
    working: Working,
    search: Search,
    searched: usize,
}

/// The newest row and values of series that have a row, one row each, in key order. Batches
/// without rows come in between: there is more to do.
#[derive(Debug)]
pub struct LastScan {
    view: TableView,
    outputs: Vec<LastOutput>,
    schema: SchemaRef,
    fields: Vec<ColumnId>,
    depth: Depth,
    batch_rows: usize,
    /// `None`: all that the view lists.
    wanted: Option<Vec<SeriesId>>,
    at: usize,
    known: Arc<LastValues>,
    overlay: Overlay,
    prepared: Prepared,
    /// Where what is found is kept, and what is to be replaced there.
    keeps: Option<(Arc<LastPool>, Option<Arc<LastValues>>)>,
    found: Vec<Found>,
    looking: Option<Box<Looking>>,
    metrics: LastMetrics,
    ended: bool,
}

impl LastScan {
    pub(crate) fn new(view: &TableView, request: LastRequest) -> Result<Self> {
        let LastRequest { outputs, since, keys, batch_rows } = request;
        let table = view.table();
        if table.kind != TableKind::Series {
            return Err(Error::internal(format!("table \"{}\" has no series", table.name)));
        }
        let wanted = match keys {
            ScanKeys::All => None,
            ScanKeys::Series(ids) => Some(view.in_key_order(&ids)),
            ScanKeys::Ranges(_) => return Err(Error::internal("a series table is read by series, not by key ranges")),
        };
        let mut fields = Vec::new();
        let mut values = Vec::new();
        for output in &outputs {
            match output {
                LastOutput::Series(_) | LastOutput::RowTime => {}
                LastOutput::RowValue(id) => fields.push(*id),
                LastOutput::Value(id) | LastOutput::ValueTime(id) => {
                    fields.push(*id);
                    values.push(*id);
                }
            }
        }
        fields.sort_unstable();
        fields.dedup();
        if let Some(column) = columns_of(table, &fields)?.iter().find(|column| column.role != ColumnRole::Field) {
            return Err(Error::internal(format!("column \"{}\" is no field", column.name)));
        }
        let access = view.last_access();
        let own = || Definition { table: table.clone(), database: None };
        let wanted_definition = access.map_or_else(own, |access| access.definition.clone());
        // What is there now, if it is not too new for the view, else what was there when it was made.
        let now = access.and_then(|_| view.state().memory.read().last_values(view.sequence(), view.memory()));
        let stored = now.or_else(|| view.memory().last.clone());
        let stored = stored.filter(|last| last.definition.is(&wanted_definition));
        let ids = || view.series_index().read().ids_at(view.sequence());
        let known = stored
            .clone()
            .unwrap_or_else(|| Arc::new(LastValues::unknown(wanted_definition.clone(), view.sequence(), ids())));
        if let Some(access) = access {
            access.pool.answers(view.state());
        }
        let keeps = access.filter(|access| access.pool.keeps(view.state())).map(|access| (access.pool.clone(), stored));
        let overlay = Overlay::above(known.at, view.memory());
        let mut scan = Self {
            schema: schema(table, &outputs)?,
            view: view.clone(),
            outputs,
            fields,
            depth: Depth { since, values },
            batch_rows: batch_rows.max(1),
            wanted,
            at: 0,
            known,
            overlay,
            prepared: Prepared::default(),
            keeps,
            found: Vec::new(),
            looking: None,
            metrics: LastMetrics::default(),
            ended: false,
        };
        if scan.overlay.work(EVENT) > HEAVY && scan.pays(scan.series_count()) {
            scan.keep()?;
        }
        scan.prepared = scan.overlay.prepare(table, &scan.fields, view.spellings().as_ref())?;
        Ok(scan)
    }

    /// What it did so far.
    #[must_use]
    pub fn metrics(&self) -> LastMetrics {
        self.metrics
    }

    /// How many series are asked for.
    fn series_count(&self) -> usize {
        self.wanted.as_ref().map_or_else(|| self.view.snapshot().ids().len(), Vec::len)
    }

    /// Whether it pays for so many series to put on top for all of them what was written since.
    fn pays(&self, series: usize) -> bool {
        let work = self.overlay.work(EVENT);
        work <= HEAVY || series.saturating_mul(FEW) >= work
    }

    /// Keeps what is known at the view's number, with what was found.
    fn keep(&mut self) -> Result<()> {
        let found = std::mem::take(&mut self.found);
        let looked_up: usize = found.iter().map(Found::len).sum();
        if !found.is_empty() && !self.pays(looked_up) {
            return Ok(());
        }
        let Some((pool, stored)) = self.keeps.take() else { return Ok(()) };
        if self.known.at == self.view.sequence() && found.is_empty() {
            self.keeps = Some((pool, stored));
            return Ok(());
        }
        let (table, state) = (self.view.table(), self.view.state());
        let spellings: &dyn Spellings = self.view.spellings().as_ref();
        let mut columns = self.known.columns().to_vec();
        columns.extend(&self.fields);
        let prepared = self.overlay.prepare(table, &columns, spellings)?;
        let sequence = self.view.sequence();
        let ids = state.series.read().ids_at(sequence);
        let next = Arc::new(self.known.brought_up(sequence, ids, &prepared, &state.series, &found, &pool)?);
        if !pool.make_room(state, next.bytes(), self.known.bytes_beside(&next)) {
            return Ok(());
        }
        // Another may have come first: then that stays, and no more is kept here.
        if state.memory.write().keep_last_values(self.view.memory(), stored.as_ref(), &next) {
            self.keeps = Some((pool, Some(next.clone())));
        }
        self.known = next;
        self.overlay = Overlay::default();
        self.prepared = Prepared::default();
        Ok(())
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        if let Some(mut looking) = self.looking.take() {
            if looking.search.step(&self.view, &mut looking.working)? {
                self.looking = Some(looking);
                return Ok(Some(RecordBatch::new_empty(self.schema.clone())));
            }
            let Looking { wanted, working, search, searched } = *looking;
            self.metrics.series_searched += searched as u64;
            self.metrics.series_known += (wanted.len() - searched) as u64;
            self.metrics.rows_read += search.rows;
            self.metrics.segments_read += search.segments_read;
            if searched > 0 && self.keeps.is_some() {
                self.found.push(Found::new(&working)?);
                let enough = KEEP_EVERY.max(self.series_count() / KEEP_TIMES);
                if self.found.iter().map(Found::len).sum::<usize>() >= enough {
                    self.keep()?;
                }
            }
            return self.answer(wanted, &working).map(Some);
        }
        let listed = match &self.wanted {
            Some(wanted) => wanted.as_slice(),
            None => self.view.snapshot().ids(),
        };
        let wanted: Vec<SeriesId> = listed.iter().skip(self.at).take(self.batch_rows).copied().collect();
        if wanted.is_empty() {
            if !self.found.is_empty() {
                self.keep()?;
            }
            return Ok(None);
        }
        self.at += wanted.len();
        let mut ids = wanted.clone();
        ids.sort_unstable();
        let mut working = self.known.load(ids, &self.fields)?;
        self.prepared.apply(self.view.series_index(), &mut working);
        let open = self.depth.open(&working).len();
        if open == 0 {
            self.metrics.series_known += wanted.len() as u64;
            return self.answer(wanted, &working).map(Some);
        }
        let search = Search::new(&self.view, &mut working, self.depth.clone());
        self.looking = Some(Box::new(Looking { wanted, working, search, searched: open }));
        Ok(Some(RecordBatch::new_empty(self.schema.clone())))
    }

    /// The rows of those series that have one.
    fn answer(&self, mut wanted: Vec<SeriesId>, working: &Working) -> Result<RecordBatch> {
        let since = self.depth.since;
        let row_time = |place: usize| match working.row(place) {
            Newest::At(time) if time >= since => Some(time),
            _ => None,
        };
        wanted.retain(|id| working.place(*id).and_then(row_time).is_some());
        let places: Vec<usize> = wanted.iter().filter_map(|id| working.place(*id)).collect();
        let column = |id: &ColumnId| -> Result<&WorkingColumn> {
            let found = working.columns.iter().find(|column| column.id == *id);
            found.ok_or_else(|| Error::internal(format!("column {id} was not looked up")))
        };
        let value_time = |column: &WorkingColumn, place: usize| match column.newest(place) {
            Newest::At(time) if time >= since => Some(time),
            _ => None,
        };
        let table = self.view.table();
        let time_type = table.time_column().map(|column| column.data_type);
        let times = |times: Vec<Option<i64>>| {
            let data_type = time_type.ok_or_else(|| Error::internal("a series table without a time column"))?;
            time_array(&Int64Array::from(times), data_type)
        };
        let series = self.outputs.iter().filter_map(|o| if let LastOutput::Series(id) = o { Some(*id) } else { None });
        let series = columns_of(table, &series.collect::<Vec<_>>())?;
        let mut series = self.view.series_columns(&series, Some(&wanted))?.into_iter();
        let arrays = self.outputs.iter().map(|output| -> Result<ArrayRef> {
            match output {
                LastOutput::Series(_) => series.next().ok_or_else(|| Error::internal("a column is missing")),
                LastOutput::RowTime => times(places.iter().map(|place| row_time(*place)).collect()),
                LastOutput::RowValue(id) => {
                    let column = column(id)?;
                    column.values(&places, |place| column.newest(place) == working.row(place))
                }
                LastOutput::Value(id) => {
                    let column = column(id)?;
                    column.values(&places, |place| value_time(column, place).is_some())
                }
                LastOutput::ValueTime(id) => {
                    let column = column(id)?;
                    times(places.iter().map(|place| value_time(column, *place)).collect())
                }
            }
        });
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(places.len()));
        RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)
            .map_err(|e| Error::internal(format!("making a batch: {e}")))
    }
}

impl Iterator for LastScan {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.next_batch().transpose();
        self.ended = !matches!(batch, Some(Ok(_)));
        batch
    }
}

fn schema(table: &Table, outputs: &[LastOutput]) -> Result<SchemaRef> {
    let time: Option<DataType> = table.time_column().map(|column| column.data_type);
    let fields = outputs.iter().map(|output| {
        let data_type = match output {
            LastOutput::RowTime | LastOutput::ValueTime(_) => time,
            LastOutput::Series(id) | LastOutput::RowValue(id) | LastOutput::Value(id) => {
                table.column(*id).map(|column| column.data_type)
            }
        };
        let data_type =
            data_type.ok_or_else(|| Error::internal(format!("table \"{}\" has no such column", table.name)))?;
        Ok(Field::new(format!("{output:?}"), arrow_type(data_type), true))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>>>()?)))
}
