//! TDengine's SQL: its tokens, clause table and statements on top of the shared grammar.
//!
//! One request is one statement: what follows a `;` is not read, as the vendor's server does.

mod constant;
mod database;
mod duration;
mod grammar;
mod insert;
mod names;
mod parse;
mod show;
pub(crate) mod statement;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod user;
mod words;

pub(crate) use constant::{RowValue, row_value};
pub(crate) use parse::{Parsed, parse, take_number};
pub(crate) use words::lower_outside_quotes;
