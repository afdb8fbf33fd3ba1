//! Small pieces of syntax trees, for whoever rewrites them: made, taken out, looked into.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, DescribeAlias, Expr, FlushType, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query,
    Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableFactor, TableWithJoins, Value,
};
use std::ops::ControlFlow;

/// An identifier that nothing folds.
#[must_use]
pub fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// NULL; also stands where an expression is taken from, until its place is filled.
#[must_use]
pub fn null() -> Expr {
    Expr::Value(Value::Null.with_empty_span())
}

/// Takes an expression out of its place.
pub fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, null())
}

/// A text.
pub fn text(value: impl Into<String>) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).with_empty_span())
}

/// `left op right`
#[must_use]
pub fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// `((left) op (right))`
#[must_use]
pub fn grouped(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let nested = |expr| Expr::Nested(Box::new(expr));
    nested(binary(nested(left), op, nested(right)))
}

/// `CASE WHEN condition THEN value [ELSE other] END`
#[must_use]
pub fn case(condition: Expr, value: Expr, other: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value }],
        else_result: other.map(Box::new),
    }
}

/// A call of a function by a name that nothing folds.
#[must_use]
pub fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Function(function(name, args))
}

/// A call as a function.
#[must_use]
pub fn function(name: &str, args: Vec<Expr>) -> Function {
    let args = args.into_iter().map(|arg| FunctionArg::Unnamed(FunctionArgExpr::Expr(arg))).collect();
    Function {
        name: ObjectName::from(vec![quoted(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    }
}

/// The arguments of a call, if all of them are expressions.
#[must_use]
pub fn arguments(call: &Function) -> Option<Vec<&Expr>> {
    match &call.args {
        FunctionArguments::None => Some(Vec::new()),
        FunctionArguments::Subquery(_) => None,
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                _ => None,
            })
            .collect(),
    }
}

/// A query of nothing but its body.
#[must_use]
pub fn query(body: SetExpr) -> Query {
    Query {
        with: None,
        body: Box::new(body),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    }
}

/// Writes `t.*` as `db.t.*` where FROM has `db.t` without an alias, and nothing that is called `t`
/// itself: a planner takes the qualifier of a star as it stands.
pub fn qualify_stars(select: &mut Select) {
    let mut tables = Vec::new();
    select.from.iter().for_each(|item| names_of(item, &mut tables));
    for item in &mut select.projection {
        if let SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(star), _) = item
            && !tables.iter().any(|table| ends_with(table, star) && ends_with(star, table))
            && let Some(whole) = tables.iter().find(|table| ends_with(table, star))
        {
            star.clone_from(whole);
        }
    }
}

/// What the items of a FROM are called: by their aliases, tables without one by their names.
fn names_of(item: &TableWithJoins, names: &mut Vec<ObjectName>) {
    for factor in std::iter::once(&item.relation).chain(item.joins.iter().map(|join| &join.relation)) {
        match factor {
            TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::NestedJoin { alias: Some(alias), .. } => {
                names.push(ObjectName::from(vec![alias.name.clone()]))
            }
            TableFactor::Table { name, alias: None, .. } => names.push(name.clone()),
            TableFactor::NestedJoin { table_with_joins, alias: None } => names_of(table_with_joins, names),
            _ => {}
        }
    }
}

fn ends_with(name: &ObjectName, end: &ObjectName) -> bool {
    let value = |part: &ObjectNamePart| part.as_ident().map(|ident| ident.value.clone());
    let mut parts = name.0.iter().rev().map(value);
    end.0.iter().rev().all(|part| parts.next() == Some(value(part)))
}

/// `EXPLAIN [ANALYZE] [VERBOSE] statement`
#[must_use]
pub fn explain(statement: Statement, analyze: bool, verbose: bool) -> Statement {
    Statement::Explain {
        describe_alias: DescribeAlias::Explain,
        analyze,
        verbose,
        query_plan: false,
        estimate: false,
        statement: Box::new(statement),
        format: None,
        options: None,
    }
}

/// A statement that is never run: it stands where the engine plans one of its own.
#[must_use]
pub fn no_statement() -> Statement {
    Statement::Flush {
        object_type: FlushType::Tables,
        location: None,
        channel: None,
        read_lock: false,
        export: false,
        tables: Vec::new(),
    }
}

/// On what an inner, outer or cross join joins; `None` for joins of any other kind.
#[must_use]
pub const fn join_constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::CrossJoin(constraint) => Some(constraint),
        _ => None,
    }
}

/// Whether it is one of `=`, `<>`, `<`, `<=`, `>`, `>=`.
#[must_use]
pub const fn is_comparison(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

/// What a visitor of trees does next: an error ends the visit.
pub fn flow<E>(result: Result<(), E>) -> ControlFlow<E> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlparser::ast;
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    #[test]
    fn a_star_is_qualified_as_its_table_is() {
        let qualified = |sql: &str| {
            let mut statement = Parser::parse_sql(&GenericDialect {}, sql).unwrap().remove(0);
            let ast::Statement::Query(query) = &mut statement else { panic!("no query") };
            let SetExpr::Select(select) = query.body.as_mut() else { panic!("no select") };
            qualify_stars(select);
            let items: Vec<String> = select.projection.iter().map(ToString::to_string).collect();
            items.join(", ")
        };
        assert_eq!(
            qualified("SELECT t.*, d.t.*, u.*, x.* FROM d.t JOIN (e.u JOIN v ON a) ON b"),
            "d.t.*, d.t.*, e.u.*, x.*"
        );
        assert_eq!(qualified("SELECT t.*, v.* FROM d.t AS a, d.v AS v"), "t.*, v.*", "an alias is its name alone");
        for from in ["t, d.t", "d.t, t", "e.t, d.t AS t", "d.t, (SELECT 1) t"] {
            assert_eq!(qualified(&format!("SELECT t.* FROM {from}")), "t.*", "{from}: one is called so itself");
        }
    }

    #[test]
    fn statements_print_as_they_are_meant() {
        let Expr::Function(call) = call("f", Vec::new()) else { panic!("no call") };
        assert_eq!(explain(Statement::Call(call), true, false).to_string(), "EXPLAIN ANALYZE CALL \"f\"()");
        assert_eq!(no_statement().to_string(), "FLUSH TABLES");
    }

    #[test]
    fn joins_tell_their_constraint() {
        let on = JoinConstraint::On(null());
        assert_eq!(join_constraint(&JoinOperator::LeftOuter(on.clone())), Some(&on));
        assert_eq!(join_constraint(&JoinOperator::LeftSemi(on)), None);
    }

    #[test]
    fn trees_print_as_they_are_meant() {
        let call = call("F g", vec![text("it's"), null()]);
        assert_eq!(call.to_string(), "\"F g\"('it''s', NULL)");
        let Expr::Function(function) = &call else { panic!("no call") };
        assert_eq!(arguments(function).unwrap().len(), 2);
        let condition = binary(Expr::Identifier(quoted("a")), BinaryOperator::Lt, call.clone());
        assert_eq!(
            case(condition, null(), Some(text("b"))).to_string(),
            "CASE WHEN \"a\" < \"F g\"('it''s', NULL) THEN NULL ELSE 'b' END"
        );
        assert_eq!(grouped(null(), BinaryOperator::Plus, text("1")).to_string(), "((NULL) + ('1'))");
        let mut place = text("taken");
        assert_eq!((take(&mut place), place), (text("taken"), null()));
    }
}
