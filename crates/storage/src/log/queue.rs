//! The queue between writers and the log: where numbers are taken. A number and its place in the
//! log are one step under one lock, and what the record does to memory happens inside it, so that
//! nothing is ever published before it is in memory.

use crate::Clock;
use crate::effects::Effects;
use crate::sequence::Sequencer;
use model::{Error, ErrorKind, Result, Sequence};
use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// One request on its way into the log.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its number; the newest one before it, when it logs nothing.
    pub(crate) sequence: Sequence,
    /// What is logged; `None`: nothing, it only waits for what came before.
    pub(crate) payload: Option<Vec<u8>>,
    /// What it did to memory.
    pub(crate) effects: Effects,
    /// Whether the log must be synced before it is answered, whatever the setting.
    pub(crate) sync: bool,
    /// Who waits.
    pub(crate) done: oneshot::Sender<Result<()>>,
}

/// Why the queue takes nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The disk was full; what was queued is being undone. Short.
    DiskFull,
    /// A write or sync failed. For ever.
    Failed(String),
    /// The store is being closed.
    Closed,
}

impl Refusal {
    pub(crate) fn error(&self) -> Error {
        Error::new(match self {
            Self::DiskFull => ErrorKind::DiskFull {},
            Self::Failed(reason) => ErrorKind::ReadOnly { reason: reason.clone() },
            Self::Closed => ErrorKind::ShuttingDown {},
        })
    }
}

#[derive(Debug)]
struct State {
    sequencer: Sequencer,
    entries: Vec<Entry>,
    refusal: Option<Refusal>,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct LogQueue {
    state: Mutex<State>,
    filled: Condvar,
    clock: Arc<dyn Clock>,
}

impl LogQueue {
    /// An empty queue that numbers after `last`.
    pub(crate) fn new(last: Sequence, clock: Arc<dyn Clock>) -> Self {
        let state = State { sequencer: Sequencer::after(last), entries: Vec::new(), refusal: None };
        Self { state: Mutex::new(state), filled: Condvar::new(), clock }
    }

    /// Takes a number and a place. `apply` changes memory for that number; it runs under the
    /// queue's lock and must be short.
    pub(crate) fn push(
        &self,
        payload: Vec<u8>,
        apply: impl FnOnce(Sequence) -> Effects,
    ) -> Result<(Sequence, oneshot::Receiver<Result<()>>)> {
        let mut state = self.state.lock();
        if let Some(refusal) = &state.refusal {
            return Err(refusal.error());
        }
        let sequence = state.sequencer.next(self.clock.as_ref());
        let (done, receiver) = oneshot::channel();
        let effects = apply(sequence);
        state.entries.push(Entry { sequence, payload: Some(payload), effects, sync: false, done });
        self.filled.notify_one();
        Ok((sequence, receiver))
    }

    /// Takes a place without a number: answered when everything before it is.
    pub(crate) fn push_barrier(&self, sync: bool) -> Result<oneshot::Receiver<Result<()>>> {
        let mut state = self.state.lock();
        if let Some(refusal) = &state.refusal {
            return Err(refusal.error());
        }
        let (done, receiver) = oneshot::channel();
        let sequence = state.sequencer.last();
        state.entries.push(Entry { sequence, payload: None, effects: Effects::default(), sync, done });
        self.filled.notify_one();
        Ok(receiver)
    }

    /// Takes a number for a change that is not logged.
    pub(crate) fn take_number(&self) -> Result<Sequence> {
        let mut state = self.state.lock();
        match &state.refusal {
            Some(refusal) => Err(refusal.error()),
            None => Ok(state.sequencer.next(self.clock.as_ref())),
        }
    }

    /// The newest number issued.
    pub(crate) fn last_number(&self) -> Sequence {
        self.state.lock().sequencer.last()
    }

    /// Everything queued; waits until there is something, it is closed, or the time has come.
    /// The flag says that no more will come.
    pub(super) fn take(&self, until: Option<Instant>) -> (Vec<Entry>, bool) {
        let mut state = self.state.lock();
        while state.entries.is_empty() && state.refusal.is_none() {
            match until {
                None => self.filled.wait(&mut state),
                Some(until) => {
                    if self.filled.wait_until(&mut state, until).timed_out() {
                        break;
                    }
                }
            }
        }
        (std::mem::take(&mut state.entries), state.refusal.is_some())
    }

    /// From now on nothing is taken; what is queued is handed over to be failed or undone. The
    /// first lasting refusal stays.
    pub(super) fn refuse(&self, refusal: Refusal) -> Vec<Entry> {
        let mut state = self.state.lock();
        if !matches!(state.refusal, Some(Refusal::Failed(_) | Refusal::Closed)) {
            state.refusal = Some(refusal);
        }
        std::mem::take(&mut state.entries)
    }

    /// Takes entries again after the disk was full.
    pub(super) fn reopen(&self) {
        let mut state = self.state.lock();
        if state.refusal == Some(Refusal::DiskFull) {
            state.refusal = None;
        }
    }

    /// Takes nothing more; what is queued is still written.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        if !matches!(state.refusal, Some(Refusal::Failed(_))) {
            state.refusal = Some(Refusal::Closed);
        }
        self.filled.notify_all();
    }

    /// Why it takes nothing, if so.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.state.lock().refusal.clone()
    }
}
