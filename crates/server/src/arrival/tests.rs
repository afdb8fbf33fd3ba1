use super::*;
use crate::settings::{Limits, Memory};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use std::io::Write;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn arrivals(body_bytes: u64) -> Arrivals {
    let limits = Limits { body_bytes, waiting_ms: 20, ..Limits::default() };
    let memory = Memory { limit_bytes: Some(1) };
    Arrivals::new(&Settings { limits, memory, ..Settings::default() })
}

/// A body in pieces of so many bytes.
fn pieces(bytes: &[u8], size: usize) -> Body {
    let pieces: Vec<_> =
        bytes.chunks(size).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn gzip_in_any_pieces_and_members_is_read_whole() {
    let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let half = text.len() / 3;
    let members = [gzip(&text[..half]), gzip(b""), gzip(&text[half..])].concat();
    for size in [1, 7, 4096, members.len()] {
        let arrived = arrivals(1 << 20).read(pieces(&members, size), true).await.unwrap();
        assert!(arrived.bytes == text, "pieces of {size}");
    }
    let empty = arrivals(10).read(Body::empty(), true).await.unwrap();
    assert!(empty.bytes.is_empty(), "no bytes at all are no body");
}

#[tokio::test]
async fn a_bomb_is_refused_at_the_limit_of_what_comes_out() {
    let bomb = gzip(&vec![0; 50 << 20]);
    let arrivals = arrivals(1 << 20);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    let error = arrivals.read(Body::from(bomb), true).await.err().unwrap();
    assert_eq!(*error.kind, ErrorKind::BodyTooLarge { limit: 1 << 20 });
    let fits = arrivals.read(Body::from(gzip(&vec![0; 1 << 20])), true).await.unwrap();
    assert_eq!(fits.bytes.len(), 1 << 20);
}

#[tokio::test]
async fn gzip_that_is_cut_short_or_damaged_is_refused() {
    let whole = gzip(b"one row and another");
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    let behind = [whole.as_slice(), b"tail"].concat();
    for bytes in [&whole[..whole.len() - 1], &whole[..5], &damaged, &behind, b"no gzip at all"] {
        let error = arrivals(1 << 20).read(Body::from(bytes.to_vec()), true).await.err().unwrap();
        assert!(matches!(*error.kind, ErrorKind::BodyBroken { .. }), "{error}");
    }
}

#[tokio::test]
async fn large_bodies_wait_for_memory_and_small_ones_do_not() {
    let arrivals = arrivals(1 << 20);
    let large = || Body::from(vec![b'x'; 1 << 20]);
    let first = arrivals.read(large(), false).await.unwrap();
    let refused = arrivals.read(large(), false).await.err().unwrap();
    assert!(refused.to_string().contains("memory.limit_bytes"), "{refused}");
    assert!(arrivals.read(Body::from(vec![b'x'; PIECE - 1]), false).await.is_ok());
    drop(first);
    assert!(arrivals.read(large(), false).await.is_ok());
}

#[test]
fn only_gzip_is_understood() {
    let of = |values: &[&'static str]| {
        let value = |value: &&'static str| (CONTENT_ENCODING, axum::http::HeaderValue::from_static(value));
        is_gzip(&values.iter().map(value).collect())
    };
    assert_eq!((of(&[]), of(&["identity"]), of(&["GZIP"])), (Ok(false), Ok(false), Ok(true)));
    for unknown in [&["br"][..], &["deflate"], &["zstd"], &["gzip, gzip"], &["gzip", "gzip"], &["gzip", "br"]] {
        let error = of(unknown).unwrap_err();
        let named = unknown.last().unwrap();
        assert_eq!(*error.kind, ErrorKind::BodyEncodingUnsupported { encoding: (*named).to_owned() });
    }
}
