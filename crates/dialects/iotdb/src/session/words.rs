//! The type words of casts that the rewrite makes.

use super::INSTANT;
use crate::types::instant;
use arrow::datatypes::{Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use sql::ast;
use std::sync::Arc;

/// Finds the type behind a word.
#[derive(Debug)]
pub(super) struct Words;

impl TypePlanner for Words {
    fn plan_type_field(&self, data_type: &ast::DataType) -> Result<Option<FieldRef>> {
        let ast::DataType::Custom(name, _) = data_type else { return Ok(None) };
        let is_instant = matches!(name.0.as_slice(), [part] if part.as_ident().is_some_and(|i| i.value == INSTANT));
        Ok(is_instant.then(|| Arc::new(Field::new("", instant(), true))))
    }
}
