//! DataFusion's errors in the words of the error catalogue.
//!
//! Every wrapper (context, diagnostic, shared, external) is peeled until the cause is found; the
//! position that a diagnostic carries is kept. What only the planner's words tell is said in words
//! that users know (`planner_texts`, `plain`).

mod plain;
mod planner_texts;

use crate::memory::TOTAL_EXHAUSTED;
use arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use model::{Error, ErrorKind, TextPosition};
use planner_texts::{invalid, sentence, unsupported};
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
        DataFusionError::Internal(text) => internal(text),
        DataFusionError::NotImplemented(text) => unsupported(text),
        DataFusionError::Plan(text) => from_plan(text),
        DataFusionError::Execution(text) if text.to_ascii_lowercase().contains("overflow") => {
            ErrorKind::NumericOverflow { what: sentence(text) }.into()
        }
        other => invalid(&other.message()),
    }
}

fn from_dyn(error: &(dyn StdError + Send + Sync + 'static), context: &ErrorContext) -> Error {
    if let Some(ours) = error.downcast_ref::<Error>() {
        match &*ours.kind {
            // A dialect's function that names the types that it was called with.
            ErrorKind::FunctionNotFound { function } => {
                let function = plain::with_plain_types(function);
                Error { kind: Box::new(ErrorKind::FunctionNotFound { function }), position: ours.position }
            }
            _ => ours.clone(),
        }
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
            ErrorKind::NumericOverflow { what: sentence(what) }.into()
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
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            let reason = format!("table name \"{}\" is specified more than once", qualifier.table());
            ErrorKind::InvalidStatement { reason }.into()
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            ErrorKind::InvalidStatement { reason: format!("column \"{name}\" is there more than once") }.into()
        }
    }
}

/// A fault below; some are only the planner's way to say that it does not do something.
fn internal(text: &str) -> Error {
    let said = unsupported(text);
    if matches!(&*said.kind, ErrorKind::Unsupported { what } if *what != sentence(text)) {
        return said;
    }
    tracing::error!(text, "the planner failed");
    Error::internal(sentence(text))
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
        })
        .map(|function| plain::with_plain_types(&function));
    match function {
        Some(function) => ErrorKind::FunctionNotFound { function }.into(),
        None => invalid(text),
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
    fn what_is_not_planned_is_unsupported() {
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
