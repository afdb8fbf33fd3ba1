//! Where a repair puts what is broken: below `aside/`, under the path that it had.

use files::{Files, io_error};
use model::Result;
use std::path::{Path, PathBuf};

const DIRECTORY: &str = "aside";
const COPY_BYTES: usize = 1 << 20;

/// Moves a file aside durably; where it is then. `None`: it is not there.
pub(crate) fn move_aside(files: &dyn Files, path: &Path) -> Result<Option<PathBuf>> {
    if !files.exists(path).map_err(|e| io_error("look for", path, &e))? {
        return Ok(None);
    }
    let target = free_place(files, path)?;
    files.rename(path, &target).map_err(|e| io_error("move", path, &e))?;
    for directory in [target.parent(), path.parent()].into_iter().flatten() {
        files.sync_directory(directory).map_err(|e| io_error("sync", directory, &e))?;
    }
    Ok(Some(target))
}

/// Copies a file aside durably, before it is changed.
pub(crate) fn copy_aside(files: &dyn Files, path: &Path) -> Result<PathBuf> {
    let target = free_place(files, path)?;
    let copy = || {
        let (from, to) = (files.open(path)?, files.create(&target)?);
        let (len, mut at) = (from.len()?, 0);
        let mut part = vec![0; COPY_BYTES];
        while at < len {
            let now = usize::try_from(len - at).unwrap_or(usize::MAX).min(COPY_BYTES);
            let part = part.get_mut(..now).unwrap_or_default();
            from.read_at(at, part)?;
            to.write_at(at, part)?;
            at += part.len() as u64;
        }
        to.sync()?;
        files.sync_directory(target.parent().unwrap_or(Path::new("")))
    };
    copy().map_err(|e| io_error("copy", path, &e))?;
    Ok(target)
}

/// A name below the directory that no file has.
fn free_place(files: &dyn Files, path: &Path) -> Result<PathBuf> {
    let directory = Path::new(DIRECTORY).join(path.parent().unwrap_or(Path::new("")));
    files.create_directory(&directory).map_err(|e| io_error("create", &directory, &e))?;
    // Each directory stands durably in the one above.
    for above in directory.ancestors().skip(1) {
        files.sync_directory(above).map_err(|e| io_error("sync", above, &e))?;
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut place = directory.join(&name);
    let mut number = 1;
    while files.exists(&place).map_err(|e| io_error("look for", &place, &e))? {
        place = directory.join(format!("{name}.{number}"));
        number += 1;
    }
    Ok(place)
}
