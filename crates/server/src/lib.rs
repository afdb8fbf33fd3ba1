//! Listeners, TLS, middleware, tokens, limits and settings.
//!
//! A connection goes: `accept` (how many) -> `connection` (TLS or not, HTTP) -> `stack` (what every
//! request passes, in one list) -> `arrival` (its body) -> `admission` (its place) -> a dialect's
//! handlers. The server mounts a list of dialects and
//! knows none by name.

mod accept;
mod access_log;
mod admission;
mod arrival;
mod backup;
mod bare_answers;
mod body_limit;
mod certificates;
mod connection;
mod linger;
mod loopback_guard;
mod metrics;
mod openapi;
mod own_route;
mod pages;
mod panic_guard;
mod redirect;
mod rejection;
mod request_id;
pub mod settings;
mod shared;
mod stack;
mod standard_headers;
mod start;
mod tls;
mod tokens;
mod urls;

pub use certificates::DIRECTORY as CERTIFICATES;
pub use settings::Settings;
pub use start::{Bound, RunningServer, Server};
pub use tokens::TokenDirectory;
