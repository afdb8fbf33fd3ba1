//! Running the statements of the SQL endpoint.

pub(crate) mod definition;
pub(crate) mod kill;
pub(crate) mod query;
pub(crate) mod show;
