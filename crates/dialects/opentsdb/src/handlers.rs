//! The handlers, one file per topic.

pub(crate) mod put;
#[cfg(test)]
mod tests;
pub(crate) mod version;
