//! First and last values by time, as aggregates: `f(value, time)`.
//!
//! A row without a time counts for none of them. Of rows with the same time the one with the
//! greatest value wins (NULL is the least), so that no order of rows changes the answer.

mod best;

use super::times::TimeType;
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use best::Best;
use datafusion::common::{ScalarValue, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::Max;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Which {
    First,
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Nulls {
    Skip,
    Keep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Answer {
    Value,
    Time,
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident: $which:ident, $nulls:ident, $answer:ident;)*) => {
        $($(#[$doc])* #[must_use] pub fn $name(name: &str) -> AggregateUDF {
            function(name, Which::$which, Nulls::$nulls, Answer::$answer)
        })*
    };
}

functions! {
    /// The earliest value that is not NULL.
    first_by_time: First, Skip, Value;
    /// The latest value that is not NULL.
    last_by_time: Last, Skip, Value;
    /// The value in the earliest row, NULL included.
    first_row_by_time: First, Keep, Value;
    /// The value in the latest row, NULL included.
    last_row_by_time: Last, Keep, Value;
    /// The time of the earliest value that is not NULL.
    first_time: First, Skip, Time;
    /// The time of the latest value that is not NULL.
    last_time: Last, Skip, Time;
    /// The time of the earliest row.
    first_row_time: First, Keep, Time;
    /// The time of the latest row.
    last_row_time: Last, Keep, Time;
}

/// What an aggregate takes of the newest row, or of the newest value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewestOf {
    /// The value in the newest row.
    Row,
    /// The time of that row.
    RowTime,
    /// The newest value.
    Value,
    /// The time of that value.
    ValueTime,
    /// The greatest of all times, by one argument.
    GreatestTime,
}

/// What a function takes, if it takes nothing else.
pub(crate) fn newest_of(function: &AggregateUDF) -> Option<NewestOf> {
    if function.inner().downcast_ref::<Max>().is_some() {
        return Some(NewestOf::GreatestTime);
    }
    let function = function.inner().downcast_ref::<ByTime>()?;
    match (function.which, function.nulls, function.answer) {
        (Which::First, ..) => None,
        (Which::Last, Nulls::Keep, Answer::Value) => Some(NewestOf::Row),
        (Which::Last, Nulls::Keep, Answer::Time) => Some(NewestOf::RowTime),
        (Which::Last, Nulls::Skip, Answer::Value) => Some(NewestOf::Value),
        (Which::Last, Nulls::Skip, Answer::Time) => Some(NewestOf::ValueTime),
    }
}

fn function(name: &str, which: Which, nulls: Nulls, answer: Answer) -> AggregateUDF {
    let signature = Signature::user_defined(Volatility::Immutable);
    AggregateUDF::new_from_impl(ByTime { name: name.to_owned(), which, nulls, answer, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ByTime {
    name: String,
    which: Which,
    nulls: Nulls,
    answer: Answer,
    signature: Signature,
}

impl ByTime {
    fn grouped(&self, args: &AccumulatorArgs) -> Result<Grouped> {
        match args.expr_fields {
            [value, time] => {
                let best = Best::new(self.which, self.answer, value.data_type().clone(), time.data_type().clone())?;
                Ok(Grouped { best, nulls: self.nulls })
            }
            _ => internal_err!("{} takes a value and a time", self.name),
        }
    }
}

impl AggregateUDFImpl for ByTime {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match arg_types {
            [_, DataType::Timestamp(..)] => Ok(arg_types.to_vec()),
            _ => plan_err!("{} takes a value and a time", self.name),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match (self.answer, arg_types) {
            (Answer::Value, [value, _]) => Ok(value.clone()),
            (Answer::Time, [_, time]) => Ok(time.clone()),
            _ => plan_err!("{} takes a value and a time", self.name),
        }
    }

    /// The answer is a value of one of the columns: it keeps what that column was declared as.
    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let [value, time] = arg_fields else {
            return internal_err!("{} takes a value and a time", self.name);
        };
        let source = if self.answer == Answer::Time { time } else { value };
        let field = Field::new(&self.name, source.data_type().clone(), true);
        Ok(Arc::new(field.with_metadata(source.metadata().clone())))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let [value, time] = args.input_fields else {
            return internal_err!("{} takes a value and a time", self.name);
        };
        let field = |suffix: &str, of: &FieldRef| {
            Arc::new(Field::new(format!("{}[{suffix}]", args.name), of.data_type().clone(), true))
        };
        Ok(match self.answer {
            Answer::Value => vec![field("time", time), field("value", value)],
            Answer::Time => vec![field("time", time)],
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Single(self.grouped(&args)?)))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(self.grouped(&args)?))
    }
}

/// Many groups.
struct Grouped {
    best: Best,
    nulls: Nulls,
}

impl Grouped {
    /// The value and time of each row; no time where the row does not count.
    fn counted(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<(ArrayRef, ArrayRef)> {
        let [values, times] = values else { return internal_err!("a value and a time are needed") };
        let mut times = Arc::clone(times);
        if self.nulls == Nulls::Skip && values.null_count() > 0 {
            times = arrow::compute::nullif(&times, &arrow::compute::is_null(values)?)?;
        }
        if let Some(filter) = filter {
            let excluded: BooleanArray =
                (0..filter.len()).map(|row| Some(filter.is_null(row) || !filter.value(row))).collect();
            times = arrow::compute::nullif(&times, &excluded)?;
        }
        Ok((Arc::clone(values), times))
    }

    fn state_of(&self, values: ArrayRef, times: ArrayRef) -> Vec<ArrayRef> {
        match self.best.answer() {
            Answer::Value => vec![times, values],
            Answer::Time => vec![times],
        }
    }

    fn merge(&mut self, state: &[ArrayRef], group: impl Fn(usize) -> usize, groups: usize) -> Result<()> {
        match state {
            // With the time alone the value does not matter.
            [times] => self.best.update(times, times, group, groups),
            [times, values] => self.best.update(values, times, group, groups),
            _ => internal_err!("a state of {} columns", state.len()),
        }
    }
}

impl GroupsAccumulator for Grouped {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let (values, times) = self.counted(values, opt_filter)?;
        self.best.update(&values, &times, |row| group_indices[row], total_num_groups)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.merge(values, |row| group_indices[row], total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let answer = self.best.answer();
        let (values, times) = self.best.take(emit_to)?;
        Ok(if answer == Answer::Value { values } else { times })
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (values, times) = self.best.take(emit_to)?;
        Ok(self.state_of(values, times))
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let (values, times) = self.counted(values, opt_filter)?;
        Ok(self.state_of(values, times))
    }

    fn size(&self) -> usize {
        self.best.size()
    }
}

/// One group.
struct Single(Grouped);

impl std::fmt::Debug for Single {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Single").finish_non_exhaustive()
    }
}

impl Accumulator for Single {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, times) = self.0.counted(values, None)?;
        self.0.best.update(&values, &times, |_| 0, 1)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge(states, |_| 0, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let (value, time) = self.0.best.peek(0)?;
        Ok(if self.0.best.answer() == Answer::Value { value } else { time })
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (value, time) = self.0.best.peek(0)?;
        Ok(match self.0.best.answer() {
            Answer::Value => vec![time, value],
            Answer::Time => vec![time],
        })
    }

    fn size(&self) -> usize {
        self.0.best.size()
    }
}

#[cfg(test)]
mod tests;
