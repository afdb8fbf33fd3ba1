//! Series indexes on disk: `series/<table>-<mark>.series`, immutable and checksummed. A file is
//! written, synced and only then given its name; the one with the greatest mark counts, and the
//! older ones are removed after it. The manifest then says the mark: one that is missing or
//! older than that is noticed. Those of small tables lie in packs, where the manifest names them.

use super::checkpoint_file::{CheckpointFile, Contents, StoredSeries};
use super::pages::Pages;
use super::{Attributes, SeriesEntry, SeriesIndex, SeriesSnapshot};
use crate::bytes_codec::{Decoded, Malformed};
use crate::log::corrupt;
use bytes::Bytes;
use catalog::{Catalog, PackedSeries, TableManifest};
use files::{File, Files, io_error, read_whole};
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

/// What the catalogue says of a table's checkpoint.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    /// It must have this mark at least; zero: none need be there.
    pub(crate) least: Sequence,
    /// The newest that lies in a pack.
    pub(crate) packed: Option<PackedSeries>,
}

impl Expected {
    pub(crate) fn of(manifest: &TableManifest) -> Self {
        Self { least: manifest.series, packed: manifest.packed_series.clone() }
    }

    /// Where one should be that is not there.
    pub(crate) fn path(&self, table: TableId) -> PathBuf {
        self.packed.as_ref().map_or_else(|| path(table, self.least), |packed| PathBuf::from(&packed.checkpoint))
    }

    /// Of every table.
    pub(crate) fn all(catalog: &Catalog) -> BTreeMap<TableId, Self> {
        catalog.tables().map(|table| (table.id, Self::of(&catalog.manifest(table.id)))).collect()
    }
}

/// The newest checkpoint of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) mark: Sequence,
    pub(crate) path: PathBuf,
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

    /// The newest of each of these tables, whatever must be there.
    pub(crate) fn found(&self, tables: &BTreeMap<TableId, Expected>) -> Result<BTreeMap<TableId, Found>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let mut found: BTreeMap<TableId, Found> = BTreeMap::new();
        let mut see = |table: TableId, mark: Sequence, path: PathBuf| {
            if found.get(&table).is_none_or(|known| known.mark < mark) {
                found.insert(table, Found { mark, path });
            }
        };
        for name in &names {
            if let Some((table, mark)) = parse(name).filter(|(table, _)| tables.contains_key(table)) {
                see(table, mark, directory.join(name));
            }
        }
        for (table, packed) in tables.iter().filter_map(|(table, expected)| Some((table, expected.packed.as_ref()?))) {
            let path = PathBuf::from(&packed.checkpoint);
            if self.files.exists(&path).map_err(|e| io_error("look for", &path, &e))? {
                see(*table, packed.mark, path);
            }
        }
        Ok(found)
    }

    /// The same, where each is there that must be.
    pub(crate) fn newest(&self, tables: &BTreeMap<TableId, Expected>) -> Result<BTreeMap<TableId, Found>> {
        let newest = self.found(tables)?;
        for (table, expected) in tables {
            if newest.get(table).map(|found| found.mark).unwrap_or_default() < expected.least {
                let reason = "it is missing, and series with it: put the file back, or restore the whole data \
                              directory from a backup";
                return Err(corrupt(&expected.path(*table), reason));
            }
        }
        Ok(newest)
    }

    /// Loads the newest of each table, as [`Self::newest`] has it, and removes all other files.
    pub(crate) fn load(&self, tables: &BTreeMap<TableId, Expected>) -> Result<BTreeMap<TableId, SeriesIndex>> {
        let newest = self.newest(tables)?;
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        for name in &names {
            let path = directory.join(name);
            if parse(name).and_then(|(table, _)| newest.get(&table)).is_none_or(|found| found.path != path) {
                self.files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
            }
        }
        newest.into_iter().map(|(table, found)| Ok((table, self.read(table, &found)?))).collect()
    }

    /// The marks of a table's checkpoints.
    pub(crate) fn marks(&self, table: TableId) -> Result<Vec<Sequence>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        Ok(names.iter().filter_map(|name| parse(name)).filter(|(of, _)| *of == table).map(|(_, mark)| mark).collect())
    }

    /// The marks of all files, by table.
    pub(crate) fn all_marks(&self) -> Result<BTreeMap<TableId, Vec<Sequence>>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let mut marks: BTreeMap<TableId, Vec<Sequence>> = BTreeMap::new();
        for (table, mark) in names.iter().filter_map(|name| parse(name)) {
            marks.entry(table).or_default().push(mark);
        }
        Ok(marks)
    }

    /// Loads one.
    pub(crate) fn read(&self, table: TableId, found: &Found) -> Result<SeriesIndex> {
        load(self.bytes(&found.path)?, table, found.mark).map_err(|e| corrupt(&found.path, e.0))
    }

    /// The bytes of a checkpoint whose checksums fit.
    pub(crate) fn verified(&self, table: TableId, found: &Found) -> Result<Bytes> {
        let bytes = self.bytes(&found.path)?;
        verify(bytes.clone(), table, found.mark).map_err(|e| corrupt(&found.path, e.0))?;
        Ok(bytes)
    }

    fn bytes(&self, path: &Path) -> Result<Bytes> {
        read_whole(self.files, path).map(Bytes::from).map_err(|e| io_error("read", path, &e))
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

/// All series as they were at one moment, to be written without the index's lock.
#[derive(Debug)]
pub(crate) struct FrozenSeries {
    pages: Pages,
}

impl FrozenSeries {
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
        // Ids above were issued by numbers above the mark, which the log still has.
        let next_id = self.pages.ids_at(mark);
        let made = self.pages.entries().take_while(|(id, _)| *id < next_id);
        let ids: Vec<SeriesId> = made.filter(|(_, entry)| entry.dropped > ended_after).map(|(id, _)| id).collect();
        let at = |place: u32| {
            let id = ids.get(place as usize).copied().unwrap_or_default();
            (id, self.pages.entry(id))
        };
        let series = |place: u32| {
            let (id, entry) = at(place);
            let ended = entry.map(|entry| entry.dropped).filter(|dropped| *dropped <= mark);
            StoredSeries {
                id,
                key: entry.map_or(&[], |entry| entry.key),
                attributes: self.pages.attributes(id),
                newest: entry.map_or(i64::MIN, |entry| entry.newest),
                ended,
            }
        };
        let hash = |place: u32| at(place).1.map_or(KeyHash(0), |entry| entry.hash);
        let lives = |place: &u32| at(*place).1.is_some_and(|entry| entry.dropped > mark);
        let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let by_hash = in_hash_order((0..count).filter(lives), hash);
        let place = |id: &SeriesId| u32::try_from(ids.binary_search(id).ok()?).ok();
        let by_key: Vec<u32> = listed.iter().filter_map(place).collect();
        if by_key.len() != by_hash.len() {
            return Err(Error::internal(format!("table {table}: {} series live, not those listed", by_hash.len())));
        }
        let (by_hash, by_key, next_id) = (by_hash.as_slice(), by_key.as_slice(), next_id.0);
        let contents = Contents { table, mark, next_id, count, series: &series, by_hash, hash: &hash, by_key };
        contents.write(file).map_err(|e| io_error("write", &path(table, mark), &e))
    }
}

/// Places in the order of their hashes. Half of a hash beside its place decides nearly always.
fn in_hash_order(places: impl Iterator<Item = u32>, hash: impl Fn(u32) -> KeyHash) -> Vec<u32> {
    let mut sorted: Vec<(u64, u32)> = places.map(|place| ((hash(place).0 >> 64) as u64, place)).collect();
    sorted.sort_unstable_by(|(a, at), (b, beside)| a.cmp(b).then_with(|| hash(*at).cmp(&hash(*beside))));
    sorted.into_iter().map(|(_, place)| place).collect()
}

impl SeriesIndex {
    /// All that a checkpoint holds, whatever is written from now on.
    pub(crate) fn freeze(&self) -> FrozenSeries {
        FrozenSeries { pages: self.pages.clone() }
    }

    /// A checkpoint up to `mark` is durable.
    pub(crate) fn checkpointed(&mut self, mark: Sequence) {
        self.mark = mark;
    }

    /// Takes over a series that was stored, with its id; all later ones have greater ids.
    pub(super) fn restore(&mut self, id: SeriesId, entry: SeriesEntry<'_>, attributes: &[u8]) {
        self.pages.skip_to(id);
        self.pages.restore(entry, attributes);
        if entry.dropped == Sequence::MAX {
            self.link(id, entry.hash);
        }
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
    let mut index = SeriesIndex { mark, ..SeriesIndex::default() };
    index.by_hash.reserve(file.by_hash().len(), |_| 0);
    for place in 0..file.count() {
        let StoredSeries { id, key, attributes, newest, ended } = file.series(place)?;
        Attributes::decode(&attributes)?;
        if id.0 >= file.next_id || index.next_id() > id.0 || ended == Some(Sequence::ZERO) {
            return Err(Malformed::new("series are out of order"));
        }
        let dropped = ended.unwrap_or(Sequence::MAX);
        index.restore(id, SeriesEntry { key, hash: key_hash(key), dropped, newest }, &attributes);
    }
    index.skip_to(SeriesId(file.next_id));
    let listed = file.by_key().map(|place| Ok(file.series(place)?.id)).collect::<Decoded<Vec<_>>>()?;
    if index.living() != listed.len() {
        return Err(Malformed::new("not all living series are in its lists"));
    }
    index.snapshot = Arc::new(SeriesSnapshot::of(listed));
    index.listed = SeriesId(file.next_id);
    Ok(index)
}
