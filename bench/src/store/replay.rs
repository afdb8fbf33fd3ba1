//! How fast a log is read back: rows that no flush has moved are written, and the store is left as a
//! crash leaves it.

use super::{Arguments, Result, Store, bytes, text};
use crate::say;
use std::time::Instant;

/// More than the rows take: nothing is flushed before the store is left.
const MEMORY: u64 = 64 << 30;

/// Prints how many MB of log a second are replayed.
pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let data_dir = arguments.data_dir.join("replay");
    let arguments = Arguments { data_dir, rows: arguments.replayed_rows, memory: MEMORY, ..arguments.clone() };
    let store = Store::open(&arguments.data_dir, arguments.memory).await?;
    let rows = store.write(&arguments).await?;
    // Without a close, which would flush.
    drop(store);
    let log = bytes(&arguments.data_dir.join("log"))? as f64 / 1e6;
    let started = Instant::now();
    let store = Store::open(&arguments.data_dir, arguments.memory).await?;
    let seconds = started.elapsed().as_secs_f64();
    say(&format!("| {rows} rows replayed from {log:.0} MB of log | {:.0} MB/s, {seconds:.2} s |", log / seconds));
    store.ask("select count(*) from cpu").await?;
    store.engine.close().await.map_err(text)?;
    drop(store);
    std::fs::remove_dir_all(&arguments.data_dir).map_err(text)
}
