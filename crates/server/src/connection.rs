//! One connection, from its first byte to its end: TLS or not, then HTTP/1.1.
//!
//! A client that goes away, or shuts down its sending side, drops the request's future: that is how
//! queries nobody waits for are ended. It depends on hyper's `half_close` staying off.
//!
//! A head that hyper cannot read never becomes a request: see `bare_answers`.

use crate::bare_answers::{Counted, Explained, Underway};
use crate::linger::Linger;
use crate::settings::{Limits, milliseconds};
use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONNECTION, EXPECT};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// The first byte of every TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// How long a connection beyond the limit may take to hear so.
const REFUSAL_TIME: Duration = Duration::from_secs(5);

/// The other end of a connection, in a request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What answers at one listener.
#[derive(Clone)]
pub(crate) struct Door {
    /// Speaks TLS, where the listener does.
    pub(crate) tls: Option<TlsAcceptor>,
    /// Everything that the listener is for.
    pub(crate) routes: Router,
    /// Answers requests in clear where TLS is spoken.
    pub(crate) redirect: Router,
    /// Answers connections beyond the limit.
    pub(crate) refusal: Router,
    /// Its time limits.
    pub(crate) limits: Limits,
}

/// How a connection is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// It is one of `limits.connections`.
    Yes,
    /// It is beyond them: it hears so and is closed.
    No,
}

impl Door {
    /// Serves one connection to its end, or until the server stops.
    pub(crate) async fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        admitted: Admitted,
        graceful: Watcher,
        mut stop: watch::Receiver<()>,
    ) {
        // Answers are written whole: waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let routes = match admitted {
            Admitted::Yes => self.routes.clone(),
            Admitted::No => self.refusal.clone(),
        };
        let Some(tls) = &self.tls else {
            return self.http(stream, peer, routes, admitted, graceful).await;
        };
        // Until the first request there is nothing to bring to an end.
        let opened = tokio::select! {
            opened = timeout(milliseconds(self.limits.tls_handshake_timeout_ms), open(stream, tls)) => opened,
            _ = stop.changed() => return,
        };
        match opened {
            Ok(Ok(Opened::Secret(stream))) => self.http(*stream, peer, routes, admitted, graceful).await,
            Ok(Ok(Opened::Clear(stream))) => {
                self.http(stream, peer, self.redirect.clone(), Admitted::No, graceful).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn http<S>(&self, stream: S, peer: SocketAddr, routes: Router, admitted: Admitted, graceful: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stays = admitted == Admitted::Yes;
        let underway = Underway::default();
        let stream = Explained::new(stream, underway.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let client_waits = request.headers().contains_key(EXPECT);
            let mut request = request.map(|body| Body::new(Linger::new(body, client_waits)));
            request.extensions_mut().insert(Peer(peer));
            let (routes, answering) = (routes.clone(), underway.begin());
            async move {
                let response = routes.oneshot(request).await?;
                let mut response = response.map(|body| Counted::new(body, answering));
                if !stays {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(milliseconds(self.limits.header_read_timeout_ms))
            .half_close(false)
            .serve_connection(TokioIo::new(stream), service);
        let served = graceful.watch(connection);
        let ended = if stays { Ok(served.await) } else { timeout(REFUSAL_TIME, served).await };
        if let Ok(Err(error)) = ended {
            tracing::debug!(%peer, %error, "the connection ended early");
        }
    }
}

/// A connection whose first byte is known.
enum Opened {
    Secret(Box<tokio_rustls::server::TlsStream<TcpStream>>),
    Clear(TcpStream),
}

async fn open(stream: TcpStream, tls: &TlsAcceptor) -> std::io::Result<Opened> {
    let mut first = [0];
    let peeked = stream.peek(&mut first).await?;
    if peeked == 0 || first != [TLS_HANDSHAKE] {
        return Ok(Opened::Clear(stream));
    }
    Ok(Opened::Secret(Box::new(tls.accept(stream).await?)))
}
