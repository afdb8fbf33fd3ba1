//! What operands of other types are worth as numbers.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ExprSchemable as _, cast, lit, try_cast};

/// One side of an operator.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) expr: Expr,
    pub(super) data_type: DataType,
}

impl Operand {
    pub(super) fn new(expr: Expr, schema: &DFSchema) -> Result<Self> {
        let data_type = expr.get_type(schema)?;
        Ok(Self { expr, data_type })
    }

    pub(super) fn is_decimal(&self) -> bool {
        self.data_type.is_decimal()
    }

    pub(super) fn is_number(&self) -> bool {
        self.data_type.is_numeric()
    }

    pub(super) const fn is_boolean(&self) -> bool {
        matches!(self.data_type, DataType::Boolean)
    }

    pub(super) fn is_text(&self) -> bool {
        self.data_type.is_string()
    }

    /// A boolean as 0 or 1, a text as the number that it is or NULL, a number as it is; nothing else
    /// is one.
    pub(super) fn number(self) -> Option<Self> {
        if self.is_number() {
            return Some(self);
        }
        if self.is_boolean() {
            return Some(Self { expr: cast(self.expr, DataType::Int8), data_type: DataType::Int8 });
        }
        if !self.is_text() {
            return None;
        }
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = &self.expr
            && let Ok(whole) = text.trim().parse::<i64>()
        {
            return Some(Self { expr: lit(whole), data_type: DataType::Int64 });
        }
        Some(Self { expr: try_cast(self.expr, DataType::Float64), data_type: DataType::Float64 })
    }
}
