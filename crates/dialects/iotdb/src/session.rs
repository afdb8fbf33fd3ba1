//! The one DataFusion session of this dialect: its functions under its names, its operators, NULL
//! last whichever way is sorted.
//!
//! Functions that only the rewrite calls have names that no statement can write.

mod aggregates;
mod bits;
mod casts;
mod conditions;
mod hashes;
mod math;
mod operators;
mod scalar;
mod text;
mod time;
mod words;

use datafusion::logical_expr::planner::TypePlanner;
use query::Profile;
use scalar::Spec;
use std::sync::Arc;

/// The type word of points in time.
pub(crate) const INSTANT: &str = "\u{0}instant";
/// `f(value, 'TYPE')`: CAST.
pub(crate) const CAST: &str = "\u{0}cast";
/// `f(value, 'TYPE')`: TRY_CAST.
pub(crate) const TRY_CAST: &str = "\u{0}try_cast";
/// `f('FIELD', time)`: EXTRACT.
pub(crate) const EXTRACT: &str = "\u{0}extract";
/// `f(text, side, characters)`: TRIM.
pub(crate) const TRIM: &str = "\u{0}trim";
/// `f(time, months, milliseconds)`: a time shifted by a span.
pub(crate) const SHIFT: &str = "\u{0}shift";
/// What a window's RANGE is measured on: times as milliseconds, anything else as it is.
pub(crate) const RANGE_KEY: &str = "\u{0}range_key";
/// `f(months, milliseconds, time, origin)`: the beginning of a bin.
pub(crate) const DATE_BIN: &str = "\u{0}date_bin";
/// `f('aggregate', number)`: a number on its way into an aggregate that computes in DOUBLE.
pub(crate) const AS_DOUBLE: &str = "\u{0}as_double";
/// `f('aggregate', number)`: the same with its own type.
pub(crate) const NUMBER: &str = "\u{0}number";
/// `f(a, b, ..)`: COALESCE over one type.
pub(crate) const COMPARABLE: &str = "\u{0}coalesce";

/// `f(condition)`: a condition on its way into `count_if`.
pub(crate) const CONDITION: &str = "\u{0}condition";

/// Every function over single rows.
fn specs() -> impl Iterator<Item = &'static Spec> {
    [math::SPECS, text::SPECS, bits::SPECS, hashes::SPECS, casts::SPECS, time::SPECS, conditions::SPECS]
        .into_iter()
        .flatten()
}

/// Whether a statement can call that function.
pub(crate) fn is_scalar(name: &str) -> bool {
    scalar_names().any(|scalar| scalar == name)
}

/// The functions over single rows that a statement can call.
pub(crate) fn scalar_names() -> impl Iterator<Item = &'static str> {
    specs().map(|spec| spec.name).filter(|name| !is_internal(name))
}

/// Whether a function is one that the rewrite alone calls.
pub(crate) fn is_internal(name: &str) -> bool {
    name.starts_with('\u{0}')
}

/// The meaning of this dialect's SQL.
pub(crate) fn profile() -> Profile {
    let words: Arc<dyn TypePlanner> = Arc::new(words::Words);
    let mut builder = Profile::builder()
        .null_ordering("nulls_last")
        .expr_planner(Arc::new(operators::Operators))
        .analyzer_rule(Arc::new(conditions::Conditions))
        .type_planner(words)
        .values_by_time();
    for spec in specs() {
        builder = builder.scalar(scalar::function(spec));
    }
    for aggregate in aggregates::all() {
        builder = builder.aggregate(aggregate);
    }
    builder.build()
}
