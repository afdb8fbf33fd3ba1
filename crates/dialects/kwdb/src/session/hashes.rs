//! Checksums and hashes of texts: `fnv32`, `fnv32a`, `fnv64`, `fnv64a`, `crc32c`, `crc32ieee`. NULLs
//! among several arguments are passed over; of NULLs alone there is no hash.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ScalarUDF, Signature, Volatility};
use query::functions::{RowArguments, RowCall, RowFunction};
use std::sync::Arc;

/// How bytes are hashed.
#[derive(Clone, Copy, Debug)]
enum Algorithm {
    /// FNV-1, or FNV-1a where the byte is mixed in first.
    Fnv { wide: bool, byte_first: bool },
    /// A reflected CRC with this polynomial.
    Crc { polynomial: u32 },
}

/// All of them.
pub(super) fn all() -> [ScalarUDF; 6] {
    let fnv = |wide, byte_first| Algorithm::Fnv { wide, byte_first };
    [
        ("fnv32", fnv(false, false)),
        ("fnv32a", fnv(false, true)),
        ("fnv64", fnv(true, false)),
        ("fnv64a", fnv(true, true)),
        ("crc32ieee", Algorithm::Crc { polynomial: 0xedb8_8320 }),
        ("crc32c", Algorithm::Crc { polynomial: 0x82f6_3b78 }),
    ]
    .map(|(name, algorithm)| {
        let run = move |call: &RowCall<'_>| hashes(algorithm, call.arguments);
        RowFunction::new(name, Signature::variadic_any(Volatility::Immutable), returns, run).into()
    })
}

impl Algorithm {
    fn of<'a>(self, bytes: impl Iterator<Item = &'a u8>) -> i64 {
        match self {
            Self::Fnv { wide: false, byte_first } => {
                let mix = |hash: u32, byte: &u8| {
                    if byte_first {
                        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
                    } else {
                        hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte)
                    }
                };
                i64::from(bytes.fold(0x811c_9dc5, mix))
            }
            Self::Fnv { wide: true, byte_first } => {
                let mix = |hash: u64, byte: &u8| {
                    if byte_first {
                        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
                    } else {
                        hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte)
                    }
                };
                bytes.fold(0xcbf2_9ce4_8422_2325_u64, mix).cast_signed()
            }
            Self::Crc { polynomial } => {
                let shift = |rest: u32| if rest & 1 == 1 { (rest >> 1) ^ polynomial } else { rest >> 1 };
                let mix = |rest: u32, byte: &u8| (0..8).fold(rest ^ u32::from(*byte), |rest, _| shift(rest));
                i64::from(!bytes.fold(u32::MAX, mix))
            }
        }
    }
}

fn returns(arguments: &RowArguments<'_>) -> Result<DataType> {
    let types = arguments.types();
    if !types.is_empty() && types.iter().all(|t| t.is_string() || t.is_binary() || t.is_null()) {
        return Ok(DataType::Int64);
    }
    Err(arguments.unknown())
}

fn hashes(algorithm: Algorithm, arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let arrays = arrays.iter().map(|array| cast(array, &DataType::Binary)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<_> = arrays.iter().map(|array| array.as_binary::<i32>()).collect();
    let rows = arrays.first().map_or(0, |array| array.len());
    let hash = |row: usize| {
        let values = || columns.iter().filter(move |column| column.is_valid(row)).map(move |column| column.value(row));
        values().next().map(|_| algorithm.of(values().flatten()))
    };
    Ok(Arc::new((0..rows).map(hash).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use super::Algorithm;

    #[test]
    fn known_values() {
        let of = |algorithm: Algorithm, text: &str| algorithm.of(text.as_bytes().iter());
        let fnv = |wide, byte_first| Algorithm::Fnv { wide, byte_first };
        assert_eq!(of(fnv(false, false), ""), 2_166_136_261);
        assert_eq!(of(fnv(false, false), "foobar"), 0x31f0_b262);
        assert_eq!(of(fnv(false, true), "foobar"), 0xbf9c_f968);
        assert_eq!(of(fnv(true, false), "foobar"), 0x340d_8765_a4dd_a9c2);
        assert_eq!(of(fnv(true, true), "foobar"), 0x8594_4171_f739_67e8_u64.cast_signed());
        assert_eq!(of(Algorithm::Crc { polynomial: 0xedb8_8320 }, "123456789"), 0xcbf4_3926);
        assert_eq!(of(Algorithm::Crc { polynomial: 0x82f6_3b78 }, "123456789"), 0xe306_9283);
    }
}
