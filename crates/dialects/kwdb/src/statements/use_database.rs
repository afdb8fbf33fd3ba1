//! `USE name`: the current database of the statements that follow in the same request.

use crate::context::Context;
use crate::sql::statement::Name;
use model::Result;

/// Changes the current database.
///
/// # Errors
/// [`model::ErrorKind::DatabaseNotFound`].
pub(crate) fn run(context: &mut Context, name: &Name) -> Result<()> {
    context.use_database(&name.value)
}
