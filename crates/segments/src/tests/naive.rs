//! The naive model: a map of rows, changed event by event.

use super::cells::{Value, converted, value_of};
use super::history::{Cell, Delete, Event, FIELDS, History};
use crate::RowKind;
use std::collections::BTreeMap;

/// The fields of each row, by (key, time).
pub(super) type Rows = BTreeMap<(usize, i64), [Value; FIELDS]>;

/// The rows after a history. Rows of a keyed table all have time 0.
pub(super) fn rows_after(history: &History, keyed: bool) -> Rows {
    let mut rows = Rows::new();
    let mut retypes = history.retypes().into_iter();
    for (position, event) in history.0.iter().enumerate() {
        let sequence = History::sequence(position);
        match event {
            Event::Delete(deletion) => delete(&mut rows, deletion, keyed),
            Event::Retype => {
                if let Some((at, from)) = retypes.next() {
                    for row in rows.values_mut() {
                        row[0] = converted(&row[0], from, history.type_at(at));
                    }
                }
            }
            Event::Write { delete: deletion, rows: written, given } => {
                if let Some(deletion) = deletion {
                    delete(&mut rows, deletion, keyed);
                }
                for row in written {
                    let identity = (row.key, if keyed { 0 } else { row.time });
                    let cells: Vec<Cell> =
                        (0..FIELDS).map(|field| if given[field] { row.cells[field] } else { Cell::Absent }).collect();
                    let value = |field: usize, seed| value_of(field, history.type_at(sequence), seed);
                    match row.kind {
                        RowKind::Erase => drop(rows.remove(&identity)),
                        RowKind::Replace => {
                            let whole = std::array::from_fn(|field| match cells[field] {
                                Cell::Absent | Cell::Null => Value::Null,
                                Cell::Value(seed) => value(field, seed),
                            });
                            rows.insert(identity, whole);
                        }
                        RowKind::Merge => {
                            let there = rows.entry(identity).or_default();
                            for field in 0..FIELDS {
                                match cells[field] {
                                    Cell::Absent => {}
                                    Cell::Null => there[field] = Value::Null,
                                    Cell::Value(seed) => there[field] = value(field, seed),
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    rows
}

fn delete(rows: &mut Rows, delete: &Delete, keyed: bool) {
    rows.retain(|(key, time), _| {
        let named = delete.keys.as_ref().is_none_or(|keys| keys.contains(key));
        !(named && (keyed || delete.time.contains(*time)))
    });
}
