//! SHOW, DESC, COUNT DEVICES and LIST: rows from the catalogue snapshot, answered like those of any
//! query.

mod tables;
mod users;

pub(crate) use tables::{seen_databases, table_ttl, ttl_of};

use super::devices;
use crate::context::Context;
use crate::error::Result;
use crate::information_schema;
use crate::sql::statement::Show;
use crate::types::{DIALECT, Type, instant};
use ::query::{DECLARED_DIALECT, DECLARED_WORD, RowStream};
use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use futures::{StreamExt as _, stream};
use model::Error;
use std::collections::HashMap;
use std::sync::Arc;

/// The version of the vendor's server that this dialect follows.
pub(crate) const VERSION: &str = "2.0.10";

/// One column of an answer.
pub(crate) struct Shown {
    name: &'static str,
    values: ArrayRef,
    of: Type,
}

/// A column of TEXT.
pub(crate) fn texts(name: &'static str, values: impl IntoIterator<Item = Option<String>>) -> Shown {
    Shown { name, values: Arc::new(values.into_iter().collect::<StringArray>()), of: Type::Text }
}

/// A column of STRING.
pub(crate) fn strings(name: &'static str, values: impl IntoIterator<Item = Option<String>>) -> Shown {
    Shown { of: Type::String, ..texts(name, values) }
}

/// A column of INT32.
pub(crate) fn integers(name: &'static str, values: impl IntoIterator<Item = Option<i32>>) -> Shown {
    Shown { name, values: Arc::new(values.into_iter().collect::<Int32Array>()), of: Type::Int32 }
}

/// A column of INT64.
pub(crate) fn longs(name: &'static str, values: impl IntoIterator<Item = Option<i64>>) -> Shown {
    Shown { name, values: Arc::new(values.into_iter().collect::<Int64Array>()), of: Type::Int64 }
}

/// A column of BOOLEAN.
pub(crate) fn booleans(name: &'static str, values: impl IntoIterator<Item = Option<bool>>) -> Shown {
    Shown { name, values: Arc::new(values.into_iter().collect::<BooleanArray>()), of: Type::Boolean }
}

/// A column of a table, with its values as they are stored.
pub(crate) fn stored(column: &model::Column, values: ArrayRef) -> Shown {
    Shown { name: "", values, of: Type::of_column(column) }
}

/// Columns as one batch.
///
/// # Errors
/// Columns of unequal lengths.
pub(crate) fn batch(columns: Vec<Shown>) -> Result<RecordBatch> {
    let field = |column: &Shown| {
        let metadata = HashMap::from([
            (DECLARED_DIALECT.to_owned(), DIALECT.to_owned()),
            (DECLARED_WORD.to_owned(), column.of.word().to_owned()),
        ]);
        Field::new(column.name, column.values.data_type().clone(), true).with_metadata(metadata)
    };
    let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
    let values = columns.into_iter().map(|column| column.values).collect();
    Ok(RecordBatch::try_new(schema, values).map_err(Error::internal)?)
}

/// Columns as an answer.
///
/// # Errors
/// As [`batch`].
pub(crate) fn answer(columns: Vec<Shown>) -> Result<RowStream> {
    let batch = batch(columns)?;
    Ok(RowStream { schema: batch.schema(), batches: stream::iter([Ok(batch)]).boxed() })
}

/// Runs the statement.
///
/// # Errors
/// Unknown objects, no privilege, forms that are not done here.
pub(crate) async fn run(context: &Context, show: Show, text: &str) -> Result<RowStream> {
    match show {
        Show::Databases { details } => tables::databases(context, details),
        Show::Tables { database, details } => tables::tables(context, database.as_deref(), details),
        Show::Describe { table, details } => tables::describe(context, &table, details),
        Show::CreateTable(table) => tables::create_table(context, &table),
        Show::Devices { table, filter, offset, limit } => {
            devices::show(context, &table, filter, offset, limit, text).await
        }
        Show::CountDevices { table, filter } => devices::count(context, &table, filter, text).await,
        Show::Version => answer(vec![
            texts("Version", [Some(VERSION.to_owned())]),
            texts("BuildInfo", [Some(format!("chronoglot {}", env!("CARGO_PKG_VERSION")))]),
        ]),
        Show::CurrentUser => answer(vec![strings("CurrentUser", [Some(context.caller().name.clone())])]),
        Show::CurrentDatabase => answer(vec![strings("CurrentDatabase", [context.database().map(str::to_owned)])]),
        Show::CurrentDialect => answer(vec![strings("CurrentSqlDialect", [Some("TABLE".to_owned())])]),
        Show::CurrentTimestamp => current_timestamp(),
        Show::Variables => {
            context.require_system()?;
            let variables = information_schema::VARIABLES;
            answer(vec![
                texts("Variable", variables.iter().map(|(name, _)| Some((*name).to_owned()))),
                texts("Value", variables.iter().map(|(_, value)| Some((*value).to_owned()))),
            ])
        }
        Show::Functions => {
            let all = information_schema::functions();
            let count = all.len();
            answer(vec![
                texts("FunctionName", all.iter().map(|(name, _)| Some(name.clone()))),
                texts("FunctionType", all.iter().map(|(_, kind)| Some((*kind).to_owned()))),
                texts("ClassName(UDF)", vec![Some(String::new()); count]),
                texts("State", vec![Some("AVAILABLE".to_owned()); count]),
            ])
        }
        Show::Queries => {
            let batch = information_schema::queries(context)?;
            Ok(RowStream { schema: batch.schema(), batches: stream::iter([Ok(batch)]).boxed() })
        }
        Show::Users { of_role } => users::users(context, of_role.as_deref()),
        Show::Roles { of_user } => users::roles(context, of_user.as_deref()),
        Show::Privileges { is_role, name } => users::privileges(context, is_role, &name),
    }
}

fn current_timestamp() -> Result<RowStream> {
    let now = Int64Array::from(vec![jiff::Timestamp::now().as_millisecond()]);
    let values = cast(&now, &instant()).map_err(Error::internal)?;
    answer(vec![Shown { name: "CurrentTimestamp", values, of: Type::Timestamp }])
}

/// A column of TIMESTAMP, given in milliseconds.
pub(crate) fn times(name: &'static str, values: impl IntoIterator<Item = Option<i64>>) -> Result<Shown> {
    let counts = values.into_iter().collect::<Int64Array>();
    Ok(Shown { name, values: cast(&counts, &instant()).map_err(Error::internal)?, of: Type::Timestamp })
}

/// A column of FLOAT.
pub(crate) fn floats(name: &'static str, values: impl IntoIterator<Item = Option<f32>>) -> Shown {
    let values = values.into_iter().collect::<arrow::array::Float32Array>();
    Shown { name, values: Arc::new(values), of: Type::Float }
}
