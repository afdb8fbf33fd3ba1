//! Rewrites of plans: comparisons of times with their exact meaning, subqueries wherever they
//! stand, recursion over stored columns, last values without all rows, sorts that can spill, IN lists
//! and floats kept from rewrites that change their value, aggregates from what storage knows of whole
//! hours.

mod correlation;
mod float_operands;
mod interruptible_rule;
mod large_fetch;
mod last_values;
mod list_pairs;
mod recursion;
mod subquery_values;
mod time_comparisons;
mod whole_hours;

pub(crate) use float_operands::FloatOperands;
pub(crate) use interruptible_rule::{InterruptibleRule, PLANNING};
pub(crate) use large_fetch::LargeFetch;
pub(crate) use last_values::LastValues;
pub(crate) use list_pairs::{ListPairs, numbered};
pub(crate) use recursion::{RecursiveTerms, undeclared};
pub(crate) use subquery_values::SubqueryValues;
pub(crate) use time_comparisons::TimeComparisons;
pub(crate) use whole_hours::WholeHours;
