//! Files whose removal can be put off: while somebody holds them, for a backup, whoever removes one
//! goes on as if it were gone, and it goes with the last holder.
//!
//! A process that ends before that leaves them, as a crash before the removal would. Nobody waits for
//! the disk but who asks for it: what is decided is decided under a lock, and done without it.

use crate::{File, Files};
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory tree of which files can be held.
#[derive(Clone, Debug)]
pub struct HeldFiles {
    files: Arc<dyn Files>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    removed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    holds: BTreeMap<u64, Held>,
    /// Removed, and held.
    put_off: BTreeSet<PathBuf>,
    /// What was put off and is being removed now: nothing is made under these names meanwhile.
    removing: BTreeSet<PathBuf>,
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
        Self { files, shared: Arc::default() }
    }

    /// Holds every file that is there from now on.
    #[must_use]
    pub fn hold_all(&self) -> Hold {
        let mut state = self.shared.state.lock();
        state.next += 1;
        let id = state.next;
        state.holds.insert(id, Held::All);
        Hold { held: self.clone(), id }
    }

    /// Removes what was put off and nobody holds any more.
    fn settle(&self) {
        let mut state = self.shared.state.lock();
        loop {
            let Some(path) = state.put_off.iter().find(|path| !state.holds(path)).cloned() else { return };
            state.put_off.remove(&path);
            state.removing.insert(path.clone());
            parking_lot::MutexGuard::unlocked(&mut state, || {
                // What stays is found at the next start, as after a crash before the removal.
                let _ = self.files.remove(&path);
            });
            state.removing.remove(&path);
            self.shared.removed.notify_all();
        }
    }

    /// Under these names something is made anew, and stays.
    fn make_anew(&self, paths: &[&Path]) {
        let mut state = self.shared.state.lock();
        for path in paths {
            state.put_off.remove(*path);
            while state.removing.contains(*path) {
                self.shared.removed.wait(&mut state);
            }
        }
    }
}

impl Hold {
    /// Holds nothing any more but these files, and those beside them whose names have one ending more.
    pub fn narrow(&self, paths: HashSet<PathBuf>) {
        self.held.shared.state.lock().holds.insert(self.id, Held::Some(paths));
        self.held.settle();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.shared.state.lock().holds.remove(&self.id);
        self.held.settle();
    }
}

impl Files for HeldFiles {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.make_anew(&[path]);
        self.files.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.files.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.make_anew(&[from, to]);
        self.files.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if !self.shared.state.lock().holds(path) {
            return self.files.remove(path);
        }
        if !self.files.exists(path)? {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.shared.state.lock().put_off.insert(path.to_owned());
        // Whoever held it may be gone by now.
        self.settle();
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
    use std::sync::mpsc;
    use std::thread;

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

    /// A disk on which a removal takes as long as somebody lets it.
    #[derive(Debug)]
    struct Slow {
        files: ForgetfulFiles,
        begun: mpsc::Sender<PathBuf>,
        go_on: Mutex<mpsc::Receiver<()>>,
    }

    impl Files for Slow {
        fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
            self.files.create(path)
        }
        fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
            self.files.open(path)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.files.rename(from, to)
        }
        fn remove(&self, path: &Path) -> io::Result<()> {
            self.begun.send(path.to_owned()).unwrap();
            self.go_on.lock().recv().unwrap();
            self.files.remove(path)
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
    }

    #[test]
    fn nobody_waits_for_a_removal_but_who_wants_its_name() {
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel();
        let disk = ForgetfulFiles::new();
        let slow = Slow { files: disk.clone(), begun, go_on: Mutex::new(may_go_on) };
        let files = HeldFiles::new(Arc::new(slow));
        ["a", "b"].iter().for_each(|name| drop(files.create(Path::new(name)).unwrap()));
        let hold = files.hold_all();
        files.remove(Path::new("a")).unwrap();
        let settles = thread::spawn(move || drop(hold));
        assert_eq!(has_begun.recv().unwrap(), Path::new("a"));
        // It is being removed: everything else goes on, held files too.
        files.create(Path::new("c")).unwrap();
        files.rename(Path::new("c"), Path::new("d")).unwrap();
        let held = files.hold_all();
        files.remove(Path::new("b")).unwrap();
        let other = files.clone();
        let again = thread::spawn(move || other.create(Path::new("a")).map(drop));
        go_on.send(()).unwrap();
        settles.join().unwrap();
        again.join().unwrap().unwrap();
        assert_eq!(disk.list(Path::new("")).unwrap(), ["a", "b", "d"], "what was made anew stays");
        go_on.send(()).unwrap();
        drop(held);
        assert_eq!(disk.list(Path::new("")).unwrap(), ["a", "d"]);
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
