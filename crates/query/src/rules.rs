//! Rewrites of plans that give comparisons of times their exact meaning.

mod time_comparisons;

pub(crate) use time_comparisons::TimeComparisons;
