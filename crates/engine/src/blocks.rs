//! What one statement writes, whatever its size: one record where it is small; else blocks that are
//! pending until one record publishes all of them.

use crate::{Engine, run_to_end};
use arrow::array::{Array, ArrayRef, MutableArrayData, make_array};
use model::{Cells, Error, Result, WriteBatch, WriteKind, WriteOutcome, WritePart, WriteRequest};
use storage::{Load, Storage};

/// The rows of a statement on their way to storage. Dropped, it leaves nothing.
pub(crate) struct StatementRows {
    storage: Storage,
    /// So many bytes make a block.
    block_bytes: usize,
    load: Option<Load>,
    waiting: Vec<WritePart>,
    bytes: usize,
}

impl StatementRows {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self::of_blocks(&engine.parts.storage, engine.parts.options.block_bytes)
    }

    fn of_blocks(storage: &Storage, block_bytes: usize) -> Self {
        Self { storage: storage.clone(), block_bytes, load: None, waiting: Vec::new(), bytes: 0 }
    }

    /// Adds parts, of which no later one erases what an earlier one wrote.
    pub(crate) async fn add(&mut self, parts: Vec<WritePart>) -> Result<()> {
        for part in parts {
            match part {
                WritePart::Rows(batch) if bytes_of_rows(&batch) > self.block_bytes => {
                    for slice in slices(&batch, self.block_bytes) {
                        self.add_part(WritePart::Rows(slice?)).await?;
                    }
                }
                part => self.add_part(part).await?,
            }
        }
        Ok(())
    }

    async fn add_part(&mut self, part: WritePart) -> Result<()> {
        self.bytes += bytes_of(&part);
        self.waiting.push(part);
        if self.bytes >= self.block_bytes { self.push().await } else { Ok(()) }
    }

    async fn push(&mut self) -> Result<()> {
        let load = match self.load.take() {
            Some(load) => load,
            None => self.storage.begin_load(None).await?,
        };
        self.bytes = 0;
        let load = self.load.insert(load);
        load.push(WriteRequest { parts: std::mem::take(&mut self.waiting) }).await.map(drop)
    }

    /// Makes everything seen, and keeps `guard` until it is, even when whoever asked has gone.
    pub(crate) async fn finish(mut self, guard: impl Send + 'static) -> Result<WriteOutcome> {
        if self.load.is_some() && !self.waiting.is_empty() {
            self.push().await?;
        }
        run_to_end(async move {
            let outcome = match self.load.take() {
                Some(load) => load.commit().await.map(|(outcome, _)| outcome),
                None if self.waiting.is_empty() => Ok(WriteOutcome::default()),
                None => self.storage.write(WriteRequest { parts: std::mem::take(&mut self.waiting) }).await,
            };
            drop(guard);
            outcome
        })
        .await
    }
}

/// Writes a request whole, in as many blocks as it takes.
pub(crate) async fn write_whole(
    storage: &Storage,
    mut request: WriteRequest,
    block_bytes: usize,
) -> Result<WriteOutcome> {
    if !is_large(&request, block_bytes) {
        return storage.write(request).await;
    }
    let mut rows = StatementRows::of_blocks(storage, block_bytes);
    // As in one record: erasures first.
    request.parts.sort_by_key(|part| !matches!(part, WritePart::Rows(batch) if batch.kind == WriteKind::Erase));
    for part in request.parts {
        rows.add(vec![part]).await?;
    }
    rows.finish(()).await
}

/// Whether rows are more than a block, and nothing but rows is asked for.
fn is_large(request: &WriteRequest, block_bytes: usize) -> bool {
    // An upper bound that costs next to nothing: most are small.
    let bound = |part: &WritePart| match part {
        WritePart::Rows(batch) => batch.columns.iter().map(|(_, cells)| cells.values.get_array_memory_size()).sum(),
        WritePart::Delete(_) => 0,
    };
    if request.parts.iter().map(bound).sum::<usize>() <= block_bytes {
        return false;
    }
    let only_rows = request.parts.iter().all(|part| matches!(part, WritePart::Rows(_)));
    only_rows && request.parts.iter().map(bytes_of).sum::<usize>() > block_bytes
}

fn bytes_of(part: &WritePart) -> usize {
    match part {
        WritePart::Rows(batch) => bytes_of_rows(batch),
        WritePart::Delete(_) => 0,
    }
}

fn bytes_of_rows(batch: &WriteBatch) -> usize {
    batch.columns.iter().map(|(_, cells)| bytes_of_cells(cells)).sum()
}

/// The bytes of the cells alone: a slice shares the buffers of the whole.
fn bytes_of_cells(cells: &Cells) -> usize {
    let values =
        cells.values.to_data().get_slice_memory_size().unwrap_or_else(|_| cells.values.get_array_memory_size());
    values + cells.values.len() / 8
}

/// A batch in parts of about so many bytes.
fn slices(batch: &WriteBatch, block_bytes: usize) -> impl Iterator<Item = Result<WriteBatch>> {
    let count = bytes_of_rows(batch).div_ceil(block_bytes.max(1)).max(1);
    let rows = batch.rows.div_ceil(count).max(1);
    (0..batch.rows).step_by(rows).map(move |start| {
        let length = rows.min(batch.rows - start);
        let slice = |(id, cells): &(_, Cells)| {
            let absent = cells.absent.as_ref().map(|absent| absent.slice(start, length));
            Ok((*id, Cells { values: copied(&cells.values, start, length)?, absent }))
        };
        let columns = batch.columns.iter().map(slice).collect::<Result<_>>()?;
        Ok(WriteBatch { rows: length, columns, ..empty_of(batch) })
    })
}

/// Some of the values by themselves: a slice would hold all of them in memory.
fn copied(values: &ArrayRef, start: usize, length: usize) -> Result<ArrayRef> {
    let data = values.to_data();
    let mut copy = MutableArrayData::new(vec![&data], false, length);
    copy.try_extend(0, start, start + length).map_err(Error::internal)?;
    Ok(make_array(copy.freeze()))
}

fn empty_of(batch: &WriteBatch) -> WriteBatch {
    let WriteBatch { table, schema_version, kind, attributes, .. } = batch;
    WriteBatch {
        table: *table,
        schema_version: *schema_version,
        kind: *kind,
        attributes: *attributes,
        rows: 0,
        columns: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
