//! The server as its clients see it: real sockets, a small dialect of the tests' own.

mod lifecycle;
mod limits;
mod safety;
mod sessions;
mod support;
mod tls;
mod urls;
