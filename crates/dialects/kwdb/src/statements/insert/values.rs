//! `VALUES`: literals go straight into columns; what must be computed is computed once before.

use super::{count_mismatch, expressions};
use crate::context::Context;
use crate::literals::{Literal, Target};
use crate::sql::statement::{Value as Written, ValueRows};
use crate::timezone::Zone;
use model::{
    Cells, CellsBuilder, Column, ColumnId, ColumnRole, DataType, DefaultValue, Result, Table, TableKind, Value,
    WriteKind,
};
use std::sync::Arc;

/// One column under way.
struct Building {
    id: ColumnId,
    target: Target,
    cells: CellsBuilder,
    default: Option<DefaultValue>,
    /// Whether NULL leaves the older value as it is.
    null_is_absent: bool,
}

impl Building {
    fn new(column: &Column, series: bool, kind: WriteKind) -> Result<Self> {
        Ok(Self {
            id: column.id,
            target: Target::new(column, series),
            cells: CellsBuilder::new(column.data_type)?,
            default: column.default.as_ref().map(|default| default.value.clone()),
            null_is_absent: kind == WriteKind::Merge && column.role == ColumnRole::Field && column.nullable,
        })
    }

    fn null(&mut self) -> Result<()> {
        if self.null_is_absent {
            self.cells.push_absent();
            return Ok(());
        }
        self.cells.push(&Value::Null)
    }

    /// A literal; a text goes into its column without a copy of its own.
    fn literal(&mut self, literal: Literal<'_>, zone: &Zone) -> Result<()> {
        if let (Literal::Text(text), DataType::Text(length)) = (literal, self.target.data_type) {
            return self.cells.push_text(self.target.fitting(text, length)?);
        }
        self.cells.push(&self.target.convert(literal, zone)?)
    }

    /// The word DEFAULT; the engine fills in what only it can make.
    fn default(&mut self, now: i64, zone: &Zone) -> Result<()> {
        match &self.default {
            None => self.null(),
            Some(DefaultValue::Constant(value)) => self.cells.push(value),
            Some(DefaultValue::Now) => self.cells.push(&self.target.moment(now, zone, "now()")?),
            Some(DefaultValue::UniqueRowId | DefaultValue::RandomUuid) => {
                self.cells.push_absent();
                Ok(())
            }
        }
    }
}

/// The columns of a VALUES list.
pub(super) async fn columns(
    context: &Context,
    table: &Arc<Table>,
    targets: &[&Column],
    kind: WriteKind,
    rows: &ValueRows,
    text: &str,
) -> Result<(usize, Vec<(ColumnId, Cells)>)> {
    let series = table.kind == TableKind::Series;
    let computed = expressions::compute(context, rows.expressions(), series, text).await?;
    let mut computed = computed.into_iter();
    let mut building = targets.iter().map(|column| Building::new(column, series, kind)).collect::<Result<Vec<_>>>()?;
    let zone = context.zone();
    let now = expressions::now_nanos();
    for row in 0..rows.len() {
        if rows.width(row) != building.len() {
            return Err(count_mismatch(table, row, rows.width(row), building.len()));
        }
        for (value, column) in rows.row(row).zip(&mut building) {
            match value {
                Written::Null => column.null()?,
                Written::Default => column.default(now, zone)?,
                Written::Expression(written) => {
                    let result = computed.next().flatten();
                    match expressions::value(written, result, &column.target, series, now, zone)? {
                        Value::Null => column.null()?,
                        value => column.cells.push(&value)?,
                    }
                }
                literal => {
                    if let Some(literal) = Literal::of(literal) {
                        column.literal(literal, zone)?;
                    }
                }
            }
        }
    }
    let columns = building.into_iter().map(|column| (column.id, column.cells.finish())).collect();
    Ok((rows.len(), columns))
}
