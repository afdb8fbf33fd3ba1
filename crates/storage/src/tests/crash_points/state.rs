//! What a store must show, and the moment of it.

use crate::tests::fixture::Fixture;
use crate::tests::naive::{Event, Naive};
use crate::tests::simulation::compare;
use model::{Table, TableId};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// The tables, and what they hold.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    tables: BTreeSet<TableId>,
    naive: Naive,
}

impl State {
    pub(super) fn create(&mut self, table: Table) {
        self.tables.insert(table.id);
        self.naive.create(table);
    }

    pub(super) fn drop_table(&mut self, table: TableId) {
        self.tables.remove(&table);
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.naive.apply(event).unwrap();
    }

    /// Whether a store shows it.
    pub(super) fn is_shown_by(&self, fixture: &Fixture) -> Result<(), String> {
        let tables: BTreeSet<TableId> = fixture.catalog.snapshot().tables().map(|table| table.id).collect();
        if tables != self.tables {
            return Err(format!("tables {tables:?}, not {:?}", self.tables));
        }
        compare(fixture, &self.naive)
    }
}

/// What may be found after a cut now.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed {
    /// What was acknowledged.
    pub(super) kept: State,
    /// The same with the request that is under way.
    pub(super) asked: Option<State>,
    /// Whether it may not be there yet: no backup, no data directory, no repair.
    pub(super) nothing: bool,
    /// Files that must be there.
    pub(super) files: Vec<PathBuf>,
    /// How often something was acknowledged or refused.
    pub(super) answers: u64,
    /// What the run is doing.
    pub(super) phase: &'static str,
}

impl Allowed {
    /// Whether a store shows one of them.
    pub(super) fn is_shown_by(&self, fixture: &Fixture) -> Result<(), String> {
        let kept = self.kept.is_shown_by(fixture);
        match (&self.asked, kept) {
            (Some(asked), Err(kept)) => {
                asked.is_shown_by(fixture).map_err(|asked| format!("{kept}\nnor with what was asked: {asked}"))
            }
            (_, kept) => kept,
        }
    }
}

/// Shared by a run and whoever cuts its power.
#[derive(Clone, Debug, Default)]
pub(super) struct Promises(Arc<Mutex<Allowed>>);

impl Promises {
    pub(super) fn now<T>(&self, look: impl FnOnce(&Allowed) -> T) -> T {
        look(&self.0.lock())
    }

    pub(super) fn phase(&self, phase: &'static str) {
        self.0.lock().phase = phase;
    }

    /// Something is asked for, and may be found from now on.
    pub(super) fn ask(&self, change: impl FnOnce(&mut State)) {
        let mut allowed = self.0.lock();
        let mut asked = allowed.kept.clone();
        change(&mut asked);
        allowed.asked = Some(asked);
    }

    /// It was acknowledged, and must be found from now on.
    pub(super) fn acknowledged(&self) {
        let mut allowed = self.0.lock();
        if let Some(asked) = allowed.asked.take() {
            allowed.kept = asked;
        }
        allowed.answers += 1;
    }

    /// A file is there for good.
    pub(super) fn keep_file(&self, path: &str) {
        self.0.lock().files.push(path.into());
    }

    /// It was refused, and must never be found.
    pub(super) fn refused(&self) {
        let mut allowed = self.0.lock();
        allowed.asked = None;
        allowed.answers += 1;
    }

    /// The same state for another disk.
    pub(super) fn for_another(&self, nothing: bool, phase: &'static str) -> Self {
        let kept = self.0.lock().kept.clone();
        Self(Arc::new(Mutex::new(Allowed { kept, nothing, phase, ..Allowed::default() })))
    }

    /// It is there for good.
    pub(super) fn is_there(&self) {
        self.0.lock().nothing = false;
    }
}
