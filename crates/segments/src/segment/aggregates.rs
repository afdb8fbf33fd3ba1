//! What a segment of a series table says of its rows without reading them: for each series and
//! wall-clock hour in UTC (six hours or a day where hours have few rows) count, least, greatest,
//! sum, first and last value of each column of numbers.
//!
//! A *cell* is the rows of one series in one such span. It says something only where every row is
//! whole. Floats are no numbers here where NaN or -0 is among them, and have no sum: no order of
//! additions is the right one.

mod build;

pub(crate) use build::HOUR_SECONDS;
pub(super) use build::{AggregatesBuilder, SegmentAggregates};

use super::decimal;
use super::narrow::Narrow;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as Arrow, Decimal64Type, Float64Type, Int64Type};
use model::{ColumnId, DataType, Error, Result, TimeBounds, arrow_type};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Compresses them on disk, in the side file.
const ZSTD_LEVEL: i32 = 1;
/// Aggregates take no more memory than this, whatever a file says.
const BYTES_MAX: usize = 256 << 20;
/// Nor more than so many times what is packed: more than zstd makes of zeros.
const PACKED_TIMES_MAX: usize = 40_000;

/// The cells of a segment, in the order of its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Aggregates {
    /// How many cells the runs up to each have, itself included.
    ends: Narrow,
    rows: Narrow,
    first_times: Narrow,
    last_times: Narrow,
    columns: Vec<ColumnAggregates>,
}

/// One column's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ColumnAggregates {
    id: ColumnId,
    /// The type that it has at the segment's newest number.
    form: Form,
    /// How many are not NULL; `None`: all of them, in each cell.
    counts: Option<Narrow>,
    least: Narrow,
    greatest: Narrow,
    /// `None`: floats, or one does not fit.
    sums: Option<Narrow>,
    first: Narrow,
    last: Narrow,
}

/// What the integers of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Form {
    /// Themselves.
    Integer,
    /// Floats as decimals of this scale.
    Scaled(i8),
    /// Floats by bits that sort as they do.
    Bits,
}

/// What an aggregate says of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statistic {
    Least,
    Greatest,
    Sum,
}

impl Aggregates {
    /// Compressed, with the uncompressed length before them.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let plain = rmp_serde::to_vec(self).map_err(Error::internal)?;
        zstd::bulk::compress(&plain, ZSTD_LEVEL).map_err(Error::internal).map(|packed| {
            let mut bytes = (plain.len() as u64).to_le_bytes().to_vec();
            bytes.extend(packed);
            bytes
        })
    }

    /// `None` for what is none.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, packed) = bytes.split_first_chunk()?;
        let most = packed.len().saturating_mul(PACKED_TIMES_MAX).min(BYTES_MAX);
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length <= most)?;
        rmp_serde::from_slice(&zstd::bulk::decompress(packed, length).ok()?).ok()
    }

    /// The bytes of memory that these take once they are read.
    pub(super) fn unpacked_bytes(bytes: &[u8]) -> usize {
        let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
        usize::try_from(length).unwrap_or_default()
    }

    /// The cells of a run.
    pub(crate) fn cells_of(&self, run: usize) -> Option<Range<usize>> {
        let end = |run: usize| usize::try_from(self.ends.get(run)?).ok();
        let start = match run.checked_sub(1) {
            Some(before) => end(before)?,
            None => 0,
        };
        Some(start..end(run)?)
    }

    /// The times of a cell's first and last row.
    pub(crate) fn times(&self, cell: usize) -> Option<TimeBounds> {
        Some(TimeBounds { first: self.first_times.get(cell)?, last: self.last_times.get(cell)? })
    }

    /// How many rows a cell has.
    pub(crate) fn rows(&self, cell: usize) -> Option<i64> {
        self.rows.get(cell)
    }

    fn column(&self, id: ColumnId) -> Option<&ColumnAggregates> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// Whether it knows a column, with its sums if they are asked for.
    pub(crate) fn knows(&self, id: ColumnId, with_sums: bool) -> bool {
        self.column(id).is_some_and(|column| !with_sums || column.sums.is_some())
    }

    /// How many of a cell's rows have a value that is not NULL.
    pub(crate) fn count(&self, id: ColumnId, cell: usize) -> Option<i64> {
        match &self.column(id)?.counts {
            Some(counts) => counts.get(cell),
            None => self.rows.get(cell),
        }
    }

    /// What cells say of a column, in its type, or as 64-bit integers for sums; NULL where they
    /// have no value.
    pub(crate) fn values(
        &self,
        id: ColumnId,
        data_type: DataType,
        statistic: Statistic,
        cells: impl Iterator<Item = usize>,
    ) -> Option<ArrayRef> {
        let column = self.column(id)?;
        let stored = match statistic {
            Statistic::Least => &column.least,
            Statistic::Greatest => &column.greatest,
            Statistic::Sum => column.sums.as_ref()?,
        };
        let mut values = Vec::with_capacity(cells.size_hint().0);
        for cell in cells {
            let value = stored.get(cell)?;
            values.push((self.count(id, cell)? > 0).then_some(value));
        }
        let integers: Int64Array = values.into_iter().collect();
        if statistic == Statistic::Sum {
            return Some(Arc::new(integers));
        }
        let wide: ArrayRef = match column.form {
            Form::Integer => Arc::new(integers),
            Form::Scaled(scale) => {
                let decimals: PrimitiveArray<Decimal64Type> = integers.unary(|integer| integer);
                decimal::to_f64(&decimals.with_precision_and_scale(decimal::PRECISION, scale).ok()?)?
            }
            Form::Bits => {
                let floats: Float64Array = integers.unary(float_of_sorting_bits);
                Arc::new(floats)
            }
        };
        cast(&wide, &arrow_type(data_type)).ok().filter(|narrowed| narrowed.null_count() == wide.null_count())
    }
}

/// Bits of a float as an integer that sorts as it does; not for NaN and -0.
fn sorting_bits(float: f64) -> i64 {
    let bits = float.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

fn float_of_sorting_bits(bits: i64) -> f64 {
    f64::from_bits((bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

/// The values of a column as integers that sort as they do; `None` where it is no column of
/// numbers that aggregates can speak of.
fn sorting_integers(values: &ArrayRef) -> Option<Int64Array> {
    match values.data_type() {
        Arrow::Int8 | Arrow::Int16 | Arrow::Int32 | Arrow::Int64 | Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 => {
            let wide = cast(values, &Arrow::Int64).ok()?;
            Some(wide.as_primitive_opt::<Int64Type>()?.clone())
        }
        Arrow::Float32 | Arrow::Float64 => {
            let wide = cast(values, &Arrow::Float64).ok()?;
            let floats = wide.as_primitive_opt::<Float64Type>()?;
            let is_odd = |float: f64| float.is_nan() || (float == 0.0 && float.is_sign_negative());
            (!floats.iter().flatten().any(is_odd)).then(|| floats.unary(sorting_bits))
        }
        _ => None,
    }
}

/// Whether columns of this type may have aggregates.
pub(super) fn is_aggregated(data_type: DataType) -> bool {
    use DataType::{Float32, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32};
    matches!(data_type, Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | Float32 | Float64)
}

#[cfg(test)]
mod tests;
