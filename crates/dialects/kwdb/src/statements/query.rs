//! `SELECT` and its like: the syntax tree rewritten, handed to the engine, the rows as they come.

use super::show;
use crate::context::Context;
use crate::select::{self, Meaning};
use crate::sql::statement::{BracketSource, QueryStatement, Statement};
use ::query::{RowStream, TableLookup};
use ::sql::ast;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use engine::QueryRequest;
use model::{DatabaseId, Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Runs a query.
///
/// # Errors
/// Whatever is wrong with it; FILL, which is not done here yet.
pub(crate) async fn run(context: &Context, statement: QueryStatement, text: &str) -> Result<RowStream> {
    if statement.fill.is_some() {
        return Err(Error::unsupported("FILL"));
    }
    let own_tables = bracket_tables(context, &statement.bracket_sources).await?;
    let request = request(context, ast::Statement::Query(statement.query), own_tables, text)?;
    start(context, request).await
}

/// Starts a query. A missing current database matters only to names that are looked up in it.
///
/// # Errors
/// Whatever is wrong with the query.
pub(crate) async fn start(context: &Context, request: QueryRequest) -> Result<RowStream> {
    let without_database = request.database.is_none();
    context.engine().query(context.caller(), request).await.map_err(|error| match *error.kind {
        ErrorKind::TableNotFound { .. } if without_database => {
            Error::new(ErrorKind::DatabaseNotFound { database: context.database_name().to_owned() })
        }
        _ => error,
    })
}

/// A query of this program's own, as the grammar reads it.
///
/// # Errors
/// A text that is no query.
pub(crate) fn parsed(text: &str) -> Result<QueryStatement> {
    let statement = crate::sql::parse(text).pop().map(|parsed| parsed.statement);
    match statement {
        Some(Ok(Statement::Query(query))) => Ok(query),
        Some(Err(error)) => Err(error),
        _ => Err(Error::internal("no query")),
    }
}

/// A statement in this dialect's meaning, ready for the engine.
///
/// # Errors
/// What the rewrite refuses.
pub(crate) fn request(
    context: &Context,
    mut statement: ast::Statement,
    own_tables: Option<Arc<dyn TableLookup>>,
    text: &str,
) -> Result<QueryRequest> {
    let catalog = context.catalog();
    let database = context.current_database(&catalog).ok().map(|database| database.id);
    select::rewrite(&mut statement, meaning(context, &catalog))?;
    Ok(assembled(context, statement, database, own_tables, text))
}

/// What rewriting depends on.
pub(crate) fn meaning<'a>(context: &'a Context, catalog: &'a catalog::Catalog) -> Meaning<'a> {
    Meaning {
        catalog,
        database: context.database_name(),
        user: &context.caller().name,
        zone: context.zone(),
        profile: &context.door().profile,
    }
}

/// A request with a statement that is rewritten already.
pub(crate) fn assembled(
    context: &Context,
    statement: ast::Statement,
    database: Option<DatabaseId>,
    own_tables: Option<Arc<dyn TableLookup>>,
    text: &str,
) -> QueryRequest {
    QueryRequest {
        profile: context.door().profile.clone(),
        statement,
        database,
        own_tables,
        time_zone: context.zone().name().to_owned(),
        text: text.to_owned(),
        timeout: None,
    }
}

/// The tables that stand for statements in brackets.
struct BracketTables {
    tables: HashMap<String, Arc<dyn TableProvider>>,
}

impl TableLookup for BracketTables {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        match name {
            [table] => self.tables.get(table).cloned(),
            _ => None,
        }
        .ok_or_else(|| Error::new(ErrorKind::TableNotFound { table: name.join(".") }))
    }
}

/// Runs the statements in brackets and holds their rows.
///
/// # Errors
/// Whatever is wrong with them; statements other than SHOW.
pub(crate) async fn bracket_tables(
    context: &Context,
    sources: &[BracketSource],
) -> Result<Option<Arc<dyn TableLookup>>> {
    if sources.is_empty() {
        return Ok(None);
    }
    let mut tables: HashMap<String, Arc<dyn TableProvider>> = HashMap::with_capacity(sources.len());
    for source in sources {
        let Statement::Show(show) = source.statement.as_ref() else {
            return Err(Error::unsupported("a statement other than SHOW in brackets"));
        };
        let batches = show::collected(context, show).await?;
        let schema = Arc::clone(&batches.schema);
        let table = MemTable::try_new(schema, vec![batches.rows]).map_err(Error::internal)?;
        tables.insert(source.table.clone(), Arc::new(table));
    }
    Ok(Some(Arc::new(BracketTables { tables })))
}
