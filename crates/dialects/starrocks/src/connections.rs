//! The running requests of the SQL endpoint by their connection ids: what KILL ends and SHOW
//! PROCESSLIST lists.
//!
//! An id stands for one request, not for a channel: a channel's next request gets another.

use engine::Caller;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The running requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    running: BTreeMap<u64, Running>,
}

#[derive(Debug)]
struct Running {
    caller: Caller,
    database: String,
    text: String,
    started: Instant,
    kill: watch::Sender<bool>,
}

/// One running request, for the list.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) id: u64,
    pub(crate) caller: Caller,
    pub(crate) database: String,
    pub(crate) text: String,
    pub(crate) seconds: u64,
}

/// A request's place in the list; gone when dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    inner: Arc<Mutex<Inner>>,
    killed: watch::Receiver<bool>,
}

impl Connection {
    /// Waits until somebody kills it; for ever if nobody does.
    pub(crate) async fn killed(&mut self) {
        if self.killed.wait_for(|killed| *killed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.inner.lock().running.remove(&self.id);
    }
}

impl Connections {
    /// Enters a request.
    pub(crate) fn enter(&self, caller: &Caller, database: &str, text: &str) -> Connection {
        let (kill, killed) = watch::channel(false);
        let running = Running {
            caller: caller.clone(),
            database: database.to_owned(),
            text: text.to_owned(),
            started: Instant::now(),
            kill,
        };
        let mut inner = self.inner.lock();
        inner.last += 1;
        let id = inner.last;
        inner.running.insert(id, running);
        Connection { id, inner: Arc::clone(&self.inner), killed }
    }

    /// Every running request, by id.
    pub(crate) fn list(&self) -> Vec<Process> {
        let inner = self.inner.lock();
        let process = |(id, running): (&u64, &Running)| Process {
            id: *id,
            caller: running.caller.clone(),
            database: running.database.clone(),
            text: running.text.clone(),
            seconds: running.started.elapsed().as_secs(),
        };
        inner.running.iter().map(process).collect()
    }

    /// Ends a request; whether there was one.
    pub(crate) fn kill(&self, id: u64) -> bool {
        self.inner.lock().running.get(&id).is_some_and(|running| running.kill.send(true).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Connections;
    use engine::Caller;
    use model::UserId;

    #[tokio::test]
    async fn a_killed_request_hears_of_it_and_a_finished_one_is_gone() {
        let connections = Connections::default();
        let caller = Caller { user: UserId(1), name: "u".to_owned() };
        let mut first = connections.enter(&caller, "d", "select 1");
        let second = connections.enter(&caller, "d", "select 2");
        assert_ne!(first.id, second.id);
        assert!(connections.kill(first.id));
        first.killed().await;
        let id = first.id;
        drop(first);
        assert!(!connections.kill(id));
        assert_eq!(connections.list().len(), 1);
    }
}
