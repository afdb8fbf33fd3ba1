//! The bytes of one file: those that are durable, those that a reader sees, and the changes that
//! lead from the first to the second.

use super::random::{Dice, Fate};
use std::io;
use std::mem;

#[derive(Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Debug, Default)]
pub(super) struct Content {
    durable: Vec<u8>,
    seen: Vec<u8>,
    pending: Vec<Change>,
}

impl Content {
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.seen.get(offset..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        write(&mut self.seen, offset, bytes);
        self.pending.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.seen.resize(len, 0);
        self.pending.push(Change::Length(len));
    }

    pub(super) fn sync(&mut self) {
        for change in mem::take(&mut self.pending) {
            match change {
                Change::Write { offset, bytes } => write(&mut self.durable, offset, &bytes),
                Change::Length(len) => self.durable.resize(len, 0),
            }
        }
    }

    /// A failed sync: readers still see the changes, but no later sync makes them durable.
    pub(super) fn lose_pending(&mut self) {
        self.pending.clear();
    }

    /// Flips a bit wherever its byte stands. False if the file is too short.
    pub(super) fn flip_bit(&mut self, bit: u64) -> bool {
        let Ok(at) = usize::try_from(bit / 8) else { return false };
        let mask = 1 << (bit % 8);
        let Some(byte) = self.seen.get_mut(at) else { return false };
        *byte ^= mask;
        if let Some(byte) = self.durable.get_mut(at) {
            *byte ^= mask;
        }
        for change in &mut self.pending {
            if let Change::Write { offset, bytes } = change
                && let Some(byte) = at.checked_sub(*offset).and_then(|at| bytes.get_mut(at))
            {
                *byte ^= mask;
            }
        }
        true
    }

    /// What is found after a power cut.
    pub(super) fn after_crash(&self, dice: &mut Dice) -> Self {
        let mut found = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Length(len) => {
                    if dice.keeps() {
                        found.resize(*len, 0);
                    }
                }
                Change::Write { offset, bytes } => match dice.fate() {
                    Fate::Kept => write(&mut found, *offset, bytes),
                    Fate::Lost => {}
                    Fate::Torn => {
                        let middle = dice.below(bytes.len() as u64) as usize;
                        let (start, end) = bytes.split_at(middle);
                        if dice.below(2) == 0 {
                            write(&mut found, *offset, start);
                        } else {
                            write(&mut found, offset + middle, end);
                        }
                    }
                },
            }
        }
        Self { durable: found.clone(), seen: found, pending: Vec::new() }
    }
}

fn write(target: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if target.len() < end {
        target.resize(end, 0);
    }
    if let Some(place) = target.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}
