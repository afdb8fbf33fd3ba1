//! Random requests and definitions over small domains, so that everything meets everything.

use super::dice::Dice;
use super::fixture::{at, batch, int, text};
use model::{
    AttributePolicy, Column, ColumnId, ColumnRole, DataType, KeyBytes, KeySelection, RangeDelete, Sequence, Table,
    TableKind, TimeBounds, TypeChange, TypeConversion, Value, WriteBatch, WriteKind, WritePart, WriteRequest,
    encode_key, key_hash,
};
use std::ops::Bound;

/// Milliseconds between two of the times; two and a half of them in a partition.
const STEP: i64 = 400_000;

fn chance(dice: &mut Dice, of: u64) -> i64 {
    i64::try_from(dice.below(of)).unwrap()
}

fn key_values(dice: &mut Dice, table: &Table) -> Vec<Value> {
    match table.kind {
        TableKind::Keyed => vec![int(chance(dice, 6))],
        TableKind::Series => {
            let name: &&str = dice.pick(&["a", "b", "c\0", ""]);
            let meter = text(name);
            vec![meter, if dice.one_in(2) { Value::Null } else { int(1) }]
        }
    }
}

fn some_value(dice: &mut Dice, data_type: DataType) -> Value {
    match data_type {
        DataType::Text(_) if dice.one_in(2) => text(&format!("n{}", dice.below(100))),
        DataType::Text(_) => text(&dice.below(100).to_string()),
        _ => int(chance(dice, 100)),
    }
}

/// Absent, NULL, or a value.
fn cell(dice: &mut Dice, data_type: DataType) -> Option<Value> {
    match dice.below(5) {
        0 => None,
        1 => Some(Value::Null),
        _ => Some(some_value(dice, data_type)),
    }
}

fn rows(dice: &mut Dice, table: &Table, kind: WriteKind) -> WriteBatch {
    let erases = kind == WriteKind::Erase;
    let registers = table.kind == TableKind::Series && !erases && dice.one_in(8);
    let mut columns: Vec<&Column> = table.key_columns().collect();
    if !registers {
        columns.extend(table.time_column());
    }
    if !erases {
        let others = table.columns.iter().filter(|c| match c.role {
            ColumnRole::Attribute => dice.one_in(3),
            ColumnRole::Field => !registers && !dice.one_in(4),
            _ => false,
        });
        columns.extend(others.collect::<Vec<_>>());
    }
    let count = 1 + dice.below(6);
    let cells: Vec<Vec<Option<Value>>> = (0..count)
        .map(|_| {
            let keys = key_values(dice, table);
            columns
                .iter()
                .map(|c| match c.role {
                    ColumnRole::Key => Some(keys[table.key.iter().position(|k| *k == c.id).unwrap()].clone()),
                    ColumnRole::Time => Some(at(chance(dice, 12) * STEP)),
                    _ => cell(dice, c.data_type),
                })
                .collect()
        })
        .collect();
    let ids: Vec<ColumnId> = columns.iter().map(|c| c.id).collect();
    let mut made = batch(table, kind, &ids, &cells);
    if dice.one_in(2) {
        made.attributes = AttributePolicy::Set;
    }
    made
}

fn bound(dice: &mut Dice, table: &Table) -> Bound<KeyBytes> {
    let values = key_values(dice, table);
    let typed: Vec<_> = values.into_iter().zip(table.key_columns().map(|c| c.data_type)).collect();
    let key = encode_key(&typed).unwrap();
    match dice.below(3) {
        0 => Bound::Unbounded,
        1 => Bound::Included(key),
        _ => Bound::Excluded(key),
    }
}

fn delete(dice: &mut Dice, table: &Table) -> RangeDelete {
    let keys = if dice.one_in(5) {
        KeySelection::All
    } else if table.kind == TableKind::Keyed && dice.one_in(2) {
        KeySelection::Range { first: bound(dice, table), last: bound(dice, table) }
    } else {
        let hashes = (0..=dice.below(2)).map(|_| {
            let values = key_values(dice, table);
            let typed: Vec<_> = values.into_iter().zip(table.key_columns().map(|c| c.data_type)).collect();
            key_hash(&encode_key(&typed).unwrap().0)
        });
        KeySelection::Hashes(hashes.collect())
    };
    let (first, length) = (chance(dice, 12) * STEP, chance(dice, 4) * STEP);
    let of_time = table.kind == TableKind::Series && dice.one_in(2);
    let time = if of_time { TimeBounds { first, last: first + length } } else { TimeBounds::ALL };
    let drop_series = table.kind == TableKind::Series && !of_time && dice.one_in(2);
    RangeDelete { table: table.id, keys, time, drop_series }
}

fn part(dice: &mut Dice, table: &Table) -> WritePart {
    let keyed = table.kind == TableKind::Keyed;
    let kind = match dice.below(12) {
        0 => return WritePart::Delete(delete(dice, table)),
        1 => WriteKind::Erase,
        2..=4 => WriteKind::Merge,
        5 | 6 => WriteKind::KeepFirst,
        7 | 8 if keyed => WriteKind::FailOnDuplicate,
        _ => WriteKind::Replace,
    };
    WritePart::Rows(rows(dice, table, kind))
}

/// A request for one table, or for several at once.
pub(super) fn request(dice: &mut Dice, tables: &[Table]) -> WriteRequest {
    let mut parts = Vec::new();
    let several = dice.one_in(4);
    let one = dice.pick(tables);
    for _ in 0..=dice.below(3) {
        let table = if several { dice.pick(tables) } else { one };
        parts.push(part(dice, table));
    }
    WriteRequest { parts }
}

/// Rows for a block of a load.
pub(super) fn block(dice: &mut Dice, tables: &[Table]) -> WriteRequest {
    let mut request = request(dice, tables);
    request.parts.retain(|part| matches!(part, WritePart::Rows(_)));
    request
}

/// Another definition of a table: a column comes, goes, or changes its type.
pub(super) fn change(dice: &mut Dice, table: &Table, number: Sequence) -> Table {
    let mut table = table.clone();
    table.schema_version += 1;
    let added: Vec<usize> = (0..table.columns.len()).filter(|i| table.columns[*i].id.0 >= 10).collect();
    match dice.below(3) {
        0 => {
            let id = table.next_column;
            table.columns.push(Column::new(id, format!("added{id}"), ColumnRole::Field, DataType::Int64));
            table.next_column = ColumnId(id.0 + 1);
        }
        1 if !added.is_empty() => {
            table.columns.remove(*dice.pick(&added));
        }
        _ => {
            let may = |c: &&mut Column| matches!(c.role, ColumnRole::Field | ColumnRole::Attribute);
            let mut columns: Vec<&mut Column> = table.columns.iter_mut().filter(may).collect();
            let at = usize::try_from(dice.below(columns.len() as u64)).unwrap();
            let column = &mut columns[at];
            let to = match column.data_type {
                DataType::Text(_) => DataType::Int64,
                _ => DataType::Text(None),
            };
            let from = std::mem::replace(&mut column.data_type, to);
            column.type_changes.push(TypeChange { at: number, from, conversion: TypeConversion::Plain });
        }
    }
    table
}
