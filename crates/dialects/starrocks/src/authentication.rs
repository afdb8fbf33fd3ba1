//! Who asks: HTTP Basic, as the vendor's server reads it.

use crate::Door;
use axum::http::HeaderMap;
use dialect::Basic;
use engine::Caller;
use model::Result;

/// The password that the vendor's documents give root, good without TLS on loopback only.
const DOCUMENTED_ROOT_PASSWORD: &str = "";

impl Door {
    /// The caller of a request.
    ///
    /// # Errors
    /// What is wrong with the header, or with user and password.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Caller> {
        let Basic { user, password } = Basic::read(headers)?;
        let catalog = self.context.engine.catalog();
        // The vendor's clients may send user@host; a user of that very name comes first.
        let user = match user.rsplit_once('@') {
            Some((name, _)) if catalog.user_named(&user).is_none() => name,
            _ => &user,
        };
        self.context.log_in(user, &password, DOCUMENTED_ROOT_PASSWORD).await
    }
}
