//! Random histories.

use crate::RowKind;
use model::{DataType, LengthUnit, Sequence, TextLength, TimeBounds};
use proptest::prelude::*;

/// Series, or primary keys.
pub(super) const KEYS: usize = 6;
/// Field columns.
pub(super) const FIELDS: usize = 3;
/// The types that the first field has, one after the other.
pub(super) const CHAIN: [DataType; 4] = [
    DataType::Int64,
    DataType::Int16,
    DataType::Text(Some(TextLength { max: 4, unit: LengthUnit::Characters })),
    DataType::Text(None),
];

#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    Absent,
    Null,
    Value(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) key: usize,
    pub(super) time: i64,
    pub(super) kind: RowKind,
    pub(super) cells: [Cell; FIELDS],
}

#[derive(Clone, Debug)]
pub(super) struct Delete {
    pub(super) keys: Option<Vec<usize>>,
    pub(super) time: TimeBounds,
}

/// One number of the sequence: deletions come before rows.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Write {
        delete: Option<Delete>,
        rows: Vec<Row>,
        /// Columns that the write has at all.
        given: [bool; FIELDS],
    },
    Delete(Delete),
    /// The first field gets its next type, if there is one.
    Retype,
}

#[derive(Clone, Debug)]
pub(super) struct History(pub(super) Vec<Event>);

impl History {
    /// The same with a part of a row written wherever one was erased.
    pub(super) fn without_erasures(mut self) -> Self {
        for event in &mut self.0 {
            if let Event::Write { rows, .. } = event {
                rows.iter_mut().filter(|row| row.kind == RowKind::Erase).for_each(|row| row.kind = RowKind::Merge);
            }
        }
        self
    }

    pub(super) fn sequence(event: usize) -> Sequence {
        Sequence(10 * (event as u64 + 1))
    }

    /// The numbers at which the first field changes its type, with the type before.
    pub(super) fn retypes(&self) -> Vec<(Sequence, DataType)> {
        let retypes = self.0.iter().enumerate().filter(|(_, event)| matches!(event, Event::Retype));
        retypes.zip(&CHAIN[..CHAIN.len() - 1]).map(|((event, _), from)| (Self::sequence(event), *from)).collect()
    }

    pub(super) fn type_at(&self, sequence: Sequence) -> DataType {
        CHAIN[self.retypes().iter().filter(|(at, _)| *at <= sequence).count()]
    }
}

fn cell() -> impl Strategy<Value = Cell> {
    prop_oneof![2 => Just(Cell::Absent), 1 => Just(Cell::Null), 5 => (-200..200_i64).prop_map(Cell::Value)]
}

fn row() -> impl Strategy<Value = Row> {
    let kind = prop_oneof![5 => Just(RowKind::Merge), 3 => Just(RowKind::Replace), 1 => Just(RowKind::Erase)];
    (0..KEYS, -8..12_i64, kind, [cell(), cell(), cell()]).prop_map(|(key, time, kind, cells)| {
        let cells = if kind == RowKind::Erase { [Cell::Absent; FIELDS] } else { cells };
        Row { key, time: time * 1_000, kind, cells }
    })
}

/// Rows of one kind are the common case and have a short cut.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    (prop::collection::vec(row(), 0..9), prop::option::of(any::<bool>()), 0..4_u8).prop_map(|(mut rows, same, sort)| {
        if let Some(replace) = same {
            rows.retain(|row| row.kind != RowKind::Erase);
            let kind = if replace { RowKind::Replace } else { RowKind::Merge };
            rows.iter_mut().for_each(|row| row.kind = kind);
        }
        if sort == 0 {
            rows.sort_by_key(|row| (row.key, row.time));
        }
        rows.sort_by_key(|row| row.kind != RowKind::Erase);
        rows
    })
}

fn delete() -> impl Strategy<Value = Delete> {
    let keys = prop::option::of(prop::collection::vec(0..KEYS, 1..4));
    (keys, prop::option::of((-8..12_i64, 0..10_i64))).prop_map(|(keys, time)| Delete {
        keys,
        time: time.map_or(TimeBounds::ALL, |(first, length)| TimeBounds {
            first: first * 1_000,
            last: (first + length) * 1_000,
        }),
    })
}

pub(super) fn history() -> impl Strategy<Value = History> {
    let write = (prop::option::weighted(0.1, delete()), rows(), prop::array::uniform3(prop::bool::weighted(0.8)))
        .prop_map(|(delete, rows, given)| Event::Write { delete, rows, given });
    let event = prop_oneof![8 => write, 2 => delete().prop_map(Event::Delete), 1 => Just(Event::Retype)];
    prop::collection::vec(event, 1..14).prop_map(History)
}
