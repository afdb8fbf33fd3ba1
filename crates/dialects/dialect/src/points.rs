//! Points of a body into the store, whichever format they came in: one table per measurement, made
//! and widened as needed, all of them in one log record.

use engine::{AutomaticPolicy, AutomaticTable, AutomaticWrite, Caller, Engine, NewColumn};
use ingest::{Point, PointRows, Rules, WantedColumn, by_table};
use model::{ColumnRole, DataType, DatabaseId, Error, Result, Table, TextLength, WriteBatch, WriteOutcome};
use std::collections::BTreeMap;

/// The laws of a door, and what it makes of them in the catalogue.
pub trait PointDoor: Rules {
    /// A column as this door declares it.
    fn column(&self, wanted: WantedColumn) -> NewColumn {
        plain_column(wanted)
    }
    /// What may become of tables.
    fn policy(&self) -> AutomaticPolicy {
        AutomaticPolicy { add_key_columns: false, widen_types: self.widens(), ..AutomaticPolicy::ALL }
    }
}

/// What became of points.
#[derive(Debug, Default)]
pub struct PointsWritten {
    /// Rows accepted and discarded.
    pub outcome: WriteOutcome,
    /// The points that were not stored, by their positions, and why.
    pub failed: BTreeMap<usize, Error>,
}

/// Bytes of a series key: the digits of a hash.
const KEY_LENGTH: u32 = 64;

/// A column without anything that a door may add.
#[must_use]
pub fn plain_column(wanted: WantedColumn) -> NewColumn {
    let data_type = match wanted.role {
        ColumnRole::Key => DataType::Text(Some(TextLength::bytes(KEY_LENGTH))),
        _ => wanted.data_type,
    };
    NewColumn {
        nullable: !matches!(wanted.role, ColumnRole::Time | ColumnRole::Key),
        name: wanted.name,
        role: wanted.role,
        data_type,
        default: None,
        declared: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    }
}

/// Writes points; those that cannot be stored are listed and keep no others from it.
///
/// # Errors
/// Nothing was written: the store takes no writes now.
pub async fn write_points<'a, D: PointDoor>(
    engine: &Engine,
    caller: &Caller,
    database: DatabaseId,
    points: &[Point<'a>],
    door: &D,
) -> Result<PointsWritten> {
    let mut tables: Vec<TableWrite<'_, 'a, D>> = by_table(points)
        .into_iter()
        .map(|(name, members)| TableWrite { database, name, door, rows: PointRows::new(points, members, door) })
        .collect();
    let written = {
        let mut writes: Vec<Box<dyn AutomaticWrite + '_>> =
            tables.iter_mut().map(|table| Box::new(table) as Box<dyn AutomaticWrite + '_>).collect();
        engine.write_automatic(caller, &mut writes).await?
    };
    let mut failed = BTreeMap::new();
    for (table, error) in written.failed {
        for position in tables.get(table).into_iter().flat_map(|table| table.rows.members()) {
            failed.insert(*position, error.clone());
        }
    }
    // A point's own fault says more than its table's.
    for table in &tables {
        failed.extend(table.rows.refused().iter().map(|(position, error)| (*position, error.clone())));
    }
    Ok(PointsWritten { outcome: written.outcome, failed })
}

/// The points of one table.
struct TableWrite<'p, 'a, D> {
    database: DatabaseId,
    name: &'p str,
    door: &'p D,
    rows: PointRows<'p, 'a>,
}

impl<D: PointDoor> AutomaticWrite for &mut TableWrite<'_, '_, D> {
    fn table(&self) -> (DatabaseId, &str) {
        (self.database, self.name)
    }

    fn wanted(&mut self, now: Option<&Table>) -> Result<AutomaticTable> {
        let columns = self.rows.wanted(now)?;
        let time = WantedColumn {
            name: self.door.time_column().to_owned(),
            role: ColumnRole::Time,
            data_type: DataType::Instant(self.door.unit()),
        };
        Ok(AutomaticTable {
            database: self.database,
            name: self.name.to_owned(),
            time: self.door.column(time),
            columns: columns.into_iter().map(|column| self.door.column(column)).collect(),
            properties: BTreeMap::new(),
            policy: self.door.policy(),
        })
    }

    fn batch(&mut self, table: &Table) -> Result<WriteBatch> {
        self.rows.batch(table)
    }
}
