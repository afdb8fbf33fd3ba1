//! How far an import is: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::terminal::say;

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(2);

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    total_bytes: u64,
    /// Bytes of the files before the current one.
    done_before: u64,
    /// Bytes of the current file.
    current_bytes: u64,
    last_line: Instant,
}

impl Progress {
    pub(crate) fn new(files: &[PathBuf]) -> Self {
        let total_bytes = files.iter().filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum();
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} % {msg} {elapsed} (about {eta} left)");
            let bar = ProgressBar::new(total_bytes);
            style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
        });
        Self { bar, total_bytes, done_before: 0, current_bytes: 0, last_line: Instant::now() }
    }

    /// From here on, bytes are those of this file.
    pub(crate) fn begin(&mut self, file: &Path) {
        self.done_before += self.current_bytes;
        self.current_bytes = file.metadata().map_or(0, |data| data.len());
    }

    /// How much is done once the current file is done up to this byte.
    fn done(&self, byte: u64) -> u64 {
        self.done_before + byte
    }

    /// The current file is done up to this byte; so many rows are written in all.
    pub(crate) fn advance(&mut self, byte: u64, rows: u64) {
        let done = self.done(byte);
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(format!("{rows} rows"));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            say(format!("{rows} rows, {} %", done * 100 / self.total_bytes.max(1)));
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests;
