//! One case: a request's bytes and what must come back. The form of the files is told in README.md.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The first line and the headers, without the framing that goes over the wire.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The body of the file, before a renaming.
    pub(crate) printed: Vec<u8>,
    /// `status`, and what else must hold; null where nothing is recorded yet.
    pub(crate) expected: Value,
    /// The file of the expectation.
    pub(crate) file: PathBuf,
}

/// A folder of cases that run in order on one fresh server.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    /// Dialect and folder, such as `kwdb/kwdb-document`.
    pub(crate) name: String,
    pub(crate) dialect: String,
    pub(crate) cases: Vec<Case>,
    /// The password that its requests take for root's.
    pub(crate) root_password: Option<String>,
}

/// Every suite, in order of name.
pub(crate) fn suites(root: &Path) -> Vec<Suite> {
    let mut found = Vec::new();
    for dialect in folders(root) {
        let password = std::fs::read_to_string(dialect.join("root-password.txt")).ok();
        for folder in folders(&dialect) {
            let (dialect, suite) = (file_name(&dialect), file_name(&folder));
            found.push(Suite {
                name: format!("{dialect}/{suite}"),
                dialect,
                cases: cases_of(&folder),
                root_password: password.as_deref().map(|text| text.trim_end().to_owned()),
            });
        }
    }
    found
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The cases of a folder, `setup.sql` first.
fn cases_of(folder: &Path) -> Vec<Case> {
    let mut requests: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    requests.retain(|path| path.extension().is_some_and(|extension| extension == "http"));
    requests.sort();
    let setup = folder.join("setup.sql");
    let prepared = setup.exists().then(|| Case::preparation(&std::fs::read_to_string(&setup).unwrap()));
    prepared.into_iter().chain(requests.iter().map(|path| Case::read(path))).collect()
}

impl Case {
    /// A case to be filled in.
    pub(crate) fn empty() -> Self {
        let (name, head) = (String::new(), String::new());
        Self { name, head, body: Vec::new(), printed: Vec::new(), expected: Value::Null, file: PathBuf::new() }
    }

    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let (head, body) = cut(&bytes).unwrap_or_else(|| panic!("{}: no empty line ends the head", path.display()));
        let file = path.with_extension("json");
        let expected = match std::fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
            Err(_) => Value::Null,
        };
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        Self { name, head, printed: body.clone(), body, expected, file }
    }

    /// Statements of root that must be carried out before the first case.
    fn preparation(statements: &str) -> Self {
        Self {
            name: "setup.sql".to_owned(),
            head: "POST /restapi/ddl HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Basic cm9vdDprd2RicGFzc3dvcmQ="
                .to_owned(),
            body: statements.trim_end().as_bytes().to_vec(),
            printed: statements.trim_end().as_bytes().to_vec(),
            expected: serde_json::json!({"status": 200, "body": {"code": 0, "desc": "$any", "time": "$number"}}),
            file: PathBuf::new(),
        }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.into_iter().find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim()))
    }

    /// The case with `${name}` replaced by what earlier answers held.
    pub(crate) fn filled(&self, saved: &BTreeMap<String, String>) -> Self {
        let mut filled = self.clone();
        for (name, value) in saved {
            let mark = format!("${{{name}}}");
            filled.head = filled.head.replace(&mark, value);
            if let Ok(text) = std::str::from_utf8(&filled.body) {
                filled.body = text.replace(&mark, value).into_bytes();
            }
        }
        filled
    }

    /// The body as it is sent: compressed where the head says so and the file is not yet.
    pub(crate) fn sent_body(&self) -> Vec<u8> {
        let is_gzip = self.header("content-encoding").is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip"));
        if !is_gzip || self.body.starts_with(&[0x1f, 0x8b]) {
            return self.body.clone();
        }
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&self.body).unwrap();
        encoder.finish().unwrap()
    }

    /// What goes over the wire.
    pub(crate) fn wire_bytes(&self) -> Vec<u8> {
        let body = self.sent_body();
        let head = &self.head;
        let is_chunked = self.header("transfer-encoding").is_some();
        let mut bytes = match (is_chunked, self.header("content-length")) {
            (true, _) | (_, Some(_)) => format!("{head}\r\nConnection: close\r\n\r\n"),
            _ => format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()),
        }
        .into_bytes();
        if is_chunked {
            bytes.extend(format!("{:x}\r\n", body.len()).bytes().filter(|_| !body.is_empty()));
            bytes.extend(&body);
            bytes.extend(if body.is_empty() { &b"0\r\n\r\n"[..] } else { b"\r\n0\r\n\r\n" });
        } else {
            bytes.extend(body);
        }
        bytes
    }
}

/// Head and body; lines of the head may end with or without a carriage return.
fn cut(bytes: &[u8]) -> Option<(String, Vec<u8>)> {
    let find = |end: &[u8]| bytes.windows(end.len()).position(|part| part == end).map(|at| (at, at + end.len()));
    let (end, start) = [find(b"\r\n\r\n"), find(b"\n\n")].into_iter().flatten().min()?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    Some((head.lines().collect::<Vec<_>>().join("\r\n"), bytes.get(start..)?.to_vec()))
}
