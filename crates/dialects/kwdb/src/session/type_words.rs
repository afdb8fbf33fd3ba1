//! Type words in casts.

use crate::sql::types::ColumnType;
use crate::types::{Place, column_type, declared};
use arrow::datatypes::FieldRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use model::{Column, ColumnId, ColumnRole};
use query::column_field;
use sql::ast;
use std::sync::Arc;

/// Finds the type behind a word.
#[derive(Debug)]
pub(super) struct TypeWords;

impl TypePlanner for TypeWords {
    fn plan_type_field(&self, data_type: &ast::DataType) -> Result<Option<FieldRef>> {
        let external = |error| DataFusionError::External(Box::new(error));
        let written = ColumnType::from_ast(data_type).map_err(external)?;
        let (data_type, word) = column_type("", &written, Place::Cast).map_err(external)?;
        let mut column = Column::new(ColumnId(0), "", ColumnRole::Field, data_type);
        column.declared = Some(declared(word));
        Ok(Some(Arc::new(column_field(&column))))
    }
}
