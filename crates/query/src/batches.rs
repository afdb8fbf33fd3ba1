//! How many rows a batch holds: fewer when rows are wide or memory is scarce.
//!
//! Operators that spill hold some dozens of batches even then, so that a batch must be a small
//! part of the query's memory.

use arrow::datatypes::{DataType, Field};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;

use crate::field::DECLARED_LENGTH;

/// The part of a query's memory that one batch may take.
const PART: usize = 64;
/// Rows of a batch at least, and at most.
const ROWS: std::ops::RangeInclusive<usize> = 64..=8_192;
/// The width that a row may turn out to have, whatever its columns say.
const ROW_BYTES_MIN: usize = 1_024;
/// What a value of no declared length comes to.
const VALUE_BYTES: usize = 32;
/// What one of a great declared length comes to: few fill it.
const VALUE_BYTES_MAX: usize = 1_024;
/// A batch of fewer bytes is not worth cutting.
const BATCH_BYTES_MIN: usize = 256 << 10;

/// The bytes that a batch may take of a query's memory.
pub(crate) fn batch_bytes(memory: usize) -> usize {
    (memory / PART).max(BATCH_BYTES_MIN)
}

/// The rows that a batch of a plan may have.
pub(crate) fn batch_rows(plan: &LogicalPlan, memory: usize) -> Result<usize> {
    let mut widest = ROW_BYTES_MIN;
    plan.apply_with_subqueries(|plan| {
        widest = widest.max(row_bytes(plan.schema().fields().iter().map(AsRef::as_ref)));
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok((memory / PART / widest).clamp(*ROWS.start(), *ROWS.end()))
}

/// About how many bytes a row of these columns takes.
pub(crate) fn row_bytes<'a>(fields: impl Iterator<Item = &'a Field>) -> usize {
    fields.map(value_bytes).sum()
}

fn value_bytes(field: &Field) -> usize {
    if let Some(width) = field.data_type().primitive_width() {
        return width;
    }
    match field.data_type() {
        DataType::Null | DataType::Boolean => 1,
        DataType::FixedSizeBinary(bytes) => usize::try_from(*bytes).unwrap_or(VALUE_BYTES),
        _ => {
            let declared = field.metadata().get(DECLARED_LENGTH).and_then(|length| length.parse().ok());
            declared.map_or(VALUE_BYTES, |length: usize| length.clamp(VALUE_BYTES, VALUE_BYTES_MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::memory::meters;
    use crate::testing::Bench;
    use std::collections::HashMap;

    #[test]
    fn widths_follow_types_and_declarations() {
        let text = |length: usize| {
            let metadata = HashMap::from([(DECLARED_LENGTH.to_owned(), length.to_string())]);
            Field::new("t", DataType::Utf8, true).with_metadata(metadata)
        };
        let fields = [Field::new("n", DataType::Int64, true), Field::new("u", DataType::Utf8, true), text(300)];
        assert_eq!(row_bytes(fields.iter()), 8 + 32 + 300);
        assert_eq!(row_bytes([text(1 << 20)].iter()), 1_024);
    }

    #[tokio::test]
    async fn scarce_memory_makes_small_batches() {
        let mut bench = Bench::new();
        bench.table(meters(&[]));
        let plan = bench.plan("SELECT * FROM meters").await.unwrap();
        assert_eq!(batch_rows(&plan, 16 << 20).unwrap(), 256);
        assert_eq!(batch_rows(&plan, 1).unwrap(), 64);
        assert_eq!(batch_rows(&plan, 1 << 30).unwrap(), 8_192);
    }
}
