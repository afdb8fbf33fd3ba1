//! Answers as this vendor prints them: cells, column descriptions, and the body of a query.

pub(crate) mod cell;
pub(crate) mod json;
pub(crate) mod meta;
