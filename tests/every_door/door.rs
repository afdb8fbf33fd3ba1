//! The doors as their clients use them: a request, and whether it was carried out in that door's
//! own sense of the word.

use crate::harness::{Program, Reply, basic, request};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Door {
    Kwdb,
    TDengine,
    Iotdb,
    StarRocks,
    Influx,
    OpenTsdb,
}

impl Door {
    pub(super) const ALL: [Self; 6] =
        [Self::Kwdb, Self::TDengine, Self::Iotdb, Self::StarRocks, Self::Influx, Self::OpenTsdb];
    /// Those that answer SELECT.
    pub(super) const READERS: [Self; 4] = [Self::Kwdb, Self::TDengine, Self::Iotdb, Self::StarRocks];

    /// A name in this door's quotes.
    pub(super) fn quoted(self, name: &str) -> String {
        match self {
            Self::TDengine | Self::StarRocks => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }
}

/// The rows of a query, with the name and the type word of each column.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) types: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// Done, or what the door said.
pub(super) type Outcome<T = ()> = Result<T, String>;

/// How a door says no: the status, and what its body holds, code and words.
#[derive(Clone, Debug)]
pub(super) struct Refusal(pub(super) u16, pub(super) Vec<String>);

impl Refusal {
    pub(super) fn new(status: u16, parts: &[&str]) -> Self {
        Self(status, parts.iter().map(|part| (*part).to_owned()).collect())
    }

    /// Fails unless a request was refused so.
    pub(super) fn meets<T>(&self, outcome: Outcome<T>) -> Outcome {
        let Self(status, parts) = self;
        let Err(said) = outcome else { return Err(format!("must be refused: {self:?}")) };
        let missing = parts.iter().find(|part| !said.contains(part.as_str()));
        match missing {
            _ if !said.starts_with(&format!("{status} ")) => Err(format!("not {status}: {said}")),
            Some(missing) => Err(format!("{missing} is not in {said}")),
            None => Ok(()),
        }
    }
}

/// Somebody's requests to one server.
#[derive(Clone, Debug)]
pub(super) struct Client {
    address: SocketAddr,
    login: Option<(String, String)>,
}

impl Client {
    /// Root of an insecure server, by the password that each vendor documents.
    pub(super) const fn root(program: &Program) -> Self {
        Self { address: program.address, login: None }
    }

    /// A user.
    pub(super) fn user(program: &Program, name: &str, password: &str) -> Self {
        Self { address: program.address, login: Some((name.to_owned(), password.to_owned())) }
    }

    /// One request of a door, as it comes back; `Err` when there is no answer.
    pub(super) fn send(&self, door: Door, method: &str, target: &str, body: &str) -> std::io::Result<Reply> {
        let own = match (&self.login, door) {
            (Some((user, password)), _) => Some(basic(user, password)),
            (None, Door::Kwdb) => Some(basic("root", "kwdbpassword")),
            (None, Door::TDengine) => Some(basic("root", "taosdata")),
            (None, Door::Iotdb | Door::Influx) => Some(basic("root", "root")),
            (None, Door::StarRocks) => Some(basic("root", "")),
            // That vendor's server knows no users.
            (None, Door::OpenTsdb) => None,
        };
        let mut headers = Vec::new();
        if let Some(authorization) = &own {
            headers.push(("Authorization", authorization.as_str()));
        }
        if matches!(door, Door::Iotdb | Door::StarRocks | Door::OpenTsdb) && !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        request(self.address, method, target, &headers, body.as_bytes())
    }

    fn answered(&self, door: Door, method: &str, target: &str, body: &str) -> Outcome<Reply> {
        self.send(door, method, target, body).map_err(|error| format!("no answer: {error}"))
    }

    /// `/restapi/{endpoint}`.
    pub(super) fn kwdb(&self, endpoint: &str, database: &str, body: &str) -> Outcome<Rows> {
        let reply = self.answered(Door::Kwdb, "POST", &format!("/restapi/{endpoint}?db={database}"), body)?;
        let answer = json_of(&reply)?;
        if reply.status != 200 || answer["code"] != 0 {
            return Err(refusal(body, &reply));
        }
        Ok(Rows { types: column_words(&answer["column_meta"]), rows: rows_of(&answer["data"]) })
    }

    /// `/rest/sql/{db}`.
    pub(super) fn tdengine(&self, database: &str, statement: &str) -> Outcome<Rows> {
        let reply = self.answered(Door::TDengine, "POST", &format!("/rest/sql/{database}"), statement)?;
        let answer = json_of(&reply)?;
        if reply.status != 200 || answer["code"] != 0 {
            return Err(refusal(statement, &reply));
        }
        Ok(Rows { types: column_words(&answer["column_meta"]), rows: rows_of(&answer["data"]) })
    }

    /// `/rest/table/v1/query`.
    pub(super) fn iotdb_query(&self, database: &str, statement: &str) -> Outcome<Rows> {
        let body = json!({"database": database, "sql": statement}).to_string();
        let reply = self.answered(Door::Iotdb, "POST", "/rest/table/v1/query", &body)?;
        let answer = json_of(&reply)?;
        let (Some(types), Some(_)) = (answer["data_types"].as_array(), answer["values"].as_array()) else {
            return Err(refusal(statement, &reply));
        };
        let types = types.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect();
        Ok(Rows { types, rows: rows_of(&answer["values"]) })
    }

    /// `/rest/table/v1/nonQuery`.
    pub(super) fn iotdb(&self, database: &str, statement: &str) -> Outcome {
        let body = json!({"database": database, "sql": statement}).to_string();
        self.iotdb_change("nonQuery", &body)
    }

    /// `/rest/table/v1/insertTablet` with columns as (name, category, type), rows of times and cells.
    pub(super) fn tablet(
        &self,
        database: &str,
        table: &str,
        columns: &[(&str, &str, &str)],
        rows: &[(i64, Vec<Value>)],
    ) -> Outcome {
        let body = json!({
            "database": database,
            "table": table,
            "column_names": columns.iter().map(|column| column.0).collect::<Vec<_>>(),
            "column_categories": columns.iter().map(|column| column.1).collect::<Vec<_>>(),
            "data_types": columns.iter().map(|column| column.2).collect::<Vec<_>>(),
            "timestamps": rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "values": rows.iter().map(|row| &row.1).collect::<Vec<_>>(),
        });
        self.tablet_body(&body.to_string())
    }

    /// `/rest/table/v1/insertTablet` with a body as it stands.
    pub(super) fn tablet_body(&self, body: &str) -> Outcome {
        self.iotdb_change("insertTablet", body)
    }

    fn iotdb_change(&self, endpoint: &str, body: &str) -> Outcome {
        let reply = self.answered(Door::Iotdb, "POST", &format!("/rest/table/v1/{endpoint}"), body)?;
        if json_of(&reply)?["code"] == 200 { Ok(()) } else { Err(refusal(body, &reply)) }
    }

    /// The SQL endpoint of `/api/v1`.
    pub(super) fn starrocks(&self, database: &str, statement: &str) -> Outcome<Rows> {
        let target = format!("/api/v1/catalogs/default_catalog/databases/{database}/sql");
        let body = json!({"query": statement}).to_string();
        let reply = self.answered(Door::StarRocks, "POST", &target, &body)?;
        if reply.status != 200 {
            return Err(refusal(statement, &reply));
        }
        let mut found = Rows::default();
        let mut whole = false;
        for line in String::from_utf8_lossy(&reply.body).lines() {
            let line: Value = serde_json::from_str(line).map_err(|error| format!("{error} in {line}"))?;
            if let Some(meta) = line["meta"].as_array() {
                let word = |column: &Value| {
                    let word = column["type"].as_str().unwrap_or_default();
                    word.split('(').next().unwrap_or_default().to_owned()
                };
                found.types = meta.iter().map(word).collect();
            }
            if let Some(row) = line["data"].as_array() {
                found.rows.push(row.clone());
            }
            whole |= line.get("statistics").is_some();
        }
        if whole { Ok(found) } else { Err(refusal(statement, &reply)) }
    }

    /// A resource of `/api/v2`; its `result`.
    pub(super) fn resource(&self, method: &str, path: &str, body: &Value) -> Outcome<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.answered(Door::StarRocks, method, &format!("/api/v2{path}"), &body)?;
        let answer = json_of(&reply)?;
        if answer["code"] == "0" { Ok(answer["result"].clone()) } else { Err(refusal(path, &reply)) }
    }

    /// `/write`.
    pub(super) fn influx(&self, database: &str, lines: &str) -> Outcome {
        let reply = self.answered(Door::Influx, "POST", &format!("/write?db={database}"), lines)?;
        if reply.status == 204 { Ok(()) } else { Err(refusal(lines, &reply)) }
    }

    /// `/api/put`.
    pub(super) fn put(&self, database: &str, points: &str) -> Outcome {
        let reply = self.answered(Door::OpenTsdb, "POST", &format!("/api/put?db={database}"), points)?;
        if reply.status == 204 { Ok(()) } else { Err(refusal(points, &reply)) }
    }

    /// A query through a door that answers SELECT.
    pub(super) fn query(&self, door: Door, database: &str, statement: &str) -> Outcome<Rows> {
        match door {
            Door::Kwdb => self.kwdb("query", database, statement),
            Door::TDengine => self.tdengine(database, statement),
            Door::Iotdb => self.iotdb_query(database, statement),
            Door::StarRocks => self.starrocks(database, statement),
            Door::Influx | Door::OpenTsdb => Err("this door does not answer SELECT".to_owned()),
        }
    }

    /// These columns of a table in the order of its time column.
    pub(super) fn read(&self, door: Door, database: &str, table: &str, columns: &[&str], time: &str) -> Outcome<Rows> {
        let list: Vec<String> = columns.iter().map(|column| door.quoted(column)).collect();
        let (table, time) = (door.quoted(table), door.quoted(time));
        self.query(door, database, &format!("select {} from {table} order by {time}", list.join(", ")))
    }
}

/// A part of a URL.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn json_of(reply: &Reply) -> Outcome<Value> {
    serde_json::from_slice(&reply.body)
        .map_err(|error| format!("{error} in {} {}", reply.status, String::from_utf8_lossy(&reply.body)))
}

fn refusal(request: &str, reply: &Reply) -> String {
    let request: String = request.chars().take(300).collect();
    format!("{} {} to {request}", reply.status, String::from_utf8_lossy(&reply.body).trim())
}

fn column_words(meta: &Value) -> Vec<String> {
    let columns = meta.as_array().into_iter().flatten();
    columns.map(|column| column[1].as_str().unwrap_or_default().to_owned()).collect()
}

fn rows_of(rows: &Value) -> Vec<Vec<Value>> {
    rows.as_array().into_iter().flatten().filter_map(Value::as_array).cloned().collect()
}
