//! A column of cells: Arrow values plus the third state, *absent*.

use crate::{DataType, Error, ErrorKind, Result, Value};
use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, FixedSizeBinaryBuilder,
    Float32Builder, Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, IntervalMonthDayNanoBuilder,
    StringBuilder, Time64NanosecondBuilder, TimestampMicrosecondBuilder, TimestampMillisecondBuilder,
    TimestampNanosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes as at;
use arrow::datatypes::IntervalMonthDayNano;
use std::sync::Arc;

/// The Arrow type in which values of a column type are held everywhere above the disk.
#[must_use]
pub fn arrow_type(data_type: DataType) -> at::DataType {
    match data_type {
        DataType::Boolean => at::DataType::Boolean,
        DataType::Int8 => at::DataType::Int8,
        DataType::Int16 => at::DataType::Int16,
        DataType::Int32 => at::DataType::Int32,
        DataType::Int64 => at::DataType::Int64,
        DataType::UInt8 => at::DataType::UInt8,
        DataType::UInt16 => at::DataType::UInt16,
        DataType::UInt32 => at::DataType::UInt32,
        DataType::UInt64 => at::DataType::UInt64,
        DataType::Float32 => at::DataType::Float32,
        DataType::Float64 => at::DataType::Float64,
        DataType::Decimal { precision, scale } => at::DataType::Decimal128(precision, scale),
        DataType::Text(_) | DataType::Json | DataType::Inet => at::DataType::Utf8,
        DataType::Binary(_) | DataType::Geometry => at::DataType::Binary,
        DataType::Date => at::DataType::Date32,
        DataType::TimeOfDay => at::DataType::Time64(at::TimeUnit::Nanosecond),
        DataType::Interval => at::DataType::Interval(at::IntervalUnit::MonthDayNano),
        DataType::Uuid => at::DataType::FixedSizeBinary(16),
        DataType::Instant(unit) => at::DataType::Timestamp(unit.to_arrow(), Some("UTC".into())),
        DataType::LocalDateTime(unit) => at::DataType::Timestamp(unit.to_arrow(), None),
    }
}

/// The cells of one column of a batch. Absent cells are NULL in `values`.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The values, of [`arrow_type`] of the column's type.
    pub values: ArrayRef,
    /// Which cells are absent; `None`: none of them.
    pub absent: Option<BooleanBuffer>,
}

impl Cells {
    /// Cells of which none is absent.
    #[must_use]
    pub fn present(values: ArrayRef) -> Self {
        Self { values, absent: None }
    }

    /// Whether a cell is absent.
    #[must_use]
    pub fn is_absent(&self, row: usize) -> bool {
        self.absent.as_ref().is_some_and(|absent| absent.value(row))
    }
}

enum Builder {
    Boolean(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder, i8),
    Text(StringBuilder),
    Binary(BinaryBuilder),
    Date(Date32Builder),
    TimeOfDay(Time64NanosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
    Uuid(FixedSizeBinaryBuilder),
    Milliseconds(TimestampMillisecondBuilder),
    Microseconds(TimestampMicrosecondBuilder),
    Nanoseconds(TimestampNanosecondBuilder),
}

/// Collects [`Cells`] value by value.
pub struct CellsBuilder {
    data_type: DataType,
    builder: Builder,
    absent: Vec<bool>,
}

impl std::fmt::Debug for CellsBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CellsBuilder")
            .field("data_type", &self.data_type)
            .field("rows", &self.absent.len())
            .finish_non_exhaustive()
    }
}

/// Appends to whichever builder it is.
macro_rules! with_builder {
    ($builder:expr, $b:ident => $body:expr) => {
        match $builder {
            Builder::Boolean($b) => $body,
            Builder::Int8($b) => $body,
            Builder::Int16($b) => $body,
            Builder::Int32($b) => $body,
            Builder::Int64($b) => $body,
            Builder::UInt8($b) => $body,
            Builder::UInt16($b) => $body,
            Builder::UInt32($b) => $body,
            Builder::UInt64($b) => $body,
            Builder::Float32($b) => $body,
            Builder::Float64($b) => $body,
            Builder::Decimal($b, _) => $body,
            Builder::Text($b) => $body,
            Builder::Binary($b) => $body,
            Builder::Date($b) => $body,
            Builder::TimeOfDay($b) => $body,
            Builder::Interval($b) => $body,
            Builder::Uuid($b) => $body,
            Builder::Milliseconds($b) => $body,
            Builder::Microseconds($b) => $body,
            Builder::Nanoseconds($b) => $body,
        }
    };
}

impl CellsBuilder {
    /// An empty column of a type.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidDefinition`] when a decimal's precision or scale is impossible.
    pub fn new(data_type: DataType) -> Result<Self> {
        use crate::TimeUnit::{Microsecond, Millisecond, Nanosecond};
        let builder = match data_type {
            DataType::Boolean => Builder::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Builder::Int8(Int8Builder::new()),
            DataType::Int16 => Builder::Int16(Int16Builder::new()),
            DataType::Int32 => Builder::Int32(Int32Builder::new()),
            DataType::Int64 => Builder::Int64(Int64Builder::new()),
            DataType::UInt8 => Builder::UInt8(UInt8Builder::new()),
            DataType::UInt16 => Builder::UInt16(UInt16Builder::new()),
            DataType::UInt32 => Builder::UInt32(UInt32Builder::new()),
            DataType::UInt64 => Builder::UInt64(UInt64Builder::new()),
            DataType::Float32 => Builder::Float32(Float32Builder::new()),
            DataType::Float64 => Builder::Float64(Float64Builder::new()),
            DataType::Decimal { precision, scale } => Builder::Decimal(
                Decimal128Builder::new()
                    .with_precision_and_scale(precision, scale)
                    .map_err(|e| Error::new(ErrorKind::InvalidDefinition { reason: e.to_string() }))?,
                scale,
            ),
            DataType::Text(_) | DataType::Json | DataType::Inet => Builder::Text(StringBuilder::new()),
            DataType::Binary(_) | DataType::Geometry => Builder::Binary(BinaryBuilder::new()),
            DataType::Date => Builder::Date(Date32Builder::new()),
            DataType::TimeOfDay => Builder::TimeOfDay(Time64NanosecondBuilder::new()),
            DataType::Interval => Builder::Interval(IntervalMonthDayNanoBuilder::new()),
            DataType::Uuid => Builder::Uuid(FixedSizeBinaryBuilder::new(16)),
            DataType::Instant(unit) | DataType::LocalDateTime(unit) => {
                let arrow = arrow_type(data_type);
                match unit {
                    Millisecond => Builder::Milliseconds(TimestampMillisecondBuilder::new().with_data_type(arrow)),
                    Microsecond => Builder::Microseconds(TimestampMicrosecondBuilder::new().with_data_type(arrow)),
                    Nanosecond => Builder::Nanoseconds(TimestampNanosecondBuilder::new().with_data_type(arrow)),
                }
            }
        };
        Ok(Self { data_type, builder, absent: Vec::new() })
    }

    /// Appends an absent cell.
    pub fn push_absent(&mut self) {
        with_builder!(&mut self.builder, b => b.append_null());
        self.absent.push(true);
    }

    /// Appends a value, which must already be of the column's type: dialects convert.
    ///
    /// # Errors
    /// [`ErrorKind::ValueOutOfRange`] when an integer or decimal does not fit, and
    /// [`ErrorKind::ValueInvalid`] when the value is of another type. Nothing is appended then.
    pub fn push(&mut self, value: &Value) -> Result<()> {
        let out_of_range = || {
            Error::new(ErrorKind::ValueOutOfRange {
                value: format!("{value:?}"),
                data_type: self.data_type,
                place: None,
            })
        };
        macro_rules! integer {
            ($b:expr, $i:expr) => {
                $b.append_value((*$i).try_into().map_err(|_| out_of_range())?)
            };
        }
        match (&mut self.builder, value) {
            (builder, Value::Null) => with_builder!(builder, b => b.append_null()),
            (Builder::Boolean(b), Value::Boolean(v)) => b.append_value(*v),
            (Builder::Int8(b), Value::Integer(i)) => integer!(b, i),
            (Builder::Int16(b), Value::Integer(i)) => integer!(b, i),
            (Builder::Int32(b), Value::Integer(i)) => integer!(b, i),
            (Builder::Int64(b), Value::Integer(i)) => integer!(b, i),
            (Builder::UInt8(b), Value::Integer(i)) => integer!(b, i),
            (Builder::UInt16(b), Value::Integer(i)) => integer!(b, i),
            (Builder::UInt32(b), Value::Integer(i)) => integer!(b, i),
            (Builder::UInt64(b), Value::Integer(i)) => integer!(b, i),
            #[expect(clippy::cast_possible_truncation, reason = "narrowing a float rounds, as declared")]
            (Builder::Float32(b), Value::Float(v)) => b.append_value(*v as f32),
            (Builder::Float64(b), Value::Float(v)) => b.append_value(*v),
            (Builder::Decimal(b, scale), Value::Decimal(d)) if d.scale == *scale => b.append_value(d.unscaled),
            (Builder::Text(b), Value::Text(t)) => b.append_value(t),
            (Builder::Binary(b), Value::Binary(bytes)) => b.append_value(bytes),
            (Builder::Date(b), Value::Date(d)) => b.append_value(*d),
            (Builder::TimeOfDay(b), Value::TimeOfDay(t)) => b.append_value(*t),
            (Builder::Interval(b), Value::Interval(i)) => {
                b.append_value(IntervalMonthDayNano::new(i.months, i.days, i.nanos));
            }
            (Builder::Uuid(b), Value::Uuid(u)) => b.append_value(u).map_err(|_| out_of_range())?,
            (Builder::Milliseconds(b), Value::Instant(t, unit) | Value::LocalDateTime(t, unit))
                if *unit == crate::TimeUnit::Millisecond =>
            {
                b.append_value(*t);
            }
            (Builder::Microseconds(b), Value::Instant(t, unit) | Value::LocalDateTime(t, unit))
                if *unit == crate::TimeUnit::Microsecond =>
            {
                b.append_value(*t);
            }
            (Builder::Nanoseconds(b), Value::Instant(t, unit) | Value::LocalDateTime(t, unit))
                if *unit == crate::TimeUnit::Nanosecond =>
            {
                b.append_value(*t);
            }
            _ => {
                return Err(Error::new(ErrorKind::ValueInvalid {
                    value: format!("{value:?}"),
                    data_type: self.data_type,
                    place: None,
                }));
            }
        }
        self.absent.push(false);
        Ok(())
    }

    /// Appends a text without making a [`Value`] of it; like [`CellsBuilder::push`] otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::ValueInvalid`] when this is no column of texts.
    pub fn push_text(&mut self, text: &str) -> Result<()> {
        let Builder::Text(builder) = &mut self.builder else {
            let (value, data_type) = (text.to_owned(), self.data_type);
            return Err(Error::new(ErrorKind::ValueInvalid { value, data_type, place: None }));
        };
        builder.append_value(text);
        self.absent.push(false);
        Ok(())
    }

    /// The cells collected so far.
    #[must_use]
    pub fn finish(mut self) -> Cells {
        let values: ArrayRef = with_builder!(&mut self.builder, b => Arc::new(b.finish()));
        let absent = self.absent.contains(&true).then(|| BooleanBuffer::from(self.absent));
        debug_assert!(absent.as_ref().is_none_or(|a| a.len() == values.len()));
        Cells { values, absent }
    }
}
