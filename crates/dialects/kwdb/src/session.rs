//! The one DataFusion session of this dialect: its functions under its names, its operators, its
//! type words, NULL as the least value.

mod clock;
mod divide;
mod extremes;
mod hashes;
mod milliseconds;
mod modulo;
mod operators;
mod text_of;
mod time_casts;
mod time_formats;
mod time_meetings;
mod time_parts;
mod time_spans;
mod type_words;
mod width_bucket;
mod zone_shift;
mod zoned;

use operators::Operators;
use query::{Profile, functions};
use std::sync::Arc;
use type_words::TypeWords;

pub(crate) use clock::CLOCK_OF;
pub(crate) use milliseconds::{FRACTIONAL as FRACTIONAL_MILLISECONDS, SECONDS, WHOLE as WHOLE_MILLISECONDS};
pub(crate) use text_of::NAME as TEXT_OF;
pub(crate) use time_casts::{INSTANT_OF, WALL_CLOCK_OF};
pub(crate) use zone_shift::NAME as TIMEZONE;

/// Digits after the point of an average of exact numbers.
const AVERAGE_DIGITS: u8 = 16;

/// The meaning of this dialect's SQL.
pub(crate) fn profile() -> Profile {
    let builder = hashes::all().into_iter().fold(Profile::builder(), query::ProfileBuilder::scalar);
    let builder = time_formats::all().into_iter().fold(builder, query::ProfileBuilder::scalar);
    builder
        .null_ordering("nulls_min")
        .exact_constants()
        .expr_planner(Arc::new(Operators::new()))
        .type_planner(Arc::new(TypeWords))
        .analyzer_rule(Arc::new(time_meetings::TimeMeetings::new()))
        .scalar(functions::time_bucket("time_bucket"))
        .unwritten_scalar(modulo::modulo())
        .scalar(divide::float_divide())
        .scalar(text_of::text_of())
        .scalar(time_casts::wall_clock_of())
        .scalar(time_casts::instant_of())
        .scalar(time_spans::later())
        .scalar(time_spans::earlier())
        .scalar(milliseconds::milliseconds(WHOLE_MILLISECONDS))
        .scalar(milliseconds::milliseconds(FRACTIONAL_MILLISECONDS))
        .scalar(milliseconds::milliseconds(SECONDS))
        .scalar(clock::clock_of())
        .scalar(clock::time_to_sec())
        .scalar(width_bucket::width_bucket())
        .scalar(time_parts::date_trunc())
        .scalar(time_parts::extract("extract"))
        .scalar(time_parts::extract("date_part"))
        .scalar(zone_shift::timezone())
        .aggregate(extremes::min())
        .aggregate(extremes::max())
        .aggregate(functions::sum_exact("sum"))
        .aggregate(functions::avg_exact("avg", AVERAGE_DIGITS))
        .values_by_time()
        .aggregate(functions::first_time("firstts"))
        .aggregate(functions::last_time("lastts"))
        .aggregate(functions::first_row_time("first_row_ts"))
        .aggregate(functions::last_row_time("last_row_ts"))
        .build()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_has_a_name() {
        super::profile().check_names().unwrap();
    }
}
