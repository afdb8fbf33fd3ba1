//! Values on their way into columns: what the vendor converts, and its texts for what it refuses.

use crate::names;
use crate::texts;
use crate::times;
use crate::types::Type;
use crate::zone::Zone;
use model::{Column, DataType, TimeUnit, Value};

/// A value of one of this vendor's types, on its way into a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sent {
    Boolean(bool),
    Integer(i64),
    Float(f32),
    Double(f64),
    Text(String),
    Blob(Vec<u8>),
    /// Days since 1970.
    Date(i32),
}

impl Sent {
    /// Its text form.
    fn text(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => texts::float(*value),
            Self::Double(value) => texts::double(*value),
            Self::Text(text) => text.clone(),
            Self::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Self::Date(day) => times::day_text(*day),
        }
    }

    /// As a column of this type holds it; the types were found compatible before. `None` where the
    /// column's own range is narrower than the vendor's type for it.
    pub(crate) fn stored(&self, data_type: DataType) -> Option<Value> {
        #[expect(clippy::cast_precision_loss, reason = "integers widen to floats as the vendor widens them")]
        Some(match (data_type, self) {
            (DataType::Text(_) | DataType::Json | DataType::Inet, sent) => Value::Text(sent.text()),
            (DataType::Binary(_) | DataType::Geometry, Self::Blob(bytes)) => Value::Binary(bytes.clone()),
            (DataType::Binary(_) | DataType::Geometry, Self::Text(text)) => Value::Binary(text.clone().into_bytes()),
            (DataType::Boolean, Self::Boolean(value)) => Value::Boolean(*value),
            (DataType::Date, Self::Date(day)) => Value::Date(*day),
            (data_type, Self::Integer(value)) if data_type.is_integer() => {
                fits(data_type, *value).then(|| Value::Integer(i128::from(*value)))?
            }
            (data_type, Self::Integer(value)) if data_type.is_float() => Value::Float(*value as f64),
            (data_type, Self::Float(value)) if data_type.is_float() => Value::Float(f64::from(*value)),
            (data_type, Self::Double(value)) if data_type.is_float() => Value::Float(*value),
            (DataType::Instant(unit), Self::Integer(value)) => Value::Instant(in_unit(*value, unit)?, unit),
            (DataType::LocalDateTime(unit), Self::Integer(value)) => Value::LocalDateTime(in_unit(*value, unit)?, unit),
            (DataType::Decimal { scale, .. }, Self::Text(text)) => decimal(text, scale)?,
            _ => return None,
        })
    }
}

fn fits(data_type: DataType, value: i64) -> bool {
    match data_type {
        DataType::Int8 => i8::try_from(value).is_ok(),
        DataType::Int16 => i16::try_from(value).is_ok(),
        DataType::Int32 => i32::try_from(value).is_ok(),
        DataType::UInt8 => u8::try_from(value).is_ok(),
        DataType::UInt16 => u16::try_from(value).is_ok(),
        DataType::UInt32 => u32::try_from(value).is_ok(),
        DataType::UInt64 => value >= 0,
        _ => true,
    }
}

/// A decimal in text with no more digits behind the point than the column has.
fn decimal(text: &str, scale: i8) -> Option<Value> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = usize::try_from(scale).ok().filter(|scale| fraction.len() <= *scale)?;
    let unscaled = format!("{whole}{fraction:0<digits$}").parse().ok()?;
    Some(Value::Decimal(model::Decimal { unscaled, scale }))
}

/// A count of milliseconds in a column's unit.
pub(crate) fn in_unit(millis: i64, unit: TimeUnit) -> Option<i64> {
    crate::types::UNIT.convert(millis, unit)
}

/// A literal of an INSERT.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64, String),
    Text(String),
    Blob(Vec<u8>),
    /// A bare datetime, in milliseconds.
    Time(i64),
}

impl Literal {
    /// As the vendor prints it in texts about it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(value) => value.to_string(),
            Self::Integer(value) | Self::Time(value) => value.to_string(),
            Self::Double(value, _) => texts::double(*value),
            Self::Text(text) => text.clone(),
            Self::Blob(bytes) => bytes.iter().fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
        }
    }

    /// As a column takes it: `Ok(None)` for NULL.
    ///
    /// # Errors
    /// Why the cell is left out, in the vendor's words.
    pub(crate) fn converted(&self, column: &Column, zone: &Zone) -> Result<Option<Value>, String> {
        let of = Type::of_column(column);
        let inconsistent = || format!("data type is not consistent, input {}, registered {}", self.shown(), of.word());
        let is_null_word = |text: &str| text.eq_ignore_ascii_case("null") && !of.is_text() && of != Type::Blob;
        let sent = match (of, self) {
            (_, Self::Null) => return Ok(None),
            (_, Self::Text(text)) if is_null_word(text) => return Ok(None),
            (Type::Text | Type::String, Self::Double(_, _)) => Sent::Text(self.shown()),
            (Type::Text | Type::String, Self::Blob(bytes)) => Sent::Blob(bytes.clone()),
            (Type::Text | Type::String, literal) => Sent::Text(literal.shown()),
            (Type::Boolean, literal) => Sent::Boolean(literal.boolean()?),
            (Type::Int32, literal) => {
                let value = literal.integer().filter(|value| i32::try_from(*value).is_ok());
                Sent::Integer(value.ok_or_else(inconsistent)?)
            }
            (Type::Int64, literal) => Sent::Integer(literal.integer().ok_or_else(inconsistent)?),
            (Type::Float, literal) => {
                let value = literal.double().ok_or_else(inconsistent)?;
                #[expect(clippy::cast_possible_truncation, reason = "the vendor narrows, and refuses what is infinite")]
                let value = value as f32;
                if value.is_infinite() {
                    return Err(format!("The input float value is {}", texts::float(value)));
                }
                Sent::Float(value)
            }
            (Type::Double, literal) => {
                let value = literal.double().ok_or_else(inconsistent)?;
                if value.is_infinite() {
                    return Err(format!("The input double value is {}", texts::double(value)));
                }
                Sent::Double(value)
            }
            (Type::Blob, Self::Blob(bytes)) => Sent::Blob(bytes.clone()),
            (Type::Blob, Self::Text(text)) => Sent::Blob(text.clone().into_bytes()),
            (Type::Blob, _) => return Err(inconsistent()),
            (Type::Date, Self::Text(text)) => {
                Sent::Date(times::parse_day(text).ok_or_else(|| no_date(&inconsistent()))?)
            }
            (Type::Date, _) => return Err(no_date(&inconsistent())),
            (Type::Timestamp, literal) => Sent::Integer(literal.time(zone).ok_or_else(inconsistent)?),
        };
        sent.stored(column.data_type).map(Some).ok_or_else(inconsistent)
    }

    fn boolean(&self) -> Result<bool, String> {
        match self {
            Self::Boolean(value) => return Ok(*value),
            Self::Integer(0) => return Ok(false),
            Self::Integer(1) => return Ok(true),
            Self::Text(text) if text.eq_ignore_ascii_case("true") || text == "1" => return Ok(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") || text == "0" => return Ok(false),
            _ => {}
        }
        Err("The BOOLEAN should be true/TRUE, false/FALSE or 0/1".to_owned())
    }

    fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) | Self::Time(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn double(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "integers widen to floats as the vendor widens them")]
        match self {
            Self::Integer(value) | Self::Time(value) => Some(*value as f64),
            Self::Double(value, _) => Some(*value),
            Self::Text(text) => texts::parse_double(text),
            _ => None,
        }
    }

    /// As a point in time, in milliseconds.
    pub(crate) fn time(&self, zone: &Zone) -> Option<i64> {
        match self {
            Self::Integer(value) | Self::Time(value) => Some(*value),
            Self::Text(text) => times::parse(text, zone),
            _ => None,
        }
    }
}

fn no_date(inconsistent: &str) -> String {
    format!("{inconsistent} because Invalid date format. Please use YYYY-MM-DD format.")
}

/// The vendor's text for cells that were left out.
pub(crate) fn left_out(columns: &[String], reasons: &[String]) -> String {
    let shown: Vec<&str> = columns.iter().map(|name| names::shown_name(name)).collect();
    format!("Fail to insert measurements [{}] caused by [{}]", shown.join(", "), reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{Literal, Sent, in_unit};
    use crate::types::Type;
    use crate::zone::Zone;
    use model::{Column, ColumnId, ColumnRole, DataType, TimeUnit, Value};

    fn converted(of: Type, literal: &Literal) -> Result<Option<Value>, String> {
        let mut column = Column::new(ColumnId(1), "c", ColumnRole::Field, of.stored());
        column.declared = Some(of.declared());
        literal.converted(&column, &Zone::utc())
    }

    #[test]
    fn literals_become_what_the_column_holds() {
        let text = |text: &str| Literal::Text(text.to_owned());
        assert_eq!(converted(Type::Int32, &text("12")), Ok(Some(Value::Integer(12))));
        assert_eq!(converted(Type::Int32, &text("null")), Ok(None));
        assert_eq!(converted(Type::String, &text("null")), Ok(Some(Value::Text("null".into()))));
        assert_eq!(converted(Type::Boolean, &Literal::Integer(1)), Ok(Some(Value::Boolean(true))));
        assert_eq!(converted(Type::String, &Literal::Double(1.5, "1.50".into())), Ok(Some(Value::Text("1.5".into()))));
        assert_eq!(
            converted(Type::Double, &text("abc")),
            Err("data type is not consistent, input abc, registered DOUBLE".into())
        );
        assert_eq!(converted(Type::Float, &text("Infinity")), Err("The input float value is Infinity".into()));
        assert!(converted(Type::Date, &text("2024-2-3")).is_err_and(|text| text.ends_with("YYYY-MM-DD format.")));
        let out_of_range = Literal::Integer(1 << 31);
        assert!(converted(Type::Int32, &out_of_range).is_err());
    }

    #[test]
    fn columns_of_other_doors_keep_their_ranges() {
        assert_eq!(Sent::Integer(300).stored(DataType::UInt8), None);
        assert_eq!(Sent::Integer(300).stored(DataType::Int16), Some(Value::Integer(300)));
        let nanos = DataType::Instant(TimeUnit::Nanosecond);
        assert_eq!(Sent::Integer(5).stored(nanos), Some(Value::Instant(5_000_000, TimeUnit::Nanosecond)));
        assert_eq!(Sent::Integer(31_556_889_864_403).stored(nanos), None);
        assert_eq!(in_unit(-1, TimeUnit::Microsecond), Some(-1_000));
        assert_eq!(
            Sent::Text("1.5".into()).stored(DataType::Decimal { precision: 5, scale: 2 }),
            Some(Value::Decimal(model::Decimal { unscaled: 150, scale: 2 }))
        );
    }
}
