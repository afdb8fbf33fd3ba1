//! Aggregates of this vendor that DataFusion lacks: computed from sums, or from the list of all
//! values in order of time.

use super::function::{Function, argument, external, is_number, of, wrong_type, wrong_value};
use crate::error::coded;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use std::collections::HashMap;
use std::sync::Arc;

/// The exact sum, as an aggregate.
pub(crate) const TOTAL: &str = "total";
/// `(total, unsigned)`: a total of whole numbers as BIGINT, or as BIGINT UNSIGNED.
pub(crate) const TOTAL_RESULT: &str = "total as number";
/// `(value, earlier)`: their difference, of whole numbers a whole one.
pub(crate) const DIFFERENCE: &str = "difference to";
/// `(key columns..)`: the name of a series that has none of its own.
pub(crate) const SERIES_NAME: &str = "name of series";
/// `(greatest, least)`: their difference.
pub(crate) const SPREAD: &str = "spread between";
/// `(values, percents..)`
pub(crate) const PERCENTILE: &str = "percentile of";
/// `(values, times)`: the average weighted by time.
pub(crate) const TWA: &str = "average over time";
/// `(values, times)`: the rate between the last two.
pub(crate) const IRATE: &str = "rate at last";
/// `(values, start, step)`: a line through them.
pub(crate) const LEAST_SQUARES: &str = "line through";
/// `(values)`: the most frequent one.
pub(crate) const MODE: &str = "most frequent of";

fn total(args: &[ArrayRef], call: &super::function::Call<'_>) -> Result<ArrayRef> {
    let totals = argument(args, 0)?;
    if totals.data_type() == call.result {
        return Ok(Arc::clone(totals));
    }
    let totals = totals.as_primitive::<Decimal128Type>();
    let overflow = || external(coded(0x0224, "Value out of range"));
    if *call.result == DataType::UInt64 {
        let values = totals.iter().map(|v| v.map(|v| u64::try_from(v).map_err(|_| overflow())).transpose());
        return Ok(Arc::new(values.collect::<Result<UInt64Array>>()?));
    }
    let values = totals.iter().map(|v| v.map(|v| i64::try_from(v).map_err(|_| overflow())).transpose());
    Ok(Arc::new(values.collect::<Result<Int64Array>>()?))
}

/// The lists of a column, as floats; NULL stays.
fn lists(values: &ArrayRef) -> Result<Vec<Option<Float64Array>>> {
    let lists = values.as_list::<i32>();
    let one = |row: usize| {
        if lists.is_null(row) {
            return Ok(None);
        }
        let values = lists.value(row);
        let plain = match values.data_type() {
            DataType::Timestamp(..) => cast(&values, &DataType::Int64)?,
            _ => values,
        };
        Ok(Some(cast(&plain, &DataType::Float64)?.as_primitive::<Float64Type>().clone()))
    };
    (0..lists.len()).map(one).collect()
}

/// Values that are not NULL with their times.
fn points(values: &Float64Array, times: &Float64Array) -> Vec<(f64, f64)> {
    values.iter().zip(times.iter()).filter_map(|(value, time)| Some((time?, value?))).collect()
}

fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a list is shorter than 2^52")]
    let place = percent / 100.0 * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
    let below = (place.floor() as usize).min(last);
    let (low, high) = (sorted.get(below)?, sorted.get((below + 1).min(last))?);
    Some(low + (high - low) * (place - place.floor()))
}

fn percentiles(args: &[ArrayRef], call: &super::function::Call<'_>) -> Result<ArrayRef> {
    let percents = args
        .iter()
        .skip(1)
        .map(|arg| {
            let percents = arg.as_primitive::<Float64Type>();
            let percent = percents.iter().next().flatten();
            percent.filter(|p| (0.0..=100.0).contains(p)).ok_or_else(|| wrong_value("percentile"))
        })
        .collect::<Result<Vec<f64>>>()?;
    let rows = lists(argument(args, 0)?)?.into_iter().map(|values| {
        let mut sorted: Vec<f64> = values?.iter().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        percents.iter().map(|percent| percentile(&sorted, *percent)).collect::<Option<Vec<f64>>>()
    });
    if *call.result == DataType::Float64 {
        return Ok(Arc::new(rows.map(|row| row?.first().copied()).collect::<Float64Array>()));
    }
    let text = |row: Vec<f64>| {
        let texts: Vec<String> = row.iter().map(|value| format!("{value:.6}")).collect();
        format!("[{}]", texts.join(", "))
    };
    Ok(Arc::new(rows.map(|row| row.map(text)).collect::<StringArray>()))
}

/// The mean of a line through points, over time; the value itself where there is only one.
fn time_weighted(points: &[(f64, f64)]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    let length = last.0 - first.0;
    if length <= 0.0 {
        return Some(first.1);
    }
    let area: f64 = points
        .windows(2)
        .filter_map(|pair| match pair {
            [(t0, v0), (t1, v1)] => Some((v0 + v1) / 2.0 * (t1 - t0)),
            _ => None,
        })
        .sum();
    Some(area / length)
}

fn instant_rate(points: &[(f64, f64)], per_second: f64) -> Option<f64> {
    let [.., before, last] = points else { return points.first().map(|_| 0.0) };
    let seconds = (last.0 - before.0) / per_second;
    let grown = if last.1 >= before.1 { last.1 - before.1 } else { last.1 };
    (seconds > 0.0).then(|| grown / seconds)
}

fn over_points(args: &[ArrayRef], compute: impl Fn(&[(f64, f64)]) -> Option<f64>) -> Result<ArrayRef> {
    let (values, times) = (lists(argument(args, 0)?)?, lists(argument(args, 1)?)?);
    let rows = values.into_iter().zip(times).map(|(values, times)| compute(&points(&values?, &times?)));
    Ok(Arc::new(rows.collect::<Float64Array>()))
}

/// Counts of a list's time type in one second.
fn per_second(values: &ArrayRef) -> f64 {
    match values.data_type() {
        DataType::List(field) => match field.data_type() {
            DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _) => 1e6,
            DataType::Timestamp(arrow::datatypes::TimeUnit::Nanosecond, _) => 1e9,
            _ => 1e3,
        },
        _ => 1e3,
    }
}

fn line(values: &[f64], start: f64, step: f64) -> Option<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a list is shorter than 2^52")]
    let xs: Vec<f64> = (0..values.len()).map(|i| start + step * i as f64).collect();
    #[expect(clippy::cast_precision_loss, reason = "a list is shorter than 2^52")]
    let count = values.len() as f64;
    if values.is_empty() {
        return None;
    }
    let (mean_x, mean_y) = (xs.iter().sum::<f64>() / count, values.iter().sum::<f64>() / count);
    let covariance: f64 = xs.iter().zip(values).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = xs.iter().map(|x| (x - mean_x).powi(2)).sum();
    let slope = covariance / variance;
    Some((slope, mean_y - slope * mean_x))
}

fn least_squares(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let constant = |index: usize| {
        let values = argument(args, index)?.as_primitive::<Float64Type>().clone();
        values.iter().next().flatten().ok_or_else(|| wrong_value("leastsquares"))
    };
    let (start, step) = (constant(1)?, constant(2)?);
    let rows = lists(argument(args, 0)?)?.into_iter().map(|values| {
        let values: Vec<f64> = values?.iter().flatten().collect();
        let (slope, intercept) = line(&values, start, step)?;
        Some(format!("{{slop:{slope:.6}, intercept:{intercept:.6}}}"))
    });
    Ok(Arc::new(rows.collect::<StringArray>()))
}

/// The value that stands most often in each list; of several the one that comes first.
fn most_frequent(args: &[ArrayRef], call: &super::function::Call<'_>) -> Result<ArrayRef> {
    let lists = argument(args, 0)?.as_list::<i32>();
    let null = ScalarValue::try_from(call.result)?;
    let one = |row: usize| -> Result<ScalarValue> {
        if lists.is_null(row) {
            return Ok(null.clone());
        }
        let values = lists.value(row);
        let mut counts: HashMap<ScalarValue, (usize, usize)> = HashMap::new();
        for index in (0..values.len()).filter(|index| values.is_valid(*index)) {
            counts.entry(ScalarValue::try_from_array(&values, index)?).or_insert((0, index)).0 += 1;
        }
        let best = counts.into_iter().max_by_key(|(_, (count, first))| (*count, std::cmp::Reverse(*first)));
        Ok(best.map_or_else(|| null.clone(), |(value, _)| value))
    };
    let values = (0..lists.len()).map(one).collect::<Result<Vec<_>>>()?;
    ScalarValue::iter_to_array(values)
}

/// A list first, then floats.
fn list_and_floats(_: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    Ok(types.iter().enumerate().map(|(i, t)| if i == 0 { t.clone() } else { DataType::Float64 }).collect())
}

fn as_given(_: &str, types: &[DataType]) -> Result<Vec<DataType>> {
    Ok(types.to_vec())
}

/// Every scalar function that completes an aggregate.
pub(super) fn scalars() -> Vec<ScalarUDF> {
    vec![
        Function::scalar(
            TOTAL_RESULT,
            as_given,
            |fields, constants| {
                let unsigned = matches!(constants.get(1), Some(Some(ScalarValue::Boolean(Some(true)))));
                match fields.first().map(|field| field.data_type()) {
                    Some(DataType::Decimal128(38, 0)) => of(if unsigned { DataType::UInt64 } else { DataType::Int64 }),
                    other => of(other.cloned().unwrap_or(DataType::Float64)),
                }
            },
            total,
        ),
        Function::scalar(
            SPREAD,
            as_given,
            |_, _| of(DataType::Float64),
            |args, _| {
                let float = |index| -> Result<ArrayRef> {
                    let values = argument(args, index)?;
                    let plain = match values.data_type() {
                        DataType::Timestamp(..) => cast(values, &DataType::Int64)?,
                        _ => Arc::clone(values),
                    };
                    Ok(cast(&plain, &DataType::Float64)?)
                };
                let (greatest, least) = (float(0)?, float(1)?);
                let pairs =
                    greatest.as_primitive::<Float64Type>().iter().zip(least.as_primitive::<Float64Type>().iter());
                Ok(Arc::new(pairs.map(|(greatest, least)| Some(greatest? - least?)).collect::<Float64Array>()))
            },
        ),
        Function::scalar(
            DIFFERENCE,
            |_, types| {
                if !types.iter().all(|t| is_number(t) || matches!(t, DataType::Timestamp(..))) {
                    return Err(wrong_type("diff"));
                }
                let whole = |t: &DataType| t.is_integer() || matches!(t, DataType::Boolean | DataType::Timestamp(..));
                let all_whole = types.iter().all(whole);
                let one = |t: &DataType| match t {
                    DataType::Timestamp(..) => t.clone(),
                    _ if all_whole => DataType::Int64,
                    _ => DataType::Float64,
                };
                Ok(types.iter().map(one).collect())
            },
            |fields, _| match fields.first().map(|field| field.data_type()) {
                Some(DataType::Float64) => of(DataType::Float64),
                _ => of(DataType::Int64),
            },
            |args, call| {
                let (value, earlier) = (argument(args, 0)?, argument(args, 1)?);
                if *call.result == DataType::Float64 {
                    let pairs = value.as_primitive::<Float64Type>().iter().zip(earlier.as_primitive::<Float64Type>());
                    return Ok(Arc::new(pairs.map(|(v, e)| Some(v? - e?)).collect::<Float64Array>()));
                }
                let (value, earlier) = (cast(value, &DataType::Int64)?, cast(earlier, &DataType::Int64)?);
                let pairs = value.as_primitive::<Int64Type>().iter().zip(earlier.as_primitive::<Int64Type>());
                Ok(Arc::new(pairs.map(|(v, e)| v?.checked_sub(e?)).collect::<Int64Array>()))
            },
        ),
        Function::scalar(
            SERIES_NAME,
            as_given,
            |_, _| super::function::text_of_length(270),
            |args, call| {
                let keys = model::encode_keys(args, call.rows).map_err(external)?;
                let name = |key: &model::KeyBytes| Some(format!("t_{:032x}", model::key_hash(&key.0).0));
                Ok(Arc::new(keys.iter().map(name).collect::<StringArray>()))
            },
        ),
        Function::scalar(
            PERCENTILE,
            list_and_floats,
            |fields, _| of(if fields.len() > 2 { DataType::Utf8 } else { DataType::Float64 }),
            percentiles,
        ),
        Function::scalar(TWA, as_given, |_, _| of(DataType::Float64), |args, _| over_points(args, time_weighted)),
        Function::scalar(
            IRATE,
            as_given,
            |_, _| of(DataType::Float64),
            |args, _| {
                let per_second = per_second(argument(args, 1)?);
                over_points(args, |points| instant_rate(points, per_second))
            },
        ),
        Function::scalar(LEAST_SQUARES, list_and_floats, |_, _| of(DataType::Utf8), least_squares),
        Function::scalar(
            MODE,
            as_given,
            |fields, _| match fields.first().map(|field| field.data_type()) {
                Some(DataType::List(field)) => of(field.data_type().clone()),
                _ => of(DataType::Null),
            },
            most_frequent,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{instant_rate, line, percentile, time_weighted};

    #[test]
    fn percentiles_lie_between_values() {
        let sorted = [1.0, 2.0, 4.0];
        assert_eq!(percentile(&sorted, 0.0), Some(1.0));
        assert_eq!(percentile(&sorted, 50.0), Some(2.0));
        assert_eq!(percentile(&sorted, 75.0), Some(3.0));
        assert_eq!(percentile(&sorted, 100.0), Some(4.0));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn averages_over_time_weigh_gaps() {
        assert_eq!(time_weighted(&[(0.0, 0.0), (10.0, 10.0), (20.0, 10.0)]), Some(7.5));
        assert_eq!(time_weighted(&[(5.0, 3.0)]), Some(3.0));
        assert_eq!(time_weighted(&[]), None);
    }

    #[test]
    fn a_counter_that_fell_began_anew() {
        assert_eq!(instant_rate(&[(0.0, 1.0), (2_000.0, 5.0)], 1e3), Some(2.0));
        assert_eq!(instant_rate(&[(0.0, 9.0), (2_000.0, 5.0)], 1e3), Some(2.5));
    }

    #[test]
    fn a_line_goes_through_its_points() {
        assert_eq!(line(&[1.0, 3.0, 5.0], 0.0, 1.0), Some((2.0, 1.0)));
    }
}
