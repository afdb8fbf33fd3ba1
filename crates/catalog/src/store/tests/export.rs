//! A catalogue goes into a file and comes back as it was.

use super::{commit, now, open, states};
use crate::sample::{database, put, table};
use crate::{Catalog, CatalogStore, Change, Export, ImportedCatalog, LogFiles};
use files::{Files, ForgetfulFiles};
use model::{ErrorKind, Result, Sequence, UserId};
use proptest::prelude::*;
use std::path::Path;

const PATH: &str = "catalogue.export";

fn export(catalog: &Catalog) -> Export<'_> {
    Export { catalog, sequence: catalog.sequence(), log_files: catalog.log_files(), next_id: 5_000, with_secrets: true }
}

fn import(bytes: &[u8], files: &ForgetfulFiles) -> Result<Catalog> {
    ImportedCatalog::decode(bytes, PATH)?.write(files)
}

/// As it is found on the disk after a power cut.
fn brought_back(bytes: &[u8]) -> Catalog {
    let files = ForgetfulFiles::new();
    let made = import(bytes, &files).unwrap();
    let store = open(&files.crash(0)).unwrap();
    let found = Catalog::clone(&store.snapshot());
    assert_eq!(found, made);
    assert!(now(store.take_ids(1)).unwrap().start >= 5_000);
    commit(&store, vec![Change::PutDatabase(database(5_001, "later"))]).unwrap();
    found
}

#[test]
fn every_state_comes_back_as_it_was() {
    for state in states() {
        assert_eq!(brought_back(&export(&state).encode().unwrap()), state);
    }
}

#[test]
fn it_may_reach_further_and_leave_passwords_out() {
    let state = &states()[4];
    let files = Some(LogFiles { first: 3, last: 9 });
    let shown = Export { sequence: Sequence(99), log_files: files, with_secrets: false, ..export(state) };
    let found = brought_back(&shown.encode().unwrap());
    assert_eq!((found.sequence(), found.log_files()), (Sequence(99), files));
    assert!(state.user(UserId(31)).unwrap().password_hash.is_some());
    assert!(found.users().all(|user| user.password_hash.is_none()));
    assert_eq!(found.users().count(), state.users().count());
    assert!(found.grants().eq(state.grants()) && found.memberships().eq(state.memberships()));
}

#[test]
fn damage_is_named_and_what_is_newer_is_refused() {
    let state = &states()[5];
    let bytes = export(state).encode().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let error = ImportedCatalog::decode(&damaged, PATH).unwrap_err();
        assert!(matches!(&*error.kind, ErrorKind::Corrupt { file, .. } if file == PATH), "bit {bit}: {error}");
    }
    for length in 0..bytes.len() {
        ImportedCatalog::decode(&bytes[..length], PATH).unwrap_err();
    }
    let resealed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut content = bytes[..bytes.len() - 8].to_vec();
        change(&mut content);
        let checksum = xxhash_rust::xxh3::xxh3_64(&content);
        content.extend(checksum.to_le_bytes());
        *ImportedCatalog::decode(&content, PATH).unwrap_err().kind
    };
    let newer = resealed(&|content| content[8] = 2);
    assert!(matches!(newer, ErrorKind::FormatTooNew { found, .. } if found == format!("2 in {PATH}")));
    let unknown = resealed(&|content| content.extend([4, 0, 0, 0, b'v', b'i', b'e', b'w', 0, 0, 0, 0, 0, 0, 0, 0]));
    assert!(matches!(unknown, ErrorKind::FormatTooNew { found, .. } if found == format!("1 with view in {PATH}")));
}

#[test]
fn parts_that_do_not_fit_make_no_catalogue() {
    let files = ForgetfulFiles::new();
    let lonely = Catalog::default().with([Change::PutDatabase(database(1, "d")), put(table(11, 1, "t"))]).unwrap();
    let bytes = export(&lonely).encode().unwrap();
    let mut imported = ImportedCatalog::decode(&bytes, PATH).unwrap();
    imported.drop_first_row();
    imported.write(&files).unwrap_err();
    assert!(!files.exists(Path::new("catalog.redb")).unwrap());
    import(&bytes, &files).unwrap();
    import(&bytes, &files).unwrap_err();
}

proptest! {
    /// Whatever a commit can change is in an export: a part that is forgotten there shows here.
    #[test]
    fn whatever_can_be_committed_is_exported(
        changes in prop::collection::vec(crate::snapshot::any_change(), 1..60),
    ) {
        let mut catalog = Catalog::default();
        for change in changes {
            if let Ok(next) = catalog.with([change]) {
                catalog = next;
            }
        }
        let files = ForgetfulFiles::new();
        prop_assert_eq!(import(&export(&catalog).encode().unwrap(), &files).unwrap(), catalog);
    }
}
