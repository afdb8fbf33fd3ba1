//! Which times a predicate on the time column lets through.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use model::{TimeBounds, TimeUnit};

/// No time at all.
const NEVER: TimeBounds = TimeBounds { first: i64::MAX, last: i64::MIN };

/// The time column as predicates name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeColumn<'a> {
    pub(crate) name: &'a str,
    pub(crate) unit: TimeUnit,
    /// Whether it is an instant rather than a wall-clock reading.
    pub(crate) zoned: bool,
}

/// Times that a predicate may accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) bounds: TimeBounds,
    /// Whether it accepts all rows within and none outside.
    pub(crate) exact: bool,
}

impl TimeColumn<'_> {
    /// What is known of the times that `predicate` accepts; `None`: nothing.
    pub(crate) fn accepted(&self, predicate: &Expr) -> Option<Accepted> {
        match predicate {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                match (self.accepted(left), self.accepted(right)) {
                    (Some(a), Some(b)) => Some(a.and(b)),
                    (Some(one), None) | (None, Some(one)) => Some(Accepted { exact: false, ..one }),
                    (None, None) => None,
                }
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
                Some(self.accepted(left)?.or(self.accepted(right)?))
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                if self.is_column(left) {
                    self.compared(*op, right)
                } else if self.is_column(right) {
                    self.compared(op.swap()?, left)
                } else {
                    None
                }
            }
            Expr::Between(Between { expr, negated: false, low, high }) if self.is_column(expr) => {
                Some(self.compared(Operator::GtEq, low)?.and(self.compared(Operator::LtEq, high)?))
            }
            Expr::InList(list) if !list.negated && self.is_column(&list.expr) => {
                list.list.iter().map(|value| self.compared(Operator::Eq, value)).reduce(|a, b| Some(a?.or(b?)))?
            }
            _ => None,
        }
    }

    /// The column itself, or the column in a finer unit, which changes no comparison.
    fn is_column(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Column(column) => column.name == self.name,
            Expr::Cast(cast) => {
                use arrow::datatypes::DataType::Timestamp;
                match cast.field.data_type() {
                    Timestamp(unit, zone) => {
                        let finer = from_arrow(*unit).is_some_and(|unit| unit >= self.unit);
                        finer
                            && zone.is_some() == self.zoned
                            && matches!(&*cast.expr, Expr::Column(c) if c.name == self.name)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    fn compared(&self, op: Operator, literal: &Expr) -> Option<Accepted> {
        let nanos = self.nanos(literal)?;
        let unit = self.unit.to_nanos(1);
        let floor = nanos.div_euclid(unit);
        let whole = nanos.rem_euclid(unit) == 0;
        let ceiling = if whole { floor } else { floor + 1 };
        let (first, last) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let (first, last) = match op {
            Operator::Eq if whole => (floor, floor),
            Operator::Eq => return Some(Accepted { bounds: NEVER, exact: true }),
            Operator::Lt => (first, ceiling - 1),
            Operator::LtEq => (first, floor),
            Operator::Gt => (floor + 1, last),
            Operator::GtEq => (ceiling, last),
            _ => return None,
        };
        let bounds = if first > i128::from(i64::MAX) || last < i128::from(i64::MIN) {
            NEVER
        } else {
            TimeBounds { first: clamp(first), last: clamp(last) }
        };
        Some(Accepted { bounds, exact: true })
    }

    fn nanos(&self, literal: &Expr) -> Option<i128> {
        let Expr::Literal(value, _) = literal else { return None };
        let (value, nanos, zone) = match value {
            ScalarValue::TimestampSecond(Some(v), zone) => (*v, 1_000_000_000, zone),
            ScalarValue::TimestampMillisecond(Some(v), zone) => (*v, 1_000_000, zone),
            ScalarValue::TimestampMicrosecond(Some(v), zone) => (*v, 1_000, zone),
            ScalarValue::TimestampNanosecond(Some(v), zone) => (*v, 1, zone),
            _ => return None,
        };
        (zone.is_some() == self.zoned).then(|| i128::from(value) * nanos)
    }
}

impl Accepted {
    fn and(self, other: Self) -> Self {
        Self { bounds: self.bounds.intersect(&other.bounds), exact: self.exact && other.exact }
    }

    fn or(self, other: Self) -> Self {
        let (a, b) = (self.bounds, other.bounds);
        if a.is_empty() {
            return other;
        }
        if b.is_empty() {
            return self;
        }
        let touch = a.first <= b.last.saturating_add(1) && b.first <= a.last.saturating_add(1);
        Self { bounds: a.union(&b), exact: self.exact && other.exact && touch }
    }
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// The unit that Arrow calls so; seconds are none of ours.
pub(crate) fn from_arrow(unit: arrow::datatypes::TimeUnit) -> Option<TimeUnit> {
    match unit {
        arrow::datatypes::TimeUnit::Second => None,
        arrow::datatypes::TimeUnit::Millisecond => Some(TimeUnit::Millisecond),
        arrow::datatypes::TimeUnit::Microsecond => Some(TimeUnit::Microsecond),
        arrow::datatypes::TimeUnit::Nanosecond => Some(TimeUnit::Nanosecond),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{ident, lit};
    use proptest::prelude::*;

    const COLUMN: TimeColumn<'static> = TimeColumn { name: "Ts", unit: TimeUnit::Millisecond, zoned: true };

    fn micros(value: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some(value), Some("+08:00".into())))
    }

    fn exact(first: i64, last: i64) -> Option<Accepted> {
        Some(Accepted { bounds: TimeBounds { first, last }, exact: true })
    }

    #[test]
    fn what_is_not_about_the_time_is_not_known() {
        let ts = ident("Ts");
        assert_eq!(COLUMN.accepted(&ident("v").gt(micros(1))), None);
        assert_eq!(COLUMN.accepted(&ts.clone().gt(lit(ScalarValue::TimestampMillisecond(Some(1), None)))), None);
        let half = ts.clone().gt(micros(1_000)).and(ident("v").gt(lit(1)));
        assert_eq!(
            COLUMN.accepted(&half),
            Some(Accepted { bounds: TimeBounds { first: 2, last: i64::MAX }, exact: false })
        );
        assert_eq!(COLUMN.accepted(&ts.gt(micros(1_000)).or(ident("v").gt(lit(1)))), None);
    }

    #[test]
    fn lists_and_ranges() {
        let ts = ident("Ts");
        assert_eq!(COLUMN.accepted(&ts.clone().between(micros(1_001), micros(4_999))), exact(2, 4));
        assert_eq!(COLUMN.accepted(&ts.clone().in_list(vec![micros(1_000), micros(2_000)], false)), exact(1, 2));
        let gap = COLUMN.accepted(&ts.clone().in_list(vec![micros(1_000), micros(3_000)], false)).unwrap();
        assert!(!gap.exact);
        assert_eq!(COLUMN.accepted(&ts.in_list(vec![micros(1_500)], false)).unwrap().bounds, NEVER);
    }

    type Compare = fn(i64, i64) -> bool;

    proptest! {
        #[test]
        fn bounds_say_what_the_comparison_says(value in -5_000i64..5_000, rows in prop::collection::vec(-6i64..6, 1..8)) {
            let ops: [(Operator, Compare); 5] = [
                (Operator::Eq, |a, b| a == b),
                (Operator::Lt, |a, b| a < b),
                (Operator::LtEq, |a, b| a <= b),
                (Operator::Gt, |a, b| a > b),
                (Operator::GtEq, |a, b| a >= b),
            ];
            for (op, compare) in ops {
                let accepted = COLUMN.compared(op, &micros(value)).unwrap();
                for row in &rows {
                    prop_assert_eq!(accepted.bounds.contains(*row), compare(row * 1_000, value), "{} {} {}", row, op, value);
                }
            }
        }
    }
}
