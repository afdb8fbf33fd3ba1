//! The binary under test as a process.

use crate::memory::megabytes;
use clap::Args;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What is measured, and where it keeps its data.
#[derive(Debug, Args)]
pub(crate) struct Binary {
    /// The binary
    #[arg(long, default_value = "target/release/chronoglot")]
    pub(crate) program: PathBuf,
    /// Where its data goes; emptied first
    #[arg(long, default_value = "target/bench-data")]
    data_dir: PathBuf,
    /// The server's memory.limit_bytes, such as 64MiB
    #[arg(long)]
    memory_limit: Option<String>,
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Binary {
    /// Removes what is in the data directory.
    pub(crate) fn empty(&self) -> Result<(), String> {
        if self.data_dir.exists() { std::fs::remove_dir_all(&self.data_dir).map_err(|e| e.to_string()) } else { Ok(()) }
    }

    /// Starts a server and waits until it says where it listens.
    pub(crate) fn start(&self) -> Result<Server, String> {
        let mut command = Command::new(&self.program);
        if let Some(limit) = &self.memory_limit {
            command.env("CHRONOGLOT_MEMORY_LIMIT_BYTES", limit);
        }
        let mut child = command
            .args(["serve", "--insecure", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&self.data_dir)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", self.program.display()))?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let address = lines
            .by_ref()
            .find_map(|line| line.split("://").nth(1)?.split([' ', '/']).next()?.parse().ok())
            .ok_or("the server did not say where it listens")?;
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Server { child, address })
    }
}

impl Server {
    /// Resident memory in MB, as Linux tells.
    pub(crate) fn resident_mb(&self) -> Result<f64, String> {
        megabytes(self.child.id(), "VmRSS:")
    }

    /// The most that ever was resident, in MB.
    pub(crate) fn peak_mb(&self) -> Result<f64, String> {
        megabytes(self.child.id(), "VmHWM:")
    }

    /// kill -9.
    pub(crate) fn kill(mut self) -> Result<(), String> {
        self.child.kill().and_then(|()| self.child.wait()).map(drop).map_err(|error| error.to_string())
    }

    /// SIGTERM.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        let signal = Command::new("kill").arg(self.child.id().to_string()).status();
        signal.and_then(|_| self.child.wait()).map(drop).map_err(|error| error.to_string())
    }
}
