//! `SHOW`: rows from the catalogue snapshot, answered like those of any query.

mod create;
mod grants;
mod tables;

use crate::context::Context;
use crate::error::{definition, worded};
use crate::settings;
use crate::sql::statement::Show;
use ::query::RowStream;
use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt as _, stream};
use model::{Error, Privilege, Result, Scope, TableKind};
use std::sync::Arc;

/// Rows with their columns.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) schema: SchemaRef,
    pub(crate) rows: Vec<RecordBatch>,
}

/// A column of texts.
fn texts(values: impl IntoIterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

/// A column of booleans.
fn booleans(values: impl IntoIterator<Item = bool>) -> ArrayRef {
    Arc::new(values.into_iter().map(Some).collect::<BooleanArray>())
}

/// Rows of columns with names.
fn rows(columns: Vec<(&str, ArrayRef)>) -> Result<Rows> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, values)| Field::new(*name, values.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, values)| values).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(Error::internal)?;
    Ok(Rows { schema, rows: vec![batch] })
}

/// One row of texts.
fn one_text(name: &str, value: String) -> Result<Rows> {
    rows(vec![(name, texts([Some(value)]))])
}

fn stream_of(rows: Rows) -> RowStream {
    RowStream { schema: rows.schema, batches: stream::iter(rows.rows.into_iter().map(Ok)).boxed() }
}

/// The answer of a statement without columns.
pub(crate) fn no_columns() -> RowStream {
    stream_of(Rows { schema: Arc::new(Schema::empty()), rows: Vec::new() })
}

/// Answers a SHOW.
///
/// # Errors
/// Unknown objects, no privilege, forms that are not done here.
pub(crate) async fn run(context: &Context, show: &Show) -> Result<RowStream> {
    match show {
        Show::TagValues(name) => tables::tag_values(context, name).await.map(stream_of),
        other => made(context, other).map(stream_of),
    }
}

/// The rows of a SHOW that is a source of a query.
///
/// # Errors
/// As [`run`].
pub(crate) async fn collected(context: &Context, show: &Show) -> Result<Rows> {
    let mut stream = run(context, show).await?;
    let mut rows = Vec::new();
    while let Some(batch) = stream.batches.next().await {
        rows.push(batch?);
    }
    Ok(Rows { schema: stream.schema, rows })
}

fn made(context: &Context, show: &Show) -> Result<Rows> {
    match show {
        Show::Databases { with_comment } => tables::databases(context, *with_comment),
        Show::Tables(show) => tables::tables(context, show),
        Show::Columns(show) => tables::columns(context, show),
        Show::Tags(name) => tables::tags(context, name),
        Show::Retentions(name) => tables::retentions(context, name),
        Show::Indexes(name) => tables::indexes(context, name),
        Show::Constraints(name) => tables::constraints(context, name),
        Show::Schemas(database) => tables::schemas(context, database.as_ref()),
        Show::CreateTable(name) => create::table(context, name),
        Show::CreateDatabase(name) => create::database(context, name),
        Show::Users | Show::Roles => grants::users(context),
        Show::Grants(show) => grants::grants(context, show),
        Show::ClusterSetting(name) => {
            let setting = settings::find(name)?;
            one_text(name, settings::value(&context.catalog(), setting))
        }
        Show::ClusterSettings => cluster_settings(context),
        Show::Queries => running(context),
        Show::Variable(name) => variable(context, name),
        Show::DatabaseIndexes(name) => {
            let catalog = context.catalog();
            let database = crate::names::database(&catalog, &name.value)?;
            if catalog.tables_in(database.id).any(|table| table.kind == TableKind::Series) {
                return Err(definition("show database indexes is not supported in timeseries table"));
            }
            Err(Error::unsupported("SHOW INDEXES FROM DATABASE"))
        }
        Show::TagValues(_) => Err(Error::internal("a SHOW that waits")),
        Show::Sessions => Err(Error::unsupported("SHOW SESSIONS")),
        Show::Jobs => Err(Error::unsupported("SHOW JOBS")),
        Show::Unhandled(words) => Err(Error::unsupported(*words)),
    }
}

fn cluster_settings(context: &Context) -> Result<Rows> {
    if !context.engine().may(context.caller(), Privilege::Settings, Scope::All) {
        return Err(worded("only users with the admin role are allowed to SHOW CLUSTER SETTINGS"));
    }
    let catalog = context.catalog();
    let all = || settings::SETTINGS.iter();
    rows(vec![
        ("variable", texts(all().map(|setting| Some(setting.name.to_owned())))),
        ("value", texts(all().map(|setting| Some(settings::value(&catalog, setting))))),
        ("setting_type", texts(all().map(|setting| Some(setting.kind.letter().to_owned())))),
        ("description", texts(all().map(|setting| Some(setting.description.to_owned())))),
    ])
}

/// The caller's running queries, or everyone's for who may see them.
fn running(context: &Context) -> Result<Rows> {
    let sees_all = context.engine().may(context.caller(), Privilege::SeeSessions, Scope::All);
    let running: Vec<_> = context
        .engine()
        .queries()
        .running()
        .into_iter()
        .filter(|query| sees_all || query.label.user == context.caller().name)
        .collect();
    let started = |at: std::time::SystemTime| {
        let nanos = at.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        crate::render::cell::time_text(i128::try_from(nanos).unwrap_or_default(), Some(context.zone()))
    };
    rows(vec![
        ("query_id", texts(running.iter().map(|query| Some(query.id.to_string())))),
        ("user_name", texts(running.iter().map(|query| Some(query.label.user.clone())))),
        ("start", texts(running.iter().map(|query| Some(started(query.started))))),
        ("query", texts(running.iter().map(|query| Some(query.label.text.clone())))),
    ])
}

fn variable(context: &Context, name: &str) -> Result<Rows> {
    let value = match name {
        "timezone" => match context.zone().name() {
            "+00:00" => "UTC".to_owned(),
            named => named.to_owned(),
        },
        "database" => context.database_name().to_owned(),
        "search_path" => crate::names::PUBLIC.to_owned(),
        "server_version" => env!("CARGO_PKG_VERSION").to_owned(),
        "client_encoding" | "server_encoding" => "UTF8".to_owned(),
        other => return Err(worded(format!("unrecognized configuration parameter \"{other}\""))),
    };
    one_text(name, value)
}
