//! Loads: rows of many requests that become visible together. Each block is logged when it comes
//! and is pending; one commit record publishes all of them with its number, or none ever is.
//!
//! Pending blocks stay in memory and count against its limit; one load may hold half of it, and is
//! refused more. The log is kept from the first block on of every load that is open, or whose rows
//! are not all in files.

mod commit;
mod plan;
mod push;
mod registry;
mod replay;

pub(crate) use commit::abort_late;
pub(crate) use registry::Loads;
pub(crate) use replay::{PublishedPart, ReplayedLoads};

use super::prepare::PreparedRows;
use crate::catalogue_commit::failed;
use crate::format::LABELS;
use crate::pressure::Charge;
use crate::store::Store;
use catalog::{Change, LoadState};
use model::{DatabaseId, Error, ErrorKind, LoadId, Result, Sequence, Table, TableId, WriteOutcome, WriteRequest};
use parking_lot::Mutex;
use registry::OpenLoad;
use segments::{Chunk, ChunkColumn, Spellings, to_type_at, type_at};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So long after its deadline the label of a load that has ended is known.
const LABELS_KEPT_MICROS: u64 = 3 * 24 * 60 * 60 * 1_000_000;

/// The name under which a load can be found again, also after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadLabel {
    /// Where it is known. Of the loads there, one that is not aborted has it.
    pub database: DatabaseId,
    /// The name.
    pub name: String,
    /// After so long an open load is aborted.
    pub timeout: Duration,
}

/// An open load. Without a label it is aborted when this is dropped, and by a restart; one of these
/// is open at a time, and the next one waits to begin.
#[derive(Debug)]
pub struct Load {
    store: Arc<Store>,
    load: Arc<OpenLoad>,
    _turn: Option<tokio::sync::OwnedMutexGuard<()>>,
}

/// What came with one push.
#[derive(Debug)]
struct Block {
    /// The number of its record: values have the types that columns had then.
    written: Sequence,
    /// In the order of the record.
    parts: Vec<Part>,
    /// The rows of keyed tables that nothing older decides, ready to be published.
    built: BTreeMap<TableId, Built>,
    _charge: Charge,
}

#[derive(Debug)]
struct Built {
    chunk: Chunk,
    /// Values have the types that columns had at this number.
    written: Sequence,
}

#[derive(Debug)]
enum Part {
    /// So many rows, which are in `built`.
    Built(TableId, usize),
    /// Rows of which something is to be decided.
    Rows(Box<PreparedRows>),
}

impl Part {
    fn table(&self) -> TableId {
        match self {
            Self::Built(table, _) => *table,
            Self::Rows(rows) => rows.table.id,
        }
    }
}

/// What an open load holds.
#[derive(Debug, Default)]
struct Pending {
    /// Nothing more is taken.
    ended: bool,
    /// It was aborted, and the log does not say so yet.
    unsettled: bool,
    blocks: Vec<Block>,
    bytes: u64,
}

/// Brings columns to the types of `until`; those that the table no longer has go.
fn retyped(
    table: &Table,
    columns: Vec<ChunkColumn>,
    written: Sequence,
    until: Sequence,
    spellings: &dyn Spellings,
) -> Result<Vec<ChunkColumn>> {
    let stays = |column: &ChunkColumn| table.column(column.id).map(|now| type_at(now, until));
    columns
        .into_iter()
        .filter_map(|column| Some((stays(&column)?, column)))
        .map(|(data_type, mut column)| {
            if data_type != column.data_type || written < until {
                column.cells.values = to_type_at(table, column.id, &column.cells.values, written, until, spellings)?;
                column.data_type = data_type;
            }
            Ok(column)
        })
        .collect()
}

/// Begins a load.
pub(crate) async fn begin(store: &Arc<Store>, label: Option<LoadLabel>) -> Result<Load> {
    // Before the log may hold one.
    store.features.need(store.files.as_ref(), LABELS)?;
    // Each may take half of the memory for rows, and none gives any of it back before its end.
    let turn = match &label {
        None => Some(store.loads.turn.clone().lock_owned().await),
        Some(_) => None,
    };
    // A backup knows either the label and all that came with it, or nothing of it.
    let definitions = match &label {
        Some(_) => Some(store.definitions.clone().read_owned().await),
        None => None,
    };
    let id = LoadId(store.catalog.take_ids(1).await?.start);
    let entry = match label {
        None => None,
        Some(label) => {
            let timeout = u64::try_from(label.timeout.as_micros()).unwrap_or(u64::MAX);
            let deadline_micros = store.options.clock.now_micros().saturating_add(timeout);
            let entry = catalog::Load {
                id,
                database: label.database,
                label: label.name,
                deadline_micros,
                state: LoadState::Open,
            };
            let forgotten = Change::ForgetLoads(settled_long_ago(store));
            commit_change(store, vec![forgotten, Change::PutLoad(entry.clone())]).await?;
            Some(entry)
        }
    };
    let load = store.loads.open(id, entry);
    drop(definitions);
    store.background.wake();
    Ok(Load { store: store.clone(), load, _turn: turn })
}

/// The open load with that id, if it has a label.
pub(crate) fn find(store: &Arc<Store>, id: LoadId) -> Option<Load> {
    let load = store.loads.get(id).filter(|load| load.entry.is_some())?;
    Some(Load { store: store.clone(), load, _turn: None })
}

/// Lets the catalogue know how far a load has come.
async fn tell(store: &Store, entry: catalog::Load) -> Result<()> {
    commit_change(store, vec![Change::PutLoad(entry)]).await
}

async fn commit_change(store: &Store, changes: Vec<Change>) -> Result<()> {
    store.catalog.commit(None, changes).await.map(drop).map_err(failed)
}

/// Loads whose labels nobody asks for any more.
fn settled_long_ago(store: &Store) -> Vec<LoadId> {
    let before = store.options.clock.now_micros().saturating_sub(LABELS_KEPT_MICROS);
    let catalog = store.catalog.snapshot();
    let old = catalog.loads().filter(|load| load.state != LoadState::Open && load.deadline_micros < before);
    old.map(|load| load.id).collect()
}

/// Runs to its end, also when whoever asked has gone.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    tokio::spawn(work).await.map_err(Error::internal)?
}

fn over() -> Error {
    Error::new(ErrorKind::QueryCancelled {})
}

impl Load {
    /// Its identity.
    #[must_use]
    pub fn id(&self) -> LoadId {
        self.load.id
    }

    /// Adds a block of rows, of at most [`crate::LOAD_BLOCK_BYTES`] or so; durable when it returns
    /// its number. Nobody sees it. Blocks are applied in their order; in one of them erasures come
    /// first.
    ///
    /// # Errors
    /// [`ErrorKind::SchemaChanged`]: make the block anew. [`ErrorKind::WriteMemoryExceeded`] when all
    /// blocks would take more than half of the memory for rows. Those of [`crate::Storage::write`].
    /// [`ErrorKind::QueryCancelled`] when it has ended. The load is as it was.
    pub async fn push(&self, request: WriteRequest) -> Result<Sequence> {
        let (store, load) = (self.store.clone(), self.load.clone());
        to_its_end(async move { push::push(&store, &load, request).await }).await
    }

    /// Publishes everything at one number, or nothing: then the load is over, too.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`], [`ErrorKind::TableNotFound`], [`ErrorKind::DiskFull`]: nothing is
    /// there. [`ErrorKind::ReadOnly`]: the next start will tell.
    pub async fn commit(&self) -> Result<(WriteOutcome, Sequence)> {
        let (store, load) = (self.store.clone(), self.load.clone());
        load.hand_over();
        to_its_end(async move { commit::commit(&store, &load).await }).await
    }

    /// Drops everything.
    ///
    /// # Errors
    /// When that cannot be made durable; [`ErrorKind::QueryCancelled`] when it has ended.
    pub async fn abort(&self) -> Result<()> {
        let (store, load) = (self.store.clone(), self.load.clone());
        load.hand_over();
        to_its_end(async move { commit::abort(&store, &load).await }).await
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if self.load.entry.is_none() && !self.load.is_handed_over() {
            commit::forget(&self.store, &self.load);
        }
    }
}

/// Who may settle a load, once.
type Handed = Mutex<bool>;
