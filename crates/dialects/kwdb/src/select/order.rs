//! The order of rows where a query gives none: newest first, when a cluster setting says so.

use super::scope::Scope;
use ::sql::ast::{
    Expr, GroupByExpr, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SetExpr, Visit as _, Visitor,
};
use ::sql::tree::quoted;
use query::Profile;
use std::ops::ControlFlow;

/// Sorts a query over one series table by its time, descending, unless it sorts, groups or
/// aggregates itself.
pub(super) fn newest_first(query: &mut Query, scope: &Scope, profile: &Profile) {
    let [source] = scope.sources.as_slice() else { return };
    let Some(time) = &source.columns.time else { return };
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    if query.order_by.is_some() || !returns_rows_as_they_are(select, profile) {
        return;
    }
    let by_time = OrderByExpr {
        expr: Expr::Identifier(quoted(time)),
        options: OrderByOptions { asc: Some(false), nulls_first: None },
        with_fill: None,
    };
    query.order_by = Some(OrderBy { kind: OrderByKind::Expressions(vec![by_time]), interpolate: None });
}

fn returns_rows_as_they_are(select: &Select, profile: &Profile) -> bool {
    struct Aggregates<'a> {
        profile: &'a Profile,
    }
    impl Visitor for Aggregates<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let Expr::Function(call) = expr else { return ControlFlow::Continue(()) };
            let name = call.name.0.last().and_then(|part| part.as_ident()).map(|part| part.value.to_ascii_lowercase());
            match name {
                Some(name) if self.profile.state.aggregate_functions().contains_key(&name) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let ungrouped = matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    ungrouped
        && select.distinct.is_none()
        && select.having.is_none()
        && select.projection.visit(&mut Aggregates { profile }).is_continue()
}
