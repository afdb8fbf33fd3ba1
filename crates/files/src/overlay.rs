//! Another directory tree, seen as it is, with every change kept in memory: for looking at a store
//! by the same code that opens it, without touching it.

use crate::{File, Files};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are copied at the first change in them.
const PAGE_BYTES: u64 = 4096;

/// A tree below which nothing changes. What is changed is seen by whoever uses this one.
#[derive(Debug)]
pub struct OverlayFiles {
    below: Arc<dyn Files>,
    names: Mutex<Names>,
}

#[derive(Debug, Default)]
struct Names {
    /// `None`: removed.
    files: BTreeMap<PathBuf, Option<Arc<Node>>>,
    directories: BTreeSet<PathBuf>,
}

/// A file that was opened, made or given another name.
#[derive(Debug)]
struct Node {
    /// The file below that holds what was not changed.
    below: Option<PathBuf>,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// Length, and how many bytes of the file below still count; `None`: nothing was changed.
    lengths: Option<(u64, u64)>,
    pages: BTreeMap<u64, Vec<u8>>,
}

#[derive(Debug)]
struct OverlayFile {
    below: Option<Arc<dyn File>>,
    node: Arc<Node>,
}

impl OverlayFiles {
    /// Nothing is changed yet.
    #[must_use]
    pub fn new(below: Arc<dyn Files>) -> Self {
        Self { below, names: Mutex::default() }
    }

    /// The file with a name; an error if there is none.
    fn node(&self, path: &Path) -> io::Result<Arc<Node>> {
        let mut names = self.names.lock();
        match names.files.get(path) {
            Some(Some(node)) => Ok(node.clone()),
            Some(None) => Err(io::ErrorKind::NotFound.into()),
            None => {
                let node = Arc::new(Node { below: Some(path.to_owned()), changes: Mutex::default() });
                names.files.insert(path.to_owned(), Some(node.clone()));
                Ok(node)
            }
        }
    }

    fn opened(&self, node: Arc<Node>) -> io::Result<Arc<dyn File>> {
        let below = node.below.as_ref().map(|path| self.below.open(path)).transpose()?;
        Ok(Arc::new(OverlayFile { below, node }))
    }

    fn must_exist(&self, path: &Path) -> io::Result<()> {
        if self.exists(path)? { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

impl Files for OverlayFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let node = Arc::new(Node { below: None, changes: Mutex::default() });
        self.names.lock().files.insert(path.to_owned(), Some(node.clone()));
        self.opened(node)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.must_exist(path)?;
        self.opened(self.node(path)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.must_exist(from)?;
        let node = self.node(from)?;
        let mut names = self.names.lock();
        names.files.insert(from.to_owned(), None);
        names.files.insert(to.to_owned(), Some(node));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.must_exist(path)?;
        self.names.lock().files.insert(path.to_owned(), None);
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.names.lock().directories.insert(path.to_owned());
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut listed: BTreeSet<String> = self.below.list(path)?.into_iter().collect();
        let names = self.names.lock();
        let name = |file: &Path| file.file_name().map(|name| name.to_string_lossy().into_owned());
        let inside = |file: &Path| file.parent() == Some(path);
        listed.extend(names.directories.iter().filter(|d| inside(d)).filter_map(|d| name(d)));
        for (file, node) in names.files.iter().filter(|(file, _)| inside(file)) {
            let Some(name) = name(file) else { continue };
            match node {
                Some(node) if node.below.as_ref() != Some(file) => drop(listed.insert(name)),
                Some(_) => {}
                None => drop(listed.remove(&name)),
            }
        }
        Ok(listed.into_iter().collect())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        {
            let names = self.names.lock();
            match names.files.get(path) {
                // Only asked for; whether it is there is known below.
                Some(Some(node)) if node.below.as_deref() == Some(path) => {}
                Some(node) => return Ok(node.is_some()),
                None if names.directories.contains(path) => return Ok(true),
                None => {}
            }
        }
        self.below.exists(path)
    }
}

impl OverlayFile {
    fn below_len(&self) -> io::Result<u64> {
        self.below.as_ref().map_or(Ok(0), |file| file.len())
    }

    fn lengths(&self, changes: &Changes) -> io::Result<(u64, u64)> {
        changes.lengths.map_or_else(|| self.below_len().map(|len| (len, len)), Ok)
    }

    /// A page as it is seen: whole, with zeros behind the end.
    fn page<'a>(&self, changes: &'a mut Changes, page: u64, counts: u64) -> io::Result<&'a mut Vec<u8>> {
        match changes.pages.entry(page) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let mut bytes = vec![0; PAGE_BYTES as usize];
                self.read_below(page * PAGE_BYTES, &mut bytes, counts)?;
                Ok(entry.insert(bytes))
            }
        }
    }

    /// Reads what of a range still counts below; leaves the rest as it is.
    fn read_below(&self, offset: u64, buffer: &mut [u8], counts: u64) -> io::Result<()> {
        let there = usize::try_from(counts.saturating_sub(offset)).unwrap_or(usize::MAX).min(buffer.len());
        match (&self.below, buffer.get_mut(..there)) {
            (Some(file), Some(part)) if there > 0 => file.read_at(offset, part),
            _ => Ok(()),
        }
    }
}

impl File for OverlayFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lengths(&self.node.changes.lock())?.0)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let changes = self.node.changes.lock();
        if let (None, Some(file)) = (changes.lengths, &self.below) {
            return file.read_at(offset, buffer);
        }
        let (len, counts) = self.lengths(&changes)?;
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= len);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.fill(0);
        self.read_below(offset, buffer, counts)?;
        for (page, bytes) in changes.pages.range(offset / PAGE_BYTES..end.div_ceil(PAGE_BYTES)) {
            let start = page * PAGE_BYTES;
            let (from, to) = (offset.max(start), end.min(start + PAGE_BYTES));
            let (source, target) = ((from - start)..(to - start), (from - offset)..(to - offset));
            let range = |range: std::ops::Range<u64>| range.start as usize..range.end as usize;
            if let (Some(source), Some(target)) = (bytes.get(range(source)), buffer.get_mut(range(target))) {
                target.copy_from_slice(source);
            }
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()> {
        let mut changes = self.node.changes.lock();
        let (len, counts) = self.lengths(&changes)?;
        let end = offset.checked_add(buffer.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        let mut at = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let inside = (at % PAGE_BYTES) as usize;
            let (now, later) = rest.split_at(rest.len().min(PAGE_BYTES as usize - inside));
            let page = self.page(&mut changes, at / PAGE_BYTES, counts)?;
            if let Some(place) = page.get_mut(inside..inside + now.len()) {
                place.copy_from_slice(now);
            }
            at += now.len() as u64;
            rest = later;
        }
        changes.lengths = Some((len.max(end), counts));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.node.changes.lock();
        let (_, counts) = self.lengths(&changes)?;
        changes.pages.retain(|page, _| page * PAGE_BYTES < len);
        if let Some(page) = changes.pages.get_mut(&(len / PAGE_BYTES)) {
            let inside = (len % PAGE_BYTES) as usize;
            page.iter_mut().skip(inside).for_each(|byte| *byte = 0);
        }
        changes.lengths = Some((len, counts.min(len)));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
