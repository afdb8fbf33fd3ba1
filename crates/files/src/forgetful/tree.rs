//! The names of all files and directories: those that are durable, those that a caller sees, and
//! the changes between. Creation and rename are one kind of change, "this stands here now, and
//! nowhere else", so that a power cut keeps a rename whole or not at all.

use super::content::Content;
use super::random::Dice;
use crate::path;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::mem;
use std::path::Path;
use std::sync::Arc;

type Id = u64;
type Names = BTreeMap<(Id, String), Entry>;
const ROOT: Id = 0;

#[derive(Debug)]
pub(super) struct Node {
    id: Id,
    pub(super) content: Mutex<Content>,
}

#[derive(Clone, Debug)]
pub(super) enum Entry {
    File(Arc<Node>),
    Directory(Id),
}

impl Entry {
    fn id(&self) -> Id {
        match self {
            Self::File(node) => node.id,
            Self::Directory(id) => *id,
        }
    }
}

#[derive(Clone, Debug)]
enum Change {
    Place { directory: Id, name: String, entry: Entry },
    Remove { directory: Id, name: String, id: Id },
}

impl Change {
    fn directory(&self) -> Id {
        match self {
            Self::Place { directory, .. } | Self::Remove { directory, .. } => *directory,
        }
    }

    fn id(&self) -> Id {
        match self {
            Self::Place { entry, .. } => entry.id(),
            Self::Remove { id, .. } => *id,
        }
    }

    fn apply(&self, names: &mut Names) {
        match self {
            Self::Place { directory, name, entry } => {
                names.retain(|_, other| other.id() != entry.id());
                names.insert((*directory, name.clone()), entry.clone());
            }
            Self::Remove { directory, name, id } => {
                let place = (*directory, name.clone());
                if names.get(&place).is_some_and(|entry| entry.id() == *id) {
                    names.remove(&place);
                }
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Tree {
    durable: Names,
    seen: Names,
    pending: Vec<Change>,
    next: Id,
}

impl Default for Tree {
    fn default() -> Self {
        Self { durable: Names::new(), seen: Names::new(), pending: Vec::new(), next: ROOT + 1 }
    }
}

impl Tree {
    pub(super) fn find(&self, path: &Path) -> io::Result<Option<Entry>> {
        let mut found = Entry::Directory(ROOT);
        for name in path::names(path)? {
            let Entry::Directory(directory) = found else { return Err(io::ErrorKind::NotADirectory.into()) };
            match self.seen.get(&(directory, name.to_owned())) {
                Some(entry) => found = entry.clone(),
                None => return Ok(None),
            }
        }
        Ok(Some(found))
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<Arc<Node>> {
        match self.find(path)?.ok_or(io::ErrorKind::NotFound)? {
            Entry::File(node) => Ok(node),
            Entry::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn directory(&self, path: &Path) -> io::Result<Id> {
        match self.find(path)?.ok_or(io::ErrorKind::NotFound)? {
            Entry::Directory(id) => Ok(id),
            Entry::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The directory that a path's last name stands in, and that name.
    fn place(&self, path: &Path) -> io::Result<(Id, String)> {
        let names = path::names(path)?;
        let (name, above) = names.split_last().ok_or(io::ErrorKind::IsADirectory)?;
        Ok((self.directory(&above.iter().collect::<std::path::PathBuf>())?, (*name).to_owned()))
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.pending.push(change);
    }

    fn issue(&mut self) -> Id {
        self.next += 1;
        self.next - 1
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<Arc<Node>> {
        let (directory, name) = self.place(path)?;
        let node = Arc::new(Node { id: self.issue(), content: Mutex::default() });
        self.change(Change::Place { directory, name, entry: Entry::File(node.clone()) });
        Ok(node)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let node = self.file(from)?;
        let (directory, name) = self.place(to)?;
        if let Some(Entry::Directory(_)) = self.find(to)? {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.change(Change::Place { directory, name, entry: Entry::File(node) });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let id = self.file(path)?.id;
        let (directory, name) = self.place(path)?;
        self.change(Change::Remove { directory, name, id });
        Ok(())
    }

    pub(super) fn create_directory(&mut self, path: &Path) -> io::Result<()> {
        let mut directory = ROOT;
        for name in path::names(path)? {
            directory = match self.seen.get(&(directory, name.to_owned())) {
                Some(Entry::Directory(id)) => *id,
                Some(Entry::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
                None => {
                    let id = self.issue();
                    self.change(Change::Place { directory, name: name.to_owned(), entry: Entry::Directory(id) });
                    id
                }
            };
        }
        Ok(())
    }

    pub(super) fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let directory = match self.find(path)? {
            None => return Ok(Vec::new()),
            Some(Entry::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
            Some(Entry::Directory(id)) => id,
        };
        let entries = self.seen.range((directory, String::new())..);
        Ok(entries.take_while(|((id, _), _)| *id == directory).map(|((_, name), _)| name.clone()).collect())
    }

    pub(super) fn sync(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.directory(path)?;
        let mut waiting: Vec<Change> = Vec::new();
        for change in mem::take(&mut self.pending) {
            if change.directory() == directory {
                change.apply(&mut self.durable);
                // Where it stood before in another directory can no longer come true.
                waiting.retain(|earlier| earlier.id() != change.id());
            } else {
                waiting.push(change);
            }
        }
        self.pending = waiting;
        Ok(())
    }

    /// A failed sync: callers still see the changes, but no later sync makes them durable.
    pub(super) fn lose_pending(&mut self, path: &Path) -> io::Result<()> {
        let directory = self.directory(path)?;
        self.pending.retain(|change| change.directory() != directory);
        Ok(())
    }

    /// What is found after a power cut.
    pub(super) fn after_crash(&self, dice: &mut Dice) -> Self {
        let mut found = self.durable.clone();
        for change in &self.pending {
            if dice.keeps() {
                change.apply(&mut found);
            }
        }
        let mut nodes: HashMap<Id, Arc<Node>> = HashMap::new();
        for entry in found.values_mut() {
            if let Entry::File(node) = entry {
                let copy = nodes.entry(node.id).or_insert_with(|| {
                    Arc::new(Node { id: node.id, content: Mutex::new(node.content.lock().after_crash(dice)) })
                });
                *entry = Entry::File(copy.clone());
            }
        }
        Self { durable: found.clone(), seen: found, pending: Vec::new(), next: self.next }
    }
}
