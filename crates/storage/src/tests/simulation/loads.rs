//! Loads as steps of a writer: labels that stay open over other steps and restarts, and statements
//! of several blocks.

use super::{Event, Writer, goes_on, now, random};
use crate::{Load, LoadLabel};
use model::{DatabaseId, ErrorKind, TableId, WriteOutcome, WritePart};
use std::time::Duration;

impl Writer {
    /// One step of a load that has a label.
    pub(super) async fn load(&mut self) -> Result<bool, String> {
        let open = self.journal.lock().loads.clone();
        if open.is_empty() || (open.len() < 3 && self.dice.one_in(4)) {
            let name = format!("label {}", self.dice.next());
            let label = LoadLabel { database: DatabaseId(1), name, timeout: Duration::from_secs(1 << 30) };
            return Ok(match self.fixture.storage.begin_load(Some(label)).await {
                Ok(load) => {
                    self.journal.lock().loads.push((load.id(), Vec::new()));
                    true
                }
                Err(error) => goes_on(&error),
            });
        }
        let id = self.dice.pick(&open).0;
        let Some(load) = self.fixture.storage.find_load(id) else { return Ok(true) };
        match self.dice.below(6) {
            0..=3 => self.push(&load).await,
            4 => self.publish(&load).await,
            _ => {
                // Whatever it says: nobody publishes it any more, unless somebody else is about to.
                let aborted = load.abort().await;
                self.journal.lock().loads.retain(|(other, _)| *other != id);
                Ok(aborted.as_ref().err().is_none_or(goes_on))
            }
        }
    }

    /// A statement of several blocks; it may be given up.
    pub(super) async fn statement(&mut self) -> Result<bool, String> {
        let load = match self.fixture.storage.begin_load(None).await {
            Ok(load) => load,
            Err(error) => return Ok(goes_on(&error)),
        };
        for _ in 0..=self.dice.below(3) {
            if !self.push(&load).await? {
                return Ok(false);
            }
        }
        if self.dice.one_in(4) {
            self.journal.lock().loads.retain(|(id, _)| *id != load.id());
            return Ok(true);
        }
        self.publish(&load).await
    }

    async fn push(&mut self, load: &Load) -> Result<bool, String> {
        let request = random::block(&mut self.dice, &now(&self.fixture));
        let tables = request.parts.iter().filter_map(|part| match part {
            WritePart::Rows(batch) => Some(batch.table),
            WritePart::Delete(_) => None,
        });
        let tables: Vec<TableId> = tables.collect();
        match load.push(request.clone()).await {
            Ok(number) => {
                let mut journal = self.journal.lock();
                journal.acknowledged.push((number, Event::Block(load.id(), request), WriteOutcome::default()));
                match journal.loads.iter_mut().find(|(id, _)| *id == load.id()) {
                    Some((_, all)) => all.extend(tables),
                    None => journal.loads.push((load.id(), tables)),
                }
                Ok(true)
            }
            Err(error) if goes_on(&error) => Ok(true),
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. }) => Err(error.to_string()),
            Err(_) => {
                self.journal.lock().spoiled.push(load.id());
                Ok(false)
            }
        }
    }

    async fn publish(&mut self, load: &Load) -> Result<bool, String> {
        let id = load.id();
        let published = load.commit().await;
        let mut journal = self.journal.lock();
        let at = journal.loads.iter().position(|(other, _)| *other == id);
        let tables = at.map(|at| journal.loads[at].1.clone()).unwrap_or_default();
        let goes_on = match published {
            Ok((outcome, number)) => {
                journal.acknowledged.push((number, Event::Publish(id, tables), outcome));
                journal.published.push((id, number));
                true
            }
            Err(error) if goes_on(&error) => true,
            Err(error) if matches!(*error.kind, ErrorKind::Internal { .. }) => return Err(error.to_string()),
            Err(_) => {
                journal.unanswered.push(Event::Publish(id, tables));
                false
            }
        };
        journal.loads.retain(|(other, _)| *other != id);
        Ok(goes_on)
    }
}
