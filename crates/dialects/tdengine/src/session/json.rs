//! Tags of JSON: their members, and what those are as texts and numbers.

use super::function::{Function, argument, of};
use crate::types::DIALECT;
use arrow::array::{ArrayRef, AsArray, BooleanArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use query::{DECLARED_DIALECT, DECLARED_WORD};
use serde_json::Value;
use std::sync::Arc;

/// `(json, key)`: a member as JSON.
pub(super) const MEMBER: &str = "json member";
/// `(json, key)`: whether there is such a member.
pub(super) const CONTAINS: &str = "json contains";
/// `(json)`: a JSON text as text; NULL for anything else.
pub(crate) const TEXT: &str = "json text";
/// `(json)`: a JSON number or boolean as a number; NULL for anything else.
pub(super) const NUMBER: &str = "json number";

fn texts(_: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    Ok(vec![DataType::Utf8; types.len()])
}

fn json_field() -> Field {
    let metadata = [(DECLARED_DIALECT.to_owned(), DIALECT.to_owned()), (DECLARED_WORD.to_owned(), "JSON".to_owned())];
    Field::new("", DataType::Utf8, true).with_metadata(metadata.into())
}

fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// The members that two columns name, row by row.
fn members<'a>(args: &'a [ArrayRef]) -> Result<impl Iterator<Item = Option<Option<Value>>> + 'a> {
    let (values, keys) = (argument(args, 0)?.as_string::<i32>(), argument(args, 1)?.as_string::<i32>());
    Ok(values.iter().zip(keys.iter()).map(|(value, key)| {
        let (value, key) = (value?, key?);
        Some(read(value).and_then(|value| value.get(key).cloned()))
    }))
}

fn one<'a>(args: &'a [ArrayRef]) -> Result<impl Iterator<Item = Option<Value>> + 'a> {
    Ok(argument(args, 0)?.as_string::<i32>().iter().map(|text| read(text?)))
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
        _ => None,
    }
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        Function::scalar(
            MEMBER,
            texts,
            |_, _| Ok(json_field()),
            |args, _| {
                let found = members(args)?.map(|member| match member?? {
                    Value::Null => None,
                    member => Some(member.to_string()),
                });
                Ok(Arc::new(found.collect::<StringArray>()))
            },
        ),
        Function::scalar(
            CONTAINS,
            texts,
            |_, _| of(DataType::Boolean),
            |args, _| {
                Ok(Arc::new(
                    members(args)?.map(|member| member.map(|member| member.is_some())).collect::<BooleanArray>(),
                ))
            },
        ),
        Function::scalar(
            TEXT,
            texts,
            |_, _| of(DataType::Utf8),
            |args, _| {
                let found = one(args)?.map(|value| match value? {
                    Value::String(text) => Some(text),
                    _ => None,
                });
                Ok(Arc::new(found.collect::<StringArray>()))
            },
        ),
        Function::scalar(
            NUMBER,
            texts,
            |_, _| of(DataType::Float64),
            |args, _| Ok(Arc::new(one(args)?.map(|value| number(&value?)).collect::<Float64Array>())),
        ),
    ]
}
