//! Limits: bodies, connections, requests at once, time.

use super::support::*;
use crate::settings::{Limits, Settings};
use futures::future::{Either, select};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn limited(limits: Limits) -> Settings {
    Settings { limits, ..insecure() }
}

const TOO_LARGE: &str = "test says: the body is larger than the limit of 1000 bytes";

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_with_the_limit_named() {
    let served = serve(&limited(Limits { body_bytes: 1000, ..Limits::default() })).await;
    let fits = exchange(served.address, &request("POST", "/test/length", "", &"x".repeat(1000))).await;
    assert_eq!((fits.status, fits.text()), (200, "1000"));
    let announced = exchange(served.address, &request("POST", "/test/length", "", &"x".repeat(1001))).await;
    assert_eq!((announced.status, announced.text()), (413, TOO_LARGE));

    let chunked = |bytes: usize| {
        let body = format!("{bytes:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(bytes));
        request("POST", "/test/length", "Transfer-Encoding: chunked\r\n", "") + &body
    };
    let fits = exchange(served.address, &chunked(1000)).await;
    assert_eq!((fits.status, fits.text()), (200, "1000"));
    let piecewise = exchange(served.address, &chunked(1001)).await;
    assert_eq!((piecewise.status, piecewise.text()), (413, TOO_LARGE));
}

#[tokio::test]
async fn an_early_answer_reaches_a_client_that_sends_everything_first() {
    let served = serve(&limited(Limits { body_bytes: 20_000_000, ..Limits::default() })).await;
    let long = "x".repeat(16_000_000);
    let ignored = exchange(served.address, &request("POST", "/test/ignore", "", &long)).await;
    assert_eq!(ignored.status, 401);
    let refused =
        exchange(served.address, &request("POST", "/test/length", "", &(long + &"x".repeat(8_000_000)))).await;
    assert_eq!(refused.status, 413);
}

#[tokio::test]
async fn a_client_that_asks_first_hears_of_the_limit_before_it_sends() {
    let served = serve(&limited(Limits { body_bytes: 1000, ..Limits::default() })).await;
    let more = "Expect: 100-continue\r\nContent-Length: 5000\r\n";
    let refused = exchange(served.address, &request("POST", "/test/length", more, "")).await;
    assert_eq!((refused.status, refused.text()), (413, TOO_LARGE));
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let more = "Expect: 100-continue\r\nContent-Length: 3\r\n";
    stream.write_all(request("POST", "/test/length", more, "").as_bytes()).await.unwrap();
    let mut word = [0; 25];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    assert_eq!(Answer::parse(&rest(&mut stream).await).text(), "3");
}

#[tokio::test]
async fn bodies_that_are_not_text_are_placed() {
    let served = serve(&insecure()).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = request("POST", "/test/length", "Content-Length: 3\r\n", "");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"a\xffb").await.unwrap();
    let answer = Answer::parse(&rest(&mut stream).await);
    assert_eq!((answer.status, answer.text()), (400, "test says: the body is not UTF-8: byte 1 does not belong"));
}

#[tokio::test]
async fn connections_beyond_the_limit_hear_so_and_places_come_free() {
    let served = serve(&limited(Limits { connections: 2, ..Limits::default() })).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        held.push(stream);
    }
    let refused = exchange(served.address, "GET /test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.text(), "test says: the server is busy: too many connections (limits.connections)");
    assert_eq!((refused.header("retry-after"), refused.header("connection")), (Some("1"), Some("close")));
    drop(held);
    let mut status = 0;
    for _ in 0..200 {
        status = get_path(served.address, "/test/hello").await.status;
        if status == 200 {
            break;
        }
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_and_then_are_refused() {
    let limits = Limits { requests: 1, waiting_requests: 1, waiting_ms: 60_000, ..Limits::default() };
    let served = serve(&limited(limits)).await;
    let address = served.address;
    let working = tokio::spawn(async move { get_path(address, "/test/slow").await });
    until("one works", || served.signals.slow.load(Ordering::SeqCst) == 1).await;
    let (one, other) = (get_path(address, "/test/hello"), get_path(address, "/test/hello"));
    let (refused, waiting) = match select(Box::pin(one), Box::pin(other)).await {
        Either::Left((refused, waiting)) | Either::Right((refused, waiting)) => (refused, waiting),
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert!(refused.text().contains("limits.waiting_requests"), "{}", refused.text());
    assert_eq!(get_path(address, "/health").await.status, 200, "own pages need no place");
    served.signals.go.notify_one();
    assert_eq!(working.await.unwrap().text(), "done");
    assert_eq!(waiting.await.text(), "hello");
}

#[tokio::test]
async fn a_request_does_not_wait_for_ever_and_a_streamed_answer_keeps_its_place() {
    let limits = Limits { requests: 1, waiting_ms: 50, ..Limits::default() };
    let served = serve(&limited(limits)).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(request("GET", "/test/stream", "", "").as_bytes()).await.unwrap();
    let mut piece = vec![0; 4000];
    stream.read_exact(&mut piece).await.unwrap();
    let refused = get_path(served.address, "/test/hello").await;
    assert!(refused.status == 503 && refused.text().contains("limits.waiting_ms"), "{refused:?}");
    served.signals.go.notify_one();
    piece.extend(rest(&mut stream).await);
    assert_eq!(Answer::parse(&piece).body.iter().filter(|byte| **byte == b'b').count(), 5000);
    assert_eq!(get_path(served.address, "/test/hello").await.status, 200);
}

#[tokio::test]
async fn half_a_head_and_a_body_that_stops_are_given_up() {
    let limits = Limits { header_read_timeout_ms: 200, body_read_timeout_ms: 200, ..Limits::default() };
    let served = serve(&limited(limits)).await;
    let started = Instant::now();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /test/hello HT").await.unwrap();
    rest(&mut stream).await;
    assert!(started.elapsed() >= Duration::from_millis(190) && started.elapsed() < Duration::from_secs(10));

    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = request("POST", "/test/length", "Content-Length: 10\r\n", "");
    stream.write_all((head + "12345").as_bytes()).await.unwrap();
    let answer = Answer::parse(&rest(&mut stream).await);
    assert_eq!(
        (answer.status, answer.text()),
        (408, "test says: the body of the request did not go on for 200 ms (limits.body_read_timeout_ms)")
    );
}

#[tokio::test]
async fn a_body_that_drips_is_given_up() {
    let limits = Limits { body_read_timeout_ms: 1_000, body_bytes_per_second: 100, ..Limits::default() };
    let served = serve(&limited(limits)).await;
    let (mut reading, mut writing) = TcpStream::connect(served.address).await.unwrap().into_split();
    let head = request("POST", "/test/length", "Content-Length: 100000\r\n", "");
    writing.write_all(head.as_bytes()).await.unwrap();
    let began = Instant::now();
    // Never a pause that would be too long by itself.
    let dripping = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let answer = Answer::parse(&rest(&mut reading).await);
    let expected =
        "test says: the body of the request brought less than 100 bytes a second (limits.body_bytes_per_second)";
    assert_eq!((answer.status, answer.text()), (408, expected));
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    dripping.abort();

    // As slow, but fast enough.
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = request("POST", "/test/length", "Content-Length: 300\r\n", "");
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..15 {
        stream.write_all(&[b'x'; 20]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(Answer::parse(&rest(&mut stream).await).text(), "300");
}

#[tokio::test]
async fn senders_that_stop_hold_no_place() {
    let limits = Limits { requests: 2, waiting_requests: 0, waiting_ms: 50, ..Limits::default() };
    let served = serve(&limited(limits)).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let head = request("POST", "/test/length", "Content-Length: 10\r\n", "");
        stream.write_all((head + "1").as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for _ in 0..10 {
        assert_eq!(get_path(served.address, "/test/hello").await.status, 200);
        assert_eq!(exchange(served.address, &request("POST", "/test/length", "", "abc")).await.text(), "3");
    }
    slow[0].write_all(b"234567890").await.unwrap();
    assert_eq!(Answer::parse(&rest(&mut slow[0]).await).text(), "10", "who goes on is answered");
}

#[tokio::test]
async fn a_body_that_breaks_off_or_is_framed_wrongly_is_the_clients_fault() {
    let served = serve(&insecure()).await;
    let chunked = request("POST", "/test/length", "Transfer-Encoding: chunked\r\n", "");
    let wrong = exchange(served.address, &(chunked + "zz\r\nabc\r\n0\r\n\r\n")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().starts_with("test says: the body of the request cannot be read: "), "{}", wrong.text());

    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let head = request("POST", "/test/length", "Content-Length: 10\r\n", "");
    stream.write_all((head + "12345").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let cut = Answer::parse(&rest(&mut stream).await);
    assert_eq!(cut.status, 400, "{cut:?}");
    assert!(cut.text().starts_with("test says: the body of the request cannot be read: "), "{}", cut.text());
}

#[tokio::test]
async fn heads_that_cannot_be_read_are_answered_with_words() {
    let served = serve(&insecure()).await;
    let good = "GET /test/hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = "x".repeat(70_000);
    let cases = [
        ("NONSENSE\r\n\r\n".to_owned(), 400, "cannot be read"),
        (request("POST", "/test/length", "Content-Length: 1\r\nContent-Length: 2\r\n", ""), 400, "contradict"),
        (request("GET", "/test/hello", "bad header\r\n", ""), 400, "malformed"),
        (request("GET", &format!("/test/{long}"), "", ""), 414, "too long"),
        (request("GET", "/test/hello", &many, ""), 431, "too many headers"),
        (request("GET", "/test/hello", &format!("x: {}\r\n", "y".repeat(1 << 20)), ""), 431, "too long"),
    ];
    for (sent, status, words) in cases {
        let start = &sent[..sent.len().min(60)];
        let answer = exchange(served.address, &sent).await;
        assert_eq!(answer.status, status, "{start}: {answer:?}");
        assert!(answer.text().contains(words), "{start}: {answer:?}");
        assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
        assert_eq!(answer.header("connection"), Some("close"));
        // The same behind a good request on the same connection.
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(good.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let _closed_early = stream.write_all(sent.as_bytes()).await;
        let both = String::from_utf8(rest(&mut stream).await).unwrap();
        assert!(both.contains("hello") && both.ends_with('\n') && both.contains(words), "{start}: {both}");
    }
}

#[tokio::test]
async fn gzip_is_read_within_the_limit_and_other_encodings_are_named() {
    let served = serve(&limited(Limits { body_bytes: 1000, ..Limits::default() })).await;
    let send = async |length: usize| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &vec![b'x'; length]).unwrap();
        let body = encoder.finish().unwrap();
        let more = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len());
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(request("POST", "/test/length", &more, "").as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        Answer::parse(&rest(&mut stream).await)
    };
    assert_eq!(send(1000).await.text(), "1000");
    let bomb = send(400_000).await;
    assert_eq!((bomb.status, bomb.text()), (413, TOO_LARGE));
    let other = exchange(served.address, &request("POST", "/test/length", "Content-Encoding: br\r\n", "abc")).await;
    assert_eq!(other.status, 415);
    assert!(other.text().contains("\"br\""), "{}", other.text());
}
