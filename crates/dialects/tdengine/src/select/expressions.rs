//! Expressions: names, pseudo columns, constants of time, and the shapes that DataFusion would read
//! with another meaning.

use super::Rewriter;
use super::build::{self, number};
use super::functions;
use super::scope::Scope;
use super::window::Frame;
use crate::error::coded;
use crate::names::unit_word;
use crate::session::{CAST, INSTANT_MS, INSTANT_NS, INSTANT_US, JSON_TEXT, TIME_OF};
use crate::timezone;
use ::sql::ast::{BinaryOperator, Expr, Ident, Query, TrimWhereField, UnaryOperator, VisitMut as _, VisitorMut};
use ::sql::tree::{binary, call, null, take, text};
use model::{Error, Result, TimeUnit};
use std::ops::ControlFlow;

impl Rewriter<'_> {
    /// Rewrites an expression in place.
    pub(super) fn expression(&self, expr: &mut Expr, scope: &Scope, frame: Option<&Frame>) -> Result<()> {
        let mut visitor = Visitor { rewriter: self, scope, frame };
        match expr.visit(&mut visitor) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(*error),
        }
    }

    /// An instant in the unit of a scope.
    pub(super) fn instant(&self, nanos: i128, unit: TimeUnit) -> Result<Expr> {
        let count = unit.floor_from_nanos(nanos).ok_or_else(|| coded(0x060b, "Timestamp data out of range"))?;
        let name = match unit {
            TimeUnit::Millisecond => INSTANT_MS,
            TimeUnit::Microsecond => INSTANT_US,
            TimeUnit::Nanosecond => INSTANT_NS,
        };
        Ok(call(name, vec![number(count)]))
    }

    pub(super) fn now(&self, unit: TimeUnit) -> Result<Expr> {
        self.instant(self.context.now(), unit)
    }

    pub(super) fn today(&self, unit: TimeUnit) -> Result<Expr> {
        self.instant(timezone::midnight(self.context.zone(), self.context.now()), unit)
    }
}

struct Visitor<'a> {
    rewriter: &'a Rewriter<'a>,
    scope: &'a Scope,
    frame: Option<&'a Frame>,
}

impl VisitorMut for Visitor<'_> {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<Box<Error>> {
        ControlFlow::Break(Box::new(Error::unsupported("a subquery outside of FROM")))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Box<Error>> {
        match self.one(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

impl Visitor<'_> {
    fn one(&self, expr: &mut Expr) -> Result<()> {
        let unit = self.scope.unit();
        match expr {
            Expr::Identifier(name) => *expr = self.name(std::slice::from_ref(name))?,
            Expr::CompoundIdentifier(parts) => *expr = self.name(parts)?,
            Expr::Between { expr: value, negated, low, high } => {
                let (value, low, high) = (take(value), take(low), take(high));
                let (first, op, second) = if *negated {
                    (BinaryOperator::Lt, BinaryOperator::Or, BinaryOperator::Gt)
                } else {
                    (BinaryOperator::GtEq, BinaryOperator::And, BinaryOperator::LtEq)
                };
                let both = binary(binary(value.clone(), first, low), op, binary(value, second, high));
                *expr = Expr::Nested(Box::new(both));
            }
            Expr::InList { expr: value, list, negated } if !self.is_plain(value) => {
                let (op, joined) = if *negated {
                    (BinaryOperator::NotEq, BinaryOperator::And)
                } else {
                    (BinaryOperator::Eq, BinaryOperator::Or)
                };
                let value = take(value);
                let terms = list.iter_mut().map(|item| binary(value.clone(), op.clone(), take(item))).collect();
                *expr = Expr::Nested(Box::new(build::joined(terms, &joined).unwrap_or_else(null)));
            }
            Expr::Cast { expr: value, data_type, .. } => {
                let (word, length) = cast_target(&data_type.to_string(), unit)?;
                *expr = call(CAST, vec![take(value), text(&word), number(length)]);
            }
            Expr::TypedString(typed) => {
                if !matches!(typed.data_type, ::sql::ast::DataType::Timestamp(..)) {
                    return Err(Error::unsupported("a constant with a type other than TIMESTAMP"));
                }
                let written = typed.value.value.clone().into_string().unwrap_or_default();
                *expr = call(TIME_OF, vec![text(&written), text(unit_word(unit))]);
            }
            Expr::Ceil { expr: value, .. } => *expr = call("ceil", vec![take(value)]),
            Expr::Floor { expr: value, .. } => *expr = call("floor", vec![take(value)]),
            Expr::Position { expr: part, r#in: whole } => *expr = call("strpos", vec![take(whole), take(part)]),
            Expr::Substring { expr: value, substring_from, substring_for, .. } => {
                let mut args = vec![take(value)];
                args.extend(substring_from.as_mut().map(|from| take(from)));
                args.extend(substring_for.as_mut().map(|length| take(length)));
                *expr = call("substr", args);
            }
            Expr::Trim { expr: value, trim_where, trim_what, trim_characters } => {
                let name = match trim_where {
                    Some(TrimWhereField::Leading) => "ltrim",
                    Some(TrimWhereField::Trailing) => "rtrim",
                    Some(TrimWhereField::Both) | None => "btrim",
                };
                let mut args = vec![take(value)];
                args.extend(trim_what.as_mut().map(|what| take(what)));
                if trim_characters.is_some() {
                    return Err(coded(0x2801, "Invalid number of parameters : trim"));
                }
                *expr = call(name, args);
            }
            // The pattern is about the text of a member, not about its JSON.
            Expr::Like { expr: value, .. }
                if matches!(value.as_ref(), Expr::BinaryOp { op: BinaryOperator::Arrow, .. }) =>
            {
                **value = call(JSON_TEXT, vec![take(value)]);
            }
            Expr::Function(_) => functions::rewrite(self.rewriter, expr, self.scope)?,
            Expr::UnaryOp { op: UnaryOperator::Not, .. }
            | Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, .. }
            | Expr::BinaryOp { .. }
            | Expr::InList { .. }
            | Expr::Like { .. }
            | Expr::Nested(_)
            | Expr::Value(_)
            | Expr::Interval(_)
            | Expr::Case { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotTrue(_)
            | Expr::IsNotFalse(_) => {}
            other => return Err(Error::unsupported(format!("the expression {other}"))),
        }
        Ok(())
    }

    /// Whether the value of an IN list is a column whose constants need no reading: IN stays, which a
    /// scan can use.
    fn is_plain(&self, value: &Expr) -> bool {
        let Expr::CompoundIdentifier(parts) = value else { return false };
        let Ok((_, Some(column))) = self.scope.resolve(parts) else { return false };
        column
            .data_type
            .is_some_and(|data_type| matches!(data_type, model::DataType::Text(_)) || data_type.is_integer())
    }

    fn name(&self, parts: &[Ident]) -> Result<Expr> {
        let unit = self.scope.unit();
        if let [only] = parts {
            let is_column = self.scope.sources.iter().any(|source| source.column(&only.value).is_some());
            if !is_column {
                match only.value.as_str() {
                    "now" => return self.rewriter.now(unit),
                    "today" => return self.rewriter.today(unit),
                    "_wstart" | "_wend" | "_wduration" => {
                        let frame = self.frame.ok_or_else(|| {
                            coded(0x2658, "_WSTART, _WEND and _WDURATION can only be used in window query")
                        })?;
                        return Ok(frame.pseudo_column(&only.value));
                    }
                    "_qstart" | "_qend" | "_qduration" | "_irowts" | "_isfilled" | "_irowts_origin" | "_tags" => {
                        return Err(Error::unsupported(format!("the pseudo column {}", only.value)));
                    }
                    _ => {}
                }
            }
        }
        self.scope.reference(parts)
    }
}

/// The word that CAST knows for a type, and its length.
fn cast_target(written: &str, unit: TimeUnit) -> Result<(String, i64)> {
    let upper = written.to_ascii_uppercase();
    let (word, rest) = upper.split_once('(').unwrap_or((&upper, ""));
    let length = rest.trim_end_matches(')').split(',').next().and_then(|length| length.trim().parse().ok());
    let word = match word.trim() {
        "BINARY" | "VARCHAR" => "VARCHAR",
        "INTEGER" | "INT" => "INT",
        "INTEGER UNSIGNED" | "INT UNSIGNED" => "INT UNSIGNED",
        "BOOLEAN" | "BOOL" => "BOOL",
        "DOUBLE PRECISION" | "DOUBLE" => "DOUBLE",
        "TIMESTAMP" => return Ok((format!("TIMESTAMP {}", unit_word(unit)), 0)),
        known @ ("TINYINT" | "SMALLINT" | "BIGINT" | "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "BIGINT UNSIGNED"
        | "FLOAT" | "NCHAR" | "VARBINARY") => known,
        other => return Err(Error::unsupported(format!("CAST to {other}"))),
    };
    let sized = matches!(word, "VARCHAR" | "NCHAR" | "VARBINARY");
    Ok((word.to_owned(), length.unwrap_or(if sized { 64 } else { 0 })))
}
