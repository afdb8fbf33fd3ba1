//! OpenTSDB's two ways to send points: JSON objects, and lines of `put`.
//!
//! Every point has one field, [`VALUE`].

mod json;
mod telnet;
#[cfg(test)]
mod tests;

pub use json::{JsonFault, parse_json};
pub use telnet::parse_telnet;

use crate::FieldValue;
use std::borrow::Cow;

/// The name of the only field.
pub const VALUE: &str = "value";

fn value_field(value: f64, written: Cow<'_, str>) -> Vec<(Cow<'static, str>, FieldValue<'_>)> {
    vec![(Cow::Borrowed(VALUE), FieldValue::Float(value, written))]
}
