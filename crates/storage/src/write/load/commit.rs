//! The end of a load: publishing it with one record, or dropping it.

use super::super::decide::TableDecision;
use super::super::{Change, settled};
use super::plan::{TablePlan, plan, tables_of};
use super::registry::{OpenLoad, Published};
use super::{Block, Pending, over, tell};
use crate::effects::Effects;
use crate::log::{DecidedPart, LoadCommit, encode_abort_record, encode_commit_record};
use crate::memtable::MemoryChunk;
use crate::store::Store;
use crate::table_lock::{TableLocks, lock_tables};
use crate::table_state::TableState;
use catalog::LoadState;
use model::{Error, ErrorKind, LoadId, Result, Sequence, WriteOutcome};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// So often everything is decided without the tables' locks before it is done under them.
const PLANS: usize = 3;

type Waiter = oneshot::Receiver<Result<()>>;

enum Attempt {
    Queued(WriteOutcome, Sequence, Waiter),
    /// It is refused, once what it was decided on is durable.
    Refused(Error, Waiter),
    Altering(Arc<TableState>),
    /// What it was decided on changed.
    Stale,
}

/// See [`super::Load::commit`].
pub(super) async fn commit(store: &Arc<Store>, load: &Arc<OpenLoad>) -> Result<(WriteOutcome, Sequence)> {
    let mut pending = load.pending.lock().await;
    if pending.ended || load.is_late(store.options.clock.now_micros()) {
        return Err(over());
    }
    pending.ended = true;
    let first = Sequence(load.first.load(Ordering::Acquire));
    let tables = tables_of(&pending.blocks).into_iter().collect();
    match publish(store, load.id, &mut pending).await {
        Ok((outcome, sequence)) => {
            pending.blocks = Vec::new();
            store.loads.add_published(Published { numbers: (first.min(sequence), sequence), tables });
            store.loads.close(load.id);
            settle_committed(store, load, sequence).await;
            Ok((outcome, sequence))
        }
        // Nobody knows what the disk has: the next start will see.
        Err(error) if matches!(*error.kind, ErrorKind::ReadOnly { .. }) => {
            pending.blocks = Vec::new();
            Err(error)
        }
        Err(error) => {
            if let Err(error) = end(store, load, &mut pending).await {
                tracing::warn!(%error, load = load.id.0, "a load that failed was not ended in the log");
            }
            Err(error)
        }
    }
}

/// See [`super::Load::abort`].
pub(super) async fn abort(store: &Arc<Store>, load: &Arc<OpenLoad>) -> Result<()> {
    let mut pending = load.pending.lock().await;
    if pending.ended {
        return Err(over());
    }
    end(store, load, &mut pending).await
}

/// Aborts loads that time has run out for, if nothing is being done with them.
pub(crate) async fn abort_late(store: &Arc<Store>) {
    for load in store.loads.to_end(store.options.clock.now_micros()) {
        let Ok(mut pending) = load.pending.try_lock() else { continue };
        if pending.ended && !pending.unsettled {
            continue;
        }
        tracing::warn!(load = load.id.0, "a load was left open for too long: it is aborted");
        if let Err(error) = end(store, &load, &mut pending).await {
            tracing::warn!(%error, load = load.id.0, "a load that was left open could not be aborted");
        }
    }
}

/// Drops a load without a label that nobody wants any more.
pub(super) fn forget(store: &Store, load: &OpenLoad) {
    store.loads.close(load.id);
    if load.first.load(Ordering::Acquire) != Sequence::MAX.0 {
        // Nobody waits for it: without this record a start drops the blocks, too.
        let _ = store.log.queue.push(encode_abort_record(load.id), |_| Effects::default());
    }
}

async fn end(store: &Arc<Store>, load: &OpenLoad, pending: &mut Pending) -> Result<()> {
    // Until the log says so, where there is a label: without one a start drops the blocks, too.
    *pending = Pending { ended: true, unsettled: load.entry.is_some(), ..Pending::default() };
    if load.entry.is_none() {
        store.loads.close(load.id);
    }
    if load.first.load(Ordering::Acquire) != Sequence::MAX.0 {
        let (_, waiter) = store.log.queue.push(encode_abort_record(load.id), |_| Effects::default())?;
        settled(waiter).await?;
    }
    pending.unsettled = false;
    store.loads.close(load.id);
    settle(store, load, LoadState::Aborted).await;
    Ok(())
}

async fn settle_committed(store: &Store, load: &OpenLoad, sequence: Sequence) {
    if load.entry.is_some() && store.is_lax() {
        // The catalogue may not know of rows that a crash still takes.
        let synced = match store.log.queue.push_barrier(true) {
            Ok(waiter) => settled(waiter).await,
            Err(error) => Err(error),
        };
        if let Err(error) = synced {
            tracing::warn!(%error, load = load.id.0, "the catalogue does not know yet that a load has ended");
            return;
        }
    }
    settle(store, load, LoadState::Committed(sequence)).await;
}

/// Tells the catalogue, which the log would tell at the next start.
async fn settle(store: &Store, load: &OpenLoad, state: LoadState) {
    let Some(entry) = load.entry.clone() else { return };
    if let Err(error) = tell(store, catalog::Load { state, ..entry }).await {
        tracing::warn!(%error, load = load.id.0, "the catalogue does not know yet that a load has ended");
    }
}

async fn publish(store: &Arc<Store>, id: LoadId, pending: &mut Pending) -> Result<(WriteOutcome, Sequence)> {
    let mut plans_left = PLANS;
    loop {
        let (of, mut blocks, under_locks) = (store.clone(), std::mem::take(&mut pending.blocks), plans_left == 0);
        let work = move || {
            let attempted = attempt(&of, id, &mut blocks, under_locks);
            (attempted, blocks)
        };
        let (attempted, blocks) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
        pending.blocks = blocks;
        match attempted? {
            Attempt::Queued(outcome, sequence, waiter) => {
                settled(waiter).await?;
                return Ok((outcome, sequence));
            }
            Attempt::Refused(error, waiter) => {
                settled(waiter).await?;
                return Err(error);
            }
            Attempt::Stale => plans_left = plans_left.saturating_sub(1),
            Attempt::Altering(table) => table.wait_until_altered().await,
        }
    }
}

fn attempt(store: &Arc<Store>, id: LoadId, blocks: &mut [Block], under_locks: bool) -> Result<Attempt> {
    let states = tables_of(blocks).into_iter().map(|id| store.table(id)).collect::<Result<Vec<_>>>()?;
    let mut plans = Vec::with_capacity(states.len());
    if !under_locks {
        for state in &states {
            match planned(store, state, blocks)? {
                Ok(plan) => plans.push(plan),
                Err(refused) => return Ok(refused),
            }
        }
    }
    let mut payload = record(id, blocks.len(), &plans)?;
    let gates = match lock_tables(store, &states)? {
        TableLocks::Held(gates) => gates,
        TableLocks::Altering(table) => return Ok(Attempt::Altering(table)),
    };
    if under_locks {
        for state in &states {
            match planned(store, state, blocks)? {
                Ok(plan) => plans.push(plan),
                Err(refused) => return Ok(refused),
            }
        }
        payload = record(id, blocks.len(), &plans)?;
    } else {
        let catalog = store.catalog.snapshot();
        for plan in &plans {
            let table = catalog.table(plan.table.id).ok_or_else(|| catalog.no_table(plan.table.id))?;
            if table.schema_version != plan.table.schema_version || !plan.holds() {
                return Ok(Attempt::Stale);
            }
        }
    }
    let mut outcome = WriteOutcome::default();
    let changes: Vec<Change> = plans.into_iter().map(|plan| change(store, plan, blocks, &mut outcome)).collect();
    let queued = store.pressure.charge(payload.len());
    let (sequence, waiter) = store.log.queue.push(payload, |sequence| Effects {
        tables: changes.into_iter().map(|change| change.apply(sequence)).collect(),
        _queued: Some(queued),
    })?;
    drop(gates);
    Ok(Attempt::Queued(outcome, sequence, waiter))
}

/// The plan for one table, or the refusal of the whole load.
fn planned(store: &Store, state: &Arc<TableState>, blocks: &mut [Block]) -> Result<Result<TablePlan, Attempt>> {
    match plan(store, state, blocks) {
        Ok(plan) => Ok(Ok(plan)),
        Err(error) if matches!(*error.kind, ErrorKind::DuplicateKey { .. }) => {
            Ok(Err(Attempt::Refused(error, store.log.queue.push_barrier(false)?)))
        }
        Err(error) => Err(error),
    }
}

fn record(load: LoadId, blocks: usize, plans: &[TablePlan]) -> Result<Vec<u8>> {
    let blocks = u32::try_from(blocks).map_err(|_| Error::internal("a load has too many blocks"))?;
    let parts: BTreeMap<_, &DecidedPart> =
        plans.iter().flat_map(|plan| &plan.decided).map(|(place, part)| (*place, part)).collect();
    Ok(encode_commit_record(&LoadCommit { load, blocks, parts: parts.into_values().cloned().collect() }))
}

/// What a plan does. The rows that were ready leave their blocks: a number can still be refused,
/// but then the load is over.
fn change(store: &Store, plan: TablePlan, blocks: &mut [Block], outcome: &mut WriteOutcome) -> Change {
    outcome.accepted += plan.outcome.accepted;
    outcome.discarded += plan.outcome.discarded;
    let mut chunks = Vec::with_capacity(blocks.len());
    for (block, planned) in blocks.iter_mut().zip(plan.chunks) {
        let built = block.built.remove(&plan.state.id).map(|built| {
            let charge = store.pressure.charge(built.chunk.bytes());
            MemoryChunk::new(built.chunk, charge)
        });
        chunks.extend(built.or(planned));
    }
    let decision = TableDecision { pieces: Vec::new(), ..plan.decision };
    Change { state: plan.state, chunks, decision }
}
