//! `sum(DISTINCT x)` and `avg(DISTINCT x)`: every value once.

use super::Calculation;
use super::totals::{Addend, Total, addends};
use arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::ToByteSlice;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

pub(super) struct Distinct<T: Addend> {
    calculation: Calculation,
    /// Values by their bytes, which tell floats apart as GROUP BY does.
    values: HashMap<Vec<u8>, T::Native>,
}

impl<T: Addend> Distinct<T> {
    pub(super) fn new(calculation: Calculation) -> Self {
        Self { calculation, values: HashMap::new() }
    }

    fn insert(&mut self, value: T::Native) {
        self.values.entry(value.to_byte_slice().to_vec()).or_insert(value);
    }

    fn array(&self) -> ArrayRef {
        let values = PrimitiveArray::<T>::from_iter_values(self.values.values().copied());
        Arc::new(values.with_data_type(self.calculation.addend.clone()))
    }
}

impl<T: Addend> fmt::Debug for Distinct<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distinct").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

impl<T: Addend> Accumulator for Distinct<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        addends::<T>(&self.calculation, values)?.iter().flatten().for_each(|value| self.insert(value));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [lists] = states else { return internal_err!("a state of {} columns", states.len()) };
        for list in lists.as_list::<i32>().iter().flatten() {
            list.as_primitive::<T>().iter().flatten().for_each(|value| self.insert(value));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut total = Total::<T>::new(self.calculation.clone());
        total.update_batch(&[self.array()])?;
        total.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![SingleRowListArrayBuilder::new(self.array()).build_list_scalar()])
    }

    fn size(&self) -> usize {
        let entry = size_of::<Vec<u8>>() + 2 * size_of::<T::Native>();
        size_of_val(self) + self.values.capacity() * entry
    }
}
