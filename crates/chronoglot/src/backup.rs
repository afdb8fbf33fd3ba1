//! `chronoglot backup`: everything that a server holds at one moment, into a directory here.

use crate::arguments::BackupArguments;
use crate::client::Client;
use crate::terminal::{note, say};
use files::{DiskFiles, Files};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use storage::{Backup, BackupManifest, BackupOptions, BackupSummary, BackupWriter, Piece, PieceReader, PreviousBackup};

/// Runs the command.
pub(crate) fn run(arguments: &BackupArguments) -> Result<(), String> {
    let directory = &arguments.directory;
    let previous = arguments.incremental_from.as_deref().map(open_previous).transpose()?;
    let target: Arc<dyn Files> = Arc::new(DiskFiles::open(directory).map_err(|error| error.to_string())?);
    let list = previous.as_ref().map(|previous| previous.manifest().clone());
    let mut writer =
        BackupWriter::begin(target, previous).map_err(|error| format!("{}: {error}", directory.display()))?;
    let written = match &arguments.data_dir {
        Some(data_dir) => of_stopped(data_dir, arguments.with_secrets, list.as_ref(), &mut writer),
        None => of_server(arguments, list.as_ref(), &mut writer),
    };
    let summary = written.map_err(|error| {
        format!("{error}\n{} holds no backup: remove what is in it before the next one", directory.display())
    })?;
    report(directory, &summary);
    Ok(())
}

fn open_previous(directory: &Path) -> Result<PreviousBackup, String> {
    let opened = DiskFiles::open_read_only(directory).and_then(|files| PreviousBackup::open(Arc::new(files)));
    opened.map_err(|error| format!("{}: {error}", directory.display()))
}

/// Asks a server, and writes what comes.
fn of_server(
    arguments: &BackupArguments,
    previous: Option<&BackupManifest>,
    writer: &mut BackupWriter,
) -> Result<BackupSummary, String> {
    let client = Client::new(&arguments.connection).map_err(|error| error.to_string())?;
    let path = if arguments.with_secrets { "/backup?secrets=true" } else { "/backup" };
    let list = previous.map(BackupManifest::encode).unwrap_or_default();
    let mut pieces = PieceReader::new(client.stream(path, &list).map_err(|error| error.to_string())?);
    loop {
        let piece = pieces.next_piece().map_err(|error| error.to_string())?;
        if let Piece::Failed(reason) = piece {
            return Err(format!("the server could not go on: {reason}"));
        }
        if let Some(summary) = writer.take(&piece).map_err(|error| error.to_string())? {
            return Ok(summary);
        }
    }
}

/// Reads a data directory that no server has open.
fn of_stopped(
    data_dir: &Path,
    with_secrets: bool,
    previous: Option<&BackupManifest>,
    writer: &mut BackupWriter,
) -> Result<BackupSummary, String> {
    // Opening makes a directory that is missing.
    DiskFiles::open_read_only(data_dir).map_err(|error| error.to_string())?;
    let files = DiskFiles::open(data_dir).map_err(|error| format!("{error}; a running one is asked by --url"))?;
    let options = BackupOptions { with_secrets, secret_directories: vec![PathBuf::from(server::CERTIFICATES)] };
    let backup = Backup::of_stopped(Arc::new(files), options).map_err(|error| error.to_string())?;
    let mut summary = None;
    let sent = backup.send(previous, &mut |piece| {
        summary = writer.take(&piece)?;
        Ok(())
    });
    sent.map_err(|error| error.to_string())?;
    summary.ok_or_else(|| "the backup has no end".to_owned())
}

fn report(directory: &Path, summary: &BackupSummary) {
    let BackupSummary { manifest, reused_bytes } = summary;
    let (files, bytes) = (manifest.files.len(), manifest.bytes());
    let reused = match reused_bytes {
        0 => String::new(),
        bytes => format!(", {bytes} of them taken over from the earlier backup"),
    };
    say(format!(
        "backed up number {} into {}: {files} files, {bytes} bytes{reused}",
        manifest.sequence,
        directory.display()
    ));
    if manifest.with_secrets {
        note("It holds password hashes and private keys: keep it as safe as the server.");
    } else {
        note("It holds no passwords and no keys (--with-secrets).");
    }
}
