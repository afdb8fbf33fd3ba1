//! `KILL`: ends a running request of the SQL endpoint.

use crate::context::Context;
use model::{Error, ErrorKind, Privilege, Result, Scope};

/// Ends a request of the caller, or of anybody for who may.
///
/// # Errors
/// No such request, or one of somebody else.
pub(crate) fn run(context: &Context, id: u64) -> Result<()> {
    let unknown = || Error::new(ErrorKind::InvalidStatement { reason: format!("Unknown thread id: {id}") });
    let process = context.door.connections.list().into_iter().find(|process| process.id == id).ok_or_else(unknown)?;
    if process.caller.user != context.caller.user {
        context.engine().require(&context.caller, Privilege::SeeSessions, Scope::All)?;
    }
    if context.door.connections.kill(id) { Ok(()) } else { Err(unknown()) }
}
