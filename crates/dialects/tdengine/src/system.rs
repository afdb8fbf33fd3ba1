//! `information_schema` and `performance_schema`: what exists, as tables that every query can read.
//! Built anew for each statement, from one snapshot of the catalogue.

mod definitions;
mod rows;

use crate::context::Context;
use crate::names::{self, Found};
use crate::select::{Columns, SourceColumn, columns_of};
use crate::types::{DIALECT, TBNAME};
use ::sql::ast::ObjectName;
use arrow::array::TimestampMillisecondArray;
use arrow::array::{ArrayRef, BooleanArray, Int8Array, Int16Array, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit as ArrowUnit};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use catalog::Catalog;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use definitions::{ColumnType, Definition};
use engine::{Caller, Engine};
use model::{ColumnRole, Error, ErrorKind, Privilege, Result, Scope, TableId};
use query::{DECLARED_DIALECT, DECLARED_LENGTH, DECLARED_WORD, TableLookup, column_field};
use std::sync::Arc;

/// The schema of the lists of children, by the id of their super table; no name of a user holds its
/// character.
pub(crate) const SERIES: &str = "series\u{0}of";

/// One cell of a system table.
#[derive(Clone, Debug)]
enum Cell {
    Null,
    Text(String),
    Number(i64),
    Time(i64),
    Truth(bool),
}

impl Cell {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn optional(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// The system table behind a written name, if it is one.
fn definition(context: &Context, name: &ObjectName) -> Result<Option<&'static Definition>> {
    let parts: Vec<String> =
        name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.to_lowercase()).collect();
    let (schema, table) = match parts.as_slice() {
        [schema, table] => (schema.clone(), table),
        [table] => match context.system_database() {
            Some(schema) => (schema.to_owned(), table),
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    if !definitions::SCHEMAS.contains(&schema.as_str()) {
        return Ok(None);
    }
    let found = definitions::find(&schema, table);
    found.map(Some).ok_or_else(names::missing_table)
}

/// The columns of a system table, or of a list of children; none for any other name.
///
/// # Errors
/// A system schema without such a table.
pub(crate) fn columns(context: &Context, catalog: &Catalog, name: &ObjectName) -> Result<Option<Columns>> {
    let parts: Vec<&str> = name.0.iter().filter_map(|part| part.as_ident()).map(|part| part.value.as_str()).collect();
    if let [SERIES, id] = parts.as_slice() {
        let table = id.parse().ok().and_then(|id| catalog.table(TableId(id)));
        let table = table.ok_or_else(names::missing_table)?;
        let mut columns = columns_of(&Found::of(table));
        columns.columns.retain(|column| column.is_tag);
        columns.time = None;
        return Ok(Some(columns));
    }
    let Some(definition) = definition(context, name)? else { return Ok(None) };
    let columns = definition.columns.iter().map(|(name, column_type)| SourceColumn {
        name: (*name).to_owned(),
        data_type: None,
        is_time: matches!(column_type, ColumnType::Time),
        is_tag: false,
        in_star: true,
    });
    Ok(Some(Columns { columns: columns.collect(), time: None, unit: None }))
}

/// The place of a system table in a plan: its schema and its name.
pub(crate) fn place(context: &Context, name: &ObjectName) -> Result<Option<(&'static str, &'static str)>> {
    Ok(definition(context, name)?.map(|definition| (definition.schema, definition.name)))
}

/// Name, word and length of a column.
pub(crate) type Described = (&'static str, String, u32);

/// Each column of a system table.
///
/// # Errors
/// A system schema without such a table.
pub(crate) fn described(context: &Context, name: &ObjectName) -> Result<Option<Vec<Described>>> {
    let Some(definition) = definition(context, name)? else { return Ok(None) };
    let column = |(name, column_type): &(&'static str, ColumnType)| {
        let (word, length) = crate::types::result_type(&field(name, *column_type), 0);
        (*name, word, length)
    };
    Ok(Some(definition.columns.iter().map(column).collect()))
}

/// Finds system tables for one statement.
#[derive(Debug)]
pub(crate) struct Lookup {
    engine: Engine,
    catalog: Arc<Catalog>,
    caller: Caller,
}

impl Lookup {
    /// Over what exists now, as the caller may see it.
    pub(crate) fn new(context: &Context) -> Self {
        Self { engine: context.engine().clone(), catalog: context.catalog(), caller: context.caller().clone() }
    }

    fn may_see(&self, scope: Scope) -> bool {
        Privilege::ALL.iter().any(|privilege| self.engine.may(&self.caller, *privilege, scope))
    }

    fn series(&self, id: &str) -> Result<Arc<dyn TableProvider>> {
        let table = id.parse().ok().and_then(|id| self.catalog.table(TableId(id)));
        let table = table.ok_or_else(names::missing_table)?;
        self.engine.require(&self.caller, Privilege::Select, Scope::Table(table.id))?;
        let of_series = |role| matches!(role, ColumnRole::Key | ColumnRole::Attribute);
        let columns: Vec<_> = table.columns.iter().filter(|column| of_series(column.role)).collect();
        let ids: Vec<_> = columns.iter().map(|column| column.id).collect();
        let series = self.engine.storage().view(table.id)?.series(&ids)?;
        let schema = Arc::new(Schema::new(columns.iter().map(|column| column_field(column)).collect::<Vec<_>>()));
        let options = RecordBatchOptions::new().with_row_count(Some(series.ids.len()));
        let arrays = series.columns.columns().to_vec();
        let rows = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(Error::internal)?;
        Ok(Arc::new(MemTable::try_new(schema, vec![vec![rows]]).map_err(Error::internal)?))
    }
}

impl TableLookup for Lookup {
    fn table(&self, name: &[String]) -> Result<Arc<dyn TableProvider>> {
        let missing = || Error::new(ErrorKind::TableNotFound { table: name.join(".") });
        let [schema, table] = name else { return Err(missing()) };
        if schema == SERIES {
            return self.series(table);
        }
        let definition = definitions::find(schema, table).ok_or_else(missing)?;
        provider(definition, &rows::of(self, definition)?)
    }
}

fn field(name: &str, column_type: ColumnType) -> Field {
    let plain = |data_type| Field::new(name, data_type, true);
    match column_type {
        ColumnType::Text(length) => {
            let metadata = [
                (DECLARED_DIALECT.to_owned(), DIALECT.to_owned()),
                (DECLARED_WORD.to_owned(), "VARCHAR".to_owned()),
                (DECLARED_LENGTH.to_owned(), length.to_string()),
            ];
            plain(DataType::Utf8).with_metadata(metadata.into())
        }
        ColumnType::Time => plain(DataType::Timestamp(ArrowUnit::Millisecond, Some("UTC".into()))),
        ColumnType::BigInt => plain(DataType::Int64),
        ColumnType::Int => plain(DataType::Int32),
        ColumnType::SmallInt => plain(DataType::Int16),
        ColumnType::TinyInt => plain(DataType::Int8),
        ColumnType::Bool => plain(DataType::Boolean),
    }
}

fn provider(definition: &Definition, rows: &[Vec<Cell>]) -> Result<Arc<dyn TableProvider>> {
    let fields: Vec<Field> = definition.columns.iter().map(|(name, column_type)| field(name, *column_type)).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let arrays = definition
        .columns
        .iter()
        .enumerate()
        .map(|(place, (_, column_type))| {
            array(*column_type, rows.iter().map(|row| row.get(place).unwrap_or(&Cell::Null)))
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(Error::internal)?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]]).map_err(Error::internal)?))
}

fn array<'a>(column_type: ColumnType, cells: impl Iterator<Item = &'a Cell>) -> ArrayRef {
    let numbers = |cell: &Cell| match cell {
        Cell::Number(number) => Some(*number),
        Cell::Truth(truth) => Some(i64::from(*truth)),
        _ => None,
    };
    match column_type {
        ColumnType::Text(_) => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Text(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect::<StringArray>(),
        ),
        ColumnType::Time => {
            let times = cells.map(|cell| match cell {
                Cell::Time(at) => Some(*at),
                _ => None,
            });
            Arc::new(times.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
        }
        ColumnType::BigInt => Arc::new(cells.map(numbers).collect::<Int64Array>()),
        ColumnType::Int => {
            Arc::new(cells.map(|c| numbers(c).and_then(|n| i32::try_from(n).ok())).collect::<Int32Array>())
        }
        ColumnType::SmallInt => {
            Arc::new(cells.map(|c| numbers(c).and_then(|n| i16::try_from(n).ok())).collect::<Int16Array>())
        }
        ColumnType::TinyInt => {
            Arc::new(cells.map(|c| numbers(c).and_then(|n| i8::try_from(n).ok())).collect::<Int8Array>())
        }
        ColumnType::Bool => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Truth(truth) => Some(*truth),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
    }
}

/// Whether a column is the key of a super table, which no list shows.
pub(crate) fn is_child_name(table: &model::Table, column: &model::Column) -> bool {
    names::has_children(table) && column.name == TBNAME
}
