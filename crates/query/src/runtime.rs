//! Where queries run: their own threads, memory and spill directory.
//!
//! Queries keep off the threads that serve connections, so that a busy query delays no other
//! request and no timer.

use crate::error::ErrorContext;
use crate::memory::{QueryMemory, TotalMemory};
use crate::run::Interrupt;
use crate::running::{Admission, RunningList};
use crate::{QueryOptions, RunningQuery};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use model::{Error, ErrorKind, Result, Usage};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Predicates may be as deep as they are long, and are walked by recursion.
const STACK_BYTES: usize = 64 << 20;

/// How DataFusion begins the names of its spill directories.
const SPILL_PREFIX: &str = "datafusion-";

/// Plans and runs queries.
#[derive(Clone, Debug)]
pub struct QueryEngine {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) options: QueryOptions,
    pub(crate) admission: Admission,
    pub(crate) running: Arc<RunningList>,
    pub(crate) total: Arc<TotalMemory>,
    environment: RuntimeEnv,
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A plain drop waits for the threads, which async code may not do.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Inner {
    /// The query runtime.
    pub(crate) fn handle(&self) -> Result<&Handle> {
        match &self.runtime {
            Some(runtime) => Ok(runtime.handle()),
            None => Err(ErrorKind::ShuttingDown {}.into()),
        }
    }

    /// Bytes that one query may hold.
    pub(crate) fn memory_bytes(&self) -> usize {
        bytes(self.options.memory_bytes)
    }

    /// The resources of one query.
    pub(crate) fn environment(&self, interrupt: Arc<Interrupt>) -> Arc<RuntimeEnv> {
        let memory = QueryMemory::new(self.memory_bytes(), Arc::clone(&self.total), interrupt);
        Arc::new(RuntimeEnv { memory_pool: Arc::new(memory), ..self.environment.clone() })
    }

    /// How long a query may take that asked for no longer than this.
    pub(crate) fn limit(&self, timeout: Option<Duration>) -> Duration {
        timeout.map_or(self.options.timeout, |timeout| timeout.min(self.options.timeout))
    }

    pub(crate) fn error_context(&self) -> ErrorContext {
        ErrorContext {
            memory_bytes: self.options.memory_bytes,
            memory_total_bytes: self.options.memory_total_bytes,
            columns: Vec::new(),
        }
    }
}

impl QueryEngine {
    /// Starts the query runtime and empties the spill directory of what former runs left there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the directory cannot be used or no thread can be started.
    pub fn new(options: QueryOptions) -> Result<Self> {
        prepare_spill_directory(&options.spill_directory)?;
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![options.spill_directory.clone()]));
        let environment = RuntimeEnvBuilder::new().with_disk_manager_builder(disk).build().map_err(|e| {
            Error::new(ErrorKind::Io {
                operation: format!("use {}", options.spill_directory.display()),
                reason: e.message().into_owned(),
            })
        })?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(options.threads.max(1))
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|e| {
                Error::new(ErrorKind::Io { operation: "start query threads".into(), reason: e.to_string() })
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                admission: Admission::new(options.running),
                running: Arc::default(),
                total: TotalMemory::new(bytes(options.memory_total_bytes)),
                environment,
                runtime: Some(runtime),
                options,
            }),
        })
    }

    /// How long one query may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.inner.options.timeout
    }

    /// What runs now.
    #[must_use]
    pub fn running(&self) -> Vec<RunningQuery> {
        self.inner.running.list()
    }

    /// How many run now, of how many.
    #[must_use]
    pub fn running_usage(&self) -> Usage {
        self.inner.admission.usage()
    }

    /// The memory that all queries hold now.
    #[must_use]
    pub fn memory(&self) -> Usage {
        self.inner.total.usage()
    }

    /// Ends a running query; false if there is none with that id.
    pub fn cancel(&self, id: u64) -> bool {
        self.inner.running.cancel(id)
    }
}

fn bytes(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Makes the directory, for its owner alone, and removes only what a query of a former run can have
/// left in it.
fn prepare_spill_directory(directory: &Path) -> Result<()> {
    let io = |operation: &str, e: std::io::Error| {
        Error::new(ErrorKind::Io { operation: format!("{operation} {}", directory.display()), reason: e.to_string() })
    };
    std::fs::create_dir_all(directory).map_err(|e| io("create", e))?;
    std::fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(|e| io("close to others", e))?;
    for entry in std::fs::read_dir(directory).map_err(|e| io("read", e))? {
        let entry = entry.map_err(|e| io("read", e))?;
        if entry.file_name().to_string_lossy().starts_with(SPILL_PREFIX) {
            std::fs::remove_dir_all(entry.path()).map_err(|e| io("empty", e))?;
        }
    }
    Ok(())
}
