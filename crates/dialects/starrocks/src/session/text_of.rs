//! A value as text, as a cast to a text type spells it: booleans as 0 and 1, times in the statement's
//! zone.

use super::wall_clock::session_zone;
use crate::render::cell::Column;
use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "text of";

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextOf {
    signature: Signature,
}

/// The function.
pub(super) fn text_of() -> ScalarUDF {
    ScalarUDF::new_from_impl(TextOf { signature: Signature::any(1, Volatility::Stable) })
}

impl ScalarUDFImpl for TextOf {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, DataType::Utf8, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = session_zone(&args.config_options);
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ([values], [field]) = (arrays.as_slice(), args.arg_fields.as_slice()) else {
            return Err(DataFusionError::Internal(format!("{NAME} takes one value")));
        };
        if values.data_type().is_string() {
            return Ok(ColumnarValue::Array(cast(values, &DataType::Utf8)?));
        }
        let texts = texts(values, field, &zone).map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
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
