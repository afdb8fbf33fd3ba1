//! What a scan can take over from a statement's predicates.
//!
//! Time comparisons become time bounds. Predicates on key and attribute columns alone are
//! evaluated on the series of a series table, or become key ranges of a keyed one.

use super::key_ranges::key_ranges;
use super::source::ScanSource;
use super::time_bounds::{TimeColumn, from_arrow};
use crate::error::external;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column as ColumnName, DFSchema};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use model::{Column, ColumnId, ColumnRole, TableKind, TimeBounds};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use storage::ScanKeys;

/// Reads predicates for one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pushdown<'a> {
    pub(crate) source: &'a dyn ScanSource,
    pub(crate) schema: &'a SchemaRef,
}

/// Which rows to read.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) time: TimeBounds,
    pub(crate) keys: ScanKeys,
    /// Selected and all series, where series were selected.
    pub(crate) series: Option<(usize, usize)>,
    /// Columns that have one value in all selected rows.
    pub(crate) constant: HashSet<ColumnId>,
}

enum Kind {
    Time { exact: bool },
    Series,
    Other,
}

impl Pushdown<'_> {
    /// How far each predicate is taken over.
    pub(crate) fn support(&self, predicates: &[&Expr]) -> Vec<TableProviderFilterPushDown> {
        let table = self.source.table();
        if table.kind == TableKind::Keyed {
            let key: Vec<&Column> = table.key_columns().collect();
            let ranges = key_ranges(&key, predicates);
            return ranges
                .exact
                .into_iter()
                .map(|e| if e { TableProviderFilterPushDown::Exact } else { TableProviderFilterPushDown::Unsupported })
                .collect();
        }
        predicates
            .iter()
            .map(|p| match self.kind(p) {
                Kind::Time { exact: true } | Kind::Series => TableProviderFilterPushDown::Exact,
                Kind::Time { exact: false } => TableProviderFilterPushDown::Inexact,
                Kind::Other => TableProviderFilterPushDown::Unsupported,
            })
            .collect()
    }

    /// The rows that the predicates leave.
    pub(crate) fn select(&self, session: &dyn Session, predicates: &[Expr]) -> Result<Selection> {
        let table = self.source.table();
        let mut selection =
            Selection { time: TimeBounds::ALL, keys: ScanKeys::All, series: None, constant: HashSet::new() };
        if table.kind == TableKind::Keyed {
            let key: Vec<&Column> = table.key_columns().collect();
            let found = key_ranges(&key, &predicates.iter().collect::<Vec<_>>());
            selection.constant.extend(key.iter().take(found.pinned).map(|c| c.id));
            if let Some(ranges) = found.ranges {
                selection.keys = ScanKeys::Ranges(ranges);
            }
            return Ok(selection);
        }
        let mut on_series = Vec::new();
        for predicate in predicates {
            match self.kind(predicate) {
                Kind::Time { .. } => {
                    if let Some(accepted) = self.time_column().and_then(|c| c.accepted(predicate)) {
                        selection.time = selection.time.intersect(&accepted.bounds);
                    }
                }
                Kind::Series => on_series.push(predicate.clone()),
                Kind::Other => {}
            }
        }
        if let Some(predicate) = conjunction(on_series) {
            self.select_series(session, predicate, &mut selection)?;
        }
        Ok(selection)
    }

    fn kind(&self, predicate: &Expr) -> Kind {
        if let Some(accepted) = self.time_column().and_then(|c| c.accepted(predicate)) {
            return Kind::Time { exact: accepted.exact };
        }
        let table = self.source.table();
        let columns = predicate.column_refs();
        let of_series = |c: &&ColumnName| {
            let role = table.column_named(&c.name).map(|c| c.role);
            matches!(role, Some(ColumnRole::Key | ColumnRole::Attribute))
        };
        if !columns.is_empty() && columns.iter().all(of_series) && can_be_evaluated(predicate) {
            return Kind::Series;
        }
        Kind::Other
    }

    fn time_column(&self) -> Option<TimeColumn<'_>> {
        let column = self.source.table().time_column()?;
        match self.schema.field_with_name(&column.name).ok()?.data_type() {
            DataType::Timestamp(unit, zone) => {
                Some(TimeColumn { name: &column.name, unit: from_arrow(*unit)?, zoned: zone.is_some() })
            }
            _ => None,
        }
    }

    fn select_series(&self, session: &dyn Session, predicate: Expr, selection: &mut Selection) -> Result<()> {
        let table = self.source.table();
        let named: HashSet<String> = predicate.column_refs().iter().map(|c| c.name.clone()).collect();
        // Key columns come along: those with one value in all selected series need no ordering.
        let columns: Vec<&Column> =
            table.columns.iter().filter(|c| c.role == ColumnRole::Key || named.contains(&c.name)).collect();
        let ids: Vec<ColumnId> = columns.iter().map(|c| c.id).collect();
        let series = self.source.series(&ids).map_err(external)?;
        let fields =
            columns.iter().map(|c| self.schema.field_with_name(&c.name).cloned().map(|f| f.with_nullable(true)));
        let schema = Arc::new(Schema::new(fields.collect::<Result<Vec<_>, _>>()?));
        let batch = RecordBatch::try_new(Arc::clone(&schema), series.columns.columns().to_vec())?;
        let predicate = predicate
            .transform(|e| {
                Ok(match e {
                    Expr::Column(c) => Transformed::yes(Expr::Column(ColumnName::new_unqualified(c.name))),
                    other => Transformed::no(other),
                })
            })?
            .data;
        let predicate = session.create_physical_expr(predicate, &DFSchema::try_from(schema)?)?;
        let accepted = predicate.evaluate(&batch)?.into_array(batch.num_rows())?;
        let Some(accepted) = accepted.as_boolean_opt() else {
            return Err(DataFusionError::Internal(format!("{predicate} is no predicate")));
        };
        let rows: Vec<usize> =
            (0..accepted.len()).filter(|row| accepted.is_valid(*row) && accepted.value(*row)).collect();
        for (column, values) in columns.iter().zip(batch.columns()) {
            if all_equal(values, &rows)? {
                selection.constant.insert(column.id);
            }
        }
        if rows.len() <= 1 {
            let of_series = |c: &&Column| matches!(c.role, ColumnRole::Key | ColumnRole::Attribute);
            selection.constant.extend(table.columns.iter().filter(of_series).map(|c| c.id));
        }
        selection.series = Some((rows.len(), series.ids.len()));
        if rows.len() < series.ids.len() {
            selection.keys = ScanKeys::Series(rows.iter().filter_map(|row| series.ids.get(*row).copied()).collect());
        }
        Ok(())
    }
}

fn all_equal(values: &ArrayRef, rows: &[usize]) -> Result<bool> {
    let Some(first) = rows.first() else { return Ok(true) };
    let compare = arrow::array::make_comparator(values, values, SortOptions::default())?;
    Ok(rows.iter().all(|row| compare(*first, *row) == Ordering::Equal))
}

/// Whether a predicate means the same on a series as on each of its rows.
fn can_be_evaluated(predicate: &Expr) -> bool {
    let mut free = !predicate.is_volatile();
    let walked = predicate.apply(|e| {
        if matches!(
            e,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::Placeholder(_)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
        ) {
            free = false;
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    });
    free && walked.is_ok()
}
