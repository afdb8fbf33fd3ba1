use super::DiskFiles;
use crate::Files;
use model::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

/// A directory under the system's own for such things, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("chronoglot-files-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_written_and_read_at_offsets() {
    let scratch = Scratch::new("offsets");
    let files = DiskFiles::open(&scratch.0).unwrap();
    let file = files.create(Path::new("a")).unwrap();
    assert!(file.is_empty().unwrap());
    file.write_at(3, b"defg").unwrap();
    file.write_at(0, b"abc").unwrap();
    file.set_len(6).unwrap();
    file.sync().unwrap();
    let mut bytes = [0; 4];
    file.read_at(1, &mut bytes).unwrap();
    assert_eq!(&bytes, b"bcde");
    assert_eq!(file.read_at(3, &mut bytes).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(files.create(Path::new("a")).unwrap().len().unwrap(), 0);
    assert_eq!(files.open(Path::new("b")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn names_come_and_go() {
    let scratch = Scratch::new("names");
    let files = DiskFiles::open(&scratch.0.join("deep/er")).unwrap();
    files.create_directory(Path::new("x/y")).unwrap();
    files.create_directory(Path::new("x/y")).unwrap();
    files.create(Path::new("x/b")).unwrap();
    files.create(Path::new("x/a")).unwrap();
    assert_eq!(files.list(Path::new("x")).unwrap(), ["a", "b", "y"]);
    files.rename(Path::new("x/b"), Path::new("x/y/c")).unwrap();
    files.remove(Path::new("x/a")).unwrap();
    files.sync_directory(Path::new("x")).unwrap();
    files.sync_directory(Path::new("")).unwrap();
    assert_eq!(files.list(Path::new("x")).unwrap(), ["y"]);
    assert_eq!(files.list(Path::new("")).unwrap(), ["x"]);
    assert_eq!(files.list(Path::new("missing")).unwrap(), Vec::<String>::new());
    assert!(files.exists(Path::new("x/y/c")).unwrap());
    assert!(!files.exists(Path::new("x/b")).unwrap());
    assert!(files.create(Path::new("../outside")).is_err());
    assert!(files.remove(Path::new("LOCK")).is_err());
}

#[test]
fn a_directory_is_open_once_while_anything_of_it_is_held() {
    let scratch = Scratch::new("lock");
    let files = DiskFiles::open(&scratch.0).unwrap();
    let locked = ErrorKind::DirectoryLocked { directory: scratch.0.display().to_string() };
    assert_eq!(*DiskFiles::open(&scratch.0).unwrap_err().kind, locked);
    let file = files.create(Path::new("a")).unwrap();
    drop(files);
    assert_eq!(*DiskFiles::open(&scratch.0).unwrap_err().kind, locked);
    drop(file);
    DiskFiles::open(&scratch.0).unwrap();
}

#[test]
fn only_the_owner_may_look() {
    let scratch = Scratch::new("mode");
    let files = DiskFiles::open(&scratch.0).unwrap();
    files.create_directory(Path::new("x")).unwrap();
    files.create(Path::new("x/a")).unwrap();
    let mode = |path: &str| fs::metadata(scratch.0.join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("x"), mode("x/a"), mode("LOCK")], [0o700, 0o700, 0o600, 0o600]);
}

#[test]
fn a_directory_opened_to_be_read_is_not_changed_and_not_locked() {
    let scratch = Scratch::new("read-only");
    let files = DiskFiles::open(&scratch.0).unwrap();
    files.create(Path::new("a")).unwrap().write_at(0, b"abc").unwrap();
    let reader = DiskFiles::open_read_only(&scratch.0).unwrap();
    let file = reader.open(Path::new("a")).unwrap();
    let mut bytes = [0; 3];
    file.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"abc");
    assert!(file.write_at(0, b"x").is_err());
    for changed in [
        reader.create(Path::new("b")).map(drop),
        reader.remove(Path::new("a")),
        reader.rename(Path::new("a"), Path::new("b")),
        reader.create_directory(Path::new("d")),
        reader.link(&scratch.0.join("a"), Path::new("b")),
    ] {
        assert_eq!(changed.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
    assert_eq!(reader.list(Path::new("")).unwrap(), ["a"]);
    assert!(DiskFiles::open_read_only(&scratch.0.join("nowhere")).is_err());
}

#[test]
fn a_linked_file_is_there_under_both_names_until_both_are_removed() {
    let scratch = Scratch::new("link");
    let (from, to) =
        (DiskFiles::open(&scratch.0.join("from")).unwrap(), DiskFiles::open(&scratch.0.join("to")).unwrap());
    from.create(Path::new("a")).unwrap().write_at(0, b"abc").unwrap();
    to.link(&from.local_path(Path::new("a")).unwrap(), Path::new("b")).unwrap();
    from.remove(Path::new("a")).unwrap();
    assert_eq!(to.open(Path::new("b")).unwrap().len().unwrap(), 3);
    assert!(to.link(&scratch.0.join("from/a"), Path::new("c")).is_err());
}
