//! The endpoints through the router, over a real engine.

mod client;
mod statements;
mod status;
mod writes;
