//! How parts of the catalogue are stored: keys of big-endian ids, and values of one format byte
//! and MessagePack with field names.

use super::FILE_NAME;
use crate::snapshot::{Catalog, Part};
use model::{Error, ErrorKind, Result, Scope, TableId};
use redb::TableDefinition;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format of values, raised when an older version could no longer read them.
const FORMAT: u8 = 1;

pub(super) type Stored = TableDefinition<'static, &'static [u8], &'static [u8]>;

pub(super) const DATABASES: Stored = TableDefinition::new("databases");
pub(super) const TABLES: Stored = TableDefinition::new("tables");
pub(super) const DROPPED: Stored = TableDefinition::new("dropped");
pub(super) const USERS: Stored = TableDefinition::new("users");
pub(super) const GRANTS: Stored = TableDefinition::new("grants");
pub(super) const MEMBERSHIPS: Stored = TableDefinition::new("memberships");
pub(super) const SETTINGS: Stored = TableDefinition::new("settings");
pub(super) const MANIFESTS: Stored = TableDefinition::new("manifests");
/// Not there in files that older versions made.
pub(super) const LOADS: Stored = TableDefinition::new("loads");
pub(super) const META: Stored = TableDefinition::new("meta");

pub(super) const ALL: [Stored; 10] =
    [DATABASES, TABLES, DROPPED, USERS, GRANTS, MEMBERSHIPS, SETTINGS, MANIFESTS, LOADS, META];

pub(super) const VERSION_KEY: &[u8] = b"version";
pub(super) const SEQUENCE_KEY: &[u8] = b"sequence";
pub(super) const NEXT_ID_KEY: &[u8] = b"next_id";
pub(super) const LOG_FILES_KEY: &[u8] = b"log_files";

impl Part {
    pub(super) fn stored_in(&self) -> Stored {
        match self {
            Self::Database(_) => DATABASES,
            Self::Table(_) => TABLES,
            Self::Dropped(_) => DROPPED,
            Self::User(_) => USERS,
            Self::Grant(..) => GRANTS,
            Self::Membership { .. } => MEMBERSHIPS,
            Self::Setting(_) => SETTINGS,
            Self::Manifest(_) => MANIFESTS,
            Self::Load(_) => LOADS,
            Self::Sequence | Self::LogFiles => META,
        }
    }

    pub(super) fn key(&self) -> Vec<u8> {
        match self {
            Self::Database(id) => id.0.to_be_bytes().to_vec(),
            Self::Table(id) | Self::Dropped(id) | Self::Manifest(id) => id.0.to_be_bytes().to_vec(),
            Self::User(id) => id.0.to_be_bytes().to_vec(),
            Self::Load(id) => id.0.to_be_bytes().to_vec(),
            Self::Grant(grantee, scope) => {
                let (tag, id) = match scope {
                    Scope::All => (0, 0),
                    Scope::Database(id) => (1, id.0),
                    Scope::Table(id) => (2, id.0),
                };
                [grantee.0.to_be_bytes().as_slice(), &[tag], &id.to_be_bytes()].concat()
            }
            Self::Membership { role, member } => [role.0.to_be_bytes(), member.0.to_be_bytes()].concat(),
            Self::Setting(name) => name.clone().into_bytes(),
            Self::Sequence => SEQUENCE_KEY.to_vec(),
            Self::LogFiles => LOG_FILES_KEY.to_vec(),
        }
    }

    /// The bytes of this part in a catalogue; `None` if it is not there.
    pub(super) fn value(&self, catalog: &Catalog) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Database(id) => catalog.database(*id).map(encode),
            Self::Table(id) => catalog.table(*id).map(encode),
            Self::Dropped(id) => catalog.was_dropped(*id).then(|| encode(&())),
            Self::User(id) => catalog.user(*id).map(encode),
            Self::Grant(grantee, scope) => catalog.grant(*grantee, *scope).map(encode),
            Self::Membership { role, member } => catalog.membership(*role, *member).map(encode),
            Self::Setting(name) => catalog.setting(name).map(encode),
            Self::Manifest(id) => catalog.table(*id).map(|_| encode(&catalog.manifest(*id))),
            Self::Load(id) => catalog.load(*id).map(encode),
            Self::Sequence => Some(encode(&catalog.sequence())),
            Self::LogFiles => catalog.log_files().map(|files| encode(&files)),
        }
        .transpose()
    }
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = vec![FORMAT];
    rmp_serde::encode::write_named(&mut bytes, value).map_err(Error::internal)?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    match bytes.split_first() {
        Some((&FORMAT, value)) => rmp_serde::from_slice(value).map_err(damaged),
        Some((&format, _)) if format > FORMAT => Err(Error::new(ErrorKind::FormatTooNew {
            found: format!("{format} in {FILE_NAME}"),
            known: FORMAT.to_string(),
        })),
        _ => Err(damaged("a value without a format")),
    }
}

pub(super) fn table_id(key: &[u8]) -> Result<TableId> {
    let id = key.try_into().map_err(|_| damaged("a key that is no table id"))?;
    Ok(TableId(u64::from_be_bytes(id)))
}

pub(super) fn damaged(reason: impl ToString) -> Error {
    Error::new(ErrorKind::Corrupt { file: FILE_NAME.to_owned(), reason: reason.to_string() })
}
