//! A client of the `/restapi` endpoints, for the commands that talk to a server.

mod cells;

pub(crate) use cells::Cell;

use crate::arguments::Connection;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::ErrorKind;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::Path;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// The password that the vendor's documents give root, which an insecure server takes.
pub(crate) const WELL_KNOWN_PASSWORD: &str = "kwdbpassword";

/// Why a request brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The server said no to a statement.
    #[error("{0}")]
    Refused(String),
    /// The server could not be asked, or not understood.
    #[error("{0}")]
    Failed(String),
}

/// A result column.
#[derive(Clone, Debug)]
pub(crate) struct AnswerColumn {
    pub(crate) name: String,
}

/// A query's result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<AnswerColumn>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Whether the server cut the rows at its size limit.
    pub(crate) truncated: bool,
}

/// A connection to one server as one user.
#[derive(Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    authorization: String,
}

impl Client {
    /// A client for the server and user that the command line names.
    pub(crate) fn new(connection: &Connection) -> Result<Self, ClientError> {
        let password = match &connection.password_file {
            Some(file) => read(file)?.trim_end_matches(['\r', '\n']).to_owned(),
            None => std::env::var("CHRONOGLOT_PASSWORD").unwrap_or_else(|_| WELL_KNOWN_PASSWORD.to_owned()),
        };
        if !["http://", "https://"].iter().any(|scheme| connection.url.starts_with(scheme)) {
            let url = &connection.url;
            return Err(ClientError::Failed(format!(
                "\"{url}\" is no URL of a server: write http://{url}, or https://"
            )));
        }
        let mut config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0);
        if let Some(file) = &connection.ca_cert {
            config = config.tls_config(TlsConfig::builder().root_certs(authorities(file)?).build());
        }
        Ok(Self {
            agent: config.build().into(),
            url: connection.url.trim_end_matches('/').to_owned(),
            authorization: basic(&connection.user, &password),
        })
    }

    /// Runs one definition statement.
    pub(crate) fn define(&self, statement: &str, database: Option<&str>) -> Result<(), ClientError> {
        self.post("ddl", statement, database)?.succeeded().map(drop)
    }

    /// Runs one INSERT; the number of rows written.
    pub(crate) fn insert(&self, statement: &str, database: Option<&str>) -> Result<u64, ClientError> {
        let body = self.post("insert", statement, database)?.succeeded()?;
        Ok(body["rows"].as_u64().unwrap_or(0))
    }

    /// Runs one query.
    pub(crate) fn query(&self, statement: &str, database: Option<&str>) -> Result<Answer, ClientError> {
        let reply = self.post("query", statement, database)?;
        let body = reply.succeeded()?;
        let columns = body["column_meta"].as_array().into_iter().flatten();
        Ok(Answer {
            columns: columns
                .map(|meta| AnswerColumn { name: meta[0].as_str().unwrap_or_default().to_owned() })
                .collect(),
            rows: cells::rows_of(&reply.text),
            truncated: reply.truncated,
        })
    }

    /// What the server answers to a body at a path of its own, as it comes.
    pub(crate) fn stream(&self, path: &str, body: &str) -> Result<impl Read + use<>, ClientError> {
        let url = format!("{}{path}", self.url);
        let mut response = self.send(&url, body)?;
        if response.status() != 200 {
            let text = response.body_mut().read_to_string().map_err(|error| self.failed(&error))?;
            return Err(ClientError::Failed(format!("{url} answered {}: {}", response.status(), text.trim_end())));
        }
        Ok(response.into_body().into_with_config().limit(u64::MAX).reader())
    }

    /// Sends a body to an endpoint.
    fn post(&self, endpoint: &str, body: &str, database: Option<&str>) -> Result<Reply, ClientError> {
        let url = endpoint_url(&self.url, endpoint, database);
        let mut response = self.send(&url, body)?;
        let truncated = response.headers().contains_key("x-kwdb-truncated");
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string();
        let text = text.map_err(|error| self.failed(&error))?;
        Ok(Reply { url, status: response.status().as_u16(), truncated, text })
    }

    fn send(&self, url: &str, body: &str) -> Result<ureq::http::Response<ureq::Body>, ClientError> {
        let request = self.agent.post(url).header("Authorization", &self.authorization).content_type("text/plain");
        let response = request.send(body).map_err(|error| self.failed(&error))?;
        if response.status() == 307 {
            return Err(ClientError::Failed(format!(
                "{} speaks TLS: use https://, with --ca-cert for its certs/ca.crt",
                self.url
            )));
        }
        Ok(response)
    }

    fn failed(&self, error: &ureq::Error) -> ClientError {
        let error = error.to_string();
        ClientError::Failed(format!("{}: {error}. {}", self.url, way_out(&error)))
    }
}

/// What may help against a connection that failed.
fn way_out(error: &str) -> &'static str {
    if error.contains("UnknownIssuer") {
        "Name the authority that signed its certificate: --ca-cert DIR/certs/ca.crt"
    } else if error.contains("InvalidContentType") {
        "It speaks plain HTTP: use http://"
    } else {
        "Does a server run there? Try: chronoglot serve --insecure"
    }
}

/// The URL of an endpoint, with the database as its parameter.
pub(crate) fn endpoint_url(server: &str, endpoint: &str, database: Option<&str>) -> String {
    let database = database.map(|name| format!("?db={}", utf8_percent_encode(name, NON_ALPHANUMERIC)));
    format!("{server}/restapi/{endpoint}{}", database.unwrap_or_default())
}

/// The `Authorization` header of a user.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// What a server answered.
struct Reply {
    url: String,
    status: u16,
    truncated: bool,
    text: String,
}

impl Reply {
    /// The answer, if the statement was carried out; else the server's reason.
    fn succeeded(&self) -> Result<Value, ClientError> {
        let Self { url, status, text, .. } = self;
        let body: Value = serde_json::from_str(text).map_err(|_| {
            ClientError::Failed(format!("{url} answered {status} with what is no answer to SQL: {text}"))
        })?;
        if body["code"] == 0 {
            return Ok(body);
        }
        let reason = match &body["desc"] {
            Value::Array(each) => {
                each.iter().filter_map(Value::as_str).find(|text| *text != "success").unwrap_or_default()
            }
            text => text.as_str().unwrap_or_default(),
        };
        let reason = reason.strip_prefix("pq: ").unwrap_or(reason).to_owned();
        if matches!(status, 401 | 408 | 503) || is_about_the_server(&reason) {
            return Err(ClientError::Failed(reason));
        }
        Err(ClientError::Refused(reason))
    }
}

/// Whether a refusal speaks of the state that the server is in and not of what was sent: a failed
/// statement is told by its text alone, because the request itself is answered with 200.
fn is_about_the_server(reason: &str) -> bool {
    let (what, none) = (String::new(), String::new());
    reason == ErrorKind::DiskFull {}.to_string()
        || reason == ErrorKind::ShuttingDown {}.to_string()
        || reason.starts_with(&ErrorKind::Overloaded { what }.to_string())
        || reason.starts_with(&ErrorKind::ReadOnly { reason: none }.to_string())
}

fn read(file: &Path) -> Result<String, ClientError> {
    fs::read_to_string(file).map_err(|error| ClientError::Failed(format!("{}: {error}", file.display())))
}

fn authorities(file: &Path) -> Result<RootCerts, ClientError> {
    let bytes = read(file)?;
    let certificates: Vec<Certificate<'static>> = parse_pem(bytes.as_bytes())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(ClientError::Failed(format!("{}: holds no certificate in PEM form", file.display())));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn database_names_are_encoded() {
        assert_eq!(endpoint_url("http://h:1", "query", Some("a b&c")), "http://h:1/restapi/query?db=a%20b%26c");
        assert_eq!(endpoint_url("http://h:1", "ddl", None), "http://h:1/restapi/ddl");
    }

    fn reply(status: u16, body: &Value) -> Reply {
        Reply { url: "http://h:1".into(), status, truncated: false, text: body.to_string() }
    }

    #[test]
    fn the_reason_is_the_first_failure() {
        let body = json!({"code": -1, "desc": ["success", "pq: relation \"t\" does not exist"]});
        assert_eq!(reply(200, &body).succeeded().unwrap_err().to_string(), "relation \"t\" does not exist");
        let body = json!({"code": 500, "desc": "pq: division by zero"});
        assert_eq!(reply(500, &body).succeeded().unwrap_err().to_string(), "division by zero");
    }

    #[test]
    fn what_is_no_fault_of_the_statement_is_no_refusal() {
        let failed = |status, text: &str| {
            let outcome = reply(status, &json!({"code": -1, "desc": [text]})).succeeded();
            matches!(outcome, Err(ClientError::Failed(_)))
        };
        assert!(failed(200, "pq: the disk is full"));
        assert!(failed(200, "the server is busy: the memory of unwritten rows is used up"));
        assert!(failed(200, "pq: the store takes no writes: a sync failed"));
        assert!(failed(200, "pq: the server is stopping"));
        assert!(failed(401, "Incorrect authentication token"));
        assert!(!failed(200, "pq: value 'the disk is full' too long for type VARCHAR(4) (column word)"));
        assert!(!failed(413, "the body is larger than 10 bytes"));
    }
}
