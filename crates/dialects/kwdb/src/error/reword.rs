//! Texts that come from below without a kind of their own, in this vendor's words.

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}

/// The vendor's word for an Arrow integer or float type.
fn lower_word(arrow: &str) -> Option<(&'static str, &'static str)> {
    Some(match arrow.trim() {
        "Int8" => ("int1", "int"),
        "Int16" => ("int2", "int"),
        "Int32" => ("int4", "int"),
        "Int64" => ("int8", "int"),
        "Float32" => ("float4", "float"),
        "Float64" => ("float8", "float"),
        "Boolean" => ("bool", "bool"),
        _ => return None,
    })
}

/// A function with the types of its arguments, `f(Utf8, Int64)`, as a signature that does not exist.
pub(super) fn unknown_signature(function: &str) -> Option<String> {
    let (name, types) = function.split_once('(')?;
    let words: Vec<&str> = types.trim_end_matches(')').split(", ").map(signature_word).collect();
    Some(format!("unknown signature: {name}({})", words.join(", ")))
}

fn signature_word(arrow: &str) -> &str {
    match arrow {
        "Utf8" | "LargeUtf8" | "Utf8View" => "STRING",
        "Boolean" => "BOOL",
        "Int16" => "INT2",
        "Int32" => "INT4",
        "Int64" => "INT8",
        "Float32" => "FLOAT4",
        "Float64" => "FLOAT8",
        "Binary" => "BYTES",
        other if other.starts_with("Decimal") => "DECIMAL",
        other if other.starts_with("Timestamp") && other.contains("UTC") => "TIMESTAMPTZ",
        other if other.starts_with("Timestamp") => "TIMESTAMP",
        other if other.starts_with("Interval") => "INTERVAL",
        other => other,
    }
}

/// A known text in the vendor's words.
pub(super) fn reworded(reason: &str) -> Option<String> {
    if reason.starts_with("Cannot create filter with non-boolean predicate") {
        let (_, arrow) = reason.rsplit_once(" returning ")?;
        return Some(format!(
            "argument of WHERE or HAVING must be type bool, not type {}",
            signature_word(arrow).to_lowercase()
        ));
    }
    if let Some(named) = between(reason, "HAVING clause references: ", " must appear in the GROUP BY clause") {
        let name = named.rsplit('.').next().unwrap_or(named);
        let is_column = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let subject = if is_column { format!("column \"{name}\"") } else { "what HAVING asks for".to_owned() };
        return Some(format!("{subject} must appear in the GROUP BY clause or be used in an aggregate function"));
    }
    if reason.contains("must appear in the GROUP BY clause") {
        let column = between(reason, "column \"", "\"")
            .or_else(|| between(reason, "expression \"", "\""))
            .or_else(|| between(reason, "Column in SELECT must be in GROUP BY or an aggregate function: ", ":"))?;
        let name = column.rsplit('.').next().unwrap_or(column);
        return Some(format!(
            "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
        ));
    }
    if let Some(rest) = reason.split_once("Can't cast value ").map(|(_, rest)| rest) {
        let (_, arrow) = rest.split_once(" to type ")?;
        let (word, _) = lower_word(arrow)?;
        return Some(format!("value is out of range for type {word}"));
    }
    if let Some(text) = between(reason, "Cannot cast string '", "' to value of ") {
        let arrow = between(reason, "to value of ", " type")?;
        let (_, kind) = lower_word(arrow)?;
        let (word, _) = lower_word(arrow)?;
        return Some(match kind {
            "int" if text.trim().parse::<i64>().is_ok() => format!("value is out of range for type {word}"),
            "int" if text.trim().parse::<i128>().is_ok() => {
                format!(
                    "could not parse \"{text}\" as type int: strconv.ParseInt: parsing \"{text}\": value out of range"
                )
            }
            "bool" => format!("could not parse \"{text}\" as type bool: invalid bool value"),
            _ => {
                let call = if kind == "int" { "ParseInt" } else { "ParseFloat" };
                format!("could not parse \"{text}\" as type {kind}: strconv.{call}: parsing \"{text}\": invalid syntax")
            }
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{reworded, unknown_signature};

    #[test]
    fn signatures_are_printed_in_the_vendors_types() {
        assert_eq!(
            unknown_signature("date_trunc(Utf8, Int64)").as_deref(),
            Some("unknown signature: date_trunc(STRING, INT8)")
        );
        assert_eq!(unknown_signature("f"), None);
    }

    #[test]
    fn known_texts() {
        for (reason, text) in [
            ("Can't cast value 40000 to type Int16", "value is out of range for type int2"),
            ("Cannot cast string '40000' to value of Int16 type", "value is out of range for type int2"),
            (
                "Cannot cast string 'a' to value of Int32 type",
                "could not parse \"a\" as type int: strconv.ParseInt: parsing \"a\": invalid syntax",
            ),
            (
                "Cannot create filter with non-boolean predicate 'CAST(m.s AS Utf8)' returning Utf8",
                "argument of WHERE or HAVING must be type bool, not type string",
            ),
            (
                "HAVING clause references: m.site must appear in the GROUP BY clause or be used in an aggregate function",
                "column \"site\" must appear in the GROUP BY clause or be used in an aggregate function",
            ),
            (
                "HAVING clause references: f(m.a, Utf8(\"x\")) must appear in the GROUP BY clause or be used in an \
                 aggregate function",
                "what HAVING asks for must appear in the GROUP BY clause or be used in an aggregate function",
            ),
            (
                "Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column \"t.y\" \
                 must appear in the GROUP BY clause or must be part of an aggregate function, currently only \"t.x\" \
                 appears in the SELECT clause satisfies this requirement",
                "column \"y\" must appear in the GROUP BY clause or be used in an aggregate function",
            ),
        ] {
            assert_eq!(reworded(reason).as_deref(), Some(text));
        }
        assert_eq!(reworded("negative value for LIMIT"), None);
    }
}
