//! A block on its way into the log: checked like a request, but that nothing is decided.

use super::super::prepare::{Named, Prepared, PreparedRows, prepare};
use super::super::{settled, wait_for_compaction};
use super::registry::OpenLoad;
use super::{Block, Built, Part, over};
use crate::effects::Effects;
use crate::log::{Condition, NewSeries, PendingBlock, RowsPart, SeriesRows, encode_block_record};
use crate::pieces::{Piece, chunk_of};
use crate::store::Store;
use crate::table_lock::{TableLocks, lock_tables};
use crate::table_state::TableState;
use arrow::array::Array;
use model::{Error, ErrorKind, Result, Sequence, SeriesId, TableId, TableKind, WriteKind, WriteRequest};
use segments::{Chunk, Identity};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// A block before it has a number.
#[derive(Debug)]
struct Made {
    payload: Vec<u8>,
    /// The definitions that it was made for.
    versions: BTreeMap<TableId, u32>,
    rows: Gathered,
}

/// The rows of a block as they wait.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) parts: Vec<Part>,
    /// Of tables whose rows are ready.
    pub(super) chunks: Vec<(TableId, Chunk)>,
    pub(super) bytes: usize,
}

enum Attempt {
    Queued(Sequence, oneshot::Receiver<Result<()>>),
    Altering(Arc<TableState>),
}

/// See [`super::Load::push`].
pub(super) async fn push(store: &Arc<Store>, load: &Arc<OpenLoad>, request: WriteRequest) -> Result<Sequence> {
    store.pressure.room(|| store.background.ask_flush()).await?;
    wait_for_compaction(store, &request).await?;
    let mut pending = load.pending.lock().await;
    if pending.ended || load.is_late(store.options.clock.now_micros()) {
        return Err(over());
    }
    let number = u32::try_from(pending.blocks.len()).map_err(|_| Error::internal("a load has too many blocks"))?;
    let (of, id) = (store.clone(), load.id);
    let making = move || -> Result<Made> {
        let parts = prepare(&of.catalog.snapshot(), &request)?;
        drop(request);
        make(parts, |parts| encode_block_record(PendingBlock { load: id, number, parts }))
    };
    let mut made = tokio::task::spawn_blocking(making).await.map_err(Error::internal)??;
    let limit = store.options.memory_limit_bytes / 2;
    if pending.bytes + made.rows.bytes as u64 > limit {
        return Err(Error::new(ErrorKind::WriteMemoryExceeded { limit }));
    }
    let charge = store.pressure.charge(made.rows.bytes);
    let (written, waiter) = loop {
        match attempt(store, load, &mut made)? {
            Attempt::Queued(sequence, waiter) => break (sequence, waiter),
            Attempt::Altering(table) => table.wait_until_altered().await,
        }
    };
    settled(waiter).await?;
    pending.bytes += made.rows.bytes as u64;
    let built = made.rows.chunks.into_iter().map(|(table, chunk)| (table, Built { chunk, written })).collect();
    pending.blocks.push(Block { written, parts: made.rows.parts, built, _charge: charge });
    Ok(written)
}

/// Checks the definitions, and takes a number and a place.
fn attempt(store: &Store, load: &OpenLoad, made: &mut Made) -> Result<Attempt> {
    let states = made.versions.keys().map(|id| store.table(*id)).collect::<Result<Vec<_>>>()?;
    let _gates = match lock_tables(store, &states)? {
        TableLocks::Held(gates) => gates,
        TableLocks::Altering(table) => return Ok(Attempt::Altering(table)),
    };
    let catalog = store.catalog.snapshot();
    for (id, version) in &made.versions {
        let table = catalog.table(*id).ok_or_else(|| catalog.no_table(*id))?;
        if table.schema_version != *version {
            return Err(Error::new(ErrorKind::SchemaChanged { table: table.name.clone() }));
        }
    }
    let queued = store.pressure.charge(made.payload.len());
    let (sequence, waiter) = store.log.queue.push(std::mem::take(&mut made.payload), |sequence| {
        load.first.fetch_min(sequence.0, Ordering::AcqRel);
        Effects { tables: Vec::new(), _queued: Some(queued) }
    })?;
    Ok(Attempt::Queued(sequence, waiter))
}

fn make(prepared: Vec<Prepared>, encode: impl FnOnce(Vec<(Condition, RowsPart)>) -> Vec<u8>) -> Result<Made> {
    let mut rows = Vec::with_capacity(prepared.len());
    for part in prepared {
        match part {
            Prepared::Rows(part) => rows.push(part),
            Prepared::Delete(table, _) => {
                return Err(Error::internal(format!("a load deletes from table \"{}\" by key and time", table.name)));
            }
        }
    }
    let versions = rows.iter().map(|part| (part.table.id, part.table.schema_version)).collect();
    let payload = encode(rows.iter_mut().map(|part| (condition(part), logged(part))).collect());
    Ok(Made { payload, versions, rows: gather(rows)? })
}

/// The rows of a block as they wait: those that nothing older decides are brought into order now.
pub(super) fn gather(rows: Vec<PreparedRows>) -> Result<Gathered> {
    let is_built = |id: TableId| {
        let mut of_table = rows.iter().filter(|part| part.table.id == id);
        of_table.all(|part| part.table.kind == TableKind::Keyed && !part.is_conditional())
    };
    let built: BTreeSet<TableId> = rows.iter().map(|part| part.table.id).filter(|id| is_built(*id)).collect();
    let mut pieces: BTreeMap<TableId, Vec<Piece>> = BTreeMap::new();
    let mut parts = Vec::with_capacity(rows.len());
    let mut bytes = 0;
    for part in rows {
        if !built.contains(&part.table.id) {
            bytes += size_of_rows(&part);
            parts.push(Part::Rows(Box::new(part)));
            continue;
        }
        parts.push(Part::Built(part.table.id, part.rows()));
        let kind = part.stored_kind();
        if let Named::Keyed { keys } = part.named {
            let piece = Piece { identity: Identity::Keyed { keys }, kind, columns: part.columns };
            pieces.entry(part.table.id).or_default().push(piece);
        }
    }
    let mut chunks = Vec::with_capacity(pieces.len());
    for (table, pieces) in pieces {
        if let Some(chunk) = chunk_of(Sequence::ZERO, pieces)? {
            bytes += chunk.bytes();
            chunks.push((table, chunk));
        }
    }
    Ok(Gathered { parts, chunks, bytes })
}

fn size_of_rows(rows: &PreparedRows) -> usize {
    let columns: usize = rows.columns.iter().map(|column| column.cells.values.get_array_memory_size()).sum();
    let named = match &rows.named {
        Named::Keyed { keys } => keys.iter().map(|key| key.0.len() + 16).sum(),
        Named::Series { series, of_row, times } => {
            let listed: usize = series.iter().map(|s| s.key.0.len() + s.if_new.len() + s.set.len() + 64).sum();
            listed + of_row.len() * 4 + times.as_ref().map_or(0, |times| times.len() * 8)
        }
    };
    columns + named
}

fn condition(rows: &PreparedRows) -> Condition {
    match rows.kind {
        WriteKind::KeepFirst => Condition::KeepFirst,
        WriteKind::FailOnDuplicate => Condition::FailOnDuplicate,
        WriteKind::Replace | WriteKind::Merge | WriteKind::Erase => Condition::None,
    }
}

/// What the log has of a part: series by their places in a list. The block of the part goes.
fn logged(rows: &mut PreparedRows) -> RowsPart {
    let places = || (0_u32..).map(SeriesId);
    let series = match &rows.named {
        Named::Keyed { .. } => None,
        Named::Series { series, of_row, times } => Some(SeriesRows {
            new: places()
                .zip(series)
                .map(|(id, s)| NewSeries { id, key: s.key.clone(), attributes: s.if_new.clone() })
                .collect(),
            changed: places()
                .zip(series)
                .filter(|(_, s)| !s.set.is_empty())
                .map(|(id, s)| (id, s.set.clone()))
                .collect(),
            ids: if times.is_some() { of_row.iter().copied().map(SeriesId).collect() } else { Vec::new() },
        }),
    };
    let block = std::mem::take(&mut rows.block);
    RowsPart { table: rows.table.id, kind: rows.stored_kind(), rows: rows.rows(), series, block }
}
