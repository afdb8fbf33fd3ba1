//! Starting the real program on a directory of its own, and talking HTTP to it.

mod demo;
mod http;
mod process;
mod python;

pub(crate) use demo::Demo;
pub(crate) use http::{Reply, basic, request, send_raw};
pub(crate) use process::{Program, TempDir, run_to_end};
pub(crate) use python::python_with;

/// The Authorization header value of root on an insecure server.
pub(crate) fn root() -> String {
    basic("root", "kwdbpassword")
}
