//! Small pieces of syntax trees.

use ::sql::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Interval,
    ObjectName, OrderByExpr, OrderByOptions, UnaryOperator, Value, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowSpec, WindowType,
};
use ::sql::tree::{binary, call, function, text};

/// A whole number.
pub(super) fn number(value: i64) -> Expr {
    let digits = Expr::Value(Value::Number(value.unsigned_abs().to_string(), false).with_empty_span());
    if value < 0 { Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(digits) } } else { digits }
}

/// true or false
pub(super) fn boolean(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).with_empty_span())
}

/// A span in words.
pub(super) fn span(words: String) -> Expr {
    Expr::Interval(Interval {
        value: Box::new(text(words)),
        leading_field: None,
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })
}

/// Terms joined by an operator, as a balanced tree.
pub(super) fn joined(mut terms: Vec<Expr>, op: &BinaryOperator) -> Option<Expr> {
    while terms.len() > 1 {
        let mut pairs = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => Expr::Nested(Box::new(binary(left, op.clone(), right))),
                None => left,
            });
        }
        terms = pairs;
    }
    terms.pop()
}

/// An aggregate over rows in an order.
pub(super) fn ordered_call(name: &str, args: Vec<Expr>, order: Vec<OrderByExpr>) -> Expr {
    let mut function = function(name, args);
    if let FunctionArguments::List(list) = &mut function.args
        && !order.is_empty()
    {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    Expr::Function(function)
}

/// Every row before the current one, for [`over`].
pub(super) const ALL_BEFORE: u64 = u64::MAX;

/// A call over the rows of a partition in an order, up to so many rows before the current one.
pub(super) fn over(
    name: &str,
    args: Vec<Expr>,
    partition_by: Vec<Expr>,
    order_by: Vec<OrderByExpr>,
    rows_before: Option<u64>,
) -> Expr {
    let mut expr = call(name, args);
    if let Expr::Function(function) = &mut expr {
        let window_frame = rows_before.map(|rows| WindowFrame {
            units: WindowFrameUnits::Rows,
            start_bound: WindowFrameBound::Preceding(i64::try_from(rows).ok().map(|rows| Box::new(number(rows)))),
            end_bound: Some(WindowFrameBound::CurrentRow),
        });
        function.over =
            Some(WindowType::WindowSpec(WindowSpec { window_name: None, partition_by, order_by, window_frame }));
    }
    expr
}

/// A sort key; NULL is the least value.
pub(super) fn sort_key(expr: Expr, ascending: bool) -> OrderByExpr {
    OrderByExpr {
        expr,
        options: OrderByOptions { asc: Some(ascending), nulls_first: Some(ascending) },
        with_fill: None,
    }
}

/// The name of a called function in lower case.
pub(super) fn function_name(function: &Function) -> String {
    let last = function.name.0.last().and_then(|part| part.as_ident());
    last.map(|ident| ident.value.to_lowercase()).unwrap_or_default()
}

/// The arguments of a call that are expressions.
pub(super) fn arguments(function: &Function) -> Vec<Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let expr = |arg: &FunctionArg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().filter_map(expr).collect()
}

/// Whether a call has a star, with or without a table, as its only argument; the table.
pub(super) fn star_argument(function: &Function) -> Option<Option<ObjectName>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)] => Some(None),
        [FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(name))] => Some(Some(name.clone())),
        _ => None,
    }
}

/// Walks over an expression from the outside in; `visit` says whether to go on inside.
pub(super) fn walk<E>(expr: &mut Expr, visit: &mut dyn FnMut(&mut Expr) -> Result<bool, E>) -> Result<(), E> {
    if !visit(expr)? {
        return Ok(());
    }
    match expr {
        Expr::BinaryOp { left, right, .. } => {
            walk(left, visit)?;
            walk(right, visit)
        }
        Expr::UnaryOp { expr, .. }
        | Expr::Nested(expr)
        | Expr::Cast { expr, .. }
        | Expr::IsNull(expr)
        | Expr::IsNotNull(expr)
        | Expr::IsTrue(expr)
        | Expr::IsFalse(expr)
        | Expr::IsNotTrue(expr)
        | Expr::IsNotFalse(expr) => walk(expr, visit),
        Expr::InList { expr, list, .. } => {
            walk(expr, visit)?;
            list.iter_mut().try_for_each(|item| walk(item, visit))
        }
        Expr::Like { expr, pattern, .. } => {
            walk(expr, visit)?;
            walk(pattern, visit)
        }
        Expr::Between { expr, low, high, .. } => {
            walk(expr, visit)?;
            walk(low, visit)?;
            walk(high, visit)
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            if let Some(operand) = operand {
                walk(operand, visit)?;
            }
            for condition in conditions {
                walk(&mut condition.condition, visit)?;
                walk(&mut condition.result, visit)?;
            }
            else_result.as_mut().map_or(Ok(()), |result| walk(result, visit))
        }
        Expr::Function(function) => {
            let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
            for arg in &mut list.args {
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = arg {
                    walk(expr, visit)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
