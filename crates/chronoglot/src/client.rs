//! A client of the `/restapi` endpoints, for the commands that talk to a server.

use crate::arguments::Connection;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::fs;
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
    pub(crate) rows: Vec<Vec<Value>>,
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
        let (_, body) = self.post("ddl", statement, database)?;
        succeeded(&body).map(drop)
    }

    /// Runs one INSERT; the number of rows written.
    pub(crate) fn insert(&self, statement: &str, database: Option<&str>) -> Result<u64, ClientError> {
        let (_, body) = self.post("insert", statement, database)?;
        Ok(succeeded(&body)?["rows"].as_u64().unwrap_or(0))
    }

    /// Runs one query.
    pub(crate) fn query(&self, statement: &str, database: Option<&str>) -> Result<Answer, ClientError> {
        let (truncated, body) = self.post("query", statement, database)?;
        let body = succeeded(&body)?;
        let columns = body["column_meta"].as_array().into_iter().flatten();
        let rows = body["data"].as_array().into_iter().flatten();
        Ok(Answer {
            columns: columns
                .map(|meta| AnswerColumn { name: meta[0].as_str().unwrap_or_default().to_owned() })
                .collect(),
            rows: rows.filter_map(|row| row.as_array().cloned()).collect(),
            truncated,
        })
    }

    /// Sends a body to an endpoint; whether the answer was cut, and the answer.
    fn post(&self, endpoint: &str, body: &str, database: Option<&str>) -> Result<(bool, Value), ClientError> {
        let url = endpoint_url(&self.url, endpoint, database);
        let failed = |error: ureq::Error| {
            ClientError::Failed(format!(
                "{}: {error}. Does a server run there? Try: chronoglot serve --insecure",
                self.url
            ))
        };
        let request = self.agent.post(&url).header("Authorization", &self.authorization).content_type("text/plain");
        let mut response = request.send(body).map_err(failed)?;
        if response.status() == 307 {
            return Err(ClientError::Failed(format!(
                "{} speaks TLS: use https://, with --ca-cert for its certs/ca.crt",
                self.url
            )));
        }
        let truncated = response.headers().contains_key("x-kwdb-truncated");
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string().map_err(failed)?;
        let answer = serde_json::from_str(&text).map_err(|_| {
            ClientError::Failed(format!("{url} answered {} with what is no answer to SQL: {text}", response.status()))
        })?;
        Ok((truncated, answer))
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

/// The answer, if the statement was carried out; else the server's reason.
fn succeeded(body: &Value) -> Result<&Value, ClientError> {
    if body["code"] == 0 {
        return Ok(body);
    }
    let reason = match &body["desc"] {
        Value::Array(each) => each.iter().filter_map(Value::as_str).find(|text| *text != "success").unwrap_or_default(),
        text => text.as_str().unwrap_or_default(),
    };
    Err(ClientError::Refused(reason.strip_prefix("pq: ").unwrap_or(reason).to_owned()))
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

    #[test]
    fn the_reason_is_the_first_failure() {
        let body = json!({"code": -1, "desc": ["success", "pq: relation \"t\" does not exist"]});
        assert_eq!(succeeded(&body).unwrap_err().to_string(), "relation \"t\" does not exist");
        let body = json!({"code": 500, "desc": "pq: division by zero"});
        assert_eq!(succeeded(&body).unwrap_err().to_string(), "division by zero");
    }
}
