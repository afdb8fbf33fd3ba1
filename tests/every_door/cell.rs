//! A value at full precision, and how each door spells it.

use super::door::Door;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i128),
    /// A 32-bit float.
    Single(f32),
    Float(f64),
    /// All digits, without zeros behind the last one that counts.
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Date(String),
    /// Nanoseconds since 1970.
    Time(i128),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// What a reader shows of it: times in the unit that this door has; `None` where it must refuse.
    pub(super) fn shown_by(&self, reader: Door) -> Option<Self> {
        let floored = |nanos: &i128, unit: i128| Some(Self::Time(nanos.div_euclid(unit) * unit));
        match (self, reader) {
            (Self::Time(nanos), Door::Iotdb) => floored(nanos, 1_000_000),
            (Self::Time(nanos), Door::StarRocks) => floored(nanos, 1_000),
            (Self::Integer(integer), Door::Iotdb) => i64::try_from(*integer).is_ok().then(|| self.clone()),
            _ => Some(self.clone()),
        }
    }

    /// What an answer's value says, read as the kind of cell that is expected there.
    pub(super) fn read(reader: Door, shown: &Value, like: &Self) -> Result<Self, String> {
        let wrong = || format!("shown as {shown}, which is none of {like:?}");
        if shown.is_null() {
            return Ok(Self::Null);
        }
        let number = || match shown {
            Value::Number(number) => Ok(number.to_string()),
            Value::String(digits) => Ok(digits.clone()),
            _ => Err(wrong()),
        };
        let text = || shown.as_str().ok_or_else(wrong);
        Ok(match like {
            Self::Null => return Err(format!("shown as {shown}, not as NULL")),
            Self::Boolean(_) if reader == Door::StarRocks => Self::Boolean(match shown.as_i64() {
                Some(0) => false,
                Some(1) => true,
                _ => return Err(wrong()),
            }),
            Self::Boolean(_) => Self::Boolean(shown.as_bool().ok_or_else(wrong)?),
            // Only what is beyond 64 bits may be a text.
            Self::Integer(_) if shown.is_string() && reader != Door::StarRocks => return Err(wrong()),
            Self::Integer(_) => Self::Integer(number()?.parse().map_err(|_| wrong())?),
            Self::Single(_) => {
                Self::Single(shown.as_f64().ok_or_else(wrong)?.to_string().parse().map_err(|_| wrong())?)
            }
            Self::Float(_) => Self::Float(shown.as_f64().ok_or_else(wrong)?),
            Self::Decimal(_) => Self::Decimal(number()?.trim_end_matches('0').trim_end_matches('.').to_owned()),
            Self::Text(_) => Self::text(text()?),
            Self::Date(_) => Self::Date(text()?.to_owned()),
            Self::Bytes(_) => Self::Bytes(bytes(reader, text()?).ok_or_else(wrong)?),
            Self::Time(_) => Self::Time(time(reader, shown).ok_or_else(wrong)?),
        })
    }
}

fn bytes(reader: Door, text: &str) -> Option<Vec<u8>> {
    let digits = match reader {
        Door::Kwdb => text.strip_prefix("\\\\x").or_else(|| text.strip_prefix("\\x"))?,
        Door::Iotdb => text.strip_prefix("0x")?,
        Door::StarRocks => return BASE64_STANDARD.decode(text).ok(),
        _ => text,
    };
    let pair = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(pair).collect()
}

/// Nanoseconds of a shown time. The digits behind the second are read one by one, so that nothing
/// of them is rounded here.
fn time(reader: Door, shown: &Value) -> Option<i128> {
    if reader == Door::Iotdb {
        return Some(i128::from(shown.as_i64()?) * 1_000_000);
    }
    let text = shown.as_str()?;
    let text = if reader == Door::StarRocks { format!("{}Z", text.replace(' ', "T")) } else { text.to_owned() };
    let body = text.strip_suffix('Z')?;
    let (seconds, digits) = body.split_once('.').unwrap_or((body, ""));
    let whole: jiff::Timestamp = format!("{seconds}Z").parse().ok()?;
    let fraction: i128 = format!("{digits:0<9}").parse().ok()?;
    (digits.len() <= 9).then(|| i128::from(whole.as_second()) * 1_000_000_000 + fraction)
}
