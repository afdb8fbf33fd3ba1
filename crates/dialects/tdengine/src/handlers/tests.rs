//! The endpoints through the router, over a real engine: one file per topic.

mod bad_input;
mod client;
mod definitions;
mod envelopes;
mod ill_typed;
mod privileges;
mod rows;
mod together;
