//! Work beside a store: a backup, a restore, a repair.

use super::Judged;
use super::cutter::{Cutter, Judge, Part};
use super::life::{METERS, OTHER_SITES};
use super::state::{Allowed, Promises};
use crate::tests::backups::copy;
use crate::tests::check::{answers, blot, bytes, check, files_of, first, repair};
use crate::tests::fixture::{Fixture, options};
use crate::tests::log_files::{path as log_path, required};
use crate::{Backup, PreviousBackup, restore};
use files::{Files, ForgetfulFiles};
use model::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Writes a backup, and makes a data directory of it.
pub(super) fn back_up_and_restore(cutter: &Cutter, promises: &Promises, backup: &Backup) -> Judged {
    let (target, whole) = (ForgetfulFiles::new(), promises.for_another(true, "write a backup"));
    cutter.watch(Part::Backup, &target, &whole, Arc::new(is_a_backup));
    copy(backup, &target, None).map_err(|error| format!("writing a backup: {error}"))?;
    whole.is_there();
    cutter.cut(Part::Backup, &target, &whole, Arc::new(is_a_backup));

    let (from, target) = (target.crash(u64::MAX), ForgetfulFiles::new());
    let whole = promises.for_another(true, "restore");
    cutter.watch(Part::Backup, &target, &whole, Arc::new(is_restored));
    restore(&from, &target).map_err(|error| format!("restoring: {error}"))?;
    whole.is_there();
    cutter.cut(Part::Backup, &target, &whole, Arc::new(is_restored));
    Ok(())
}

fn is_a_backup(disk: &ForgetfulFiles, allowed: &Allowed) -> Judged {
    if let Err(error) = PreviousBackup::open(Arc::new(disk.clone())) {
        return if allowed.nothing { Ok(()) } else { Err(format!("the backup is gone: {error}")) };
    }
    let target = ForgetfulFiles::new();
    restore(disk, &target).map_err(|error| format!("it says that it is a backup, and is none: {error}"))?;
    is_restored(&target, allowed)
}

fn is_restored(disk: &ForgetfulFiles, allowed: &Allowed) -> Judged {
    if allowed.nothing && disk.list(Path::new("")).unwrap().is_empty() {
        return Ok(());
    }
    match Fixture::open(disk, options()) {
        Ok(fixture) => allowed.is_shown_by(&fixture),
        Err(error) if allowed.nothing && error.to_string().contains("did not end") => Ok(()),
        Err(error) => Err(format!("opening what was restored: {error}")),
    }
}

/// A data directory with a damage, and what it is to be after a repair.
#[derive(Debug)]
struct Damaged {
    path: PathBuf,
    /// The file and the log as they were before the repair.
    before: Vec<(PathBuf, Vec<u8>)>,
    answers: Vec<Vec<Value>>,
}

impl Damaged {
    fn new(disk: &ForgetfulFiles, path: PathBuf, answers: Vec<Vec<Value>>) -> Self {
        let log = disk.list(Path::new("log")).unwrap().into_iter().map(|name| Path::new("log").join(name));
        let before = log.chain([path.clone()]).map(|path| (path.clone(), bytes(disk, &path))).collect();
        Self { path, before, answers }
    }

    /// What a repair changes is kept where it was or aside; a file that is gone otherwise.
    fn gone(&self, disk: &ForgetfulFiles) -> Option<&Path> {
        let there = files_of(disk);
        let is_gone = |(path, before): &&(PathBuf, Vec<u8>)| {
            let name = path.file_name().unwrap().to_string_lossy();
            let mut places = there.iter().filter(|path| path.to_string_lossy().contains(&*name));
            !places.any(|path| bytes(disk, path) == *before)
        };
        self.before.iter().find(is_gone).map(|(path, _)| path.as_path())
    }

    /// A repair, made again where it was cut short, ends in one state.
    fn is_repaired(&self, disk: &ForgetfulFiles, allowed: &Allowed) -> Judged {
        if let Some(gone) = self.gone(disk) {
            return Err(format!("what {} held is gone", gone.display()));
        }
        if allowed.nothing {
            repair(disk, true);
        }
        let report = check(disk);
        if !report.is_sound() {
            return Err(format!("{report:?}"));
        }
        let found = answers(disk).map_err(|error| format!("{error}, after {:?}", self.path))?;
        if found == self.answers { Ok(()) } else { Err("it answers something else".to_owned()) }
    }
}

/// Repairs what each kind of damage makes of a disk.
pub(super) fn repair_each(cutter: &Cutter, disk: &ForgetfulFiles, promises: &Promises) -> Judged {
    let log = required(disk).unwrap();
    let segment = first(disk, &format!("segments/{METERS}"), ".parquet");
    let side = first(disk, &format!("segments/{OTHER_SITES}"), ".runs");
    let flipped = |path: &Path| {
        let disk = disk.crash(u64::MAX);
        disk.flip_bit(path, 77 * 8 + 3).unwrap();
        (path.to_owned(), disk)
    };
    let blotted = |path: &Path, at| {
        let disk = disk.crash(u64::MAX);
        blot(&disk, path, at);
        (path.to_owned(), disk)
    };
    // Two with records, and one without.
    assert!(log.last >= log.first + 2, "{log:?}");
    let damages = [
        flipped(&log_path(log.last - 1)),
        blotted(&log_path(log.last - 1), 40),
        blotted(&log_path(log.last - 2), 40),
        blotted(&segment, 300),
        blotted(&side, 60),
        blotted(&first(disk, "series", ".series"), 60),
    ];
    for (path, damaged) in damages {
        let damaged = damaged.crash(u64::MAX);
        let whole = damaged.crash(u64::MAX);
        repair(&whole, true);
        let answers = answers(&whole.crash(u64::MAX)).map_err(|error| format!("{}: {error}", path.display()))?;
        let expected = Arc::new(Damaged::new(&damaged, path, answers));
        let promises = promises.for_another(true, "repair");
        let judge: Judge = Arc::new(move |disk, allowed| expected.is_repaired(disk, allowed));
        cutter.watch(Part::Repair, &damaged, &promises, judge.clone());
        repair(&damaged, true);
        promises.is_there();
        cutter.cut(Part::Repair, &damaged, &promises, judge);
    }
    Ok(())
}
