//! Series indexes on disk: `series/<table>-<mark>.series`, immutable and checksummed. A file is
//! written, synced and only then given its name; the one with the greatest mark counts, and the
//! older ones are removed after it.

use super::{Attributes, Event, SeriesEntry, SeriesIndex};
use crate::bytes_codec::{Cursor, Decoded, Malformed, put_bytes, put_len, put_varint};
use crate::log::corrupt;
use files::{Files, io_error};
use model::{Result, Sequence, SeriesId, TableId, key_hash};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where checkpoints live.
pub(crate) const DIRECTORY: &str = "series";
const MAGIC: [u8; 8] = *b"\x89CGSER\r\n";
const FORMAT: u32 = 1;
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

    /// Loads the newest of each table that is wanted, and removes all others.
    pub(crate) fn load(&self, wanted: impl Fn(TableId) -> bool) -> Result<BTreeMap<TableId, SeriesIndex>> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let mut newest = BTreeMap::new();
        for (table, mark) in names.iter().filter_map(|name| parse(name)).filter(|(table, _)| wanted(*table)) {
            let entry = newest.entry(table).or_insert(mark);
            *entry = mark.max(*entry);
        }
        let mut removed = false;
        for name in &names {
            if parse(name).is_none_or(|(table, mark)| newest.get(&table) != Some(&mark)) {
                let path = directory.join(name);
                self.files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
                removed = true;
            }
        }
        if removed {
            self.sync_directory()?;
        }
        newest.into_iter().map(|(table, mark)| Ok((table, self.read(table, mark)?))).collect()
    }

    fn read(&self, table: TableId, mark: Sequence) -> Result<SeriesIndex> {
        let path = path(table, mark);
        let read = || {
            let file = self.files.open(&path)?;
            let mut bytes = vec![0; usize::try_from(file.len()?).map_err(std::io::Error::other)?];
            file.read_at(0, &mut bytes)?;
            Ok(bytes)
        };
        let bytes: Vec<u8> = read().map_err(|e: std::io::Error| io_error("read", &path, &e))?;
        decode(&bytes, table, mark).map_err(|e| corrupt(&path, e.0))
    }

    /// Writes a checkpoint and removes the older ones. Then the index may take on its mark.
    pub(crate) fn write(&self, table: TableId, mark: Sequence, encoded: &[u8]) -> Result<()> {
        let path = path(table, mark);
        let temporary = path.with_extension("tmp");
        let write = || {
            let file = self.files.create(&temporary)?;
            file.write_at(0, encoded)?;
            file.sync()?;
            self.files.rename(&temporary, &path)
        };
        write().map_err(|e| io_error("write", &path, &e))?;
        self.sync_directory()?;
        self.remove(table, |other| other < mark)
    }

    /// Removes those checkpoints of a table whose mark is not wanted.
    pub(crate) fn remove(&self, table: TableId, unwanted: impl Fn(Sequence) -> bool) -> Result<()> {
        let directory = Path::new(DIRECTORY);
        let names = self.files.list(directory).map_err(|e| io_error("list", directory, &e))?;
        let mut removed = false;
        for name in names {
            if parse(&name).is_some_and(|(t, mark)| t == table && unwanted(mark)) {
                let path = directory.join(name);
                self.files.remove(&path).map_err(|e| io_error("remove", &path, &e))?;
                removed = true;
            }
        }
        if removed { self.sync_directory() } else { Ok(()) }
    }

    fn sync_directory(&self) -> Result<()> {
        let directory = Path::new(DIRECTORY);
        self.files.sync_directory(directory).map_err(|e| io_error("sync", directory, &e))
    }
}

impl SeriesIndex {
    /// Everything up to `mark`, the newest visible number. Series that ended after `ended_after`
    /// are kept: rows in the log may still speak of them.
    pub(crate) fn encode(&self, table: TableId, mark: Sequence, ended_after: Sequence) -> Vec<u8> {
        let kept = || {
            (0..)
                .zip(&self.entries)
                .filter_map(|(id, entry)| Some((id, entry.as_ref()?)))
                .filter(move |(_, e)| e.created <= mark && (e.dropped > ended_after))
        };
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend(FORMAT.to_le_bytes());
        out.extend(table.0.to_le_bytes());
        out.extend(mark.0.to_le_bytes());
        // Ids above were issued by numbers above the mark, which the log still has.
        let next = (0u32..).zip(&self.entries).filter(|(_, e)| e.as_ref().is_none_or(|e| e.created <= mark));
        out.extend(next.last().map_or(0, |(id, _)| id + 1).to_le_bytes());
        put_len(kept().count(), &mut out);
        for (id, entry) in kept() {
            let id: u32 = id;
            put_varint(u128::from(id), &mut out);
            put_bytes(&entry.key, &mut out);
            put_bytes(&entry.attributes, &mut out);
            out.extend(entry.newest.to_le_bytes());
            let dropped = if entry.dropped <= mark { entry.dropped.0 } else { 0 };
            put_varint(u128::from(dropped), &mut out);
        }
        let crc = crc32fast::hash(&out);
        out.extend(crc.to_le_bytes());
        out
    }

    /// A checkpoint up to `mark` is durable.
    pub(crate) fn checkpointed(&mut self, mark: Sequence) {
        self.mark = mark;
    }
}

fn decode(bytes: &[u8], table: TableId, mark: Sequence) -> Decoded<SeriesIndex> {
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(|| Malformed::new("it is empty"))?;
    if crc32fast::hash(body) != u32::from_le_bytes(*crc) {
        return Err(Malformed::new("its checksum is wrong"));
    }
    let mut cursor = Cursor::new(body);
    if cursor.array::<8>()? != MAGIC {
        return Err(Malformed::new("it does not begin like a series checkpoint"));
    }
    let format = cursor.u32()?;
    if format != FORMAT {
        return Err(Malformed::new(format!("its format is {format}, not {FORMAT}")));
    }
    if cursor.u64()? != table.0 || cursor.u64()? != mark.0 {
        return Err(Malformed::new("its name does not fit its content"));
    }
    let next = cursor.u32()?;
    let count = cursor.count()?;
    let mut index = SeriesIndex { mark, ..SeriesIndex::default() };
    let mut made = Vec::with_capacity(count);
    for _ in 0..count {
        let id = SeriesId(cursor.int()?);
        let key: Box<[u8]> = cursor.bytes()?.into();
        let attributes: Box<[u8]> = cursor.bytes()?.into();
        Attributes::decode(&attributes)?;
        let newest = cursor.i64()?;
        let dropped: u64 = cursor.int()?;
        let place = id.0 as usize;
        if id.0 >= next || place < index.entries.len() {
            return Err(Malformed::new("series are out of order"));
        }
        let hash = key_hash(&key);
        let dropped = if dropped == 0 { Sequence::MAX } else { Sequence(dropped) };
        index.entries.resize(place, None);
        index.entries.push(Some(SeriesEntry { key, hash, attributes, created: Sequence::ZERO, dropped, newest }));
        if dropped == Sequence::MAX {
            index.link(id, hash);
            made.push(id);
        }
    }
    index.entries.resize(next as usize, None);
    index.events.extend(made.into_iter().map(|id| (Sequence::ZERO, Event::Made(id))));
    Ok(index)
}
