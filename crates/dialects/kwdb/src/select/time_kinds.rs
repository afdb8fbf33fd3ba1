//! Which expressions are times, told from the syntax tree: what a text beside them is read as.

use super::scope::{ColumnKind, Scope, Tables};
use crate::session::{INSTANT_OF, TIMEZONE, WALL_CLOCK_OF};
use crate::sql::types::ColumnType;
use ::sql::ast::{BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};
use std::rc::Rc;

/// Functions that return one of their arguments.
const CHOOSING: [&str; 5] = ["coalesce", "ifnull", "nullif", "greatest", "least"];
/// Functions that return a value of their first argument's type.
const OF_THE_FIRST: [&str; 13] = [
    "min",
    "max",
    "first",
    "last",
    "first_row",
    "last_row",
    "first_value",
    "last_value",
    "nth_value",
    "any_value",
    "lag",
    "lead",
    "time_bucket",
];
/// Functions that return the time of a row, which is their last argument once they are rewritten.
const OF_THE_ROW: [&str; 4] = ["firstts", "lastts", "first_row_ts", "last_row_ts"];
const CURRENT: [&str; 5] =
    ["now", "current_timestamp", "transaction_timestamp", "statement_timestamp", "clock_timestamp"];

/// What a call returns one of.
pub(super) fn is_choosing(name: &str) -> bool {
    CHOOSING.contains(&name)
}

/// The name of a called function in lower case.
pub(super) fn name_of(call: &Function) -> Option<String> {
    Some(call.name.0.last()?.as_ident()?.value.to_ascii_lowercase())
}

/// Tells the kinds of expressions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds<'a> {
    /// The FROM clauses around the expressions, innermost last.
    pub(super) scopes: &'a [Rc<Scope>],
    /// What queries inside of them can name.
    pub(super) tables: &'a Tables<'a>,
}

fn of_type(data_type: &DataType) -> ColumnKind {
    match ColumnType::from_ast(data_type) {
        Ok(ColumnType::Timestamptz(_)) => ColumnKind::Instant,
        Ok(ColumnType::Timestamp(_)) => ColumnKind::Local,
        _ => ColumnKind::Other,
    }
}

impl Kinds<'_> {
    /// The kind of time that an expression is.
    pub(super) fn of(&self, expr: &Expr) -> ColumnKind {
        match expr {
            Expr::Nested(inner) => self.of(inner),
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => {
                let column = self.scopes.iter().rev().find_map(|scope| scope.resolve(expr));
                column.map_or(ColumnKind::Other, |(_, column)| column.kind)
            }
            Expr::Cast { data_type, .. } => of_type(data_type),
            Expr::TypedString(typed) => of_type(&typed.data_type),
            Expr::Function(call) => self.of_call(call),
            Expr::AtTimeZone { timestamp, .. } => turned(self.of(timestamp)),
            Expr::Case { conditions, else_result, .. } => {
                self.any(conditions.iter().map(|when| &when.result).chain(else_result.as_deref()))
            }
            // A time and a span of time; the difference of two times is no time.
            Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } => {
                match (self.of(left), self.of(right)) {
                    (kind, ColumnKind::Other) | (ColumnKind::Other, kind) => kind,
                    _ => ColumnKind::Other,
                }
            }
            Expr::Subquery(query) => {
                let output = self.tables.clone().output(query);
                output.columns.first().map_or(ColumnKind::Other, |column| column.kind)
            }
            _ => ColumnKind::Other,
        }
    }

    /// The kind of the first that is a time.
    pub(super) fn any<'e>(&self, mut exprs: impl Iterator<Item = &'e Expr>) -> ColumnKind {
        exprs
            .find_map(|expr| Some(self.of(expr)).filter(|kind| *kind != ColumnKind::Other))
            .unwrap_or(ColumnKind::Other)
    }

    fn of_call(&self, call: &Function) -> ColumnKind {
        let Some(name) = name_of(call) else { return ColumnKind::Other };
        let arguments: Vec<&Expr> = match &call.args {
            FunctionArguments::List(list) => list.args.iter().filter_map(unnamed).collect(),
            _ => Vec::new(),
        };
        let of = |position: usize| arguments.get(position).map_or(ColumnKind::Other, |argument| self.of(argument));
        match name.as_str() {
            name if is_choosing(name) => self.any(arguments.iter().copied()),
            name if OF_THE_FIRST.contains(&name) => of(0),
            name if OF_THE_ROW.contains(&name) => match arguments.len() {
                2 => of(1),
                _ => ColumnKind::Instant,
            },
            name if CURRENT.contains(&name) => ColumnKind::Instant,
            "localtimestamp" => ColumnKind::Local,
            "date_trunc" => of(1),
            TIMEZONE => turned(of(1)),
            INSTANT_OF => ColumnKind::Instant,
            WALL_CLOCK_OF => ColumnKind::Local,
            _ => ColumnKind::Other,
        }
    }
}

/// The kind behind AT TIME ZONE.
const fn turned(kind: ColumnKind) -> ColumnKind {
    match kind {
        ColumnKind::Instant => ColumnKind::Local,
        ColumnKind::Local => ColumnKind::Instant,
        ColumnKind::Other => ColumnKind::Other,
    }
}

fn unnamed(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}
