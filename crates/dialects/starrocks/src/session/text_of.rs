//! A value as text, as a cast to a text type spells it: booleans as 0 and 1, times in the statement's
//! zone.

use super::wall_clock::session_zone;
use crate::render::cell::Column;
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowCall, RowFunction};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "text of";

/// The function.
pub(super) fn text_of() -> ScalarUDF {
    RowFunction::new(NAME, Signature::any(1, Volatility::Stable), |_| Ok(DataType::Utf8), run).into()
}

fn run(call: &RowCall<'_>) -> Result<ArrayRef> {
    let ([values], [field]) = (call.exactly()?, call.fields) else { return internal_err!("{NAME} takes one value") };
    if values.data_type().is_string() {
        return Ok(cast(values, &DataType::Utf8)?);
    }
    let texts = texts(values, field, &session_zone(call.options));
    Ok(Arc::new(texts.map_err(|error| DataFusionError::External(Box::new(error)))?))
}

fn texts(values: &ArrayRef, field: &Field, zone: &crate::zone::Zone) -> model::Result<StringArray> {
    let column = Column::new(values, field)?;
    let mut texts = Vec::with_capacity(values.len());
    let mut out = Vec::new();
    for row in 0..values.len() {
        out.clear();
        column.push(&mut out, row, zone)?;
        texts.push(match out.as_slice() {
            b"null" => None,
            // A text in quotes holds nothing here that JSON escapes.
            [b'"', inner @ .., b'"'] => Some(String::from_utf8_lossy(inner).into_owned()),
            plain => Some(String::from_utf8_lossy(plain).into_owned()),
        });
    }
    Ok(StringArray::from(texts))
}
