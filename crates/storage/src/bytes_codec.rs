//! Reading and writing small things as bytes: variable-length integers, byte strings, values, keys.
//! Used by the log, by series checkpoints and by descriptions of scans; little-endian throughout. Reading never trusts a
//! length: what does not fit is an error, which the caller turns into the name of its file.

use model::{Decimal, Interval, KeyBytes, KeyHash, KeySelection, TimeUnit, Value};
use std::ops::Bound;

/// Why bytes could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// What reading gives.
pub(crate) type Decoded<T> = Result<T, Malformed>;

/// Appends an unsigned integer, seven bits a byte.
pub(crate) fn put_varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length or a count.
pub(crate) fn put_len(value: usize, out: &mut Vec<u8>) {
    put_varint(value as u128, out);
}

/// Appends bytes with their length before them.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_len(bytes.len(), out);
    out.extend_from_slice(bytes);
}

/// Reads what was written, front to back.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, len: usize) -> Decoded<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or_else(|| Malformed::new("it ends too early"))?;
        self.rest = tail;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| Malformed::new("it ends too early"))
    }

    pub(crate) fn u8(&mut self) -> Decoded<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Decoded<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Decoded<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub(crate) fn i64(&mut self) -> Decoded<i64> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(crate) fn varint(&mut self) -> Decoded<u128> {
        let mut value = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.u8()?;
            value |= u128::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed::new("an integer does not end"))
    }

    /// An integer of a narrower type.
    pub(crate) fn int<T: TryFrom<u128>>(&mut self) -> Decoded<T> {
        T::try_from(self.varint()?).map_err(|_| Malformed::new("an integer is too large"))
    }

    /// A count of things that take at least one byte each.
    pub(crate) fn count(&mut self) -> Decoded<usize> {
        let count: usize = self.int()?;
        if count > self.rest.len() { Err(Malformed::new("a count is too large")) } else { Ok(count) }
    }

    pub(crate) fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let len: usize = self.int()?;
        self.take(len)
    }
}

/// Appends one end of a range of keys.
pub(crate) fn put_bound(bound: &Bound<KeyBytes>, out: &mut Vec<u8>) {
    match bound {
        Bound::Unbounded => out.push(0),
        Bound::Included(key) => {
            out.push(1);
            put_bytes(&key.0, out);
        }
        Bound::Excluded(key) => {
            out.push(2);
            put_bytes(&key.0, out);
        }
    }
}

/// Reads one end of a range of keys.
pub(crate) fn read_bound(cursor: &mut Cursor<'_>) -> Decoded<Bound<KeyBytes>> {
    Ok(match cursor.u8()? {
        0 => Bound::Unbounded,
        1 => Bound::Included(KeyBytes(cursor.bytes()?.into())),
        2 => Bound::Excluded(KeyBytes(cursor.bytes()?.into())),
        tag => return Err(Malformed::new(format!("no bound has tag {tag}"))),
    })
}

/// Appends hashes of keys with their count before them.
pub(crate) fn put_hashes(hashes: &[KeyHash], out: &mut Vec<u8>) {
    put_len(hashes.len(), out);
    hashes.iter().for_each(|h| out.extend(h.0.to_le_bytes()));
}

/// Reads hashes of keys.
pub(crate) fn read_hashes<T: FromIterator<KeyHash>>(cursor: &mut Cursor<'_>) -> Decoded<T> {
    let count = cursor.count()?;
    (0..count).map(|_| Ok(KeyHash(u128::from_le_bytes(cursor.array()?)))).collect()
}

/// Appends which keys a deletion covers.
pub(crate) fn put_key_selection(keys: &KeySelection, out: &mut Vec<u8>) {
    match keys {
        KeySelection::All => out.push(0),
        KeySelection::Hashes(hashes) => {
            out.push(1);
            put_hashes(hashes, out);
        }
        KeySelection::Range { first, last } => {
            out.push(2);
            put_bound(first, out);
            put_bound(last, out);
        }
    }
}

/// Reads which keys a deletion covers.
pub(crate) fn read_key_selection(cursor: &mut Cursor<'_>) -> Decoded<KeySelection> {
    Ok(match cursor.u8()? {
        0 => KeySelection::All,
        1 => KeySelection::Hashes(read_hashes::<Vec<_>>(cursor)?.into()),
        2 => KeySelection::Range { first: read_bound(cursor)?, last: read_bound(cursor)? },
        tag => return Err(Malformed::new(format!("no key selection has tag {tag}"))),
    })
}

/// Appends a value with its tag.
pub(crate) fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0),
        Value::Boolean(false) => out.push(1),
        Value::Boolean(true) => out.push(2),
        Value::Integer(i) => {
            out.push(3);
            put_varint(((i << 1) ^ (i >> 127)).cast_unsigned(), out);
        }
        Value::Float(f) => {
            out.push(4);
            out.extend(f.to_bits().to_le_bytes());
        }
        Value::Decimal(d) => {
            out.push(5);
            out.extend(d.unscaled.to_le_bytes());
            out.extend(d.scale.to_le_bytes());
        }
        Value::Text(t) => {
            out.push(6);
            put_bytes(t.as_bytes(), out);
        }
        Value::Binary(b) => {
            out.push(7);
            put_bytes(b, out);
        }
        Value::Date(d) => {
            out.push(8);
            out.extend(d.to_le_bytes());
        }
        Value::TimeOfDay(t) => {
            out.push(9);
            out.extend(t.to_le_bytes());
        }
        Value::Interval(i) => {
            out.push(10);
            out.extend(i.months.to_le_bytes());
            out.extend(i.days.to_le_bytes());
            out.extend(i.nanos.to_le_bytes());
        }
        Value::Uuid(u) => {
            out.push(11);
            out.extend(u);
        }
        Value::Instant(t, unit) => {
            out.extend([12, unit.digits()]);
            out.extend(t.to_le_bytes());
        }
        Value::LocalDateTime(t, unit) => {
            out.extend([13, unit.digits()]);
            out.extend(t.to_le_bytes());
        }
    }
}

/// Reads a value.
pub(crate) fn read_value(cursor: &mut Cursor<'_>) -> Decoded<Value> {
    let unit = |cursor: &mut Cursor<'_>| {
        TimeUnit::from_digits(cursor.u8()?).ok_or_else(|| Malformed::new("no such time unit"))
    };
    Ok(match cursor.u8()? {
        0 => Value::Null,
        1 => Value::Boolean(false),
        2 => Value::Boolean(true),
        3 => {
            let zigzag = cursor.varint()?;
            Value::Integer((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
        }
        4 => Value::Float(f64::from_bits(cursor.u64()?)),
        5 => Value::Decimal(Decimal {
            unscaled: i128::from_le_bytes(cursor.array()?),
            scale: i8::from_le_bytes(cursor.array()?),
        }),
        6 => Value::Text(
            std::str::from_utf8(cursor.bytes()?).map_err(|_| Malformed::new("text is not UTF-8"))?.to_owned(),
        ),
        7 => Value::Binary(cursor.bytes()?.to_vec()),
        8 => Value::Date(i32::from_le_bytes(cursor.array()?)),
        9 => Value::TimeOfDay(cursor.i64()?),
        10 => Value::Interval(Interval {
            months: i32::from_le_bytes(cursor.array()?),
            days: i32::from_le_bytes(cursor.array()?),
            nanos: cursor.i64()?,
        }),
        11 => Value::Uuid(cursor.array()?),
        12 => {
            let unit = unit(cursor)?;
            Value::Instant(cursor.i64()?, unit)
        }
        13 => {
            let unit = unit(cursor)?;
            Value::LocalDateTime(cursor.i64()?, unit)
        }
        tag => return Err(Malformed::new(format!("no value has tag {tag}"))),
    })
}

/// Goes past a value without making it.
pub(crate) fn skip_value(cursor: &mut Cursor<'_>) -> Decoded<()> {
    let bytes = match cursor.u8()? {
        0..=2 => 0,
        3 => return cursor.varint().map(drop),
        8 => 4,
        4 | 9 => 8,
        12 | 13 => 9,
        10 | 11 => 16,
        5 => 17,
        6 | 7 => return cursor.bytes().map(drop),
        tag => return Err(Malformed::new(format!("no value has tag {tag}"))),
    };
    cursor.take(bytes).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Boolean(false),
            Value::Integer(i128::MIN),
            Value::Integer(i128::MAX),
            Value::Integer(-1),
            Value::Float(-0.0),
            Value::Decimal(Decimal { unscaled: -5, scale: 2 }),
            Value::Text("Zähler".into()),
            Value::Binary(vec![0, 255]),
            Value::Date(-3),
            Value::TimeOfDay(5),
            Value::Interval(Interval { months: -1, days: 2, nanos: -3 }),
            Value::Uuid([7; 16]),
            Value::Instant(i64::MIN, TimeUnit::Nanosecond),
            Value::LocalDateTime(i64::MAX, TimeUnit::Millisecond),
        ];
        let mut out = Vec::new();
        values.iter().for_each(|v| put_value(v, &mut out));
        let mut cursor = Cursor::new(&out);
        for value in &values {
            let mut skipping = Cursor::new(cursor.rest());
            assert_eq!(&read_value(&mut cursor).unwrap(), value);
            skip_value(&mut skipping).unwrap();
            assert_eq!(skipping.rest().len(), cursor.rest().len(), "{value:?}");
        }
        assert!(cursor.is_empty());
        for cut in 0..out.len() {
            let mut cursor = Cursor::new(&out[..cut]);
            while read_value(&mut cursor).is_ok() {}
        }
    }
}
