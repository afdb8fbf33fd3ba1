//! The attributes of a series in few bytes: for each column that was ever set, ascending by id,
//! how many type changes the column had had when it was set, and the value.

use crate::bytes_codec::{Cursor, Decoded, Malformed, put_value, put_varint, read_value, skip_value};
use model::{ColumnId, Value};

/// One attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AttributeValue {
    pub(crate) column: ColumnId,
    /// So many of the column's type changes came before it.
    pub(crate) generation: usize,
    pub(crate) value: Value,
}

/// Makes and reads them.
#[derive(Debug)]
pub(crate) struct Attributes;

impl Attributes {
    /// Encodes values; of several for a column the last counts.
    pub(crate) fn encode(mut values: Vec<AttributeValue>) -> Box<[u8]> {
        values.sort_by_key(|v| v.column);
        let mut out = Vec::new();
        for same in values.chunk_by(|a, b| a.column == b.column) {
            if let Some(last) = same.last() {
                put_varint(u128::from(last.column.0), &mut out);
                put_varint(last.generation as u128, &mut out);
                put_value(&last.value, &mut out);
            }
        }
        out.into()
    }

    /// Decodes them.
    pub(crate) fn decode(bytes: &[u8]) -> Decoded<Vec<AttributeValue>> {
        let mut cursor = Cursor::new(bytes);
        let mut values = Vec::new();
        while !cursor.is_empty() {
            let column = ColumnId(cursor.int()?);
            let generation = cursor.int()?;
            values.push(AttributeValue { column, generation, value: read_value(&mut cursor)? });
        }
        if values.is_sorted_by(|a, b| a.column < b.column) {
            Ok(values)
        } else {
            Err(Malformed::new("attributes are out of order"))
        }
    }

    /// Takes them apart, each still with its column and encoded; none is decoded.
    pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = Decoded<&[u8]>> {
        let mut cursor = Cursor::new(bytes);
        std::iter::from_fn(move || {
            let before = cursor.rest();
            if before.is_empty() {
                return None;
            }
            let mut skip = || -> Decoded<()> {
                let (_column, _generation): (u32, usize) = (cursor.int()?, cursor.int()?);
                skip_value(&mut cursor)
            };
            let skipped = skip();
            let length = before.len() - cursor.rest().len();
            Some(skipped.map(|()| before.get(..length).unwrap_or_default()))
        })
    }

    /// The column of the first value.
    pub(super) fn column_of(value: &[u8]) -> Decoded<ColumnId> {
        Cursor::new(value).int().map(ColumnId)
    }

    /// One with the other's values on top. What was decoded once decodes again.
    pub(crate) fn merged(old: &[u8], new: &[u8]) -> Box<[u8]> {
        let mut values = Self::decode(old).unwrap_or_default();
        values.extend(Self::decode(new).unwrap_or_default());
        Self::encode(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(column: u32, value: Value) -> AttributeValue {
        AttributeValue { column: ColumnId(column), generation: 0, value }
    }

    #[test]
    fn later_values_win_and_null_is_a_value() {
        let old = Attributes::encode(vec![value(7, Value::Integer(1)), value(3, Value::Text("a".into()))]);
        let new = Attributes::encode(vec![value(7, Value::Null), value(9, Value::Boolean(true))]);
        let merged = Attributes::decode(&Attributes::merged(&old, &new)).unwrap();
        assert_eq!(merged, [value(3, Value::Text("a".into())), value(7, Value::Null), value(9, Value::Boolean(true))]);
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let encoded = Attributes::encode(vec![value(1, Value::Integer(1)), value(1, Value::Integer(2))]);
        assert_eq!(Attributes::decode(&encoded).unwrap(), [value(1, Value::Integer(2))]);
    }

    #[test]
    fn one_is_taken_apart_into_what_each_is_alone() {
        let all = [value(1, Value::Null), value(300, Value::Text("a".into())), value(301, Value::Float(1.5))];
        let alone: Vec<Box<[u8]>> = all.iter().map(|value| Attributes::encode(vec![value.clone()])).collect();
        let encoded = Attributes::encode(all.to_vec());
        let split: Vec<&[u8]> = Attributes::split(&encoded).map(Result::unwrap).collect();
        assert_eq!(split, alone.iter().map(|value| &**value).collect::<Vec<_>>());
        assert_eq!(Attributes::column_of(split[1]), Ok(ColumnId(300)));
        assert!(Attributes::split(&encoded[..encoded.len() - 1]).any(|value| value.is_err()));
    }
}
