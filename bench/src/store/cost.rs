//! What work costs: time and processor time of this process, as Linux tells.

use super::{Result, text};
use std::time::Instant;

/// Clock ticks a second in `/proc`: fixed by Linux for programs.
const TICKS_A_SECOND: f64 = 100.0;

/// What something has cost since it began.
pub(crate) struct Cost {
    started: Instant,
    processor_seconds: f64,
}

impl Cost {
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self { started: Instant::now(), processor_seconds: processor_seconds()? })
    }

    /// Rows a second, and seconds of processor time for a million of them.
    pub(crate) fn of(&self, rows: u64) -> Result<String> {
        let rate = rows as f64 / self.started.elapsed().as_secs_f64();
        let processor = (processor_seconds()? - self.processor_seconds) / rows as f64 * 1e6;
        Ok(format!("{rate:.0} rows/s, {processor:.2} CPU seconds for a million rows"))
    }
}

fn processor_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").map_err(text)?;
    // The second field is the program's name in parentheses, which may hold blanks.
    let behind_name = stat.rsplit_once(") ").ok_or("no name in /proc/self/stat")?.1;
    let ticks: Vec<f64> = behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS_A_SECOND)
}
