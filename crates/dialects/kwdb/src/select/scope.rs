//! What a SELECT can see: the items of its FROM with their columns, and which of those is the time.
//!
//! Only as much as rewriting needs. An item whose columns cannot be told has none here; whatever
//! names them is left as it is, and planning finds out.

use super::Meaning;
use super::time_kinds::Kinds;
use crate::names::{self, result_name, shown_name};
use crate::sql::statement::{Name, TableName};
use ::sql::CommonTables;
use ::sql::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor,
};
use ::sql::tree::quoted;
use model::{ColumnRole, DataType, Table, TableKind};
use std::rc::Rc;

/// What kind of time a column holds, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// A point in time.
    Instant,
    /// A wall-clock reading.
    Local,
    /// No time.
    Other,
}

/// A column that can be named.
#[derive(Clone, Debug)]
pub(super) struct SourceColumn {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    /// Whether it is a tag of a time-series table in FROM.
    pub(super) tag: bool,
}

/// The columns of a table or of a query.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns {
    /// In the order of `*`.
    pub(super) columns: Vec<SourceColumn>,
    /// The name of the column that holds the time of a series table's rows.
    pub(super) time: Option<String>,
}

/// One item of FROM.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// How its columns can be qualified: an alias, or a table's name with or without database.
    pub(super) qualifier: Vec<Ident>,
    pub(super) columns: Columns,
}

/// The items of a FROM.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) sources: Vec<Source>,
}

fn columns_of(table: &Table) -> Columns {
    let kind = |data_type| match data_type {
        DataType::Instant(_) => ColumnKind::Instant,
        DataType::LocalDateTime(_) => ColumnKind::Local,
        _ => ColumnKind::Other,
    };
    let columns = table
        .visible_columns()
        .map(|column| SourceColumn {
            name: column.name.clone(),
            kind: kind(column.data_type),
            tag: table.kind == TableKind::Series && matches!(column.role, ColumnRole::Key | ColumnRole::Attribute),
        })
        .collect();
    let time = table.columns.iter().find(|column| column.role == ColumnRole::Time);
    Columns { columns, time: time.filter(|_| table.kind == TableKind::Series).map(|column| column.name.clone()) }
}

impl Source {
    /// Whether a qualifier, innermost part last, stands for this item.
    pub(super) fn is_called(&self, qualifier: &[Ident]) -> bool {
        let mut own = self.qualifier.iter().rev();
        !qualifier.is_empty()
            && qualifier.iter().rev().all(|part| own.next().is_some_and(|own| own.value == part.value))
    }

    fn column(&self, name: &str) -> Option<&SourceColumn> {
        self.columns.columns.iter().find(|column| column.name == name)
    }
}

impl Scope {
    /// The scope of a statement on one table.
    pub(super) fn of_table(table: &Table) -> Self {
        let qualifier = vec![quoted(&table.name)];
        Self { sources: vec![Source { qualifier, columns: columns_of(table) }] }
    }

    /// The item and column that an expression names.
    pub(super) fn resolve(&self, expr: &Expr) -> Option<(&Source, &SourceColumn)> {
        match expr {
            Expr::Nested(inner) => self.resolve(inner),
            Expr::Identifier(name) => {
                self.sources.iter().find_map(|source| Some((source, source.column(&name.value)?)))
            }
            Expr::CompoundIdentifier(parts) => {
                let (name, qualifier) = parts.split_last()?;
                let source = self.sources.iter().find(|source| source.is_called(qualifier))?;
                Some((source, source.column(&name.value)?))
            }
            _ => None,
        }
    }

    /// The columns of `*`: where several items meet, the tags of all stand behind the columns of all.
    pub(super) fn star(&self) -> Vec<(&Source, &SourceColumn)> {
        let all = self.sources.iter().flat_map(|source| source.columns.columns.iter().map(move |c| (source, c)));
        let (tags, columns): (Vec<_>, Vec<_>) = all.partition(|(_, column)| column.tag);
        columns.into_iter().chain(tags).collect()
    }

    /// Whether a column reference names an item, whatever that item's columns are.
    pub(super) fn source_of(&self, expr: &Expr) -> Option<&Source> {
        match expr {
            Expr::Nested(inner) => self.source_of(inner),
            Expr::CompoundIdentifier(parts) => {
                let (_, qualifier) = parts.split_last()?;
                self.sources.iter().find(|source| source.is_called(qualifier))
            }
            _ => self.resolve(expr).map(|(source, _)| source),
        }
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
            self.with.define(cte.alias.name.value.clone(), columns);
        }
    }

    /// What tells the kinds of expressions inside of FROM clauses.
    pub(super) const fn kinds<'k>(&'k self, scopes: &'k [Rc<Scope>]) -> Kinds<'k> {
        Kinds { scopes, tables: self }
    }

    /// Leaves the query entered last.
    pub(super) fn leave(&mut self) {
        self.with.leave();
    }

    /// What a SELECT can see.
    pub(super) fn scope(&mut self, select: &Select) -> Scope {
        let mut sources = Vec::new();
        for item in &select.from {
            self.factor(&item.relation, &mut sources);
            for join in &item.joins {
                self.factor(&join.relation, &mut sources);
            }
        }
        Scope { sources }
    }

    fn factor(&mut self, factor: &TableFactor, sources: &mut Vec<Source>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let columns = self.named(name);
                let qualifier = match alias {
                    Some(alias) => vec![alias.name.clone()],
                    None => {
                        let parts = name.0.iter().filter_map(|part| part.as_ident());
                        parts.filter(|part| part.value != names::PUBLIC).cloned().collect()
                    }
                };
                let columns = alias.as_ref().map_or_else(|| columns.clone(), |alias| renamed(columns.clone(), alias));
                sources.push(Source { qualifier, columns });
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let output = self.output(subquery);
                let (qualifier, columns) = match alias {
                    Some(alias) => (vec![alias.name.clone()], renamed(output, alias)),
                    None => (Vec::new(), output),
                };
                sources.push(Source { qualifier, columns });
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.factor(&table_with_joins.relation, sources);
                for join in &table_with_joins.joins {
                    self.factor(&join.relation, sources);
                }
            }
            _ => {}
        }
    }

    fn named(&self, name: &ObjectName) -> Columns {
        let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        if let [only] = parts.as_slice()
            && let Some(columns) = self.with.get(&only.value)
        {
            return columns.clone();
        }
        let part = |ident: &Ident| Some(Name { value: ident.value.clone(), quoted: true });
        let (database, schema, table) = match parts.as_slice() {
            [table] => (None, None, table),
            [database, table] => (part(database), None, table),
            [database, schema, table] => (part(database), part(schema), table),
            _ => return Columns::default(),
        };
        let name = TableName { database, schema, table: Name { value: table.value.clone(), quoted: true } };
        names::table(self.meaning.catalog, self.meaning.database, &name)
            .map_or_else(|_| Columns::default(), |table| columns_of(&table))
    }

    /// The columns that a query returns.
    pub(super) fn output(&mut self, query: &Query) -> Columns {
        self.enter(query);
        let columns = self.body_output(&query.body);
        self.leave();
        columns
    }

    /// The kinds of a query's columns: of the first arm in which a column is a time.
    pub(super) fn column_kinds(&mut self, body: &SetExpr) -> Vec<ColumnKind> {
        if let SetExpr::SetOperation { left, right, .. } = body {
            let (left, right) = (self.column_kinds(left), self.column_kinds(right));
            let either = |(left, right)| if left == ColumnKind::Other { right } else { left };
            return left.into_iter().zip(right).map(either).collect();
        }
        self.body_output(body).columns.into_iter().map(|column| column.kind).collect()
    }

    fn body_output(&mut self, body: &SetExpr) -> Columns {
        match body {
            SetExpr::Select(select) => self.select_output(select),
            SetExpr::Query(query) => self.output(query),
            SetExpr::SetOperation { left, .. } => self.body_output(left),
            SetExpr::Values(values) => {
                let width = values.rows.first().map_or(0, |row| row.len());
                let columns = (1..=width)
                    .map(|n| SourceColumn { name: format!("column{n}"), kind: ColumnKind::Other, tag: false })
                    .collect();
                Columns { columns, time: None }
            }
            _ => Columns::default(),
        }
    }

    fn select_output(&mut self, select: &Select) -> Columns {
        let scopes = [Rc::new(self.scope(select))];
        let [scope] = &scopes;
        let mut output = Columns::default();
        let star = |columns: Vec<(&Source, &SourceColumn)>, output: &mut Columns| {
            for (source, column) in columns {
                if output.time.is_none() {
                    output.time.clone_from(&source.columns.time);
                }
                output.columns.push(SourceColumn { tag: false, ..column.clone() });
            }
        };
        for item in &select.projection {
            match item {
                SelectItem::Wildcard(_) => star(scope.star(), &mut output),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let qualifier: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
                    if let Some(source) = scope.sources.iter().find(|source| source.is_called(&qualifier)) {
                        star(source.columns.columns.iter().map(|column| (source, column)).collect(), &mut output);
                    }
                }
                SelectItem::UnnamedExpr(expr) => match star_columns(expr, scope) {
                    Some((function, columns)) => output.columns.extend(columns.into_iter().map(|column| {
                        SourceColumn { name: format!("{function}({})", column.name), kind: column.kind, tag: false }
                    })),
                    None => one(expr, result_name(expr), self.kinds(&scopes), &mut output),
                },
                SelectItem::ExprWithAlias { expr, alias } => {
                    one(expr, shown_name(&alias.value).to_owned(), self.kinds(&scopes), &mut output);
                }
                _ => {}
            }
        }
        output
    }
}

fn one(expr: &Expr, name: String, kinds: Kinds<'_>, output: &mut Columns) {
    if let Some((source, column)) = kinds.scopes.iter().find_map(|scope| scope.resolve(expr))
        && output.time.is_none()
        && source.columns.time.as_ref() == Some(&column.name)
    {
        output.time = Some(name.clone());
    }
    output.columns.push(SourceColumn { name, kind: kinds.of(expr), tag: false });
}

fn renamed(mut columns: Columns, alias: &TableAlias) -> Columns {
    for (column, definition) in columns.columns.iter_mut().zip(&alias.columns) {
        if columns.time.as_ref() == Some(&column.name) {
            columns.time = Some(definition.name.value.clone());
        }
        column.name.clone_from(&definition.name.value);
    }
    columns
}

/// `first(*)` and its like: the function, and the columns that the star stands for.
pub(super) fn star_columns(expr: &Expr, scope: &Scope) -> Option<(String, Vec<SourceColumn>)> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else { return None };
    let function = name.0.last()?.as_ident()?.value.to_ascii_lowercase();
    if !super::functions::is_first_or_last(&function) {
        return None;
    }
    let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else { return None };
    let columns = match argument {
        FunctionArgExpr::Wildcard => {
            scope.sources.iter().flat_map(|source| source.columns.columns.iter().cloned()).collect()
        }
        FunctionArgExpr::QualifiedWildcard(name) => {
            let qualifier: Vec<Ident> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
            let source = scope.sources.iter().find(|source| source.is_called(&qualifier))?;
            source.columns.columns.clone()
        }
        _ => return None,
    };
    Some((function, columns))
}
