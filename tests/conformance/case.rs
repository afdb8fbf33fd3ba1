//! One case: a request's bytes and what must come back.

use super::folder;
use crate::harness::Reply;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// As printed, without Content-Length.
    pub(crate) request: String,
    /// `status` and `body`.
    pub(crate) expected: Value,
}

/// The cases of a folder, in order.
pub(crate) fn cases_of(document: &str) -> Vec<Case> {
    let folder = folder().join(document);
    let mut requests: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .collect();
    requests.sort();
    requests
        .into_iter()
        .map(|path| Case {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            request: std::fs::read_to_string(&path).unwrap(),
            expected: serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap(),
        })
        .collect()
}

impl Case {
    /// Statements of root that must be carried out.
    pub(crate) fn ddl(statements: &str) -> Self {
        let head =
            "POST /restapi/ddl HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Basic cm9vdDprd2RicGFzc3dvcmQ=";
        Self {
            name: "preparation".to_owned(),
            request: format!("{head}\r\n\r\n{statements}"),
            expected: json!({"status": 200, "body": {"code": 0, "desc": "$any", "time": "$number"}}),
        }
    }

    /// Head and body of the request.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.request.split_once("\r\n\r\n").unwrap()
    }

    /// What goes over the wire.
    pub(crate) fn wire_bytes(&self) -> Vec<u8> {
        let (head, body) = self.parts();
        format!("{head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
    }

    /// Whether an answer is the expected one; else how it differs.
    pub(crate) fn judge(&self, reply: &Reply) -> Result<(), String> {
        let text = String::from_utf8_lossy(&reply.body);
        if self.expected["status"] != reply.status {
            return Err(format!("status {} in place of {}: {text}", reply.status, self.expected["status"]));
        }
        let kind = reply.header("content-type").unwrap_or_default();
        if !kind.starts_with("application/json") {
            return Err(format!("content type {kind}"));
        }
        let body: Value = serde_json::from_slice(&reply.body).map_err(|error| format!("{error}: {text}"))?;
        compare(&self.expected["body"], &body, "body").map_err(|fault| format!("{fault} in {text}"))
    }
}

/// Compares with marks; objects must have the same keys in the same order.
fn compare(expected: &Value, found: &Value, place: &str) -> Result<(), String> {
    match (expected, found) {
        (Value::String(mark), _) if mark == "$any" => Ok(()),
        (Value::String(mark), Value::Number(_)) if mark == "$number" => Ok(()),
        (Value::String(mark), Value::String(text)) if mark.starts_with("$prefix:") => {
            let prefix = &mark["$prefix:".len()..];
            text.starts_with(prefix)
                .then_some(())
                .ok_or_else(|| format!("{place}: {text} does not begin with {prefix}"))
        }
        (Value::Object(expected), Value::Object(found)) => {
            if !expected.keys().eq(found.keys()) {
                let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
                return Err(format!("{place}: keys {:?} in place of {:?}", keys(found), keys(expected)));
            }
            expected.iter().try_for_each(|(key, value)| compare(value, &found[key], &format!("{place}.{key}")))
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let pairs = expected.iter().zip(found).enumerate();
            pairs.into_iter().try_for_each(|(index, (e, f))| compare(e, f, &format!("{place}[{index}]")))
        }
        _ if expected == found => Ok(()),
        _ => Err(format!("{place}: {found} in place of {expected}")),
    }
}
