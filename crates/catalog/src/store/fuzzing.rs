//! Bodies of fuzz targets: the values that the catalogue stores, and its export in a backup.

use super::encoding::{decode, encode};
use crate::{Database, ImportedCatalog, LogFiles, Membership, TableManifest, User};
use files::ForgetfulFiles;
use model::{Grant, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use xxhash_rust::xxh3::xxh3_64;

/// A value of the catalogue: the first byte says of which kind, manifests among them.
pub fn manifest(bytes: &[u8]) {
    let Some((kind, value)) = bytes.split_first() else { return };
    match kind % 8 {
        0..=2 => reads_back::<TableManifest>(value),
        3 => reads_back::<Table>(value),
        4 => reads_back::<Database>(value),
        5 => reads_back::<User>(value),
        6 => reads_back::<(Grant, Membership)>(value),
        _ => reads_back::<LogFiles>(value),
    }
}

/// What can be read is read the same once it is written again.
fn reads_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) {
    if let Ok(value) = decode::<T>(bytes) {
        let again = encode(&value).and_then(|bytes| decode::<T>(&bytes));
        assert!(again.as_ref().is_ok_and(|again| *again == value), "{value:?} became {again:?}");
    }
}

/// A catalogue in a backup, whose checksum fits.
pub fn catalogue_export(bytes: &[u8]) {
    let path = "catalogue.export";
    let _ = ImportedCatalog::decode(bytes, path);
    let sealed = [bytes, &xxh3_64(bytes).to_le_bytes()].concat();
    if let Ok(imported) = ImportedCatalog::decode(&sealed, path) {
        let _ = imported.write(&ForgetfulFiles::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::states;
    use crate::{Catalog, Export};
    use model::TableId;

    fn kinds(catalog: &Catalog) -> Vec<(&'static str, Vec<u8>)> {
        let of = |kind: u8, value: Vec<u8>| [vec![kind], value].concat();
        let id = catalog.manifests().map(|(id, _)| id).next().unwrap_or(TableId(0));
        vec![
            ("manifest", of(0, encode(&*catalog.manifest(id)).unwrap())),
            ("table", of(3, encode(&**catalog.tables().next().unwrap()).unwrap())),
            ("database", of(4, encode(catalog.databases().next().unwrap()).unwrap())),
            ("user", of(5, encode(catalog.users().next().unwrap()).unwrap())),
            ("log-files", of(7, encode(&LogFiles { first: 3, last: 9 }).unwrap())),
        ]
    }

    #[test]
    fn corpora_of_the_catalogue_do_no_harm() {
        let all = states();
        let catalog = all.iter().rfind(|state| state.manifests().next().is_some() && state.users().next().is_some());
        let catalog = catalog.unwrap();
        ::fuzzing::corpus("manifest", &kinds(catalog), manifest);
        let export = Export {
            catalog,
            sequence: catalog.sequence(),
            log_files: Some(LogFiles { first: 3, last: 9 }),
            next_id: 5_000,
            with_secrets: true,
        };
        // Without its checksum, which the body makes.
        let mut bytes = export.encode().unwrap();
        bytes.truncate(bytes.len() - 8);
        ::fuzzing::corpus("catalogue_export", &[("whole", bytes)], catalogue_export);
    }
}
