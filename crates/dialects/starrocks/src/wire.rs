//! The envelope of every answer below `/api/v2`, and the error body of the SQL endpoint. Keys stand
//! in the standard's order.

use serde::Serialize;
use serde_json::Value;

/// `{"code":"0","message":"OK","result":{...}}`, and the same keys on failure.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) result: &'a Value,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Detail {
    /// The field, such as `columns[2].type`.
    pub(crate) field: String,
    /// What is wrong with it, in one word.
    pub(crate) issue: &'static str,
}

/// The `result` of a failure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorResult<'a> {
    pub(crate) reason: &'a str,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) details: &'a [Detail],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<&'a str>,
}

/// The error body of the SQL endpoint: all keys that any version of the vendor's clients reads.
#[derive(Debug, Serialize)]
pub(crate) struct SqlFailure<'a> {
    pub(crate) status: &'a str,
    pub(crate) code: &'a str,
    pub(crate) msg: &'a str,
    pub(crate) message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::{Envelope, SqlFailure};
    use serde_json::json;

    #[test]
    fn keys_stand_in_the_standards_order() {
        let envelope = Envelope { code: "0", message: "OK", result: &json!({}) };
        assert_eq!(serde_json::to_string(&envelope).unwrap(), r#"{"code":"0","message":"OK","result":{}}"#);
        let failure = SqlFailure { status: "FAILED", code: "1", msg: "x", message: "x" };
        assert_eq!(
            serde_json::to_string(&failure).unwrap(),
            r#"{"status":"FAILED","code":"1","msg":"x","message":"x"}"#
        );
    }
}
