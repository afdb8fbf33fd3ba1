//! What is small goes into a pack with what other tables give: one file and one sync for all of it.
//! Where a segment goes is known once it is written: what may be small is made in memory.

use crate::format::PACKS;
use crate::segment;
use crate::store::Store;
use crate::table_state::TableState;
use catalog::SegmentEntry;
use files::{Files, PackWriter, StagedFiles, io_error, pack_of};
use model::{Error, Result, TableId};
use segments::remove_segment;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// In memory, values take so many times the bytes that they take in files, at most.
const SHRINKS_BY: u64 = 32;

/// A pack that is begun with the first thing that goes into it.
pub(crate) struct Packing<'a> {
    store: &'a Store,
    runtime: &'a Runtime,
    writer: Option<PackWriter>,
}

/// A segment that was written.
pub(crate) struct Placed {
    entry: SegmentEntry,
    /// Its path is its name in the pack, which has none yet.
    is_packed: bool,
}

impl Placed {
    pub(crate) fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Removes the files of one that will not be named; a pack that is not finished goes as a whole.
    pub(crate) fn discard(&self, files: &dyn Files) {
        if !self.is_packed {
            // Its error counts, which made it useless, and not this one.
            let _ = remove_segment(files, &self.entry.path);
        }
    }

    /// As the manifest has it, once the pack is finished.
    pub(crate) fn settle(self, pack: Option<&str>) -> Result<SegmentEntry> {
        let path = match self.is_packed {
            true => member(pack, &self.entry.path)?,
            false => self.entry.path,
        };
        Ok(SegmentEntry { path, ..self.entry })
    }
}

/// The path of a member of a finished pack.
pub(crate) fn member(pack: Option<&str>, name: &str) -> Result<String> {
    let pack = pack.ok_or_else(|| Error::internal("a pack was not made"))?;
    Ok(format!("{pack}/{name}"))
}

impl<'a> Packing<'a> {
    pub(crate) fn new(store: &'a Store, runtime: &'a Runtime) -> Self {
        Self { store, runtime, writer: None }
    }

    /// How long it is by now.
    pub(crate) fn bytes(&self) -> u64 {
        self.writer.as_ref().map_or(0, PackWriter::bytes)
    }

    /// Adds something of a table; its name in the pack.
    pub(crate) fn put(&mut self, table: TableId, parts: &[&[u8]], ending: &str) -> Result<String> {
        let failed = |e: std::io::Error| io_error("write", Path::new(files::PACKS), &e);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                self.store.features.need(self.store.files.as_ref(), PACKS)?;
                let number = self.runtime.block_on(self.store.catalog.take_ids(1))?.start;
                let begun = PackWriter::begin(self.store.files.clone(), number).map_err(failed)?;
                self.writer.insert(begun)
            }
        };
        writer.add(table.0, parts, ending).map_err(failed)
    }

    /// Makes what was added durable; the pack's path. `None`: nothing was added.
    pub(crate) fn finish(self) -> Result<Option<String>> {
        let _naming = self.store.naming.lock();
        let finished = self.writer.map(PackWriter::finish).transpose();
        finished.map_err(|e| io_error("write", Path::new(files::PACKS), &e))
    }

    /// Whether rows that take so much memory may take few enough bytes in files.
    pub(crate) fn may_be_small(&self, memory_bytes: u64) -> bool {
        memory_bytes <= self.store.options.pack_bytes.saturating_mul(SHRINKS_BY)
    }

    /// Writes a segment of a table where it belongs. `path` is that of a file of its own; `write`
    /// writes it into the files that it gets, or says that no row is left.
    pub(crate) fn place(
        &mut self,
        state: &TableState,
        path: &str,
        may_be_small: bool,
        write: &mut dyn FnMut(&dyn Files) -> Result<Option<SegmentEntry>>,
    ) -> Result<Option<Placed>> {
        let files = self.store.files.as_ref();
        if self.store.options.pack_bytes == 0 || !may_be_small {
            make_directory(files, state)?;
            let written = write(files).inspect_err(|_| drop(remove_segment(files, path)))?;
            return Ok(written.map(|entry| Placed { entry, is_packed: false }));
        }
        let staged = StagedFiles::default();
        let Some(entry) = write(&staged)? else { return Ok(None) };
        let side = format!("{path}.runs");
        let made = [path, &side].map(|path| staged.take(Path::new(path)).unwrap_or_default());
        if made.iter().map(Vec::len).sum::<usize>() as u64 <= self.store.options.pack_bytes {
            let name = self.put(state.id, &made.each_ref().map(Vec::as_slice), "parquet")?;
            return Ok(Some(Placed { entry: SegmentEntry { path: name, ..entry }, is_packed: true }));
        }
        write_own(files, state, path, &made)?;
        Ok(Some(Placed { entry, is_packed: false }))
    }
}

/// Writes a segment and what lies beside it as files of their own, durably.
pub(crate) fn write_own(files: &dyn Files, state: &TableState, path: &str, parts: &[Vec<u8>; 2]) -> Result<()> {
    make_directory(files, state)?;
    let write = |path: &str, bytes: &[u8]| {
        let temporary = PathBuf::from(format!("{path}.tmp"));
        let write = || {
            let file = files.create(&temporary)?;
            file.write_at(0, bytes)?;
            file.sync()?;
            files.rename(&temporary, Path::new(path))
        };
        write().inspect_err(|_| drop(files.remove(&temporary))).map_err(|e| io_error("write", Path::new(path), &e))
    };
    let [segment, side] = parts;
    let directory = segment::directory(state.id);
    let sync = || files.sync_directory(&directory).map_err(|e| io_error("sync", &directory, &e));
    let written = write(path, segment).and_then(|()| write(&format!("{path}.runs"), side)).and_then(|()| sync());
    written.inspect_err(|_| drop(remove_segment(files, path)))
}

/// Where the manifest names a file in it, it is there.
fn make_directory(files: &dyn Files, state: &TableState) -> Result<()> {
    let has_own = state.memory.read().segments().iter().any(|segment| pack_of(&segment.entry.path).is_none());
    if has_own { Ok(()) } else { segment::make_directory(files, state) }
}
