//! From a parsed query to one that DataFusion plans with this vendor's meaning: tables, children and
//! `tbname`, pseudo columns, windows and partitions, aggregates, and the names of result columns.
//!
//! Works on the syntax tree alone, with the tables in FROM known ([`scope`]). FROM comes first, then
//! every expression, then what grouping makes of the select list ([`grouping`]).

mod build;
mod expressions;
mod functions;
mod grouping;
mod items;
mod scope;
mod series;
mod window;

use crate::context::Context;
use crate::error::coded;
use crate::names::{self, Found};
use crate::sql::statement::{Extras, ObjectName as WrittenName, QueryStatement};
use crate::sql::take_number;
use crate::system;
use crate::types::TBNAME;
use ::sql::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, LimitClause, ObjectName, OrderBy, OrderByKind,
    Query, Select, SetExpr, SetOperator, Statement, TableAlias, TableFactor,
};
use ::sql::tree::{binary, quoted, text};
use catalog::Catalog;
use model::{Error, ErrorKind, Result};
use scope::{Scope, Source, TableNameOf, table_name_of};

pub(crate) use scope::{Columns, SourceColumn, columns_of};
use std::collections::HashSet;

/// Turns a query into one that can be planned.
///
/// # Errors
/// What this vendor refuses, in its words; what is not done here, by name.
pub(crate) fn rewrite(context: &Context, catalog: &Catalog, statement: QueryStatement) -> Result<Statement> {
    let QueryStatement { mut query, extras } = statement;
    let extras = extras.into_iter().map(Some).collect();
    Rewriter { context, catalog, extras, anonymous: 0 }.query(&mut query)?;
    Ok(Statement::Query(Box::new(query)))
}

/// Turns a condition over one table into one that can be planned; its columns have no qualifier.
///
/// # Errors
/// As [`rewrite`].
pub(crate) fn rewrite_condition(context: &Context, catalog: &Catalog, found: &Found, filter: &mut Expr) -> Result<()> {
    let mut columns = columns_of(found);
    columns.columns.iter_mut().for_each(|column| column.in_star = true);
    let table = found.table();
    let tbname = table_name_of(found);
    let source = Source { database: None, alias: table.name.clone(), columns, tbname };
    let scope = Scope { sources: vec![source] };
    let rewriter = Rewriter { context, catalog, extras: Vec::new(), anonymous: 0 };
    rewriter.expression(filter, &scope, None)?;
    build::walk(filter, &mut |expr: &mut Expr| {
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some(last) = parts.pop()
        {
            *expr = Expr::Identifier(last);
        }
        Ok(true)
    })
}

struct Rewriter<'a> {
    context: &'a Context,
    catalog: &'a Catalog,
    /// By number; taken out once.
    extras: Vec<Option<Extras>>,
    /// How many subqueries without alias were named.
    anonymous: usize,
}

impl Rewriter<'_> {
    fn query(&mut self, query: &mut Query) -> Result<Columns> {
        if query.with.is_some() {
            return Err(coded(0x2600, "syntax error near \"with\""));
        }
        match query.body.as_mut() {
            SetExpr::Select(select) => self.select(select, &mut query.order_by, &mut query.limit_clause),
            other => {
                let columns = self.set(other)?;
                self.outer_order(query.order_by.as_mut(), &columns)?;
                Ok(columns)
            }
        }
    }

    /// ORDER BY of a set operation, or of a query in parentheses: over what comes out of it.
    fn outer_order(&self, order_by: Option<&mut OrderBy>, columns: &Columns) -> Result<()> {
        let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = order_by else { return Ok(()) };
        for key in keys {
            match &mut key.expr {
                Expr::Identifier(name) => {
                    if !columns.columns.iter().any(|column| column.name == name.value) {
                        return Err(Error::new(ErrorKind::ColumnNotFound { column: name.value.clone(), table: None }));
                    }
                    *name = quoted(&name.value);
                }
                Expr::Value(_) => {}
                _ => return Err(Error::unsupported("ORDER BY an expression behind a set operation")),
            }
        }
        Ok(())
    }

    fn set(&mut self, body: &mut SetExpr) -> Result<Columns> {
        match body {
            SetExpr::Select(select) => self.select(select, &mut None, &mut None),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } => {
                let (left, right) = (self.set(left)?, self.set(right)?);
                if left.columns.len() != right.columns.len() {
                    return Err(coded(0x2634, "Query block has incorrect number of result columns"));
                }
                Ok(left)
            }
            SetExpr::SetOperation { op, .. } => Err(Error::unsupported(op.to_string())),
            _ => Err(Error::unsupported("a query that is no SELECT")),
        }
    }

    fn select(
        &mut self,
        select: &mut Select,
        order_by: &mut Option<OrderBy>,
        limit: &mut Option<LimitClause>,
    ) -> Result<Columns> {
        let number = take_number(select);
        let extras = number.and_then(|number| self.extras.get_mut(number)).and_then(Option::take).unwrap_or_default();
        if extras.tags {
            self.series_for_tables(select)?;
        }
        let mut scope = Scope::default();
        for item in &mut select.from {
            self.factor(&mut item.relation, &mut scope)?;
            for join in &mut item.joins {
                self.factor(&mut join.relation, &mut scope)?;
            }
        }
        check_aliases(&scope)?;
        for join in select.from.iter_mut().flat_map(|item| &mut item.joins) {
            self.join(join, &scope)?;
        }
        let has_aggregate = |expr: &Expr| functions::holds_aggregate(expr);
        if let Some(filter) = &mut select.selection {
            if has_aggregate(filter) {
                return Err(coded(0x2608, "There mustn't be aggregation"));
            }
            self.expression(filter, &scope, None)?;
        }
        let items = items::read(select, &scope, &extras)?;
        grouping::lower(self, select, grouping::Parts { scope, items, extras, order_by, limit })
    }

    /// `SELECT TAGS` reads the list of children in place of their rows.
    fn series_for_tables(&self, select: &mut Select) -> Result<()> {
        let [item] = select.from.as_mut_slice() else {
            return Err(Error::unsupported("SELECT TAGS of several tables"));
        };
        let TableFactor::Table { name, alias, .. } = &mut item.relation else {
            return Err(Error::unsupported("SELECT TAGS of a subquery"));
        };
        let written = written_name(name)?;
        let found = self.context.find(self.catalog, &written).map_err(for_read)?;
        let Found::Super(table) = &found else {
            return Err(Error::unsupported("SELECT TAGS of a table that is no super table"));
        };
        alias.get_or_insert_with(|| plain_alias(&written.name));
        *name = ObjectName::from(vec![quoted(system::SERIES), quoted(&table.id.to_string())]);
        Ok(())
    }

    fn join(&self, join: &mut Join, scope: &Scope) -> Result<()> {
        let constraint = match &mut join.join_operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint)
            | JoinOperator::LeftSemi(constraint)
            | JoinOperator::RightSemi(constraint)
            | JoinOperator::LeftAnti(constraint)
            | JoinOperator::RightAnti(constraint) => constraint,
            _ => return Err(Error::unsupported("this kind of JOIN")),
        };
        let JoinConstraint::On(condition) = constraint else {
            return Err(Error::unsupported("a JOIN without ON"));
        };
        self.expression(condition, scope, None)?;
        if joins_times(condition, scope) {
            Ok(())
        } else {
            Err(coded(0x2600, "JOIN needs an equality of the primary timestamps"))
        }
    }

    fn factor(&mut self, factor: &mut TableFactor, scope: &mut Scope) -> Result<()> {
        match factor {
            TableFactor::Table { name, args: None, .. } => {
                let replacement = self.table(name.clone(), factor, scope)?;
                if let Some(replacement) = replacement {
                    *factor = replacement;
                }
                Ok(())
            }
            TableFactor::Derived { subquery, alias, lateral: false, .. } => {
                let columns = self.query(subquery)?;
                let alias = alias.get_or_insert_with(|| {
                    self.anonymous += 1;
                    plain_alias(&format!("subquery {}", self.anonymous))
                });
                if !alias.columns.is_empty() {
                    return Err(Error::unsupported("names of columns behind an alias"));
                }
                let name = alias.name.value.clone();
                alias.name = quoted(&name);
                scope.sources.push(Source { database: None, alias: name, columns, tbname: TableNameOf::None });
                Ok(())
            }
            _ => Err(Error::unsupported("this item of FROM")),
        }
    }

    /// Finds a table; what takes its place in FROM, where something does.
    fn table(&mut self, name: ObjectName, factor: &mut TableFactor, scope: &mut Scope) -> Result<Option<TableFactor>> {
        let TableFactor::Table { name: place, alias, .. } = factor else { return Ok(None) };
        if let Some(columns) = system::columns(self.context, self.catalog, &name)? {
            let shown = alias.as_ref().map_or_else(|| last_part(&name), |alias| alias.name.value.clone());
            *place = match system::place(self.context, &name)? {
                Some((schema, table)) => ObjectName::from(vec![quoted(schema), quoted(table)]),
                None => ObjectName::from(name.0.iter().filter_map(|part| part.as_ident()).cloned().collect::<Vec<_>>()),
            };
            *alias = Some(plain_alias(&shown));
            let database = name.0.first().and_then(|part| part.as_ident()).map(|part| part.value.clone());
            scope.sources.push(Source { database, alias: shown, columns, tbname: TableNameOf::None });
            return Ok(None);
        }
        let written = written_name(&name)?;
        let database = self.context.database(self.catalog, written.database.as_deref()).map_err(for_read)?;
        let found = self.context.find(self.catalog, &written).map_err(for_read)?;
        let table = found.table();
        let shown = alias.as_ref().map_or_else(|| written.name.clone(), |alias| alias.name.value.clone());
        let is_named = alias.is_some();
        let stored = ObjectName::from(vec![quoted(&database.name), quoted(&table.name)]);
        let tbname = table_name_of(&found);
        scope.sources.push(Source {
            database: (!is_named).then(|| database.name.clone()),
            alias: shown.clone(),
            columns: columns_of(&found),
            tbname,
        });
        let alias = plain_alias(&shown);
        match &found {
            Found::Child(_, child) => Ok(Some(child_rows(stored, child, alias)?)),
            Found::Super(_) | Found::Plain(_) | Found::Keyed(_) => {
                *place = stored;
                if let TableFactor::Table { alias: own, .. } = factor {
                    *own = Some(alias);
                }
                Ok(None)
            }
        }
    }
}

/// `(SELECT * FROM stored WHERE tbname = 'child') AS alias`
fn child_rows(stored: ObjectName, child: &str, alias: TableAlias) -> Result<TableFactor> {
    let mut query = crate::statements::query::parsed("select * from a")?.query;
    let SetExpr::Select(select) = query.body.as_mut() else {
        return Err(Error::internal("a SELECT is not read as one"));
    };
    select.qualify = None;
    select.selection = Some(binary(Expr::Identifier(quoted(TBNAME)), BinaryOperator::Eq, text(child)));
    if let Some(TableFactor::Table { name, .. }) = select.from.first_mut().map(|item| &mut item.relation) {
        *name = stored;
    }
    Ok(TableFactor::Derived { lateral: false, subquery: Box::new(query), alias: Some(alias), sample: None })
}

fn plain_alias(name: &str) -> TableAlias {
    TableAlias { explicit: true, name: quoted(name), columns: Vec::new(), at: None }
}

fn last_part(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map_or_else(String::new, |part| part.value.clone())
}

fn written_name(name: &ObjectName) -> Result<WrittenName> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    match parts.as_slice() {
        [table] => Ok(WrittenName { database: None, name: table.value.clone() }),
        [database, table] => Ok(WrittenName { database: Some(database.value.clone()), name: table.value.clone() }),
        _ => Err(coded(0x2600, format!("syntax error near \"{name}\""))),
    }
}

/// What a missing name is called where it is read.
pub(crate) fn for_read(error: Error) -> Error {
    match *error.kind {
        ErrorKind::TableNotFound { .. } => names::missing_table(),
        ErrorKind::DatabaseNotFound { .. } => coded(0x0388, "Fail to get table info, error: Database not exist"),
        _ => error,
    }
}

fn check_aliases(scope: &Scope) -> Result<()> {
    let mut seen = HashSet::new();
    for source in &scope.sources {
        if !seen.insert((source.alias.as_str(), source.database.as_deref().filter(|_| scope.sources.len() > 2))) {
            return Err(coded(0x2663, format!("Not unique table/alias: {}", source.alias)));
        }
    }
    Ok(())
}

/// Whether a condition demands, besides whatever else, that the times of two items are equal.
fn joins_times(condition: &Expr, scope: &Scope) -> bool {
    match condition {
        Expr::Nested(inner) => joins_times(inner, scope),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            joins_times(left, scope) || joins_times(right, scope)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => [left, right].iter().all(|side| {
            let Expr::CompoundIdentifier(parts) = side.as_ref() else {
                return matches!(side.as_ref(), Expr::Function(call) if build::function_name(call) == "timetruncate");
            };
            let [alias, column] = parts.as_slice() else { return false };
            let source = scope.sources.iter().find(|source| source.alias == alias.value);
            source.is_some_and(|source| source.columns.time.as_deref() == Some(&column.value))
        }),
        _ => false,
    }
}
