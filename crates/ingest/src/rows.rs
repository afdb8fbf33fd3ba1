//! The points of one table as columns: what the table must have for them, and the batch.
//!
//! Each point stands for itself: one whose names, values or time cannot be is refused and listed,
//! adds no column, and the others go on.

mod cells;
mod plan;
#[cfg(test)]
mod tests;

use crate::{Point, Rules};
use cells::Columns;
use model::{AttributePolicy, ColumnRole, DataType, Error, ErrorKind, Result, Table, WriteBatch};
use plan::Plan;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

/// A column that a table must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedColumn {
    /// Its exact name.
    pub name: String,
    /// The part it plays.
    pub role: ColumnRole,
    /// The type that it has when it is made, or is to be widened to.
    pub data_type: DataType,
}

/// The points of each measurement, by their positions; measurements and points in order.
#[must_use]
pub fn by_table<'p>(points: &'p [Point<'_>]) -> Vec<(&'p str, Vec<usize>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut tables: Vec<(&str, Vec<usize>)> = Vec::new();
    for (position, point) in points.iter().enumerate() {
        let name = point.measurement.as_ref();
        let place = *places.entry(name).or_insert_with(|| {
            tables.push((name, Vec::new()));
            tables.len() - 1
        });
        if let Some((_, members)) = tables.get_mut(place) {
            members.push(position);
        }
    }
    tables
}

/// The points of one table.
pub struct PointRows<'p, 'a> {
    points: &'p [Point<'a>],
    members: Vec<usize>,
    rules: &'p dyn Rules,
    refused: BTreeMap<usize, Error>,
}

impl fmt::Debug for PointRows<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PointRows")
            .field("members", &self.members)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl<'p, 'a> PointRows<'p, 'a> {
    /// Those of the points that are at these positions, all of one measurement.
    #[must_use]
    pub fn new(points: &'p [Point<'a>], members: Vec<usize>, rules: &'p dyn Rules) -> Self {
        Self { points, members, rules, refused: BTreeMap::new() }
    }

    /// The points, by their positions.
    #[must_use]
    pub fn members(&self) -> &[usize] {
        &self.members
    }

    /// The points that were refused, by their positions, as of the last call below.
    #[must_use]
    pub const fn refused(&self) -> &BTreeMap<usize, Error> {
        &self.refused
    }

    /// What the table must have more than it has now; `None`: it is to be made.
    ///
    /// # Errors
    /// Every point is refused; the first one's reason.
    pub fn wanted(&mut self, now: Option<&Table>) -> Result<Vec<WantedColumn>> {
        self.refused.clear();
        let mut plan = Plan::new(now, self.rules);
        for position in &self.members {
            let Some(point) = self.points.get(*position) else { continue };
            if let Err(error) = plan.add(point) {
                self.refused.insert(*position, error);
            }
        }
        self.check_any()?;
        Ok(plan.wanted())
    }

    /// The rows that are not refused, for the table as it is.
    ///
    /// # Errors
    /// Every point is refused; [`ErrorKind::SchemaChanged`] when a column that was there is gone.
    pub fn batch(&mut self, table: &Table) -> Result<WriteBatch> {
        let mut columns = Columns::new(table, self.rules)?;
        for position in &self.members {
            if self.refused.contains_key(position) {
                continue;
            }
            let Some(point) = self.points.get(*position) else { continue };
            match columns.push(point) {
                Ok(()) => {}
                Err(error) if matches!(*error.kind, ErrorKind::SchemaChanged { .. }) => return Err(error),
                Err(error) => drop(self.refused.insert(*position, error)),
            }
        }
        self.check_any()?;
        let (rows, columns) = columns.finish();
        Ok(WriteBatch {
            table: table.id,
            schema_version: table.schema_version,
            kind: self.rules.kind(),
            attributes: AttributePolicy::OnlyIfNew,
            rows,
            columns,
        })
    }

    fn check_any(&self) -> Result<()> {
        match self.refused.first_key_value() {
            Some((_, error)) if self.refused.len() == self.members.len() => Err(error.clone()),
            _ => Ok(()),
        }
    }
}
