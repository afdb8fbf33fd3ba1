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
use storage::{PartialColumn, ScanDescription};

impl ScanExec {
    /// What another process needs to read the same rows.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let Selection { time, keys, series, constant, unique: _, residual: _ } = self.selection.as_ref();
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
        // How rows come together is not written: read, each stands for itself.
        put_optional(self.states.as_deref(), &mut out, |states, out| {
            put_count(states.columns.len(), out);
            for state in &states.columns {
                out.extend(state.id.0.to_le_bytes());
                out.push(u8::from(state.with_sum));
            }
        });
        Ok(out)
    }

    /// The scan that has these bytes.
    pub(crate) fn from_bytes(bytes: &[u8], sources: &dyn OpenScan) -> Result<Self> {
        let mut payload = Payload(bytes);
        let description = ScanDescription::from_bytes(payload.bytes()?).map_err(external)?;
        let fetch = payload.optional(Payload::count)?;
        let series = payload.optional(|payload| Ok((payload.count()?, payload.count()?)))?;
        let constant = (0..payload.count()?).map(|_| Ok(ColumnId(payload.u32()?))).collect::<Result<_>>()?;
        let states = payload.optional(|payload| {
            let count = payload.count()?;
            let state = |_| Ok(PartialColumn { id: ColumnId(payload.u32()?), with_sum: payload.u8()? != 0 });
            (0..count).map(state).collect::<Result<Vec<_>>>()
        })?;
        payload.end()?;
        let (source, keys) = sources.open(&description).map_err(external)?;
        let selection = Selection { time: description.time, keys, series, constant, ..Selection::all() };
        let table = StorageTable::over(source);
        let Some(states) = states else { return table.scan_of(&description.columns, selection, fetch) };
        let places = description.columns.iter().map(|id| table.place_of(*id)).collect::<Result<Vec<_>>>()?;
        table.partial_scan(&places, selection, states, None)
    }
}
