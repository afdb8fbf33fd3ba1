use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const BARE: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n";

#[test]
fn only_bare_answers_are_explained() {
    let answer = String::from_utf8(explained(BARE.as_bytes()).unwrap()).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
    assert!(head.contains("\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT") && text.contains("too many headers"), "{answer}");
    assert!(head.contains(&format!("content-length: {}\r\n", text.len())), "{head}");
    for other in [
        BARE.replace("431", "404"),
        BARE.replace("content-length: 0", "content-length: 5"),
        BARE.replace("date: ", "x-request-id: 7\r\ndate: "),
        format!("{BARE}x"),
        format!("x{BARE}"),
        BARE[..BARE.len() - 2].to_owned(),
        String::new(),
    ] {
        assert_eq!(explained(other.as_bytes()), None, "{other}");
    }
}

/// What arrives when these are written one after the other, through a pipe of so few bytes.
async fn sent(pieces: &[&str], underway: bool, flush: bool) -> String {
    let (near, mut far) = tokio::io::duplex(7);
    let count = Underway::default();
    let _answering = underway.then(|| count.begin());
    let mut stream = Explained::new(near, count);
    let read = tokio::spawn(async move {
        let mut all = String::new();
        far.read_to_string(&mut all).await.unwrap();
        all
    });
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await.unwrap();
        if flush {
            stream.flush().await.unwrap();
        }
    }
    drop(stream);
    read.await.unwrap()
}

#[tokio::test]
async fn an_exchange_is_whole_and_what_a_service_writes_stays() {
    let whole = String::from_utf8(explained(BARE.as_bytes()).unwrap()).unwrap();
    assert_eq!(sent(&[BARE], false, true).await, whole);
    assert_eq!(sent(&["before", BARE], false, true).await, format!("before{whole}"));
    assert_eq!(sent(&["before", BARE], false, false).await, format!("before{BARE}"));
    assert_eq!(sent(&[BARE, "behind"], true, true).await, format!("{BARE}behind"));
}
