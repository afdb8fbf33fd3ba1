//! The merge of ordered streams of rows, oldest source first.
//!
//! Rows are ordered by (rank, identity). As long as the head of one stream is alone at its place,
//! whole stretches are taken over up to the next head of another; versions are looked at one by
//! one only where streams hold the same identity. Streams whose rows do not interleave cost a few
//! comparisons for each piece, and blocks are asked for no earlier than needed.

use crate::assemble::{Assembler, Version};
use crate::block::{Block, Ids};
use model::Result;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one rank in one block, ascending, each identity once.
#[derive(Debug)]
pub(crate) struct Piece<I> {
    pub(crate) rank: u32,
    pub(crate) block: Arc<Block<I>>,
    pub(crate) rows: Range<usize>,
}

/// The rows of one source, ascending by (rank, identity).
pub(crate) trait Stream<I: Ids>: Debug + Send {
    /// A place that no later row lies before, without reading; `None` at the end.
    fn bound(&self) -> Option<(u32, I::Id)>;

    /// The next rows, at least one; `None` at the end, also when the bound promised more.
    fn next_piece(&mut self) -> Result<Option<Piece<I>>>;
}

#[derive(Debug)]
struct Input<I: Ids> {
    stream: Box<dyn Stream<I>>,
    piece: Option<Piece<I>>,
}

/// A place in the output, and the input that has its next row there, or later if it has no piece.
type Head<Id> = Reverse<(u32, Id, usize)>;

/// Merges streams into an assembler.
#[derive(Debug)]
pub(crate) struct Merge<I: Ids> {
    inputs: Vec<Input<I>>,
    heads: BinaryHeap<Head<I::Id>>,
    versions: Vec<Version>,
    rows_merged: u64,
}

impl<I: Ids> Merge<I> {
    /// Merges streams, oldest first.
    pub(crate) fn new(streams: Vec<Box<dyn Stream<I>>>) -> Self {
        let inputs: Vec<_> = streams.into_iter().map(|stream| Input { stream, piece: None }).collect();
        let heads = inputs
            .iter()
            .enumerate()
            .filter_map(|(input, Input { stream, .. })| stream.bound().map(|(rank, id)| Reverse((rank, id, input))))
            .collect();
        Self { inputs, heads, versions: Vec::new(), rows_merged: 0 }
    }

    /// How many rows were folded with others: those of an identity that several streams hold, one for
    /// each that does.
    pub(crate) fn rows_merged(&self) -> u64 {
        self.rows_merged
    }

    /// Appends rows until the output has `limit` or all streams are at their end.
    pub(crate) fn fill(&mut self, output: &mut Assembler<I>, limit: usize) -> Result<()> {
        if let [only] = self.inputs.as_mut_slice() {
            return fill_from_one(only, output, limit);
        }
        while output.rows() < limit {
            let Some(Reverse((rank, id, input))) = self.heads.pop() else { break };
            let Some(piece) = &self.inputs[input].piece else {
                self.load(input)?;
                continue;
            };
            let rows = piece.rows.clone();
            let room = rows.start + (limit - output.rows()).min(rows.len());
            let end = match self.heads.peek() {
                Some(Reverse((next_rank, next, other))) if *next_rank == rank => {
                    let end = piece.block.ids.first_not_below(rows.clone(), next);
                    if end < rows.end && self.inputs[*other].piece.is_none() {
                        // Whether they overlap at all depends on where that stream really goes on.
                        let other = *other;
                        self.heads.pop();
                        self.load(other)?;
                        self.heads.push(Reverse((rank, id, input)));
                        continue;
                    }
                    end
                }
                _ => rows.end,
            };
            if end == rows.start {
                self.fold_row(rank, &id, input, output)?;
                continue;
            }
            let end = end.min(room);
            let slot = output.slot(input, &piece.block);
            output.append(rank, slot, rows.start..end);
            self.advance(input, end);
        }
        Ok(())
    }

    /// Folds the versions of one row, of which one was just taken from the heads. All others
    /// there have a piece: the caller saw to it for the first, here it is seen to for the rest.
    fn fold_row(&mut self, rank: u32, id: &I::Id, first: usize, output: &mut Assembler<I>) -> Result<()> {
        let mut inputs = vec![first];
        loop {
            let other = match self.heads.peek() {
                Some(Reverse((next_rank, next, other))) if *next_rank == rank && next == id => *other,
                _ => break,
            };
            self.heads.pop();
            if self.inputs[other].piece.is_some() {
                inputs.push(other);
            } else {
                self.load(other)?;
            }
        }
        inputs.sort_unstable();
        self.versions.clear();
        for &input in &inputs {
            if let Some(piece) = &self.inputs[input].piece {
                let slot = output.slot(input, &piece.block);
                self.versions.push(Version { slot, row: piece.rows.start });
            }
        }
        output.fold(rank, &self.versions);
        if self.versions.len() > 1 {
            self.rows_merged += self.versions.len() as u64;
        }
        for input in inputs {
            if let Some(start) = self.inputs[input].piece.as_ref().map(|piece| piece.rows.start) {
                self.advance(input, start + 1);
            }
        }
        Ok(())
    }

    fn load(&mut self, input: usize) -> Result<()> {
        let entry = &mut self.inputs[input];
        entry.piece = entry.stream.next_piece()?;
        if let Some(piece) = &entry.piece {
            self.heads.push(Reverse((piece.rank, piece.block.ids.id(piece.rows.start), input)));
        }
        Ok(())
    }

    /// Goes on after the rows before `end` of an input's piece, and puts its head back.
    fn advance(&mut self, input: usize, end: usize) {
        let entry = &mut self.inputs[input];
        if let Some(piece) = &mut entry.piece {
            piece.rows.start = end;
            if end < piece.rows.end {
                self.heads.push(Reverse((piece.rank, piece.block.ids.id(end), input)));
                return;
            }
        }
        entry.piece = None;
        if let Some((rank, id)) = entry.stream.bound() {
            self.heads.push(Reverse((rank, id, input)));
        }
    }
}

/// One stream needs no comparison: its rows are the output.
fn fill_from_one<I: Ids>(input: &mut Input<I>, output: &mut Assembler<I>, limit: usize) -> Result<()> {
    while output.rows() < limit {
        let mut piece = match input.piece.take() {
            Some(piece) => piece,
            None => match input.stream.next_piece()? {
                Some(piece) => piece,
                None => break,
            },
        };
        let end = piece.rows.start + (limit - output.rows()).min(piece.rows.len());
        let slot = output.slot(0, &piece.block);
        output.append(piece.rank, slot, piece.rows.start..end);
        piece.rows.start = end;
        if !piece.rows.is_empty() {
            input.piece = Some(piece);
        }
    }
    Ok(())
}
