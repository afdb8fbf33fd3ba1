//! Time spans of definitions: retentions and partition intervals, in seconds.

use crate::error::definition;
use crate::sql::statement::{TimeSpan, TimeSpanUnit};
use model::Result;

const DAY: u64 = 86_400;
/// A thousand years of 365 days: the longest span of either kind.
const LONGEST: u64 = 1000 * 365 * DAY;

const fn unit_seconds(unit: TimeSpanUnit) -> Option<u64> {
    match unit {
        TimeSpanUnit::Nanosecond | TimeSpanUnit::Microsecond | TimeSpanUnit::Millisecond => None,
        TimeSpanUnit::Second => Some(1),
        TimeSpanUnit::Minute => Some(60),
        TimeSpanUnit::Hour => Some(3600),
        TimeSpanUnit::Day => Some(DAY),
        TimeSpanUnit::Week => Some(7 * DAY),
        TimeSpanUnit::Month => Some(30 * DAY),
        TimeSpanUnit::Year => Some(365 * DAY),
    }
}

/// How long rows are kept; 0: for ever.
///
/// # Errors
/// Out of range, in the vendor's words.
pub(crate) fn retention_seconds(span: &TimeSpan) -> Result<u64> {
    unit_seconds(span.unit)
        .and_then(|unit| unit.checked_mul(span.amount))
        .filter(|seconds| *seconds <= LONGEST)
        .ok_or_else(|| definition(format!("retention {} is out of range", span.written.to_lowercase())))
}

/// The length of a time partition.
///
/// # Errors
/// A unit below a day, or out of range, in the vendor's words.
pub(crate) fn partition_seconds(span: &TimeSpan) -> Result<u64> {
    if !matches!(span.unit, TimeSpanUnit::Day | TimeSpanUnit::Week | TimeSpanUnit::Month | TimeSpanUnit::Year) {
        return Err(definition(format!("unsupported partition interval unit: {}", span.written_unit)));
    }
    unit_seconds(span.unit)
        .and_then(|unit| unit.checked_mul(span.amount))
        .filter(|seconds| (DAY..=LONGEST).contains(seconds))
        .ok_or_else(|| {
            definition(format!("partition interval {} is invalid, the time range is [1day, 1000year]", span.written))
        })
}

#[cfg(test)]
mod tests {
    use super::{partition_seconds, retention_seconds};
    use crate::sql::statement::{TimeSpan, TimeSpanUnit};

    fn span(amount: u64, unit: TimeSpanUnit, word: &str) -> TimeSpan {
        TimeSpan { amount, unit, written: format!("{amount}{word}"), written_unit: word.to_lowercase() }
    }

    #[test]
    fn a_month_has_thirty_days() {
        assert_eq!(retention_seconds(&span(2, TimeSpanUnit::Month, "mon")).unwrap(), 60 * 86_400);
        assert_eq!(retention_seconds(&span(0, TimeSpanUnit::Second, "s")).unwrap(), 0);
        assert_eq!(partition_seconds(&span(10, TimeSpanUnit::Day, "d")).unwrap(), 864_000);
    }

    #[test]
    fn ranges_are_worded_as_typed() {
        let error = retention_seconds(&span(1001, TimeSpanUnit::Year, "y")).unwrap_err();
        assert_eq!(error.to_string(), "retention 1001y is out of range");
        let error = retention_seconds(&span(u64::MAX, TimeSpanUnit::Week, "w")).unwrap_err();
        assert!(error.to_string().ends_with("is out of range"));
        let error = partition_seconds(&span(1, TimeSpanUnit::Hour, "hour")).unwrap_err();
        assert_eq!(error.to_string(), "unsupported partition interval unit: hour");
        let error = partition_seconds(&span(0, TimeSpanUnit::Day, "d")).unwrap_err();
        assert_eq!(error.to_string(), "partition interval 0d is invalid, the time range is [1day, 1000year]");
    }
}
