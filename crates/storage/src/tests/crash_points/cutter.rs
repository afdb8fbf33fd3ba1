//! Cuts power at the operations of a disk, has what is then found judged beside the run, and leaves
//! out syncs.

use super::Judged;
use super::call_site::call_site;
use super::state::{Allowed, Promises};
use files::{ForgetfulFiles, Operation, OperationKind};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};

/// Says what is wrong with a disk that was found after a cut.
pub(super) type Judge = Arc<dyn Fn(&ForgetfulFiles, &Allowed) -> Judged + Send + Sync>;

/// How often each operation was come to, by what the run was doing.
pub(super) type Points = BTreeMap<(&'static str, String), u64>;

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) points: Points,
    /// How many disks were judged.
    pub(super) cuts: u64,
    /// Who syncs.
    pub(super) sites: BTreeSet<Site>,
    /// What is wrong.
    pub(super) problem: Option<String>,
}

/// So many operations after a sync that was left out, power is cut with so many more seeds.
const OPERATIONS_NEAR: u64 = 4;
const SEEDS_NEAR: u64 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cuts {
    None,
    /// Those after which all that is not synced is gone, wherever something was synced since.
    Synced,
    /// At every operation: all that is not synced is gone, is there, or in part.
    Every,
}

struct Cut {
    disk: ForgetfulFiles,
    allowed: Allowed,
    judge: Judge,
    place: String,
}

impl Cut {
    fn new(disk: &ForgetfulFiles, promises: &Promises, judge: Judge, seed: u64, place: &str) -> Self {
        // Nothing is acknowledged between what may be found and what is.
        let (disk, allowed) = promises.now(|allowed| (disk.crash(seed), allowed.clone()));
        let place = format!("{}: {place}, seed {seed}", allowed.phase);
        Self { disk, allowed, judge, place }
    }
}

#[derive(Debug, Default)]
struct Shared {
    points: Mutex<Points>,
    sites: Mutex<BTreeSet<Site>>,
    problem: Mutex<Option<String>>,
    has_problem: AtomicBool,
    cuts: AtomicU64,
}

/// Parts of a run that are cut, or whose syncs are left out, apart from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Catalogue,
    Backup,
    Repair,
    Life,
}

/// A part, and a place in the code that syncs in it.
pub(super) type Site = (Part, String);

/// Cuts the power of whatever disk it watches.
pub(super) struct Cutter {
    cuts: Cuts,
    ignored: Option<Site>,
    shared: Arc<Shared>,
    found: SyncSender<Cut>,
    judges: Vec<JoinHandle<()>>,
}

impl Cutter {
    pub(super) fn with_random_cuts() -> Self {
        Self::new(Cuts::Every, None)
    }

    pub(super) fn without_cuts() -> Self {
        Self::new(Cuts::None, None)
    }

    /// Where the syncs of one place do nothing.
    pub(super) fn ignoring(site: &Site) -> Self {
        Self::new(Cuts::Synced, Some(site.clone()))
    }

    /// The same with more cuts.
    pub(super) fn ignoring_with_random_cuts(site: &Site) -> Self {
        Self::new(Cuts::Every, Some(site.clone()))
    }

    fn new(cuts: Cuts, ignored: Option<Site>) -> Self {
        let shared = Arc::new(Shared::default());
        let (found, waiting) = sync_channel(8);
        let waiting = Arc::new(Mutex::new(waiting));
        let judges = (0..2).map(|_| {
            let (shared, waiting) = (shared.clone(), waiting.clone());
            spawn(move || judge_all(&shared, &waiting))
        });
        Self { cuts, ignored, judges: judges.collect(), shared, found }
    }

    /// Whether a part is cut, or its syncs are left out.
    pub(super) fn is_about(&self, part: Part) -> bool {
        self.ignored.as_ref().is_none_or(|(of, _)| *of == part)
    }

    /// Cuts power at the operations of a disk from now on.
    pub(super) fn watch(&self, part: Part, disk: &ForgetfulFiles, promises: &Promises, judge: Judge) {
        if !self.is_about(part) {
            return;
        }
        let (shared, found, promises) = (self.shared.clone(), self.found.clone(), promises.clone());
        let (cuts, ignored) = (self.cuts, self.ignored.clone());
        let last = Mutex::new((true, 0));
        let near = AtomicU64::new(0);
        disk.watch(move |disk, operation| {
            let (phase, answers) = promises.now(|allowed| (allowed.phase, allowed.answers));
            *shared.points.lock().entry((phase, shown(operation))).or_default() += 1;
            let is_sync = matches!(operation.kind, OperationKind::Sync | OperationKind::SyncDirectory);
            let (synced, answered) = std::mem::replace(&mut *last.lock(), (is_sync, answers));
            let mut seeds = match cuts {
                _ if shared.has_problem.load(Ordering::Relaxed) => Vec::new(),
                Cuts::Synced if synced || answers != answered => vec![0],
                Cuts::Every => vec![0, u64::MAX, operation.number * 2 + 1],
                _ => Vec::new(),
            };
            if near.load(Ordering::Relaxed) > 0 && cuts == Cuts::Every {
                near.fetch_sub(1, Ordering::Relaxed);
                seeds.extend((1..=SEEDS_NEAR).map(|seed| operation.number * SEEDS_NEAR + seed));
            }
            for seed in &seeds {
                let place = format!("power cut before operation {}, {}", operation.number, shown(operation));
                // The judges are gone only when the run is.
                let _ = found.send(Cut::new(disk, &promises, judge.clone(), *seed, &place));
            }
            if !is_sync {
                return false;
            }
            let site = (part, site_of(operation));
            let is_ignored = ignored.as_ref() == Some(&site);
            if is_ignored {
                near.store(OPERATIONS_NEAR, Ordering::Relaxed);
            }
            shared.sites.lock().insert(site);
            is_ignored
        });
    }

    /// Cuts the power of a disk now that nothing more is done to it.
    pub(super) fn cut(&self, part: Part, disk: &ForgetfulFiles, promises: &Promises, judge: Judge) {
        let is_cut = self.cuts != Cuts::None && self.is_about(part);
        for seed in if is_cut { &[0, u64::MAX][..] } else { &[] } {
            let _ = self.found.send(Cut::new(disk, promises, judge.clone(), *seed, "power cut at the end"));
        }
    }

    /// Whether it is known by now that something is wrong.
    pub(super) fn has_problem(&self) -> bool {
        self.shared.has_problem.load(Ordering::Relaxed)
    }

    /// What came of the run, which ended so.
    pub(super) fn finish(self, ended: Judged) -> Found {
        let Self { shared, found, judges, .. } = self;
        drop(found);
        for judge in judges {
            judge.join().unwrap();
        }
        if let Err(problem) = ended {
            shared.problem.lock().get_or_insert(problem);
        }
        let (points, sites, problem) =
            (shared.points.lock().clone(), shared.sites.lock().clone(), shared.problem.lock().clone());
        Found { points, cuts: shared.cuts.load(Ordering::Relaxed), sites, problem }
    }
}

fn judge_all(shared: &Shared, waiting: &Mutex<Receiver<Cut>>) {
    loop {
        let next = waiting.lock().recv();
        let Ok(Cut { disk, allowed, judge, place }) = next else { return };
        if shared.has_problem.load(Ordering::Relaxed) {
            continue;
        }
        shared.cuts.fetch_add(1, Ordering::Relaxed);
        if let Err(problem) = judge(&disk, &allowed) {
            shared.problem.lock().get_or_insert(format!("{place}: {problem}"));
            shared.has_problem.store(true, Ordering::Relaxed);
        }
    }
}

/// The place of a sync: who asks for it, and whether of bytes or of names.
fn site_of(operation: &Operation) -> String {
    let kind = if operation.kind == OperationKind::Sync { "file" } else { "directory" };
    format!("{} ({kind})", call_site())
}

fn shown(operation: &Operation) -> String {
    let kind = match operation.kind {
        OperationKind::Create => "create",
        OperationKind::Rename => "rename",
        OperationKind::Remove => "remove",
        OperationKind::CreateDirectory => "create-directory",
        OperationKind::Write => "write",
        OperationKind::SetLength => "set-length",
        OperationKind::Sync => "sync",
        OperationKind::SyncDirectory => "sync-directory",
    };
    format!("{kind} {}", area(&operation.path))
}

/// What part of a data directory a path belongs to.
fn area(path: &Path) -> String {
    let first = path.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let first = first.unwrap_or_default();
    match first.split('.').next().unwrap_or_default() {
        "" => "root".to_owned(),
        "catalog" => "catalogue".to_owned(),
        "FORMAT" => "format".to_owned(),
        other => other.to_owned(),
    }
}
