//! Stopping: idle connections, running requests, the deadline.

use super::support::*;
use crate::settings::{Limits, Settings};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn idle(served: &Served) -> TcpStream {
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    stream
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_a_shutdown() {
    let served = serve(&insecure()).await;
    let mut used = idle(&served).await;
    let fresh = TcpStream::connect(served.address).await.unwrap();
    let started = Instant::now();
    served.server.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    rest(&mut used).await;
    drop(fresh);
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn running_requests_are_answered_before_the_server_stops() {
    let served = serve(&insecure()).await;
    let (address, signals) = (served.address, Arc::clone(&served.signals));
    let asked = tokio::spawn(async move { get_path(address, "/test/slow").await });
    until("it works", || signals.slow.load(Ordering::SeqCst) == 1).await;
    let stopping = tokio::spawn(served.server.shutdown());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stopping.is_finished());
    signals.go.notify_one();
    assert_eq!(asked.await.unwrap().text(), "done");
    stopping.await.unwrap();
}

#[tokio::test]
async fn requests_that_do_not_end_are_cut_off_at_the_deadline() {
    let limits = Limits { shutdown_timeout_ms: 200, ..Limits::default() };
    let served = serve(&Settings { limits, ..insecure() }).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request("GET", "/test/slow", "", "").as_bytes()).await.unwrap();
    let signals = Arc::clone(&served.signals);
    until("it works", || signals.slow.load(Ordering::SeqCst) == 1).await;
    let started = Instant::now();
    served.server.shutdown().await;
    assert!(started.elapsed() >= Duration::from_millis(190) && started.elapsed() < Duration::from_secs(5));
    assert_eq!(signals.slow.load(Ordering::SeqCst), 0, "its future is dropped");
}

#[tokio::test]
async fn a_server_that_is_dropped_stops() {
    let served = serve(&insecure()).await;
    let mut stream = idle(&served).await;
    drop(served.server);
    rest(&mut stream).await;
}
