//! Series indexes on disk: `series/<table>-<mark>.series`, immutable and checksummed. A file is
//! written, synced and only then given its name; the one with the greatest mark counts, and the
//! older ones are removed after it. The manifest then says the mark: one that is missing or
//! older than that is noticed.

use super::checkpoint_file::{CheckpointFile, Contents, StoredSeries};
use super::{Attributes, Event, SeriesEntry, SeriesIndex};
use crate::bytes_codec::{Decoded, Malformed};
use crate::log::corrupt;
use bytes::Bytes;
use files::{File, Files, io_error};
use model::{Error, KeyHash, Result, Sequence, SeriesId, TableId, key_hash};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where checkpoints live.
pub(crate) const DIRECTORY: &str = "series";
const SUFFIX: &str = ".series";

fn path(table: TableId, mark: Sequence) -> PathBuf {
    Path::new(DIRECTORY).join(format!("{table}-{mark:020}{SUFFIX}", mark = mark.0))
}

fn parse(name: &str) -> Option<(TableId, Sequence)> {
    let (table, mark) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    Some((TableId(table.parse().ok()?), Sequence(mark.parse().ok()?)))
}

/// The checkpoints of a data directory.
#[derive(Debug)]
pub(crate) struct Checkpoints<'a> {
    files: &'a dyn Files,
}

impl<'a> Checkpoints<'a> {
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self { files }
    }

    /// Where a checkpoint lies.
    pub(crate) fn path(table: TableId, mark: Sequence) -> PathBuf {
        path(table, mark)
    }

    /// The newest of each table. `tables` are those that there are, with the least mark that each
    /// must have; zero: none.
    pub(crate) fn newest(&self, tables: &BTreeMap<TableId, Sequence>) -> Result<BTreeMap<TableId, Sequence>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let mut newest = BTreeMap::new();
        for (table, mark) in names.iter().filter_map(|name| parse(name)).filter(|(t, _)| tables.contains_key(t)) {
            let entry = newest.entry(table).or_insert(mark);
            *entry = mark.max(*entry);
        }
        let missing = |(table, least): &(&TableId, &Sequence)| newest.get(table).copied().unwrap_or_default() < **least;
        if let Some((table, least)) = tables.iter().find(missing) {
            let reason = "it is missing, and series with it: put the file back, or restore the whole data directory \
                          from a backup";
            return Err(corrupt(&path(*table, *least), reason));
        }
        Ok(newest)
    }

    /// Loads the newest of each table, as [`Self::newest`] has it, and removes all others.
    pub(crate) fn load(&self, tables: &BTreeMap<TableId, Sequence>) -> Result<BTreeMap<TableId, SeriesIndex>> {
        let newest = self.newest(tables)?;
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        for name in &names {
            if parse(name).is_none_or(|(table, mark)| newest.get(&table) != Some(&mark)) {
                let path = directory.join(name);
                self.files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
            }
        }
        newest.into_iter().map(|(table, mark)| Ok((table, self.read(table, mark)?))).collect()
    }

    /// Table and mark in a checkpoint's name.
    pub(crate) fn parse(name: &str) -> Option<(TableId, Sequence)> {
        parse(name)
    }

    /// The marks of a table's checkpoints.
    pub(crate) fn marks(&self, table: TableId) -> Result<Vec<Sequence>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        Ok(names.iter().filter_map(|name| parse(name)).filter(|(of, _)| *of == table).map(|(_, mark)| mark).collect())
    }

    /// The mark of a table's newest checkpoint.
    pub(crate) fn newest_mark(&self, table: TableId) -> Result<Option<Sequence>> {
        Ok(self.marks(table)?.into_iter().max())
    }

    /// Loads one.
    pub(crate) fn read(&self, table: TableId, mark: Sequence) -> Result<SeriesIndex> {
        load(self.bytes(table, mark)?, table, mark).map_err(|e| corrupt(&path(table, mark), e.0))
    }

    /// The bytes of a checkpoint whose checksums fit.
    pub(crate) fn verified(&self, table: TableId, mark: Sequence) -> Result<Bytes> {
        let bytes = self.bytes(table, mark)?;
        verify(bytes.clone(), table, mark).map_err(|e| corrupt(&path(table, mark), e.0))?;
        Ok(bytes)
    }

    fn bytes(&self, table: TableId, mark: Sequence) -> Result<Bytes> {
        let path = path(table, mark);
        let read = || {
            let file = self.files.open(&path)?;
            let mut bytes = vec![0; usize::try_from(file.len()?).map_err(std::io::Error::other)?];
            file.read_at(0, &mut bytes)?;
            Ok(bytes)
        };
        let bytes: Vec<u8> = read().map_err(|e: std::io::Error| io_error("read", &path, &e))?;
        Ok(bytes.into())
    }

    /// Writes a checkpoint, which is none before it is finished.
    pub(crate) fn begin(
        &self,
        table: TableId,
        mark: Sequence,
        write: impl FnOnce(&dyn File) -> Result<()>,
    ) -> Result<Unfinished<'a>> {
        let path = path(table, mark);
        let temporary = path.with_extension("tmp");
        let file = self.files.create(&temporary).map_err(|e| io_error("create", &temporary, &e))?;
        write(file.as_ref())?;
        Ok(Unfinished { files: self.files, table, mark, file })
    }

    /// Removes those checkpoints of a table whose mark is not wanted. Nothing is synced: a start removes
    /// those that a power cut brings back.
    pub(crate) fn remove(&self, table: TableId, unwanted: impl Fn(Sequence) -> bool) -> Result<()> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        for name in names {
            if parse(&name).is_some_and(|(t, mark)| t == table && unwanted(mark)) {
                let path = directory.join(name);
                self.files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
            }
        }
        Ok(())
    }

    fn sync_directory(&self) -> Result<()> {
        let directory = Path::new(DIRECTORY);
        self.files.sync_directory(directory).map_err(|e| io_error("sync", directory, &e))
    }
}

/// A checkpoint that was written, without its name yet.
#[derive(Debug)]
pub(crate) struct Unfinished<'a> {
    files: &'a dyn Files,
    table: TableId,
    mark: Sequence,
    file: Arc<dyn File>,
}

impl Unfinished<'_> {
    /// Makes it durable and removes the older ones. Then the index may take on its mark.
    pub(crate) fn finish(self) -> Result<()> {
        let path = path(self.table, self.mark);
        let named = self.file.sync().and_then(|()| self.files.rename(&path.with_extension("tmp"), &path));
        named.map_err(|e| io_error("write", &path, &e))?;
        let checkpoints = Checkpoints::new(self.files);
        checkpoints.sync_directory()?;
        checkpoints.remove(self.table, |other| other < self.mark)
    }
}

impl SeriesIndex {
    /// Writes everything up to `mark`, the newest visible number, at which `listed` are the living
    /// series in key order. Series that ended after `ended_after` are kept: rows in the log may
    /// still speak of them.
    pub(crate) fn write(
        &self,
        table: TableId,
        mark: Sequence,
        ended_after: Sequence,
        listed: &[SeriesId],
        file: &dyn File,
    ) -> Result<()> {
        let stays = |entry: &SeriesEntry| entry.created <= mark && entry.dropped > ended_after;
        let ids = (0_u32..).zip(&self.entries).filter(|(_, entry)| entry.as_ref().is_some_and(stays));
        let ids: Vec<SeriesId> = ids.map(|(id, _)| SeriesId(id)).collect();
        let at = |place: u32| {
            let id = ids.get(place as usize).copied().unwrap_or_default();
            (id, self.entry(id))
        };
        let series = |place: u32| {
            let (id, entry) = at(place);
            let nothing = StoredSeries { id, key: &[], attributes: &[], newest: i64::MIN, ended: None };
            entry.map_or(nothing, |entry| StoredSeries {
                id,
                key: &entry.key,
                attributes: &entry.attributes,
                newest: entry.newest,
                ended: (entry.dropped <= mark).then_some(entry.dropped),
            })
        };
        let hash = |place: u32| at(place).1.map_or(KeyHash(0), |entry| entry.hash);
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let mut by_hash: Vec<u32> = (0..count).filter(|place| series(*place).ended.is_none()).collect();
        by_hash.sort_unstable_by_key(|place| hash(*place));
        let place = |id: &SeriesId| u32::try_from(ids.binary_search(id).ok()?).ok();
        let by_key: Vec<u32> = listed.iter().filter_map(place).collect();
        if by_key.len() != by_hash.len() {
            return Err(Error::internal(format!("table {table}: {} series live, not those listed", by_hash.len())));
        }
        // Ids above were issued by numbers above the mark, which the log still has.
        let next = (1_u32..).zip(&self.entries).filter(|(_, e)| e.as_ref().is_none_or(|e| e.created <= mark));
        let next_id = next.last().map_or(0, |(next, _)| next);
        let (by_hash, by_key) = (by_hash.as_slice(), by_key.as_slice());
        let contents = Contents { table, mark, next_id, count, series: &series, by_hash, hash: &hash, by_key };
        contents.write(file).map_err(|e| io_error("write", &path(table, mark), &e))
    }

    /// A checkpoint up to `mark` is durable.
    pub(crate) fn checkpointed(&mut self, mark: Sequence) {
        self.mark = mark;
    }
}

fn verify(bytes: Bytes, table: TableId, mark: Sequence) -> Decoded<CheckpointFile> {
    let file = CheckpointFile::new(bytes)?;
    if (file.table, file.mark) != (table, mark) {
        return Err(Malformed::new("its name does not fit its content"));
    }
    file.verify()?;
    Ok(file)
}

fn load(bytes: Bytes, table: TableId, mark: Sequence) -> Decoded<SeriesIndex> {
    let file = verify(bytes, table, mark)?;
    let mut hashes = vec![None; file.count()];
    for (hash, place) in file.by_hash() {
        *hashes.get_mut(place).ok_or_else(|| Malformed::new("a place without a series"))? = Some(hash);
    }
    let mut index = SeriesIndex { mark, ..SeriesIndex::default() };
    index.entries.reserve(file.next_id as usize);
    index.by_hash.reserve(file.by_hash().len(), |_| 0);
    for (place, hash) in hashes.into_iter().enumerate() {
        let StoredSeries { id, key, attributes, newest, ended } = file.series(place)?;
        Attributes::decode(attributes)?;
        if id.0 >= file.next_id || index.next_id() > id.0 || hash.is_none() != ended.is_some() {
            return Err(Malformed::new("series are out of order"));
        }
        index.entries.resize(id.0 as usize, None);
        index.entries.push(Some(SeriesEntry {
            key: key.into(),
            hash: hash.unwrap_or_else(|| key_hash(key)),
            attributes: attributes.into(),
            created: Sequence::ZERO,
            dropped: ended.unwrap_or(Sequence::MAX),
            newest,
        }));
        if let Some(hash) = hash {
            index.link(id, hash);
        }
    }
    index.entries.resize(file.next_id as usize, None);
    // In key order, so that the first snapshot finds them sorted.
    for place in file.by_key() {
        index.events.push_back((Sequence::ZERO, Event::Made(file.series(place)?.id)));
    }
    Ok(index)
}
