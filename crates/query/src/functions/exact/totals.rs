//! Sums and counts, of one group or of many.

use super::Calculation;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Int64Array, PrimitiveArray};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use std::fmt;
use std::sync::Arc;

/// A type that values are added in.
pub(super) trait Addend: ArrowPrimitiveType {
    /// Their sum; `None` when it has no room.
    fn sum(a: Self::Native, b: Self::Native) -> Option<Self::Native>;
    /// What is left of a sum without one of its addends.
    fn difference(a: Self::Native, b: Self::Native) -> Option<Self::Native>;
    /// The answer from a sum of at least one addend.
    fn answer(calculation: &Calculation, sum: Self::Native, count: i64) -> Result<Self::Native>;
}

impl Addend for Decimal128Type {
    fn sum(a: i128, b: i128) -> Option<i128> {
        a.checked_add(b)
    }

    fn difference(a: i128, b: i128) -> Option<i128> {
        a.checked_sub(b)
    }

    fn answer(calculation: &Calculation, sum: i128, count: i64) -> Result<i128> {
        calculation.decimal(sum, count)
    }
}

impl Addend for Float64Type {
    fn sum(a: f64, b: f64) -> Option<f64> {
        Some(a + b)
    }

    fn difference(a: f64, b: f64) -> Option<f64> {
        Some(a - b)
    }

    fn answer(calculation: &Calculation, sum: f64, count: i64) -> Result<f64> {
        Ok(calculation.float(sum, count))
    }
}

/// The values of a batch in the type that they are added in.
pub(super) fn addends<T: Addend>(calculation: &Calculation, values: &[ArrayRef]) -> Result<PrimitiveArray<T>> {
    let Some(values) = values.first() else { return internal_err!("{} takes one value", calculation.name) };
    Ok(arrow::compute::cast(values, &calculation.addend)?.as_primitive::<T>().clone())
}

fn state_of(state: &[ArrayRef]) -> Result<(&ArrayRef, &Int64Array)> {
    match state {
        [sums, counts] => Ok((sums, counts.as_primitive::<Int64Type>())),
        _ => internal_err!("a state of {} columns", state.len()),
    }
}

/// One group.
pub(super) struct Total<T: Addend> {
    calculation: Calculation,
    sum: T::Native,
    count: i64,
}

impl<T: Addend> Total<T> {
    pub(super) fn new(calculation: Calculation) -> Self {
        Self { calculation, sum: T::default_value(), count: 0 }
    }

    fn add(&mut self, value: T::Native, count: i64) -> Result<()> {
        self.sum = T::sum(self.sum, value).ok_or_else(|| self.calculation.overflow())?;
        self.count += count;
        Ok(())
    }
}

impl<T: Addend> fmt::Debug for Total<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Total").field("sum", &self.sum).field("count", &self.count).finish_non_exhaustive()
    }
}

impl<T: Addend> Accumulator for Total<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = addends::<T>(&self.calculation, values)?;
        values.iter().flatten().try_for_each(|value| self.add(value, 1))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in addends::<T>(&self.calculation, values)?.iter().flatten() {
            self.sum = T::difference(self.sum, value).ok_or_else(|| self.calculation.overflow())?;
            self.count -= 1;
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let (sums, counts) = state_of(states)?;
        let sums = sums.as_primitive::<T>();
        (0..sums.len())
            .filter(|row| sums.is_valid(*row))
            .try_for_each(|row| self.add(sums.value(row), counts.value(row)))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.count == 0 {
            return ScalarValue::try_from(&self.calculation.answer);
        }
        let answer = T::answer(&self.calculation, self.sum, self.count)?;
        ScalarValue::new_primitive::<T>(Some(answer), &self.calculation.answer)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = ScalarValue::new_primitive::<T>(Some(self.sum), &self.calculation.addend)?;
        Ok(vec![sum, ScalarValue::Int64(Some(self.count))])
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// Many groups.
pub(super) struct GroupTotals<T: Addend> {
    calculation: Calculation,
    sums: Vec<T::Native>,
    counts: Vec<i64>,
}

impl<T: Addend> GroupTotals<T> {
    pub(super) fn new(calculation: Calculation) -> Self {
        Self { calculation, sums: Vec::new(), counts: Vec::new() }
    }

    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, T::default_value());
        self.counts.resize(groups, 0);
    }

    fn add(&mut self, group: usize, value: T::Native, count: i64) -> Result<()> {
        self.sums[group] = T::sum(self.sums[group], value).ok_or_else(|| self.calculation.overflow())?;
        self.counts[group] += count;
        Ok(())
    }
}

fn counts(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|f| f.is_valid(row) && f.value(row))
}

impl<T: Addend> GroupsAccumulator for GroupTotals<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.grow(total_num_groups);
        let values = addends::<T>(&self.calculation, values)?;
        let rows = group_indices.iter().enumerate();
        rows.filter(|(row, _)| values.is_valid(*row) && counts(opt_filter, *row))
            .try_for_each(|(row, group)| self.add(*group, values.value(row), 1))
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total_num_groups: usize) -> Result<()> {
        self.grow(total_num_groups);
        let (sums, counts) = state_of(values)?;
        let sums = sums.as_primitive::<T>();
        let rows = group_indices.iter().enumerate();
        rows.filter(|(row, _)| sums.is_valid(*row))
            .try_for_each(|(row, group)| self.add(*group, sums.value(row), counts.value(row)))
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let sums = emit_to.take_needed(&mut self.sums);
        let counts = emit_to.take_needed(&mut self.counts);
        let answers = sums.into_iter().zip(counts).map(|(sum, count)| match count {
            0 => Ok(None),
            _ => T::answer(&self.calculation, sum, count).map(Some),
        });
        let answers = answers.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(PrimitiveArray::<T>::from_iter(answers).with_data_type(self.calculation.answer.clone())))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let sums = PrimitiveArray::<T>::from_iter_values(emit_to.take_needed(&mut self.sums));
        let counts = Int64Array::from(emit_to.take_needed(&mut self.counts));
        Ok(vec![Arc::new(sums.with_data_type(self.calculation.addend.clone())), Arc::new(counts)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], opt_filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = addends::<T>(&self.calculation, values)?;
        let taken = |row: usize| values.is_valid(row) && counts(opt_filter, row);
        let sums = (0..values.len()).map(|row| if taken(row) { values.value(row) } else { T::default_value() });
        let sums = PrimitiveArray::<T>::from_iter_values(sums).with_data_type(self.calculation.addend.clone());
        let ones = Int64Array::from_iter_values((0..values.len()).map(|row| i64::from(taken(row))));
        Ok(vec![Arc::new(sums), Arc::new(ones)])
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.sums.capacity() * size_of::<T::Native>() + self.counts.capacity() * size_of::<i64>()
    }
}
