//! The one way to the disk: every byte that must survive goes through [`Files`].
//!
//! All paths are relative to the data directory. Nothing is durable before it is synced: a file's
//! bytes by [`File::sync`], its name (after create, rename, remove) by [`Files::sync_directory`].
//! The build for tests, [`ForgetfulFiles`], forgets what was not.

mod disk;
mod error;
mod forgetful;
mod held;
mod overlay;
mod pack;
mod path;
mod staged;

pub use disk::DiskFiles;
pub use error::io_error;
pub use forgetful::{ForgetfulFiles, Operation, OperationKind};
pub use held::{HeldFiles, Hold};
pub use overlay::OverlayFiles;
pub use pack::{
    PACKS, PackFault, PackWriter, PackedFiles, SparsePack, member_ranges, pack_checksum, pack_of, verify_pack,
};
pub use staged::StagedFiles;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory tree on a disk, or one that behaves like it.
pub trait Files: Debug + Send + Sync {
    /// Makes a new file, or empties the one that is there.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Opens a file that is there, to read and write.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Gives a file another name; one that stood there goes.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory and those above it; fine if it is there. Each is durable once the
    /// directory that it stands in is synced.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Names in a directory (files and directories), sorted; empty if it is not there.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes creations, removals and renames into a directory durable. The data directory itself
    /// is the empty path.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Whether a file or directory is there.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// Where a file lies in the operating system's own tree, if it does.
    fn local_path(&self, _path: &Path) -> Option<PathBuf> {
        None
    }
    /// Gives a file of the operating system's own tree a further name here, if both lie on one file
    /// system. Only for files that are never written again.
    fn link(&self, _local: &Path, _to: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// All bytes of a file.
///
/// # Errors
/// Those of the disk.
pub fn read_whole(files: &dyn Files, path: &Path) -> io::Result<Vec<u8>> {
    let file = files.open(path)?;
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
    file.read_at(0, &mut bytes)?;
    Ok(bytes)
}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether it is empty.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Fills the buffer from an offset; an end before that is [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
    /// Writes the whole buffer at an offset.
    fn write_at(&self, offset: u64, buffer: &[u8]) -> io::Result<()>;
    /// Cuts it, or fills it with zeros, to a length.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes its bytes and length durable.
    fn sync(&self) -> io::Result<()>;
}
