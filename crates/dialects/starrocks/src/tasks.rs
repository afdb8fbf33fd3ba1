//! Tasks that run after their request was answered: range deletions.
//!
//! One runs at a time, the others wait. What is known of a task is kept in the store's records with
//! every change of its state, so that a restart finds it: one that had not ended is FAILED then, with
//! the reason SERVER_RESTARTED, and what it did or did not do is said in its error.

use crate::error::{Answer, Failure};
use engine::{Caller, DeleteRequest, Engine, QueryRequest, RECORD};
use jiff::Timestamp;
use model::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{OnceCell, Semaphore, watch};

/// What the names of records begin with.
const NAME: &str = "starrocks.task.";
/// How long the record of an ended task is kept, in milliseconds.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;
/// How many tasks may wait or run.
const WAITING_MAX: usize = 1_000;

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum State {
    Pending,
    Running,
    Cancelling,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    const fn is_ended(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TaskError {
    code: String,
    message: String,
    reason: String,
}

/// What is known of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    kind: String,
    pub(crate) state: State,
    target: String,
    pub(crate) submitted_by: String,
    /// Milliseconds since 1970; so for the others.
    submitted_ms: i64,
    started_ms: Option<i64>,
    finished_ms: Option<i64>,
    error: Option<TaskError>,
}

/// The URI of a task.
pub(crate) fn task_uri(id: &str) -> String {
    format!("/api/v2/tasks/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC))
        .replace("%2D", "-")
}

impl Record {
    /// Its URI.
    pub(crate) fn uri(&self) -> String {
        task_uri(&self.id)
    }

    /// The task as the resource shows it.
    pub(crate) fn object(&self) -> Value {
        let mut object = Map::new();
        object.insert("taskId".to_owned(), json!(self.id));
        object.insert("uri".to_owned(), json!(self.uri()));
        object.insert("kind".to_owned(), json!(self.kind));
        object.insert("state".to_owned(), json!(self.state));
        object.insert("targetUri".to_owned(), json!(self.target));
        object.insert("submittedBy".to_owned(), json!(self.submitted_by));
        let times = [
            ("submittedAt", Some(self.submitted_ms)),
            ("startedAt", self.started_ms),
            ("finishedAt", self.finished_ms),
        ];
        for (name, time) in times {
            if let Some(time) = time {
                object.insert(name.to_owned(), json!(crate::zone::rfc3339(time)));
            }
        }
        if let Some(error) = &self.error {
            object.insert("error".to_owned(), json!(error));
        }
        Value::Object(object)
    }
}

/// What a task does.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) caller: Caller,
    pub(crate) request: QueryRequest,
    pub(crate) delete: DeleteRequest,
}

/// The tasks of this server.
#[derive(Clone, Debug)]
pub(crate) struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    tasks: Mutex<BTreeMap<String, Entry>>,
    /// Filled once the records of former runs are there.
    loaded: OnceCell<()>,
    running: Arc<Semaphore>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    cancel: watch::Sender<bool>,
}

fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

impl Tasks {
    /// Those of an engine; what former runs left is read when it is first asked for.
    pub(crate) fn new(engine: Engine) -> Self {
        let shared =
            Shared { engine, tasks: Mutex::default(), loaded: OnceCell::new(), running: Arc::new(Semaphore::new(1)) };
        Self { shared: Arc::new(shared) }
    }

    /// Takes a task; it runs when those before it have ended.
    ///
    /// # Errors
    /// 503 when too many wait; what cannot be made durable.
    pub(crate) async fn submit(&self, kind: &str, target: String, work: Work) -> Answer<Record> {
        self.load().await?;
        self.forget_old().await;
        let record = Record {
            id: format!("t-{}", uuid::Uuid::new_v4().simple()),
            kind: kind.to_owned(),
            state: State::Pending,
            target,
            submitted_by: work.caller.name.clone(),
            submitted_ms: now(),
            started_ms: None,
            finished_ms: None,
            error: None,
        };
        let waiting = self.shared.tasks.lock().values().filter(|entry| !entry.record.state.is_ended()).count();
        if waiting >= WAITING_MAX {
            let what = format!("{waiting} tasks wait or run");
            return Err(ErrorKind::Overloaded { what }.into());
        }
        self.shared.keep(&record).await?;
        let (cancel, cancelled) = watch::channel(false);
        self.shared.tasks.lock().insert(record.id.clone(), Entry { record: record.clone(), cancel });
        let (shared, id) = (Arc::clone(&self.shared), record.id.clone());
        tokio::spawn(async move { shared.run(&id, work, cancelled).await });
        Ok(record)
    }

    /// A task by its id.
    ///
    /// # Errors
    /// Records that cannot be read.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Record>> {
        self.load().await?;
        Ok(self.shared.tasks.lock().get(id).map(|entry| entry.record.clone()))
    }

    /// Every task, by id.
    ///
    /// # Errors
    /// Records that cannot be read.
    pub(crate) async fn list(&self) -> Result<Vec<Record>> {
        self.load().await?;
        Ok(self.shared.tasks.lock().values().map(|entry| entry.record.clone()).collect())
    }

    /// Asks a task to end and gives what it is then; removes the record of one that has ended, and
    /// gives nothing.
    ///
    /// # Errors
    /// What cannot be made durable.
    pub(crate) async fn cancel(&self, id: &str) -> Answer<Option<Record>> {
        self.load().await?;
        let asked = {
            let mut tasks = self.shared.tasks.lock();
            match tasks.get_mut(id) {
                None => return Ok(None),
                Some(entry) if entry.record.state.is_ended() => None,
                Some(entry) => {
                    entry.record.state = State::Cancelling;
                    Some((entry.record.clone(), entry.cancel.clone()))
                }
            }
        };
        match asked {
            Some((record, cancel)) => {
                let _nobody_waits: std::result::Result<(), _> = cancel.send(true);
                Ok(Some(record))
            }
            None => {
                self.shared.engine.keep_record(&format!("{NAME}{id}"), None).await?;
                self.shared.tasks.lock().remove(id);
                Ok(None)
            }
        }
    }

    /// Reads the records of former runs, once. What had not ended has failed.
    async fn load(&self) -> Result<()> {
        let shared = &self.shared;
        shared
            .loaded
            .get_or_try_init(|| async {
                let catalog = shared.engine.catalog();
                let prefix = format!("{RECORD}{NAME}");
                let texts = catalog.settings().filter(|(name, _)| name.starts_with(&prefix));
                let mut records: Vec<Record> = texts.filter_map(|(_, text)| serde_json::from_str(text).ok()).collect();
                for record in records.iter_mut().filter(|record| !record.state.is_ended()) {
                    let started = record.started_ms.is_some();
                    let what = if started { "it may have been carried out" } else { "it was not carried out" };
                    record.state = State::Failed;
                    record.finished_ms = Some(now());
                    record.error = Some(TaskError {
                        code: "9503".to_owned(),
                        message: format!("the server was restarted before the task ended: {what}; submit it again"),
                        reason: "SERVER_RESTARTED".to_owned(),
                    });
                    shared.keep(record).await?;
                }
                let mut tasks = shared.tasks.lock();
                for record in records {
                    let (cancel, _) = watch::channel(false);
                    tasks.insert(record.id.clone(), Entry { record, cancel });
                }
                Ok(())
            })
            .await
            .copied()
    }

    /// Lets go of what ended long ago.
    async fn forget_old(&self) {
        let limit = now() - KEPT_MS;
        let old: Vec<String> = {
            let tasks = self.shared.tasks.lock();
            let is_old = |entry: &&Entry| entry.record.finished_ms.is_some_and(|at| at < limit);
            tasks.values().filter(is_old).map(|entry| entry.record.id.clone()).collect()
        };
        for id in old {
            match self.shared.engine.keep_record(&format!("{NAME}{id}"), None).await {
                Ok(()) => drop(self.shared.tasks.lock().remove(&id)),
                Err(error) => tracing::warn!(%error, "the record of an ended task stays"),
            }
        }
    }
}

impl Shared {
    async fn keep(&self, record: &Record) -> Result<()> {
        let text = serde_json::to_string(record).map_err(Error::internal)?;
        self.engine.keep_record(&format!("{NAME}{}", record.id), Some(text)).await
    }

    /// Changes a task and keeps what it is then.
    async fn change(&self, id: &str, change: impl FnOnce(&mut Record)) {
        let record = {
            let mut tasks = self.tasks.lock();
            let Some(entry) = tasks.get_mut(id) else { return };
            change(&mut entry.record);
            entry.record.clone()
        };
        if let Err(error) = self.keep(&record).await {
            tracing::warn!(%error, "the state of a task could not be made durable");
        }
    }

    /// Waits for its turn and does the work, unless somebody cancels it before it began.
    async fn run(&self, id: &str, work: Work, mut cancelled: watch::Receiver<bool>) {
        let turn = tokio::select! {
            biased;
            _ = cancelled.wait_for(|cancelled| *cancelled) => None,
            turn = Arc::clone(&self.running).acquire_owned() => turn.ok(),
        };
        let Some(_turn) = turn else {
            return self.change(id, |record| end(record, State::Cancelled)).await;
        };
        let mut cancelled_first = false;
        self.change(id, |record| {
            cancelled_first = record.state == State::Cancelling;
            if cancelled_first {
                end(record, State::Cancelled);
            } else {
                record.state = State::Running;
                record.started_ms = Some(now());
            }
        })
        .await;
        if cancelled_first {
            return;
        }
        // From here on it is one write of the store: it happens whole, or not at all.
        let outcome = self.engine.delete(&work.caller, &work.request, work.delete).await;
        if outcome.as_ref().is_err_and(|error| matches!(*error.kind, ErrorKind::ShuttingDown {})) {
            // The next start finds it as one that had not ended.
            return;
        }
        self.change(id, |record| match outcome {
            Ok(_) => end(record, State::Succeeded),
            Err(error) => {
                let failure = Failure::from(error);
                end(record, State::Failed);
                record.error = Some(TaskError {
                    code: failure.code.to_owned(),
                    message: failure.message,
                    reason: failure.reason.to_owned(),
                });
            }
        })
        .await;
    }
}

fn end(record: &mut Record, state: State) {
    record.state = state;
    record.finished_ms = Some(now());
}

#[cfg(test)]
impl Tasks {
    /// Keeps every task waiting for as long as the answer is held.
    pub(crate) async fn hold(&self) -> tokio::sync::OwnedSemaphorePermit {
        Arc::clone(&self.shared.running).acquire_owned().await.unwrap()
    }
}
