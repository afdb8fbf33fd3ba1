//! Files whose removal can be put off: while somebody holds them, for a backup, whoever removes one
//! goes on as if it were gone, and it goes with the last holder.
//!
//! A process that ends before that leaves them, as a crash before the removal would.

use crate::{File, Files};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory tree of which files can be held.
#[derive(Clone, Debug)]
pub struct HeldFiles {
    files: Arc<dyn Files>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    holds: BTreeMap<u64, Held>,
    /// Removed, and held.
    put_off: BTreeSet<PathBuf>,
}

#[derive(Debug)]
enum Held {
    All,
    Some(HashSet<PathBuf>),
}

impl State {
    fn holds(&self, path: &Path) -> bool {
        self.holds.values().any(|held| match held {
            Held::All => true,
            Held::Some(paths) => paths.contains(path) || paths.contains(&path.with_extension("")),
        })
    }
}

/// While it lives, what it holds is not removed.
#[derive(Debug)]
pub struct Hold {
    held: HeldFiles,
    id: u64,
}

impl HeldFiles {
    /// The same files, none of them held yet.
    #[must_use]
    pub fn new(files: Arc<dyn Files>) -> Self {
        Self { files, state: Arc::default() }
    }

    /// Holds every file that is there from now on.
    #[must_use]
    pub fn hold_all(&self) -> Hold {
        let mut state = self.state.lock();
        state.next += 1;
        let id = state.next;
        state.holds.insert(id, Held::All);
        Hold { held: self.clone(), id }
    }

    /// Removes what was put off and nobody holds any more, one file after the other, so that nobody
    /// waits for all of them.
    fn settle(&self) {
        loop {
            let mut state = self.state.lock();
            let Some(path) = state.put_off.iter().find(|path| !state.holds(path)).cloned() else { return };
            state.put_off.remove(&path);
            // What stays is found at the next start, as after a crash before the removal.
            let _ = self.files.remove(&path);
        }
    }
}

impl Hold {
    /// Holds nothing any more but these files, and those beside them whose names have one ending more.
    pub fn narrow(&self, paths: HashSet<PathBuf>) {
        self.held.state.lock().holds.insert(self.id, Held::Some(paths));
        self.held.settle();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.state.lock().holds.remove(&self.id);
        self.held.settle();
    }
}

impl Files for HeldFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut state = self.state.lock();
        state.put_off.remove(path);
        self.files.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.files.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        state.put_off.remove(from);
        state.put_off.remove(to);
        self.files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if !state.holds(path) {
            return self.files.remove(path);
        }
        if !self.files.exists(path)? {
            return Err(io::ErrorKind::NotFound.into());
        }
        state.put_off.insert(path.to_owned());
        Ok(())
    }

    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.files.create_directory(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        self.files.list(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.files.sync_directory(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.files.exists(path)
    }

    fn local_path(&self, path: &Path) -> Option<PathBuf> {
        self.files.local_path(path)
    }

    fn link(&self, local: &Path, to: &Path) -> io::Result<()> {
        self.files.link(local, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ForgetfulFiles;

    fn with(names: &[&str]) -> HeldFiles {
        let files = HeldFiles::new(Arc::new(ForgetfulFiles::new()));
        names.iter().for_each(|name| drop(files.create(Path::new(name)).unwrap()));
        files
    }

    #[test]
    fn a_held_file_goes_with_its_last_holder() {
        let files = with(&["a", "b"]);
        let (one, other) = (files.hold_all(), files.hold_all());
        files.remove(Path::new("a")).unwrap();
        files.remove(Path::new("a")).unwrap();
        assert_eq!(files.remove(Path::new("x")).unwrap_err().kind(), io::ErrorKind::NotFound);
        drop(one);
        assert!(files.exists(Path::new("a")).unwrap());
        other.narrow(HashSet::from([PathBuf::from("a")]));
        files.remove(Path::new("b")).unwrap();
        assert_eq!(files.list(Path::new("")).unwrap(), ["a"], "b is held no more");
        files.create(Path::new("a.runs")).unwrap();
        files.remove(Path::new("a.runs")).unwrap();
        assert_eq!(files.list(Path::new("")).unwrap(), ["a", "a.runs"]);
        drop(other);
        assert!(files.list(Path::new("")).unwrap().is_empty());
    }

    #[test]
    fn what_is_made_again_under_the_name_stays() {
        let files = with(&["a", "b", "c"]);
        let hold = files.hold_all();
        ["a", "b"].iter().for_each(|name| files.remove(Path::new(name)).unwrap());
        files.create(Path::new("a")).unwrap();
        files.rename(Path::new("c"), Path::new("b")).unwrap();
        drop(hold);
        assert_eq!(files.list(Path::new("")).unwrap(), ["a", "b"]);
    }
}
