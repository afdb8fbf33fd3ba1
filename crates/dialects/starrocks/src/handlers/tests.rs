//! The endpoints through the router, over a real engine: one file per topic.

mod bad_input;
mod client;
mod columns;
mod deletions;
mod ill_typed;
mod privileges;
mod resources;
mod skin;
mod sql;
mod tables;
