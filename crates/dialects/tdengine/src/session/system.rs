//! What the server says about itself.

use super::function::{Function, of, text_of_length, wrong_count};
use arrow::array::{Int32Array, StringArray};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// The version that clients are told: the one whose answers this dialect gives. They look at its
/// first digit.
pub(crate) const SERVER_VERSION: &str = "3.3.6.0";
/// A text of the request: the database, the user; the name is nothing that a user can write.
pub(crate) const TEXT_OF_REQUEST: &str = "text of the request";

fn nothing(name: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    if types.is_empty() { Ok(Vec::new()) } else { Err(wrong_count(name)) }
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    let version: super::function::Body = |_, call| Ok(Arc::new(StringArray::from(vec![SERVER_VERSION; call.rows])));
    vec![
        Function::scalar("server_version", nothing, |_, _| text_of_length(30), version),
        Function::scalar("client_version", nothing, |_, _| text_of_length(30), version),
        Function::scalar(
            "server_status",
            nothing,
            |_, _| of(DataType::Int32),
            |_, call| Ok(Arc::new(Int32Array::from(vec![1; call.rows]))),
        ),
        Function::scalar(
            TEXT_OF_REQUEST,
            |_, types| Ok(vec![DataType::Utf8; types.len()]),
            |_, _| text_of_length(63),
            |args, _| super::function::argument(args, 0).cloned(),
        ),
    ]
}
