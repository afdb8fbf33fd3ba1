//! Answers of the SQL endpoint as the vendor's server prints them.

pub(crate) mod cell;
pub(crate) mod lines;
