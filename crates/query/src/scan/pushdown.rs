//! What a scan can take over from a statement's predicates.
//!
//! Time comparisons become time bounds. Predicates on key and attribute columns alone are
//! evaluated on the series of a series table, or become key ranges of a keyed one. The optimiser
//! may rewrite a predicate after the scan took it over: whatever the scan cannot read any more is
//! left for a filter right above it, never dropped.

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
use datafusion::common::{Column as ColumnName, DFSchema, ScalarValue, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use model::{Column, ColumnId, ColumnRole, TableKind, TimeBounds};
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;
use storage::ScanKeys;

/// More keys than this are not looked for one by one.
pub(crate) const KEYS_MAX: usize = 1_000;

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
    /// The unique set that told the keys.
    pub(crate) unique: Option<String>,
    /// Columns that have one value in all selected rows.
    pub(crate) constant: HashSet<ColumnId>,
    /// What the rows read must still satisfy, on unqualified columns.
    pub(crate) residual: Option<Expr>,
}

impl Selection {
    pub(super) fn all() -> Self {
        Self {
            time: TimeBounds::ALL,
            keys: ScanKeys::All,
            series: None,
            unique: None,
            constant: HashSet::new(),
            residual: None,
        }
    }
}

enum Kind {
    Time {
        exact: bool,
    },
    Series,
    /// True, false or NULL for every row.
    Constant(bool),
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
                // What the bounds leave over is evaluated right above the scan.
                Kind::Time { exact: false } if can_be_evaluated(p) => TableProviderFilterPushDown::Exact,
                Kind::Time { exact: false } => TableProviderFilterPushDown::Inexact,
                Kind::Constant(_) | Kind::Other => TableProviderFilterPushDown::Unsupported,
            })
            .collect()
    }

    /// Whether series and bounds of times say all that predicates say.
    pub(crate) fn takes_all(&self, predicates: &[Expr]) -> bool {
        predicates.iter().all(|predicate| matches!(self.kind(predicate), Kind::Time { exact: true } | Kind::Series))
    }

    /// Whether the predicates leave of each series all of its rows from some time on, or none.
    pub(crate) fn leaves_last_values(&self, predicates: &[Expr]) -> bool {
        let leaves = |predicate: &Expr| match self.kind(predicate) {
            Kind::Series | Kind::Constant(_) => true,
            Kind::Time { exact } => {
                let accepted = self.time_column().and_then(|c| c.accepted(predicate));
                exact && accepted.is_some_and(|accepted| accepted.bounds.last == i64::MAX)
            }
            Kind::Other => false,
        };
        self.source.table().kind == TableKind::Series && predicates.iter().all(leaves)
    }

    /// The rows that the predicates leave.
    pub(crate) fn select(&self, session: &dyn Session, predicates: &[Expr]) -> Result<Selection> {
        let mut selection = Selection::all();
        let mut residual = Vec::new();
        let mut nothing = false;
        let keyed = self.source.table().kind == TableKind::Keyed;
        if keyed {
            self.select_keys(predicates, &mut selection, &mut residual);
        } else {
            self.select_times(session, predicates, &mut selection, &mut residual)?;
        }
        let mut left = Vec::new();
        for predicate in residual {
            match self.kind(predicate) {
                Kind::Constant(accepts) => nothing |= !accepts,
                _ if can_be_evaluated(predicate) => left.push(unqualified(predicate.clone())?),
                // Taken over inexactly, hence filtered above as well.
                Kind::Time { exact: false } => {}
                _ => return internal_err!("a scan was given a predicate that it cannot evaluate: {predicate}"),
            }
        }
        selection.residual = conjunction(left);
        if nothing {
            selection.series = selection.series.map(|(_, all)| (0, all));
            selection.keys = if keyed { ScanKeys::Ranges(Vec::new()) } else { ScanKeys::Series(Vec::new()) };
        }
        Ok(selection)
    }

    fn select_keys<'e>(&self, predicates: &'e [Expr], selection: &mut Selection, residual: &mut Vec<&'e Expr>) {
        let key: Vec<&Column> = self.source.table().key_columns().collect();
        let found = key_ranges(&key, &predicates.iter().collect::<Vec<_>>());
        selection.constant.extend(key.iter().take(found.pinned).map(|c| c.id));
        if let Some(ranges) = found.ranges {
            selection.keys = ScanKeys::Ranges(ranges);
        }
        residual.extend(predicates.iter().zip(found.exact).filter_map(|(p, exact)| (!exact).then_some(p)));
    }

    fn select_times<'e>(
        &self,
        session: &dyn Session,
        predicates: &'e [Expr],
        selection: &mut Selection,
        residual: &mut Vec<&'e Expr>,
    ) -> Result<()> {
        let mut on_series = Vec::new();
        for predicate in predicates {
            match self.kind(predicate) {
                Kind::Time { exact } => {
                    if let Some(accepted) = self.time_column().and_then(|c| c.accepted(predicate)) {
                        selection.time = selection.time.intersect(&accepted.bounds);
                    }
                    if !exact {
                        residual.push(predicate);
                    }
                }
                Kind::Series => on_series.push(predicate.clone()),
                Kind::Constant(_) | Kind::Other => residual.push(predicate),
            }
        }
        match conjunction(on_series) {
            Some(predicate) => self.select_series(session, predicate, selection),
            None => Ok(()),
        }
    }

    fn kind(&self, predicate: &Expr) -> Kind {
        if let Expr::Literal(value, _) = predicate
            && matches!(value.data_type(), DataType::Boolean | DataType::Null)
        {
            return Kind::Constant(matches!(value, ScalarValue::Boolean(Some(true))));
        }
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
        // A key that is given whole is not looked for among all series.
        let key: Vec<&Column> = table.key_columns().collect();
        let keys = key_ranges(&key, &split_conjunction(&predicate)).keys.filter(|keys| keys.len() <= KEYS_MAX);
        let found = keys.map(|keys| self.source.series_with_keys(&keys, &ids)).transpose().map_err(external)?;
        let (series, all) = match found.flatten() {
            Some((series, all)) => (series, all),
            None => {
                let series = self.source.series(&ids).map_err(external)?;
                let all = series.ids.len();
                (series, all)
            }
        };
        let fields =
            columns.iter().map(|c| self.schema.field_with_name(&c.name).cloned().map(|f| f.with_nullable(true)));
        let schema = Arc::new(Schema::new(fields.collect::<Result<Vec<_>, _>>()?));
        let batch = RecordBatch::try_new(Arc::clone(&schema), series.columns.columns().to_vec())?;
        let predicate = session.create_physical_expr(unqualified(predicate)?, &DFSchema::try_from(schema)?)?;
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
        selection.series = Some((rows.len(), all));
        if rows.len() < all {
            selection.keys = ScanKeys::Series(rows.iter().filter_map(|row| series.ids.get(*row).copied()).collect());
        }
        Ok(())
    }
}

/// A predicate as it speaks of one table alone.
fn unqualified(predicate: Expr) -> Result<Expr> {
    let transformed = predicate.transform(|e| {
        Ok(match e {
            Expr::Column(c) => Transformed::yes(Expr::Column(ColumnName::new_unqualified(c.name))),
            other => Transformed::no(other),
        })
    });
    Ok(transformed?.data)
}

fn all_equal(values: &ArrayRef, rows: &[usize]) -> Result<bool> {
    let Some(first) = rows.first() else { return Ok(true) };
    let compare = arrow::array::make_comparator(values, values, SortOptions::default())?;
    Ok(rows.iter().all(|row| compare(*first, *row) == Ordering::Equal))
}

/// Whether a predicate means the same on a series as on each of its rows.
pub(crate) fn can_be_evaluated(predicate: &Expr) -> bool {
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
