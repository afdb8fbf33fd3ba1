//! `chronoglot restore`: from a backup to a data directory that a server opens.

use crate::arguments::RestoreArguments;
use crate::terminal::say;
use catalog::Catalog;
use engine::ROOT_USER;
use files::DiskFiles;
use storage::{Restored, restore};

/// Runs the command.
pub(crate) fn run(arguments: &RestoreArguments) -> Result<(), String> {
    let RestoreArguments { backup, data_dir } = arguments;
    let from = DiskFiles::open_read_only(backup).map_err(|error| error.to_string())?;
    let target = DiskFiles::open(data_dir).map_err(|error| error.to_string())?;
    let restored = restore(&from, &target).map_err(|error| format!("{}: {error}", backup.display()))?;
    let Restored { manifest, catalog } = restored;
    say(format!(
        "restored number {} into {}: {} tables, {} files, {} bytes",
        manifest.sequence,
        data_dir.display(),
        catalog.tables().filter(|table| !table.hidden).count(),
        manifest.files.len(),
        manifest.bytes()
    ));
    if !manifest.with_secrets {
        say("root gets a new password at the first start, which says it once; clients must trust a new certs/ca.crt");
        let locked_out = locked_out(&catalog);
        if !locked_out.is_empty() {
            say(format!("these users cannot log in until they are given a password: {}", locked_out.join(", ")));
        }
    }
    Ok(())
}

/// Users that lost their password with the backup.
fn locked_out(catalog: &Catalog) -> Vec<&str> {
    let users = catalog.users().filter(|user| user.may_log_in && user.password_hash.is_none());
    users.map(|user| user.name.as_str()).filter(|name| *name != ROOT_USER).collect()
}
