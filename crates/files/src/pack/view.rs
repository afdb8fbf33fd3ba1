//! A tree in which the members of packs can be opened as files of their own, and go one by one: a
//! pack goes with the last of its members that somebody names.

use super::{Member, PACKS, pack_of, ranges};
use crate::{File, Files};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many packs are held open beside those that somebody reads.
const OPEN_MAX: usize = 16;

/// The same files as below it, and the members of packs.
#[derive(Clone, Debug)]
pub struct PackedFiles {
    below: Arc<dyn Files>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By pack: what is named of it.
    named: HashMap<String, Named>,
    /// The last ones that were asked for, the newest last.
    open: Vec<(String, Arc<dyn File>)>,
    /// Removed; the directory was not synced since.
    removed: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Named {
    /// The pack's length, once somebody asked.
    length: Option<u64>,
    /// Bytes of each member.
    members: BTreeMap<String, u64>,
}

/// A pack of which less than half is still named.
#[derive(Clone, Debug)]
pub struct SparsePack {
    /// Its path.
    pub path: String,
    /// Bytes of what is named.
    pub bytes: u64,
}

impl PackedFiles {
    /// The same files; of no pack a member is named yet.
    #[must_use]
    pub fn new(below: Arc<dyn Files>) -> Self {
        Self { below, state: Arc::default() }
    }

    /// Members that somebody names now, by their paths; what lies in no pack is left out.
    pub fn name<'a>(&self, paths: impl IntoIterator<Item = &'a str>) {
        let mut state = self.state.lock();
        for path in paths {
            let Some(Member { pack, name, is_beside: false }) = Member::of(Path::new(path)) else { continue };
            let bytes = ranges(name).unwrap_or_default().iter().map(|part| part.end - part.start).sum();
            state.named.entry(pack.to_owned()).or_default().members.insert(name.to_owned(), bytes);
        }
    }

    /// Packs of which less than half is named, the emptiest first.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn sparse(&self) -> io::Result<Vec<SparsePack>> {
        let unknown: Vec<String> = {
            let state = self.state.lock();
            state.named.iter().filter(|(_, named)| named.length.is_none()).map(|(pack, _)| pack.clone()).collect()
        };
        for pack in unknown {
            let length = match self.pack(&pack) {
                Ok(file) => file.len()?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if let Some(named) = self.state.lock().named.get_mut(&pack) {
                named.length = Some(length);
            }
        }
        let state = self.state.lock();
        let found = state.named.iter().filter_map(|(pack, named)| {
            let bytes: u64 = named.members.values().sum();
            (bytes.saturating_mul(2) < named.length?).then(|| SparsePack { path: pack.clone(), bytes })
        });
        let mut found: Vec<SparsePack> = found.collect();
        found.sort_by(|a, b| (a.bytes, &a.path).cmp(&(b.bytes, &b.path)));
        Ok(found)
    }

    /// An open pack.
    fn pack(&self, path: &str) -> io::Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        if let Some(at) = state.open.iter().position(|(open, _)| open == path) {
            let found = state.open.remove(at);
            let file = found.1.clone();
            state.open.push(found);
            return Ok(file);
        }
        let file = self.below.open(Path::new(path))?;
        if state.open.len() >= OPEN_MAX {
            state.open.remove(0);
        }
        state.open.push((path.to_owned(), file.clone()));
        Ok(file)
    }

    /// Lets go of a pack that goes, or gets another name.
    fn close(&self, path: &Path) {
        self.state.lock().open.retain(|(open, _)| Path::new(open) != path);
    }
}

fn is_inside(path: &Path) -> bool {
    path.to_str().is_some_and(|path| pack_of(path).is_some())
}

/// Members are as they were written.
fn refuse(path: &Path) -> io::Result<()> {
    if is_inside(path) { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
}

impl Files for PackedFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        refuse(path)?;
        self.close(path);
        self.below.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        if !is_inside(path) {
            return self.below.open(path);
        }
        let member = Member::of(path).ok_or(io::ErrorKind::NotFound)?;
        let range = member.range().ok_or(io::ErrorKind::NotFound)?;
        let file = self.pack(member.pack)?;
        // One that is cut off is as short as what is left of it.
        let end = range.end.min(file.len()?).max(range.start);
        Ok(Arc::new(FileSlice { file, range: range.start..end }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        refuse(from)?;
        refuse(to)?;
        self.close(from);
        self.close(to);
        self.below.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !is_inside(path) {
            self.close(path);
            return self.below.remove(path);
        }
        let member = Member::of(path).filter(|member| !member.is_beside).ok_or(io::ErrorKind::NotFound)?;
        let mut state = self.state.lock();
        let named = state.named.get_mut(member.pack).ok_or(io::ErrorKind::NotFound)?;
        named.members.remove(member.name).ok_or(io::ErrorKind::NotFound)?;
        if !named.members.is_empty() {
            return Ok(());
        }
        state.named.remove(member.pack);
        state.open.retain(|(open, _)| open != member.pack);
        self.below.remove(Path::new(member.pack))?;
        state.removed.insert(member.pack.to_owned());
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        refuse(path)?;
        self.below.create_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        if is_inside(path) {
            return Ok(Vec::new());
        }
        self.below.list(path)
    }

    /// Of a pack: makes durable that it went, if it did.
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let is_pack = path.parent() == Some(Path::new(PACKS));
        if !is_pack {
            return self.below.sync_directory(path);
        }
        let went = path.to_str().is_some_and(|pack| self.state.lock().removed.remove(pack));
        if went { self.below.sync_directory(Path::new(PACKS)) } else { Ok(()) }
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        if !is_inside(path) {
            return self.below.exists(path);
        }
        let Some(member) = Member::of(path).filter(|member| member.range().is_some()) else { return Ok(false) };
        match self.pack(member.pack) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn local_path(&self, path: &Path) -> Option<PathBuf> {
        if is_inside(path) { None } else { self.below.local_path(path) }
    }

    fn link(&self, local: &Path, to: &Path) -> io::Result<()> {
        refuse(to)?;
        self.below.link(local, to)
    }
}

/// Part of a file.
#[derive(Debug)]
struct FileSlice {
    file: Arc<dyn File>,
    range: Range<u64>,
}

impl FileSlice {
    /// Where a place of the slice lies in the file, if the bytes from there lie in the slice.
    fn place(&self, offset: u64, bytes: usize) -> io::Result<u64> {
        let start = self.range.start.checked_add(offset);
        let end = start.and_then(|start| start.checked_add(bytes as u64));
        start.filter(|_| end.is_some_and(|end| end <= self.range.end)).ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}

impl File for FileSlice {
    fn len(&self) -> io::Result<u64> {
        Ok(self.range.end - self.range.start)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(self.place(offset, buffer.len())?, buffer)
    }

    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        self.file.write_at(self.place(offset, buffer.len())?, buffer)
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
