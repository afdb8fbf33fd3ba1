//! Texts: case, blanks, parts, search, joining.

use super::TRIM;
use super::scalar::{Call, Given, Returned, Spec, failed};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use datafusion::error::{DataFusionError, Result};
use model::{Error, ErrorKind};
use regex::Regex;
use std::collections::HashMap;
use std::sync::Arc;

/// The longest text that a function makes, in bytes.
const TEXT_MAX: usize = 64 << 20;

fn is_text(kind: Option<&Option<Type>>) -> bool {
    matches!(kind, Some(Some(kind)) if kind.is_text())
}

fn one_text(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    match given.only() {
        Some(kind) if kind.is_text() => Ok(DataType::Utf8.into()),
        _ => Err(format!("Scalar function {name} only accepts one argument and it must be text or string data type.")),
    }
}

fn all_texts(name: &str, count: &str, given: &Given<'_>, to: DataType) -> Result<Returned, String> {
    if given.kinds().iter().all(|kind| is_text(Some(kind))) {
        return Ok(to.into());
    }
    Err(format!("Scalar function {name} only accepts {count} arguments and they must be text or string data type."))
}

fn checked(text: String) -> Result<String> {
    if text.len() <= TEXT_MAX {
        return Ok(text);
    }
    let reason = format!("a function makes a text of more than {TEXT_MAX} bytes");
    Err(DataFusionError::External(Box::new(Error::new(ErrorKind::InvalidStatement { reason }))))
}

fn mapped(call: &Call<'_>, map: impl Fn(&str) -> String) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    let mapped = texts.iter().map(|text| text.map(|text| checked(map(text))).transpose());
    Ok(Arc::new(mapped.collect::<Result<StringArray>>()?))
}

/// `concat(a, b, ..)` and `||`: NULLs are passed over.
pub(super) const CONCAT: &Spec = &Spec {
    name: "concat",
    returns: |given| {
        let refusal =
            "Scalar function concat only accepts two or more arguments and they must be text or string data type.";
        if given.types.len() < 2 || !given.kinds().iter().all(|kind| is_text(Some(kind))) {
            return Err(refusal.to_owned());
        }
        Ok(DataType::Utf8.into())
    },
    run: |call| {
        let columns = (0..call.args.len()).map(|index| call.texts(index)).collect::<Result<Vec<_>>>()?;
        let joined = (0..call.rows).map(|row| {
            let parts: Vec<&str> =
                columns.iter().filter(|column| column.is_valid(row)).map(|column| column.value(row)).collect();
            if parts.is_empty() { Ok(None) } else { checked(parts.concat()).map(Some) }
        });
        Ok(Arc::new(joined.collect::<Result<StringArray>>()?))
    },
};

pub(super) const SPECS: &[Spec] = &[
    Spec { ..*CONCAT },
    Spec { name: "upper", returns: |given| one_text("upper", given), run: |call| mapped(call, str::to_uppercase) },
    Spec { name: "lower", returns: |given| one_text("lower", given), run: |call| mapped(call, str::to_lowercase) },
    Spec {
        name: "reverse",
        returns: |given| one_text("reverse", given),
        run: |call| mapped(call, |text| text.chars().rev().collect()),
    },
    Spec {
        name: "length",
        returns: |given| match given.only() {
            Some(kind) if kind.is_text() || kind == Type::Blob => Ok(DataType::Int64.into()),
            _ => {
                Err("Scalar function length only accepts one argument and it must be text or string or blob or object \
                      data type."
                    .to_owned())
            }
        },
        run: |call| {
            let array = call.arg(0)?;
            let lengths: Int64Array = if array.data_type().is_binary() {
                call.bytes(0)?.iter().map(|bytes| Some(i64::try_from(bytes?.len()).unwrap_or(i64::MAX))).collect()
            } else {
                let texts = call.texts(0)?;
                texts.iter().map(|text| Some(i64::try_from(text?.encode_utf16().count()).unwrap_or(i64::MAX))).collect()
            };
            Ok(Arc::new(lengths))
        },
    },
    Spec {
        name: "ltrim",
        returns: |given| all_texts("ltrim", "one or two", given, DataType::Utf8),
        run: |call| trimmed(call, "leading", 1),
    },
    Spec {
        name: "rtrim",
        returns: |given| all_texts("rtrim", "one or two", given, DataType::Utf8),
        run: |call| trimmed(call, "trailing", 1),
    },
    Spec {
        name: TRIM,
        returns: |given| all_texts("trim", "one or two", given, DataType::Utf8),
        run: |call| {
            let sides = call.texts(1)?;
            let side = if sides.is_empty() { "both" } else { sides.value(0) };
            trimmed(call, side, 2)
        },
    },
    Spec {
        name: "replace",
        returns: |given| match given.types.len() {
            2 | 3 => all_texts("replace", "two or three", given, DataType::Utf8),
            _ => Err("Scalar function replace only accepts two or three arguments and they must be text or string \
                      data type."
                .to_owned()),
        },
        run: |call| {
            let (texts, from) = (call.texts(0)?, call.texts(1)?);
            let to = if call.args.len() > 2 { Some(call.texts(2)?) } else { None };
            let replaced = (0..call.rows).map(|row| {
                if texts.is_null(row) || from.is_null(row) || to.as_ref().is_some_and(|to| to.is_null(row)) {
                    return Ok(None);
                }
                let to = to.as_ref().map_or("", |to| to.value(row));
                let pattern = from.value(row);
                let grows = texts.value(row).matches(pattern).count().saturating_mul(to.len());
                if grows > TEXT_MAX {
                    return checked(" ".repeat(TEXT_MAX + 1)).map(Some);
                }
                checked(texts.value(row).replace(pattern, to)).map(Some)
            });
            Ok(Arc::new(replaced.collect::<Result<StringArray>>()?))
        },
    },
    Spec {
        name: "substring",
        returns: |given| match given.kinds().as_slice() {
            [Some(text), Some(Type::Int32 | Type::Int64)] if text.is_text() => Ok(DataType::Utf8.into()),
            [Some(text), Some(Type::Int32 | Type::Int64), Some(Type::Int32 | Type::Int64)] if text.is_text() => {
                Ok(DataType::Utf8.into())
            }
            _ => Err("Scalar function substring only accepts two or three arguments and first must be text or string \
                      data type, second and third must be numeric data types [INT32, INT64]"
                .to_owned()),
        },
        run: substring,
    },
    Spec {
        name: "strpos",
        returns: |given| two_texts("strpos", given, DataType::Int32),
        run: |call| {
            let found = |text: &str, part: &str| {
                let place = text.find(part).map_or(0, |at| text.get(..at).unwrap_or_default().chars().count() + 1);
                i32::try_from(place).unwrap_or(i32::MAX)
            };
            Ok(Arc::new(pairs(call, found)?.collect::<Int32Array>()))
        },
    },
    Spec {
        name: "strcmp",
        returns: |given| two_texts("strcmp", given, DataType::Int32),
        run: |call| Ok(Arc::new(pairs(call, |left, right| left.cmp(right) as i32)?.collect::<Int32Array>())),
    },
    Spec {
        name: "starts_with",
        returns: |given| two_texts("starts_with", given, DataType::Boolean),
        run: |call| Ok(Arc::new(pairs(call, |text, part| text.starts_with(part))?.collect::<BooleanArray>())),
    },
    Spec {
        name: "ends_with",
        returns: |given| two_texts("ends_with", given, DataType::Boolean),
        run: |call| Ok(Arc::new(pairs(call, |text, part| text.ends_with(part))?.collect::<BooleanArray>())),
    },
    Spec {
        name: "regexp_like",
        returns: |given| two_texts("regexp_like", given, DataType::Boolean),
        run: |call| {
            let (texts, patterns) = (call.texts(0)?, call.texts(1)?);
            let mut known: HashMap<String, Regex> = HashMap::new();
            let mut matches = Vec::with_capacity(call.rows);
            for row in 0..call.rows {
                if texts.is_null(row) || patterns.is_null(row) {
                    matches.push(None);
                    continue;
                }
                let pattern = patterns.value(row);
                if !known.contains_key(pattern) {
                    // The whole text must match.
                    let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| failed(error.to_string()))?;
                    known.insert(pattern.to_owned(), whole);
                }
                matches.push(known.get(pattern).map(|whole| whole.is_match(texts.value(row))));
            }
            Ok(Arc::new(BooleanArray::from(matches)))
        },
    },
];

fn two_texts(name: &str, given: &Given<'_>, to: DataType) -> Result<Returned, String> {
    if given.types.len() == 2 {
        return all_texts(name, "two", given, to);
    }
    Err(format!("Scalar function {name} only accepts two arguments and they must be text or string data type."))
}

/// What a function makes of two texts, row by row.
fn pairs<T>(call: &Call<'_>, of: impl Fn(&str, &str) -> T) -> Result<impl Iterator<Item = Option<T>>> {
    let (left, right) = (call.texts(0)?, call.texts(1)?);
    let pairs = (0..call.rows)
        .map(move |row| (left.is_valid(row) && right.is_valid(row)).then(|| of(left.value(row), right.value(row))));
    Ok(pairs)
}

fn trimmed(call: &Call<'_>, side: &str, characters: usize) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    let what = if call.args.len() > characters { Some(call.texts(characters)?) } else { None };
    let trimmed: StringArray = (0..call.rows)
        .map(|row| {
            if texts.is_null(row) {
                return None;
            }
            let what = what.as_ref().filter(|what| what.is_valid(row)).map_or(" ", |what| what.value(row));
            let is_cut = |c: char| what.contains(c);
            let text = texts.value(row);
            Some(match side {
                "leading" => text.trim_start_matches(is_cut),
                "trailing" => text.trim_end_matches(is_cut),
                _ => text.trim_matches(is_cut),
            })
        })
        .collect();
    Ok(Arc::new(trimmed))
}

const BEYOND: &str = "Argument exception,the scalar function substring beginPosition must not be greater than the \
                      string length";

fn substring(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, from) = (call.texts(0)?, call.longs(1)?);
    let length = if call.args.len() > 2 { Some(call.longs(2)?) } else { None };
    let mut parts = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let no_length = length.as_ref().is_some_and(|length| length.is_null(row));
        if texts.is_null(row) || from.is_null(row) || no_length {
            parts.push(None);
            continue;
        }
        let text = texts.value(row);
        let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let start = from.value(row);
        if start > count {
            return Err(failed(BEYOND));
        }
        let end = match &length {
            Some(length) => start.saturating_add(length.value(row)),
            None => i64::MAX,
        };
        let first = usize::try_from(start.max(1) - 1).unwrap_or(0);
        let taken = usize::try_from(end.max(1) - 1).unwrap_or(usize::MAX).saturating_sub(first);
        parts.push(Some(text.chars().skip(first).take(taken).collect::<String>()));
    }
    Ok(Arc::new(StringArray::from(parts)))
}

#[cfg(test)]
mod tests {
    use super::SPECS;

    #[test]
    fn every_function_has_a_name_of_its_own() {
        let mut names: Vec<_> = SPECS.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
