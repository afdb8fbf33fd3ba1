//! Requests that nobody waits for any more, dropped at each of their await points: memory, log and
//! the next start agree on whether one happened, and it happened whole or not at all.

use super::dice::Dice;
use super::fixture::{Fixture, keyed_table, options, series_table};
use super::naive::{Event, Naive};
use super::random;
use super::simulation::compare;
use crate::{CompactionOptions, StorageOptions};
use files::ForgetfulFiles;
use model::{ErrorKind, Result, Table};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// A request that needs more polls than this is stuck.
const POLLS_MAX: usize = 40;

/// Polls a future so many times at most, each time when it is ready for it, and drops it; what it
/// gave, if it ended.
async fn polled<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(given) => Poll::Ready(Some(given)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Whether the store took it; `None`: nobody knows.
fn taken<T>(answer: Option<Result<T>>, what: &dyn std::fmt::Debug) -> Option<bool> {
    match answer? {
        Ok(_) => Some(true),
        Err(error) => {
            let refused = matches!(*error.kind, ErrorKind::DuplicateKey { .. } | ErrorKind::SchemaChanged { .. });
            assert!(refused, "{what:?}: {error}");
            Some(false)
        }
    }
}

fn tables(fixture: &Fixture) -> Vec<Table> {
    fixture.catalog.snapshot().tables().map(|table| Table::clone(table)).collect()
}

/// What has room for little, so that requests wait for flushes and compactions too.
fn narrow(dice: &mut Dice) -> StorageOptions {
    StorageOptions {
        flush_bytes: *dice.pick(&[2_000, 1 << 30]),
        memory_limit_bytes: *dice.pick(&[8_000, 1 << 30]),
        log_file_bytes: *dice.pick(&[300, 1 << 20]),
        compaction: *dice.pick(&[
            CompactionOptions { cpu_percent: 50, segments_limit: 2 },
            CompactionOptions { cpu_percent: 0, ..CompactionOptions::default() },
        ]),
        ..options()
    }
}

#[derive(Debug, Default)]
struct Counts {
    dropped: u64,
    /// Of those, how many the store carried out all the same.
    done: u64,
    polls: usize,
}

struct Run {
    fixture: Fixture,
    naive: Naive,
    counts: Counts,
}

impl Run {
    /// Settles whether an event happened, by what the store shows, and that a start shows the same.
    async fn settle(&mut self, event: Option<&Event>, taken: Option<bool>, place: &str) {
        // Whatever was handed over has ended once this has.
        let barrier = self.fixture.storage.threads.store.log.queue.push_barrier(true).unwrap();
        barrier.await.unwrap().unwrap();
        let with = event.and_then(|event| {
            let mut with = self.naive.clone();
            with.apply(event).ok().map(|_| with)
        });
        let candidates = [(true, with), (false, Some(self.naive.clone()))];
        let mut problems = Vec::new();
        let found = candidates.into_iter().find_map(|(happened, naive)| {
            let naive = naive.filter(|_| taken.is_none_or(|taken| taken == happened))?;
            let shown = compare(&self.fixture, &naive);
            shown.map_err(|problem| problems.push(problem)).ok().map(|()| (happened, naive))
        });
        let (happened, naive) = found.unwrap_or_else(|| panic!("{place}: {event:?}: {problems:?}"));
        if taken.is_none() {
            self.counts.dropped += 1;
            self.counts.done += u64::from(happened);
        }
        self.naive = naive;
        for seed in [0, u64::MAX] {
            let again = Fixture::open(&self.fixture.disk.crash(seed), options()).unwrap();
            compare(&again, &self.naive).unwrap_or_else(|e| panic!("{place}: {event:?}, after a start: {e}"));
        }
    }

    /// One request, dropped after one poll, two, and so on, until it ends by itself.
    async fn write(&mut self, dice: &mut Dice, place: &str) {
        let request = random::request(dice, &tables(&self.fixture));
        let event = Event::Write(request.clone());
        for times in 0..POLLS_MAX {
            let answer = polled(self.fixture.storage.write(request.clone()), times).await;
            let taken = taken(answer, &event);
            self.settle(Some(&event), taken, &format!("{place}, dropped after {times} polls")).await;
            self.counts.polls = self.counts.polls.max(times);
            if taken.is_some() {
                return;
            }
        }
        panic!("{place}: {event:?} does not end");
    }

    /// A change of a definition, dropped, with a write beside it that must wait for it.
    async fn change(&mut self, dice: &mut Dice, place: &str) {
        let all = tables(&self.fixture);
        let (id, request) = (dice.pick(&all).id, random::request(dice, &all));
        for times in 0..POLLS_MAX {
            let mut made = None;
            let change = self.fixture.storage.change_table(id, |table, number| {
                let changed = random::change(dice, table, number);
                made = Some(changed.clone());
                Ok((changed, Vec::new()))
            });
            let answer = polled(change, times).await;
            let beside = polled(self.fixture.storage.write(request.clone()), times).await;
            // The change runs on, and the next one waits for it.
            let ended = self.fixture.storage.change_table(id, |_, _| Err(ErrorKind::ShuttingDown {}.into())).await;
            assert_eq!(*ended.unwrap_err().kind, ErrorKind::ShuttingDown {});
            let changed = made.map(Event::Change);
            let place = format!("{place}, a change dropped after {times} polls");
            let taken_change = taken(answer, &changed);
            // What was written beside it came after it.
            let write = Event::Write(request.clone());
            let now = self.fixture.catalog.snapshot().table(id).unwrap().schema_version;
            let happened = changed.filter(|event| matches!(event, Event::Change(table) if table.schema_version == now));
            assert!(taken_change != Some(true) || happened.is_some(), "{place}");
            if let Some(change) = &happened {
                self.naive.apply(change).unwrap();
            }
            self.settle(Some(&write), taken(beside, &write), &place).await;
            if taken_change.is_some() {
                return;
            }
        }
        panic!("{place}: a change does not end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_dropped_at_any_await_point_happened_whole_or_not_at_all() {
    let mut counts = Counts::default();
    for seed in 0..12 {
        let mut dice = Dice::new(seed);
        let fixture = Fixture::open(&ForgetfulFiles::new(), narrow(&mut dice)).unwrap();
        let tables = vec![series_table(1), keyed_table(2)];
        fixture.create(tables.clone()).await.unwrap();
        let mut naive = Naive::default();
        tables.into_iter().for_each(|table| naive.create(table));
        let mut run = Run { fixture, naive, counts };
        for step in 0..10 {
            let place = format!("seed {seed}, step {step}");
            match dice.below(6) {
                0 => run.fixture.storage.flush().await.unwrap(),
                1 => run.change(&mut dice, &place).await,
                _ => run.write(&mut dice, &place).await,
            }
        }
        counts = run.counts;
    }
    println!("{counts:?}");
    let Counts { dropped, done, polls } = counts;
    assert!(dropped > 100 && done > 20 && done < dropped && polls >= 3, "{dropped}, {done}, {polls}");
}
