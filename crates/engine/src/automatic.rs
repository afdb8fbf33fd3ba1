//! Tables that a write brings along: made when they are missing, widened by what they lack.
//!
//! Where nothing is missing this is one look at the catalogue's snapshot, without a lock. Of many
//! writers that miss the same, one makes it and the others find it made.

mod plan;
#[cfg(test)]
mod tests;
mod write;

pub use write::{AutomaticWrite, AutomaticWritten};

use crate::privileges::{denied, require_on};
use crate::tables::altered;
use crate::{Alteration, Caller, Engine, NewColumn, NewTable};
use model::{ColumnRole, DatabaseId, ErrorKind, Privilege, Result, Scope, Table, TableId, TableKind};
use plan::missing;
use std::collections::BTreeMap;
use std::sync::Arc;

/// So often a table that another writer changed is looked at again.
const ATTEMPTS_MAX: usize = 100;

/// What may become of a table that is not as a write needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutomaticPolicy {
    /// A missing table is made; needs `create`.
    pub create: bool,
    /// Missing attributes and fields are added; needs `alter`.
    pub add_columns: bool,
    /// Missing key columns are added to a table that has others. Without it the key of a table
    /// that exists is what it is.
    pub add_key_columns: bool,
    /// Longer texts and bytes, wider integers and floats make their columns wider; needs `alter`.
    pub widen_types: bool,
    /// `insert` is enough where `alter` is said above.
    pub insert_widens: bool,
}

impl AutomaticPolicy {
    /// Everything may be made and widened, by those who may create and alter.
    pub const ALL: Self =
        Self { create: true, add_columns: true, add_key_columns: true, widen_types: true, insert_widens: false };
}

/// A series table as a write needs it.
#[derive(Clone, Debug)]
pub struct AutomaticTable {
    /// Where.
    pub database: DatabaseId,
    /// Its exact name.
    pub name: String,
    /// Its time column, should it be made; a table that exists keeps its own.
    pub time: NewColumn,
    /// The columns that the write has cells for: key columns in key order, attributes, fields.
    pub columns: Vec<NewColumn>,
    /// Dialects' records, should it be made.
    pub properties: BTreeMap<String, String>,
    /// What may be done to get there.
    pub policy: AutomaticPolicy,
}

/// What a table lacks.
enum Lack {
    Table,
    Columns(TableId),
}

impl Engine {
    /// The table, with every column that is asked for. Columns of a table that exists are matched
    /// by their exact names; their types may differ from those asked for, as far as the policy
    /// does not make them wider.
    ///
    /// # Errors
    /// [`ErrorKind::TableNotFound`] and [`ErrorKind::ColumnNotFound`] where the policy makes
    /// nothing, [`ErrorKind::PermissionDenied`] where the caller may not,
    /// [`ErrorKind::TableExists`] where a series has the table's name,
    /// [`ErrorKind::ColumnExists`] for a name that differs from another only in case,
    /// [`ErrorKind::InvalidDefinition`] for a column that plays another part, a keyed table, or a
    /// broken rule.
    pub async fn ensure_table(&self, caller: &Caller, wanted: &AutomaticTable) -> Result<Arc<Table>> {
        let (table, lack) = self.look(wanted)?;
        match (table, lack) {
            (Some(table), None) => Ok(table),
            _ => self.ensure_in_turn(caller, wanted).await,
        }
    }

    /// The table as it is, and what it lacks.
    fn look(&self, wanted: &AutomaticTable) -> Result<(Option<Arc<Table>>, Option<Lack>)> {
        let catalog = self.catalog();
        if catalog.database(wanted.database).is_none() {
            return Err(catalog.no_database(wanted.database));
        }
        let Some(table) = catalog.table_named(wanted.database, &wanted.name) else {
            return if wanted.policy.create {
                Ok((None, Some(Lack::Table)))
            } else {
                Err(ErrorKind::TableNotFound { table: wanted.name.clone() }.into())
            };
        };
        let lack = !missing(table, wanted)?.is_empty();
        Ok((Some(Arc::clone(table)), lack.then_some(Lack::Columns(table.id))))
    }

    /// Makes what is missing, one writer at a time.
    async fn ensure_in_turn(&self, caller: &Caller, wanted: &AutomaticTable) -> Result<Arc<Table>> {
        let _turn = self.parts.automatic_turn.lock().await;
        for _ in 0..ATTEMPTS_MAX {
            let made = match self.look(wanted)? {
                (Some(table), None) => return Ok(table),
                (_, Some(Lack::Table) | None) => self.create_table(caller, new_table(wanted)).await,
                (_, Some(Lack::Columns(table))) => self.widen_table(caller, table, wanted).await,
            };
            // Somebody else, by a statement, was first: what is there now decides.
            match made.map_err(|error| *error.kind) {
                // A series has the name: no table can.
                Err(ErrorKind::TableExists { .. })
                    if self.catalog().table_named(wanted.database, &wanted.name).is_none() =>
                {
                    self.check_no_series_named(wanted.database, &wanted.name).await?;
                }
                Err(
                    ErrorKind::TableExists { .. } | ErrorKind::TableNotFound { .. } | ErrorKind::SchemaChanged { .. },
                ) => {}
                Err(kind) => return Err(kind.into()),
                Ok(table) => return Ok(table),
            }
        }
        Err(ErrorKind::SchemaChanged { table: wanted.name.clone() }.into())
    }

    /// Adds and widens columns in one change of the definition.
    async fn widen_table(&self, caller: &Caller, id: TableId, wanted: &AutomaticTable) -> Result<Arc<Table>> {
        self.require_widening(caller, id, wanted.policy)?;
        let guard = self.parts.statement_locks.alone(id).await;
        let turn = self.parts.catalog_turn.lock().await;
        self.require_widening(caller, id, wanted.policy)?;
        let current = crate::visible_table(&self.catalog(), id)?;
        let contents = self.contents(&current).await?;
        let changed = self
            .parts
            .storage
            .change_table(id, |current, at| {
                let mut changed = current.clone();
                for alteration in missing(current, wanted)? {
                    changed = altered(&changed, &alteration, at, contents)?;
                }
                changed.schema_version = current.schema_version + 1;
                Ok((changed, Vec::new()))
            })
            .await;
        drop((turn, guard));
        changed
    }

    fn require_widening(&self, caller: &Caller, table: TableId, policy: AutomaticPolicy) -> Result<()> {
        let scope = Scope::Table(table);
        let catalog = self.catalog();
        if policy.insert_widens && require_on(&catalog, caller, Privilege::Insert, scope).is_ok() {
            return Ok(());
        }
        require_on(&catalog, caller, Privilege::Alter, scope)
            .map_err(|_| denied(&catalog, caller, Privilege::Alter, scope))
    }
}

/// The definition of a table that is missing.
fn new_table(wanted: &AutomaticTable) -> NewTable {
    let of_series = |column: &&NewColumn| matches!(column.role, ColumnRole::Key | ColumnRole::Attribute);
    let fields = wanted.columns.iter().filter(|column| !of_series(column));
    let series = wanted.columns.iter().filter(of_series);
    let key = wanted.columns.iter().filter(|column| column.role == ColumnRole::Key);
    NewTable {
        database: wanted.database,
        name: wanted.name.clone(),
        kind: TableKind::Series,
        columns: std::iter::once(&wanted.time).chain(fields).chain(series).cloned().collect(),
        key: key.map(|column| column.name.clone()).collect(),
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: wanted.properties.clone(),
    }
}

/// A column of a definition that is not there yet, as a change.
fn added(column: &NewColumn) -> Alteration {
    // Rows that are there have no value for it.
    Alteration::AddColumn(NewColumn { nullable: true, ..column.clone() })
}
