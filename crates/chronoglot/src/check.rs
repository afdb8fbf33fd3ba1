//! `chronoglot check`: reads the data directory of a stopped server whole, says what is wrong in it,
//! and sets right what can be, when told so.

mod json;
mod progress;
mod show;

use crate::arguments::{CheckArguments, CheckFormat};
use crate::terminal::{note, say};
use files::{DiskFiles, Files};
use model::ErrorKind;
use progress::Progress;
use std::path::Path;
use std::sync::Arc;
use storage::{CheckReport, Repaired, check, repair};

/// Runs the command.
pub(crate) fn run(arguments: &CheckArguments) -> Result<(), String> {
    let files = open(&arguments.data_dir)?;
    let before = read(&files)?;
    let repaired = match arguments.repair && !(before.is_sound() && before.leftovers.is_empty()) {
        true => Some(repair(&files, &before, arguments.cut_log).map_err(|error| {
            show(arguments, &before, None);
            format!("the repair did not end: {error}")
        })?),
        false => None,
    };
    // What counts is what a check says after it.
    let after = repaired.as_ref().map(|_| read(&files)).transpose()?;
    show(arguments, &before, repaired.as_ref());
    verdict(arguments, after.as_ref().unwrap_or(&before), repaired.is_some())
}

/// Opens a directory that is there, and that no server uses.
fn open(directory: &Path) -> Result<Arc<dyn Files>, String> {
    if !directory.is_dir() {
        return Err(format!("there is no directory {}; --data-dir says where the data lives", directory.display()));
    }
    match DiskFiles::open(directory) {
        Ok(files) => Ok(Arc::new(files)),
        Err(error) if matches!(*error.kind, ErrorKind::DirectoryLocked { .. }) => {
            Err(format!("{error}: stop it first, then check again"))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn read(files: &Arc<dyn Files>) -> Result<CheckReport, String> {
    let mut progress = Progress::new();
    let report = check(files, &mut |step| progress.advance(step)).map_err(|error| error.to_string());
    progress.finish();
    report
}

fn show(arguments: &CheckArguments, report: &CheckReport, repaired: Option<&Repaired>) {
    match arguments.format {
        CheckFormat::Text => say(show::text(&arguments.data_dir, report, repaired)),
        CheckFormat::Json => say(json::object(report, repaired)),
    }
}

/// What the exit code says.
fn verdict(arguments: &CheckArguments, report: &CheckReport, was_repaired: bool) -> Result<(), String> {
    if report.is_sound() {
        if was_repaired {
            note("after the repair nothing is wrong");
        }
        return Ok(());
    }
    let faults = report.faults.len();
    let are_wrong = if faults == 1 { "1 thing is wrong".to_owned() } else { format!("{faults} things are wrong") };
    let after = if was_repaired { " after the repair" } else { "" };
    let first = report.faults.first().map(|fault| format!(": {}: {}", fault.file, fault.reason)).unwrap_or_default();
    Err(format!("{are_wrong} in {}{after}{first}", arguments.data_dir.display()))
}
