//! Points into the columns of a table as it is.

use crate::rules::check_length;
use crate::{FieldValue, Point, Rules, TagValue};
use model::{
    Cells, CellsBuilder, Column, ColumnId, ColumnRole, DataType, Error, ErrorKind, Result, Table, TimeUnit, Value,
};
use std::collections::HashMap;

/// A cell before it is put into its column.
enum Cell<'v> {
    Value(Value),
    Text(&'v str),
}

/// One column of the batch under way.
struct Builder {
    id: ColumnId,
    cells: CellsBuilder,
    /// Rows that it has a cell for.
    rows: usize,
}

/// The columns of a batch under way.
pub(super) struct Columns<'t> {
    table: &'t Table,
    rules: &'t dyn Rules,
    by_name: HashMap<&'t str, &'t Column>,
    time: &'t Column,
    unit: TimeUnit,
    computed: Option<&'t Column>,
    builders: Vec<Builder>,
    places: HashMap<ColumnId, usize>,
    rows: usize,
}

impl<'t> Columns<'t> {
    pub(super) fn new(table: &'t Table, rules: &'t dyn Rules) -> Result<Self> {
        let (Some(time), Some(unit)) = (table.time_column(), table.time_unit()) else {
            let reason = format!("table \"{}\" has no time column and takes no points", table.name);
            return Err(ErrorKind::InvalidDefinition { reason }.into());
        };
        Ok(Self {
            table,
            rules,
            by_name: table.columns.iter().map(|column| (column.name.as_str(), column)).collect(),
            time,
            unit,
            computed: table.key_columns().find(|column| column.name == rules.key_column()),
            builders: Vec::new(),
            places: HashMap::new(),
            rows: 0,
        })
    }

    fn column(&self, name: &str, role: ColumnRole) -> Result<&'t Column> {
        let changed = || Error::new(ErrorKind::SchemaChanged { table: self.table.name.clone() });
        let column = self.by_name.get(name).copied().ok_or_else(changed)?;
        let fits = column.role == role || (column.role == ColumnRole::Key && role == ColumnRole::Attribute);
        if fits { Ok(column) } else { Err(changed()) }
    }

    /// Adds a row, or nothing.
    pub(super) fn push(&mut self, point: &Point<'_>) -> Result<()> {
        let mut row: Vec<(&'t Column, Cell<'_>)> = Vec::with_capacity(point.tags.len() + point.fields.len() + 2);
        let time = self.rules.time(point, self.time, self.unit)?;
        let time = match self.time.data_type {
            DataType::LocalDateTime(unit) => Value::LocalDateTime(time, unit),
            _ => Value::Instant(time, self.unit),
        };
        row.push((self.time, Cell::Value(time)));
        if let Some(column) = self.computed {
            row.push((column, Cell::Value(Value::Text(self.rules.series_key(&point.tags)))));
        }
        for (name, value) in &point.tags {
            let column = self.column(name, ColumnRole::Attribute)?;
            let cell = match (value, column.data_type) {
                (TagValue::Text(text), DataType::Text(length)) => {
                    check_length(column, text, length)?;
                    Cell::Text(text)
                }
                _ => Cell::Value(self.rules.tag(column, value)?),
            };
            row.push((column, cell));
        }
        let first_field = row.len();
        for (name, value) in &point.fields {
            let column = self.column(name, ColumnRole::Field)?;
            let cell = match (value, column.data_type) {
                (FieldValue::Float(value, _), DataType::Float64) => Cell::Value(Value::Float(*value)),
                (FieldValue::Text(text), DataType::Text(length)) => {
                    check_length(column, text, length)?;
                    Cell::Text(text)
                }
                _ => Cell::Value(self.rules.field(column, value)?),
            };
            row.push((column, cell));
        }
        if point.fields.len() > 1 && self.rules.last_field_counts() {
            keep_last(&mut row, first_field);
        }
        for (column, cell) in row {
            self.put(column, &cell)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn put(&mut self, column: &Column, cell: &Cell<'_>) -> Result<()> {
        let place = match self.places.get(&column.id) {
            Some(place) => *place,
            None => {
                self.builders.push(Builder { id: column.id, cells: CellsBuilder::new(column.data_type)?, rows: 0 });
                self.places.insert(column.id, self.builders.len() - 1);
                self.builders.len() - 1
            }
        };
        let lost = || Error::internal("a column of the batch is lost");
        let builder = self.builders.get_mut(place).ok_or_else(lost)?;
        builder.fill(self.rows);
        match cell {
            Cell::Value(value) => builder.cells.push(value)?,
            Cell::Text(text) => builder.cells.push_text(text)?,
        }
        builder.rows += 1;
        Ok(())
    }

    /// Rows and columns.
    pub(super) fn finish(self) -> (usize, Vec<(ColumnId, Cells)>) {
        let rows = self.rows;
        let columns = self.builders.into_iter().map(|mut builder| {
            builder.fill(rows);
            (builder.id, builder.cells.finish())
        });
        (rows, columns.collect())
    }
}

impl Builder {
    fn fill(&mut self, rows: usize) {
        while self.rows < rows {
            self.cells.push_absent();
            self.rows += 1;
        }
    }
}

/// Of cells for one column, from a place on, only the last stays.
fn keep_last(row: &mut Vec<(&Column, Cell<'_>)>, from: usize) {
    let mut last: HashMap<ColumnId, usize> = HashMap::new();
    let mut repeated = false;
    for (position, (column, _)) in row.iter().enumerate().skip(from) {
        repeated |= last.insert(column.id, position).is_some();
    }
    if repeated {
        let mut position = 0;
        row.retain(|(column, _)| {
            position += 1;
            position <= from || last.get(&column.id) == Some(&(position - 1))
        });
    }
}
