//! Rows of one table in one request, as a chunk. A request may write a table in several parts;
//! they make one chunk, since a number has one chunk in a table.

use arrow::array::{Array, BooleanArray, UInt32Array, new_null_array};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{concat, take};
use model::{Cells, ColumnId, DataType, Error, KeyBytes, Result, Sequence, SeriesId, arrow_type};
use segments::{Chunk, ChunkColumn, Identity, RowKind, RowKinds};

/// Rows of one part.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) identity: Identity,
    pub(crate) kind: RowKind,
    pub(crate) columns: Vec<ChunkColumn>,
}

/// The folded chunk of the parts of one request, in order, erasures first; `None` without rows.
/// The number may be set afterwards.
pub(crate) fn chunk_of(sequence: Sequence, mut pieces: Vec<Piece>) -> Result<Option<Chunk>> {
    pieces.retain(|piece| piece.identity.rows() > 0);
    let chunk = match pieces.len() {
        0 => return Ok(None),
        1 => {
            let Some(Piece { identity, kind, columns }) = pieces.pop() else { return Ok(None) };
            Chunk::new(sequence, identity, RowKinds::All(kind), columns)?
        }
        _ => combine(sequence, &pieces)?,
    };
    chunk.fold().map(Some)
}

fn combine(sequence: Sequence, pieces: &[Piece]) -> Result<Chunk> {
    let mut wanted: Vec<(ColumnId, DataType)> = Vec::new();
    for column in pieces.iter().flat_map(|p| &p.columns) {
        if wanted.iter().all(|(id, _)| *id != column.id) {
            wanted.push((column.id, column.data_type));
        }
    }
    let kinds = pieces.iter().flat_map(|p| std::iter::repeat_n(p.kind, p.identity.rows())).collect();
    let columns = wanted
        .into_iter()
        .map(|(id, data_type)| {
            let cells = pieces.iter().map(|p| cells_of(p, id, data_type)).collect::<Vec<_>>();
            Ok(ChunkColumn { id, data_type, cells: concat_cells(&cells)? })
        })
        .collect::<Result<_>>()?;
    Chunk::new(sequence, concat_identities(pieces)?, RowKinds::from_rows(kinds), columns)
}

fn cells_of(piece: &Piece, id: ColumnId, data_type: DataType) -> Cells {
    match piece.columns.iter().find(|c| c.id == id) {
        Some(column) => column.cells.clone(),
        None => {
            let rows = piece.identity.rows();
            let values = new_null_array(&arrow_type(data_type), rows);
            Cells { values, absent: Some(BooleanBuffer::new_set(rows)) }
        }
    }
}

fn concat_cells(cells: &[Cells]) -> Result<Cells> {
    let values: Vec<&dyn Array> = cells.iter().map(|c| c.values.as_ref()).collect();
    let absent = cells
        .iter()
        .any(|c| c.absent.is_some())
        .then(|| cells.iter().flat_map(|c| (0..c.values.len()).map(|row| c.is_absent(row))).collect::<BooleanBuffer>());
    Ok(Cells { values: concat(&values).map_err(|e| Error::internal(format!("joining columns: {e}")))?, absent })
}

fn concat_identities(pieces: &[Piece]) -> Result<Identity> {
    let mut ids: Vec<SeriesId> = Vec::new();
    let mut all_times: Vec<i64> = Vec::new();
    let mut all_keys: Vec<KeyBytes> = Vec::new();
    for piece in pieces {
        match &piece.identity {
            Identity::Series { series, times } => {
                ids.extend(series);
                all_times.extend(times);
            }
            Identity::Keyed { keys } => all_keys.extend(keys.iter().cloned()),
        }
    }
    match (all_times.is_empty(), all_keys.is_empty()) {
        (false, true) => Ok(Identity::Series { series: ids, times: all_times }),
        (true, _) => Ok(Identity::Keyed { keys: all_keys }),
        (false, false) => Err(Error::internal("rows of two kinds in one table")),
    }
}

/// Some of the rows of columns.
pub(crate) fn take_columns(columns: &[ChunkColumn], rows: &[u32]) -> Result<Vec<ChunkColumn>> {
    let indices = UInt32Array::from(rows.to_vec());
    let picked =
        |array: &dyn Array| take(array, &indices, None).map_err(|e| Error::internal(format!("choosing rows: {e}")));
    columns
        .iter()
        .map(|column| {
            let absent = match &column.cells.absent {
                None => None,
                Some(absent) => {
                    let states = picked(&BooleanArray::new(absent.clone(), None))?;
                    Some(arrow::array::AsArray::as_boolean(&states).values().clone())
                }
            };
            let cells = Cells { values: picked(column.cells.values.as_ref())?, absent };
            Ok(ChunkColumn { id: column.id, data_type: column.data_type, cells })
        })
        .collect()
}
