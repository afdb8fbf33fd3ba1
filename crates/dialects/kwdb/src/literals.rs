//! What stands in VALUES becomes a value of its column, by this vendor's rules.
//!
//! Time-series tables and relational ones word their refusals differently; beyond what the vendor
//! takes, a number in a string and a string in double quotes are accepted where they fit exactly.

mod bytes;
pub(crate) mod interval;
mod numbers;
pub(crate) mod time_text;

use crate::error::worded;
use crate::sql::statement;
use crate::timezone::Zone;
use crate::types::{Word, column_word, display};
use model::{Column, DataType, Error, ErrorKind, Result, TextLength, TimeUnit, Value};
use time_text::{WallTime, parse_clock};

/// The column that a literal is meant for.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) data_type: DataType,
    word: Word,
    series: bool,
}

/// A literal, whatever wrote it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Literal<'a> {
    /// true or false
    Boolean(bool),
    /// An integer of any size.
    Integer(&'a str),
    /// A number with a point or an exponent.
    Decimal(&'a str),
    /// A string, in whatever quotes.
    Text(&'a str),
    /// `b'..'` and `x'..'`
    Bytes(&'a [u8]),
}

impl<'a> Literal<'a> {
    /// The literal in a cell of VALUES; `None` for NULL, DEFAULT and expressions.
    pub(crate) fn of(value: statement::Value<'a>) -> Option<Self> {
        match value {
            statement::Value::Boolean(value) => Some(Self::Boolean(value)),
            statement::Value::Integer(digits) => Some(Self::Integer(digits)),
            statement::Value::Decimal(digits) => Some(Self::Decimal(digits)),
            statement::Value::Text(text) | statement::Value::QuotedWord(text) => Some(Self::Text(text)),
            statement::Value::Bytes(bytes) => Some(Self::Bytes(bytes)),
            statement::Value::Null | statement::Value::Default | statement::Value::Expression(_) => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Boolean(value) => value.to_string(),
            Self::Integer(text) | Self::Decimal(text) | Self::Text(text) => (*text).to_owned(),
            Self::Bytes(bytes) => bytes::shown(bytes),
        }
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "bool",
            Self::Integer(_) => "int",
            Self::Decimal(_) => "decimal",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl Target {
    /// The target of a column of a series table (`series`) or a keyed one.
    pub(crate) fn new(column: &Column, series: bool) -> Self {
        Self { name: column.name.clone(), data_type: column.data_type, word: column_word(column), series }
    }

    /// The type as errors print it.
    fn type_text(&self) -> String {
        display(self.data_type, self.word)
    }

    /// A literal of a kind that the column does not take.
    fn unfit(&self, literal: &Literal<'_>) -> Error {
        if self.series {
            let shown = literal.shown();
            return worded(format!(
                "could not resolve \"{shown}\" as {} type (column {})",
                self.type_text(),
                self.name
            ));
        }
        if let Literal::Text(text) = literal {
            return worded(unparsable(text, self.data_type));
        }
        worded(format!(
            "value type {} doesn't match type {} of column \"{}\"",
            literal.type_name(),
            self.word.canonical().to_ascii_lowercase(),
            self.name
        ))
    }

    fn out_of_range(&self, shown: &str) -> Error {
        if self.series {
            let noun = if self.data_type.is_integer() {
                "integer"
            } else if self.data_type.is_float() {
                "float"
            } else {
                "value"
            };
            return worded(format!(
                "{noun} \"{shown}\" out of range for type {} (column {})",
                self.type_text(),
                self.name
            ));
        }
        let lower = self.word.canonical().to_ascii_lowercase();
        worded(format!("integer out of range for type {lower} (column \"{}\")", self.name))
    }

    fn too_long(&self, shown: &str) -> Error {
        if self.series {
            return worded(format!("value '{shown}' too long for type {} (column {})", self.type_text(), self.name));
        }
        worded(format!("value too long for type {} (column \"{}\")", self.type_text(), self.name))
    }

    /// The value of a literal in this column.
    ///
    /// # Errors
    /// Refusals in the vendor's words.
    pub(crate) fn convert(&self, literal: Literal<'_>, zone: &Zone) -> Result<Value> {
        match self.data_type {
            DataType::Boolean => self.boolean(literal),
            integer if integer.is_integer() => self.integer(literal),
            DataType::Float32 | DataType::Float64 => self.float(literal),
            DataType::Decimal { precision, scale } => self.decimal(literal, precision, scale),
            DataType::Text(length) => self.text(literal, length),
            DataType::Binary(length) => self.binary(literal, length),
            DataType::Instant(unit) => self.time(literal, unit, |time| time.instant(zone, unit), Value::Instant),
            DataType::LocalDateTime(unit) => self.time(literal, unit, |time| time.local(unit), Value::LocalDateTime),
            _ => self.other(literal),
        }
    }

    fn boolean(&self, literal: Literal<'_>) -> Result<Value> {
        let value = match literal {
            Literal::Boolean(value) => Some(value),
            Literal::Integer("0") if self.series => Some(false),
            Literal::Integer("1") if self.series => Some(true),
            Literal::Text(text) => numbers::boolean(text),
            _ => None,
        };
        value.map(Value::Boolean).ok_or_else(|| self.unfit(&literal))
    }

    fn integer(&self, literal: Literal<'_>) -> Result<Value> {
        let digits = match literal {
            Literal::Boolean(value) if self.series => return Ok(Value::Integer(i128::from(value))),
            Literal::Integer(digits) => digits,
            Literal::Text(text) => text.trim(),
            // 2.0 is a whole number in a relational table.
            Literal::Decimal(digits) if !self.series => match numbers::whole(digits) {
                Some(whole) => whole,
                None => return Err(self.unfit(&literal)),
            },
            _ => return Err(self.unfit(&literal)),
        };
        let Some(value) = numbers::integer(digits) else {
            return match literal {
                Literal::Integer(_) => Err(worded("numeric constant out of int64 range")),
                _ => Err(self.unfit(&literal)),
            };
        };
        let (least, greatest) = numbers::bounds(self.data_type);
        if (least..=greatest).contains(&value) { Ok(Value::Integer(value)) } else { Err(self.out_of_range(digits)) }
    }

    fn float(&self, literal: Literal<'_>) -> Result<Value> {
        let text = match literal {
            Literal::Integer(text) | Literal::Decimal(text) => text,
            Literal::Text(text) => text.trim(),
            Literal::Boolean(_) | Literal::Bytes(_) => return Err(self.unfit(&literal)),
        };
        let value = numbers::float(text).ok_or_else(|| self.unfit(&literal))?;
        let written_infinite = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_alphabetic());
        #[expect(clippy::cast_possible_truncation, reason = "the narrowing is what is checked")]
        let overflows = match self.data_type {
            DataType::Float32 => (value as f32).is_infinite(),
            _ => value.is_infinite(),
        };
        if overflows && !written_infinite { Err(self.out_of_range(text)) } else { Ok(Value::Float(value)) }
    }

    fn decimal(&self, literal: Literal<'_>, precision: u8, scale: i8) -> Result<Value> {
        let text = match literal {
            Literal::Integer(text) | Literal::Decimal(text) => text,
            Literal::Text(text) => text.trim(),
            Literal::Boolean(_) | Literal::Bytes(_) => return Err(self.unfit(&literal)),
        };
        let parsed = numbers::decimal(text, scale).ok_or_else(|| self.unfit(&literal))?;
        match parsed {
            Some(decimal) if numbers::fits(decimal, precision) => Ok(Value::Decimal(decimal)),
            _ => Err(worded(format!(
                "type {} (column \"{}\"): value with precision {precision}, scale {scale} must round to an \
                 absolute value less than 10^{}",
                self.type_text(),
                self.name,
                i16::from(precision) - i16::from(scale)
            ))),
        }
    }

    /// A text, if it is no longer than the column takes.
    ///
    /// # Errors
    /// The vendor's words for one that is too long.
    pub(crate) fn fitting<'a>(&self, text: &'a str, length: Option<TextLength>) -> Result<&'a str> {
        if length.is_none_or(|length| length.fits(text)) { Ok(text) } else { Err(self.too_long(text)) }
    }

    fn text(&self, literal: Literal<'_>, length: Option<TextLength>) -> Result<Value> {
        let text = match literal {
            Literal::Text(text) => text.to_owned(),
            Literal::Bytes(bytes) => {
                String::from_utf8(bytes.to_vec()).map_err(|_| worded("lexical error: invalid UTF-8 byte sequence"))?
            }
            Literal::Boolean(_) | Literal::Integer(_) | Literal::Decimal(_) => return Err(self.unfit(&literal)),
        };
        self.fitting(&text, length)?;
        Ok(Value::Text(text))
    }

    fn binary(&self, literal: Literal<'_>, length: Option<u32>) -> Result<Value> {
        let bytes = match literal {
            Literal::Bytes(bytes) => bytes.to_vec(),
            Literal::Text(text) => bytes::parse(text, self.series)?,
            Literal::Boolean(_) | Literal::Integer(_) | Literal::Decimal(_) => return Err(self.unfit(&literal)),
        };
        if length.is_none_or(|length| bytes.len() <= length as usize) {
            Ok(Value::Binary(bytes))
        } else {
            Err(self.too_long(&literal.shown()))
        }
    }

    fn time(
        &self,
        literal: Literal<'_>,
        unit: TimeUnit,
        read: impl Fn(&WallTime) -> Option<i64>,
        make: impl Fn(i64, TimeUnit) -> Value,
    ) -> Result<Value> {
        let out_of_range = || {
            let shown = literal.shown();
            let (kind, name) = (self.type_text(), &self.name);
            worded(format!("value \"{shown}\" out of range for type {kind} (column {name})"))
        };
        let count = match literal {
            Literal::Integer(digits) => digits.parse::<i64>().map_err(|_| out_of_range())?,
            Literal::Text(text) => {
                let time = WallTime::parse(text).ok_or_else(|| self.unfit(&literal))?;
                read(&time).ok_or_else(out_of_range)?
            }
            _ => return Err(self.unfit(&literal)),
        };
        let (first, last) = time_bounds(unit);
        if (first..=last).contains(&count) { Ok(make(count, unit)) } else { Err(out_of_range()) }
    }

    fn other(&self, literal: Literal<'_>) -> Result<Value> {
        let Literal::Text(text) = literal else { return Err(self.unfit(&literal)) };
        let value = match self.data_type {
            DataType::Date => WallTime::parse(text).and_then(|time| time.days()).map(Value::Date),
            DataType::TimeOfDay => time_of_day(text).map(Value::TimeOfDay),
            DataType::Interval => interval::parse(text).map(Value::Interval),
            DataType::Uuid => bytes::uuid(text).map(Value::Uuid),
            DataType::Inet => is_inet(text).then(|| Value::Text(text.to_owned())),
            DataType::Json => {
                let valid = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                valid.then(|| Value::Text(text.to_owned()))
            }
            _ => {
                return Err(Error::new(ErrorKind::Unsupported {
                    what: format!("a literal of type {}", self.type_text()),
                }));
            }
        };
        value.ok_or_else(|| self.unfit(&literal))
    }

    /// The value of a moment, such as `now()`, in this column.
    ///
    /// # Errors
    /// The column holds no times, or not that late ones.
    pub(crate) fn moment(&self, nanos: i64, zone: &Zone, function: &str) -> Result<Value> {
        let instant = i128::from(nanos);
        let value = match self.data_type {
            DataType::Instant(unit) => unit.floor_from_nanos(instant).map(|t| Value::Instant(t, unit)),
            DataType::LocalDateTime(unit) => {
                unit.floor_from_nanos(zone.wall_of(instant)).map(|t| Value::LocalDateTime(t, unit))
            }
            DataType::Date => i32::try_from(zone.wall_of(instant).div_euclid(86_400_000_000_000)).ok().map(Value::Date),
            _ => return Err(self.unfit(&Literal::Text(function))),
        };
        value.ok_or_else(|| self.out_of_range(function))
    }
}

/// The first and the last time that a column with this unit holds.
pub(crate) const fn time_bounds(unit: TimeUnit) -> (i64, i64) {
    match unit {
        TimeUnit::Millisecond => (-62_167_219_200_000, 31_556_995_200_000),
        TimeUnit::Microsecond => (-62_167_219_200_000_000, 31_556_995_200_000_000),
        TimeUnit::Nanosecond => (0, 9_214_646_400_000_000_000),
    }
}

/// How a relational column refuses a text.
fn unparsable(text: &str, data_type: DataType) -> String {
    let parsed = |kind: &str, call: &str| {
        format!("could not parse \"{text}\" as type {kind}: strconv.{call}: parsing \"{text}\": invalid syntax")
    };
    match data_type {
        integer if integer.is_integer() => parsed("int", "ParseInt"),
        DataType::Float32 | DataType::Float64 => parsed("float", "ParseFloat"),
        DataType::Boolean => format!("could not parse \"{text}\" as type bool: invalid bool value"),
        DataType::Decimal { .. } => format!("could not parse \"{text}\" as type decimal: invalid decimal"),
        DataType::Instant(_) => format!("could not parse \"{text}\" as type timestamptz: no such time"),
        DataType::LocalDateTime(_) => format!("could not parse \"{text}\" as type timestamp: no such time"),
        other => {
            let word = crate::types::default_word(other).canonical().to_ascii_lowercase();
            format!("could not parse \"{text}\" as type {word}")
        }
    }
}

fn time_of_day(text: &str) -> Option<i64> {
    let (nanos, _, rest) = parse_clock(text.trim())?;
    if rest.trim().is_empty() { i64::try_from(nanos).ok() } else { None }
}

fn is_inet(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|bits| bits <= most))
}

#[cfg(test)]
mod tests;
