//! One step from a type to another.

use super::Spellings;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Date32Array, Float32Array, Float64Array, PrimitiveArray, StringArray,
    make_array,
};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes as at;
use model::{DataType, Error, Result, TimeUnit, TypeConversion, arrow_type, uuid_text};
use std::sync::Arc;

const SECONDS_PER_DAY: i64 = 86_400;

/// Whether values of one type can become values of another at all; for those who change a type.
#[must_use]
pub fn can_convert(from: DataType, to: DataType, conversion: &TypeConversion) -> bool {
    if let TypeConversion::Text { .. } = conversion {
        return matches!(to, DataType::Text(_));
    }
    match (from, to) {
        (from, to) if from == to => true,
        (DataType::Uuid, DataType::Text(_)) | (DataType::Geometry, DataType::Binary(_)) => true,
        // Whether a text is one of these is for a parser to say.
        (_, DataType::Json | DataType::Inet | DataType::Geometry | DataType::Uuid) | (DataType::Uuid, _) => false,
        (from, to) => can_cast_types(&without_zone(from), &without_zone(to)),
    }
}

pub(super) fn convert(
    values: &ArrayRef,
    from: DataType,
    to: DataType,
    conversion: &TypeConversion,
    spellings: &dyn Spellings,
) -> Result<ArrayRef> {
    if !can_convert(from, to, conversion) {
        return Err(Error::internal(format!("{from:?} cannot become {to:?} by {conversion:?}")));
    }
    match (conversion, from, to) {
        (TypeConversion::Text { spelling }, ..) => {
            let text = spellings.spell(spelling, values, from)?;
            if *text.data_type() != at::DataType::Utf8 || text.len() != values.len() {
                return Err(Error::internal(format!("spelling \"{spelling}\" did not return one text for each value")));
            }
            Ok(fit(text, to))
        }
        (TypeConversion::Plain, _, DataType::Text(_)) => Ok(fit(plain_text(values, from)?, to)),
        (TypeConversion::Plain, ..) => plain(values, from, to).map(|values| fit(values, to)),
    }
}

/// The plain spelling of values.
pub(super) fn plain_text(values: &ArrayRef, from: DataType) -> Result<ArrayRef> {
    match from {
        DataType::Uuid => {
            let texts = values.as_fixed_size_binary().iter().map(|uuid| uuid.map(uuid_text));
            Ok(Arc::new(texts.collect::<StringArray>()))
        }
        DataType::Instant(_) => {
            let text = cast(values, from, &at::DataType::Utf8)?;
            let texts = text.as_string::<i32>().iter().map(|text| text.map(|text| format!("{text}Z")));
            Ok(Arc::new(texts.collect::<StringArray>()))
        }
        _ => cast(values, from, &at::DataType::Utf8),
    }
}

fn plain(values: &ArrayRef, from: DataType, to: DataType) -> Result<ArrayRef> {
    use DataType::{Date, Float32, Float64, Instant, LocalDateTime, Text};
    match (from, to) {
        (Instant(old) | LocalDateTime(old), Instant(new) | LocalDateTime(new)) => {
            let instants = instants(values, from)?;
            relabel(&map(&instants, |instant| old.convert(instant, new)), to)
        }
        (Date, Instant(unit) | LocalDateTime(unit)) => {
            let days = values.as_primitive::<at::Date32Type>();
            let start = |day: i32| i64::from(day).checked_mul(SECONDS_PER_DAY * unit.per_second());
            let starts: PrimitiveArray<at::Int64Type> = days.unary_opt(start);
            relabel(&starts, to)
        }
        (Instant(unit) | LocalDateTime(unit), Date) => {
            let day = |instant: i64| i32::try_from(instant.div_euclid(SECONDS_PER_DAY * unit.per_second())).ok();
            let days: Date32Array = instants(values, from)?.unary_opt(day);
            Ok(Arc::new(days))
        }
        (Float64, Float32) => {
            #[expect(clippy::cast_possible_truncation, reason = "what does not fit is made NULL")]
            let narrow = |wide: f64| Some(wide as f32).filter(|narrow| narrow.is_finite() || !wide.is_finite());
            let narrow: Float32Array = values.as_primitive::<at::Float64Type>().unary_opt(narrow);
            Ok(Arc::new(narrow))
        }
        (Text(_), Float32 | Float64) => {
            let wide = cast(values, from, &at::DataType::Float64)?;
            // What does not fit is made NULL; a text that says infinity has no digit.
            let fits = |(wide, text): (Option<f64>, Option<&str>)| {
                wide.filter(|wide| wide.is_finite() || !text.is_some_and(|t| t.contains(|c: char| c.is_ascii_digit())))
            };
            let texts = values.as_string::<i32>();
            let wide: Float64Array = wide.as_primitive::<at::Float64Type>().iter().zip(texts).map(fits).collect();
            let wide: ArrayRef = Arc::new(wide);
            if to == Float64 { Ok(wide) } else { plain(&wide, Float64, to) }
        }
        (_, Instant(_)) => {
            let values = cast(values, from, &without_zone(to))?;
            relabel(values.as_ref(), to)
        }
        _ => cast(values, from, &arrow_type(to)),
    }
}

fn map(values: &PrimitiveArray<at::Int64Type>, f: impl Fn(i64) -> Option<i64>) -> PrimitiveArray<at::Int64Type> {
    values.unary_opt(f)
}

fn instants(values: &ArrayRef, from: DataType) -> Result<PrimitiveArray<at::Int64Type>> {
    let (DataType::Instant(unit) | DataType::LocalDateTime(unit)) = from else {
        return Err(Error::internal(format!("{from:?} is no time")));
    };
    Ok(match unit {
        TimeUnit::Millisecond => values.as_primitive::<at::TimestampMillisecondType>().reinterpret_cast(),
        TimeUnit::Microsecond => values.as_primitive::<at::TimestampMicrosecondType>().reinterpret_cast(),
        TimeUnit::Nanosecond => values.as_primitive::<at::TimestampNanosecondType>().reinterpret_cast(),
    })
}

/// The Arrow type, of an instant without its zone: casts that read or write text would look for
/// the zone in a time zone database.
fn without_zone(data_type: DataType) -> at::DataType {
    match data_type {
        DataType::Instant(unit) => arrow_type(DataType::LocalDateTime(unit)),
        other => arrow_type(other),
    }
}

fn cast(values: &ArrayRef, from: DataType, to: &at::DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    let zoneless = without_zone(from);
    let plain = if *values.data_type() == zoneless { values.clone() } else { relabel_arrow(values, zoneless)? };
    cast_with_options(&plain, to, &options).map_err(Error::internal)
}

/// The same 64-bit integers under another name.
fn relabel(values: &dyn Array, to: DataType) -> Result<ArrayRef> {
    relabel_arrow(values, arrow_type(to))
}

fn relabel_arrow(values: &dyn Array, to: at::DataType) -> Result<ArrayRef> {
    let data = values.to_data().into_builder().data_type(to).build().map_err(Error::internal)?;
    Ok(make_array(data))
}

/// NULL where a text or bytes are longer than the type allows.
fn fit(values: ArrayRef, to: DataType) -> ArrayRef {
    match to {
        DataType::Text(Some(length)) => {
            let texts = values.as_string::<i32>();
            if texts.iter().flatten().all(|text| length.fits(text)) {
                return values;
            }
            Arc::new(texts.iter().map(|text| text.filter(|text| length.fits(text))).collect::<StringArray>())
        }
        DataType::Binary(Some(max)) => {
            let fits = |bytes: &&[u8]| bytes.len() <= max as usize;
            let binary = values.as_binary::<i32>();
            if binary.iter().flatten().all(|bytes| fits(&bytes)) {
                return values;
            }
            Arc::new(binary.iter().map(|bytes| bytes.filter(fits)).collect::<BinaryArray>())
        }
        _ => values,
    }
}
