//! The catalogue on disk: one redb database in one file. Created under another name and renamed
//! when whole, so that under its own name it is always complete.

use super::FILE_NAME;
use super::backend::{Backend, Failure, FirstFailure};
use super::encoding::{self, LOG_FILES_KEY, NEXT_ID_KEY, SEQUENCE_KEY, VERSION_KEY, damaged, decode, encode, table_id};
use super::header::{HEADER_BYTES, Header};
use crate::snapshot::{Catalog, Edit, Part};
use crate::{Change, LogFiles};
use files::{File, Files, io_error};
use model::{Error, ErrorKind, Result, Sequence};
use redb::{
    Database, DatabaseError, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableError, TableHandle,
    WriteTransaction,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const NEW_FILE_NAME: &str = "catalog.redb.new";
const CACHE_BYTES: usize = 16 << 20;
/// Smaller ids are never issued: they are free for objects that every store has.
const FIRST_ID: u64 = 1_000;

/// How far redb says that it has come when it falls back to the commit before the newest.
const FALLS_BACK_AT: f64 = 0.25;
const FELL_BACK_AT: f64 = 0.5;

/// What is stored.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) catalog: Catalog,
    pub(super) next_id: u64,
}

/// The open database.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
    failure: FirstFailure,
}

/// Opens the file, and makes it first if it is missing.
pub(super) fn open_file(files: &dyn Files) -> Result<Arc<dyn File>> {
    let path = Path::new(FILE_NAME);
    if !files.exists(path).map_err(|error| io_error("look for", path, &error))? {
        make_file(files, Disk::initialise)?;
    }
    // Also when it was there: power may have ended between the rename and this.
    settle_file(files)?;
    files.open(path).map_err(|error| io_error("open", path, &error))
}

/// Makes the file under its name once it is filled.
pub(super) fn make_file(files: &dyn Files, fill: impl FnOnce(&Disk) -> Result<()>) -> Result<()> {
    let new = Path::new(NEW_FILE_NAME);
    let file = files.create(new).map_err(|error| io_error("create", new, &error))?;
    fill(&Disk::open(file)?)?;
    files.rename(new, Path::new(FILE_NAME)).map_err(|error| io_error("rename", new, &error))
}

/// Makes the file's name durable.
pub(super) fn settle_file(files: &dyn Files) -> Result<()> {
    files.sync_directory(Path::new("")).map_err(|error| io_error("sync the directory of", Path::new(FILE_NAME), &error))
}

impl Disk {
    /// Opens the database in a file, repairing what a crash left and checking every page.
    pub(super) fn open(file: Arc<dyn File>) -> Result<Self, Failure> {
        let failure = FirstFailure::default();
        let header = read_header(file.as_ref())?;
        if let Some(damage) = header.and_then(|header| header.damage()) {
            return Err(Failure { error: damaged(damage), full: false });
        }
        let hides_phases = AtomicBool::new(header.is_some_and(|header| header.names_older()));
        let backend = Backend { file, failure: failure.clone(), hides_phases };
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        // A file is marked as closed, too, while it is being opened: then the newer commit, which an
        // opening makes, may not be whole yet.
        let may_fall_back = header.is_none_or(|header| !header.was_closed() || header.names_older());
        builder.set_repair_callback(move |repair| {
            // Beyond the first pass and before the second: the newest commit did not check out.
            if !may_fall_back && (FALLS_BACK_AT..FELL_BACK_AT).contains(&repair.progress()) {
                repair.abort();
            }
        });
        // What a damaged header says of the file's layout may be beyond what redb is ready for.
        let opened = catch_unwind(AssertUnwindSafe(|| builder.create_with_backend(backend)));
        match opened {
            Ok(Ok(database)) => Ok(Self { database, failure }),
            Ok(Err(DatabaseError::RepairAborted)) => {
                Err(Failure { error: damaged("its newest commit does not check out"), full: false })
            }
            Ok(Err(error)) => Err(explain(&failure, "open", error)),
            Err(_) => Err(Failure { error: damaged("its header makes no sense"), full: false }),
        }
    }

    fn initialise(&self) -> Result<()> {
        let (zero, next_id) = (encode(&0_u64)?, encode(&FIRST_ID)?);
        Ok(self.write(false, |transaction| {
            for table in encoding::ALL {
                transaction.open_table(table)?;
            }
            let mut meta = transaction.open_table(encoding::META)?;
            meta.insert(VERSION_KEY, zero.as_slice())?;
            meta.insert(SEQUENCE_KEY, zero.as_slice())?;
            meta.insert(NEXT_ID_KEY, next_id.as_slice())?;
            Ok(())
        })?)
    }

    /// Writes rows into a new database, durably.
    pub(super) fn put_rows(&self, rows: &[(encoding::Stored, &[u8], &[u8])]) -> Result<(), Failure> {
        self.write(true, |transaction| {
            for table in encoding::ALL {
                transaction.open_table(table)?;
            }
            for (table, key, value) in rows {
                transaction.open_table(*table)?.insert(*key, *value)?;
            }
            Ok(())
        })
    }

    /// Writes those parts of a catalogue, durably.
    pub(super) fn store(&self, parts: &Encoded) -> Result<(), Failure> {
        self.write(parts.in_two_phases(), |transaction| {
            let alike = |one: &Part, other: &Part| one.stored_in().name() == other.stored_in().name();
            for neighbours in parts.parts.chunk_by(|(one, _), (other, _)| alike(one, other)) {
                let Some((first, _)) = neighbours.first() else { continue };
                let mut table = transaction.open_table(first.stored_in())?;
                for (part, value) in neighbours {
                    match value {
                        Some(value) => table.insert(part.key().as_slice(), value.as_slice())?,
                        None => table.remove(part.key().as_slice())?,
                    };
                }
            }
            transaction.open_table(encoding::META)?.insert(VERSION_KEY, parts.version.as_slice())?;
            Ok(())
        })
    }

    /// Records, durably, that ids below that one may be in use.
    pub(super) fn store_next_id(&self, next_id: u64) -> Result<(), Failure> {
        let value = encode(&next_id).map_err(|error| Failure { error, full: false })?;
        self.write(false, |transaction| {
            transaction.open_table(encoding::META)?.insert(NEXT_ID_KEY, value.as_slice())?;
            Ok(())
        })
    }

    /// A commit in two phases syncs twice. Damage in it later is an error, where after damage in
    /// any other one redb would fall back to the commit before.
    fn write(
        &self,
        two_phases: bool,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), Failure> {
        let write = || {
            let mut transaction = self.database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            transaction.set_two_phase_commit(two_phases);
            change(&transaction)?;
            transaction.commit()?;
            Ok::<(), redb::Error>(())
        };
        write().map_err(|error| explain(&self.failure, "write", error))
    }

    /// Reads everything.
    pub(super) fn load(&self) -> Result<Contents> {
        let begun = self.database.begin_read().map_err(|error| self.explain(error))?;
        let read = Read { disk: self, transaction: begun };
        let mut edit = Edit::new(&Catalog::default());
        read.each(encoding::DROPPED, |key, value| {
            decode::<()>(value)?;
            edit.put_dropped(table_id(key)?);
            Ok(())
        })?;
        let mut put = |part: Option<Part>, key: &[u8], change: Change| {
            if part.is_some_and(|part| part.key() != key) {
                return Err(damaged("a value under the key of another"));
            }
            edit.apply(change).map_err(damaged)
        };
        read.each(encoding::DATABASES, |key, value| {
            let database: crate::Database = decode(value)?;
            put(Some(Part::Database(database.id)), key, Change::PutDatabase(database))
        })?;
        read.each(encoding::TABLES, |key, value| {
            let table: model::Table = decode(value)?;
            put(Some(Part::Table(table.id)), key, Change::PutTable(Box::new(table)))
        })?;
        read.each(encoding::USERS, |key, value| {
            let user: crate::User = decode(value)?;
            put(Some(Part::User(user.id)), key, Change::PutUser(user))
        })?;
        read.each(encoding::GRANTS, |key, value| {
            let grant: model::Grant = decode(value)?;
            put(Some(Part::Grant(grant.grantee, grant.scope)), key, Change::PutGrant(grant))
        })?;
        read.each(encoding::MEMBERSHIPS, |key, value| {
            let membership: crate::Membership = decode(value)?;
            let part = Part::Membership { role: membership.role, member: membership.member };
            put(Some(part), key, Change::PutMembership(membership))
        })?;
        read.each(encoding::SETTINGS, |key, value| {
            let name = String::from_utf8(key.to_vec()).map_err(damaged)?;
            put(None, key, Change::PutSetting(name, Some(decode(value)?)))
        })?;
        read.each(encoding::MANIFESTS, |key, value| {
            put(None, key, Change::PutManifest(table_id(key)?, decode(value)?))
        })?;
        read.each(encoding::LOADS, |key, value| {
            let load: crate::Load = decode(value)?;
            put(Some(Part::Load(load.id)), key, Change::PutLoad(load))
        })?;
        put(None, SEQUENCE_KEY, Change::PutSequence(read.meta::<Sequence>(SEQUENCE_KEY)?))?;
        if let Some(files) = read.optional_meta::<LogFiles>(LOG_FILES_KEY)? {
            if files.first > files.last {
                return Err(damaged("the log ends before it begins"));
            }
            edit.put_log_files(files);
        }
        let (mut catalog, _) = edit.finish();
        catalog.version = read.meta(VERSION_KEY)?;
        Ok(Contents { catalog, next_id: read.meta(NEXT_ID_KEY)? })
    }

    fn explain(&self, error: impl Into<redb::Error>) -> Error {
        explain(&self.failure, "read", error).error
    }
}

/// What the file's header says; `None` while there is none.
fn read_header(file: &dyn File) -> Result<Option<Header>, Failure> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_at(0, &mut bytes) {
        Ok(()) => Ok(Header::read(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(Failure { error: io_error("read", Path::new(FILE_NAME), &error), full: false }),
    }
}

struct Read<'a> {
    disk: &'a Disk,
    transaction: ReadTransaction,
}

impl Read<'_> {
    fn each(&self, table: encoding::Stored, mut take: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        let table = match self.transaction.open_table(table) {
            Err(TableError::TableDoesNotExist(name)) if name == encoding::LOADS.name() => return Ok(()),
            table => table.map_err(|error| self.disk.explain(error))?,
        };
        for row in table.iter().map_err(|error| self.disk.explain(error))? {
            let (key, value) = row.map_err(|error| self.disk.explain(error))?;
            take(key.value(), value.value())?;
        }
        Ok(())
    }

    fn meta<T: DeserializeOwned>(&self, key: &[u8]) -> Result<T> {
        self.optional_meta(key)?.ok_or_else(|| damaged("a value is missing"))
    }

    fn optional_meta<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        let table = self.transaction.open_table(encoding::META).map_err(|error| self.disk.explain(error))?;
        let value = table.get(key).map_err(|error| self.disk.explain(error))?;
        value.map(|value| decode(value.value())).transpose()
    }
}

/// Parts of a catalogue as they are stored, made before anything is written.
#[derive(Debug)]
pub(super) struct Encoded {
    parts: Vec<(Part, Option<Vec<u8>>)>,
    version: Vec<u8>,
}

impl Encoded {
    pub(super) fn new(catalog: &Catalog, parts: BTreeSet<Part>) -> Result<Self> {
        let value = |part: Part| part.value(catalog).map(|value| (part, value));
        Ok(Self { parts: parts.into_iter().map(value).collect::<Result<_>>()?, version: encode(&catalog.version)? })
    }

    /// Whether anything in it could be lost without anybody noticing. What stands in no file but
    /// the catalogue could; a manifest or the list of log files without its newest change asks for
    /// files that are gone, or has the log replayed once more.
    fn in_two_phases(&self) -> bool {
        let is_noticed =
            |part: &Part| matches!(part, Part::Manifest(_) | Part::Sequence | Part::LogFiles | Part::Dropped(_));
        !self.parts.iter().all(|(part, _)| is_noticed(part))
    }
}

/// The failed file operation behind redb's error, or else that error itself.
fn explain(failure: &FirstFailure, operation: &str, error: impl Into<redb::Error>) -> Failure {
    if let Some(failure) = &*failure.lock() {
        return failure.clone();
    }
    let error = match error.into() {
        redb::Error::Corrupted(reason) => damaged(reason),
        redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => damaged(error),
        redb::Error::Io(error) => io_error(operation, Path::new(FILE_NAME), &error),
        redb::Error::UpgradeRequired(format) => damaged(format_args!("file format {format}")),
        error => Error::new(ErrorKind::Io { operation: format!("{operation} {FILE_NAME}"), reason: error.to_string() }),
    };
    Failure { error, full: false }
}
