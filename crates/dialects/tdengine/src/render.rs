//! Answers as this vendor prints them.

pub(crate) mod cell;
pub(crate) mod json;
