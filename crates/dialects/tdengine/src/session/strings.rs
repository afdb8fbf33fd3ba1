//! Texts.

use super::function::{Function, argument, of, texts, wrong_count, wrong_type};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use std::sync::Arc;

/// The longest text that a function builds.
const TEXT_BYTES_MAX: usize = 65_517;

fn map(args: &[ArrayRef], compute: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    Ok(Arc::new(values.iter().map(|value| value.map(&compute)).collect::<StringArray>()))
}

fn count(args: &[ArrayRef], compute: impl Fn(&str) -> usize) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let counts = values.iter().map(|value| value.map(|value| i64::try_from(compute(value)).unwrap_or(i64::MAX)));
    Ok(Arc::new(counts.collect::<Int64Array>()))
}

fn of_one(name: &'static str, body: super::function::Body) -> ScalarUDF {
    Function::scalar(name, |name, types| texts(name, types, 1, 1), |_, _| of(DataType::Utf8), body)
}

fn counting(name: &'static str, body: super::function::Body) -> ScalarUDF {
    Function::scalar(name, |name, types| texts(name, types, 1, 1), |_, _| of(DataType::Int64), body)
}

/// A text and whole numbers behind it.
fn text_and_numbers(name: &str, types: &[DataType], least: usize, most: usize) -> Result<Vec<DataType>> {
    if types.len() < least || types.len() > most {
        return Err(wrong_count(name));
    }
    let fits = |(index, data_type): (usize, &DataType)| match index {
        0 => data_type.is_string() || data_type.is_null(),
        _ => data_type.is_integer() || data_type.is_null(),
    };
    if !types.iter().enumerate().all(fits) {
        return Err(wrong_type(name));
    }
    Ok((0..types.len()).map(|i| if i == 0 { DataType::Utf8 } else { DataType::Int64 }).collect())
}

/// Joins the texts of each row; NULL where one of them is.
fn joined(args: &[ArrayRef], separator: Option<&ArrayRef>, call: &super::function::Call<'_>) -> ArrayRef {
    let columns: Vec<&StringArray> = args.iter().map(|arg| arg.as_string::<i32>()).collect();
    let separators = separator.map(|separator| separator.as_string::<i32>());
    let row = |row: usize| {
        let between = match separators {
            Some(separators) if separators.is_null(row) => return None,
            Some(separators) => separators.value(row),
            None => "",
        };
        let mut out = String::new();
        for (index, column) in columns.iter().enumerate() {
            if column.is_null(row) {
                return None;
            }
            if index > 0 {
                out.push_str(between);
            }
            out.push_str(column.value(row));
        }
        Some(out)
    };
    Arc::new((0..call.rows).map(row).collect::<StringArray>())
}

/// Characters from a position counted from 1, or from the end where it is negative.
fn part(text: &str, position: i64, length: Option<i64>) -> String {
    let characters: Vec<char> = text.chars().collect();
    let count = i64::try_from(characters.len()).unwrap_or(i64::MAX);
    let start = match position {
        0 => return String::new(),
        1.. => position - 1,
        _ if -position > count => return String::new(),
        _ => count + position,
    };
    let end = match length {
        Some(length) if length < 1 => return String::new(),
        Some(length) => start.saturating_add(length).min(count),
        None => count,
    };
    let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(end)) else { return String::new() };
    characters.get(start..end).map(|part| part.iter().collect()).unwrap_or_default()
}

/// What stands before the nth separator, or behind the nth from the end where n is negative.
fn before_nth(text: &str, separator: &str, n: i64) -> String {
    if separator.is_empty() || n == 0 {
        return String::new();
    }
    let parts: Vec<&str> = text.split(separator).collect();
    let wanted = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX).min(parts.len());
    let part = if n > 0 { parts.get(..wanted) } else { parts.get(parts.len() - wanted..) };
    part.map(|part| part.join(separator)).unwrap_or_default()
}

fn sub(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let positions = argument(args, 1)?.as_primitive::<Int64Type>();
    let lengths = args.get(2).map(|lengths| lengths.as_primitive::<Int64Type>());
    let row = |row: usize| {
        if values.is_null(row) || positions.is_null(row) {
            return None;
        }
        let length = match lengths {
            Some(lengths) if lengths.is_null(row) => return None,
            Some(lengths) => Some(lengths.value(row)),
            None => None,
        };
        Some(part(values.value(row), positions.value(row), length))
    };
    Ok(Arc::new((0..values.len()).map(row).collect::<StringArray>()))
}

fn index(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let separators = argument(args, 1)?.as_string::<i32>();
    let counts = argument(args, 2)?.as_primitive::<Int64Type>();
    let rows = values.iter().zip(separators.iter()).zip(counts.iter());
    let texts = rows.map(|((text, separator), n)| Some(before_nth(text?, separator?, n?)));
    Ok(Arc::new(texts.collect::<StringArray>()))
}

fn repeated(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let counts = argument(args, 1)?.as_primitive::<Int64Type>();
    let row = |(text, count): (Option<&str>, Option<i64>)| {
        let (text, count) = (text?, usize::try_from(count?).unwrap_or(0));
        let most = TEXT_BYTES_MAX.checked_div(text.len()).unwrap_or(0);
        Some(text.repeat(count.min(most)))
    };
    Ok(Arc::new(values.iter().zip(counts.iter()).map(row).collect::<StringArray>()))
}

fn replaced(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let (from, to) = (argument(args, 1)?.as_string::<i32>(), argument(args, 2)?.as_string::<i32>());
    let row = |((text, from), to): ((Option<&str>, Option<&str>), Option<&str>)| {
        let (text, from, to) = (text?, from?, to?);
        Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
    };
    Ok(Arc::new(values.iter().zip(from.iter()).zip(to.iter()).map(row).collect::<StringArray>()))
}

fn position(args: &[ArrayRef], _: &super::function::Call<'_>) -> Result<ArrayRef> {
    let (text, part) = (argument(args, 0)?.as_string::<i32>(), argument(args, 1)?.as_string::<i32>());
    let row = |(text, part): (Option<&str>, Option<&str>)| {
        let (text, part) = (text?, part?);
        let found = text.find(part).and_then(|at| text.get(..at)).map_or(0, |before| before.chars().count() + 1);
        i64::try_from(found).ok()
    };
    Ok(Arc::new(text.iter().zip(part.iter()).map(row).collect::<Int64Array>()))
}

fn characters(args: &[ArrayRef], call: &super::function::Call<'_>) -> Result<ArrayRef> {
    let columns: Vec<&Int64Array> = args.iter().map(|arg| arg.as_primitive::<Int64Type>()).collect();
    let row = |row: usize| {
        let mut bytes = Vec::new();
        for column in &columns {
            if column.is_null(row) {
                continue;
            }
            let all = column.value(row).to_be_bytes();
            let start = all.iter().position(|byte| *byte != 0).unwrap_or(7);
            bytes.extend_from_slice(all.get(start..).unwrap_or_default());
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Arc::new((0..call.rows).map(row).collect::<StringArray>()))
}

fn trimming(name: &'static str, body: super::function::Body) -> ScalarUDF {
    Function::scalar(name, |name, types| texts(name, types, 1, 2), |_, _| of(DataType::Utf8), body)
}

/// Takes a text away at one end or both, as often as it stands there.
fn trimmed(args: &[ArrayRef], leading: bool, trailing: bool) -> Result<ArrayRef> {
    let values = argument(args, 0)?.as_string::<i32>();
    let what = args.get(1).map(|what| what.as_string::<i32>());
    let row = |row: usize| {
        if values.is_null(row) {
            return None;
        }
        let part = match what {
            Some(what) if what.is_null(row) => return None,
            Some(what) => what.value(row),
            None => " ",
        };
        let mut text = values.value(row);
        if !part.is_empty() && leading {
            text = text.trim_start_matches(part);
        }
        if !part.is_empty() && trailing {
            text = text.trim_end_matches(part);
        }
        Some(text.to_owned())
    };
    Ok(Arc::new((0..values.len()).map(row).collect::<StringArray>()))
}

/// Every function.
pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        of_one("lower", |args, _| map(args, str::to_lowercase)),
        of_one("upper", |args, _| map(args, str::to_uppercase)),
        trimming("ltrim", |args, _| trimmed(args, true, false)),
        trimming("rtrim", |args, _| trimmed(args, false, true)),
        trimming("btrim", |args, _| trimmed(args, true, true)),
        counting("length", |args, _| count(args, str::len)),
        counting("char_length", |args, _| count(args, |text| text.chars().count())),
        counting("ascii", |args, _| count(args, |text| usize::from(text.bytes().next().unwrap_or(0)))),
        Function::scalar(
            "concat",
            |name, types| texts(name, types, 2, 8),
            |_, _| of(DataType::Utf8),
            |args, call| Ok(joined(args, None, call)),
        ),
        Function::scalar(
            "concat_ws",
            |name, types| texts(name, types, 3, 9),
            |_, _| of(DataType::Utf8),
            |args, call| Ok(joined(args.get(1..).unwrap_or_default(), args.first(), call)),
        ),
        Function::scalar("substr", |name, types| text_and_numbers(name, types, 2, 3), |_, _| of(DataType::Utf8), sub),
        Function::scalar(
            "repeat",
            |name, types| text_and_numbers(name, types, 2, 2),
            |_, _| of(DataType::Utf8),
            repeated,
        ),
        Function::scalar("replace", |name, types| texts(name, types, 3, 3), |_, _| of(DataType::Utf8), replaced),
        Function::scalar("strpos", |name, types| texts(name, types, 2, 2), |_, _| of(DataType::Int64), position),
        Function::scalar(
            "substring_index",
            |name, types| match types {
                [text, separator, count] if count.is_integer() || count.is_null() => {
                    let mut coerced = texts(name, &[text.clone(), separator.clone()], 2, 2)?;
                    coerced.push(DataType::Int64);
                    Ok(coerced)
                }
                [_, _, _] => Err(wrong_type(name)),
                _ => Err(wrong_count(name)),
            },
            |_, _| of(DataType::Utf8),
            index,
        ),
        Function::scalar(
            "char",
            |name, types| {
                if types.is_empty() { Err(wrong_count(name)) } else { Ok(vec![DataType::Int64; types.len()]) }
            },
            |_, _| of(DataType::Utf8),
            characters,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{before_nth, part};

    #[test]
    fn parts_are_counted_in_characters_from_one() {
        assert_eq!(part("中文x", 2, None), "文x");
        assert_eq!(part("abc", -1, None), "c");
        assert_eq!(part("abc", -4, None), "");
        assert_eq!(part("abc", 0, None), "");
        assert_eq!(part("abc", 2, Some(9)), "bc");
        assert_eq!(part("abc", 2, Some(0)), "");
        assert_eq!(part("abc", 9, None), "");
    }

    #[test]
    fn separators_are_counted_from_either_end() {
        assert_eq!(before_nth("a.b.c", ".", 2), "a.b");
        assert_eq!(before_nth("a.b.c", ".", -1), "c");
        assert_eq!(before_nth("a.b.c", ".", 9), "a.b.c");
        assert_eq!(before_nth("a.b.c", ".", 0), "");
    }
}
