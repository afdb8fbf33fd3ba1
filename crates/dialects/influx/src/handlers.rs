//! The handlers, one file per topic.

pub(crate) mod buckets;
pub(crate) mod query;
pub(crate) mod session;
pub(crate) mod status;
#[cfg(test)]
mod tests;
pub(crate) mod write;
