//! The one DataFusion session of this dialect: its functions under its names, its operators, NULL as
//! the least value.

mod aggregates;
mod casts;
mod function;
mod json;
mod math;
mod operators;
mod state;
mod strings;
mod system;
mod times;
mod window;

use operators::Operators;
use query::{Profile, functions};
use std::sync::Arc;

pub(crate) use aggregates::{
    DIFFERENCE, IRATE, LEAST_SQUARES, MODE, PERCENTILE, SERIES_NAME, SPREAD, TOTAL, TOTAL_RESULT, TWA,
};
pub(crate) use casts::CAST;
pub(crate) use json::TEXT as JSON_TEXT;
pub(crate) use state::{STATE_COUNT, STATE_DURATION};
pub(crate) use system::{SERVER_VERSION, TEXT_OF_REQUEST};
pub(crate) use times::{INSTANT_MS, INSTANT_NS, INSTANT_US, TIME_OF, UNITS_BETWEEN};
pub(crate) use window::{WINDOW_END, WINDOW_START, WINDOW_STARTS};

/// The meaning of this dialect's SQL.
pub(crate) fn profile() -> Profile {
    let mut builder = Profile::builder()
        .null_ordering("nulls_min")
        .expr_planner(Arc::new(Operators::new()))
        .aggregate(functions::first_by_time("first"))
        .aggregate(functions::last_by_time("last"))
        .aggregate(functions::last_row_by_time("last_row"))
        .aggregate(functions::sum_exact(TOTAL))
        .aggregate(state::count())
        .aggregate(state::duration());
    let scalars = [
        math::functions(),
        strings::functions(),
        system::functions(),
        times::functions(),
        window::functions(),
        casts::functions(),
        json::functions(),
        aggregates::scalars(),
    ];
    for scalar in scalars.into_iter().flatten() {
        builder = builder.scalar(scalar);
    }
    builder.build()
}
