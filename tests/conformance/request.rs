//! The parts of a request that hold a user's names and values: path, parameters, user and password,
//! body. Everything else of it is the protocol.

use super::case::Case;
use super::fixed::Fixed;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The same request with each such part put through `change`.
pub(crate) fn map_request(case: &Case, fixed: &Fixed, change: &mut dyn FnMut(&str) -> String) -> Case {
    let (first, rest) = case.head.split_once("\r\n").unwrap_or((&case.head, ""));
    let mut words = first.splitn(3, ' ');
    let (method, target, version) = (words.next().unwrap(), words.next().unwrap_or("/"), words.next().unwrap_or(""));
    let mut head = format!("{method} {} {version}", map_target(target, fixed, change));
    for line in rest.lines() {
        head.push_str("\r\n");
        match line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            Some((name, value)) => head.push_str(&format!("{name}: {}", map_authorization(value, change))),
            None => head.push_str(line),
        }
    }
    let is_form = case.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body = match std::str::from_utf8(&case.body) {
        Ok(text) if is_form && is_pairs(text) => map_pairs(text, fixed, change).into_bytes(),
        Ok(text) => change(text).into_bytes(),
        Err(_) => {
            panic!("{}: a body that is not text cannot be renamed; write it plain, the runner compresses it", case.name)
        }
    };
    Case { head, body, ..case.clone() }
}

fn map_target(target: &str, fixed: &Fixed, change: &mut dyn FnMut(&str) -> String) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let segments: Vec<String> = path.split('/').map(|segment| map_encoded(segment, change)).collect();
    let query = query.map(|query| format!("?{}", map_pairs(query, fixed, change))).unwrap_or_default();
    format!("{}{query}", segments.join("/"))
}

/// Whether a body has the form that its header says: curl's `-d` says so of any text.
fn is_pairs(text: &str) -> bool {
    text.split('&').all(|pair| {
        pair.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    }) && !text.contains([' ', '\n'])
}

fn map_pairs(query: &str, fixed: &Fixed, change: &mut dyn FnMut(&str) -> String) -> String {
    let mut map = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !fixed.parameters.contains(&name.to_lowercase()) => {
            format!("{name}={}", map_encoded(&value.replace('+', " "), change))
        }
        _ => pair.to_owned(),
    };
    query.split('&').map(&mut map).collect::<Vec<_>>().join("&")
}

/// A percent-encoded piece; one that does not change stays as it was written.
fn map_encoded(piece: &str, change: &mut dyn FnMut(&str) -> String) -> String {
    let plain = percent_decode_str(piece).decode_utf8_lossy().into_owned();
    let changed = change(&plain);
    if changed == plain { piece.to_owned() } else { utf8_percent_encode(&changed, NON_ALPHANUMERIC).to_string() }
}

/// User and password in base64, with or without a scheme; any other value is left alone.
fn map_authorization(value: &str, change: &mut dyn FnMut(&str) -> String) -> String {
    let (scheme, packed) = value.split_once(' ').map_or(("", value), |(scheme, packed)| (scheme, packed));
    let plain = BASE64_STANDARD.decode(packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match plain.filter(|plain| plain.contains(':')) {
        Some(plain) => {
            let packed = BASE64_STANDARD.encode(change(&plain));
            if scheme.is_empty() { packed } else { format!("{scheme} {packed}") }
        }
        None => value.to_owned(),
    }
}
