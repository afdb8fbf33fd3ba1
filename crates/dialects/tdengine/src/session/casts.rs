//! CAST, which never fails on what a value holds: texts are read as far as they are numbers, numbers
//! wrap around, long texts are cut.

use super::function::{Call, Function, argument, external, of};
use super::times::time_type;
use crate::literals::time_text;
use crate::timezone;
use crate::types::{DIALECT, declared};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, StringArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, UInt64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use model::TimeUnit;
use query::{DECLARED_DIALECT, DECLARED_LENGTH, DECLARED_WORD};
use std::sync::Arc;

/// `(value, word, length)`: a value as a type, which the words of [`target`] name.
pub(crate) const CAST: &str = "cast as";
/// `(text)`: as much of a text as is a number, as a float.
pub(super) const NUMBER_OF: &str = "number of text";

/// The type behind the name of a type and, for times, its unit.
fn target(word: &str, length: i64) -> Option<Field> {
    let field = |data_type| Some(Field::new("", data_type, true));
    let sized = |data_type: DataType| {
        let metadata = [
            (DECLARED_DIALECT.to_owned(), DIALECT.to_owned()),
            (DECLARED_WORD.to_owned(), declared(word).word),
            (DECLARED_LENGTH.to_owned(), length.to_string()),
        ];
        Some(Field::new("", data_type, true).with_metadata(metadata.into()))
    };
    match word {
        "BOOL" => field(DataType::Boolean),
        "TINYINT" => field(DataType::Int8),
        "SMALLINT" => field(DataType::Int16),
        "INT" => field(DataType::Int32),
        "BIGINT" => field(DataType::Int64),
        "TINYINT UNSIGNED" => field(DataType::UInt8),
        "SMALLINT UNSIGNED" => field(DataType::UInt16),
        "INT UNSIGNED" => field(DataType::UInt32),
        "BIGINT UNSIGNED" => field(DataType::UInt64),
        "FLOAT" => field(DataType::Float32),
        "DOUBLE" => field(DataType::Float64),
        "TIMESTAMP ms" => field(time_type(TimeUnit::Millisecond)),
        "TIMESTAMP us" => field(time_type(TimeUnit::Microsecond)),
        "TIMESTAMP ns" => field(time_type(TimeUnit::Nanosecond)),
        "VARCHAR" | "NCHAR" => sized(DataType::Utf8),
        "VARBINARY" => sized(DataType::Binary),
        _ => None,
    }
}

/// As much of a text as is a number.
fn leading_number(text: &str) -> f64 {
    let text = text.trim_start();
    let mut end = 0;
    let (mut digits, mut point, mut exponent) = (false, false, false);
    for (at, c) in text.char_indices() {
        let fits = match c {
            '+' | '-' => at == 0 || matches!(text.as_bytes().get(at - 1), Some(b'e' | b'E')) && exponent,
            '.' => !point && !exponent,
            'e' | 'E' => digits && !exponent,
            c => c.is_ascii_digit(),
        };
        if !fits {
            break;
        }
        point |= c == '.';
        exponent |= matches!(c, 'e' | 'E');
        if c.is_ascii_digit() {
            digits = true;
            end = at + 1;
        }
    }
    text.get(..end).and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

/// Values as wide whole numbers.
fn whole(values: &ArrayRef) -> Result<Vec<Option<i128>>> {
    Ok(match values.data_type() {
        DataType::UInt64 => values.as_primitive::<UInt64Type>().iter().map(|v| v.map(i128::from)).collect(),
        data_type if data_type.is_integer() || matches!(data_type, DataType::Boolean | DataType::Timestamp(..)) => {
            let wide = cast(values, &DataType::Int64)?;
            wide.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect()
        }
        #[expect(clippy::cast_possible_truncation, reason = "cut to the whole number, at the ends of the range")]
        _ => floats(values)?.iter().map(|v| v.map(|v| v as i128)).collect(),
    })
}

fn floats(values: &ArrayRef) -> Result<Float64Array> {
    if values.data_type().is_string() {
        let texts = cast(values, &DataType::Utf8)?;
        return Ok(texts.as_string::<i32>().iter().map(|text| text.map(leading_number)).collect());
    }
    let plain = match values.data_type() {
        DataType::Timestamp(..) => cast(values, &DataType::Int64)?,
        _ => Arc::clone(values),
    };
    Ok(cast(&plain, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
}

fn texts(values: &ArrayRef) -> Result<Vec<Option<String>>> {
    let float = |value: f64| if value.is_finite() { format!("{value:.6}") } else { value.to_string() };
    Ok(match values.data_type() {
        DataType::Boolean => {
            values.as_boolean().iter().map(|v| v.map(|v| if v { "true" } else { "false" }.to_owned())).collect()
        }
        DataType::Float32 | DataType::Float64 => floats(values)?.iter().map(|v| v.map(float)).collect(),
        DataType::Timestamp(..) => {
            let counts = cast(values, &DataType::Int64)?;
            counts.as_primitive::<Int64Type>().iter().map(|v| v.map(|v| v.to_string())).collect()
        }
        DataType::Binary => {
            let bytes = values.as_binary::<i32>();
            bytes.iter().map(|v| v.map(|v| String::from_utf8_lossy(v).into_owned())).collect()
        }
        _ => {
            let texts = cast(values, &DataType::Utf8)?;
            texts.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect()
        }
    })
}

fn cut(text: String, length: usize, characters: bool) -> String {
    let end = if characters {
        text.char_indices().nth(length).map_or(text.len(), |(end, _)| end)
    } else {
        text.floor_char_boundary(length)
    };
    text.get(..end).unwrap_or_default().to_owned()
}

fn to_time(values: &ArrayRef, call: &Call<'_>) -> Result<ArrayRef> {
    let counts: Int64Array = match values.data_type() {
        DataType::Timestamp(..) => return Ok(cast(values, call.result)?),
        data_type if data_type.is_string() => {
            let zone = timezone::parse(call.zone).map_err(external)?;
            let unit = match call.result {
                DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _) => TimeUnit::Microsecond,
                DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, _) => TimeUnit::Nanosecond,
                _ => TimeUnit::Millisecond,
            };
            let texts = cast(values, &DataType::Utf8)?;
            let read = |text: Option<&str>| text.map(|text| time_text::instant(text, unit, &zone).unwrap_or(0));
            texts.as_string::<i32>().iter().map(read).collect()
        }
        _ => whole(values)?.into_iter().map(|v| v.and_then(|v| i64::try_from(v).ok())).collect(),
    };
    let counts: ArrayRef = Arc::new(counts);
    Ok(cast(&counts, call.result)?)
}

fn converted(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?;
    if values.data_type().is_null() {
        return Ok(arrow::array::new_null_array(call.result, values.len()));
    }
    let word = argument(args, 1)?.as_string::<i32>();
    let characters = word.iter().next().flatten() == Some("NCHAR");
    let length = argument(args, 2)?.as_primitive::<Int64Type>();
    let length = usize::try_from(length.iter().next().flatten().unwrap_or(0)).unwrap_or(0);
    Ok(match call.result {
        DataType::Timestamp(..) => to_time(values, call)?,
        DataType::Boolean => {
            let truth = |text: &str| text.eq_ignore_ascii_case("true") || leading_number(text) != 0.0;
            if values.data_type().is_string() {
                let texts = texts(values)?.into_iter().map(|text| text.map(|text| truth(&text)));
                Arc::new(texts.collect::<BooleanArray>())
            } else {
                Arc::new(floats(values)?.iter().map(|v| v.map(|v| v != 0.0)).collect::<BooleanArray>())
            }
        }
        DataType::Float32 => {
            let wide: ArrayRef = Arc::new(floats(values)?);
            cast(&wide, call.result)?
        }
        DataType::Float64 => Arc::new(floats(values)?),
        DataType::Utf8 => {
            let texts = texts(values)?.into_iter().map(|text| text.map(|text| cut(text, length, characters)));
            Arc::new(texts.collect::<StringArray>())
        }
        DataType::Binary => {
            let bytes = texts(values)?.into_iter().map(|text| {
                text.map(|text| text.as_bytes().get(..length.min(text.len())).unwrap_or_default().to_vec())
            });
            Arc::new(bytes.collect::<Vec<_>>().iter().map(|bytes| bytes.as_deref()).collect::<BinaryArray>())
        }
        integer => wrapped(&whole(values)?, integer)?,
    })
}

/// Whole numbers wrapped around to the bits of a type.
fn wrapped(values: &[Option<i128>], to: &DataType) -> Result<ArrayRef> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wrapping is the vendor's rule")]
    let signed = |value: i128| match to {
        DataType::Int8 => i64::from(value as i8),
        DataType::Int16 => i64::from(value as i16),
        DataType::Int32 => i64::from(value as i32),
        DataType::UInt8 => i64::from(value as u8),
        DataType::UInt16 => i64::from(value as u16),
        DataType::UInt32 => i64::from(value as u32),
        _ => value as i64,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "wrapping is the vendor's rule")]
    if *to == DataType::UInt64 {
        return Ok(Arc::new(values.iter().map(|v| v.map(|v| v as u64)).collect::<UInt64Array>()));
    }
    let wide: ArrayRef = Arc::new(values.iter().map(|v| v.map(signed)).collect::<Int64Array>());
    Ok(cast(&wide, to)?)
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        Function::scalar(
            CAST,
            |_, types| {
                let first = types.first().cloned().unwrap_or(DataType::Null);
                Ok(vec![first, DataType::Utf8, DataType::Int64])
            },
            |_, constants| {
                let word = match constants.get(1).copied().flatten() {
                    Some(ScalarValue::Utf8(Some(word))) => word.as_str(),
                    _ => "",
                };
                let length = match constants.get(2).copied().flatten() {
                    Some(ScalarValue::Int64(Some(length))) => *length,
                    _ => 0,
                };
                target(word, length)
                    .ok_or_else(|| external(crate::error::coded(0x2605, format!("Invalid value type: {word}"))))
            },
            converted,
        ),
        Function::scalar(
            NUMBER_OF,
            |_, types| Ok(vec![DataType::Utf8; types.len()]),
            |_, _| of(DataType::Float64),
            |args, _| Ok(Arc::new(floats(argument(args, 0)?)?)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{cut, leading_number};

    #[test]
    fn texts_are_numbers_as_far_as_they_go() {
        for (text, number) in [
            ("12", 12.0),
            (" -1.5x", -1.5),
            ("abc", 0.0),
            ("", 0.0),
            ("1e3", 1000.0),
            ("1e", 1.0),
            ("+", 0.0),
            (".5", 0.5),
        ] {
            assert!((leading_number(text) - number).abs() < 1e-12, "{text:?}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(cut("中文x".to_owned(), 4, false), "中");
        assert_eq!(cut("中文x".to_owned(), 2, true), "中文");
    }
}
