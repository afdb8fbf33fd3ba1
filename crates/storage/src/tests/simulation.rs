//! Several writers at once play random requests, changes, drops, flushes and full disks on a disk
//! that forgets, until it is closed, crashes, or its power ends at some operation. Then it is
//! opened again and compared with the naive model: every acknowledged request is there, in the
//! order of its number; one that was not acknowledged is there whole or not at all.

mod compaction;
mod loads;

use super::backups::{Copied, back_up};
use super::dice::Dice;
use super::fixture::{Fixture, keyed_table, options, rows_of, scan, series_of, series_table};
use super::last_values;
use super::log_files::{is_refused_without, required};
use super::naive::{Event, Naive, Shown};
use super::random;
use crate::{ScanDescription, ScanKeys, StorageOptions, TableView, WalSync};
use catalog::{Change, CommitError, LoadState, LogFiles};
use files::ForgetfulFiles;
use model::{
    Column, ColumnId, ColumnRole, Error, ErrorKind, KeyBytes, LoadId, Sequence, Table, TableId, TimeBounds, Value,
    WriteOutcome,
};
use parking_lot::Mutex;
use std::sync::Arc;

const WRITERS: u64 = 3;
const STEPS: u64 = 14;
const ROUNDS: u64 = 3;

/// What happened while the store ran.
#[derive(Debug, Default)]
struct Journal {
    /// Tables that were made, or may have been.
    created: Vec<Table>,
    acknowledged: Vec<(Sequence, Event, WriteOutcome)>,
    /// At most one for each writer.
    unanswered: Vec<Event>,
    views: Vec<TableView>,
    /// Dropped tables, and the number of that.
    dropped: Vec<(TableId, Sequence)>,
    /// Scans of views that are kept (true), and of others whose sources may go.
    described: Vec<(ScanDescription, bool)>,
    backups: Vec<Copied>,
    next_table: u64,
    /// Loads that are open, with the tables that they write.
    loads: Vec<(LoadId, Vec<TableId>)>,
    /// Loads that may have a block that nobody answered for.
    spoiled: Vec<LoadId>,
    /// Loads that were published with that number, for certain.
    published: Vec<(LoadId, Sequence)>,
    /// How many compactions were committed.
    merged: u64,
}

struct Writer {
    fixture: Fixture,
    journal: Arc<Mutex<Journal>>,
    /// Drops come one after the other.
    dropping: Arc<tokio::sync::Mutex<()>>,
    dice: Dice,
}

fn now(fixture: &Fixture) -> Vec<Table> {
    fixture.catalog.snapshot().tables().map(|t| Table::clone(t)).collect()
}

/// Whether an error says that nothing happened and it may go on.
fn goes_on(error: &Error) -> bool {
    matches!(
        *error.kind,
        ErrorKind::SchemaChanged { .. }
            | ErrorKind::TableNotFound { .. }
            | ErrorKind::DuplicateKey { .. }
            | ErrorKind::DiskFull { .. }
            | ErrorKind::QueryCancelled { .. }
    )
}

impl Writer {
    async fn run(mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let goes_on = match self.dice.below(40) {
                0 | 1 => {
                    // Whatever it says: it may not lose anything.
                    let _ = self.fixture.storage.flush().await;
                    true
                }
                2 | 3 => self.change().await?,
                4 => self.drop_and_create().await?,
                5 | 6 => {
                    let tables = now(&self.fixture);
                    let id = self.dice.pick(&tables).id;
                    if let Ok(view) = self.fixture.storage.view(id) {
                        let columns: Vec<ColumnId> = view.table().columns.iter().map(|c| c.id).collect();
                        let description = view.describe(&columns, TimeBounds::ALL, &ScanKeys::All);
                        let mut journal = self.journal.lock();
                        let is_kept = !self.dice.one_in(3);
                        journal.described.push((description.map_err(|e| e.to_string())?, is_kept));
                        if is_kept {
                            journal.views.push(view);
                        }
                    }
                    true
                }
                11 => {
                    let previous = self.journal.lock().backups.last().cloned();
                    let copied = back_up(&self.fixture, previous).await?;
                    self.journal.lock().backups.extend(copied);
                    true
                }
                17..=21 => self.load().await?,
                22 => self.statement().await?,
                15 => {
                    let tables = now(&self.fixture);
                    let id = self.dice.pick(&tables).id;
                    if let Ok(view) = self.fixture.storage.view(id) {
                        last_values::compare(&view, last_values::random_since(&mut self.dice))?;
                    }
                    true
                }
                16 => {
                    self.compact_all().await?;
                    true
                }
                8..=10 => {
                    self.open_described()?;
                    true
                }
                12..=14 => {
                    self.compact().await?;
                    true
                }
                7 => {
                    self.fixture.disk.set_full(true);
                    tokio::task::yield_now().await;
                    let more = self.write().await?;
                    self.fixture.disk.set_full(false);
                    more
                }
                _ => self.write().await?,
            };
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// Opens a described scan: it is the view that it was, or something of it is gone.
    fn open_described(&mut self) -> Result<(), String> {
        let mut journal = self.journal.lock();
        if journal.described.is_empty() {
            return Ok(());
        }
        let (description, is_kept) = self.dice.pick(&journal.described).clone();
        let read = ScanDescription::from_bytes(&description.to_bytes()).map_err(|e| e.to_string())?;
        match self.fixture.storage.open_scan(&read) {
            Ok(opened) => journal.views.push(opened.view),
            Err(error) if matches!(*error.kind, ErrorKind::TableNotFound { .. }) => {}
            Err(error) if is_kept => return Err(format!("{error}, though a view holds {description:?}")),
            Err(error) if matches!(*error.kind, ErrorKind::SchemaChanged { .. }) => {}
            Err(error) if error.to_string().contains("gone") => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<bool, String> {
        let request = random::request(&mut self.dice, &now(&self.fixture));
        match self.fixture.storage.write_numbered(request.clone()).await {
            Ok((outcome, Some(number))) => {
                self.journal.lock().acknowledged.push((number, Event::Write(request), outcome));
                Ok(true)
            }
            Ok((_, None)) => Ok(true),
            Err(error) if goes_on(&error) => Ok(true),
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. }) => Err(error.to_string()),
            Err(_) => {
                self.journal.lock().unanswered.push(Event::Write(request));
                Ok(false)
            }
        }
    }

    async fn change(&mut self) -> Result<bool, String> {
        let tables = now(&self.fixture);
        let id = self.dice.pick(&tables).id;
        let dice = &mut self.dice;
        let mut made = None;
        let changed = self.fixture.storage.change_table(id, |table, number| {
            let changed = random::change(dice, table, number);
            made = Some((number, changed.clone()));
            Ok((changed, Vec::new()))
        });
        let result = changed.await;
        let Some((number, table)) = made else { return Ok(result.as_ref().err().is_none_or(goes_on)) };
        match result {
            Ok(_) => {
                let event = Event::Change(table);
                self.journal.lock().acknowledged.push((number, event, WriteOutcome::default()));
                Ok(true)
            }
            Err(error) if goes_on(&error) => Ok(true),
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. }) => Err(error.to_string()),
            Err(_) => {
                self.journal.lock().unanswered.push(Event::Change(table));
                Ok(false)
            }
        }
    }

    async fn drop_and_create(&mut self) -> Result<bool, String> {
        let _one = self.dropping.lock().await;
        let tables = now(&self.fixture);
        let old = self.dice.pick(&tables).clone();
        let new = {
            let mut journal = self.journal.lock();
            journal.next_table += 1;
            let like = if old.time_column().is_some() { series_table } else { keyed_table };
            let new = Table { name: old.name.clone(), ..like(journal.next_table) };
            journal.created.push(new.clone());
            new
        };
        loop {
            let version = self.fixture.catalog.snapshot().version;
            let changes = vec![Change::DropTable(old.id), Change::PutTable(Box::new(new.clone()))];
            match self.fixture.storage.change_schema(version, changes).await {
                Ok(number) => {
                    self.journal.lock().dropped.push((old.id, number));
                    break;
                }
                Err(CommitError::Conflict) => {}
                // A full disk lets it go on, a dead one will tell at the next step.
                Err(CommitError::Failed(_)) => return Ok(true),
            }
        }
        self.fixture.storage.forget_table(old.id).await.map_err(|e| e.to_string())?;
        Ok(true)
    }
}

fn shown(fixture: &Fixture, id: TableId) -> Shown {
    let view = fixture.storage.view(id).unwrap();
    let series = if view.table().time_column().is_some() { series_of(&view) } else { Vec::new() };
    Shown { schema_version: view.table().schema_version, rows: rows_of(&view), series }
}

/// What one shows and the other does not.
fn difference(expected: &Shown, found: &Shown) -> String {
    let versions = (expected.schema_version, found.schema_version);
    let sides = [(&expected.rows, &found.rows), (&expected.series, &found.series)].map(|(expected, found)| {
        let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
        let extra: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
        format!("expected {missing:?}, found {extra:?}")
    });
    format!("versions {versions:?}\nrows: {}\nseries: {}", sides[0], sides[1])
}

/// Compares every table that is there.
pub(super) fn compare(fixture: &Fixture, naive: &Naive) -> Result<(), String> {
    for table in now(fixture) {
        if !naive.has(table.id) {
            return Err(format!("nobody made table {}", table.id));
        }
        let (expected, found) = (naive.shown(table.id, true), shown(fixture, table.id));
        if expected != found {
            return Err(format!("table {}: {}", table.id, difference(&expected, &found)));
        }
        let view = fixture.storage.view(table.id).unwrap();
        last_values::compare(&view, i64::MIN).map_err(|e| format!("table {}: {e}", table.id))?;
    }
    Ok(())
}

/// Compares a view with the model at its number: rows and keys; attributes may be newer.
fn compare_view(view: &TableView, naive: &Naive) -> Result<(), String> {
    let table = view.table();
    let expected = naive.shown(table.id, false);
    if expected.schema_version != table.schema_version {
        return Ok(());
    }
    let columns: Vec<&Column> = table.columns.iter().filter(|c| c.role != ColumnRole::Attribute).collect();
    let ids: Vec<ColumnId> = columns.iter().map(|c| c.id).collect();
    let found = scan(view, &ids, ScanKeys::All, TimeBounds::ALL);
    let places: Vec<usize> = ids.iter().map(|id| table.columns.iter().position(|c| c.id == *id).unwrap()).collect();
    let rows: Vec<Vec<Value>> =
        expected.rows.iter().map(|row| places.iter().map(|place| row[*place].clone()).collect()).collect();
    if rows != found {
        return Err(format!(
            "a view of table {} at {}:\nexpected {rows:?}\nfound {found:?}",
            table.id,
            view.sequence()
        ));
    }
    compare_keys(view)?;
    last_values::compare(view, i64::MIN)
}

/// Series found by their keys are those of the list.
fn compare_keys(view: &TableView) -> Result<(), String> {
    if view.table().time_column().is_none() {
        return Ok(());
    }
    let all = view.series(&[]).map_err(|e| e.to_string())?.ids;
    let index = view.series_index().read();
    let keys: Vec<KeyBytes> = all.iter().map(|id| KeyBytes(index.entry(*id).unwrap().key.into())).collect();
    drop(index);
    let some: Vec<KeyBytes> = keys.iter().rev().step_by(2).cloned().chain([KeyBytes([9].into())]).collect();
    let Some((found, count)) = view.series_with_keys(&some, &[]).map_err(|e| e.to_string())? else { return Ok(()) };
    let expected = all.iter().zip(&keys).filter(|(_, key)| some.contains(key)).map(|(id, _)| *id);
    if found.ids != expected.collect::<Vec<_>>() || count != all.len() {
        return Err(format!("{} of {count} series found by key at {}", found.ids.len(), view.sequence()));
    }
    Ok(())
}

/// What is wrong.
#[derive(Debug)]
enum Problem {
    /// What is there is right, but the newest of the acknowledged writes are missing.
    Loss,
    Other(String),
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Other(problem)
    }
}

/// Whether a store shows what it showed `before` and the first of what was acknowledged since: all
/// changes of definitions, and not all of the writes.
fn is_without_the_last(fixture: &Fixture, before: &Naive, journal: &Journal) -> bool {
    (0..journal.acknowledged.len()).any(|kept| {
        let mut naive = before.clone();
        let events = journal.acknowledged.iter().map(|(_, event, _)| event).enumerate();
        let mut kept = events.filter(|(at, event)| *at < kept || matches!(event, Event::Change(_)));
        let possible = kept.try_for_each(|(_, event)| naive.apply(event).map(drop)).is_ok();
        possible
            && orders(&journal.unanswered).iter().any(|order| {
                let mut naive = naive.clone();
                order.iter().try_for_each(|e| naive.apply(e).map(drop)).is_ok() && compare(fixture, &naive).is_ok()
            })
    })
}

/// Every order of every part of some events.
fn orders(events: &[Event]) -> Vec<Vec<Event>> {
    let mut all = vec![Vec::new()];
    for (i, first) in events.iter().enumerate() {
        let mut rest = events.to_vec();
        rest.remove(i);
        for mut order in orders(&rest) {
            order.insert(0, first.clone());
            all.push(order);
        }
    }
    all
}

/// Every way to put events that nobody answered among changes that came last: a change is answered
/// by the catalogue, also when a record before it never becomes durable.
fn among(unanswered: &[Event], changes: &[Event]) -> Vec<Vec<Event>> {
    let Some((change, rest)) = changes.split_first() else { return vec![unanswered.to_vec()] };
    let split = (0..=unanswered.len()).map(|at| unanswered.split_at(at));
    split
        .flat_map(|(earlier, later)| {
            let begin = [earlier, std::slice::from_ref(change)].concat();
            among(later, rest).into_iter().map(move |end| [begin.clone(), end].concat())
        })
        .collect()
}

/// Plays one seed; how many compactions there were. The error tells what is wrong.
async fn play(seed: u64, options: &dyn Fn(&mut Dice) -> StorageOptions) -> Result<u64, Problem> {
    let mut dice = Dice::new(seed);
    let mut disk = ForgetfulFiles::new();
    let mut naive = Naive::default();
    let mut next_table = 3;
    let (mut loads, mut spoiled) = (Vec::new(), Vec::new());
    let mut merged = 0;
    let mut unique = keyed_table(3);
    unique.hidden = true;
    let tables = vec![series_table(1), keyed_table(2), unique];
    tables.iter().for_each(|t| naive.create(t.clone()));
    for round in 0..ROUNDS {
        let fixture = Fixture::open(&disk, options(&mut dice)).map_err(|e| format!("opening: {e}"))?;
        if round == 0 {
            fixture.create(tables.clone()).await.map_err(|e| e.to_string())?;
        } else {
            compare(&fixture, &naive)?;
        }
        if dice.one_in(2) {
            disk.fail_at(disk.operations() + dice.below(250));
        }
        for id in std::mem::take(&mut spoiled) {
            if let Some(load) = fixture.storage.find_load(id) {
                let _ = load.abort().await;
            }
        }
        let loads_before = std::mem::take(&mut loads);
        let journal = Arc::new(Mutex::new(Journal { next_table, loads: loads_before, ..Journal::default() }));
        let dropping = Arc::new(tokio::sync::Mutex::new(()));
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let (fixture, journal, dropping) = (fixture.clone(), journal.clone(), dropping.clone());
                let dice = Dice::new(dice.next());
                tokio::spawn(Writer { fixture, journal, dropping, dice }.run())
            })
            .collect();
        for writer in writers {
            writer.await.map_err(|e| format!("a writer: {e}"))??;
        }
        let mut journal = std::mem::take(&mut *journal.lock());
        next_table = journal.next_table;
        spoiled.extend(journal.spoiled.iter().copied());
        if is_lax(&fixture) {
            // Blocks that were answered may be lost, and nobody would see it.
            spoiled.extend(journal.loads.iter().map(|(id, _)| *id));
        }
        journal.loads.retain(|(id, _)| !spoiled.contains(id));
        loads.clone_from(&journal.loads);
        merged += journal.merged;
        journal.created.iter().for_each(|t| naive.create(t.clone()));
        let before = naive.clone();
        journal.acknowledged.sort_by_key(|(number, ..)| *number);
        journal.views.sort_by_key(TableView::sequence);
        let mut views = journal.views.iter().peekable();
        journal.backups.sort_by_key(|backup| backup.sequence);
        let mut backups = journal.backups.iter().peekable();
        for (number, event, outcome) in &journal.acknowledged {
            let late = |(id, dropped): &&(TableId, Sequence)| event.touches(*id) && number > dropped;
            if let Some((id, dropped)) = journal.dropped.iter().find(late) {
                return Err(format!("{number} {event:?} came after table {id} was dropped by {dropped}").into());
            }
            while let Some(view) = views.next_if(|v| v.sequence() < *number) {
                compare_view(view, &naive)?;
            }
            while let Some(backup) = backups.next_if(|b| b.sequence < *number) {
                backup.restored()?.shows(&naive).await?;
            }
            let expected = naive.apply(event).map_err(|e| format!("{number} {event:?}: {}", e.0))?;
            if expected != *outcome {
                return Err(format!("{number} {event:?}: expected {expected:?}, answered {outcome:?}").into());
            }
        }
        views.try_for_each(|view| compare_view(view, &naive))?;
        for backup in backups {
            backup.restored()?.shows(&naive).await?;
        }
        compare(&fixture, &naive).map_err(|e| {
            format!(
                "before the end of round {round}: {e}\nvisible {}\nacknowledged: {:?}\nunanswered: {:?}",
                fixture.storage.view(TableId(1)).map_or(Sequence::ZERO, |v| v.sequence()),
                journal.acknowledged,
                journal.unanswered
            )
        })?;

        if dice.one_in(3) {
            let _ = fixture.storage.close().await;
        }
        let crash_seed = *dice.pick(&[0, u64::MAX, 1 + dice.clone().below(1000)]);
        disk = disk.crash(crash_seed);
        drop((fixture, std::mem::take(&mut journal.views)));
        if let Some(LogFiles { first, last }) = required(&disk) {
            is_refused_without(&disk, first + dice.below(last - first + 1))?;
        }
        if dice.one_in(3) {
            // Power ends again while it starts.
            disk.fail_at(dice.below(20));
            drop(Fixture::open(&disk, options(&mut dice)));
            disk = disk.crash(dice.next());
        }
        let fixture = Fixture::open(&disk, options(&mut dice)).map_err(|e| format!("opening after a crash: {e}"))?;
        let loads_there = fixture.catalog.snapshot();
        for (id, number) in &journal.published {
            let state = loads_there.load(*id).map(|load| load.state);
            if state.is_some_and(|state| state != LoadState::Committed(*number)) && !is_lax(&fixture) {
                return Err(format!("load {id} was published with {number}, but is {state:?}").into());
            }
        }
        for (id, _) in &loads {
            let is_open = loads_there.load(*id).is_some_and(|load| load.state == LoadState::Open);
            if is_open != fixture.storage.find_load(*id).is_some() {
                return Err(format!("load {id} is {:?}, but cannot be gone on with", loads_there.load(*id)).into());
            }
        }
        let mut problems = Vec::new();
        let answered: Vec<&Event> = journal.acknowledged.iter().map(|(_, event, _)| event).collect();
        let writes = answered.iter().rposition(|e| !matches!(e, Event::Change(_))).map_or(0, |last| last + 1);
        let mut written = before.clone();
        for event in &answered[..writes] {
            written.apply(event).map_err(|e| e.0)?;
        }
        let changes: Vec<Event> = answered[writes..].iter().map(|event| (*event).clone()).collect();
        let possible = orders(&journal.unanswered).into_iter().flat_map(|order| among(&order, &changes));
        let found = possible.into_iter().find_map(|order| {
            let mut candidate = written.clone();
            order.iter().try_for_each(|e| candidate.apply(e).map(drop)).ok()?;
            match compare(&fixture, &candidate) {
                Ok(()) => Some(candidate),
                Err(error) => {
                    problems.push(error);
                    None
                }
            }
        });
        naive = found.ok_or_else(|| {
            // The order that comes nearest tells most.
            let nearest = problems.iter().min_by_key(|problem| problem.len());
            let problem = format!("after round {round}: {nearest:?}\nunanswered: {:?}", journal.unanswered);
            let lost = is_without_the_last(&fixture, &before, &journal);
            if lost { Problem::Loss } else { Problem::Other(problem) }
        })?;
        drop(fixture);
    }
    Ok(merged)
}

fn is_lax(fixture: &Fixture) -> bool {
    fixture.storage.threads.store.is_lax()
}

fn durable(dice: &mut Dice) -> StorageOptions {
    StorageOptions {
        log_file_bytes: *dice.pick(&[300, 2_000, 1 << 20]),
        flush_bytes: *dice.pick(&[4_000, 1 << 30]),
        last_values_bytes: *dice.pick(&[0, 3_000, 1 << 20, 1 << 20]),
        // None, some and all of what tables give to a flush.
        pack_bytes: *dice.pick(&[0, 4_500, 1 << 20, 1 << 20]),
        ..options()
    }
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let first = number("SIMULATION_SEED").unwrap_or(0);
    first..first + number("SIMULATION_SEEDS").unwrap_or(300)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_acknowledged_is_there_after_any_crash() {
    let mut merged = 0;
    for seed in seeds() {
        match play(seed, &durable).await {
            Ok(compactions) => merged += compactions,
            Err(problem) => panic!("seed {seed} (SIMULATION_SEED={seed} SIMULATION_SEEDS=1): {problem:?}"),
        }
    }
    println!("{merged} compactions");
    assert!(merged > 0 || seeds().count() < 10);
}

/// The check above has teeth: where nothing is synced before it is answered, it finds that
/// acknowledged writes are missing. And nothing else: what is left opens, and is the beginning of
/// what was written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_syncs_the_same_check_finds_a_loss() {
    let lax = |dice: &mut Dice| StorageOptions { wal_sync: WalSync::Off, ..durable(dice) };
    let mut losses = 0;
    for seed in seeds().take(60) {
        match play(seed, &lax).await {
            Ok(_) => {}
            Err(Problem::Loss) => losses += 1,
            Err(Problem::Other(problem)) => panic!("seed {seed}: {problem}"),
        }
    }
    assert!(losses > 0, "so many seeds without syncs lost nothing");
}
