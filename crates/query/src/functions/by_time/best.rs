//! The best row of each group so far.

use super::{Answer, TimeType, Which};
use crate::functions::times::times_of;
use arrow::array::{Array, ArrayRef, new_empty_array};
use arrow::compute::SortOptions;
use arrow::datatypes::DataType;
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::EmitTo;
use std::cmp::Ordering;

/// Marks a group without a row in the current batch.
const NONE: usize = usize::MAX;

pub(super) struct Best {
    which: Which,
    answer: Answer,
    value_type: DataType,
    time_type: DataType,
    unit: TimeType,
    /// What a group without a row has for a value.
    nothing: ScalarValue,
    times: Vec<Option<i64>>,
    /// As long as `times` where values are the answer, else empty.
    values: Vec<ScalarValue>,
    value_bytes: usize,
    /// The best row of the current batch by group; all [`NONE`] between batches.
    candidates: Vec<usize>,
}

impl Best {
    pub(super) fn new(which: Which, answer: Answer, value_type: DataType, time_type: DataType) -> Result<Self> {
        let Some(unit) = TimeType::of(&time_type) else { return internal_err!("{time_type} is no time") };
        let nothing = ScalarValue::try_from(&value_type)?;
        let (times, values, candidates) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { which, answer, value_type, time_type, unit, nothing, times, values, value_bytes: 0, candidates })
    }

    pub(super) fn answer(&self) -> Answer {
        self.answer
    }

    fn grow(&mut self, groups: usize) {
        self.times.resize(groups, None);
        self.candidates.resize(groups, NONE);
        if self.answer == Answer::Value && self.values.len() < groups {
            self.value_bytes += (groups - self.values.len()) * self.nothing.size();
            self.values.resize(groups, self.nothing.clone());
        }
    }

    /// Takes rows in; those without a time do not count.
    pub(super) fn update(
        &mut self,
        values: &ArrayRef,
        times: &ArrayRef,
        group: impl Fn(usize) -> usize,
        groups: usize,
    ) -> Result<()> {
        self.grow(groups.max(self.times.len()));
        let counts = times_of(times)?;
        let compare = match self.answer {
            Answer::Value => Some(arrow::array::make_comparator(values, values, SortOptions::new(false, true))?),
            Answer::Time => None,
        };
        let mut touched = Vec::new();
        for row in (0..times.len()).filter(|row| times.is_valid(*row)) {
            let group = group(row);
            let candidate = self.candidates[group];
            if candidate == NONE {
                touched.push(group);
                self.candidates[group] = row;
                continue;
            }
            let by_time = self.by_time(counts[row], counts[candidate]);
            let by_value = || compare.as_ref().map_or(Ordering::Equal, |compare| compare(row, candidate));
            if by_time.then_with(by_value) == Ordering::Greater {
                self.candidates[group] = row;
            }
        }
        for group in touched {
            let row = std::mem::replace(&mut self.candidates[group], NONE);
            self.offer(group, counts[row], || ScalarValue::try_from_array(values, row))?;
        }
        Ok(())
    }

    /// Greater when the first time is the better one.
    fn by_time(&self, a: i64, b: i64) -> Ordering {
        match self.which {
            Which::First => b.cmp(&a),
            Which::Last => a.cmp(&b),
        }
    }

    fn offer(&mut self, group: usize, time: i64, value: impl Fn() -> Result<ScalarValue>) -> Result<()> {
        let by_time = self.times[group].map_or(Ordering::Greater, |best| self.by_time(time, best));
        if by_time == Ordering::Less {
            return Ok(());
        }
        if self.answer == Answer::Value {
            let value = value()?;
            let better =
                by_time == Ordering::Greater || value.partial_cmp(&self.values[group]) == Some(Ordering::Greater);
            if better {
                self.value_bytes = (self.value_bytes + value.size()).saturating_sub(self.values[group].size());
                self.values[group] = value;
            }
        }
        self.times[group] = Some(time);
        Ok(())
    }

    /// Takes groups out, as values and times; only times where they are the answer.
    pub(super) fn take(&mut self, emit_to: EmitTo) -> Result<(ArrayRef, ArrayRef)> {
        let times = self.unit.array(emit_to.take_needed(&mut self.times), &self.time_type)?;
        self.candidates.truncate(self.times.len());
        if self.answer == Answer::Time {
            return Ok((std::sync::Arc::clone(&times), times));
        }
        let values = emit_to.take_needed(&mut self.values);
        let taken: usize = values.iter().map(ScalarValue::size).sum();
        self.value_bytes = self.value_bytes.saturating_sub(taken);
        let values = match values.is_empty() {
            true => new_empty_array(&self.value_type),
            false => ScalarValue::iter_to_array(values)?,
        };
        Ok((values, times))
    }

    /// One group's value and time.
    pub(super) fn peek(&self, group: usize) -> Result<(ScalarValue, ScalarValue)> {
        let time = self.times.get(group).copied().flatten();
        let time = ScalarValue::try_from_array(&self.unit.array(vec![time], &self.time_type)?, 0)?;
        Ok((self.values.get(group).unwrap_or(&self.nothing).clone(), time))
    }

    pub(super) fn size(&self) -> usize {
        size_of_val(self)
            + self.times.capacity() * size_of::<Option<i64>>()
            + self.candidates.capacity() * size_of::<usize>()
            + (self.values.capacity() - self.values.len()) * size_of::<ScalarValue>()
            + self.value_bytes
    }
}
