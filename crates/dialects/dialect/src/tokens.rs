//! Login tokens as dialects see them: one directory for all of them, kept by the server.

use engine::Caller;
use model::UserId;
use std::fmt::Debug;
use std::time::SystemTime;

/// The store's setting for how many minutes a token lives after its last use; what is set counts at
/// once for every token. See `Engine::set_setting`.
pub const TOKEN_LIFETIME_SETTING: &str = "token.timeout_minutes";

/// Login tokens of all dialects.
pub trait Tokens: Debug + Send + Sync {
    /// Issues a token: 128 random bits as 32 lower-case hexadecimal digits.
    fn issue(&self, dialect: &'static str, caller: &Caller) -> String;
    /// The user behind a token, if it is known and not run out; renews its life.
    fn verify(&self, token: &str) -> Option<UserId>;
    /// The living sessions that a dialect issued, of one user or of all, the newest last.
    fn sessions(&self, dialect: &str, user: Option<UserId>) -> Vec<Session>;
    /// Ends a session by its id; false if there is none. Who may do that is the dialect's to check.
    fn remove(&self, id: &str) -> bool;
    /// Ends every session of a user, in all dialects.
    fn remove_user(&self, user: UserId);
}

/// A token in use, for lists; the token itself is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Names the session without being the token.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// The user's name at login.
    pub user_name: String,
    /// The dialect that issued it.
    pub dialect: &'static str,
    /// The token's first eight digits.
    pub token_start: String,
    /// When it was issued.
    pub created: SystemTime,
    /// When it was used last.
    pub last_used: SystemTime,
    /// When it runs out unless it is used.
    pub expires: SystemTime,
}
