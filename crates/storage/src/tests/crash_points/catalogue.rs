//! A catalogue alone: what it commits stays, and no id that it gave is given again.

use super::Judged;
use super::cutter::{Cutter, Judge, Part};
use super::state::{Allowed, Promises};
use crate::catalogue_commit::next_id_blocking;
use crate::check_format;
use catalog::{CatalogStore, Change, Database, DatabaseLabel, Export, ImportedCatalog, RedbCatalog};
use files::{Files, ForgetfulFiles};
use model::DatabaseId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes ids and makes a database of each, by turns, over two starts.
pub(super) async fn keep(cutter: &Cutter) -> Judged {
    let (promises, mut disk) = (Promises::default(), ForgetfulFiles::new());
    let judge: Judge = Arc::new(keeps);
    for _ in 0..2 {
        promises.phase("keep a catalogue");
        cutter.watch(Part::Catalogue, &disk, &promises, judge.clone());
        let catalog = RedbCatalog::open(Arc::new(disk.clone())).map_err(|error| error.to_string())?;
        for _ in 0..4 {
            let id = catalog.take_ids(1).await.map_err(|error| error.to_string())?.start;
            promises.acknowledged();
            let name = id.to_string();
            let database = Database {
                id: DatabaseId(id),
                name,
                label: DatabaseLabel::Any,
                partition_seconds: None,
                retention_seconds: None,
                comment: None,
                properties: BTreeMap::new(),
            };
            let committed = catalog.commit(None, vec![Change::PutDatabase(database)]).await;
            committed.map_err(|error| format!("{error:?}"))?;
            promises.acknowledged();
        }
        drop(catalog);
        cutter.cut(Part::Catalogue, &disk, &promises, judge.clone());
        disk = disk.crash(0);
    }
    import(cutter, &promises, &disk)
}

/// The catalogue of that disk goes into a file and comes back on another disk.
fn import(cutter: &Cutter, promises: &Promises, disk: &ForgetfulFiles) -> Judged {
    let catalog = RedbCatalog::open(Arc::new(disk.clone())).map_err(|error| error.to_string())?;
    let next_id = next_id_blocking(&catalog).map_err(|error| error.to_string())?;
    let (snapshot, sequence) = (catalog.snapshot(), catalog.snapshot().sequence());
    let export = Export { catalog: &snapshot, sequence, log_files: None, next_id, with_secrets: true };
    let bytes = export.encode().map_err(|error| error.to_string())?;
    let target = ForgetfulFiles::new();
    let before = promises.for_another(true, "import a catalogue");
    let judge: Judge = Arc::new(|disk, allowed| if allowed.nothing { Ok(()) } else { keeps(disk, allowed) });
    cutter.watch(Part::Catalogue, &target, &before, judge.clone());
    let imported = ImportedCatalog::decode(&bytes, "catalogue.export").and_then(|imported| imported.write(&target));
    imported.map_err(|error| format!("an import: {error}"))?;
    promises.phase("import a catalogue");
    cutter.cut(Part::Catalogue, &target, promises, judge);
    Ok(())
}

/// A new directory says its format before anything else is in it.
pub(super) fn say_the_format(cutter: &Cutter) -> Judged {
    let (disk, promises) = (ForgetfulFiles::new(), Promises::default());
    let judge: Judge = Arc::new(|disk, allowed| {
        let is_there = allowed.files.iter().all(|path| disk.exists(path).unwrap());
        if is_there { check_format(disk).map_err(|error| error.to_string()) } else { Err("it is not there".to_owned()) }
    });
    promises.phase("say the format");
    cutter.watch(Part::Catalogue, &disk, &promises, judge.clone());
    check_format(&disk).map_err(|error| error.to_string())?;
    promises.keep_file("FORMAT");
    cutter.cut(Part::Catalogue, &disk, &promises, judge);
    Ok(())
}

/// Every second answer was an id, and every second one that a database is there.
fn keeps(disk: &ForgetfulFiles, allowed: &Allowed) -> Judged {
    let catalog = RedbCatalog::open(Arc::new(disk.clone())).map_err(|error| format!("opening: {error}"))?;
    let snapshot = catalog.snapshot();
    let (there, kept) = (snapshot.databases().count() as u64, allowed.answers / 2);
    if !(kept..=kept + 1).contains(&there) {
        return Err(format!("{there} databases of {kept}"));
    }
    let next = next_id_blocking(&catalog).map_err(|error| error.to_string())?;
    let given = allowed.answers.div_ceil(2);
    if next < FIRST_ID + given { Err(format!("id {next} was given before: {given} were")) } else { Ok(()) }
}

/// The first that a catalogue gives.
const FIRST_ID: u64 = 1_000;
