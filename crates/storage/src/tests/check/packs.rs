//! Damage in packs: it takes no other part of the pack with it.

use super::*;

/// The same of a member of a pack.
pub(super) fn blot_member(disk: &ForgetfulFiles, member: &str, at: u64) {
    let start = files::member_ranges(member)[0].start;
    blot(disk, Path::new(files::pack_of(member).unwrap()), start + at);
}

pub(super) fn manifest(disk: &ForgetfulFiles, table: TableId) -> catalog::TableManifest {
    let files: Arc<dyn Files> = Arc::new(disk.crash(u64::MAX));
    let catalog = catalog::RedbCatalog::open(files).unwrap();
    catalog::TableManifest::clone(&catalog::CatalogStore::snapshot(&catalog).manifest(table))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_block_of_a_pack_takes_no_other_with_it() {
    let disk = store_with(true, packed()).await;
    let path = manifest(&disk, METERS).segments[0].path.clone();
    blot_member(&disk, &path, 100);
    let disk = copy(&disk);
    // Whoever reads it is told by name; all else is answered.
    let error = answers(&copy(&disk)).unwrap_err();
    assert_names(&error, Path::new(files::pack_of(&path).unwrap()), "blotted");
    assert!(error.to_string().contains(&path), "{error}");
    let fixture = Fixture::open(&copy(&disk), packed()).unwrap();
    assert_eq!(fixture.rows(SITES).len(), 21);
    let view = fixture.storage.view(METERS).unwrap();
    let time = TimeBounds { first: 5_000_000, last: i64::MAX };
    assert_eq!(scan(&view, &[TIME], ScanKeys::All, time).len(), 60);
    drop((fixture, view));

    let report = check(&disk);
    let [fault] = &report.faults[..] else { panic!("{report:?}") };
    assert!(fault.file == path && fault.affected[0].to_string().contains("60 rows of plant.meters1"), "{fault:?}");
    let wrong: Vec<_> = report.tables.iter().map(|table| table.wrong).collect();
    assert_eq!(wrong, [1, 0]);
    let repaired = repair(&disk, false);
    assert_eq!(repaired.affected, fault.affected);
    let report = check(&disk);
    assert!(report.is_sound() && report.leftovers.is_empty(), "{report:?}");
    assert_eq!(meters_between(&disk, 0, 1_000), 1);
    assert_eq!(meters_between(&disk, 5_000_000, i64::MAX), 60);
    let pack = Path::new("aside").join(files::pack_of(&path).unwrap());
    assert!(files_of(&disk).contains(&pack), "nothing is deleted");
    // And a backup of it is whole.
    let files: Arc<dyn Files> = Arc::new(disk.clone());
    let backup = crate::Backup::of_stopped(files, crate::BackupOptions::default()).unwrap();
    backup.send(None, &mut |_| Ok(())).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_pack_is_told_by_all_of_its_tables() {
    let disk = store_with(true, packed()).await;
    let path = manifest(&disk, METERS).segments[0].path.clone();
    disk.remove(Path::new(files::pack_of(&path).unwrap())).unwrap();
    let disk = copy(&disk);
    let report = check(&disk);
    let said: Vec<String> = report.faults.iter().flat_map(|fault| &fault.affected).map(ToString::to_string).collect();
    assert!(
        said.len() == 2 && said[0].contains("60 rows of plant.meters1") && said[1].contains("20 rows of plant.sites2")
    );
    repair(&disk, false);
    let report = check(&disk);
    assert!(report.is_sound() && report.leftovers.is_empty(), "{report:?}");
    assert_eq!(meters_between(&disk, 5_000_000, i64::MAX), 60);
}
