//! The names of column types in a segment's footer, fixed by the storage format.

use model::{DataType, LengthUnit, TextLength, TimeUnit};

pub(super) fn type_name(data_type: DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Int8 => "int8".into(),
        DataType::Int16 => "int16".into(),
        DataType::Int32 => "int32".into(),
        DataType::Int64 => "int64".into(),
        DataType::UInt8 => "uint8".into(),
        DataType::UInt16 => "uint16".into(),
        DataType::UInt32 => "uint32".into(),
        DataType::UInt64 => "uint64".into(),
        DataType::Float32 => "float32".into(),
        DataType::Float64 => "float64".into(),
        DataType::Decimal { precision, scale } => format!("decimal({precision} {scale})"),
        DataType::Text(None) => "text".into(),
        DataType::Text(Some(TextLength { max, unit: LengthUnit::Bytes })) => format!("text({max} bytes)"),
        DataType::Text(Some(TextLength { max, unit: LengthUnit::Characters })) => format!("text({max} characters)"),
        DataType::Binary(None) => "binary".into(),
        DataType::Binary(Some(max)) => format!("binary({max})"),
        DataType::Json => "json".into(),
        DataType::Geometry => "geometry".into(),
        DataType::Date => "date".into(),
        DataType::TimeOfDay => "time".into(),
        DataType::Interval => "interval".into(),
        DataType::Uuid => "uuid".into(),
        DataType::Inet => "inet".into(),
        DataType::Instant(unit) => format!("instant({})", unit.digits()),
        DataType::LocalDateTime(unit) => format!("datetime({})", unit.digits()),
    }
}

pub(super) fn type_named(name: &str) -> Option<DataType> {
    let (word, arguments) = match name.strip_suffix(')') {
        Some(rest) => {
            let (word, arguments) = rest.split_once('(')?;
            (word, Some(arguments))
        }
        None => (name, None),
    };
    let unit = || TimeUnit::from_digits(arguments?.parse().ok()?);
    Some(match (word, arguments) {
        ("boolean", None) => DataType::Boolean,
        ("int8", None) => DataType::Int8,
        ("int16", None) => DataType::Int16,
        ("int32", None) => DataType::Int32,
        ("int64", None) => DataType::Int64,
        ("uint8", None) => DataType::UInt8,
        ("uint16", None) => DataType::UInt16,
        ("uint32", None) => DataType::UInt32,
        ("uint64", None) => DataType::UInt64,
        ("float32", None) => DataType::Float32,
        ("float64", None) => DataType::Float64,
        ("decimal", Some(arguments)) => {
            let (precision, scale) = arguments.split_once(' ')?;
            DataType::Decimal { precision: precision.parse().ok()?, scale: scale.parse().ok()? }
        }
        ("text", None) => DataType::Text(None),
        ("text", Some(arguments)) => match arguments.split_once(' ')? {
            (max, "bytes") => DataType::Text(Some(TextLength::bytes(max.parse().ok()?))),
            (max, "characters") => DataType::Text(Some(TextLength::characters(max.parse().ok()?))),
            _ => return None,
        },
        ("binary", None) => DataType::Binary(None),
        ("binary", Some(max)) => DataType::Binary(Some(max.parse().ok()?)),
        ("json", None) => DataType::Json,
        ("geometry", None) => DataType::Geometry,
        ("date", None) => DataType::Date,
        ("time", None) => DataType::TimeOfDay,
        ("interval", None) => DataType::Interval,
        ("uuid", None) => DataType::Uuid,
        ("inet", None) => DataType::Inet,
        ("instant", Some(_)) => DataType::Instant(unit()?),
        ("datetime", Some(_)) => DataType::LocalDateTime(unit()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::tests::every_type;

    #[test]
    fn every_type_has_a_name_that_says_it() {
        for data_type in every_type() {
            assert_eq!(type_named(&type_name(data_type)), Some(data_type), "{}", type_name(data_type));
        }
        assert_eq!(type_named("text(3 miles)"), None);
        assert_eq!(type_named("int64("), None);
    }
}
