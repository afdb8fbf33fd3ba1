//! The documented JSON bodies, key order kept. The answer to a query with rows is not here: it is
//! written as it comes, by `render::json`.

use serde::Serialize;

/// A code and a text: a failure before anything ran, and what became of a session.
#[derive(Debug, Serialize)]
pub(crate) struct Plain<'a> {
    pub(crate) code: i32,
    pub(crate) desc: &'a str,
}

/// Success of `GET /restapi/login`.
#[derive(Debug, Serialize)]
pub(crate) struct LoggedIn<'a> {
    pub(crate) code: i32,
    pub(crate) token: &'a str,
}

/// Answer of `POST /restapi/ddl`: one description per statement.
#[derive(Debug, Serialize)]
pub(crate) struct DdlAnswer {
    pub(crate) code: i32,
    pub(crate) desc: Vec<String>,
    pub(crate) time: f64,
}

/// Answer of `POST /restapi/insert`: one description per statement, the rows of all of them.
#[derive(Debug, Serialize)]
pub(crate) struct InsertAnswer {
    pub(crate) code: i32,
    pub(crate) desc: Vec<String>,
    pub(crate) rows: Option<u64>,
    pub(crate) notice: Option<Vec<String>>,
    pub(crate) time: Option<f64>,
}

/// Failure of `POST /restapi/query` while running: all six keys, the last four null.
#[derive(Debug, Serialize)]
pub(crate) struct QueryFailure<'a> {
    pub(crate) code: i32,
    pub(crate) desc: &'a str,
    pub(crate) time: (),
    pub(crate) column_meta: (),
    pub(crate) data: (),
    pub(crate) rows: (),
}

impl<'a> QueryFailure<'a> {
    /// The failure with a text.
    pub(crate) const fn new(desc: &'a str) -> Self {
        Self { code: 500, desc, time: (), column_meta: (), data: (), rows: () }
    }
}

/// Answer of `POST /restapi/telegraf` and `influxdb`.
#[derive(Debug, Serialize)]
pub(crate) struct LineAnswer {
    pub(crate) code: i32,
    pub(crate) desc: Option<String>,
    pub(crate) rows: Option<u64>,
    pub(crate) time: Option<f64>,
}

/// Answer of `POST /restapi/opentsdbjson` and `opentsdbtelnet`.
#[derive(Debug, Serialize)]
pub(crate) struct OpenTsdbAnswer {
    pub(crate) code: i32,
    pub(crate) desc: Option<String>,
    pub(crate) time: Option<f64>,
    pub(crate) rows: Option<u64>,
}

/// Answer of `GET /restapi/session`: one list under the names of both documents.
#[derive(Debug, Serialize)]
pub(crate) struct Sessions<'a> {
    pub(crate) code: i32,
    pub(crate) conns: &'a [SessionEntry],
    pub(crate) tokens: &'a [SessionEntry],
}

/// A session, its id and its life under every name that the documents print.
#[derive(Debug, Serialize)]
pub(crate) struct SessionEntry {
    #[serde(rename = "Connid")]
    pub(crate) connection: String,
    #[serde(rename = "SessionID")]
    pub(crate) session: String,
    #[serde(rename = "Username")]
    pub(crate) user: String,
    #[serde(rename = "Token")]
    pub(crate) token: String,
    #[serde(rename = "MaxLifeTime")]
    pub(crate) seconds: u64,
    #[serde(rename = "MaxLife Time")]
    pub(crate) seconds_again: u64,
    #[serde(rename = "LastLoginTime")]
    pub(crate) created: String,
    #[serde(rename = "ExpirationTime")]
    pub(crate) expires: String,
}

#[cfg(test)]
mod tests {
    use super::{DdlAnswer, InsertAnswer, LoggedIn, Plain, QueryFailure};

    #[test]
    fn keys_stand_in_documented_order() {
        let json = |body: String| body;
        assert_eq!(
            json(serde_json::to_string(&Plain { code: -1, desc: "a \"b\"" }).unwrap()),
            r#"{"code":-1,"desc":"a \"b\""}"#
        );
        assert_eq!(
            json(serde_json::to_string(&LoggedIn { code: 0, token: "00ff" }).unwrap()),
            r#"{"code":0,"token":"00ff"}"#
        );
        let ddl = DdlAnswer { code: 0, desc: vec!["success".to_owned()], time: 0.002 };
        assert_eq!(serde_json::to_string(&ddl).unwrap(), r#"{"code":0,"desc":["success"],"time":0.002}"#);
        let insert = InsertAnswer { code: -1, desc: vec![], rows: None, notice: None, time: None };
        assert_eq!(
            serde_json::to_string(&insert).unwrap(),
            r#"{"code":-1,"desc":[],"rows":null,"notice":null,"time":null}"#
        );
        assert_eq!(
            serde_json::to_string(&QueryFailure::new("x")).unwrap(),
            r#"{"code":500,"desc":"x","time":null,"column_meta":null,"data":null,"rows":null}"#
        );
    }
}
