//! Running parsed statements: one file per kind, each with the vendor's rules of that kind.

mod alter;
mod children;
mod database;
mod delete;
mod grant;
mod insert;
pub(crate) mod query;
mod show;
mod table;
mod user;

use crate::context::Context;
use crate::error::{coded, with_statement};
use crate::sql::statement::Statement;
use crate::sql::{self, Parsed};
use ::query::RowStream;
use model::{Error, Result};

pub(crate) use database::{CREATED, SYSTEM, option as database_option};
pub(crate) use grant::words_of;

/// What a statement answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// So many rows were written or deleted.
    Changed(u64),
    /// Rows.
    Rows(RowStream),
}

/// Runs the statement of a request.
///
/// # Errors
/// Whatever is wrong with it, in the vendor's words.
pub(crate) async fn run(context: &Context, text: &str) -> Result<Answer> {
    let parsed = sql::parse(text).map_err(|error| with_statement(error, text))?;
    execute(context, parsed, text).await
}

async fn execute(context: &Context, parsed: Parsed, text: &str) -> Result<Answer> {
    if let Statement::Insert(tables) = &parsed.statement {
        return insert::run(context, &parsed, tables, text).await.map(Answer::Changed);
    }
    let done = |()| Answer::Changed(0);
    match parsed.statement {
        Statement::Query(query) => query::run(context, *query, text).await.map(Answer::Rows),
        Statement::Explain { analyze, query } => query::explain(context, *query, analyze, text).await.map(Answer::Rows),
        Statement::Show(show) => show::run(context, show, text).await.map(Answer::Rows),
        Statement::Describe(name) => show::describe(context, &name).map(Answer::Rows),
        Statement::CreateDatabase { if_not_exists, name, options } => {
            database::create(context, if_not_exists, name, options).await.map(done)
        }
        Statement::DropDatabase { if_exists, name } => database::drop(context, if_exists, &name).await.map(done),
        Statement::AlterDatabase { name, options } => database::alter(context, &name, &options).map(done),
        Statement::Use(name) => database::exists(context, &name).map(done),
        Statement::CreateTable(new) => table::create(context, *new).await.map(done),
        Statement::CreateChildren(new) => children::create(context, &new).await.map(done),
        Statement::DropTables { stable, names } => table::drop(context, stable, &names, text).await.map(done),
        Statement::AlterTable { name, alteration } => alter::run(context, &name, alteration).await.map(done),
        Statement::Delete { table, filter } => delete::run(context, &table, filter, text).await.map(Answer::Changed),
        Statement::CreateUser { name, options } => user::create(context, name, options).await.map(done),
        Statement::AlterUser { name, options } => user::alter(context, &name, options).await.map(done),
        Statement::DropUser(name) => user::drop(context, &name).await.map(done),
        Statement::Grant(grant) => grant::grant(context, &grant).await.map(done),
        Statement::Revoke(grant) => grant::revoke(context, &grant).await.map(done),
        Statement::Nothing => Ok(Answer::Changed(0)),
        Statement::Unhandled(words) => Err(Error::unsupported(words)),
        Statement::Insert(_) => Err(coded(0x26ff, "Parser internal error")),
    }
}
