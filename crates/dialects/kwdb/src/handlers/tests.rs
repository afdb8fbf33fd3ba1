//! The endpoints through the router, over a real engine: one file per topic.

mod authentication;
mod bad_input;
mod client;
mod definitions;
mod documents;
mod ill_typed;
mod inserts;
mod points;
mod privileges;
mod queries;
mod sessions;
mod shows;
mod time_texts;
mod zones;
