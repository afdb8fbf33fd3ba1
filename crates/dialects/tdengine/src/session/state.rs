//! How long a condition has held, row by row in order of time: for `statecount` and `stateduration`,
//! which are windows over all rows up to the current one.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

/// `(condition)`: how many rows in a row it has held, -1 where it does not.
pub(crate) const STATE_COUNT: &str = "rows in state";
/// `(condition, time, unit)`: how long it has held, in so many counts of the time.
pub(crate) const STATE_DURATION: &str = "time in state";

#[derive(Debug, PartialEq, Eq, Hash)]
struct InState {
    name: &'static str,
    signature: Signature,
}

fn function(name: &'static str) -> AggregateUDF {
    AggregateUDF::new_from_impl(InState { name, signature: Signature::user_defined(Volatility::Immutable) })
}

/// [`STATE_COUNT`]
pub(super) fn count() -> AggregateUDF {
    function(STATE_COUNT)
}

/// [`STATE_DURATION`]
pub(super) fn duration() -> AggregateUDF {
    function(STATE_DURATION)
}

impl AggregateUDFImpl for InState {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Run { timed: self.name == STATE_DURATION, ..Run::default() }))
    }
}

/// The run of rows that the current row ends.
#[derive(Debug, Default)]
struct Run {
    timed: bool,
    rows: i64,
    start: i64,
    last: i64,
    unit: i64,
    /// Whether the condition of the current row is unknown.
    unknown: bool,
}

impl Run {
    fn add(&mut self, holds: Option<bool>, at: i64) {
        self.unknown = holds.is_none();
        match holds {
            Some(true) => {
                if self.rows == 0 {
                    self.start = at;
                }
                self.rows += 1;
                self.last = at;
            }
            Some(false) => self.rows = 0,
            None => {}
        }
    }

    fn answer(&self) -> Option<i64> {
        match (self.unknown, self.rows) {
            (true, _) => None,
            (false, 0) => Some(-1),
            (false, rows) if !self.timed => Some(rows),
            (false, _) => Some((self.last - self.start) / self.unit.max(1)),
        }
    }
}

impl Accumulator for Run {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [condition, times @ ..] = values else { return internal_err!("a condition is missing") };
        let condition = condition.as_boolean();
        let times = times.first().map(|times| cast(times, &DataType::Int64)).transpose()?;
        let times = times.as_ref().map(|times| times.as_primitive::<Int64Type>());
        if let Some(units) = values.get(2) {
            self.unit = units.as_primitive::<Int64Type>().iter().next().flatten().unwrap_or(1);
        }
        for row in 0..condition.len() {
            let holds = condition.is_valid(row).then(|| condition.value(row));
            self.add(holds, times.map_or(0, |times| times.value(row)));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.answer()))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        internal_err!("how long a condition held is known of rows in order only")
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        internal_err!("how long a condition held is known of rows in order only")
    }
}

#[cfg(test)]
mod tests {
    use super::Run;

    #[test]
    fn a_run_ends_where_the_condition_does() {
        let mut run = Run { timed: true, unit: 10, ..Run::default() };
        let mut answers = Vec::new();
        for (at, holds) in [(0, Some(false)), (10, Some(true)), (35, Some(true)), (40, None), (50, Some(false))] {
            run.add(holds, at);
            answers.push(run.answer());
        }
        assert_eq!(answers, [Some(-1), Some(0), Some(2), None, Some(-1)]);
    }
}
