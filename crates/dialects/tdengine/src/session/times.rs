//! Functions on times.

mod formats;

use super::function::{Call, Function, argument, external, of, text_of_length, wrong_count, wrong_type, wrong_value};
use super::window::nanos_per;
use crate::error::coded;
use crate::literals::time_text;
use crate::timezone::{self, Zone};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// `(text or number, unit)`: the time that it names, in that unit.
pub(crate) const TIME_OF: &str = "time of text";
/// `(time)`: an instant that is counted in milliseconds, microseconds or nanoseconds.
pub(crate) const INSTANT_MS: &str = "instant in ms";
pub(crate) const INSTANT_US: &str = "instant in us";
pub(crate) const INSTANT_NS: &str = "instant in ns";
/// `(earlier, later, unit)`: a difference of times, as a float.
pub(crate) const UNITS_BETWEEN: &str = "units between";
const DAY: i128 = 86_400_000_000_000;

/// The word for a unit.
pub(super) const fn unit_word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

fn unit_of(word: Option<&ScalarValue>) -> model::TimeUnit {
    match word {
        Some(ScalarValue::Utf8(Some(word)) | ScalarValue::Utf8View(Some(word))) if word == "us" => {
            model::TimeUnit::Microsecond
        }
        Some(ScalarValue::Utf8(Some(word)) | ScalarValue::Utf8View(Some(word))) if word == "ns" => {
            model::TimeUnit::Nanosecond
        }
        _ => model::TimeUnit::Millisecond,
    }
}

/// The Arrow type of times in a unit.
pub(super) fn time_type(unit: model::TimeUnit) -> DataType {
    DataType::Timestamp(unit.to_arrow(), Some("UTC".into()))
}

fn model_unit(data_type: &DataType) -> model::TimeUnit {
    match data_type {
        DataType::Timestamp(TimeUnit::Microsecond, _) => model::TimeUnit::Microsecond,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => model::TimeUnit::Nanosecond,
        _ => model::TimeUnit::Millisecond,
    }
}

fn zone(call: &Call<'_>) -> Result<Zone> {
    timezone::parse(call.zone).map_err(external)
}

fn counts(values: &ArrayRef) -> Result<Int64Array> {
    Ok(cast(values, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

fn times(values: Int64Array, data_type: &DataType) -> Result<ArrayRef> {
    let values: ArrayRef = Arc::new(values);
    Ok(cast(&values, data_type)?)
}

/// Nanoseconds since 1970 of times, of numbers in milliseconds (or finer, by their digits), and of
/// texts; NULL for a text that names no time.
fn nanos(values: &ArrayRef, zone: &Zone) -> Result<Vec<Option<i128>>> {
    match values.data_type() {
        DataType::Timestamp(..) => {
            let per = nanos_per(values.data_type())?;
            Ok(counts(values)?.iter().map(|value| value.map(|value| i128::from(value) * per)).collect())
        }
        data_type if data_type.is_string() => {
            let texts = cast(values, &DataType::Utf8)?;
            Ok(texts.as_string::<i32>().iter().map(|text| time_text::nanos(text?, zone)).collect())
        }
        DataType::Null => Ok(vec![None; values.len()]),
        _ => Ok(counts(values)?.iter().map(|value| value.map(by_digits)).collect()),
    }
}

/// A bare number as a time: its digits tell seconds, milliseconds, microseconds and nanoseconds apart.
fn by_digits(value: i64) -> i128 {
    let per = match value.unsigned_abs() {
        0..=99_999_999_999 => 1_000_000_000,
        100_000_000_000..=99_999_999_999_999 => 1_000_000,
        100_000_000_000_000..=99_999_999_999_999_999 => 1_000,
        _ => 1,
    };
    i128::from(value) * per
}

/// `time + count * sign`, in the unit of the time.
pub(super) fn shift() -> ScalarUDF {
    Function::scalar(
        "shifted time",
        |_, types| {
            Ok(types.iter().enumerate().map(|(i, t)| if i == 0 { t.clone() } else { DataType::Int64 }).collect())
        },
        |fields, _| of(fields.first().map_or(DataType::Null, |field| field.data_type().clone())),
        |args, _| {
            let time = argument(args, 0)?;
            let (values, moves) = (counts(time)?, argument(args, 1)?.as_primitive::<Int64Type>());
            let signs = argument(args, 2)?.as_primitive::<Int64Type>();
            let moved = values.iter().zip(moves.iter()).zip(signs.iter());
            let moved = moved.map(|((value, by), sign)| value?.checked_add(by?.checked_mul(sign?)?));
            times(moved.collect(), time.data_type())
        },
    )
}

fn time_of(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?;
    let unit = model_unit(call.result);
    let found: Int64Array = if values.data_type().is_string() {
        let zone = zone(call)?;
        let texts = cast(values, &DataType::Utf8)?;
        let read = |text: Option<&str>| {
            let Some(text) = text else { return Ok(None) };
            match time_text::instant(text, unit, &zone) {
                Some(at) => Ok(Some(at)),
                None => Err(external(coded(0x2635, format!("Incorrect TIMESTAMP value: {text}")))),
            }
        };
        texts.as_string::<i32>().iter().map(read).collect::<Result<_>>()?
    } else {
        counts(values)?
    };
    times(found, call.result)
}

fn instant(name: &'static str, returns: super::function::Returns) -> ScalarUDF {
    Function::scalar(
        name,
        |_, _| Ok(vec![DataType::Int64]),
        returns,
        |args, call| Ok(cast(argument(args, 0)?, call.result)?),
    )
}

/// A span that is a unit: `1s`, `1d`.
fn unit_nanos(name: &str, args: &[ArrayRef], index: usize) -> Result<Option<i128>> {
    let Some(spans) = args.get(index) else { return Ok(None) };
    let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
    if spans.is_empty() || spans.is_null(0) {
        return Err(wrong_value(name));
    }
    let IntervalMonthDayNano { months, days, nanoseconds } = spans.value(0);
    let nanos = i128::from(days) * DAY + i128::from(nanoseconds);
    if months != 0 || nanos <= 0 {
        return Err(wrong_value(name));
    }
    Ok(Some(nanos))
}

/// Times (or what names one) first, then a span, then a flag.
fn times_and_span(name: &str, types: &[DataType], how_many: usize, most: usize) -> Result<Vec<DataType>> {
    if types.len() < how_many || types.len() > most {
        return Err(wrong_count(name));
    }
    let span = DataType::Interval(IntervalUnit::MonthDayNano);
    let one = |(index, data_type): (usize, &DataType)| {
        let is_time = matches!(data_type, DataType::Timestamp(..))
            || data_type.is_integer()
            || data_type.is_string()
            || data_type.is_null();
        if index < how_many {
            if is_time { Ok(data_type.clone()) } else { Err(wrong_type(name)) }
        } else if index == how_many {
            if matches!(data_type, DataType::Interval(_)) { Ok(span.clone()) } else { Err(wrong_type(name)) }
        } else if data_type.is_integer() {
            Ok(DataType::Int64)
        } else {
            Err(wrong_type(name))
        }
    };
    types.iter().enumerate().map(one).collect()
}

/// The type of times that an argument is, or names.
fn time_result(data_type: Option<&DataType>) -> DataType {
    match data_type {
        Some(time @ DataType::Timestamp(..)) => time.clone(),
        _ => time_type(model::TimeUnit::Millisecond),
    }
}

fn back(values: Vec<Option<i128>>, data_type: &DataType) -> Result<ArrayRef> {
    let per = nanos_per(data_type)?;
    let counts = values.into_iter().map(|value| i64::try_from(value?.div_euclid(per)).ok());
    times(counts.collect(), data_type)
}

fn truncated(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let values = nanos(argument(args, 0)?, &zone)?;
    let unit = unit_nanos("timetruncate", args, 1)?.ok_or_else(|| wrong_count("timetruncate"))?;
    let allowed = [1, 1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000, DAY, 7 * DAY];
    if !allowed.contains(&unit) {
        return Err(wrong_value("timetruncate"));
    }
    let local = args.get(2).is_none_or(|flag| flag.as_primitive::<Int64Type>().iter().next().flatten() != Some(0));
    let cut = |at: i128| {
        let seconds = i64::try_from(at.div_euclid(1_000_000_000)).unwrap_or_default();
        let shift =
            if local && unit >= DAY { i128::from(timezone::offset_seconds(&zone, seconds)) * 1_000_000_000 } else { 0 };
        (at + shift).div_euclid(unit) * unit - shift
    };
    back(values.into_iter().map(|value| value.map(cut)).collect(), call.result)
}

fn difference(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let (left, right) = (argument(args, 0)?, argument(args, 1)?);
    // Without a unit: the finer one of both, milliseconds where neither is a time.
    let own = [left, right].iter().filter_map(|values| nanos_per(values.data_type()).ok()).min();
    let unit = unit_nanos("timediff", args, 2)?.or(own).unwrap_or(1_000_000);
    let pairs = nanos(left, &zone)?.into_iter().zip(nanos(right, &zone)?);
    let values = pairs.map(|(left, right)| i64::try_from((left? - right?) / unit).ok());
    Ok(Arc::new(values.collect::<Int64Array>()))
}

fn iso8601(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let session = zone(call)?;
    let source = argument(args, 0)?;
    let offset = match args.get(1) {
        Some(texts) => {
            let texts = texts.as_string::<i32>();
            let text = texts.iter().next().flatten().unwrap_or_default().to_owned();
            Some((formats::offset_seconds(&text).ok_or_else(|| wrong_value("to_iso8601"))?, text))
        }
        None => None,
    };
    let digits = match source.data_type() {
        DataType::Timestamp(unit, _) => Some(crate::types::digits(*unit)),
        _ => None,
    };
    let numbers = if digits.is_none() && source.data_type().is_integer() { Some(counts(source)?) } else { None };
    let values = nanos(source, &session)?;
    let text = |(row, at): (usize, Option<i128>)| {
        let at = at?;
        let digits = digits.unwrap_or_else(|| match numbers.as_ref().map(|n| n.value(row).unsigned_abs()) {
            Some(0..=99_999_999_999) => 0,
            Some(100_000_000_000_000..=99_999_999_999_999_999) => 6,
            Some(100_000_000_000_000_000..) => 9,
            _ => 3,
        });
        Some(formats::iso8601(at, digits, offset.as_ref().map(|(seconds, text)| (*seconds, text.as_str())), &session))
    };
    Ok(Arc::new(values.into_iter().enumerate().map(text).collect::<StringArray>()))
}

fn unix_timestamp(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let texts = argument(args, 0)?.as_string::<i32>();
    let values: Int64Array =
        texts.iter().map(|text| i64::try_from(time_text::nanos(text?, &zone)?.div_euclid(1_000_000)).ok()).collect();
    let values: ArrayRef = Arc::new(values);
    Ok(cast(&values, call.result)?)
}

/// Functions of one time (and a mode) to a whole number.
fn day_function(name: &'static str, most: usize, body: super::function::Body) -> ScalarUDF {
    let coerce: super::function::Coerce = if most == 2 {
        |name, types| {
            if types.is_empty() || types.len() > 2 {
                return Err(wrong_count(name));
            }
            Ok(types.iter().enumerate().map(|(i, t)| if i == 0 { t.clone() } else { DataType::Int64 }).collect())
        }
    } else {
        |name, types| times_and_span(name, types, 1, 1)
    };
    Function::scalar(name, coerce, |_, _| of(DataType::Int64), body)
}

fn day_number(args: &[ArrayRef], call: &Call<'_>, compute: impl Fn(jiff::civil::Date) -> i64) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let values = nanos(argument(args, 0)?, &zone)?;
    let numbers = values.into_iter().map(|at| Some(compute(formats::wall(at?, &zone)?.date())));
    Ok(Arc::new(numbers.collect::<Int64Array>()))
}

fn week_mode(args: &[ArrayRef]) -> i64 {
    args.get(1).and_then(|modes| modes.as_primitive::<Int64Type>().iter().next().flatten()).unwrap_or(0)
}

fn to_char(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let values = nanos(argument(args, 0)?, &zone)?;
    let patterns = argument(args, 1)?.as_string::<i32>();
    let texts = values.into_iter().zip(patterns.iter()).map(|(at, pattern)| formats::to_char(at?, pattern?, &zone));
    Ok(Arc::new(texts.collect::<StringArray>()))
}

fn to_timestamp(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let (texts, patterns) = (argument(args, 0)?.as_string::<i32>(), argument(args, 1)?.as_string::<i32>());
    let values = texts.iter().zip(patterns.iter()).map(|pair| {
        let (Some(text), Some(pattern)) = pair else { return Ok(None) };
        let found = formats::from_text(text, pattern, &zone);
        found.map(Some).ok_or_else(|| external(coded(0x2806, "Func to_timestamp failed for format mismatch")))
    });
    back(values.collect::<Result<Vec<_>, DataFusionError>>()?, call.result)
}

fn between(args: &[ArrayRef], call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call)?;
    let (first, last) = (argument(args, 0)?, argument(args, 1)?);
    let unit = match unit_nanos("elapsed", args, 2)? {
        Some(unit) => unit,
        None => nanos_per(first.data_type())?,
    };
    let pairs = nanos(first, &zone)?.into_iter().zip(nanos(last, &zone)?);
    #[expect(clippy::cast_precision_loss, reason = "the vendor answers in floats")]
    let values = pairs.map(|(first, last)| Some((last? - first?) as f64 / unit as f64));
    Ok(Arc::new(values.collect::<arrow::array::Float64Array>()))
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        Function::scalar(
            TIME_OF,
            |_, types| {
                let first = match types.first() {
                    Some(text) if text.is_string() => DataType::Utf8,
                    _ => DataType::Int64,
                };
                Ok(vec![first, DataType::Utf8])
            },
            |_, constants| of(time_type(unit_of(constants.get(1).copied().flatten()))),
            time_of,
        ),
        instant(INSTANT_MS, |_, _| of(time_type(model::TimeUnit::Millisecond))),
        instant(INSTANT_US, |_, _| of(time_type(model::TimeUnit::Microsecond))),
        instant(INSTANT_NS, |_, _| of(time_type(model::TimeUnit::Nanosecond))),
        Function::scalar(
            "timetruncate",
            |name, types| if types.len() < 2 { Err(wrong_count(name)) } else { times_and_span(name, types, 1, 3) },
            |fields, _| of(time_result(fields.first().map(|field| field.data_type()))),
            truncated,
        ),
        Function::scalar(
            "timediff",
            |name, types| times_and_span(name, types, 2, 3),
            |_, _| of(DataType::Int64),
            difference,
        ),
        Function::scalar(
            "to_iso8601",
            |name, types| match types {
                [_] => times_and_span(name, types, 1, 1),
                [time, offset] if offset.is_string() => {
                    let mut coerced = times_and_span(name, std::slice::from_ref(time), 1, 1)?;
                    coerced.push(DataType::Utf8);
                    Ok(coerced)
                }
                [_, _] => Err(wrong_type(name)),
                _ => Err(wrong_count(name)),
            },
            |_, _| text_of_length(62),
            iso8601,
        ),
        Function::scalar(
            "to_unixtimestamp",
            |name, types| match types {
                [text] if text.is_string() || text.is_null() => Ok(vec![DataType::Utf8]),
                [text, flag] if (text.is_string() || text.is_null()) && flag.is_integer() => {
                    Ok(vec![DataType::Utf8, DataType::Int64])
                }
                [_] | [_, _] => Err(wrong_type(name)),
                _ => Err(wrong_count(name)),
            },
            |_, constants| match constants.get(1) {
                Some(Some(ScalarValue::Int64(Some(1)))) => of(time_type(model::TimeUnit::Millisecond)),
                _ => of(DataType::Int64),
            },
            unix_timestamp,
        ),
        day_function("weekday", 1, |args, call| {
            day_number(args, call, |day| i64::from(day.weekday().to_monday_zero_offset()))
        }),
        day_function("dayofweek", 1, |args, call| {
            day_number(args, call, |day| i64::from(day.weekday().to_sunday_one_offset()))
        }),
        day_function("weekofyear", 1, |args, call| day_number(args, call, |day| formats::week(day, 3))),
        day_function("week", 2, |args, call| {
            let mode = week_mode(args);
            day_number(args, call, |day| formats::week(day, mode))
        }),
        Function::scalar(
            "to_char",
            |name, types| match types {
                [time, pattern] if pattern.is_string() => {
                    let mut coerced = times_and_span(name, std::slice::from_ref(time), 1, 1)?;
                    coerced.push(DataType::Utf8);
                    Ok(coerced)
                }
                [_, _] => Err(wrong_type(name)),
                _ => Err(wrong_count(name)),
            },
            |_, _| text_of_length(4_094),
            to_char,
        ),
        Function::scalar(
            "to_timestamp",
            |name, types| super::function::texts(name, types, 2, 2),
            |_, _| of(time_type(model::TimeUnit::Millisecond)),
            to_timestamp,
        ),
        Function::scalar(
            UNITS_BETWEEN,
            |_, types| {
                let span = DataType::Interval(IntervalUnit::MonthDayNano);
                Ok(types.iter().enumerate().map(|(i, t)| if i == 2 { span.clone() } else { t.clone() }).collect())
            },
            |_, _| Ok(Field::new("", DataType::Float64, true)),
            between,
        ),
        shift(),
    ]
}
