//! Rewrites of plans: comparisons of times with their exact meaning, subqueries wherever they
//! stand, sorts that can spill.

mod large_fetch;
mod subquery_values;
mod time_comparisons;

pub(crate) use large_fetch::LargeFetch;
pub(crate) use subquery_values::SubqueryValues;
pub(crate) use time_comparisons::TimeComparisons;
