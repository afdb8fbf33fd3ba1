//! The texts of plans that EXPLAIN answers, without what constants remember of the columns that they
//! were compared with: that is no part of a plan.

use arrow::array::{ArrayRef, AsArray as _, StringArray};
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;
use std::sync::Arc;

/// How what a constant remembers begins and ends.
const REMEMBERED: (&str, &str) = (" FieldMetadata { inner: {", "} }");

/// Rows of EXPLAIN as people read them.
pub(crate) fn readable(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| match column.as_string_opt::<i32>() {
        Some(texts) => {
            let plain: StringArray = texts.iter().map(|text| text.map(without_remembered)).collect();
            Arc::new(plain) as ArrayRef
        }
        None => Arc::clone(column),
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

fn without_remembered(plan: &str) -> String {
    let mut plain = String::with_capacity(plan.len());
    let mut rest = plan;
    while let Some((before, behind)) = rest.split_once(REMEMBERED.0) {
        plain.push_str(before);
        rest = behind.split_once(REMEMBERED.1).map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::readable;
    use arrow::array::{ArrayRef, AsArray as _, StringArray};
    use arrow::record_batch::RecordBatch;
    use datafusion::common::ScalarValue;
    use datafusion::common::metadata::FieldMetadata;
    use datafusion::logical_expr::{Expr, col};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    #[test]
    fn constants_show_their_values_alone() {
        let remembered = BTreeMap::from([("a".to_owned(), "b".to_owned()), ("c".to_owned(), "d".to_owned())]);
        let constant = Expr::Literal(ScalarValue::Utf8(Some("x".to_owned())), Some(FieldMetadata::from(remembered)));
        let text = format!("Filter: {} AND {}", col("h").eq(constant.clone()), col("i").eq(constant));
        assert!(text.contains("FieldMetadata"), "{text}");
        let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let shown = readable(&RecordBatch::try_from_iter([("plan", column)]).unwrap()).unwrap();
        let shown = shown.column(0).as_string::<i32>().value(0).to_owned();
        assert_eq!(shown, "Filter: h = Utf8(\"x\") AND i = Utf8(\"x\")");
    }
}
