//! Keeping hidden columns out of `*`.
//!
//! DataFusion knows no hidden columns, so `*` over a table that has some is given an EXCLUDE
//! before it is planned. Named, a hidden column is a column like any other.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::sql::sqlparser::ast::{
    ExcludeSelectItem, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, Statement,
    TableFactor, TableWithJoins, VisitMut, VisitorMut, WildcardAdditionalOptions,
};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// The metadata key of a field that `*` leaves out.
pub const HIDDEN_FIELD: &str = "chronoglot.hidden";

/// Rewrites every `*` of a statement. `schema` finds a table by its name parts; tables that it
/// does not find fail later, with the error that belongs to them.
pub(crate) fn exclude(statement: &mut Statement, schema: impl Fn(&[String]) -> Option<SchemaRef>) {
    let mut rewriter = Rewriter { schema, shadowed: HashSet::new() };
    let _: ControlFlow<()> = statement.visit(&mut rewriter);
}

struct Rewriter<F> {
    schema: F,
    /// Names of common table expressions, which hide tables of the same name.
    shadowed: HashSet<String>,
}

impl<F: Fn(&[String]) -> Option<SchemaRef>> VisitorMut for Rewriter<F> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            self.shadowed.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.clone()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let is_wildcard = |i: &SelectItem| matches!(i, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if select.projection.iter().any(is_wildcard) {
            let mut sources = Vec::new();
            select.from.iter().for_each(|from| self.sources(from, &mut sources));
            if sources.iter().any(|s| !s.hidden.is_empty()) {
                select.projection =
                    std::mem::take(&mut select.projection).into_iter().flat_map(|i| expand(i, &sources)).collect();
            }
        }
        ControlFlow::Continue(())
    }
}

/// One item of FROM.
struct Source {
    /// How `name.*` names it; `None` for a subquery without alias.
    qualifier: Option<ObjectName>,
    hidden: Vec<String>,
}

impl<F: Fn(&[String]) -> Option<SchemaRef>> Rewriter<F> {
    fn sources(&self, from: &TableWithJoins, out: &mut Vec<Source>) {
        self.source(&from.relation, out);
        from.joins.iter().for_each(|join| self.source(&join.relation, out));
    }

    fn source(&self, factor: &TableFactor, out: &mut Vec<Source>) {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let alias = alias.as_ref().map(|a| ObjectName::from(vec![a.name.clone()]));
                let hidden = self.hidden(name);
                out.push(Source { qualifier: Some(alias.unwrap_or_else(|| name.clone())), hidden });
            }
            TableFactor::NestedJoin { table_with_joins, alias: None, .. } => self.sources(table_with_joins, out),
            TableFactor::Derived { alias: Some(alias), .. }
            | TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::NestedJoin { alias: Some(alias), .. } => {
                out.push(Source { qualifier: Some(ObjectName::from(vec![alias.name.clone()])), hidden: Vec::new() });
            }
            _ => out.push(Source { qualifier: None, hidden: Vec::new() }),
        }
    }

    fn hidden(&self, name: &ObjectName) -> Vec<String> {
        let parts: Vec<String> =
            name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.clone()).collect();
        if let [single] = parts.as_slice()
            && self.shadowed.contains(single)
        {
            return Vec::new();
        }
        let Some(schema) = (self.schema)(&parts) else { return Vec::new() };
        let hidden = schema.fields().iter().filter(|f| f.metadata().contains_key(HIDDEN_FIELD));
        hidden.map(|f| f.name().clone()).collect()
    }
}

fn expand(item: SelectItem, sources: &[Source]) -> Vec<SelectItem> {
    match item {
        SelectItem::Wildcard(options) => {
            let mut with_hidden = sources.iter().filter(|s| !s.hidden.is_empty());
            match (with_hidden.next(), with_hidden.next()) {
                (Some(only), None) => vec![SelectItem::Wildcard(excluding(options, &only.hidden))],
                (Some(_), Some(_)) if sources.iter().all(|s| s.qualifier.is_some()) => sources
                    .iter()
                    .filter_map(|s| {
                        let kind = SelectItemQualifiedWildcardKind::ObjectName(s.qualifier.clone()?);
                        Some(SelectItem::QualifiedWildcard(kind, excluding(options.clone(), &s.hidden)))
                    })
                    .collect(),
                _ => vec![SelectItem::Wildcard(options)],
            }
        }
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
            let hidden = sources
                .iter()
                .find(|s| s.qualifier.as_ref().is_some_and(|q| q.0.ends_with(&name.0)))
                .map_or(&[] as &[String], |s| &s.hidden);
            let options = excluding(options, hidden);
            vec![SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)]
        }
        other => vec![other],
    }
}

fn excluding(mut options: WildcardAdditionalOptions, hidden: &[String]) -> WildcardAdditionalOptions {
    if hidden.is_empty() {
        return options;
    }
    let mut names = match options.opt_exclude.take() {
        None => Vec::new(),
        Some(ExcludeSelectItem::Single(name)) => vec![name],
        Some(ExcludeSelectItem::Multiple(names)) => names,
    };
    for name in hidden {
        let name = ObjectName::from(vec![Ident::with_quote('"', name)]);
        if !names
            .iter()
            .any(|n| n.0.last().and_then(|p| p.as_ident()).map(|i| &i.value) == name.0[0].as_ident().map(|i| &i.value))
        {
            names.push(name);
        }
    }
    options.opt_exclude = Some(ExcludeSelectItem::Multiple(names));
    options
}
