//! What is checked behind sqlparser: it read nothing that another dialect means by the same tokens.
//! On the same walk stubs become what they stand for.

use crate::expression::at;
use crate::nesting::balance;
use crate::stub::{INTERVAL_MARK, QUERY_MARK};
use crate::{TokenKind, Tokens};
use model::{Error, Result};
use sqlparser::ast::{
    Expr, Ident, Interval, Query, SelectItem, SetExpr, TableAlias, TableFactor, Value, ValueWithSpan, VisitorMut,
};
use sqlparser::tokenizer::Span;
use std::ops::ControlFlow;

/// Puts back what stubs stand for, and refuses shapes that are another dialect's.
pub(crate) struct Guard<'a> {
    pub(crate) part: Tokens<'a>,
    pub(crate) queries: Vec<Option<Query>>,
}

type Flow = ControlFlow<Box<Error>>;

impl Guard<'_> {
    fn refuse(&self, span: Span, reason: &str) -> Flow {
        ControlFlow::Break(Box::new(at(self.part, span.start, reason)))
    }

    fn alias(&self, alias: &Ident) -> Flow {
        match alias.quote_style {
            Some('\'') => ControlFlow::Break(Box::new(self.string_alias(alias))),
            _ => ControlFlow::Continue(()),
        }
    }

    fn string_alias(&self, alias: &Ident) -> Error {
        // sqlparser keeps no span for it: the first string with that text is shown.
        let token =
            self.part.tokens.iter().find(|t| t.kind == TokenKind::String && self.part.cooked(**t) == alias.value);
        match token {
            Some(token) => self.part.error_at(*token, "a string cannot be an alias"),
            None => self.part.error(0, "a string cannot be an alias"),
        }
    }

    fn table_alias(&self, alias: Option<&TableAlias>) -> Flow {
        let Some(alias) = alias else { return ControlFlow::Continue(()) };
        self.alias(&alias.name)?;
        match &alias.at {
            Some(at) => self.refuse(at.span, "AT is no part of an alias here"),
            None => ControlFlow::Continue(()),
        }
    }

    /// The n of the stub `SELECT $n`.
    fn stub(query: &Query) -> Option<usize> {
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        match select.projection.as_slice() {
            [SelectItem::UnnamedExpr(Expr::Value(ValueWithSpan { value: Value::Placeholder(text), .. }))] => {
                text.strip_prefix(QUERY_MARK)?.parse().ok()
            }
            _ => None,
        }
    }
}

impl VisitorMut for Guard<'_> {
    type Break = Box<Error>;

    fn post_visit_query(&mut self, query: &mut Query) -> Flow {
        let nested = Self::stub(query).and_then(|n| self.queries.get_mut(n)).and_then(Option::take);
        match nested {
            Some(nested) => {
                *query = nested;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(Box::new(self.part.error(0, "a query must stand in parentheses here"))),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        match factor {
            TableFactor::Table {
                alias,
                with_hints,
                version,
                partitions,
                json_path,
                sample,
                index_hints,
                args,
                name,
                ..
            } => {
                let foreign = !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_hints.is_empty()
                    || args.as_ref().is_some_and(|args| args.settings.is_some());
                if foreign {
                    let span = name.0.first().and_then(|part| part.as_ident()).map_or(Span::empty(), |i| i.span);
                    return self.refuse(span, "a table cannot be followed by this");
                }
                self.table_alias(alias.as_ref())
            }
            TableFactor::Derived { alias, sample: None, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => self.table_alias(alias.as_ref()),
            _ => ControlFlow::Break(Box::new(self.part.error(0, "this is no table"))),
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        balance(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        if let Expr::Value(ValueWithSpan { value: Value::Placeholder(text), span }) = expr
            && let Some(text) = text.strip_prefix(INTERVAL_MARK)
        {
            *expr = Expr::Interval(Interval {
                value: Box::new(Expr::Value(ValueWithSpan {
                    value: Value::SingleQuotedString(text.to_owned()),
                    span: *span,
                })),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            });
        }
        ControlFlow::Continue(())
    }
}

/// Refuses select items that are another dialect's.
pub(crate) fn check_items(items: &[SelectItem], part: Tokens<'_>) -> Result<()> {
    let guard = Guard { part, queries: Vec::new() };
    for item in items {
        let (alias, options) = match item {
            SelectItem::UnnamedExpr(_) => continue,
            SelectItem::ExprWithAlias { alias, .. } => (Some(alias), None),
            SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => (None, Some(options)),
            SelectItem::ExprWithAliases { aliases, .. } => (aliases.first(), None),
        };
        if let Some(alias) = alias
            && let ControlFlow::Break(error) = guard.alias(alias)
        {
            return Err(*error);
        }
        let several = matches!(item, SelectItem::ExprWithAliases { .. });
        let foreign = options.is_some_and(|o| {
            o.opt_ilike.is_some()
                || o.opt_exclude.is_some()
                || o.opt_except.is_some()
                || o.opt_replace.is_some()
                || o.opt_rename.is_some()
                || o.opt_alias.is_some()
        });
        if several || foreign {
            return Err(part.error(0, "this is no select item"));
        }
    }
    Ok(())
}
