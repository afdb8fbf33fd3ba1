//! Backups, for whoever may read everything.

use crate::bootstrap::ADMIN_ROLE;
use crate::{Caller, Engine};
use model::{ErrorKind, Privilege, Result};
use storage::{Backup, BackupOptions};

impl Engine {
    /// Takes a backup's number and holds its files; see [`storage::Storage::backup`].
    ///
    /// # Errors
    /// [`ErrorKind::PermissionDenied`] for a caller that is no member of `admin`; those of storage.
    pub async fn backup(&self, caller: &Caller, options: BackupOptions) -> Result<Backup> {
        if !self.is_admin(caller) {
            let object_kind = "backups, which are for members of";
            let (user, object) = (caller.name.clone(), ADMIN_ROLE.to_owned());
            return Err(ErrorKind::PermissionDenied { user, privilege: Privilege::Select, object_kind, object }.into());
        }
        self.storage().backup(options).await
    }
}
