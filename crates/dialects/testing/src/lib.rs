//! What the tests of the dialects share, and nothing that the program holds: a [`Store`] in memory,
//! a [`Client`] that asks a router over it without sockets, its [`Answer`]s, and an error of every
//! kind. Crates name it among their dev-dependencies alone. Whatever fails here ends the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here ends a test")]

mod answer;
mod client;
mod errors;
mod ill_typed;
mod store;

pub use answer::Answer;
pub use client::{Client, basic};
pub use errors::{error_of, errors};
pub use ill_typed::{ILL_TYPED, inner_word};
pub use store::{Store, files};
