//! DataFusion's errors in the words of the error catalogue.
//!
//! Every wrapper (context, diagnostic, shared, external) is peeled until the cause is found; the
//! position that a diagnostic carries is kept.

use crate::memory::TOTAL_EXHAUSTED;
use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use model::{Error, ErrorKind, TextPosition};
use std::error::Error as StdError;

/// What error texts name beside what the error itself knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErrorContext {
    /// Bytes that one query may hold.
    pub(crate) memory_bytes: u64,
    /// Bytes that all queries together may hold.
    pub(crate) memory_total_bytes: u64,
    /// Qualified columns of the statement's tables, for ambiguous names.
    pub(crate) columns: Vec<(String, String)>,
}

/// Hands an error of ours through DataFusion; [`to_error`] unwraps it.
pub(crate) fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What a DataFusion error means to a user.
pub(crate) fn to_error(error: &DataFusionError, context: &ErrorContext) -> Error {
    match error {
        DataFusionError::Context(_, inner) => to_error(inner, context),
        DataFusionError::Shared(inner) => to_error(inner, context),
        DataFusionError::Diagnostic(diagnostic, inner) => {
            let error = to_error(inner, context);
            match diagnostic.span.map(|s| s.start) {
                Some(start) if start.line > 0 => error.at(TextPosition {
                    line: u32::try_from(start.line).unwrap_or(u32::MAX),
                    column: u32::try_from(start.column).unwrap_or(u32::MAX),
                }),
                _ => error,
            }
        }
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => to_error(first, context),
            None => Error::internal("an empty collection of errors"),
        },
        DataFusionError::External(inner) => from_dyn(inner.as_ref(), context),
        DataFusionError::ArrowError(inner, _) => from_arrow(inner, context),
        DataFusionError::SchemaError(inner, _) => from_schema(inner, context),
        DataFusionError::ResourcesExhausted(text) => from_exhausted(text, context),
        DataFusionError::IoError(inner) if inner.kind() == std::io::ErrorKind::StorageFull => {
            ErrorKind::DiskFull {}.into()
        }
        DataFusionError::IoError(inner) => {
            ErrorKind::Io { operation: "query spill".into(), reason: inner.to_string() }.into()
        }
        DataFusionError::ExecutionJoin(inner) => Error::internal(inner),
        DataFusionError::Internal(text) => subquery(text).unwrap_or_else(|| Error::internal(sentence(text))),
        DataFusionError::NotImplemented(text) => subquery(text).unwrap_or_else(|| Error::unsupported(sentence(text))),
        DataFusionError::Plan(text) => from_plan(text),
        DataFusionError::Execution(text) if text.to_ascii_lowercase().contains("overflow") => {
            ErrorKind::NumericOverflow { what: first_line(text).to_owned() }.into()
        }
        other => invalid(&other.message()),
    }
}

fn from_dyn(error: &(dyn StdError + Send + Sync + 'static), context: &ErrorContext) -> Error {
    if let Some(ours) = error.downcast_ref::<Error>() {
        ours.clone()
    } else if let Some(inner) = error.downcast_ref::<DataFusionError>() {
        to_error(inner, context)
    } else if let Some(inner) = error.downcast_ref::<ArrowError>() {
        from_arrow(inner, context)
    } else {
        invalid(&error.to_string())
    }
}

fn from_arrow(error: &ArrowError, context: &ErrorContext) -> Error {
    match error {
        ArrowError::ExternalError(inner) => from_dyn(inner.as_ref(), context),
        ArrowError::DivideByZero => ErrorKind::DivisionByZero {}.into(),
        ArrowError::ArithmeticOverflow(text) => {
            let what = text.trim_start_matches("Overflow happened on: ");
            ErrorKind::NumericOverflow { what: first_line(what).to_owned() }.into()
        }
        ArrowError::IoError(_, inner) if inner.kind() == std::io::ErrorKind::StorageFull => {
            ErrorKind::DiskFull {}.into()
        }
        ArrowError::IoError(_, inner) => {
            ErrorKind::Io { operation: "query spill".into(), reason: inner.to_string() }.into()
        }
        ArrowError::InvalidArgumentError(text)
        | ArrowError::CastError(text)
        | ArrowError::ParseError(text)
        | ArrowError::ComputeError(text) => invalid(text),
        other => invalid(&other.to_string()),
    }
}

fn from_schema(error: &SchemaError, context: &ErrorContext) -> Error {
    match error {
        SchemaError::FieldNotFound { field, .. } => ErrorKind::ColumnNotFound {
            column: field.name.clone(),
            table: field.relation.as_ref().map(|r| r.table().to_owned()),
        }
        .into(),
        SchemaError::AmbiguousReference { field } => ErrorKind::NameAmbiguous {
            name: field.name.clone(),
            candidates: context
                .columns
                .iter()
                .filter(|(_, column)| *column == field.name)
                .map(|(table, column)| format!("{table}.{column}"))
                .collect(),
        }
        .into(),
        other => invalid(&other.to_string()),
    }
}

fn from_exhausted(text: &str, context: &ErrorContext) -> Error {
    if text.contains(TOTAL_EXHAUSTED) {
        let limit = context.memory_total_bytes;
        ErrorKind::Overloaded { what: format!("all queries together need more than {limit} bytes of memory") }.into()
    } else if text.contains("disk space") {
        ErrorKind::DiskFull {}.into()
    } else {
        ErrorKind::QueryMemoryExceeded { limit: context.memory_bytes }.into()
    }
}

/// Unknown functions have no error of their own in DataFusion, only these words.
fn from_plan(text: &str) -> Error {
    let quoted = |after: &str| {
        let rest = text.split_once(after)?.1;
        Some(rest.split_once('\'')?.0.to_owned())
    };
    let function = quoted("Invalid function '")
        .or_else(|| quoted("No function matches the given name and argument types '"))
        .or_else(|| {
            let rest = text.split_once("Failed to coerce arguments to satisfy a call to '")?.1;
            let (name, rest) = rest.split_once('\'')?;
            let types = rest.split_once("coercion from ")?.1.split_once(" to the signature")?.0;
            Some(format!("{name}({types})"))
        });
    match function {
        Some(function) => ErrorKind::FunctionNotFound { function }.into(),
        None => subquery(text).unwrap_or_else(|| invalid(text)),
    }
}

/// A subquery at a place where it cannot run: DataFusion prints the plan's own structures then.
fn subquery(text: &str) -> Option<Error> {
    let what = if text.contains("InSubquery(") || text.contains("In/Exist/SetComparison") {
        "IN (subquery) or EXISTS (subquery) at this place"
    } else if text.contains("Exists(") {
        "EXISTS (subquery) at this place"
    } else if text.contains("SetComparison(") {
        "a comparison with ANY or ALL of a subquery at this place"
    } else if ["OuterReferenceColumn", "outer reference columns", "outer_ref(", "ScalarSubquery("]
        .iter()
        .any(|mark| text.contains(mark))
    {
        "a subquery that uses columns of the query around it in this way"
    } else {
        return None;
    };
    Some(Error::unsupported(what))
}

fn invalid(text: &str) -> Error {
    ErrorKind::InvalidStatement { reason: sentence(text) }.into()
}

/// The first line for people: it ends where a debug print of a plan, an expression or a syntax
/// tree begins.
fn sentence(text: &str) -> String {
    let line = first_line(text);
    let Some(cut) = debug_print(line) else { return line.to_owned() };
    let kept = line.get(..cut).unwrap_or_default().trim_end();
    let kept = kept.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ')' | '\'' | '"' | '`'));
    if kept.is_empty() { "the statement cannot be planned".to_owned() } else { kept.to_owned() }
}

/// Where Rust's debug format of a structure begins: `Name {`, or `Name(` of what only plans have.
fn debug_print(line: &str) -> Option<usize> {
    const TUPLES: [&str; 13] = [
        "Some(",
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
    structure.chain(TUPLES.iter().filter_map(|mark| line.find(mark))).min()
}

/// DataFusion appends hints and backtraces on further lines, and its own words in front.
fn first_line(text: &str) -> &str {
    let mut line = text.split('\n').next().unwrap_or_default();
    loop {
        let stripped =
            ["Error during planning: ", "Execution error: ", "Arrow error: ", "External error: ", "Optimizer rule "]
                .iter()
                .find_map(|noise| line.strip_prefix(noise));
        match stripped {
            Some(rest) => line = rest,
            None => return line.trim_end(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Code;
    use std::sync::Arc;

    fn mapped(error: DataFusionError) -> Error {
        to_error(&error, &ErrorContext { memory_bytes: 7, memory_total_bytes: 9, columns: Vec::new() })
    }

    #[test]
    fn wrappers_are_peeled() {
        let ours = Error::new(ErrorKind::TableNotFound { table: "t".into() });
        let wrapped = DataFusionError::Context(
            "optimizer".into(),
            Box::new(DataFusionError::Shared(Arc::new(DataFusionError::ArrowError(
                Box::new(ArrowError::ExternalError(Box::new(external(ours.clone())))),
                None,
            )))),
        );
        assert_eq!(mapped(wrapped), ours);
    }

    #[test]
    fn debug_prints_are_cut() {
        for (text, expected) in [
            ("no such thing", "no such thing"),
            ("cannot cast 'a' to Int64 { x }", "cannot cast 'a' to Int64 { x }"),
            ("Unsupported ast node Struct { exprs: [] } in f", "Unsupported ast node"),
            ("bad: Column(Column { relation: None })", "bad"),
            ("Expr: Literal(Int64(1), None)", "Expr"),
            ("Column { relation: None }", "the statement cannot be planned"),
            ("Cannot coerce Timestamp(ms) to Int64", "Cannot coerce Timestamp(ms) to Int64"),
        ] {
            assert_eq!(sentence(text), expected);
        }
        let text = "Physical plan does not support logical expression InSubquery(InSubquery { expr: Column(..) })";
        let error = mapped(DataFusionError::NotImplemented(text.into()));
        assert_eq!(error.code(), Code::Unsupported);
        assert!(!error.to_string().contains("Physical"), "{error}");
    }

    #[test]
    fn causes_have_their_codes() {
        let arrow = |e| DataFusionError::ArrowError(Box::new(e), None);
        assert_eq!(mapped(arrow(ArrowError::DivideByZero)).code(), Code::DivisionByZero);
        assert_eq!(
            *mapped(arrow(ArrowError::ArithmeticOverflow("Overflow happened on: 1 + 2".into()))).kind,
            ErrorKind::NumericOverflow { what: "1 + 2".into() }
        );
        assert_eq!(
            *mapped(DataFusionError::ResourcesExhausted("Failed to allocate".into())).kind,
            ErrorKind::QueryMemoryExceeded { limit: 7 }
        );
        assert_eq!(mapped(DataFusionError::ResourcesExhausted(TOTAL_EXHAUSTED.into())).code(), Code::Overloaded);
        assert_eq!(
            *mapped(DataFusionError::Plan("Error during planning: no\nDid you mean".into())).kind,
            ErrorKind::InvalidStatement { reason: "no".into() }
        );
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(mapped(DataFusionError::IoError(full)).code(), Code::DiskFull);
    }
}
