//! Aggregates that DataFusion does not have: the most frequent value, the number farthest from zero,
//! the value beside the least or the greatest other, a percentile.

use super::scalar::failed;
use crate::types::Type;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// The most values that one group of a percentile or a most frequent value holds.
const VALUES_MAX: usize = 4 << 20;

/// The aggregates under their names.
pub(super) fn all() -> impl Iterator<Item = AggregateUDF> {
    [
        ("mode", Kind::Mode),
        ("extreme", Kind::Extreme),
        ("min_by", Kind::By(Ordering::Less)),
        ("max_by", Kind::By(Ordering::Greater)),
        ("approx_percentile", Kind::Percentile),
    ]
    .into_iter()
    .map(|(name, kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        AggregateUDF::new_from_impl(Aggregate { name, kind, signature })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Mode,
    Extreme,
    By(Ordering),
    Percentile,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Aggregate {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl AggregateUDFImpl for Aggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types.first() {
            Some(first) => Ok(first.clone()),
            None => internal_err!("{} takes arguments", self.name),
        }
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let Some(value) = arg_fields.first() else { return internal_err!("{} takes arguments", self.name) };
        if self.kind == Kind::Percentile {
            let is_number = |field: &FieldRef| Type::of_arrow(field.data_type()).is_some_and(Type::is_number);
            if !arg_fields.iter().all(is_number) {
                return Err(failed(format!(
                    "Aggregate functions [{}] should have value column as numeric type [INT32, INT64, FLOAT, DOUBLE, \
                     TIMESTAMP]",
                    self.name
                )));
            }
        }
        let field = Field::new(self.name, value.data_type().clone(), true);
        Ok(Arc::new(field.with_metadata(value.metadata().clone())))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |index: usize| {
            let of = args.input_fields.get(index).map_or(DataType::Null, |field| field.data_type().clone());
            let item = Arc::new(Field::new_list_field(of, true));
            Arc::new(Field::new(format!("{}[{index}]", args.name), DataType::List(item), true))
        };
        Ok(match self.kind {
            Kind::Mode => vec![
                list(0),
                Arc::new(Field::new(
                    format!("{}[counts]", args.name),
                    DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))),
                    true,
                )),
            ],
            Kind::Extreme => vec![list(0)],
            Kind::By(_) | Kind::Percentile => vec![list(0), list(1)],
        })
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let types: Vec<DataType> = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(match self.kind {
            Kind::Mode => Box::new(Mode { of: first(&types), counts: HashMap::new() }),
            Kind::Extreme => Box::new(Extreme { best: ScalarValue::try_from(&first(&types))? }),
            Kind::By(wanted) => Box::new(By { wanted, types, best: None }),
            Kind::Percentile => Box::new(Percentile { types, values: Vec::new(), share: None }),
        })
    }
}

fn first(types: &[DataType]) -> DataType {
    types.first().cloned().unwrap_or(DataType::Null)
}

fn list_of(values: &[ScalarValue], of: &DataType) -> ScalarValue {
    ScalarValue::List(ScalarValue::new_list(values, of, true))
}

/// The values of a state's list columns, row by row.
fn lists(states: &ArrayRef) -> Result<Vec<Vec<ScalarValue>>> {
    let lists = arrow::array::AsArray::as_list::<i32>(states);
    let mut rows = Vec::with_capacity(lists.len());
    for list in lists.iter() {
        let Some(list) = list else {
            rows.push(Vec::new());
            continue;
        };
        rows.push((0..list.len()).map(|index| ScalarValue::try_from_array(&list, index)).collect::<Result<_>>()?);
    }
    Ok(rows)
}

fn too_many<T>() -> Result<T> {
    Err(failed(format!("one group of an aggregate holds more than {VALUES_MAX} values")))
}

#[derive(Debug)]
struct Mode {
    of: DataType,
    counts: HashMap<ScalarValue, i64>,
}

impl Mode {
    fn add(&mut self, value: ScalarValue, count: i64) -> Result<()> {
        if self.counts.len() >= VALUES_MAX {
            return too_many();
        }
        *self.counts.entry(value).or_default() += count;
        Ok(())
    }
}

impl Accumulator for Mode {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            self.add(ScalarValue::try_from_array(values, row)?.compacted(), 1)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // Of values that are as frequent the least one, so that no order of rows changes the answer.
        let best = self.counts.iter().max_by(|(left, one), (right, other)| {
            one.cmp(other).then_with(|| right.partial_cmp(left).unwrap_or(Ordering::Equal))
        });
        best.map_or_else(|| ScalarValue::try_from(&self.of), |(value, _)| Ok(value.clone()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.counts.keys().map(|key| key.size() + 16).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<_> = self.counts.keys().cloned().collect();
        let counts: Vec<_> = self.counts.values().map(|count| ScalarValue::Int64(Some(*count))).collect();
        Ok(vec![list_of(&values, &self.of), list_of(&counts, &DataType::Int64)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, counts] = states else { return internal_err!("a state of {} columns", states.len()) };
        for (values, counts) in lists(values)?.into_iter().zip(lists(counts)?) {
            for (value, count) in values.into_iter().zip(counts) {
                if let ScalarValue::Int64(Some(count)) = count {
                    self.add(value, count)?;
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Extreme {
    best: ScalarValue,
}

impl Extreme {
    fn consider(&mut self, value: ScalarValue) -> Result<()> {
        let far = |value: &ScalarValue| match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(Some(number))) => number.abs(),
            _ => f64::NEG_INFINITY,
        };
        let wins = self.best.is_null()
            || far(&value) > far(&self.best)
            || (far(&value) == far(&self.best) && value.partial_cmp(&self.best) == Some(Ordering::Greater));
        if wins && !value.is_null() {
            self.best = value;
        }
        Ok(())
    }
}

impl Accumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            self.consider(ScalarValue::try_from_array(values, row)?)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.best.clone())
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![list_of(std::slice::from_ref(&self.best), &self.best.data_type())])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        for value in lists(states)?.into_iter().flatten() {
            self.consider(value)?;
        }
        Ok(())
    }
}

/// The value beside the least or greatest other one.
#[derive(Debug)]
struct By {
    wanted: Ordering,
    types: Vec<DataType>,
    best: Option<(ScalarValue, ScalarValue)>,
}

impl By {
    fn consider(&mut self, value: ScalarValue, by: ScalarValue) {
        let wins = match &self.best {
            None => true,
            Some((_, best)) => by.partial_cmp(best) == Some(self.wanted),
        };
        if wins && !by.is_null() {
            self.best = Some((value, by));
        }
    }
}

impl Accumulator for By {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values, by] = values else { return internal_err!("{} arguments", values.len()) };
        for row in (0..by.len()).filter(|row| by.is_valid(*row)) {
            let by = ScalarValue::try_from_array(by, row)?.compacted();
            self.consider(ScalarValue::try_from_array(values, row)?.compacted(), by);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match &self.best {
            Some((value, _)) => Ok(value.clone()),
            None => ScalarValue::try_from(&first(&self.types)),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.best.as_ref().map_or(0, |(value, by)| value.size() + by.size())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (values, by) = self.best.clone().into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
        let types = [first(&self.types), self.types.get(1).cloned().unwrap_or(DataType::Null)];
        let [of, of_by] = &types;
        Ok(vec![list_of(&values, of), list_of(&by, of_by)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, by] = states else { return internal_err!("a state of {} columns", states.len()) };
        for (values, by) in lists(values)?.into_iter().zip(lists(by)?) {
            for (value, by) in values.into_iter().zip(by) {
                self.consider(value, by);
            }
        }
        Ok(())
    }
}

/// The value below which a share of all values lies, found exactly.
#[derive(Debug)]
struct Percentile {
    types: Vec<DataType>,
    values: Vec<ScalarValue>,
    share: Option<f64>,
}

impl Percentile {
    fn add(&mut self, value: ScalarValue, share: &ScalarValue) -> Result<()> {
        if self.values.len() >= VALUES_MAX {
            return too_many();
        }
        if let Ok(ScalarValue::Float64(Some(share))) = share.cast_to(&DataType::Float64) {
            if !(0.0..=1.0).contains(&share) {
                return Err(failed("percentage should be in [0,1], got ".to_owned() + &share.to_string()));
            }
            self.share = Some(share);
        }
        if !value.is_null() {
            self.values.push(value);
        }
        Ok(())
    }
}

impl Accumulator for Percentile {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values, shares] = values else { return internal_err!("{} arguments", values.len()) };
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            let share = ScalarValue::try_from_array(shares, row)?;
            self.add(ScalarValue::try_from_array(values, row)?, &share)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.values.sort_by(|left, right| left.partial_cmp(right).unwrap_or(Ordering::Equal));
        let last = self.values.len().saturating_sub(1);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count is a place in it"
        )]
        let place = (self.share.unwrap_or(0.5) * self.values.len() as f64).floor() as usize;
        match self.values.get(place.min(last)) {
            Some(value) => Ok(value.clone()),
            None => ScalarValue::try_from(&first(&self.types)),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<ScalarValue>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let of = first(&self.types);
        let share_type = self.types.get(1).cloned().unwrap_or(DataType::Float64);
        let share = ScalarValue::Float64(self.share).cast_to(&share_type)?;
        Ok(vec![list_of(&self.values, &of), list_of(&[share], &share_type)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, shares] = states else { return internal_err!("a state of {} columns", states.len()) };
        for (values, shares) in lists(values)?.into_iter().zip(lists(shares)?) {
            let share = shares.into_iter().next().unwrap_or(ScalarValue::Null);
            for value in values {
                self.add(value, &share)?;
            }
        }
        Ok(())
    }
}
