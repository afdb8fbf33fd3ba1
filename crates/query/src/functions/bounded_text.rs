//! Text functions that may not build giant values.
//!
//! A short statement can ask for a text of any length, which no memory limit sees until it is
//! there. So the length of each result is computed first.

mod aggregated;
mod limit;
mod operator;

pub(crate) use aggregated::bounded_aggregate;
pub(crate) use limit::TextLimit;
pub(crate) use operator::{BoundedOperator, join};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::length::length;
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};
use std::sync::Arc;

/// Bytes of one text.
const VALUE_MAX: usize = 64 << 20;

/// Bytes of the widest character.
const CHARACTER_MAX: usize = 4;

/// The same function within limits, if it is one of those that build long texts.
pub(crate) fn bounded(function: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let length = match function.name() {
        "repeat" => Length::Repeated,
        "lpad" | "rpad" => Length::Padded,
        "replace" => Length::Replaced,
        "concat" => Length::Joined,
        "concat_ws" => Length::Separated,
        _ => return function,
    };
    Arc::new(ScalarUDF::new_from_impl(Bounded { function, length }))
}

/// How long a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Length {
    Repeated,
    Padded,
    Replaced,
    Joined,
    Separated,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    function: Arc<ScalarUDF>,
    length: Length,
}

impl Bounded {
    fn check(&self, args: &ScalarFunctionArgs) -> Result<()> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let arrays = args.args.iter().map(|a| a.to_array(rows)).collect::<Result<Vec<_>>>()?;
        let lengths = self.lengths(&arrays, rows)?;
        let batch_max = TextLimit::batch_bytes(&args.config_options);
        let too_long = |limit: usize, what: &str| {
            let (name, megabytes) = (self.name(), limit >> 20);
            let reason = format!("{name} may build at most {megabytes} MB of text for one {what}");
            Err(DataFusionError::Execution(reason))
        };
        let mut total = 0_usize;
        for bytes in lengths {
            total = total.saturating_add(bytes);
            if bytes > VALUE_MAX {
                return too_long(VALUE_MAX, "value");
            }
            if total > batch_max {
                return too_long(batch_max, "batch of rows (a quarter of query.memory_bytes)");
            }
        }
        Ok(())
    }

    fn lengths(&self, arrays: &[ArrayRef], rows: usize) -> Result<Vec<usize>> {
        Ok(match (self.length, arrays) {
            (Length::Repeated, [text, count]) => {
                let (text, count) = (bytes(text)?, numbers(count)?);
                text.into_iter().zip(count).map(|(text, count)| text.saturating_mul(count)).collect()
            }
            (Length::Padded, [_, width, ..]) => {
                numbers(width)?.into_iter().map(|width| width.saturating_mul(CHARACTER_MAX)).collect()
            }
            (Length::Replaced, [text, from, to]) => replaced(text, from, to)?,
            (Length::Joined, _) => joined(arrays, rows)?,
            (Length::Separated, [separator, parts @ ..]) => {
                let separators = bytes(separator)?.into_iter().map(|s| s.saturating_mul(parts.len()));
                joined(parts, rows)?.into_iter().zip(separators).map(|(a, b)| a.saturating_add(b)).collect()
            }
            _ => return internal_err!("{} was called with {} arguments", self.name(), arrays.len()),
        })
    }
}

/// The bytes of each text; NULL has none.
fn bytes(texts: &ArrayRef) -> Result<Vec<usize>> {
    if texts.data_type().is_null() {
        return Ok(vec![0; texts.len()]);
    }
    numbers(&length(texts)?)
}

/// Counts as they are, nothing for NULL and for less than nothing.
fn numbers(counts: &ArrayRef) -> Result<Vec<usize>> {
    let counts = cast(counts, &DataType::Int64)?;
    let count = |n: Option<i64>| usize::try_from(n.unwrap_or(0)).unwrap_or(0);
    Ok(counts.as_primitive::<Int64Type>().iter().map(count).collect())
}

fn joined(parts: &[ArrayRef], rows: usize) -> Result<Vec<usize>> {
    let mut sums = vec![0_usize; rows];
    for part in parts {
        for (sum, part) in sums.iter_mut().zip(bytes(part)?) {
            *sum = sum.saturating_add(part);
        }
    }
    Ok(sums)
}

fn replaced(text: &ArrayRef, from: &ArrayRef, to: &ArrayRef) -> Result<Vec<usize>> {
    let [text, from, to] = [text, from, to].map(|array| cast(array, &DataType::LargeUtf8));
    let (text, from, to) = (text?, from?, to?);
    let (text, from, to) = (text.as_string::<i64>(), from.as_string::<i64>(), to.as_string::<i64>());
    let length = |((text, from), to): ((Option<&str>, Option<&str>), Option<&str>)| {
        let (Some(text), Some(from), Some(to)) = (text, from, to) else { return 0 };
        // Nothing is replaced by anything.
        if from.is_empty() || to.len() <= from.len() {
            return text.len();
        }
        text.len().saturating_add(text.matches(from).count().saturating_mul(to.len() - from.len()))
    };
    Ok(text.iter().zip(from).zip(to).map(length).collect())
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.function.schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.function.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }

    // Simplified calls would be calls of the function without limits.
    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.check(&args)?;
        self.function.invoke_with_args(args)
    }
}

#[cfg(test)]
mod tests {
    use crate::scan::memory::meters;
    use crate::testing::Bench;

    #[tokio::test]
    async fn giant_texts_are_refused_before_they_are_built() {
        let mut bench = Bench::with(|options| options.memory_bytes = 1 << 30);
        bench.table(meters(&[
            ("abc", 30_000_000, "x", 1_000, None, Some(3)),
            ("ab", 70_000_000, "x", 2_000, None, None),
        ]));
        for (sql, function) in [
            ("SELECT repeat(site, meter) FROM meters", "repeat"),
            ("SELECT repeat('abc', 1000000000)", "repeat"),
            ("SELECT length(lpad(site, meter)) FROM meters", "lpad"),
            ("SELECT rpad('a', 70000000, 'b')", "rpad"),
            ("SELECT length(replace(repeat('a', 1000), 'a', repeat(site, 100000))) FROM meters", "replace"),
            ("SELECT length(concat(repeat(site, 20000000), repeat(site, 20000000))) FROM meters", "concat"),
            ("SELECT length(concat_ws(repeat(site, 20000000), 'a', 'b', 'c')) FROM meters", "concat_ws"),
        ] {
            let error = format!("{:?}", bench.error(sql).await);
            assert!(error.contains(&format!("{function} may build at most")), "{sql}: {error}");
        }
    }

    #[tokio::test]
    async fn the_texts_of_a_batch_share_a_quarter_of_the_querys_memory() {
        // 120 texts of 2 MB: each is short enough, all of them are 240 MB.
        let rows: Vec<_> = (0..120).map(|n| ("ab", 1_000_000, "x", n * 1_000, None, None)).collect();
        let sql = "SELECT count(DISTINCT length(repeat(site, meter))) FROM meters";
        for (memory_bytes, limit) in [(64 << 20, 64), (400 << 20, 100)] {
            let mut bench = Bench::with(|options| options.memory_bytes = memory_bytes);
            bench.table(meters(&rows));
            let error = format!("{:?}", bench.error(sql).await);
            let expected =
                format!("at most {limit} MB of text for one batch of rows (a quarter of query.memory_bytes)");
            assert!(error.contains(&expected), "{error}");
        }
        let mut bench = Bench::with(|options| options.memory_bytes = 1 << 30);
        bench.table(meters(&rows));
        assert_eq!(bench.rows(sql).await.unwrap(), ["1"]);
    }

    #[tokio::test]
    async fn other_texts_are_as_before() {
        let mut bench = Bench::new();
        bench.table(meters(&[("abc", 2, "x", 1_000, None, Some(3)), ("ab", -1, "x", 2_000, None, None)]));
        let sql = "SELECT repeat(site, meter), lpad(site, 4, '-'), rpad(owner, 3), replace(site, 'b', 'zz'), \
                   concat(site, \"Pulses\", NULL, '!'), concat_ws('-', site, owner, \"Pulses\"), replace(site, '', '.') \
                   FROM meters ORDER BY ts";
        assert_eq!(
            bench.rows(sql).await.unwrap(),
            ["abcabc|-abc|x  |azzc|abc3!|abc-x-3|abc", "|--ab|x  |azz|ab!|ab-x|ab"]
        );
    }
}
