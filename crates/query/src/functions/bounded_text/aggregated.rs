//! `string_agg` that builds no giant values.

use super::VALUE_MAX;
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, ReversedUDAF, Signature};
use std::sync::Arc;

/// The same function within limits, if it joins texts.
pub(crate) fn bounded_aggregate(function: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    if function.name() == "string_agg" { Arc::new(AggregateUDF::new_from_impl(Bounded(function))) } else { function }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded(Arc<AggregateUDF>);

/// Groups have an accumulator each: the limit is that of one value.
impl AggregateUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn signature(&self) -> &Signature {
        self.0.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.0.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.0.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(BoundedAccumulator(self.0.accumulator(args)?)))
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.0.reverse_udf() {
            ReversedUDAF::Reversed(function) => ReversedUDAF::Reversed(bounded_aggregate(function)),
            other => other,
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.0.documentation()
    }
}

#[derive(Debug)]
struct BoundedAccumulator(Box<dyn Accumulator>);

impl BoundedAccumulator {
    /// Texts grow by doubling, so that what they take may be twice what they are.
    fn check(&self) -> Result<()> {
        if self.0.size() > 2 * VALUE_MAX { Err(too_long()) } else { Ok(()) }
    }
}

fn too_long() -> DataFusionError {
    DataFusionError::Execution(format!("string_agg may build at most {} MB of text for one value", VALUE_MAX >> 20))
}

impl Accumulator for BoundedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(values)?;
        self.check()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = self.0.evaluate()?;
        match &value {
            ScalarValue::LargeUtf8(Some(text)) if text.len() > VALUE_MAX => Err(too_long()),
            _ => Ok(value),
        }
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)?;
        self.check()
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    #[tokio::test]
    async fn joined_rows_are_limited_too() {
        let mut bench = Bench::with(|options| options.memory_bytes = 1 << 30);
        let rows: Vec<_> = (0..40).map(|i| ("ab", i % 2, "x", i * 1_000, None, Some(1))).collect();
        bench.table(meters(&rows));
        for group in ["", "GROUP BY meter"] {
            let sql = format!("SELECT length(string_agg(repeat(site, 2000000), ',')) FROM meters {group}");
            let error = format!("{:?}", bench.error(&sql).await);
            assert!(error.contains("string_agg may build at most 64 MB"), "{error}");
        }
        let sql = "SELECT meter, length(string_agg(site, ', ')), string_agg(DISTINCT site, ',' ORDER BY site) \
                   FROM meters GROUP BY meter ORDER BY meter";
        assert_eq!(bench.rows(sql).await.unwrap(), ["0|78|ab", "1|78|ab"]);
    }
}
