//! Settings that are kept in the catalogue; their names and values are checked by whoever reads
//! them.

use crate::privileges::require_on;
use crate::{Caller, Engine};
use catalog::Change;
use model::{Privilege, Result, Scope, check_name};

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
}
