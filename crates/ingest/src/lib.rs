//! Wire formats of points into column batches: pure bytes to columns, no store and no network.
//!
//! `line` and `opentsdb` read a body into [`Point`]s, each with its place in the body, the bad ones
//! listed beside the good; [`PointRows`] says what columns the points of one table need, and makes
//! a `model::WriteBatch` of them. What differs between doors stands in their [`Rules`].

mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod line;
pub mod opentsdb;
mod point;
mod rows;
mod rules;
mod series_hash;
mod time;

pub use fault::{Fault, Reason};
pub use point::{FieldValue, Parsed, Point, TagValue};
pub use rows::{PointRows, WantedColumn, by_table};
pub use rules::{Rules, strict_value, text_value, time_value};
pub use series_hash::{escaped_tag, series_hash};
pub use time::{Precision, by_digits, milliseconds_by_digits, seconds_or_milliseconds};
