//! Key bytes back to values: the inverse of [`model::encode_key`].

use crate::bytes_codec::{Cursor, Decoded, Malformed};
use model::{DataType, Decimal, Interval, Value};

/// The value of the last of some key columns, given the types of all of them.
pub(crate) fn decode_nth(key: &[u8], types: &[DataType]) -> Decoded<Value> {
    let mut cursor = Cursor::new(key);
    let mut value = Value::Null;
    for data_type in types {
        if cursor.is_empty() {
            return Ok(Value::Null);
        }
        value = match cursor.u8()? {
            0 => Value::Null,
            1 => decode_value(&mut cursor, *data_type)?,
            tag => return Err(Malformed::new(format!("no key value has tag {tag}"))),
        };
    }
    Ok(value)
}

fn decode_value(cursor: &mut Cursor<'_>, data_type: DataType) -> Decoded<Value> {
    fn signed<const N: usize>(cursor: &mut Cursor<'_>) -> Decoded<[u8; N]> {
        let mut bytes: [u8; N] = cursor.array()?;
        bytes[0] ^= 0x80;
        Ok(bytes)
    }
    Ok(match data_type {
        DataType::Boolean => Value::Boolean(cursor.u8()? != 0),
        DataType::Int8 => Value::Integer(i8::from_be_bytes(signed(cursor)?).into()),
        DataType::Int16 => Value::Integer(i16::from_be_bytes(signed(cursor)?).into()),
        DataType::Int32 => Value::Integer(i32::from_be_bytes(signed(cursor)?).into()),
        DataType::Int64 => Value::Integer(i64::from_be_bytes(signed(cursor)?).into()),
        DataType::UInt8 => Value::Integer(cursor.u8()?.into()),
        DataType::UInt16 => Value::Integer(u16::from_be_bytes(cursor.array()?).into()),
        DataType::UInt32 => Value::Integer(u32::from_be_bytes(cursor.array()?).into()),
        DataType::UInt64 => Value::Integer(u64::from_be_bytes(cursor.array()?).into()),
        DataType::Float32 => {
            let bits = u32::from_be_bytes(cursor.array()?);
            Value::Float(f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits }).into())
        }
        DataType::Float64 => {
            let bits = u64::from_be_bytes(cursor.array()?);
            Value::Float(f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits }))
        }
        DataType::Decimal { scale, .. } => {
            Value::Decimal(Decimal { unscaled: i128::from_be_bytes(signed(cursor)?), scale })
        }
        DataType::Text(_) | DataType::Json | DataType::Inet => {
            let bytes = unescape(cursor)?;
            Value::Text(String::from_utf8(bytes).map_err(|_| Malformed::new("a key's text is not UTF-8"))?)
        }
        DataType::Binary(_) | DataType::Geometry => Value::Binary(unescape(cursor)?),
        DataType::Date => Value::Date(i32::from_be_bytes(signed(cursor)?)),
        DataType::TimeOfDay => Value::TimeOfDay(i64::from_be_bytes(signed(cursor)?)),
        DataType::Interval => Value::Interval(Interval {
            months: i32::from_be_bytes(signed(cursor)?),
            days: i32::from_be_bytes(signed(cursor)?),
            nanos: i64::from_be_bytes(signed(cursor)?),
        }),
        DataType::Uuid => Value::Uuid(cursor.array()?),
        DataType::Instant(unit) => Value::Instant(i64::from_be_bytes(signed(cursor)?), unit),
        DataType::LocalDateTime(unit) => Value::LocalDateTime(i64::from_be_bytes(signed(cursor)?), unit),
    })
}

fn unescape(cursor: &mut Cursor<'_>) -> Decoded<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        match cursor.u8()? {
            0 => match cursor.u8()? {
                0 => return Ok(out),
                0xFF => out.push(0),
                other => return Err(Malformed::new(format!("0x00 {other:#04x} in a key's text"))),
            },
            byte => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{TimeUnit, encode_key};

    #[test]
    fn values_come_back() {
        let key = [
            (Value::Boolean(true), DataType::Boolean),
            (Value::Integer(-5), DataType::Int8),
            (Value::Integer(-500), DataType::Int16),
            (Value::Null, DataType::Int32),
            (Value::Integer(i128::from(i64::MIN)), DataType::Int64),
            (Value::Integer(255), DataType::UInt8),
            (Value::Integer(65_535), DataType::UInt16),
            (Value::Integer(7), DataType::UInt32),
            (Value::Integer(i128::from(u64::MAX)), DataType::UInt64),
            (Value::Float(-1.5), DataType::Float32),
            (Value::Float(1.5e300), DataType::Float64),
            (Value::Decimal(Decimal { unscaled: -12, scale: 1 }), DataType::Decimal { precision: 5, scale: 1 }),
            (Value::Text("a\0b".into()), DataType::Text(None)),
            (Value::Binary(vec![0, 0, 255]), DataType::Binary(None)),
            (Value::Date(-1), DataType::Date),
            (Value::TimeOfDay(5), DataType::TimeOfDay),
            (Value::Interval(Interval { months: -1, days: 3, nanos: -9 }), DataType::Interval),
            (Value::Uuid([9; 16]), DataType::Uuid),
            (Value::Instant(-7, TimeUnit::Millisecond), DataType::Instant(TimeUnit::Millisecond)),
            (Value::LocalDateTime(7, TimeUnit::Nanosecond), DataType::LocalDateTime(TimeUnit::Nanosecond)),
            (Value::Null, DataType::Int8),
        ];
        let bytes = encode_key(&key).unwrap();
        let types: Vec<DataType> = key.iter().map(|(_, t)| *t).collect();
        for (i, (value, _)) in key.iter().enumerate() {
            assert_eq!(&decode_nth(&bytes.0, &types[..=i]).unwrap(), value);
        }
    }
}
