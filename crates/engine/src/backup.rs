//! Backups, for whoever may read everything.

use crate::bootstrap::ADMIN_ROLE;
use crate::{Caller, Engine};
use model::{ErrorKind, Privilege, Result};
use storage::{Backup, BackupOptions};

impl Engine {
    /// Whether somebody may take backups.
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] for a caller that is no member of `admin`.
    pub fn require_backup(&self, caller: &Caller) -> Result<()> {
        if self.is_admin(caller) {
            return Ok(());
        }
        let object_kind = "backups, which are for members of";
        let (user, object) = (caller.name.clone(), ADMIN_ROLE.to_owned());
        Err(ErrorKind::PermissionDenied { user, privilege: Privilege::Select, object_kind, object }.into())
    }

    /// Takes a backup's number and holds its files; see [`storage::Storage::backup`].
    ///
    /// # Errors
    /// [`Self::require_backup`]; those of storage.
    pub async fn backup(&self, caller: &Caller, options: BackupOptions) -> Result<Backup> {
        self.require_backup(caller)?;
        self.storage().backup(options).await
    }
}
