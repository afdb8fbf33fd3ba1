//! Type words in casts.

use crate::types::{declared, parse};
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
        let (data_type, word) =
            parse(&data_type.to_string()).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut column = Column::new(ColumnId(0), "", ColumnRole::Field, data_type);
        column.declared = Some(declared(word));
        Ok(Some(Arc::new(column_field(&column))))
    }
}
