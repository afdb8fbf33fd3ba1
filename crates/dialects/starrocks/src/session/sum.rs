//! `sum`: BIGINT for whole numbers, with an error beyond its range; exact for decimals, DOUBLE for
//! floats. The shared exact sum does the adding, what it gives for whole numbers is brought to 64 bits.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature};
use model::{Error, ErrorKind};
use query::functions::sum_exact;
use std::sync::Arc;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    exact: AggregateUDF,
}

/// The function.
pub(super) fn sum() -> AggregateUDF {
    AggregateUDF::new_from_impl(Sum { exact: sum_exact("sum") })
}

fn narrowed(sums: &ArrayRef) -> Result<ArrayRef> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(sums, &DataType::Int64, &strict).map_err(|_| {
        let what = "the result of sum".to_owned();
        DataFusionError::External(Box::new(Error::new(ErrorKind::NumericOverflow { what })))
    })
}

fn is_whole(args: &AccumulatorArgs<'_>) -> bool {
    matches!(args.return_field.data_type(), DataType::Int64)
}

impl Sum {
    /// The arguments as the exact sum takes them.
    fn exact_args<'a>(&self, mut args: AccumulatorArgs<'a>) -> Result<AccumulatorArgs<'a>> {
        let types: Vec<DataType> = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = self.exact.inner().return_type(&types)?;
        args.return_field = Arc::new(args.return_field.as_ref().clone().with_data_type(data_type));
        Ok(args)
    }
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        self.exact.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Boolean] => Ok(vec![DataType::Int8]),
            [text] if text.is_string() => Ok(vec![DataType::Float64]),
            _ => self.exact.inner().coerce_types(types),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [whole] if whole.is_integer() => Ok(DataType::Int64),
            _ => self.exact.inner().return_type(types),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.exact.inner().state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let whole = is_whole(&args);
        let exact = self.exact.inner().accumulator(self.exact_args(args)?)?;
        Ok(if whole { Box::new(Narrowed { exact }) } else { exact })
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.exact.inner().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        let whole = is_whole(&args);
        let exact = self.exact.inner().create_groups_accumulator(self.exact_args(args)?)?;
        Ok(if whole { Box::new(NarrowedGroups { exact }) } else { exact })
    }
}

#[derive(Debug)]
struct Narrowed {
    exact: Box<dyn Accumulator>,
}

impl Accumulator for Narrowed {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.exact.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.exact.evaluate()?.to_array()?;
        ScalarValue::try_from_array(&narrowed(&sum)?, 0)
    }

    fn size(&self) -> usize {
        self.exact.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.exact.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.exact.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.exact.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.exact.supports_retract_batch()
    }
}

struct NarrowedGroups {
    exact: Box<dyn GroupsAccumulator>,
}

impl GroupsAccumulator for NarrowedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.exact.update_batch(values, groups, filter, total)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        narrowed(&self.exact.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.exact.state(emit_to)
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.exact.merge_batch(values, groups, total)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.exact.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.exact.size()
    }
}
