//! Where texts meet times: comparisons, lists, rows, arms of CASE, arguments, queries of one column.
//!
//! A text that is compared stays a text, spelled out. One that may become the result of the
//! expression, as in `coalesce(ts, '..')`, becomes a time, since the others there are times.

use super::scope::ColumnKind;
use super::time_kinds::{Kinds, is_choosing, name_of};
use super::time_literals::{spelled, text_mut};
use crate::timezone::Zone;
use ::sql::ast::{
    CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, SelectItem, SetExpr, TimezoneInfo,
};
use ::sql::tree::{is_comparison, take};

/// What a text becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Time,
}

/// Spells out the texts that an expression sets beside times.
pub(super) fn spell_out(expr: &mut Expr, kinds: Kinds<'_>, zone: &Zone) {
    match expr {
        Expr::BinaryOp { left, op, right } if is_comparison(op) => meet(vec![left, right], Form::Text, kinds, zone),
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::AnyOp { left, right, .. }
        | Expr::AllOp { left, right, .. } => meet(vec![left, right], Form::Text, kinds, zone),
        Expr::Between { expr, low, high, .. } => meet(vec![expr, low, high], Form::Text, kinds, zone),
        Expr::InList { expr, list, .. } => {
            meet(std::iter::once(expr.as_mut()).chain(list).collect(), Form::Text, kinds, zone);
        }
        Expr::InSubquery { expr, subquery, .. } => query_columns(&mut subquery.body, &[kinds.of(expr)], zone),
        Expr::Case { operand, conditions, else_result, .. } => {
            if let Some(operand) = operand {
                let compared = conditions.iter_mut().map(|when| &mut when.condition);
                meet(std::iter::once(operand.as_mut()).chain(compared).collect(), Form::Text, kinds, zone);
            }
            let results = conditions.iter_mut().map(|when| &mut when.result);
            meet(results.chain(else_result.as_deref_mut()).collect(), Form::Time, kinds, zone);
        }
        Expr::Function(call) => {
            let name = name_of(call).unwrap_or_default();
            let FunctionArguments::List(list) = &mut call.args else { return };
            let arguments: Vec<&mut Expr> = list.args.iter_mut().filter_map(unnamed).collect();
            match name.as_str() {
                name if is_choosing(name) => meet(arguments, Form::Time, kinds, zone),
                // The second argument is an offset. The third must be a constant.
                "lag" | "lead" => {
                    let (_, typed) = arguments.into_iter().enumerate().partition::<Vec<_>, _>(|(n, _)| *n == 1);
                    meet(typed.into_iter().map(|(_, argument)| argument).collect(), Form::Text, kinds, zone);
                }
                _ => {}
            }
        }
        _ => {}
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

fn unnamed(argument: &mut FunctionArg) -> Option<&mut Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn row(expr: &mut Expr) -> Option<&mut Vec<Expr>> {
    match expr {
        Expr::Nested(inner) => row(inner),
        Expr::Tuple(items) => Some(items),
        _ => None,
    }
}

/// Spells out the texts among expressions of which one is a time; rows are met column by column.
fn meet(mut exprs: Vec<&mut Expr>, form: Form, kinds: Kinds<'_>, zone: &Zone) {
    if !exprs.iter().any(|expr| matches!(bare(expr), Expr::Tuple(_))) {
        let kind = kinds.any(exprs.iter().map(|expr| &**expr));
        exprs.iter_mut().for_each(|expr| become_time(expr, kind, form, zone));
        return;
    }
    let mut columns: Vec<Vec<&mut Expr>> = Vec::new();
    for items in exprs.into_iter().filter_map(row) {
        for (number, item) in items.iter_mut().enumerate() {
            match columns.get_mut(number) {
                Some(column) => column.push(item),
                None => columns.push(vec![item]),
            }
        }
    }
    columns.into_iter().for_each(|column| meet(column, form, kinds, zone));
}

/// Makes a text a time of a kind, wherever in an expression it is what the expression may be.
fn become_time(expr: &mut Expr, kind: ColumnKind, form: Form, zone: &Zone) {
    if kind == ColumnKind::Other {
        return;
    }
    if let Some(text) = text_mut(expr) {
        if let Some(time) = spelled(text, kind, zone) {
            *text = time;
            if form == Form::Time {
                as_time(expr, kind);
            }
        }
        return;
    }
    match expr {
        Expr::Nested(inner) => become_time(inner, kind, form, zone),
        Expr::Case { conditions, else_result, .. } => {
            let results = conditions.iter_mut().map(|when| &mut when.result);
            results.chain(else_result.as_deref_mut()).for_each(|result| become_time(result, kind, form, zone));
        }
        Expr::Function(call) if name_of(call).is_some_and(|name| is_choosing(&name)) => {
            if let FunctionArguments::List(list) = &mut call.args {
                let arguments = list.args.iter_mut().filter_map(unnamed);
                arguments.for_each(|argument| become_time(argument, kind, form, zone));
            }
        }
        Expr::Subquery(query) => query_columns(&mut query.body, &[kind], zone),
        _ => {}
    }
}

/// Makes a spelled text a constant of the type that its digits need.
fn as_time(expr: &mut Expr, kind: ColumnKind) {
    let fraction = text_mut(expr).and_then(|text| Some(text.split_once('.')?.1));
    let digits = match fraction.map_or(0, |digits| digits.bytes().take_while(u8::is_ascii_digit).count()) {
        0..=3 => 3,
        4..=6 => 6,
        _ => 9,
    };
    let zone = if kind == ColumnKind::Instant { TimezoneInfo::Tz } else { TimezoneInfo::None };
    let text = take(expr);
    *expr = Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(text),
        data_type: DataType::Timestamp(Some(digits), zone),
        array: false,
        format: None,
    };
}

/// Makes the texts in a query's columns times of the kinds that its reader compares them with.
fn query_columns(body: &mut SetExpr, kinds: &[ColumnKind], zone: &Zone) {
    match body {
        SetExpr::Select(select) => {
            for (item, kind) in select.projection.iter_mut().zip(kinds) {
                if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                    become_time(expr, *kind, Form::Time, zone);
                }
            }
        }
        SetExpr::Query(query) => query_columns(&mut query.body, kinds, zone),
        SetExpr::SetOperation { left, right, .. } => {
            query_columns(left, kinds, zone);
            query_columns(right, kinds, zone);
        }
        SetExpr::Values(values) => {
            for row in &mut values.rows {
                row.iter_mut().zip(kinds).for_each(|(value, kind)| become_time(value, *kind, Form::Time, zone));
            }
        }
        _ => {}
    }
}

/// Makes the texts of every arm of a set operation times where the column of another arm is one.
pub(super) fn in_set_operation(query: &mut Query, kinds: Kinds<'_>, zone: &Zone) {
    if !matches!(query.body.as_ref(), SetExpr::SetOperation { .. }) {
        return;
    }
    let columns = kinds.tables.clone().column_kinds(&query.body);
    query_columns(&mut query.body, &columns, zone);
}
