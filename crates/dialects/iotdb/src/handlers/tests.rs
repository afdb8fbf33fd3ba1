//! The door from outside: the router over an engine whose files are in memory.

mod client;

mod bad_input;
mod foreign;
mod ill_typed;
mod statements;
mod tablets;
