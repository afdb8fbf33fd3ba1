//! `chronoglot demo` as a child process, up to the moment it waits for Ctrl-C.

use super::TempDir;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// The demo with what it printed; ends with its owner.
pub(crate) struct Demo {
    pub(crate) child: Child,
    pub(crate) said: String,
    /// Kept open: the demo says something at its end too.
    _out: BufReader<ChildStdout>,
}

impl Demo {
    pub(crate) fn start(data: &TempDir) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_chronoglot"))
            .args(["demo", "--listen", "127.0.0.1:0", "--data-dir", data.path().to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let started = Instant::now();
        let mut said = String::new();
        while !said.contains("until Ctrl-C") {
            let read = out.read_line(&mut said).unwrap();
            assert!(read > 0 && started.elapsed() < Duration::from_secs(60), "the demo ended or is stuck:\n{said}");
        }
        Self { child, said, _out: out }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}
