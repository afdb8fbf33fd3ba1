//! What the planner says only in words: its sentences about types and operators, recognised and
//! said anew. Every other sentence passes in plain words or, where that cannot be, not at all.

use super::plain::{plain, with_plain_types};
use model::{Error, ErrorKind};

/// What a sentence of the planner means to a user.
pub(super) fn invalid(text: &str) -> Error {
    if let Some(known) = known(text) {
        return known;
    }
    ErrorKind::InvalidStatement { reason: sentence(text) }.into()
}

/// What the planner says it does not do.
pub(super) fn unsupported(text: &str) -> Error {
    if let Some(known) = known(text) {
        return known;
    }
    let what = sentence(text);
    // The error adds those words itself.
    let what = ["is not yet supported", "is not supported", "not supported", "not implemented"]
        .iter()
        .find_map(|end| what.trim_end_matches('.').strip_suffix(end))
        .map_or(what.as_str(), str::trim_end);
    Error::unsupported(what.strip_prefix("Unsupported ").unwrap_or(what))
}

/// The first line for people: it ends where a debug print of a plan, an expression or a syntax
/// tree begins.
pub(super) fn sentence(text: &str) -> String {
    let line = first_line(text);
    let kept = match debug_print(line) {
        None => line,
        Some(cut) => {
            let kept = line.get(..cut).unwrap_or_default().trim_end();
            kept.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ')' | '\'' | '"' | '`'))
        }
    };
    match plain(kept) {
        Some(plain) if !plain.is_empty() => plain,
        _ => {
            tracing::debug!(text, "an error of the planner that has no words for users");
            "the statement cannot be planned".to_owned()
        }
    }
}

/// A value that cannot be read: what a user wrote or stored stands in the sentence as it is, whatever
/// it looks like.
fn unreadable_value(text: &str) -> Option<Error> {
    const BEGINNINGS: [&str; 3] = ["Cannot cast string '", "Cannot cast value '", "Error parsing timestamp from '"];
    let begins = |part: &&str| text.starts_with(part) || text.contains(&format!(": {part}"));
    let beginning = BEGINNINGS.iter().find(|part| begins(part))?;
    let (_, rest) = text.split_once(beginning)?;
    let (value, rest) = rest.rsplit_once('\'')?;
    let reason = format!("{beginning}{value}'{}", with_plain_types(first_line(rest)));
    Some(ErrorKind::InvalidStatement { reason }.into())
}

fn known(text: &str) -> Option<Error> {
    if let Some(unreadable) = unreadable_value(text) {
        return Some(unreadable);
    }
    let line = first_line(text);
    if let Some(overflow) = overflow(line) {
        return Some(overflow);
    }
    unsupported_part(text).map(Error::unsupported).or_else(|| Some(invalid_part(text, line)?.into()))
}

/// A calculation that leaves its type, such as `Int64Array overflow on abs(-128)`.
fn overflow(line: &str) -> Option<Error> {
    let (of, what) = line.split_once(" overflow on ")?;
    let what = with_plain_types(what);
    of.ends_with("Array").then(|| ErrorKind::NumericOverflow { what }.into())
}

/// Parts of the grammar that are not carried out: the planner prints its own structures there.
fn unsupported_part(text: &str) -> Option<&'static str> {
    let has = |mark: &str| text.contains(mark);
    Some(if has("InSubquery(") || has("In/Exist/SetComparison") {
        "IN (subquery) or EXISTS (subquery) at this place"
    } else if has("Exists(") {
        "EXISTS (subquery) at this place"
    } else if has("SetComparison(") {
        "a comparison with ANY or ALL of a subquery at this place"
    } else if ["OuterReferenceColumn", "outer reference columns", "outer_ref(", "ScalarSubquery("]
        .iter()
        .any(|m| has(m))
    {
        "a subquery that uses columns of the query around it in this way"
    } else if has("does not support logical expression") {
        if has("WindowFunction(") { "a window function at this place" } else { "this expression at this place" }
    } else if has("plan array literal") {
        "an array"
    } else if has("GetFieldAccess") {
        "a part of a value by [ ]"
    } else if has("SQL unary operator") {
        if has("BitwiseNot") { "the operator ~" } else { "this operator" }
    } else {
        return None;
    })
}

fn invalid_part(text: &str, line: &str) -> Option<ErrorKind> {
    let invalid = |reason: String| Some(ErrorKind::InvalidStatement { reason });
    let after = |mark: &str| Some(line.split_once(mark)?.1);
    if let Some(rest) = after("There isn't a common type to coerce ") {
        let (types, operator) = rest.split_once(" in ")?;
        let operator = operator.strip_suffix(" expression").unwrap_or(operator);
        return invalid(format!("{operator} does not apply to {}", with_plain_types(types)));
    }
    let operations = [
        "Cannot infer common argument type for logical boolean operation ",
        "Cannot infer common argument type for comparison operation ",
        "Cannot infer common argument type for regex operation ",
        "Cannot infer common type for bitwise operation ",
        "Cannot coerce arithmetic expression ",
        "Cannot get result type for temporal operation ",
        "Cannot get result type for arithmetic operation ",
        "Invalid timestamp arithmetic operation: ",
        "Invalid interval arithmetic operation: ",
        "Invalid date arithmetic operation: ",
        "Invalid arithmetic operation: ",
    ];
    if let Some(rest) = operations.iter().find_map(|mark| after(mark)) {
        let operation = rest.split(": Invalid argument error").next()?;
        let operation = operation.strip_suffix(" to valid types").unwrap_or(operation);
        return invalid(format!("there is no operation {}", with_plain_types(operation)));
    }
    if let Some(rest) = after("Cannot create filter with non-boolean predicate ") {
        let (_, found) = rest.rsplit_once(" returning ")?;
        return invalid(format!("a condition must be boolean, not {}", with_plain_types(found)));
    }
    if let Some(rest) = after("Expected LIMIT to be an integer or null, but got ") {
        return invalid(format!("LIMIT takes an integer of 64 bits, not {}", with_plain_types(rest)));
    }
    if let Some(rest) = after("Expected OFFSET to be an integer or null, but got ") {
        return invalid(format!("OFFSET takes an integer of 64 bits, not {}", with_plain_types(rest)));
    }
    if line.contains("Aggregate function calls cannot be nested") {
        return invalid("Aggregate function calls cannot be nested".to_owned());
    }
    if line.contains("regex parse error") {
        let fault = text.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it cannot be read");
        return invalid(format!("invalid regular expression: {fault}"));
    }
    None
}

/// Where Rust's debug format of a structure begins: `Name {`, or `Name(` of what only plans have.
fn debug_print(line: &str) -> Option<usize> {
    const TUPLES: [&str; 12] = [
        "Literal(",
        "Column(Column",
        "BinaryExpr(",
        "ScalarFunction(",
        "AggregateFunction(",
        "WindowFunction(",
        "Identifier(",
        "CompoundIdentifier(",
        "ObjectName(",
        "Value(ValueWithSpan",
        "Function(Function",
        "Cast(Cast",
    ];
    let structure = line.match_indices(" { ").filter_map(|(at, brace)| {
        let (before, after) = (line.get(..at)?, line.get(at + brace.len()..)?);
        let field = after.split_once(':')?.0;
        if !field.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return None;
        }
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |i| i + 1);
        let name = before.get(start..)?;
        (name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().any(|c| c.is_ascii_lowercase()))
            .then_some(start)
    });
    // A decimal constant prints its digits so.
    let some = line.match_indices("Some(").map(|(at, _)| at);
    let some = some.filter(|at| !line.get(..*at).is_some_and(|before| before.ends_with("Decimal128(")));
    structure.chain(TUPLES.iter().filter_map(|mark| line.find(mark))).chain(some).min()
}

/// The planner appends hints and backtraces on further lines, and its own words in front.
pub(super) fn first_line(text: &str) -> &str {
    const NOISE: [&str; 12] = [
        "Error during planning: ",
        "Execution error: ",
        "Arrow error: ",
        "External error: ",
        "Optimizer rule ",
        "Schema error: ",
        "Internal error: ",
        "Invalid argument error: ",
        "Compute error: ",
        "Cast error: ",
        "Parser error: ",
        "This feature is not implemented: ",
    ];
    let mut line = text.split('\n').next().unwrap_or_default();
    while let Some(rest) = NOISE.iter().find_map(|noise| line.strip_prefix(noise)) {
        line = rest;
    }
    line.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_are_cut() {
        for (text, expected) in [
            ("no such thing", "no such thing"),
            ("cannot cast 'a' to Int64 { x }", "cannot cast 'a' to bigint { x }"),
            ("Unsupported ast node Struct { exprs: [] } in f", "Unsupported ast node"),
            ("bad: Column(Column { relation: None })", "bad"),
            ("Expr: Literal(Int64(1), None)", "Expr"),
            ("Column { relation: None }", "the statement cannot be planned"),
            ("Cannot cast Timestamp(ms) to Int64", "Cannot cast timestamp to bigint"),
            ("no such LogicalPlan", "the statement cannot be planned"),
        ] {
            assert_eq!(sentence(text), expected);
        }
    }

    #[test]
    fn operators_are_named_with_plain_types() {
        for (text, expected) in [
            (
                "There isn't a common type to coerce Int32 and Utf8 in LIKE expression",
                "LIKE does not apply to integer and text",
            ),
            (
                "Cannot infer common argument type for logical boolean operation Int32 AND Boolean",
                "there is no operation integer AND boolean",
            ),
            (
                "Cannot get result type for temporal operation Timestamp(µs) + Timestamp(µs): Invalid argument error: \
                 Invalid timestamp arithmetic operation: Timestamp(µs) + Timestamp(µs)",
                "there is no operation timestamp + timestamp",
            ),
            ("Cannot coerce arithmetic expression Utf8 * Int64 to valid types", "there is no operation text * bigint"),
            (
                "Cannot create filter with non-boolean predicate 'f(t.a, Boolean(true))' returning Int64",
                "a condition must be boolean, not bigint",
            ),
            (
                "Expected LIMIT to be an integer or null, but got Decimal128(20, 0)",
                "LIMIT takes an integer of 64 bits, not decimal(20,0)",
            ),
            (
                "regex parse error:\n    [\n    ^\nerror: unclosed character class",
                "invalid regular expression: unclosed character class",
            ),
        ] {
            assert_eq!(*invalid(text).kind, ErrorKind::InvalidStatement { reason: expected.to_owned() });
        }
        let overflow = invalid("Compute error: Int64Array overflow on abs(-128)");
        assert_eq!(*overflow.kind, ErrorKind::NumericOverflow { what: "abs(-128)".to_owned() });
    }

    #[test]
    fn a_value_that_cannot_be_read_stands_as_it_is() {
        for value in ["Exists(", "outer_ref(", "Some(1)", "X1a { b: }", "Int64", "two\nlines", "it's", "GetFieldAccess"]
        {
            let text = format!("Arrow error: Cast error: Cannot cast string '{value}' to value of Int64 type");
            let reason = format!("Cannot cast string '{value}' to value of bigint type");
            assert_eq!(*invalid(&text).kind, ErrorKind::InvalidStatement { reason });
        }
    }

    #[test]
    fn what_is_not_done_is_named_once() {
        for (text, expected) in [
            ("Operator -> is not yet supported", "Operator ->"),
            ("Unsupported CAST from Boolean to Timestamp(µs)", "CAST from boolean to timestamp"),
            ("GetFieldAccess not supported by ExprPlanner: x", "a part of a value by [ ]"),
            ("Unsupported SQL unary operator BitwiseNot", "the operator ~"),
            (
                "Physical plan does not support logical expression WindowFunction(WindowFunction {",
                "a window function at this place",
            ),
        ] {
            assert_eq!(*unsupported(text).kind, ErrorKind::Unsupported { what: expected.to_owned() });
        }
    }
}
