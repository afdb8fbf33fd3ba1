//! The endpoints through the router, over a real engine: one file per topic.

mod authentication;
mod bad_input;
mod client;
mod definitions;
mod documents;
mod inserts;
mod privileges;
mod queries;
mod shows;
mod time_texts;
mod zones;
