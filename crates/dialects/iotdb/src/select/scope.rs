//! What a SELECT can see: the items of its FROM with their columns, and which of those is the time.
//!
//! An item whose columns cannot be told has none here; whatever names them is left as it is, and
//! planning finds out.

use super::Meaning;
use crate::information_schema;
use crate::names::{self, INFORMATION_SCHEMA, shown_columns};
use crate::session::COMPARABLE;
use ::sql::CommonTables;
use ::sql::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, TableAlias, TableFactor,
};
use ::sql::tree::{call, join_constraint, quoted};
use model::{ColumnRole, Table};

/// The columns of a table or of a query.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// Exact names, in the order of `*`.
    pub(super) names: Vec<String>,
    /// The column that holds the time of a table's rows.
    pub(super) time: Option<String>,
    /// Whether these are all.
    pub(super) known: bool,
}

/// One item of FROM.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// How its columns are qualified: an alias, or database and table.
    pub(super) qualifier: Vec<Ident>,
    pub(super) columns: Columns,
}

/// The items of a FROM.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) sources: Vec<Source>,
    /// Columns that joins merge.
    pub(super) merged: Vec<Merged>,
}

/// A column that a join merges: which side has its value.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) name: String,
    keeps: Keeps,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    Left,
    Right,
    Both,
}

fn columns_of(table: &Table) -> Columns {
    let columns = shown_columns(table);
    let time = columns.iter().find(|column| column.role == ColumnRole::Time).map(|column| column.name.clone());
    Columns { names: columns.into_iter().map(|column| column.name.clone()).collect(), time, known: true }
}

impl Source {
    /// Whether a qualifier in lower case, innermost part last, stands for this item.
    pub(super) fn is_called(&self, qualifier: &[String]) -> bool {
        let mut own = self.qualifier.iter().rev();
        !qualifier.is_empty()
            && qualifier.iter().rev().all(|part| own.next().is_some_and(|own| own.value.to_lowercase() == *part))
    }

    /// The exact name of the column with that lower-case name.
    pub(super) fn column(&self, name: &str) -> Option<&String> {
        let exact = self.columns.names.iter().find(|column| *column == name);
        exact.or_else(|| {
            let mut all = self.columns.names.iter().filter(|column| column.to_lowercase() == name);
            let found = all.next()?;
            all.next().is_none().then_some(found)
        })
    }

    /// A column of this item.
    pub(super) fn reference(&self, column: &str) -> Expr {
        let mut parts = self.qualifier.clone();
        parts.push(quoted(column));
        if parts.len() == 1 { Expr::Identifier(quoted(column)) } else { Expr::CompoundIdentifier(parts) }
    }
}

impl Scope {
    /// The scope of a statement on one table.
    pub(super) fn of_table(table: &Table) -> Self {
        let source = Source { qualifier: vec![quoted(&table.name)], columns: columns_of(table) };
        Self { sources: vec![source], merged: Vec::new() }
    }

    /// The exact form of a column's name, given in lower case.
    pub(super) fn resolve(&self, parts: &[String]) -> Option<Expr> {
        let (name, qualifier) = parts.split_last()?;
        if qualifier.is_empty() {
            if let Some(merged) = self.merged.iter().rev().find(|merged| merged.name == *name) {
                return self.merged_value(merged);
            }
            let found = self.sources.iter().find_map(|source| source.column(name))?;
            return Some(Expr::Identifier(quoted(found)));
        }
        let source = self.sources.iter().find(|source| source.is_called(qualifier))?;
        Some(source.reference(source.column(name)?))
    }

    /// The value of a column that a join merges.
    pub(super) fn merged_value(&self, merged: &Merged) -> Option<Expr> {
        let sides = self.sources.iter().filter_map(|source| Some(source.reference(source.column(&merged.name)?)));
        let mut sides: Vec<Expr> = sides.collect();
        match merged.keeps {
            Keeps::Left => sides.into_iter().next(),
            Keeps::Right => sides.pop(),
            Keeps::Both => Some(call(COMPARABLE, sides)),
        }
    }

    /// The time column of the only table, or of the item that an expression belongs to.
    pub(super) fn time(&self, of: Option<&Expr>) -> Option<Expr> {
        let qualified = match of {
            Some(Expr::CompoundIdentifier(parts)) => {
                let (_, qualifier) = parts.split_last()?;
                let qualifier: Vec<String> = qualifier.iter().map(|part| part.value.to_lowercase()).collect();
                self.sources.iter().find(|source| source.is_called(&qualifier))
            }
            _ => None,
        };
        let source = qualified.or_else(|| self.sources.iter().find(|source| source.columns.time.is_some()))?;
        let time = source.columns.time.as_ref()?;
        Some(if self.sources.len() == 1 { Expr::Identifier(quoted(time)) } else { source.reference(time) })
    }
}

/// Finds the columns of tables and common table expressions.
#[derive(Clone, Debug)]
pub(super) struct Tables<'a> {
    meaning: Meaning<'a>,
    with: CommonTables<Columns>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(meaning: Meaning<'a>) -> Self {
        Self { meaning, with: CommonTables::default() }
    }

    /// Enters a query: its common table expressions can be named from here on.
    pub(super) fn enter(&mut self, query: &Query) {
        self.with.enter();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = renamed(self.output(&cte.query), &cte.alias);
            self.with.define(cte.alias.name.value.to_lowercase(), columns);
        }
    }

    /// Leaves the query entered last.
    pub(super) fn leave(&mut self) {
        self.with.leave();
    }

    /// Whether a name is that of a common table expression.
    pub(super) fn is_common(&self, name: &str) -> bool {
        self.with.get(name).is_some()
    }

    /// What a SELECT can see.
    pub(super) fn scope(&mut self, select: &Select) -> Scope {
        let mut scope = Scope::default();
        for item in &select.from {
            self.factor(&item.relation, &mut scope);
            for join in &item.joins {
                self.factor(&join.relation, &mut scope);
                if let Some(JoinConstraint::Using(columns)) = join_constraint(&join.join_operator) {
                    let keeps = match join.join_operator {
                        JoinOperator::Right(_) | JoinOperator::RightOuter(_) => Keeps::Right,
                        JoinOperator::FullOuter(_) => Keeps::Both,
                        _ => Keeps::Left,
                    };
                    for name in columns.iter().filter_map(|name| name.0.last()?.as_ident()) {
                        let name = name.value.to_lowercase();
                        scope.merged.retain(|merged| merged.name != name);
                        scope.merged.push(Merged { name, keeps });
                    }
                }
            }
        }
        scope
    }

    /// The items of one table of FROM.
    pub(super) fn sources(&mut self, factor: &TableFactor) -> Vec<Source> {
        let mut scope = Scope::default();
        self.factor(factor, &mut scope);
        scope.sources
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let (own, columns) = self.named(name);
                scope.sources.push(aliased(own, columns, alias.as_ref()));
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let output = self.output(subquery);
                scope.sources.push(aliased(Vec::new(), output, alias.as_ref()));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.factor(&table_with_joins.relation, scope);
                for join in &table_with_joins.joins {
                    self.factor(&join.relation, scope);
                }
            }
            _ => scope.sources.push(Source { qualifier: Vec::new(), columns: Columns::default() }),
        }
    }

    /// The exact name and the columns of a table.
    fn named(&self, name: &ObjectName) -> (Vec<Ident>, Columns) {
        let parts: Vec<String> =
            name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
        if let [only] = parts.as_slice()
            && let Some(columns) = self.with.get(only)
        {
            return (vec![quoted(only)], columns.clone());
        }
        let (database, table) = match parts.as_slice() {
            [table] => (self.meaning.context.database().unwrap_or_default().to_owned(), table),
            [database, table] => (database.clone(), table),
            _ => return (Vec::new(), Columns::default()),
        };
        if database == INFORMATION_SCHEMA {
            let columns = information_schema::columns(table).unwrap_or_default();
            let names = columns.iter().map(|column| column.name.to_owned()).collect();
            return (vec![quoted(&database), quoted(table)], Columns { names, time: None, known: true });
        }
        // What no name tells apart has no columns here, and is refused where the tables are named.
        let home = names::database(self.meaning.catalog, &database).ok().flatten();
        match home.and_then(|home| Some((home, names::table(self.meaning.catalog, home, table).ok().flatten()?))) {
            Some((home, table)) => (vec![quoted(&home.name), quoted(&table.name)], columns_of(table)),
            None => (vec![quoted(&database), quoted(table)], Columns::default()),
        }
    }

    /// The columns that a query returns.
    pub(super) fn output(&mut self, query: &Query) -> Columns {
        self.enter(query);
        let columns = self.body_output(&query.body);
        self.leave();
        columns
    }

    fn body_output(&mut self, body: &SetExpr) -> Columns {
        match body {
            SetExpr::Select(select) => self.select_output(select),
            SetExpr::Query(query) => self.output(query),
            SetExpr::SetOperation { left, .. } => self.body_output(left),
            _ => Columns::default(),
        }
    }

    fn select_output(&mut self, select: &Select) -> Columns {
        let scope = self.scope(select);
        let mut output = Columns { known: true, ..Columns::default() };
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => {
                    for source in &scope.sources {
                        output.known &= source.columns.known;
                        output.names.extend(source.columns.names.iter().map(|name| name.to_lowercase()));
                        output.time = output.time.take().or_else(|| source.columns.time.clone());
                    }
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let qualifier: Vec<String> =
                        name.0.iter().filter_map(|p| p.as_ident()).map(|p| p.value.to_lowercase()).collect();
                    match scope.sources.iter().find(|source| source.is_called(&qualifier)) {
                        Some(source) => {
                            output.names.extend(source.columns.names.iter().map(|name| name.to_lowercase()));
                            output.time = output.time.take().or_else(|| source.columns.time.clone());
                        }
                        None => output.known = false,
                    }
                }
                SelectItem::UnnamedExpr(expr) => one(expr, None, &scope, &mut output),
                SelectItem::ExprWithAlias { expr, alias } => one(expr, Some(&alias.value), &scope, &mut output),
                _ => output.known = false,
            }
        }
        output
    }
}

fn one(expr: &Expr, alias: Option<&String>, scope: &Scope, output: &mut Columns) {
    let name = match (alias, expr) {
        (Some(alias), _) => names::plain(alias).to_lowercase(),
        (None, Expr::Identifier(name)) => name.value.to_lowercase(),
        (None, Expr::CompoundIdentifier(parts)) => {
            parts.last().map(|part| part.value.to_lowercase()).unwrap_or_default()
        }
        (None, _) => format!("_col{}", output.names.len()),
    };
    if let Expr::Identifier(column) = expr
        && output.time.is_none()
        && scope.sources.iter().any(|source| source.columns.time.as_deref() == Some(&column.value.to_lowercase()))
    {
        output.time = Some(name.clone());
    }
    output.names.push(name);
}

fn aliased(own: Vec<Ident>, columns: Columns, alias: Option<&TableAlias>) -> Source {
    match alias {
        Some(alias) => {
            Source { qualifier: vec![quoted(&alias.name.value.to_lowercase())], columns: renamed(columns, alias) }
        }
        None => Source { qualifier: own, columns },
    }
}

fn renamed(mut columns: Columns, alias: &TableAlias) -> Columns {
    for (column, definition) in columns.names.iter_mut().zip(&alias.columns) {
        let name = definition.name.value.to_lowercase();
        if columns.time.as_ref() == Some(column) {
            columns.time = Some(name.clone());
        }
        *column = name;
    }
    columns
}
