//! Settings that are kept in the catalogue; their names and values are checked by whoever reads
//! them.

use crate::privileges::require_on;
use crate::{Caller, Engine};
use catalog::Change;
use model::{Privilege, Result, Scope, check_name};

/// What the settings begin with that are records of dialects; see [`Engine::keep_record`].
pub const RECORD: &str = "record.";

impl Engine {
    /// Sets a setting (by catalogue key), or resets it with `None`.
    ///
    /// # Errors
    /// No name; no `settings` on the server.
    pub async fn set_setting(&self, caller: &Caller, name: &str, value: Option<String>) -> Result<()> {
        check_name(name)?;
        self.change_catalog(|catalog| {
            require_on(catalog, caller, Privilege::Settings, Scope::All)?;
            Ok((vec![Change::PutSetting(name.to_owned(), value.clone())], ()))
        })
        .await
    }

    /// Keeps a dialect's own record under a name, or forgets it with `None`; [`crate::RECORD`] and the
    /// name are its setting. It needs no privilege: a record says what became of a request that was
    /// allowed.
    ///
    /// # Errors
    /// No name; what cannot be made durable.
    pub async fn keep_record(&self, name: &str, value: Option<String>) -> Result<()> {
        let name = format!("{RECORD}{name}");
        check_name(&name)?;
        self.change_catalog(|_| Ok((vec![Change::PutSetting(name.clone(), value.clone())], ()))).await
    }
}
