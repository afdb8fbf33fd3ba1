//! Backups: everything that a store held at one sequence number, in a directory of its own.
//!
//! A [`Backup`] is a number with the files that it needs, held while it lives. Whoever copies it
//! gets [`Piece`]s in order: a [`BackupWriter`] makes a directory of them, and between a server and
//! a client they are bytes. [`restore()`] makes a data directory of a backup. The list of files,
//! [`BackupManifest`], is written last: a directory without it is no backup.

mod cut;
mod log_part;
mod manifest;
mod piece;
mod restore;
mod send;
mod stopped;
mod sums;
mod writer;

pub use cut::{Backup, BackupOptions};
pub use manifest::{BackupFile, BackupManifest};
pub use piece::{Piece, PieceReader};
pub use restore::{Restored, restore};
pub use writer::{BackupSummary, BackupWriter, PreviousBackup};

pub(crate) use cut::cut;
pub(crate) use manifest::FILE as MANIFEST;
pub(crate) use restore::MARKER as RESTORING;

/// The catalogue in a backup.
const CATALOGUE: &str = "catalogue.export";
