//! Chosen columns of chosen rows, block by block, in the types of now.

use super::checked::CheckedReader;
use super::file::SegmentFile;
use super::footer::{ExtraColumn, StoredColumn};
use super::physical::from_physical;
use crate::retype::Retyping;
use crate::{RowKind, RowKinds};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BooleanBufferBuilder};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType as Arrow, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType};
use arrow::datatypes::{TimestampNanosecondType, UInt8Type};
use arrow::record_batch::RecordBatch;
use model::{Cells, ColumnId, ColumnRole, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection};
use std::ops::Range;
use std::sync::Arc;

/// A column of a batch: its place there, and what the footer says of it.
type Place = (usize, StoredColumn);

/// Which columns of a segment are read.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    /// Positions in the file, ascending.
    leaves: Vec<usize>,
    time: Option<Place>,
    keys: Vec<Place>,
    kind: Option<usize>,
    absent: Option<usize>,
    /// The columns asked for; `None`: the segment does not have it.
    columns: Vec<Option<WantedColumn>>,
}

#[derive(Clone, Copy, Debug)]
struct WantedColumn {
    place: Place,
    /// Its position among the field columns of the file.
    field: Option<usize>,
}

impl Projection {
    /// The columns asked for, the kinds of rows, the time if there is one, and the key columns if
    /// wanted.
    pub(crate) fn new(file: &SegmentFile, columns: &[ColumnId], with_keys: bool) -> Self {
        let footer = &file.footer;
        let is_key = |column: &StoredColumn| column.role == ColumnRole::Key;
        let wanted = |column: &StoredColumn| {
            column.role == ColumnRole::Time || (with_keys && is_key(column)) || columns.contains(&column.id)
        };
        let stored: Vec<usize> =
            footer.columns.iter().enumerate().filter(|(_, column)| wanted(column)).map(|(leaf, _)| leaf).collect();
        let extra = footer.columns.len()..footer.columns.len() + footer.extra.len();
        let leaves: Vec<usize> = stored.iter().copied().chain(extra).collect();
        let places: Vec<Place> = stored.iter().enumerate().map(|(at, leaf)| (at, footer.columns[*leaf])).collect();
        let extra = |wanted: ExtraColumn| {
            footer.extra.iter().position(|extra| *extra == wanted).map(|position| places.len() + position)
        };
        let fields: Vec<ColumnId> =
            footer.columns.iter().filter(|c| c.role == ColumnRole::Field).map(|column| column.id).collect();
        let column = |id: &ColumnId| {
            let place = *places.iter().find(|(_, column)| column.id == *id)?;
            Some(WantedColumn { place, field: fields.iter().position(|field| field == id) })
        };
        Self {
            time: places.iter().find(|(_, column)| column.role == ColumnRole::Time).copied(),
            keys: if with_keys { places.iter().filter(|(_, c)| is_key(c)).copied().collect() } else { Vec::new() },
            kind: extra(ExtraColumn::Kind),
            absent: extra(ExtraColumn::Absent),
            columns: columns.iter().map(column).collect(),
            leaves,
        }
    }
}

/// Rows of a segment.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) rows: usize,
    /// Empty where the table has no time column.
    pub(crate) times: ScalarBuffer<i64>,
    /// The key columns, if wanted.
    pub(crate) keys: Vec<ArrayRef>,
    pub(crate) kinds: RowKinds,
    /// The columns asked for.
    pub(crate) columns: Vec<Option<Cells>>,
}

/// Reads rows of one row group in order.
pub(crate) struct Decoder {
    file: Arc<SegmentFile>,
    projection: Arc<Projection>,
    source: CheckedReader,
    batches: ParquetRecordBatchReader,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("file", &self.file.entry.path).finish_non_exhaustive()
    }
}

impl Decoder {
    /// Reads these rows of a row group, counted from its first; ascending, disjoint ranges.
    pub(crate) fn new(
        file: &Arc<SegmentFile>,
        projection: &Arc<Projection>,
        row_group: usize,
        rows: impl Iterator<Item = Range<usize>>,
        block_rows: usize,
    ) -> Result<Self> {
        let source = CheckedReader::new(&file.checked, projection.leaves.len());
        let metadata = &file.metadata;
        let total = file.row_groups.get(row_group).map_or(0, |rows| rows.end - rows.start);
        let total = usize::try_from(total).map_err(|e| source.fault(e))?;
        let mask = ProjectionMask::leaves(metadata.parquet_schema(), projection.leaves.iter().copied());
        let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(source.clone(), metadata.clone())
            .with_row_groups(vec![row_group])
            .with_row_selection(RowSelection::from_consecutive_ranges(rows, total))
            .with_projection(mask)
            .with_batch_size(block_rows)
            .build()
            .map_err(|e| source.fault(e))?;
        Ok(Self { file: Arc::clone(file), projection: Arc::clone(projection), source, batches })
    }

    /// The next rows, at least one. The caller knows how many there are: an end before that is an
    /// error.
    pub(crate) fn next_block(&mut self, retyping: &Retyping<'_>) -> Result<Decoded> {
        let batch = match self.batches.next() {
            Some(Ok(batch)) if batch.num_rows() > 0 => batch,
            Some(Err(e)) => return Err(self.source.fault(e)),
            _ => return Err(self.source.fault("it has fewer rows than it says")),
        };
        let projection = &self.projection;
        let times = match projection.time {
            Some((at, _)) => times_of(batch.column(at)).ok_or_else(|| self.source.fault("its times are none"))?,
            None => ScalarBuffer::from(Vec::new()),
        };
        let keys = projection.keys.iter().map(|place| self.stored(&batch, *place)).collect::<Result<_>>()?;
        let kinds = match projection.kind {
            Some(at) => kinds_of(batch.column(at)).ok_or_else(|| self.source.fault("a row is of no known kind"))?,
            None => RowKinds::All(RowKind::Replace),
        };
        let bitmaps = match projection.absent {
            Some(at) => Some(
                batch.column(at).as_binary_opt::<i32>().ok_or_else(|| self.source.fault("absent cells are no bits"))?,
            ),
            None => None,
        };
        let columns = projection.columns.iter().map(|wanted| {
            let Some(WantedColumn { place, field }) = wanted else { return Ok(None) };
            let values = self.stored(&batch, *place)?;
            let written = self.file.entry.sequences.1;
            let values = retyping.apply(place.1.id, place.1.data_type, &values, written)?;
            let absent = bitmaps.zip(*field).map(|(bitmaps, field)| bit_of_each(bitmaps, field));
            Ok(Some(Cells { values, absent }))
        });
        Ok(Decoded { rows: batch.num_rows(), times, keys, kinds, columns: columns.collect::<Result<_>>()? })
    }

    fn stored(&self, batch: &RecordBatch, (at, column): Place) -> Result<ArrayRef> {
        from_physical(batch.column(at), column.data_type)
            .ok_or_else(|| self.source.fault(format!("column {} is not {:?}", column.id, column.data_type)))
    }
}

pub(super) fn times_of(times: &ArrayRef) -> Option<ScalarBuffer<i64>> {
    if times.null_count() > 0 {
        return None;
    }
    Some(match times.data_type() {
        Arrow::Timestamp(TimeUnit::Millisecond, _) => times.as_primitive::<TimestampMillisecondType>().values().clone(),
        Arrow::Timestamp(TimeUnit::Microsecond, _) => times.as_primitive::<TimestampMicrosecondType>().values().clone(),
        Arrow::Timestamp(TimeUnit::Nanosecond, _) => times.as_primitive::<TimestampNanosecondType>().values().clone(),
        _ => return None,
    })
}

pub(super) fn kinds_of(kinds: &ArrayRef) -> Option<RowKinds> {
    let kinds = kinds.as_primitive_opt::<UInt8Type>()?;
    let kind = |kind: Option<u8>| {
        Some(match kind? {
            0 => RowKind::Replace,
            1 => RowKind::Merge,
            2 => RowKind::Erase,
            _ => return None,
        })
    };
    kinds.iter().map(kind).collect::<Option<Vec<_>>>().map(RowKinds::from_rows)
}

fn bit_of_each(bitmaps: &BinaryArray, field: usize) -> arrow::buffer::BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(bitmaps.len());
    for bitmap in bitmaps {
        bits.append(bitmap.and_then(|bitmap| bitmap.get(field / 8)).is_some_and(|byte| byte >> (field % 8) & 1 == 1));
    }
    bits.finish()
}
