//! Texts that come from below without a kind of their own, in this vendor's words.

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}

/// The vendor's word for a type.
fn word(sql: &str) -> &str {
    match sql.trim() {
        "boolean" => "BOOLEAN",
        "tinyint" | "smallint" | "integer" | "unsigned tinyint" | "unsigned smallint" => "INT32",
        "bigint" | "unsigned integer" | "unsigned bigint" => "INT64",
        "real" => "FLOAT",
        "double" => "DOUBLE",
        "text" => "STRING",
        "binary" => "BLOB",
        "date" => "DATE",
        "null" => "unknown",
        other if other.starts_with("timestamp") => "TIMESTAMP",
        other => other,
    }
}

/// A known text in the vendor's words.
pub(super) fn reworded(reason: &str) -> Option<String> {
    if let Some(found) = reason.strip_prefix("a condition must be boolean, not ") {
        return Some(format!("WHERE clause must evaluate to a boolean: actual type {}", word(found)));
    }
    if reason.contains("must appear in the GROUP BY clause") || reason.contains("must be in GROUP BY") {
        let column = between(reason, "column \"", "\"")
            .or_else(|| between(reason, "expression \"", "\""))
            .or_else(|| between(reason, "Column in SELECT must be in GROUP BY or an aggregate function: ", ":"))?;
        let name = column.rsplit('.').next().unwrap_or(column);
        return Some(format!("'{name}' must be an aggregate expression or appear in GROUP BY clause"));
    }
    if reason.contains("UNION queries have different number of columns")
        || reason.contains("INTERSECT query must have the same number of columns")
        || reason.contains("EXCEPT query must have the same number of columns")
    {
        let operation = reason.split(' ').next().unwrap_or("UNION");
        return Some(format!("{operation} query has different number of fields"));
    }
    if reason.contains("For SELECT DISTINCT, ORDER BY expressions") {
        return Some("For SELECT DISTINCT, ORDER BY expressions must appear in select list".to_owned());
    }
    if let Some(rest) = reason.split_once("Join condition must be boolean type, but got ") {
        return Some(format!("JOIN ON clause must evaluate to a boolean: actual type {}", word(rest.1)));
    }
    if reason.contains("Too many columns! The subquery should only return one column") {
        return Some("Subquery must return only one column for now. Row Type is not supported for now.".to_owned());
    }
    if reason.contains("more than one row") || reason.contains("returned more than one") {
        return Some("Scalar sub-query has returned multiple rows.".to_owned());
    }
    None
}

/// A calculation that left its type, such as `10 + 2147483647`.
pub(super) fn overflow(what: &str) -> String {
    let named = [(" + ", "Addition"), (" - ", "Subtraction"), (" * ", "Multiplication")];
    for (symbol, name) in named {
        let Some((left, right)) = what.split_once(symbol) else { continue };
        let (Ok(left), Ok(right)) = (left.trim().parse::<i64>(), right.trim().parse::<i64>()) else { continue };
        let is_int = i32::try_from(left).is_ok() && i32::try_from(right).is_ok();
        return format!("{} {name} overflow: {left}{symbol}{right}", if is_int { "int" } else { "long" });
    }
    format!("{what} is out of range")
}

#[cfg(test)]
mod tests {
    use super::{overflow, reworded};

    #[test]
    fn known_texts() {
        assert_eq!(overflow("10 + 2147483647"), "int Addition overflow: 10 + 2147483647");
        assert_eq!(overflow("100 * 9223372036854775807"), "long Multiplication overflow: 100 * 9223372036854775807");
        assert_eq!(overflow("abs(-128)"), "abs(-128) is out of range");
        let filter = "a condition must be boolean, not integer";
        assert_eq!(reworded(filter).as_deref(), Some("WHERE clause must evaluate to a boolean: actual type INT32"));
        assert_eq!(reworded("anything else"), None);
    }
}
