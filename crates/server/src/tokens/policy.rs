//! The store's word on tokens: how long they live, and whose are still good.

use super::{Standing, TokenPolicy};
use dialect::TOKEN_LIFETIME_SETTING;
use engine::Engine;
use model::UserId;
use std::time::Duration;

/// The store's word on tokens.
#[derive(Debug)]
pub(super) struct EnginePolicy {
    pub(super) engine: Engine,
    pub(super) default_minutes: u64,
}

impl TokenPolicy for EnginePolicy {
    fn lifetime(&self) -> Duration {
        let catalog = self.engine.catalog();
        let set = catalog.setting(TOKEN_LIFETIME_SETTING).and_then(|minutes| minutes.parse().ok());
        let minutes = set.filter(|minutes| *minutes > 0).unwrap_or(self.default_minutes);
        Duration::from_secs(minutes.saturating_mul(60))
    }

    fn standing(&self, user: UserId) -> Option<Standing> {
        let catalog = self.engine.catalog();
        let user = catalog.user(user).filter(|user| user.may_log_in)?;
        Some(Standing::of(user.password_hash.as_deref()))
    }
}
