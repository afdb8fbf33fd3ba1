//! This vendor's SQL: its tokens, clause table and statements on top of the shared grammar.

mod create;
mod names;
mod parse;
mod query;
mod show;
pub(crate) mod statement;
mod tokens;

pub(crate) use parse::{Parsed, parse};
