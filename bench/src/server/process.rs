//! The binary under test as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(program: &Path, data: &Path, memory_limit: Option<&str>) -> Result<Self, String> {
        let mut command = Command::new(program);
        if let Some(limit) = memory_limit {
            command.env("CHRONOGLOT_MEMORY_LIMIT_BYTES", limit);
        }
        let mut child = command
            .args(["serve", "--insecure", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let address = lines
            .by_ref()
            .find_map(|line| line.split("://").nth(1)?.split([' ', '/']).next()?.parse().ok())
            .ok_or("the server did not say where it listens")?;
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { child, address })
    }

    /// Resident memory in MB, as Linux tells.
    pub(crate) fn resident_mb(&self) -> Result<f64, String> {
        self.status_mb("VmRSS:")
    }

    /// The most that ever was resident, in MB.
    pub(crate) fn peak_mb(&self) -> Result<f64, String> {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> Result<f64, String> {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).map_err(|error| error.to_string())?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        kilobytes.map(|kilobytes| kilobytes / 1e3).ok_or_else(|| format!("no {name}"))
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
