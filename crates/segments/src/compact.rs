//! Neighbouring segments of one partition become one: read as a scan reads them, folded as far as
//! is known, and written as a flush writes.
//!
//! Rows go through a batch at a time. What is held of a whole segment is its directory and the
//! keys of its series, never its rows.

mod keys;

use crate::assemble::{Assembled, Assembler, Below};
use crate::block::{Ids, Keys, Times};
use crate::merge::{Merge, Stream};
use crate::scan::{KeyedSegmentStream, Reading, SeriesSegmentStream, Wanted, WantedSeries, masks_above};
use crate::segment::{BATCH_ROWS, Form, GivenColumn, Outline, SegmentWriter};
use crate::{ChunkColumn, SegmentIdentity, SegmentReader, SegmentRows, SegmentTarget, SeriesKeys, Spellings, type_at};
use catalog::{SegmentEntry, Tombstone};
use files::Files;
use model::{ColumnId, ColumnRole, Error, Result, Sequence, SeriesId, Table, TableKind, key_hash};
use std::collections::HashSet;
use std::sync::Arc;

/// What is to become one segment.
#[derive(Clone, Debug)]
pub struct Compaction {
    /// A definition that knows every change up to `until`.
    pub table: Arc<Table>,
    /// Neighbours in sequence, oldest first; at least one.
    pub inputs: Vec<Arc<SegmentReader>>,
    /// Deletions; each is applied to the inputs that lie wholly below it.
    pub tombstones: Vec<Tombstone>,
    /// The newest number that the output speaks for: at least the newest of the inputs, and none
    /// of a row elsewhere that could be a version of one of theirs lies in between.
    pub until: Sequence,
    /// Whether no older version of their rows can be anywhere.
    pub nothing_below: bool,
    /// How named conversions spell values.
    pub spellings: Arc<dyn Spellings>,
}

/// The columns of the output, and the types that they have at its newest number.
type Columns = Vec<GivenColumn>;

impl Compaction {
    /// Writes the segment; durable when it returns, and nothing names it yet. `None` when no row
    /// is left. `step` is called from time to time, and its error ends the work; then, as after
    /// every error, no file of the output is left.
    ///
    /// # Errors
    /// [`model::ErrorKind::Corrupt`] naming an input, [`model::ErrorKind::DiskFull`] or
    /// [`model::ErrorKind::Io`] from the disk, and what `step` says.
    pub fn write(
        &self,
        files: &dyn Files,
        target: &SegmentTarget<'_>,
        step: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<SegmentEntry>> {
        let (Some(newest), Some(oldest)) = (self.inputs.last(), self.inputs.first()) else {
            return Err(Error::internal("there is no segment to merge"));
        };
        let in_order = self.inputs.array_windows::<2>().all(|[a, b]| a.entry().sequences.1 < b.entry().sequences.0);
        if !in_order || self.until < newest.entry().sequences.1 {
            return Err(Error::internal("segments to be merged do not follow each other"));
        }
        let sequences = (oldest.entry().sequences.0, self.until);
        let keys = match self.table.kind {
            TableKind::Series => Some(Arc::new(keys::union(&self.inputs, &self.table)?)),
            TableKind::Keyed => None,
        };
        let whole = self.nothing_below || self.inputs.iter().all(|input| input.entry().all_replace);
        let mut outline = Outline { sequences, all_replace: whole, has_absent: !whole, columns: self.columns(), keys };
        // Only a value that the inputs do not have, made by a conversion or by a finer scale, fits no more.
        let misfits = match self.attempt(files, target, &outline, step)? {
            Ok(written) => return Ok(written),
            Err(misfits) => misfits,
        };
        for column in outline.columns.iter_mut().filter(|column| misfits.contains(&column.id)) {
            column.form = Form::Plain;
        }
        let again = self.attempt(files, target, &outline, step)?;
        again.map_err(|misfits| Error::internal(format!("columns {misfits:?} fit no form")))
    }

    /// The columns that an input has and the table still has.
    fn columns(&self) -> Columns {
        let is_given = |role| match self.table.kind {
            TableKind::Series => role == ColumnRole::Field,
            TableKind::Keyed => matches!(role, ColumnRole::Key | ColumnRole::Field),
        };
        let stored = self.inputs.iter().flat_map(|input| input.file().columns());
        let present: HashSet<ColumnId> = stored.map(|column| column.id).collect();
        let columns = self.table.columns.iter().filter(|c| is_given(c.role) && present.contains(&c.id));
        columns
            .map(|column| {
                let (id, data_type) = (column.id, type_at(column, self.until));
                GivenColumn { id, data_type, form: self.form(id, data_type) }
            })
            .collect()
    }

    /// The form that is best for a column, judged by the forms of the inputs.
    fn form(&self, id: ColumnId, data_type: model::DataType) -> Form {
        let mut form = Form::Plain;
        for (stored, of_input) in self.inputs.iter().filter_map(|input| input.file().form_of(id)) {
            match (of_input, form) {
                _ if stored != data_type => return Form::Plain,
                (Form::Plain, _) => return Form::Plain,
                (Form::Decimal(scale), Form::Decimal(other)) => form = Form::Decimal(scale.max(other)),
                (Form::Decimal(scale), Form::Plain) => form = Form::Decimal(scale),
            }
        }
        form
    }

    /// Writes with the forms chosen, or answers all columns that must have another.
    fn attempt(
        &self,
        files: &dyn Files,
        target: &SegmentTarget<'_>,
        outline: &Outline,
        step: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Result<Option<SegmentEntry>, Vec<ColumnId>>> {
        let columns: Vec<ColumnId> = outline.columns.iter().map(|column| column.id).collect();
        let (table, spellings) = (self.table.clone(), self.spellings.clone());
        let reading = Arc::new(Reading::new(table, spellings, columns, self.inputs.len(), self.until));
        let masks = |input: &SegmentReader| masks_above(input.entry().sequences.1, &self.tombstones);
        let output = Output { files, target, outline, step };
        match &outline.keys {
            Some(keys) => {
                let wanted: Arc<[WantedSeries]> = keys
                    .ids
                    .iter()
                    .zip(&keys.keys)
                    .map(|(id, key)| WantedSeries { id: *id, key_hash: key_hash(&key.0) })
                    .collect();
                let wanted = Arc::new(Wanted::new(wanted));
                let stream = |input: &Arc<SegmentReader>| {
                    SeriesSegmentStream::new(input, &reading, &wanted, masks(input), model::TimeBounds::ALL)
                };
                let streams = self.inputs.iter().filter_map(stream);
                let identity = |rows: &Assembled<Times>| SegmentIdentity::Series {
                    keys: Arc::clone(keys),
                    runs: rows.ranks.iter().map(|(rank, rows)| (*rank as usize, *rows)).collect(),
                    times: rows.times(),
                };
                output.write(
                    streams.map(|stream| Box::new(stream) as Box<dyn Stream<Times>>).collect(),
                    &reading,
                    identity,
                )
            }
            None => {
                let stream =
                    |input: &Arc<SegmentReader>| KeyedSegmentStream::new(input, &reading, None, masks(input), true);
                let streams = self.inputs.iter().filter_map(|input| stream(input).ok());
                let identity = |rows: &Assembled<Keys>| SegmentIdentity::Keyed { keys: rows.keys() };
                output.write(
                    streams.map(|stream| Box::new(stream) as Box<dyn Stream<Keys>>).collect(),
                    &reading,
                    identity,
                )
            }
        }
    }
}

/// Where merged rows go.
struct Output<'a> {
    files: &'a dyn Files,
    target: &'a SegmentTarget<'a>,
    outline: &'a Outline,
    step: &'a mut dyn FnMut() -> Result<()>,
}

impl Output<'_> {
    fn write<I: Ids>(
        self,
        streams: Vec<Box<dyn Stream<I>>>,
        reading: &Reading,
        identity: impl Fn(&Assembled<I>) -> SegmentIdentity,
    ) -> Result<Result<Option<SegmentEntry>, Vec<ColumnId>>> {
        let below = if self.outline.all_replace { Below::Nothing } else { Below::Unknown };
        let mut rows = Assembler::new(below, reading.types()?, streams.len());
        let mut merge = Merge::new(streams);
        let mut writer: Option<SegmentWriter<'_>> = None;
        let mut misfits = Vec::new();
        loop {
            merge.fill(&mut rows, BATCH_ROWS)?;
            if rows.rows() == 0 {
                break;
            }
            let merged = rows.take()?;
            let identity = identity(&merged);
            let cells = self.outline.columns.iter().zip(merged.columns);
            let columns = cells.map(|(c, cells)| ChunkColumn { id: c.id, data_type: c.data_type, cells }).collect();
            let sequences = self.outline.sequences;
            let batch = SegmentRows { sequences, identity, kinds: merged.kinds, columns };
            if misfits.is_empty() {
                let open = match &mut writer {
                    Some(open) => open,
                    None => writer.insert(SegmentWriter::begin(self.files, *self.target, self.outline)?),
                };
                if open.write(&batch)?.is_err() {
                    // It is begun anew, once: what else does not fit is found on the way to the end.
                    writer = None;
                    self.outline.misfits(&batch, &mut misfits)?;
                }
            } else {
                self.outline.misfits(&batch, &mut misfits)?;
            }
            (self.step)()?;
        }
        if misfits.is_empty() { Ok(Ok(writer.map(SegmentWriter::finish).transpose()?)) } else { Ok(Err(misfits)) }
    }
}

/// The keys of some series by rank, which stands for their ids.
fn ranked(keys: Vec<model::KeyBytes>, columns: Vec<arrow::array::ArrayRef>) -> Result<SeriesKeys> {
    let count = u32::try_from(keys.len()).map_err(|_| Error::internal("too many series in a segment"))?;
    Ok(SeriesKeys { ids: (0..count).map(SeriesId).collect(), keys, columns })
}
