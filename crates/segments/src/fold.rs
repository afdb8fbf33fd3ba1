//! One chunk brought into order, one version of each row.

use crate::assemble::{Assembler, Below, Version};
use crate::block::Block;
use crate::order::{self, Order};
use crate::{Chunk, ChunkColumn, Identity};
use model::{Result, arrow_type};
use std::sync::Arc;

pub(crate) fn fold_chunk(mut chunk: Chunk) -> Result<Chunk> {
    if chunk.folded {
        return Ok(chunk);
    }
    let order = match order::order(&chunk.identity) {
        Order::Folded => {
            chunk.folded = true;
            return Ok(chunk);
        }
        Order::By(order) => order,
    };
    let types = chunk.columns.iter().map(|column| arrow_type(column.data_type)).collect();
    let columns = chunk.columns.iter().map(|column| Some(column.cells.clone())).collect();
    let block = Arc::new(Block { ids: (), kinds: chunk.kinds, columns });
    let mut output = Assembler::new(Below::Unknown, types, 1);
    let slot = output.slot(0, &block);
    let mut versions = Vec::new();
    for rows in order.chunk_by(|a, b| order::same(&chunk.identity, *a, *b)) {
        if let [row] = rows {
            output.append(0, slot, *row..row + 1);
        } else {
            versions.clear();
            versions.extend(rows.iter().map(|row| Version { slot, row: *row }));
            output.fold(0, &versions);
        }
    }
    let output = output.take()?;
    let rows = || output.stretches.iter().flat_map(|stretch| stretch.rows.clone());
    let identity = match &chunk.identity {
        Identity::Series { series, times } => Identity::Series {
            series: rows().map(|row| series[row]).collect(),
            times: rows().map(|row| times[row]).collect(),
        },
        Identity::Keyed { keys } => Identity::Keyed { keys: rows().map(|row| keys[row].clone()).collect() },
    };
    let columns = chunk.columns.into_iter().zip(output.columns);
    let columns = columns.map(|(ChunkColumn { id, data_type, .. }, cells)| ChunkColumn { id, data_type, cells });
    Ok(Chunk::folded(chunk.sequences, identity, output.kinds, columns.collect()))
}
