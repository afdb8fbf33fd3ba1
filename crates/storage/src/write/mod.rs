//! The write path: prepare (no lock), look older rows up in segments (no lock), decide and queue
//! (tables' locks), wait until durable. Where it is asked about series before they are made, the
//! first decision is thrown away, and the second holds. Once queued a request belongs to the log: it runs to its
//! end when the one who asked has gone.

mod decide;
mod existing;
mod load;
mod making;
mod prepare;

pub use load::{Load, LoadLabel};
pub(crate) use load::{Loads, PublishedPart, ReplayedLoads, abort_late, begin as begin_load, find as find_load};
pub(crate) use making::Unasked;
pub use making::{SeriesMaking, SeriesToMake};

use crate::CompactionOptions;
use crate::effects::{Effects, TableEffects};
use crate::log::{RecordPart, encode_parts};
use crate::memtable::{MemoryChunk, MemoryView};
use crate::pieces::chunk_of;
use crate::store::Store;
use crate::table_lock::{TableLocks, lock_tables};
use crate::table_state::TableState;
use catalog::Tombstone;
use decide::{Decider, TableDecision};
use existing::SegmentProbe;
use making::{Allowed, series_to_make};
use model::{Error, ErrorKind, Result, Sequence, TableId, WriteOutcome, WritePart, WriteRequest};
use prepare::{Prepared, PreparedRows, prepare};
use segments::Chunk;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::oneshot;

/// So often older rows are looked up without the lock before it is done under it.
const PROBES: usize = 3;

type Waiter = oneshot::Receiver<Result<()>>;

/// What an attempt to queue a request came to.
enum Attempt {
    /// It waits for the log; `None`: for what came before it, having nothing to log itself.
    Queued(WriteOutcome, Option<Sequence>, Waiter),
    /// It is refused, once what it was decided on is durable.
    Refused(Error, Waiter),
    /// A table is being altered.
    Altering(Arc<TableState>),
    /// It would make these series, and may not yet.
    Makes(Vec<SeriesToMake>),
    /// Segments changed since older rows were looked up.
    Stale,
}

/// One table of a request.
struct Target<'a> {
    state: Arc<TableState>,
    parts: Vec<(usize, &'a Prepared)>,
}

impl Target<'_> {
    fn conditional(&self) -> impl Iterator<Item = &PreparedRows> {
        self.parts.iter().filter_map(|(_, part)| match part {
            Prepared::Rows(rows) if rows.is_conditional() => Some(rows),
            _ => None,
        })
    }
}

/// Writes a request; its number, if it took one, comes with the outcome.
pub(crate) async fn write<M: SeriesMaking>(
    store: &Arc<Store>,
    request: WriteRequest,
    making: &mut M,
) -> Result<(WriteOutcome, Option<Sequence>)> {
    store.pressure.room(|| store.background.ask_flush()).await?;
    wait_for_compaction(store, &request).await?;
    // Of definitions that change from here on the attempt hears.
    let prepared = Arc::new(prepare(&store.catalog.snapshot(), &request)?);
    let mut allowed = Allowed::default();
    let mut probes_left = PROBES;
    loop {
        let probes = if reads_segments(store, &prepared)? {
            let (store, prepared) = (store.clone(), prepared.clone());
            let look_up = move || probe(&store, &prepared);
            tokio::task::spawn_blocking(look_up).await.map_err(Error::internal)??
        } else {
            probe(store, &prepared)?
        };
        match attempt(store, &prepared, probes, probes_left == 0, &*making, &allowed)? {
            Attempt::Queued(outcome, sequence, waiter) => {
                settled(waiter).await?;
                return Ok((outcome, sequence));
            }
            Attempt::Refused(error, waiter) => {
                settled(waiter).await?;
                return Err(error);
            }
            Attempt::Stale => probes_left = probes_left.saturating_sub(1),
            Attempt::Altering(table) => table.wait_until_altered().await,
            Attempt::Makes(series) => {
                allowed.replace(&series);
                making.may_make(series).await?;
            }
        }
    }
}

/// Waits where compaction of a table that is written, or of one of its unique sets, lags too far
/// behind.
async fn wait_for_compaction(store: &Store, request: &WriteRequest) -> Result<()> {
    let CompactionOptions { cpu_percent, segments_limit } = store.options.compaction;
    // Nobody merges, so that waiting does not help.
    if cpu_percent == 0 || store.compactor.is_ending() {
        return Ok(());
    }
    let behind: Vec<Arc<TableState>> = {
        let catalog = store.catalog.snapshot();
        let tables = store.tables.read();
        let written = request.parts.iter().map(|part| match part {
            WritePart::Rows(batch) => batch.table,
            WritePart::Delete(delete) => delete.table,
        });
        let sets = |id| catalog.table(id).into_iter().flat_map(|table| table.unique.iter().map(|set| set.index));
        let ids: BTreeSet<TableId> = written.flat_map(|id| sets(id).chain([id])).collect();
        let states = ids.iter().filter_map(|id| tables.get(id));
        states.filter(|state| state.debt.segments() >= segments_limit).cloned().collect()
    };
    for state in behind {
        if state.debt.is_news() {
            let (table, segments) = (state.id.0, state.debt.waiting());
            tracing::warn!(table, segments, segments_limit, "writers wait for segments to be merged");
        }
        let _waits = store.compactor.writer_waits();
        state.debt.room(segments_limit, store.pressure.patience()).await?;
    }
    Ok(())
}

/// Waits for the log.
pub(crate) async fn settled(waiter: Waiter) -> Result<()> {
    let ended = |_| Error::new(ErrorKind::ReadOnly { reason: "the log writer ended".into() });
    waiter.await.map_err(ended)?
}

fn targets<'a>(store: &Store, prepared: &'a [Prepared]) -> Result<BTreeMap<TableId, Target<'a>>> {
    let mut targets = BTreeMap::new();
    for (i, part) in prepared.iter().enumerate() {
        let id = part.table().id;
        let target = match targets.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Target { state: store.table(id)?, parts: Vec::new() }),
        };
        target.parts.push((i, part));
    }
    Ok(targets)
}

/// Whether a look-up of older rows may read from the disk.
fn reads_segments(store: &Store, prepared: &[Prepared]) -> Result<bool> {
    let targets = targets(store, prepared)?;
    Ok(targets.values().any(|t| t.conditional().next().is_some() && t.state.memory.read().has_segments()))
}

/// Looks up in segments what conditional parts may meet.
fn probe(store: &Store, prepared: &[Prepared]) -> Result<HashMap<TableId, SegmentProbe>> {
    let mut probes = HashMap::new();
    for (id, target) in targets(store, prepared)? {
        if target.conditional().next().is_some() {
            probes.insert(id, probe_table(store, &target)?.0);
        }
    }
    Ok(probes)
}

fn probe_table(store: &Store, target: &Target<'_>) -> Result<(SegmentProbe, MemoryView)> {
    let table = target.parts.first().map(|(_, part)| part.table().clone());
    let table = table.ok_or_else(|| Error::internal("a request without parts"))?;
    SegmentProbe::new(&target.state, &table, &store.spellings, |index| {
        let mut wanted = Vec::new();
        target.conditional().for_each(|rows| rows.wanted(index, &mut wanted));
        wanted
    })
}

/// Decides and queues, under the locks of all tables of the request.
fn attempt(
    store: &Arc<Store>,
    prepared: &[Prepared],
    mut probes: HashMap<TableId, SegmentProbe>,
    probe_here: bool,
    making: &impl SeriesMaking,
    allowed: &Allowed,
) -> Result<Attempt> {
    let targets = targets(store, prepared)?;
    let gates = match lock_tables(store, targets.values().map(|target| &target.state))? {
        TableLocks::Held(gates) => gates,
        TableLocks::Altering(table) => return Ok(Attempt::Altering(table)),
    };
    let catalog = store.catalog.snapshot();
    for part in prepared {
        let table = catalog.table(part.table().id).ok_or_else(|| catalog.no_table(part.table().id))?;
        if table.schema_version != part.table().schema_version {
            return Err(Error::new(ErrorKind::SchemaChanged { table: table.name.clone() }));
        }
    }
    let mut outcome = WriteOutcome::default();
    let mut record: Vec<Option<RecordPart>> = prepared.iter().map(|_| None).collect();
    let mut changes = Vec::with_capacity(targets.len());
    let (mut makes, mut makes_others) = (Vec::new(), false);
    for (id, target) in &targets {
        let conditional = target.conditional().next().is_some();
        let mut memory = MemoryView::default();
        if conditional {
            // Seen once: a flush may move rows from memory to segments at any time.
            let generation;
            (generation, memory) = target.state.seen();
            if !probes.get(id).is_some_and(|p| p.holds(generation, &memory.tombstones)) {
                if !probe_here {
                    return Ok(Attempt::Stale);
                }
                let probe;
                (probe, memory) = probe_table(store, target)?;
                probes.insert(*id, probe);
            }
        }
        match decide_table(target, &memory, probes.get(id), conditional, &mut outcome, &mut record) {
            Ok(decision) => {
                if let Some((_, part)) = target.parts.first()
                    && !decision.new.is_empty()
                    && making.asks(part.table())
                {
                    makes_others |= !allowed.covers(*id, &decision);
                    makes.push(series_to_make(part.table(), &decision)?);
                }
                changes.push(Change::new(store, target.state.clone(), decision)?);
            }
            Err(error) if matches!(*error.kind, ErrorKind::DuplicateKey { .. }) => {
                return Ok(Attempt::Refused(error, store.log.queue.push_barrier(false)?));
            }
            Err(error) => return Err(error),
        }
    }
    if makes_others {
        return Ok(Attempt::Makes(makes));
    }
    let record: Vec<RecordPart> = record.into_iter().flatten().collect();
    if record.is_empty() {
        return Ok(Attempt::Queued(outcome, None, store.log.queue.push_barrier(false)?));
    }
    let payload = encode_parts(&record);
    let queued = store.pressure.charge(payload.len());
    let (sequence, waiter) = store.log.queue.push(payload, |sequence| Effects {
        tables: changes.into_iter().map(|change| change.apply(sequence)).collect(),
        _queued: Some(queued),
    })?;
    drop(gates);
    Ok(Attempt::Queued(outcome, Some(sequence), waiter))
}

fn decide_table(
    target: &Target<'_>,
    memory: &MemoryView,
    probe: Option<&SegmentProbe>,
    conditional: bool,
    outcome: &mut WriteOutcome,
    record: &mut [Option<RecordPart>],
) -> Result<TableDecision> {
    let series = target.state.series.read();
    let Some((_, first)) = target.parts.first() else { return Ok(TableDecision::default()) };
    let mut decider = Decider::new(first.table(), &series, memory, probe, conditional);
    for (at, part) in &target.parts {
        let part = match part {
            Prepared::Delete(_, delete) => Some(decider.delete(delete)),
            Prepared::Rows(rows) => {
                let decided = decider.rows(rows)?;
                outcome.accepted += decided.accepted;
                outcome.discarded += decided.discarded;
                decided.part
            }
        };
        if let Some(slot) = record.get_mut(*at) {
            *slot = part;
        }
    }
    Ok(decider.decision)
}

/// What a request does to one table, ready to be done at its number.
struct Change {
    state: Arc<TableState>,
    chunks: Vec<MemoryChunk>,
    decision: TableDecision,
}

impl Change {
    fn new(store: &Store, state: Arc<TableState>, mut decision: TableDecision) -> Result<Self> {
        let pieces = std::mem::take(&mut decision.pieces);
        let chunk = chunk_of(Sequence::ZERO, pieces)?.map(|chunk: Chunk| {
            let charge = store.pressure.charge(chunk.bytes());
            MemoryChunk::new(chunk, charge)
        });
        Ok(Self { state, chunks: chunk.into_iter().collect(), decision })
    }

    /// Runs under the queue's lock.
    fn apply(self, sequence: Sequence) -> TableEffects {
        let Self { state, chunks, decision } = self;
        let TableDecision { new, dropped, attributes, tombstones, newest, .. } = decision;
        let made = new.len();
        {
            let mut series = state.series.write();
            series.end(&dropped, sequence);
            for (new, hash) in new {
                series.add(&new.key, hash, &new.attributes, sequence);
            }
            for (id, time) in newest {
                series.saw(id, time);
            }
            series.queue_attributes(attributes.len());
        }
        {
            let mut memory = state.memory.write();
            for (keys, time) in tombstones {
                memory.delete(Tombstone { sequence, keys, time });
            }
            for chunk in chunks {
                memory.push(chunk.at(sequence));
            }
        }
        TableEffects { table: state, new: made, dropped, attributes }
    }
}
