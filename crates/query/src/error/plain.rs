//! The planner's own notation in words that users know: its names of types become SQL's, its
//! constants what was written.

/// What users never read of a text whose notation is plain already.
const INNER: [&str; 30] = [
    "DataFusion",
    "Arrow",
    "arrow",
    "Logical",
    "LogicalPlan",
    "Physical",
    "physical",
    "logical",
    "ExprPlanner",
    "Optimizer",
    "optimizer",
    "Analyzer",
    "analyzer",
    "Execution",
    "ScalarValue",
    "ScalarUDF",
    "AggregateUDF",
    "WindowUDF",
    "UDF",
    "UDAF",
    "UDWF",
    "TypeSignature",
    "RecordBatch",
    "SchemaError",
    "Schema",
    "schema",
    "coerce",
    "coercion",
    "Coercion",
    "sqlparser",
];

/// The text in plain words; `None` where it speaks of the planner all the same.
pub(super) fn plain(text: &str) -> Option<String> {
    let text = with_plain_types(text);
    let is_plain = !words_outside_quotes(&text).any(|word| INNER.contains(&word));
    is_plain.then_some(text)
}

/// Types as SQL words, constants without their types. Names that users gave stay as they are.
pub(super) fn with_plain_types(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_word(c)).unwrap_or(from.len()));
        let last = before.chars().next_back().or_else(|| plain.chars().next_back());
        plain.push_str(before);
        // A column of that name, with its table or in quotes by itself.
        let is_name = last == Some('.') || matches!((last, after.chars().next()), (Some('"'), Some('"')));
        rest = match type_word(word).filter(|_| !is_name) {
            None => {
                plain.push_str(word);
                after
            }
            Some(sql) => {
                let (inside, beyond) = parenthesised(after).map_or((None, after), |(i, b)| (Some(i), b));
                plain.push_str(&shown(word, sql, inside));
                beyond
            }
        };
    }
    plain.push_str(rest);
    plain
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A type, or a constant of it, with what stands in its parentheses.
fn shown(word: &str, sql: &str, inside: Option<&str>) -> String {
    let Some(inside) = inside else { return sql.to_owned() };
    match word {
        "Timestamp" if inside.contains('"') => format!("{sql} with time zone"),
        "Timestamp" | "Time32" | "Time64" | "Interval" | "Duration" => sql.to_owned(),
        "List" | "LargeList" | "FixedSizeList" | "Struct" | "Map" | "Dictionary" | "FixedSizeBinary" => sql.to_owned(),
        decimal if decimal.starts_with("Decimal") => match inside.strip_prefix("Some(") {
            Some(constant) => decimal_constant(constant).unwrap_or_else(|| sql.to_owned()),
            None => format!("{sql}({})", inside.replace(' ', "")),
        },
        instant if instant.starts_with("Timestamp") => "a timestamp".to_owned(),
        _ => match inside.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) => format!("'{text}'"),
            None => inside.to_owned(),
        },
    }
}

/// `15),2,1`, what stands behind `Some(`, is 1.5.
fn decimal_constant(inside: &str) -> Option<String> {
    let (digits, rest) = inside.split_once(')')?;
    let scale: usize = rest.rsplit_once(',')?.1.trim().parse().ok()?;
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale)?;
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// What stands in the parentheses that a text begins with, and what follows them.
fn parenthesised(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('(')?;
    let (mut depth, mut quoted) = (1_usize, false);
    for (at, c) in inside.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((inside.get(..at)?, inside.get(at + 1..)?));
        }
    }
    None
}

/// SQL's word for a type, or for an array of its values.
fn type_word(word: &str) -> Option<&'static str> {
    Some(match word.strip_suffix("Array").unwrap_or(word) {
        "Boolean" => "boolean",
        "Int8" => "tinyint",
        "Int16" => "smallint",
        "Int32" => "integer",
        "Int64" => "bigint",
        "UInt8" => "unsigned tinyint",
        "UInt16" => "unsigned smallint",
        "UInt32" => "unsigned integer",
        "UInt64" => "unsigned bigint",
        "Float16" | "Float32" => "real",
        "Float64" => "double",
        "Utf8" | "LargeUtf8" | "Utf8View" => "text",
        "Binary" | "LargeBinary" | "BinaryView" | "FixedSizeBinary" => "binary",
        "Date32" | "Date64" => "date",
        "Time32" | "Time64" | "Time32Second" | "Time32Millisecond" | "Time64Microsecond" | "Time64Nanosecond" => "time",
        "Timestamp" | "TimestampSecond" | "TimestampMillisecond" | "TimestampMicrosecond" | "TimestampNanosecond" => {
            "timestamp"
        }
        "Interval" | "IntervalYearMonth" | "IntervalDayTime" | "IntervalMonthDayNano" | "Duration" => "interval",
        "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => "decimal",
        "LargeList" | "FixedSizeList" => "array",
        "List" if word == "List" => "array",
        "Struct" if word == "Struct" => "row",
        "Null" if word == "Null" => "null",
        _ => return None,
    })
}

fn words_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quote = None;
    let outside = move |c: char| match quote {
        Some(open) => {
            if c == open {
                quote = None;
            }
            true
        }
        None => {
            quote = matches!(c, '"' | '\'' | '`').then_some(c);
            !is_word(c)
        }
    };
    text.split(outside)
}

#[cfg(test)]
mod tests {
    use super::{plain, with_plain_types};

    #[test]
    fn types_are_sqls() {
        for (text, expected) in [
            ("Int64 and Utf8", "bigint and text"),
            ("Timestamp(ns, \"+00:00\") + Timestamp(µs)", "timestamp with time zone + timestamp"),
            ("Decimal128(20, 0)", "decimal(20,0)"),
            ("sum(List(Int64), Interval(MonthDayNano))", "sum(array, interval)"),
            ("Struct(\"c0\": Int32, \"c1\": Utf8) = Int64", "row = bigint"),
            ("Int64Array overflow", "bigint overflow"),
        ] {
            assert_eq!(with_plain_types(text), expected);
        }
    }

    #[test]
    fn constants_are_what_was_written() {
        for (text, expected) in [
            ("f(t.a, Utf8(\"x (y\"), Int64(5), Boolean(true))", "f(t.a, 'x (y', 5, true)"),
            ("a > Decimal128(Some(15),2,1)", "a > 1.5"),
            ("a > Decimal128(Some(-5),3,2)", "a > -0.05"),
            ("Utf8(NULL)", "NULL"),
        ] {
            assert_eq!(with_plain_types(text), expected);
        }
    }

    #[test]
    fn names_stay() {
        for text in ["column t.Int64", "column \"Utf8\"", "Int64s", "my_Int64", "表", "open (", "the 'Date' of Listing"]
        {
            assert_eq!(with_plain_types(text), text);
        }
        assert_eq!(with_plain_types("Int64("), "bigint(");
    }

    #[test]
    fn what_speaks_of_the_planner_is_told() {
        assert_eq!(plain("no such LogicalPlan"), None);
        assert_eq!(
            plain("Cannot cast string 'Arrow' to Int8").as_deref(),
            Some("Cannot cast string 'Arrow' to tinyint")
        );
        assert_eq!(plain("the column \"schema\" is one").as_deref(), Some("the column \"schema\" is one"));
    }
}
