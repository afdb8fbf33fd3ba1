//! The one DataFusion session of this dialect: its functions under its names, its operators, its type
//! words, NULL as the least value.

mod finer_times;
mod no_time;
mod numbers;
mod operators;
mod sum;
mod text_of;
mod type_words;
mod wall_clock;

use operators::Operators;
use query::Profile;
use std::sync::Arc;
use type_words::TypeWords;

pub(crate) use no_time::NAME as NO_TIME;
pub(crate) use text_of::NAME as TEXT_OF;
pub(crate) use wall_clock::NAME as WALL_CLOCK;

/// The meaning of this dialect's SQL.
pub(crate) fn profile() -> Profile {
    Profile::builder()
        .null_ordering("nulls_min")
        .exact_constants()
        .expr_planner(Arc::new(Operators))
        .type_planner(Arc::new(TypeWords))
        .scalar(no_time::no_time())
        .scalar(text_of::text_of())
        .scalar(wall_clock::wall_clock())
        .aggregate(sum::sum())
        .build()
}
