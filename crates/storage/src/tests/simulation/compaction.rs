//! Merges as steps of a writer.

use super::{Writer, now};
use crate::catalogue_commit::own_runtime;
use crate::compaction::{Done, Job};
use crate::segment::Segment;
use model::ErrorKind;
use std::sync::Arc;

impl Writer {
    /// Merges any neighbours of a partition, or one segment with the deletions above it.
    pub(super) async fn compact(&mut self) -> Result<(), String> {
        let store = self.fixture.storage.threads.store.clone();
        let Ok(state) = store.table(self.dice.pick(&now(&self.fixture)).id) else { return Ok(()) };
        let memory = state.seen().1;
        if memory.segments.is_empty() {
            return Ok(());
        }
        let first = self.dice.pick(&memory.segments).entry.clone();
        let is_same = |s: &&Arc<Segment>| {
            (s.entry.partition, s.entry.partition_seconds) == (first.partition, first.partition_seconds)
        };
        let group = memory.segments.iter().filter(is_same).skip_while(|s| s.entry.id != first.id);
        let count = 1 + usize::try_from(self.dice.below(4)).unwrap();
        let Some(job) = Job::new(&memory, group.take(count).cloned().collect()) else { return Ok(()) };
        drop(memory);
        let done = tokio::task::spawn_blocking(move || job.run(&store, &state, &own_runtime()?, &mut || Ok(())));
        match done.await.map_err(|e| e.to_string())? {
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. } | ErrorKind::Corrupt { .. }) => {
                Err(format!("compaction: {error}"))
            }
            Ok(Done::Merged) => {
                self.journal.lock().merged += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whatever is due, and packs of which little is left.
    pub(super) async fn compact_all(&self) -> Result<(), String> {
        match self.fixture.storage.compact().await {
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. } | ErrorKind::Corrupt { .. }) => {
                Err(format!("compaction: {error}"))
            }
            _ => Ok(()),
        }
    }
}
