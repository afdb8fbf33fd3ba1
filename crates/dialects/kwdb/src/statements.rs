//! Running parsed statements: one file per kind, each with the vendor's rules of that kind.

pub(crate) mod alter;
pub(crate) mod comment;
pub(crate) mod database;
pub(crate) mod default;
pub(crate) mod delete;
pub(crate) mod explain;
pub(crate) mod grant;
pub(crate) mod index;
pub(crate) mod insert;
pub(crate) mod query;
pub(crate) mod setting;
pub(crate) mod show;
pub(crate) mod span;
pub(crate) mod table;
pub(crate) mod update;
pub(crate) mod use_database;
pub(crate) mod user;

use crate::context::Context;
use crate::error::Endpoint;
use crate::sql::statement::{Grant, ParsedStatement, Statement};
use ::query::RowStream;
use model::{Error, ErrorKind, Result};

/// The refusal of a statement that another endpoint takes.
pub(crate) fn wrong_kind(parsed: &ParsedStatement, endpoint: Endpoint) -> Error {
    Error::new(ErrorKind::WrongStatementKind { statement: parsed.first_word.clone(), endpoint: endpoint.name() })
}

/// Fails when a statement is longer than allowed.
///
/// # Errors
/// [`ErrorKind::StatementTooLarge`].
pub(crate) fn check_length(context: &Context, parsed: &ParsedStatement) -> Result<()> {
    let limit = context.door().context.statement_bytes;
    if parsed.text.len() <= limit {
        return Ok(());
    }
    Err(Error::new(ErrorKind::StatementTooLarge { limit: limit as u64 }))
}

/// A statement that is known and not done here.
fn unhandled(words: &str) -> Error {
    Error::unsupported(words)
}

/// Runs a statement that answers with success alone.
pub(crate) async fn execute(context: &mut Context, parsed: ParsedStatement) -> Result<()> {
    check_length(context, &parsed)?;
    let ParsedStatement { text, statement, .. } = parsed;
    let result = execute_kind(context, statement?, &text).await;
    result.map_err(|error| context.refine(error))
}

async fn execute_kind(context: &mut Context, statement: Statement, text: &str) -> Result<()> {
    if !matches!(statement, Statement::CreateDatabase(_) | Statement::DropDatabase(_) | Statement::Use(_)) {
        context.require_place()?;
    }
    match statement {
        Statement::CreateDatabase(create) => database::create(context, create).await,
        Statement::DropDatabase(drop) => database::drop(context, drop).await,
        Statement::AlterDatabase(alter) => Box::pin(database::alter(context, alter)).await,
        Statement::Use(name) => use_database::run(context, &name),
        Statement::CreateTable(create) => table::create(context, *create).await,
        Statement::DropTables(drop) => table::drop(context, drop).await,
        Statement::AlterTable(alter) => alter::run(context, alter).await,
        Statement::CreateIndex(create) => index::create(context, create).await,
        Statement::DropIndex(drop) => index::drop(context, drop).await,
        Statement::AlterIndex(alter) => index::alter(context, alter).await,
        Statement::CommentOn(comment) => comment::run(context, comment).await,
        Statement::Truncate(names) => delete::truncate(context, names, text).await,
        Statement::Update(update) => update::run(context, *update, text).await.map(|_| ()),
        Statement::Delete(delete) => delete::run(context, *delete, text).await.map(|_| ()),
        Statement::CreateUser(create) => user::create(context, create).await,
        Statement::AlterUser(alter) => user::alter(context, alter).await,
        Statement::DropUsers { if_exists, names } => user::drop(context, if_exists, names).await,
        Statement::Grant(Grant::Privileges(grant)) => grant::grant(context, grant).await,
        Statement::Revoke(Grant::Privileges(grant)) => grant::revoke(context, grant).await,
        Statement::Grant(Grant::Roles(roles)) => grant::grant_roles(context, roles).await,
        Statement::Revoke(Grant::Roles(roles)) => grant::revoke_roles(context, roles).await,
        Statement::SetClusterSetting { name, value } => setting::set(context, &name, value).await,
        Statement::ResetClusterSetting(name) => setting::set(context, &name, None).await,
        Statement::SetVariable { name, values } => setting::set_variable(context, &name, &values),
        Statement::ResetVariable(name) => setting::reset_variable(&name),
        Statement::Unhandled(words) => Err(unhandled(words)),
        Statement::Insert(_) | Statement::Query(_) | Statement::Show(_) | Statement::Explain(_) => {
            Err(Error::internal("a statement of another endpoint"))
        }
    }
}

/// Runs a statement that answers with rows; its length is checked already.
pub(crate) async fn rows(context: &mut Context, parsed: ParsedStatement) -> Result<RowStream> {
    let ParsedStatement { text, statement, .. } = parsed;
    let statement = statement?;
    if !matches!(statement, Statement::Use(_)) {
        context.require_place()?;
    }
    let result = match statement {
        Statement::Query(statement) => query::run(context, statement, &text).await,
        Statement::Show(show) => show::run(context, &show).await,
        Statement::Explain(explain) => Box::pin(explain::run(context, explain, &text)).await,
        Statement::Use(name) => use_database::run(context, &name).map(|()| show::no_columns()),
        Statement::Unhandled(words) => Err(unhandled(words)),
        _ => Err(Error::internal("a statement of another endpoint")),
    };
    result.map_err(|error| context.refine(error))
}
