//! The vendor-neutral half of every SQL grammar here: tokens with spans in the original text,
//! statement splitting, a cursor for hand-written statements, and the clause skeleton of a query.
//!
//! A grammar supplies a [`TokenProfile`] and a [`ClauseTable`] and implements [`Grammar`]; queries
//! are cut into clauses here first, so that no clause word can ever be read as an alias, and
//! sqlparser parses only what stands inside one clause.

mod clauses;
mod common_tables;
mod cook;
mod cursor;
mod dialect;
mod expression;
mod guard;
mod nesting;
mod profile;
mod query;
mod reserved;
mod set_operation;
mod source;
mod split;
mod stub;
mod token;
mod tokenizer;
pub mod tree;

pub use clauses::{Clause, ClauseKind, ClauseRule, ClauseTable};
pub use common_tables::CommonTables;
pub use cursor::Cursor;
pub use expression::{parse_data_type, parse_expression};
pub use profile::{Folding, IntervalUnit, StringPrefix, TokenProfile};
pub use query::{Grammar, QueryParser, QueryPlace};
pub use reserved::ReservedWords;
pub use source::Source;
pub use split::split;
pub use sqlparser::ast;
pub use token::{Defect, Token, TokenKind, Tokens};
pub use tokenizer::tokenize;

#[cfg(test)]
mod fixture;
