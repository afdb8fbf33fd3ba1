//! `chronoglot serve`: settings, store, server, until somebody stops it.

mod dialects;
mod greeting;
mod root_password;
mod store;

use crate::arguments::ServeArguments;
use crate::terminal::{complain, say};
use dialects::dialects;
use greeting::greeting;
use root_password::ensure_root_password;
use server::settings::{Environment, Listener, Settings};
use server::{RunningServer, Server};
use std::path::{Path, PathBuf};
use store::open_engine;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Environment variables of the program that are no settings of the server.
const RESERVED: &[&str] = &[
    "CHRONOGLOT_URL",
    "CHRONOGLOT_USER",
    "CHRONOGLOT_PASSWORD",
    "CHRONOGLOT_CA_CERT",
    "CHRONOGLOT_LOG",
    "CHRONOGLOT_TEST_PYTHON",
    "CHRONOGLOT_TEST_NODE_MODULES",
    "CHRONOGLOT_TEST_JARS",
    "CHRONOGLOT_TEST_GO_MODULES",
];

/// What is logged unless `CHRONOGLOT_LOG` says otherwise. A refused statement is the client's to see,
/// whatever its status.
const DEFAULT_LOG: &str = "warn,access=off";

/// Syntax trees are walked by recursion, and a set operation is as deep as it has arms.
const STACK_BYTES: usize = 64 << 20;

/// Runs the command until it is stopped.
pub(crate) fn run(arguments: &ServeArguments) -> Result<(), String> {
    let environment = Environment::of_process(RESERVED);
    let mut settings = Settings::load(arguments.config.as_deref(), &environment).map_err(|error| error.to_string())?;
    if let Some(data_dir) = &arguments.data_dir {
        settings.data_dir.clone_from(data_dir);
    }
    if let Some(listen) = &arguments.listen {
        settings.listen = vec![Listener::at(listen)];
    }
    settings.insecure |= arguments.insecure;
    settings.tls.names.extend(arguments.tls_name.iter().cloned());
    run_until_stopped(settings, arguments.root_password_file.clone(), |_| Ok(()))
}

/// The settings of an insecure server at one address.
pub(crate) fn insecure_settings(data_dir: &Path, listen: &str) -> Settings {
    Settings {
        data_dir: data_dir.to_owned(),
        insecure: true,
        listen: vec![Listener::at(listen)],
        ..Settings::default()
    }
}

/// Starts a server, greets, lets `once_serving` use it by its URL, and serves until Ctrl-C or
/// SIGTERM.
pub(crate) fn run_until_stopped(
    settings: Settings,
    root_password_file: Option<PathBuf>,
    once_serving: impl FnOnce(&str) -> Result<(), String> + Send + 'static,
) -> Result<(), String> {
    let filter = EnvFilter::try_from_env("CHRONOGLOT_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let (engine, root_password, server) =
            start(settings.clone(), root_password_file).await.map_err(|e| e.to_string())?;
        say(greeting(&settings, server.listeners(), root_password.as_deref()));
        let url = server.listeners().first().map(greeting::url).unwrap_or_default();
        let serving = tokio::task::spawn_blocking(move || once_serving(&url));
        let outcome = tokio::select! {
            () = stop => Ok(()),
            failed = failure_of(serving) => Err(failed),
        };
        server.shutdown().await;
        if let Err(error) = engine.close().await {
            complain(error);
        }
        outcome
    })
}

/// Opens the store and begins to answer; root's password where this start made one.
async fn start(
    settings: Settings,
    root_password_file: Option<PathBuf>,
) -> model::Result<(engine::Engine, Option<String>, RunningServer)> {
    let engine = open_engine(&settings).await?;
    let root_password = ensure_root_password(&engine, root_password_file.as_deref(), settings.insecure).await?;
    let server = Server::start(settings, engine.clone(), dialects()).await?;
    Ok((engine, root_password, server))
}

/// Never ends unless the task fails.
async fn failure_of(task: tokio::task::JoinHandle<Result<(), String>>) -> String {
    match task.await {
        Ok(Ok(())) => std::future::pending().await,
        Ok(Err(reason)) => reason,
        Err(error) => error.to_string(),
    }
}

/// Ends at Ctrl-C or SIGTERM.
fn stop_signal() -> Result<impl Future<Output = ()>, String> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
