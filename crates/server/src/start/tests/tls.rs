//! TLS end to end: a client that trusts `ca.crt` and nothing else.

use super::support::*;
use crate::settings::{Limits, Listener, Settings};
use crate::start::Bound;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

fn secure(data: &Path) -> Settings {
    Settings { data_dir: data.to_owned(), insecure: false, ..insecure() }
}

async fn connect(address: SocketAddr, data: &Path, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(data.join("certs/ca.crt")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
}

async fn get_secret(address: SocketAddr, data: &Path, path: &str) -> Answer {
    let mut stream = connect(address, data, "localhost").await.unwrap();
    stream.write_all(request("GET", path, "", "").as_bytes()).await.unwrap();
    Answer::parse(&rest(&mut stream).await)
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served_under_every_name() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = secure(root.path());
    settings.tls.names = vec!["db.example".to_owned()];
    let served = serve(&settings).await;
    let bound = Bound { address: served.address, tls: true, dialects: vec!["test"] };
    assert_eq!(served.server.listeners(), [bound]);
    let hello = get_secret(served.address, root.path(), "/test/hello").await;
    assert_eq!((hello.status, hello.text()), (200, "hello"));
    for name in ["127.0.0.1", "::1", "db.example"] {
        connect(served.address, root.path(), name).await.unwrap();
    }
    let error = connect(served.address, root.path(), "other.example").await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn the_guard_of_insecure_servers_is_not_on_secure_ones() {
    let root = tempfile::tempdir().unwrap();
    let served = serve(&secure(root.path())).await;
    let mut stream = connect(served.address, root.path(), "localhost").await.unwrap();
    stream.write_all(b"GET /test/hello HTTP/1.1\r\nHost: db.example\r\nConnection: close\r\n\r\n").await.unwrap();
    assert_eq!(Answer::parse(&rest(&mut stream).await).status, 200);
}

#[tokio::test]
async fn a_request_in_clear_is_sent_to_https_with_its_uri() {
    let root = tempfile::tempdir().unwrap();
    let served = serve(&secure(root.path())).await;
    let sent = format!(
        "POST /test/length?db=a%20b&x=1 HTTP/1.1\r\nHost: localhost:{}\r\nContent-Length: 3\r\n\r\nabc",
        served.address.port()
    );
    let answer = exchange(served.address, &sent).await;
    assert_eq!(answer.status, 307);
    let expected = format!("https://localhost:{}/test/length?db=a%20b&x=1", served.address.port());
    assert_eq!(answer.header("location"), Some(expected.as_str()));
    assert!(answer.text().contains("was not carried out"), "{answer:?}");
    let health = get_path(served.address, "/health").await;
    assert_eq!(health.status, 200, "the health page answers in clear");
    let nameless = exchange(served.address, "GET /test/hello HTTP/1.0\r\n\r\n").await;
    assert_eq!((nameless.status, nameless.text()), (400, "This port speaks TLS: use https.\n"));
}

#[tokio::test]
async fn one_listener_may_speak_tls_and_another_not() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = secure(root.path());
    settings.listen.push(Listener { tls: Some(false), ..Listener::at("127.0.0.1:0") });
    let served = serve(&settings).await;
    let clear = served.server.listeners()[1].clone();
    assert!(!clear.tls);
    assert_eq!(get_path(clear.address, "/test/hello").await.text(), "hello");
    assert_eq!(get_secret(served.address, root.path(), "/test/hello").await.text(), "hello");
}

#[tokio::test]
async fn a_handshake_that_stops_is_given_up() {
    let root = tempfile::tempdir().unwrap();
    let limits = Limits { tls_handshake_timeout_ms: 200, ..Limits::default() };
    let served = serve(&Settings { limits, ..secure(root.path()) }).await;
    for begun in [b"".as_slice(), b"\x16\x03\x01"] {
        let started = Instant::now();
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        assert_eq!(rest(&mut stream).await, b"");
        assert!(started.elapsed() >= Duration::from_millis(190), "{begun:?}");
    }
}

#[tokio::test]
async fn a_connection_beyond_the_limit_hears_so_over_tls() {
    let root = tempfile::tempdir().unwrap();
    let limits = Limits { connections: 1, ..Limits::default() };
    let served = serve(&Settings { limits, ..secure(root.path()) }).await;
    let mut held = connect(served.address, root.path(), "localhost").await.unwrap();
    held.write_all(b"GET /test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    held.read_exact(&mut first).await.unwrap();
    let refused = get_secret(served.address, root.path(), "/test/hello").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
}

#[tokio::test]
async fn a_restart_keeps_the_authority_that_clients_trust() {
    let root = tempfile::tempdir().unwrap();
    let first = serve(&secure(root.path())).await;
    let authority = std::fs::read(root.path().join("certs/ca.crt")).unwrap();
    first.server.shutdown().await;
    let mut settings = secure(root.path());
    settings.tls.names = vec!["moved.example".to_owned()];
    let second = serve(&settings).await;
    assert_eq!(std::fs::read(root.path().join("certs/ca.crt")).unwrap(), authority);
    connect(second.address, root.path(), "moved.example").await.unwrap();
}
