//! A value as text, as a cast to a text type spells it: floats like `1e+17`, times like
//! `2023-05-31 10:00:00+00:00` in the session's zone.

use super::zoned::session_zone;
use crate::render::cell::{Column, time_text};
use crate::timezone::Zone;
use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use model::Error;
use query::functions::{RowCall, RowFunction, nanos_per};
use std::fmt::LowerExp;
use std::sync::Arc;

/// Its name: nothing that a user can write.
pub(crate) const NAME: &str = "text of";

/// The function.
pub(super) fn text_of() -> ScalarUDF {
    RowFunction::new(NAME, Signature::any(1, Volatility::Stable), |_| Ok(DataType::Utf8), run).into()
}

fn run(call: &RowCall<'_>) -> Result<ArrayRef> {
    let [values] = call.exactly()?;
    if values.data_type().is_string() {
        return Ok(cast(values, &DataType::Utf8)?);
    }
    let texts = texts(values, &session_zone(call.options));
    Ok(Arc::new(texts.map_err(|error| DataFusionError::External(Box::new(error)))?))
}

fn texts(values: &ArrayRef, zone: &Zone) -> model::Result<StringArray> {
    let each = |text: &dyn Fn(usize) -> model::Result<String>| {
        (0..values.len())
            .map(|row| if values.is_null(row) { Ok(None) } else { text(row).map(Some) })
            .collect::<model::Result<StringArray>>()
    };
    match values.data_type() {
        DataType::Float32 => {
            let floats = values.as_primitive::<Float32Type>();
            each(&|row| Ok(float_text(floats.value(row), f64::from(floats.value(row)))))
        }
        DataType::Float64 => {
            let floats = values.as_primitive::<Float64Type>();
            each(&|row| Ok(float_text(floats.value(row), floats.value(row))))
        }
        DataType::Timestamp(unit, zoned) => {
            let counts = cast(values, &DataType::Int64).map_err(Error::internal)?;
            let counts = counts.as_primitive::<Int64Type>();
            let nanos_per = nanos_per(*unit);
            let zone = zoned.is_some().then_some(zone);
            each(&|row| Ok(spelled_time(&time_text(i128::from(counts.value(row)) * nanos_per, zone))))
        }
        DataType::Binary => {
            let bytes = values.as_binary::<i32>();
            each(&|row| Ok(String::from_utf8_lossy(bytes.value(row)).into_owned()))
        }
        other => {
            let column = Column::new(values, &Field::new("", other.clone(), true))?;
            each(&|row| {
                let mut out = Vec::new();
                column.push(&mut out, row, zone)?;
                match serde_json::from_slice::<String>(&out) {
                    Ok(text) => Ok(text),
                    Err(_) => String::from_utf8(out).map_err(Error::internal),
                }
            })
        }
    }
}

/// RFC 3339 with a blank for `T` and `+00:00` for `Z`.
fn spelled_time(text: &str) -> String {
    let text = text.replacen('T', " ", 1);
    match text.strip_suffix('Z') {
        Some(local) => format!("{local}+00:00"),
        None => text,
    }
}

/// The shortest digits that read back, with an exponent from 10^6 on and below 10^-4.
fn float_text<F: LowerExp + std::fmt::Display + Copy>(value: F, wide: f64) -> String {
    if wide.is_nan() {
        return "NaN".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..=5) | Err(_) => value.to_string(),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{float_text, spelled_time};

    #[test]
    fn floats() {
        for (value, text) in [
            (1.0, "1"),
            (0.5, "0.5"),
            (123_456.0, "123456"),
            (1_000_000.0, "1e+06"),
            (99_999_999.0, "9.9999999e+07"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-1e100, "-1e+100"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(float_text(value, value), text);
        }
    }

    #[test]
    fn times() {
        assert_eq!(spelled_time("2023-05-31T10:00:00Z"), "2023-05-31 10:00:00+00:00");
        assert_eq!(spelled_time("2023-05-31T10:00:00.5+08:00"), "2023-05-31 10:00:00.5+08:00");
    }
}
