//! Functions that dialects register under their own names.

mod bounded_text;
mod bucket_width;
mod by_time;
mod checked_integers;
mod convert_time;
mod exact;
mod row_function;
mod time_bucket;
mod times;

pub use bucket_width::{BucketWidth, WidthProblem};
pub use by_time::{
    first_by_time, first_row_by_time, first_row_time, first_time, last_by_time, last_row_by_time, last_row_time,
    last_time,
};
pub use checked_integers::CheckedIntegers;
pub use exact::{avg_exact, sum_exact};
pub use row_function::{RowArguments, RowCall, RowFunction};
pub use time_bucket::time_bucket;
pub use times::nanos_per;

pub(crate) use bounded_text::{BoundedOperator, TextLimit, bounded, bounded_aggregate, join};
pub(crate) use by_time::{NewestOf, newest_of};
pub(crate) use checked_integers::checked;
pub(crate) use convert_time::{ConvertTime, Rounding, convert_time};
pub(crate) use exact::is_exact_sum;
pub(crate) use times::TimeType;
