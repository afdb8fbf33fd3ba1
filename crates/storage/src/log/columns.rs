//! Columns of cells as bytes: what a record of the log holds of a batch. Values little-endian as
//! they lie in memory, NULL and absent as bitmaps; the whole block zstd when it is large.

use crate::bytes_codec::{Cursor, Decoded, Malformed, put_len, put_varint};
use arrow::array::{Array, ArrayData, ArrayRef, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::DataType as ArrowType;
use model::{Cells, ColumnId, DataType, LengthUnit, Result, TextLength, TimeUnit, arrow_type};
use segments::ChunkColumn;

/// Blocks from this size on are compressed.
const COMPRESS_BYTES: usize = 16 << 10;
/// A block may claim at most this size when it is read, and at most so many times its packed size: more
/// than zstd makes of zeros.
const BLOCK_BYTES_MAX: usize = 1 << 30;
const PACKED_TIMES_MAX: usize = 40_000;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// Encodes times (series tables) and columns of a batch.
pub(crate) fn encode_block(times: Option<&[i64]>, columns: &[ChunkColumn]) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    if let Some(times) = times {
        times.iter().for_each(|t| raw.extend(t.to_le_bytes()));
    }
    put_len(columns.len(), &mut raw);
    for column in columns {
        put_varint(u128::from(column.id.0), &mut raw);
        put_data_type(column.data_type, &mut raw);
        encode_cells(&column.cells, &mut raw)?;
    }
    let mut block = Vec::new();
    if raw.len() >= COMPRESS_BYTES {
        let packed = zstd::bulk::compress(&raw, 1).map_err(|e| model::Error::internal(format!("zstd: {e}")))?;
        block.push(ZSTD);
        put_len(raw.len(), &mut block);
        block.extend(packed);
    } else {
        block.push(PLAIN);
        block.extend(raw);
    }
    Ok(block)
}

/// What [`encode_block`] took: the times, if asked for, and the columns, of `rows` rows.
pub(crate) fn decode_block(block: &[u8], rows: usize, with_times: bool) -> Decoded<(Vec<i64>, Vec<ChunkColumn>)> {
    let mut cursor = Cursor::new(block);
    match cursor.u8()? {
        PLAIN => decode_raw(cursor, rows, with_times),
        ZSTD => {
            let len: usize = cursor.int()?;
            let packed = cursor.rest();
            if len > claimed_max(packed) {
                return Err(Malformed::new("a block claims too many bytes"));
            }
            let raw = zstd::bulk::decompress(packed, len).map_err(|e| Malformed::new(format!("zstd: {e}")))?;
            decode_raw(Cursor::new(&raw), rows, with_times)
        }
        tag => Err(Malformed::new(format!("no block has tag {tag}"))),
    }
}

/// What a packed block may claim to hold.
fn claimed_max(packed: &[u8]) -> usize {
    packed.len().saturating_mul(PACKED_TIMES_MAX).min(BLOCK_BYTES_MAX)
}

/// How many times a block may hold at most, by its length and by what it says.
pub(crate) fn times_max(block: &[u8]) -> usize {
    match block.split_first() {
        Some((&ZSTD, packed)) => claimed_max(packed) / 8,
        Some((_, raw)) => raw.len() / 8,
        None => 0,
    }
}

fn decode_raw(mut cursor: Cursor<'_>, rows: usize, with_times: bool) -> Decoded<(Vec<i64>, Vec<ChunkColumn>)> {
    let mut times = Vec::new();
    if with_times {
        let bytes = cursor.take(rows.checked_mul(8).ok_or_else(|| Malformed::new("too many rows"))?)?;
        times.extend(bytes.as_chunks::<8>().0.iter().map(|t| i64::from_le_bytes(*t)));
    }
    let count = cursor.count()?;
    let mut columns = Vec::with_capacity(count);
    for _ in 0..count {
        let id = ColumnId(cursor.int()?);
        let data_type = read_data_type(&mut cursor)?;
        columns.push(ChunkColumn { id, data_type, cells: decode_cells(&mut cursor, data_type, rows)? });
    }
    if cursor.is_empty() { Ok((times, columns)) } else { Err(Malformed::new("bytes are left over")) }
}

fn encode_cells(cells: &Cells, out: &mut Vec<u8>) -> Result<()> {
    let values = &cells.values;
    let nulls = values.nulls().filter(|n| n.null_count() > 0);
    out.push(u8::from(nulls.is_some()) | u8::from(cells.absent.is_some()) << 1);
    if let Some(nulls) = nulls {
        put_bits(nulls.inner(), out);
    }
    if let Some(absent) = &cells.absent {
        put_bits(absent, out);
    }
    let data = values.to_data();
    match values.data_type() {
        ArrowType::Boolean => {
            let bits = BooleanBuffer::new(data.buffers()[0].clone(), data.offset(), data.len());
            put_bits(&bits, out);
        }
        ArrowType::Utf8 | ArrowType::Binary => {
            let offsets = &data.buffers()[0].typed_data::<i32>()[data.offset()..=data.offset() + data.len()];
            let (first, last) = (offsets[0], offsets[data.len()]);
            offsets[1..].iter().for_each(|o| out.extend((o - first).to_le_bytes()));
            #[expect(clippy::cast_sign_loss, reason = "Arrow offsets are never negative")]
            out.extend(&data.buffers()[1].as_slice()[first as usize..last as usize]);
        }
        other => {
            let width = fixed_width(other)
                .ok_or_else(|| model::Error::internal(format!("a column of type {other} cannot be logged")))?;
            out.extend(&data.buffers()[0].as_slice()[data.offset() * width..(data.offset() + data.len()) * width]);
        }
    }
    Ok(())
}

fn decode_cells(cursor: &mut Cursor<'_>, data_type: DataType, rows: usize) -> Decoded<Cells> {
    let flags = cursor.u8()?;
    let nulls = (flags & 1 != 0).then(|| read_bits(cursor, rows)).transpose()?.map(NullBuffer::new);
    let absent = (flags & 2 != 0).then(|| read_bits(cursor, rows)).transpose()?;
    let arrow = arrow_type(data_type);
    let too_many = || Malformed::new("too many rows");
    let buffers = match &arrow {
        ArrowType::Boolean => vec![read_bits(cursor, rows)?.into_inner()],
        ArrowType::Utf8 | ArrowType::Binary => {
            let ends = cursor.take(rows.checked_mul(4).ok_or_else(too_many)?)?;
            let mut offsets = vec![0i32];
            offsets.extend(ends.as_chunks::<4>().0.iter().map(|o| i32::from_le_bytes(*o)));
            let bytes = offsets.last().copied().and_then(|o| usize::try_from(o).ok());
            let bytes = cursor.take(bytes.ok_or_else(|| Malformed::new("an offset is negative"))?)?;
            vec![Buffer::from_vec(offsets), Buffer::from(bytes)]
        }
        other => {
            let width = fixed_width(other).ok_or_else(|| Malformed::new(format!("no column has type {other}")))?;
            vec![Buffer::from(cursor.take(rows.checked_mul(width).ok_or_else(too_many)?)?)]
        }
    };
    let data = ArrayData::builder(arrow).len(rows).nulls(nulls).buffers(buffers).build();
    let values: ArrayRef = make_array(data.map_err(|e| Malformed::new(e.to_string()))?);
    Ok(Cells { values, absent })
}

fn put_bits(bits: &BooleanBuffer, out: &mut Vec<u8>) {
    out.extend(&bits.sliced().as_slice()[..bits.len().div_ceil(8)]);
}

fn read_bits(cursor: &mut Cursor<'_>, rows: usize) -> Decoded<BooleanBuffer> {
    Ok(BooleanBuffer::new(Buffer::from(cursor.take(rows.div_ceil(8))?), 0, rows))
}

/// Bytes of a value of those Arrow types that columns have and whose values have one length.
fn fixed_width(arrow: &ArrowType) -> Option<usize> {
    match arrow {
        ArrowType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
        other => other.primitive_width(),
    }
}

fn put_data_type(data_type: DataType, out: &mut Vec<u8>) {
    match data_type {
        DataType::Boolean => out.push(0),
        DataType::Int8 => out.push(1),
        DataType::Int16 => out.push(2),
        DataType::Int32 => out.push(3),
        DataType::Int64 => out.push(4),
        DataType::UInt8 => out.push(5),
        DataType::UInt16 => out.push(6),
        DataType::UInt32 => out.push(7),
        DataType::UInt64 => out.push(8),
        DataType::Float32 => out.push(9),
        DataType::Float64 => out.push(10),
        DataType::Decimal { precision, scale } => out.extend([11, precision, scale.cast_unsigned()]),
        DataType::Text(None) => out.push(12),
        DataType::Text(Some(TextLength { max, unit })) => {
            out.push(match unit {
                LengthUnit::Bytes => 13,
                LengthUnit::Characters => 14,
            });
            put_varint(u128::from(max), out);
        }
        DataType::Binary(None) => out.push(15),
        DataType::Binary(Some(max)) => {
            out.push(16);
            put_varint(u128::from(max), out);
        }
        DataType::Json => out.push(17),
        DataType::Geometry => out.push(18),
        DataType::Date => out.push(19),
        DataType::TimeOfDay => out.push(20),
        DataType::Interval => out.push(21),
        DataType::Uuid => out.push(22),
        DataType::Inet => out.push(23),
        DataType::Instant(unit) => out.extend([24, unit.digits()]),
        DataType::LocalDateTime(unit) => out.extend([25, unit.digits()]),
    }
}

fn read_data_type(cursor: &mut Cursor<'_>) -> Decoded<DataType> {
    let unit = |cursor: &mut Cursor<'_>| {
        TimeUnit::from_digits(cursor.u8()?).ok_or_else(|| Malformed::new("no such time unit"))
    };
    Ok(match cursor.u8()? {
        0 => DataType::Boolean,
        1 => DataType::Int8,
        2 => DataType::Int16,
        3 => DataType::Int32,
        4 => DataType::Int64,
        5 => DataType::UInt8,
        6 => DataType::UInt16,
        7 => DataType::UInt32,
        8 => DataType::UInt64,
        9 => DataType::Float32,
        10 => DataType::Float64,
        11 => DataType::Decimal { precision: cursor.u8()?, scale: cursor.u8()?.cast_signed() },
        12 => DataType::Text(None),
        13 => DataType::Text(Some(TextLength::bytes(cursor.int()?))),
        14 => DataType::Text(Some(TextLength::characters(cursor.int()?))),
        15 => DataType::Binary(None),
        16 => DataType::Binary(Some(cursor.int()?)),
        17 => DataType::Json,
        18 => DataType::Geometry,
        19 => DataType::Date,
        20 => DataType::TimeOfDay,
        21 => DataType::Interval,
        22 => DataType::Uuid,
        23 => DataType::Inet,
        24 => DataType::Instant(unit(cursor)?),
        25 => DataType::LocalDateTime(unit(cursor)?),
        tag => return Err(Malformed::new(format!("no type has tag {tag}"))),
    })
}

#[cfg(test)]
mod tests;
