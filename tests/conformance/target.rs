//! Where cases are sent: the program that this test started, with plain HTTP byte for byte or with
//! the real curl, or any server by its URL.

use super::case::Case;
use crate::harness::{Program, Reply, send_raw};
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Command, Stdio};

#[derive(Debug)]
pub(crate) enum Target {
    /// The bytes of the case, with the framing that it lacks.
    Plain(SocketAddr),
    /// What the real curl makes of it, below a URL; with an authority, over TLS.
    Curl { url: String, authority: Option<PathBuf> },
}

impl Target {
    pub(crate) fn plain(program: &Program) -> Self {
        Self::Plain(program.address)
    }

    /// A server by its URL: over plain HTTP directly, over TLS by curl.
    pub(crate) fn at(url: &str) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        match url.strip_prefix("http://") {
            Some(authority) => {
                let authority = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
                Self::Plain(authority.to_socket_addrs().unwrap().next().unwrap())
            }
            None => Self::Curl { url, authority: std::env::var_os("CHRONOGLOT_CA_CERT").map(PathBuf::from) },
        }
    }

    pub(crate) fn send(&self, case: &Case) -> io::Result<Reply> {
        match self {
            Self::Plain(address) => send_raw(*address, &case.wire_bytes()),
            Self::Curl { url, authority } => by_curl(url, authority.as_ref(), case),
        }
    }
}

/// Whether there is a curl on this machine.
pub(crate) fn curl_is_there() -> bool {
    Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Sends a case as documents show it: method, headers and body by flags.
fn by_curl(url: &str, authority: Option<&PathBuf>, case: &Case) -> io::Result<Reply> {
    let mut lines = case.head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--http1.1", "--path-as-is", "--globoff", "--max-time", "60"]);
    if method == "HEAD" {
        curl.arg("--head")
    } else {
        curl.args(["-X", method])
    };
    if let Some(authority) = authority {
        curl.arg("--cacert").arg(authority);
    }
    let framing = ["host:", "content-length:", "expect:"];
    for line in lines.filter(|line| !framing.iter().any(|name| line.to_lowercase().starts_with(name))) {
        curl.args(["-H", line]);
    }
    let body = case.sent_body();
    if !body.is_empty() {
        curl.args(["-H", "Expect:", "--data-binary", "@-"]);
    }
    let mut child = curl
        .arg(format!("{url}{target}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().unwrap().write_all(&body)?;
    let output = child.wait_with_output()?;
    let Some(end) = output.stdout.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    };
    let head = String::from_utf8_lossy(&output.stdout[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok(Reply { status, head: head + "\r\n", body: output.stdout[end + 4..].to_vec() })
}
