//! Reading what an UPDATE or DELETE selects: the rows of one table, opened by the caller, that a
//! condition lets through, with some columns and expressions.

use crate::lookup::StatementTables;
use crate::{Caller, Engine, QueryRequest};
use arrow::record_batch::RecordBatch;
use catalog::Catalog;
use datafusion::catalog::TableProvider;
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::{Stream, StreamExt, TryStreamExt};
use model::{Error, ErrorKind, Result, Table};
use std::sync::Arc;

/// The table that a statement changes, as the statement sees it.
pub(crate) struct Target {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) table: Arc<Table>,
    pub(crate) provider: Arc<dyn TableProvider>,
}

impl Target {
    /// `SELECT items FROM table WHERE filter`.
    pub(crate) fn select(&self, items: Vec<ast::SelectItem>, filter: Option<ast::Expr>) -> Result<ast::Statement> {
        let database = self.catalog.database(self.table.database);
        let database = database.ok_or_else(|| ErrorKind::TableNotFound { table: self.table.name.clone() })?;
        let unparsed = || Error::internal("a SELECT is not read as one");
        let parsed = Parser::parse_sql(&GenericDialect {}, "SELECT a FROM b").map_err(Error::internal)?;
        let mut statement = parsed.into_iter().next().ok_or_else(unparsed)?;
        let ast::Statement::Query(query) = &mut statement else { return Err(unparsed()) };
        let ast::SetExpr::Select(select) = query.body.as_mut() else { return Err(unparsed()) };
        let Some(ast::TableWithJoins { relation: ast::TableFactor::Table { name, .. }, .. }) = select.from.first_mut()
        else {
            return Err(unparsed());
        };
        *name = ast::ObjectName::from(vec![quoted(&database.name), quoted(&self.table.name)]);
        select.projection = items;
        select.selection = filter;
        Ok(statement)
    }

    /// The tables that the statement can name, this one opened already.
    pub(crate) fn tables(&self, engine: &Engine, caller: &Caller, context: &QueryRequest) -> StatementTables {
        StatementTables::of(Arc::clone(&self.catalog), engine.parts.storage.clone(), caller, context)
            .with_opened(self.table.id, Arc::clone(&self.provider))
    }
}

/// A column by its exact name.
pub(crate) fn column_item(name: &str) -> ast::SelectItem {
    ast::SelectItem::UnnamedExpr(ast::Expr::Identifier(quoted(name)))
}

/// The new value of the nth assignment; the name cannot meet a column's.
pub(crate) fn value_item(position: usize, value: ast::Expr) -> ast::SelectItem {
    ast::SelectItem::ExprWithAlias { expr: value, alias: quoted(&format!("\u{0}{position}")) }
}

fn quoted(name: &str) -> ast::Ident {
    ast::Ident::with_quote('"', name)
}

impl Engine {
    /// Reads what a target's SELECT yields, up to the limit for one statement.
    pub(crate) async fn read_selected(
        &self,
        caller: &Caller,
        context: &QueryRequest,
        target: &Target,
        items: Vec<ast::SelectItem>,
        filter: Option<ast::Expr>,
    ) -> Result<Vec<RecordBatch>> {
        self.selected(caller, context, target, items, filter).await?.try_collect().await
    }

    /// The same one batch after the other.
    pub(crate) async fn selected(
        &self,
        caller: &Caller,
        context: &QueryRequest,
        target: &Target,
        items: Vec<ast::SelectItem>,
        filter: Option<ast::Expr>,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + Unpin + use<>> {
        let statement = target.select(items, filter)?;
        let tables = target.tables(self, caller, context);
        let stream = self.run(caller, context, tables, statement).await?;
        let limit = self.parts.options.statement_rows_bytes;
        let mut bytes = 0;
        Ok(stream.batches.map(move |batch| {
            let batch = batch?;
            bytes += batch.get_array_memory_size() as u64;
            if bytes > limit { Err(ErrorKind::WriteMemoryExceeded { limit }.into()) } else { Ok(batch) }
        }))
    }
}
