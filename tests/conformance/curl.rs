//! Sending a case with the real curl.

use super::case::Case;
use crate::harness::{Program, Reply};
use std::io;
use std::path::Path;
use std::process::Command;

pub(crate) fn is_there() -> bool {
    Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Sends a case as its document shows it: method, headers and body by flags. With an authority,
/// over TLS.
pub(crate) fn send(program: &Program, authority: Option<&Path>, case: &Case) -> io::Result<Reply> {
    let (head, body) = case.parts();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let scheme = if authority.is_some() { "https" } else { "http" };
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--http1.1", "--max-time", "60", "-X", method]);
    if let Some(authority) = authority {
        curl.arg("--cacert").arg(authority);
    }
    for line in lines.filter(|line| !line.starts_with("Host:")) {
        curl.args(["-H", line]);
    }
    if !body.is_empty() {
        curl.args(["-d", body]);
    }
    let output = curl.arg(format!("{scheme}://{}{target}", program.address)).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    };
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok(Reply { status, head: head.to_owned() + "\r\n", body: body.as_bytes().to_vec() })
}
