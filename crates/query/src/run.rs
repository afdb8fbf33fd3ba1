//! Running a plan: physical planning and execution on the query runtime, its rows through a
//! bounded channel to the reader.
//!
//! One task does all the work of a query and owns its place, memory and spill files. Whoever ends
//! the query (time, cancel, the reader going away) interrupts and aborts that task; DataFusion's
//! own tasks hang off it by guards.

mod guarded;
mod interrupt;
mod interruptible;
mod timed_yield;

use crate::batches::batch_rows;
use crate::codec::Functions;
use crate::error::to_error;
use crate::plan::statement_state;
use crate::plan_text::readable;
use crate::rules::PLANNING;
use crate::running::{Cancelled, RunningGuard};
use crate::runtime::QueryEngine;
use crate::{PlanContext, Profile, QueryLabel, RowStream};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{SessionState, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;
pub(crate) use guarded::Guarded;
pub(crate) use interrupt::{Interrupt, timeout};
pub(crate) use interruptible::interruptible;
use model::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

/// Batches that wait for a slow reader before the query waits too.
const BATCHES_AHEAD: usize = 2;

/// What a limit beyond all clocks comes to.
const FAR: Duration = Duration::from_secs(86_400 * 365);

impl QueryEngine {
    /// Optimises and starts a plan.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] when too many queries run or wait, [`ErrorKind::QueryTimeout`],
    /// [`ErrorKind::QueryCancelled`], and whatever goes wrong before the first batch is due.
    pub async fn run(
        &self,
        profile: &Profile,
        plan: LogicalPlan,
        context: &PlanContext,
        label: QueryLabel,
    ) -> Result<RowStream> {
        let inner = &self.inner;
        let limit = inner.limit(label.timeout);
        let began = Instant::from_std(label.began);
        let deadline = began.checked_add(limit).unwrap_or(began + FAR);
        let permit = inner.admission.enter(deadline).await?;
        let (guard, cancelled) = inner.running.enter(label);

        let error_context = inner.error_context();
        let mut state = statement_state(inner, profile, context)?;
        let rows = batch_rows(&plan, inner.memory_bytes()).map_err(|e| to_error(&e, &error_context))?;
        *state.config_mut() = state.config().clone().with_batch_size(rows);
        let interrupt = Arc::new(Interrupt::new(deadline.into_std(), limit));
        let task_context = Arc::new(TaskContext::new(
            None,
            String::new(),
            state.config().clone(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            inner.environment(Arc::clone(&interrupt)),
        ));
        // In debug builds, so that tests find what nobody registered.
        let named = cfg!(debug_assertions).then(|| Functions::new(profile, Arc::clone(state.config_options())));
        let (opened, schema) = oneshot::channel();
        let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
        let mut ending = cancelled.clone();
        let asked = Arc::clone(&interrupt);
        let task = inner.handle()?.spawn(async move {
            let _permit = permit;
            tokio::select! {
                done = work(state, named, task_context, plan, &asked, opened, sender) => done.map_err(|e| to_error(&e, &error_context)),
                () = ending.wait() => Err(ErrorKind::QueryCancelled {}.into()),
                () = tokio::time::sleep_until(deadline) => Err(timeout(limit)),
            }
        });
        let mut reading =
            Reading { task: Task { handle: task, interrupt }, batches, cancelled, deadline, limit, _guard: guard };
        let schema = reading.opened(schema).await?;
        let batches = futures::stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            match reading.next().await {
                Ok(Some(batch)) => Some((Ok(batch), Some(reading))),
                Ok(None) => None,
                Err(e) => Some((Err(e), None)),
            }
        });
        // Whoever compresses an answer asks once more after its end.
        Ok(RowStream { schema, batches: Box::pin(batches.fuse()) })
    }
}

/// All that happens on the query runtime.
async fn work(
    state: SessionState,
    named: Option<Functions>,
    task_context: Arc<TaskContext>,
    plan: LogicalPlan,
    interrupt: &Arc<Interrupt>,
    opened: oneshot::Sender<SchemaRef>,
    batches: mpsc::Sender<RecordBatch>,
) -> DataFusionResult<()> {
    let explains = matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
    let planning = PLANNING.scope(Arc::clone(interrupt), state.create_physical_plan(&plan));
    let physical = planning.await?;
    if cfg!(debug_assertions)
        && let Some(functions) = named
    {
        functions.check_plan(&physical)?;
    }
    let physical = interruptible(physical, interrupt)?;
    let mut stream = execute_stream(physical, task_context)?;
    if opened.send(stream.schema()).is_err() {
        return Ok(());
    }
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let batch = if explains { readable(&batch)? } else { batch };
        if batches.send(batch).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// A task that ends with whoever waits for it.
struct Task {
    handle: JoinHandle<Result<()>>,
    interrupt: Arc<Interrupt>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.interrupt.stop();
        self.handle.abort();
    }
}

/// The reader's side. It watches the time and the cancel itself: the task may be deep in a long
/// step, and the reader shall not wait for that.
struct Reading {
    task: Task,
    batches: mpsc::Receiver<RecordBatch>,
    cancelled: Cancelled,
    deadline: Instant,
    limit: Duration,
    _guard: RunningGuard,
}

impl Reading {
    async fn opened(&mut self, schema: oneshot::Receiver<SchemaRef>) -> Result<SchemaRef> {
        let opened = tokio::select! {
            biased;
            () = self.cancelled.wait() => return Err(ErrorKind::QueryCancelled {}.into()),
            () = tokio::time::sleep_until(self.deadline) => return Err(timeout(self.limit)),
            opened = schema => opened,
        };
        match opened {
            Ok(schema) => Ok(schema),
            Err(_dropped) => {
                self.end().await?;
                Err(Error::internal("the query ended without a schema"))
            }
        }
    }

    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let batch = tokio::select! {
            biased;
            () = self.cancelled.wait() => return Err(ErrorKind::QueryCancelled {}.into()),
            () = tokio::time::sleep_until(self.deadline) => return Err(timeout(self.limit)),
            batch = self.batches.recv() => batch,
        };
        if batch.is_none() {
            self.end().await?;
        }
        Ok(batch)
    }

    /// How the task ended: a closed channel alone does not tell a whole answer from half of one.
    async fn end(&mut self) -> Result<()> {
        (&mut self.task.handle).await.unwrap_or_else(|e| Err(broken(e)))
    }
}

/// What a query says whose task did not end by itself.
pub(crate) fn broken(error: JoinError) -> Error {
    if error.is_cancelled() {
        return ErrorKind::ShuttingDown {}.into();
    }
    tracing::error!(%error, "a query panicked");
    Error::internal("the query failed; see the server's log")
}

#[cfg(test)]
mod tests;
