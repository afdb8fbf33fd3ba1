//! The memory of a process, as Linux tells.

/// A line of a process's status in MB, such as `VmRSS:`.
pub(crate) fn megabytes(process: u32, name: &str) -> Result<f64, String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.map(|kilobytes| kilobytes / 1e3).ok_or_else(|| format!("no {name}"))
}
