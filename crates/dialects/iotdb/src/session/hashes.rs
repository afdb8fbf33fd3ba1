//! Bytes as text and back, digests, padding.

use super::scalar::{Call, Given, Returned, Spec, failed};
use crate::types::Type;
use arrow::array::{Array, ArrayRef, BinaryArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::error::Result;
use std::sync::Arc;

/// The longest padding, in bytes.
const BYTES_MAX: i64 = 64 << 20;

fn text_or_blob(name: &str, given: &Given<'_>, to: DataType) -> Result<Returned, String> {
    match given.only() {
        Some(kind) if kind.is_text() || kind == Type::Blob => Ok(to.into()),
        _ => Err(format!(
            "Scalar function {name} only accepts one argument and it must be TEXT, STRING, or BLOB data type."
        )),
    }
}

fn text_only(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    match given.only() {
        Some(kind) if kind.is_text() => Ok(DataType::Binary.into()),
        _ => Err(format!("Scalar function {name} only accepts one argument and it must be TEXT or STRING data type.")),
    }
}

fn to_texts(call: &Call<'_>, of: impl Fn(&[u8]) -> String) -> Result<ArrayRef> {
    Ok(Arc::new(call.bytes(0)?.iter().map(|bytes| bytes.map(&of)).collect::<StringArray>()))
}

fn to_bytes(call: &Call<'_>, of: impl Fn(&[u8]) -> Vec<u8>) -> Result<ArrayRef> {
    Ok(Arc::new(call.bytes(0)?.iter().map(|bytes| bytes.map(&of)).collect::<BinaryArray>()))
}

fn from_texts(call: &Call<'_>, of: impl Fn(&str) -> Option<Vec<u8>>, what: &str) -> Result<ArrayRef> {
    let texts = call.texts(0)?;
    let decoded = texts.iter().map(|text| match text {
        Some(text) => of(text).map(Some).ok_or_else(|| failed(format!("Failed to decode '{text}' as {what}"))),
        None => Ok(None),
    });
    Ok(Arc::new(decoded.collect::<Result<BinaryArray>>()?))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

macro_rules! of_numbers {
    ($name:literal, $kind:ident, $word:literal, $number:ty, $to:ident) => {
        Spec {
            name: $name,
            returns: |given| match given.only() {
                Some(Type::$kind) => Ok(DataType::Binary.into()),
                _ => Err(format!(
                    "Scalar function {} only accepts one argument and it must be {} data type.",
                    $name, $word
                )),
            },
            run: |call| {
                let numbers = call.longs(0)?;
                let bytes = numbers.iter().map(|number| Some((number? as $number).$to().to_vec()));
                Ok(Arc::new(bytes.collect::<BinaryArray>()))
            },
        }
    };
}

pub(super) const SPECS: &[Spec] = &[
    Spec {
        name: "to_base64",
        returns: |given| text_or_blob("to_base64", given, DataType::Utf8),
        run: |call| to_texts(call, |bytes| STANDARD.encode(bytes)),
    },
    Spec {
        name: "from_base64",
        returns: |given| text_only("from_base64", given),
        run: |call| from_texts(call, |text| STANDARD.decode(text).ok(), "base64"),
    },
    Spec {
        name: "to_hex",
        returns: |given| text_or_blob("to_hex", given, DataType::Utf8),
        run: |call| to_texts(call, hexadecimal),
    },
    Spec {
        name: "from_hex",
        returns: |given| text_only("from_hex", given),
        run: |call| from_texts(call, from_hexadecimal, "hexadecimal"),
    },
    Spec {
        name: "sha256",
        returns: |given| text_or_blob("sha256", given, DataType::Binary),
        run: |call| to_bytes(call, |bytes| <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec()),
    },
    Spec {
        name: "sha512",
        returns: |given| text_or_blob("sha512", given, DataType::Binary),
        run: |call| to_bytes(call, |bytes| <sha2::Sha512 as sha2::Digest>::digest(bytes).to_vec()),
    },
    Spec {
        name: "crc32",
        returns: |given| text_or_blob("crc32", given, DataType::Int64),
        run: |call| {
            let sums = call.bytes(0)?;
            Ok(Arc::new(sums.iter().map(|bytes| Some(i64::from(crc32fast::hash(bytes?)))).collect::<Int64Array>()))
        },
    },
    of_numbers!("to_big_endian_32", Int32, "Int32", i32, to_be_bytes),
    of_numbers!("to_big_endian_64", Int64, "Int64", i64, to_be_bytes),
    of_numbers!("to_little_endian_32", Int32, "Int32", i32, to_le_bytes),
    of_numbers!("to_little_endian_64", Int64, "Int64", i64, to_le_bytes),
    Spec { name: "lpad", returns: |given| padding("lpad", given), run: |call| padded(call, true) },
    Spec { name: "rpad", returns: |given| padding("rpad", given), run: |call| padded(call, false) },
];

fn padding(name: &str, given: &Given<'_>) -> Result<Returned, String> {
    match given.kinds().as_slice() {
        [Some(Type::Blob), Some(Type::Int32 | Type::Int64), Some(Type::Blob)] => Ok(DataType::Binary.into()),
        _ => Err(format!(
            "Scalar function {name} only accepts three arguments, first argument must be BlOB type, second argument \
             must be int32 or int64 type, third argument must be BLOB type."
        )),
    }
}

fn padded(call: &Call<'_>, left: bool) -> Result<ArrayRef> {
    let (values, pads) = (call.bytes(0)?, call.bytes(2)?);
    let sizes = cast(call.arg(1)?, &DataType::Int64)?;
    let sizes = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(&sizes).clone();
    let mut all = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        if values.is_null(row) || pads.is_null(row) || sizes.is_null(row) {
            all.push(None);
            continue;
        }
        let (value, pad, size) = (values.value(row), pads.value(row), sizes.value(row));
        if !(0..=BYTES_MAX).contains(&size) || pad.is_empty() {
            return Err(failed(
                "The size of a padding must be between 0 and 67108864, and what it is made of not empty",
            ));
        }
        let size = usize::try_from(size).unwrap_or(0);
        if value.len() >= size {
            all.push(value.get(..size).map(<[u8]>::to_vec));
            continue;
        }
        let mut filling: Vec<u8> = pad.iter().copied().cycle().take(size - value.len()).collect();
        if left {
            filling.extend_from_slice(value);
            all.push(Some(filling));
        } else {
            let mut whole = value.to_vec();
            whole.append(&mut filling);
            all.push(Some(whole));
        }
    }
    Ok(Arc::new(all.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

#[cfg(test)]
mod tests {
    use super::{from_hexadecimal, hexadecimal};

    #[test]
    fn hexadecimal_comes_back() {
        assert_eq!(from_hexadecimal(&hexadecimal(&[0, 255, 16])), Some(vec![0, 255, 16]));
        assert_eq!(from_hexadecimal("0"), None);
        assert_eq!(from_hexadecimal("zz"), None);
    }
}
