//! Panics, web pages, secrets in logs, compression, clients that go.

use super::support::*;
use crate::settings::{Listener, Settings};
use crate::start::start_mounted;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_panic_is_a_500_in_the_dialects_words_and_the_server_lives_on() {
    let served = serve(&insecure()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /test/panic HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: p1\r\n\r\n").await.unwrap();
    stream.write_all(request("GET", "/test/hello", "", "").as_bytes()).await.unwrap();
    let raw = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(
        raw.starts_with("HTTP/1.1 500") && raw.contains("test says: internal error: ") && raw.contains("request p1"),
        "{raw}"
    );
    assert!(!raw.contains("secret words"), "{raw}");
    assert!(raw.ends_with("hello"), "the same connection goes on: {raw}");
}

#[tokio::test]
async fn no_web_page_reaches_an_insecure_server_unless_listed() {
    let settings = Settings { allowed_origins: vec!["http://app.example".to_owned()], ..insecure() };
    let served = serve(&settings).await;
    let with = async |more: &str| exchange(served.address, &request("GET", "/test/hello", more, "")).await;
    let refused = with("Origin: http://evil.example\r\n").await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("http://evil.example") && refused.text().contains("allowed_origins"),
        "{refused:?}"
    );
    assert_eq!(with("Sec-Fetch-Site: cross-site\r\n").await.status, 403);
    assert_eq!(with("Origin: http://app.example\r\n").await.status, 200);
    let pointed = "GET /test/hello HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(served.address, pointed).await.status, 403);
    for more in ["Host: evil.example\r\n", "Host: localhost\r\n"] {
        assert_eq!(with(more).await.status, 403, "a second {more}");
    }
    let absolute = async |host: &str| {
        let head = format!("GET http://{host}/test/hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        exchange(served.address, &head).await.status
    };
    assert_eq!((absolute("evil.example").await, absolute("localhost").await), (403, 200));
    let lost = "GET /lost HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(exchange(served.address, lost).await.status, 403, "unknown paths are guarded too");
}

#[tokio::test]
async fn an_insecure_server_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "203.0.113.7:80"] {
        let settings = Settings { listen: vec![Listener::at(address)], ..insecure() };
        let error = start_mounted(&settings, &[]).await.unwrap_err().to_string();
        let expected = format!(
            "\"{address}\" is no value for listen: expected a loopback address such as 127.0.0.1:8080, because the server is insecure"
        );
        assert_eq!(error, expected);
    }
    let settings = Settings { listen: vec![Listener::at("127.0.0.1")], ..insecure() };
    let error = start_mounted(&settings, &[]).await.unwrap_err().to_string();
    assert!(error.starts_with("\"127.0.0.1\" is no value for listen: expected an address and a port"), "{error}");
}

#[tokio::test]
async fn a_name_stands_for_all_its_addresses() {
    let settings = Settings { listen: vec![Listener::at("localhost:0")], ..insecure() };
    let running = start_mounted(&settings, &[]).await.unwrap();
    let addresses = running.addresses();
    assert!(!addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback()), "{addresses:?}");
    let settings = Settings { listen: vec![Listener::at("no-such-host.invalid:80")], ..insecure() };
    let error = start_mounted(&settings, &[]).await.unwrap_err().to_string();
    assert!(error.starts_with("\"no-such-host.invalid:80\" is no value for listen"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = Settings { listen: vec![Listener::at(&*address)], ..insecure() };
    let error = start_mounted(&settings, &[]).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("listen on {address}: ")), "{error}");
}

#[tokio::test]
async fn a_client_that_goes_drops_its_request() {
    let served = serve(&insecure()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request("GET", "/test/slow", "", "").as_bytes()).await.unwrap();
    until("it works", || served.signals.slow.load(Ordering::SeqCst) == 1).await;
    drop(stream);
    until("it is dropped", || served.signals.slow.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn long_answers_are_compressed_when_asked_and_streams_are_not_held_back() {
    let served = serve(&insecure()).await;
    let gzip = "Accept-Encoding: gzip\r\n";
    let short = exchange(served.address, &request("GET", "/test/hello", gzip, "")).await;
    assert_eq!((short.header("content-encoding"), short.text()), (None, "hello"));

    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request("GET", "/test/stream", gzip, "").as_bytes()).await.unwrap();
    let mut head = vec![0; 300];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut head)).await;
    head.truncate(read.expect("the head comes before the stream ends").unwrap());
    served.signals.go.notify_one();
    head.extend(rest(&mut stream).await);
    let answer = Answer::parse(&head);
    assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")));
    assert!(answer.body.len() < 2000, "{}", answer.body.len());
    assert!(answer.body.ends_with(b"0\r\n\r\n"));

    served.signals.go.notify_one();
    let plain = get_path(served.address, "/test/stream").await;
    assert_eq!(plain.header("content-encoding"), None);
}

/// Collects everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_has_templates_and_no_secrets() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // One thread, so that the subscriber of this thread sees everything.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let served = serve(&insecure()).await;
            let more = "Authorization: Basic Y2FuYXJ5Mw==\r\nX-Request-Id: known\r\n";
            exchange(served.address, &request("GET", "/test/login/canary1?password=canary2", more, "")).await;
            get_path(served.address, "/test/logim/canary1").await;
            get_path(served.address, "/test/panic").await;
            served.server.shutdown().await;
        });
    });
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("canary") && !text.contains("Y2FuYXJ5Mw"), "{text}");
    let answered =
        text.lines().find(|line| line.contains("known") && line.contains("answered")).expect("a line for it");
    for part in ["DEBUG", "access", "GET", "/test/login/{password}", "status=200", "127.0.0.1"] {
        assert!(answered.contains(part), "{part} in {answered}");
    }
    assert!(text.lines().any(|line| line.contains("WARN") && line.contains("status=500")), "{text}");
}
