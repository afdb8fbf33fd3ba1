//! How far a check is: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use storage::Checking;

#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:40} {percent:>3} % {bytes} of {total_bytes} {wide_msg}");
            let bar = ProgressBar::new(0);
            style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
        });
        Self { bar }
    }

    pub(crate) fn advance(&mut self, step: Checking<'_>) {
        if let Some(bar) = &self.bar {
            bar.set_length(step.total);
            bar.set_position(step.done);
            bar.set_message(step.file.to_owned());
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
