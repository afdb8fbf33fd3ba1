//! Reads and writes the files of `certs`: whole or not at all, keys for their owner only.

use model::{Error, ErrorKind, Result};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind as IoKind, Write};
use std::path::Path;

/// Makes the directory with all above it.
pub(super) fn create_directory(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(|error| io("create", directory, &error))
}

/// A file's text, or `None` if it is not there.
pub(super) fn read(directory: &Path, name: &str) -> Result<Option<String>> {
    let file = directory.join(name);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == IoKind::NotFound => Ok(None),
        Err(error) => Err(io("read", &file, &error)),
    }
}

/// Puts a file in its place in one step that survives a crash; nobody but the owner may read it
/// if it is secret, not even for a moment.
pub(super) fn write(directory: &Path, name: &str, text: &str, secret: bool) -> Result<()> {
    let file = directory.join(name);
    let beside = directory.join(format!("{name}.new"));
    let written = (|| {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != IoKind::NotFound => return Err(error),
            _ => {}
        }
        let mut open = create_new(if secret { 0o600 } else { 0o644 }).open(&beside)?;
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&beside, &file)?;
        File::open(directory)?.sync_all()
    })();
    written.map_err(|error| io("write", &file, &error))
}

fn create_new(mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options
}

fn io(verb: &str, file: &Path, error: &std::io::Error) -> Error {
    ErrorKind::Io { operation: format!("{verb} {}", file.display()), reason: error.to_string() }.into()
}
