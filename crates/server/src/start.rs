//! Starts the server: checks, binds every listener, mounts the dialects, and stops it again.

use crate::accept::accept;
use crate::connection::Door;
use crate::redirect::redirect;
use crate::rejection::Rejections;
use crate::settings::{Listener, Settings, milliseconds};
use crate::stack::{Mount, Shared, listener_routes};
use crate::tls::Tls;
use crate::tokens::TokenDirectory;
use crate::{backup, metrics};
use axum::Router;
use axum::extract::Request;
use dialect::{Dialect, DialectContext, Tokens};
use engine::Engine;
use model::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Starts servers.
#[derive(Debug)]
pub struct Server {}

/// A server that answers until it is shut down or dropped.
#[derive(Debug)]
pub struct RunningServer {
    listeners: Vec<Bound>,
    tokens: Option<Arc<TokenDirectory>>,
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
    renewal: JoinSet<()>,
}

/// An address at which a running server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The address, with the port that was taken.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The names of the dialects that answer there.
    pub dialects: Vec<&'static str>,
}

impl Server {
    /// Starts to answer for these dialects over an engine.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParameter`] for an address that cannot be, or not without TLS, and for
    /// an unknown dialect or one that is switched off; [`ErrorKind::InvalidDefinition`] for dialects that claim the same
    /// requests; [`ErrorKind::Io`] for an address that is taken; whatever is wrong with certificates.
    pub async fn start(settings: Settings, engine: Engine, dialects: Vec<Arc<dyn Dialect>>) -> Result<RunningServer> {
        let dialects = switched_on(&settings, dialects)?;
        let lifetime = settings.tokens.lifetime_minutes;
        let tokens = Arc::new(TokenDirectory::of_engine(engine.clone(), lifetime, settings.tokens.alive));
        let context = DialectContext {
            engine,
            tokens: Arc::clone(&tokens) as Arc<dyn Tokens>,
            insecure: settings.insecure,
            body_bytes: usize::try_from(settings.limits.body_bytes).unwrap_or(usize::MAX),
            statement_bytes: usize::try_from(settings.limits.statement_bytes).unwrap_or(usize::MAX),
            result_bytes: result_bytes(&settings),
        };
        let mount = |dialect: Arc<dyn Dialect>| Mount {
            router: dialect.router(context.clone()),
            shared: dialect.shared_routes(context.clone()),
            dialect,
        };
        let shared = Arc::new(Shared::new(&settings));
        let own = backup::routes(context.clone(), Arc::clone(shared.arrivals()))
            .merge(metrics::routes(context.clone(), Arc::clone(&shared)));
        let mounts: Vec<_> = dialects.into_iter().map(mount).collect();
        let mut running = start_with(&settings, &mounts, &own, &shared).await?;
        running.tokens = Some(tokens);
        Ok(running)
    }
}

impl RunningServer {
    /// Where it listens, in the order of the settings.
    pub fn listeners(&self) -> &[Bound] {
        &self.listeners
    }

    /// The addresses alone.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|bound| bound.address).collect()
    }

    /// The login tokens of all dialects.
    pub fn tokens(&self) -> Option<&Arc<TokenDirectory>> {
        self.tokens.as_ref()
    }

    /// Stops to accept, lets requests end within `limits.shutdown_timeout_ms`, and cuts off the
    /// rest.
    pub async fn shutdown(mut self) {
        self.renewal.shutdown().await;
        let _ = self.stop.send(());
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Where answers are cut that a dialect cuts: nowhere for 0.
fn result_bytes(settings: &Settings) -> Option<usize> {
    settings.limits.result_bytes.map(|bytes| match bytes {
        0 => usize::MAX,
        _ => usize::try_from(bytes).unwrap_or(usize::MAX),
    })
}

/// A listener with its sockets, not yet accepting.
struct Prepared {
    row: Listener,
    tls: bool,
    routes: Router,
    refusal: Router,
    dialects: Vec<&'static str>,
    sockets: Vec<TcpListener>,
}

/// A server without a store of its own.
#[cfg(test)]
pub(crate) async fn start_mounted(settings: &Settings, mounts: &[Mount]) -> Result<RunningServer> {
    start_with(settings, mounts, &Router::new(), &Shared::new(settings)).await
}

/// Everything that [`Server::start`] does once the dialects and the server have their handlers.
async fn start_with(settings: &Settings, mounts: &[Mount], own: &Router, shared: &Shared) -> Result<RunningServer> {
    settings.check().map_err(|error| ErrorKind::InvalidDefinition { reason: error.to_string() })?;
    let mut prepared = Vec::new();
    for row in &settings.listen {
        let mounts = chosen(row, mounts)?;
        prepared.push(Prepared {
            row: row.clone(),
            tls: settings.is_tls(row),
            routes: listener_routes(&mounts, own, settings, shared)?,
            refusal: refusal(&mounts),
            dialects: mounts.iter().map(|mount| mount.dialect.name()).collect(),
            sockets: bind(row, settings).await?,
        });
    }
    let tls = match prepared.iter().any(|prepared| prepared.tls) {
        true => Some(Tls::load(
            settings,
            prepared.iter().flat_map(|prepared| certificate_names(&prepared.row, &prepared.sockets)),
        )?),
        false => None,
    };

    let (stop, stopping) = watch::channel(());
    let (mut tasks, mut renewal, mut listeners) = (JoinSet::new(), JoinSet::new(), Vec::new());
    let deadline = milliseconds(settings.limits.shutdown_timeout_ms);
    for Prepared { row: _, tls: speaks_tls, routes, refusal, dialects, sockets } in prepared {
        let acceptor = tls.as_ref().filter(|_| speaks_tls).map(Tls::acceptor).transpose()?;
        let limits = settings.limits.clone();
        let door = Arc::new(Door { tls: acceptor, routes, redirect: redirect(), refusal, limits });
        for socket in sockets {
            let address = socket.local_addr().map_err(|error| io("read the address of a listener", &error))?;
            listeners.push(Bound { address, tls: speaks_tls, dialects: dialects.clone() });
            tasks.spawn(accept(socket, Arc::clone(&door), shared.places().clone(), stopping.clone(), deadline));
        }
    }
    if let Some(tls) = tls {
        renewal.spawn(tls.renew());
    }
    Ok(RunningServer { listeners, tokens: None, stop, tasks, renewal })
}

/// The dialects of a listener.
fn chosen(row: &Listener, mounts: &[Mount]) -> Result<Vec<Mount>> {
    let Some(names) = &row.dialects else { return Ok(mounts.to_vec()) };
    let find = |name: &String| {
        let known = mounts.iter().map(|mount| mount.dialect.name());
        let found = mounts.iter().find(|mount| mount.dialect.name() == name).cloned();
        found.ok_or_else(|| no_dialect("listen.dialects", name, known))
    };
    names.iter().map(find).collect()
}

/// The dialects that the settings do not switch off.
fn switched_on(settings: &Settings, mut dialects: Vec<Arc<dyn Dialect>>) -> Result<Vec<Arc<dyn Dialect>>> {
    let known = || dialects.iter().map(|dialect| dialect.name());
    if let Some(name) = settings.dialects.keys().find(|name| !known().any(|known| known == *name)) {
        return Err(no_dialect("dialects", name, known()));
    }
    dialects.retain(|dialect| settings.dialects.get(dialect.name()).copied().unwrap_or(true));
    Ok(dialects)
}

fn no_dialect(setting: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Error {
    let expected = format!("one of {}", known.collect::<Vec<_>>().join(", "));
    ErrorKind::InvalidParameter { name: setting.to_owned(), value: name.to_owned(), expected }.into()
}

/// What connections beyond the limit hear, whatever they ask.
fn refusal(mounts: &[Mount]) -> Router {
    let rejections = Rejections::new(mounts.iter().map(|mount| Arc::clone(&mount.dialect)));
    let error = Error::new(ErrorKind::Overloaded { what: "too many connections (limits.connections)".to_owned() });
    Router::new().fallback(async move |request: Request| rejections.answer(request.uri().path(), &error))
}

/// Binds every address that a row stands for; one of them must work.
async fn bind(row: &Listener, settings: &Settings) -> Result<Vec<TcpListener>> {
    let invalid = |expected: String| {
        Error::new(ErrorKind::InvalidParameter { name: "listen".to_owned(), value: row.address.clone(), expected })
    };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(&row.address)
        .await
        .map_err(|error| invalid(format!("an address and a port, such as 127.0.0.1:8080 ({error})")))?
        .collect();
    let outside = addresses.iter().any(|address| !address.ip().is_loopback());
    if outside && settings.insecure {
        return Err(invalid("a loopback address such as 127.0.0.1:8080, because the server is insecure".to_owned()));
    }
    if outside && !settings.is_tls(row) {
        tracing::warn!(address = %row.address, "passwords and data travel in clear on this listener");
    }
    let mut sockets = Vec::new();
    let mut failed = None;
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(socket) => sockets.push(socket),
            Err(error) => failed = Some(io(&format!("listen on {address}"), &error)),
        }
    }
    match failed {
        Some(error) if sockets.is_empty() => Err(error),
        _ if sockets.is_empty() => Err(invalid("a name that stands for an address".to_owned())),
        _ => Ok(sockets),
    }
}

/// The names under which clients reach a listener: the host as written and the addresses, as far
/// as they say one.
fn certificate_names(row: &Listener, sockets: &[TcpListener]) -> Vec<String> {
    let written = row.address.rsplit_once(':').map(|(host, _)| host.trim_matches(['[', ']']).to_owned());
    let addresses = sockets.iter().filter_map(|socket| Some(socket.local_addr().ok()?.ip().to_string()));
    let unspecified = |name: &String| name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_unspecified());
    written.into_iter().chain(addresses).filter(|name| !name.is_empty() && !unspecified(name)).collect()
}

fn io(operation: &str, error: &std::io::Error) -> Error {
    ErrorKind::Io { operation: operation.to_owned(), reason: error.to_string() }.into()
}

#[cfg(test)]
mod tests;
