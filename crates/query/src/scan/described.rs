//! Scans as part of a plan's bytes: the description that storage makes of them, and what the plan
//! was told about their rows.

use super::exec::ScanExec;
use super::pushdown::Selection;
use super::source::OpenScan;
use crate::StorageTable;
use crate::codec::payload::{Payload, put_bytes, put_count, put_optional};
use crate::error::external;
use datafusion::error::Result;
use model::ColumnId;
use std::sync::Arc;
use storage::ScanDescription;

impl ScanExec {
    /// What another process needs to read the same rows.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let Selection { time, keys, series, constant, residual: _ } = self.selection.as_ref();
        let description = self.source.describe(&self.columns, *time, keys).map_err(external)?;
        let mut out = Vec::new();
        put_bytes(&description.to_bytes(), &mut out);
        put_optional(self.fetch, &mut out, put_count);
        put_optional(*series, &mut out, |(selected, all), out| {
            put_count(selected, out);
            put_count(all, out);
        });
        let mut constant: Vec<ColumnId> = constant.iter().copied().collect();
        constant.sort_unstable();
        put_count(constant.len(), &mut out);
        constant.iter().for_each(|column| out.extend(column.0.to_le_bytes()));
        Ok(out)
    }

    /// The scan that has these bytes.
    pub(crate) fn from_bytes(bytes: &[u8], sources: &dyn OpenScan) -> Result<Self> {
        let mut payload = Payload(bytes);
        let description = ScanDescription::from_bytes(payload.bytes()?).map_err(external)?;
        let fetch = payload.optional(Payload::count)?;
        let series = payload.optional(|payload| Ok((payload.count()?, payload.count()?)))?;
        let constant = (0..payload.count()?).map(|_| Ok(ColumnId(payload.u32()?))).collect::<Result<_>>()?;
        payload.end()?;
        let (source, keys) = sources.open(&description).map_err(external)?;
        let selection = Selection { time: description.time, keys, series, constant, residual: None };
        StorageTable::over(Arc::clone(&source)).scan_of(&description.columns, selection, fetch)
    }
}
