//! Texts that come from below without a kind of their own, in this vendor's words.

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}

/// The vendor's word for an integer or float type, and for its family.
fn lower_word(sql: &str) -> Option<(&'static str, &'static str)> {
    Some(match sql.trim() {
        "tinyint" => ("int1", "int"),
        "smallint" => ("int2", "int"),
        "integer" => ("int4", "int"),
        "bigint" => ("int8", "int"),
        "real" => ("float4", "float"),
        "double" => ("float8", "float"),
        "boolean" => ("bool", "bool"),
        _ => return None,
    })
}

/// A function with the types of its arguments, `f(text, bigint)`, as a signature that does not exist.
pub(super) fn unknown_signature(function: &str) -> Option<String> {
    let (name, types) = function.split_once('(')?;
    let words: Vec<&str> = types.trim_end_matches(')').split(", ").map(signature_word).collect();
    Some(format!("unknown signature: {name}({})", words.join(", ")))
}

fn signature_word(sql: &str) -> &str {
    match sql {
        "text" => "STRING",
        "boolean" => "BOOL",
        "tinyint" => "INT1",
        "smallint" => "INT2",
        "integer" => "INT4",
        "bigint" => "INT8",
        "real" => "FLOAT4",
        "double" => "FLOAT8",
        "binary" => "BYTES",
        "timestamp with time zone" => "TIMESTAMPTZ",
        "timestamp" => "TIMESTAMP",
        "interval" => "INTERVAL",
        "date" => "DATE",
        "time" => "TIME",
        "null" => "NULL",
        other if other.starts_with("decimal") => "DECIMAL",
        other => other,
    }
}

/// Operators between two types, the longer before those that they begin with.
const OPERATORS: [&str; 22] = [
    "IS NOT DISTINCT FROM",
    "IS DISTINCT FROM",
    "AND",
    "OR",
    "!~*",
    "!~",
    "~*",
    "<>",
    "!=",
    "<=",
    ">=",
    "<<",
    ">>",
    "||",
    "BIT_XOR",
    "=",
    "<",
    ">",
    "~",
    "+",
    "-",
    "*",
];

/// An operation that does not exist, `integer & text`.
fn unknown_operation(operation: &str) -> String {
    let both = OPERATORS.iter().chain(["/", "%", "&", "|"].iter()).find_map(|operator| {
        let (left, right) = operation.split_once(&format!(" {operator} "))?;
        Some((left, *operator, right))
    });
    let Some((left, operator, right)) = both else { return format!("unsupported binary operator: {operation}") };
    let lower = |sql: &str| signature_word(sql).to_lowercase();
    let (left, right) = (lower(left), lower(right));
    match operator {
        "AND" | "OR" => {
            let wrong = if left == "bool" { right } else { left };
            format!("incompatible {operator} argument type: {wrong}")
        }
        "BIT_XOR" => format!("unsupported binary operator: <{left}> # <{right}>"),
        "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=" | "~" | "!~" | "~*" | "!~*" => {
            format!("unsupported comparison operator: <{left}> {operator} <{right}>")
        }
        _ => format!("unsupported binary operator: <{left}> {operator} <{right}>"),
    }
}

/// What is not done, where this vendor has words of its own for that.
pub(super) fn reworded_unsupported(what: &str) -> Option<String> {
    let (from, to) = what.strip_prefix("CAST from ")?.split_once(" to ")?;
    let lower = |sql: &str| signature_word(sql).to_lowercase();
    Some(format!("invalid cast: {} -> {}", lower(from), lower(to)))
}

/// A calculation that left its type: of functions the name, of operators nothing.
pub(super) fn out_of_range(what: &str) -> String {
    match what.split_once('(') {
        Some((name, _)) if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            format!("{name}(): integer out of range")
        }
        _ if what.starts_with(|c: char| c.is_ascii_digit() || c == '-') => "integer out of range".to_owned(),
        _ => format!("{what} out of range"),
    }
}

/// A known text in the vendor's words.
pub(super) fn reworded(reason: &str) -> Option<String> {
    if let Some(found) = reason.strip_prefix("a condition must be boolean, not ") {
        let found = signature_word(found).to_lowercase();
        return Some(format!("argument of WHERE or HAVING must be type bool, not type {found}"));
    }
    if let Some(operation) = reason.strip_prefix("there is no operation ") {
        return Some(unknown_operation(operation));
    }
    if let Some((operator, types)) = reason.split_once(" does not apply to ") {
        let (left, right) = types.split_once(" and ")?;
        let lower = |sql: &str| signature_word(sql).to_lowercase();
        return Some(format!("unsupported comparison operator: <{}> {operator} <{}>", lower(left), lower(right)));
    }
    for clause in ["LIMIT", "OFFSET"] {
        let mark = format!("{clause} takes an integer of 64 bits, not ");
        if let Some(found) = reason.strip_prefix(mark.as_str()) {
            let found = signature_word(found).to_lowercase();
            return Some(format!("argument of {clause} must be type int, not type {found}"));
        }
    }
    if let Some(text) = between(reason, "Error parsing timestamp from '", "': ") {
        return Some(format!("could not parse \"{text}\" as type timestamp: no such time"));
    }
    if let Some(text) = between(reason, "Cannot cast value '", "' to value of boolean type") {
        return Some(format!("could not parse \"{text}\" as type bool: invalid bool value"));
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
        let (_, sql) = rest.split_once(" to type ")?;
        let (word, _) = lower_word(sql)?;
        return Some(format!("value is out of range for type {word}"));
    }
    if let Some(text) = between(reason, "Cannot cast string '", "' to value of ") {
        let (word, kind) = lower_word(between(reason, "to value of ", " type")?)?;
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
    use super::{out_of_range, reworded, reworded_unsupported, unknown_signature};

    #[test]
    fn overflows_and_casts() {
        for (what, text) in [
            ("9223372036854775807 + 1", "integer out of range"),
            ("-9223372036854775808 - 1", "integer out of range"),
            ("abs(-9223372036854775808)", "abs(): integer out of range"),
            ("the result of sum", "the result of sum out of range"),
        ] {
            assert_eq!(out_of_range(what), text);
        }
        assert_eq!(
            reworded_unsupported("CAST from boolean to timestamp with time zone").as_deref(),
            Some("invalid cast: bool -> timestamptz")
        );
        assert_eq!(reworded_unsupported("an array"), None);
    }

    #[test]
    fn signatures_are_printed_in_the_vendors_types() {
        assert_eq!(
            unknown_signature("date_trunc(text, bigint)").as_deref(),
            Some("unknown signature: date_trunc(STRING, INT8)")
        );
        assert_eq!(unknown_signature("f"), None);
    }

    #[test]
    fn known_texts() {
        for (reason, text) in [
            ("Can't cast value 40000 to type smallint", "value is out of range for type int2"),
            ("Cannot cast string '40000' to value of smallint type", "value is out of range for type int2"),
            (
                "Cannot cast string 'a' to value of integer type",
                "could not parse \"a\" as type int: strconv.ParseInt: parsing \"a\": invalid syntax",
            ),
            ("a condition must be boolean, not text", "argument of WHERE or HAVING must be type bool, not type string"),
            (
                "HAVING clause references: m.site must appear in the GROUP BY clause or be used in an aggregate function",
                "column \"site\" must appear in the GROUP BY clause or be used in an aggregate function",
            ),
            (
                "HAVING clause references: f(m.a, 'x') must appear in the GROUP BY clause or be used in an \
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
        for (reason, text) in [
            ("there is no operation integer & text", "unsupported binary operator: <int4> & <string>"),
            ("there is no operation boolean AND double", "incompatible AND argument type: float8"),
            (
                "there is no operation timestamp with time zone + timestamp",
                "unsupported binary operator: <timestamptz> + <timestamp>",
            ),
            (
                "LIMIT takes an integer of 64 bits, not decimal(20,0)",
                "argument of LIMIT must be type int, not type decimal",
            ),
            ("LIKE does not apply to integer and text", "unsupported comparison operator: <int4> LIKE <string>"),
            (
                "Error parsing timestamp from 'x': timestamp must contain at least 10 characters",
                "could not parse \"x\" as type timestamp: no such time",
            ),
        ] {
            assert_eq!(reworded(reason).as_deref(), Some(text));
        }
        assert_eq!(reworded("negative value for LIMIT"), None);
    }
}
