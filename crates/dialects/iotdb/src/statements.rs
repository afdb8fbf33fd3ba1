//! Running parsed statements: one file per kind, each with the vendor's rules of that kind.

pub(crate) mod alter;
pub(crate) mod database;
pub(crate) mod delete;
pub(crate) mod devices;
pub(crate) mod grant;
pub(crate) mod insert;
pub(crate) mod query;
pub(crate) mod show;
pub(crate) mod table;
pub(crate) mod update;
pub(crate) mod user;

use crate::context::Context;
use crate::error::{Failure, Result};
use crate::sql::Statement;
use ::query::RowStream;
use model::Error;

/// Runs a statement that answers with success alone.
pub(crate) async fn execute(context: &Context, statement: Statement, text: &str) -> Result<()> {
    match statement {
        Statement::CreateDatabase { if_not_exists, name, properties } => {
            database::create(context, if_not_exists, name, &properties).await
        }
        Statement::AlterDatabase { if_exists, name, properties } => {
            database::alter(context, if_exists, &name, &properties).await
        }
        Statement::DropDatabase { if_exists, name } => database::drop(context, if_exists, &name).await,
        Statement::Use(name) => database::check_use(context, &name),
        Statement::CreateTable(create) => table::create(context, *create).await,
        Statement::AlterTable { if_exists, table, action } => alter::run(context, if_exists, &table, action).await,
        Statement::DropTable { if_exists, table } => table::drop(context, if_exists, &table).await,
        Statement::CommentOnTable { table, comment } => alter::comment_on_table(context, &table, comment).await,
        Statement::CommentOnColumn { table, column, comment } => {
            alter::comment_on_column(context, &table, &column, comment).await
        }
        Statement::Insert(insert) => insert::run(context, *insert, text).await,
        Statement::Update { table, assignments, filter } => {
            update::run(context, &table, assignments, filter, text).await
        }
        Statement::Delete { table, filter } => delete::run(context, &table, filter, text).await,
        Statement::DeleteDevices { table, filter } => devices::delete(context, &table, filter, text).await,
        Statement::CreateUser { name, password } => user::create(context, &name, &password).await,
        Statement::CreateRole(name) => user::create_role(context, &name).await,
        Statement::DropUser(name) => user::drop(context, &name, false).await,
        Statement::DropRole(name) => user::drop(context, &name, true).await,
        Statement::SetPassword { user, password } => user::set_password(context, &user, &password).await,
        Statement::RenameUser { user, name } => user::rename(context, &user, &name).await,
        Statement::GrantRole { role, user } => grant::grant_role(context, &role, &user).await,
        Statement::RevokeRole { role, user } => grant::revoke_role(context, &role, &user).await,
        Statement::Grant(grant) => grant::grant(context, &grant).await,
        Statement::Revoke(grant) => grant::revoke(context, &grant).await,
        Statement::Flush => {
            context.require_system()?;
            Ok(context.engine().storage().flush().await?)
        }
        // Nothing that is cached here can differ from what is stored.
        Statement::ClearCache => context.require_system(),
        Statement::KillQuery(id) => query::kill(context, &id),
        Statement::KillAllQueries => query::kill_all(context),
        // A session ends with its request.
        Statement::SetDialect => Ok(()),
        Statement::SetConfiguration(keys) => {
            context.require_system()?;
            let keys = keys.join(", ");
            let reason = "because they are immutable or undefined.";
            Err(Failure::new(301, format!("ignored config items: [{keys}] {reason}")))
        }
        Statement::Unhandled(words, _) => Err(Error::unsupported(words).into()),
        Statement::Query(_) | Statement::Explain { .. } | Statement::Show(_) => Err(Failure::wrong_endpoint()),
    }
}

/// Runs a statement that answers with rows.
pub(crate) async fn rows(context: &Context, statement: Statement, text: &str) -> Result<RowStream> {
    match statement {
        Statement::Query(query) => query::run(context, query, text).await,
        Statement::Explain { analyze, query } => query::explain(context, query, analyze, text).await,
        Statement::Show(show) => show::run(context, show, text).await,
        Statement::Unhandled(words, _) => Err(Error::unsupported(words).into()),
        _ => Err(Failure::wrong_endpoint()),
    }
}
