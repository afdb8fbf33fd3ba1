//! The type words of this dialect and the types of the model, both ways.
//!
//! The resources know two words more than the vendor's SQL: `timestamp(unit)`, a point in time, and
//! `ubigint`. SQL shows them as `datetime` and `largeint`.

mod result;

pub(crate) use result::{Shown, result_type};

use model::{
    Column, ColumnId, ColumnRole, DataType, Declared, Error, ErrorKind, LengthUnit, Result, TextLength, TimeUnit,
};

/// The name of this dialect in settings and declared words.
pub(crate) const DIALECT: &str = "starrocks";
/// The digits of a LARGEINT: as many as a decimal has. Two of the vendor's 128 bits are not used.
const LARGEINT_DIGITS: u8 = 38;
/// The longest VARCHAR and VARBINARY in bytes.
const LENGTH_MAX: u32 = 1_048_576;
/// The longest CHAR in bytes.
const CHAR_MAX: u32 = 255;

macro_rules! words {
    ($($variant:ident $canonical:literal $(or $other:literal)*),* $(,)?) => {
        /// A type word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word { $(#[doc = $canonical] $variant),* }

        impl Word {
            /// Its spelling.
            pub(crate) const fn canonical(self) -> &'static str {
                match self { $(Self::$variant => $canonical),* }
            }

            /// The word of that spelling, in lower case.
            fn named(text: &str) -> Option<Self> {
                match text { $($canonical $(| $other)* => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    Boolean "boolean" or "bool", TinyInt "tinyint", SmallInt "smallint", Int "int" or "integer", BigInt "bigint",
    LargeInt "largeint", UBigInt "ubigint", Float "float", Double "double",
    Decimal "decimal" or "decimalv3" or "decimal32" or "decimal64" or "decimal128" or "numeric",
    Char "char", Varchar "varchar", String "string" or "text", Varbinary "varbinary" or "binary", Date "date",
    DateTime "datetime", Timestamp "timestamp", Json "json",
}

/// Types of the vendor that nothing here stores.
const REFUSED: [&str; 8] = ["array", "map", "struct", "bitmap", "hll", "percentile", "variant", "time"];

fn unknown(text: &str) -> Error {
    let word = text.split('(').next().unwrap_or_default().trim();
    if REFUSED.contains(&word.to_ascii_lowercase().as_str()) {
        return Error::unsupported(format!("the type {}", word.to_ascii_uppercase()));
    }
    Error::new(ErrorKind::InvalidDefinition { reason: format!("there is no type \"{text}\"") })
}

fn invalid(reason: String) -> Error {
    Error::new(ErrorKind::InvalidDefinition { reason })
}

fn unit(text: &str) -> Option<TimeUnit> {
    match text {
        "ms" => Some(TimeUnit::Millisecond),
        "us" => Some(TimeUnit::Microsecond),
        "ns" => Some(TimeUnit::Nanosecond),
        _ => None,
    }
}

/// The short name of a unit.
pub(crate) const fn unit_word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    }
}

/// The unit of that short name.
pub(crate) fn unit_named(text: &str) -> Option<TimeUnit> {
    unit(&text.to_ascii_lowercase())
}

/// Reads a type such as `varchar(64)`, `decimal(10, 2)`, `timestamp(ms)`.
///
/// # Errors
/// [`ErrorKind::InvalidDefinition`] for a type that does not exist or numbers that it does not take,
/// [`ErrorKind::Unsupported`] for one that nothing here stores.
pub(crate) fn parse(text: &str) -> Result<(DataType, Word)> {
    let lower = text.trim().to_ascii_lowercase();
    let (name, arguments) = match lower.split_once('(') {
        Some((name, rest)) => {
            let inside = rest.strip_suffix(')').ok_or_else(|| unknown(text))?;
            (name.trim(), inside.split(',').map(str::trim).collect::<Vec<_>>())
        }
        None => (lower.as_str(), Vec::new()),
    };
    let word = Word::named(name).ok_or_else(|| unknown(text))?;
    let numbers = || arguments.iter().map(|number| number.parse::<u32>().ok()).collect::<Option<Vec<_>>>();
    let length = |default: Option<u32>, most: u32| match numbers().as_deref() {
        Some([]) => Ok(default),
        Some([length]) if (1..=most).contains(length) => Ok(Some(*length)),
        Some([_]) => Err(invalid(format!("the length of {name} must be from 1 to {most}"))),
        _ => Err(unknown(text)),
    };
    let precision = |default: TimeUnit| match arguments.as_slice() {
        [] => Ok(default),
        [word] => unit(word).ok_or_else(|| unknown(text)),
        _ => Err(unknown(text)),
    };
    // What stands behind a whole number's type is a width of its display, which says nothing.
    let plain = |data_type: DataType, width: bool| match numbers().as_deref() {
        Some([]) => Ok(data_type),
        Some([_]) if width => Ok(data_type),
        _ => Err(unknown(text)),
    };
    let data_type = match word {
        Word::Boolean => plain(DataType::Boolean, false)?,
        Word::TinyInt => plain(DataType::Int8, true)?,
        Word::SmallInt => plain(DataType::Int16, true)?,
        Word::Int => plain(DataType::Int32, true)?,
        Word::BigInt => plain(DataType::Int64, true)?,
        Word::LargeInt => plain(DataType::Decimal { precision: LARGEINT_DIGITS, scale: 0 }, true)?,
        Word::UBigInt => plain(DataType::UInt64, false)?,
        Word::Float => plain(DataType::Float32, false)?,
        Word::Double => plain(DataType::Float64, false)?,
        Word::Decimal => match numbers().as_deref() {
            Some([]) => decimal(10, 0)?,
            Some([precision]) => decimal(*precision, 0)?,
            Some([precision, scale]) => decimal(*precision, *scale)?,
            _ => return Err(unknown(text)),
        },
        Word::Char => DataType::Text(length(Some(1), CHAR_MAX)?.map(TextLength::bytes)),
        Word::Varchar => DataType::Text(length(Some(1), LENGTH_MAX)?.map(TextLength::bytes)),
        Word::String => DataType::Text(length(None, LENGTH_MAX)?.map(TextLength::bytes)),
        Word::Varbinary => DataType::Binary(length(None, LENGTH_MAX)?),
        Word::Date => plain(DataType::Date, false)?,
        Word::DateTime => DataType::LocalDateTime(precision(TimeUnit::Microsecond)?),
        Word::Timestamp => DataType::Instant(precision(TimeUnit::Millisecond)?),
        Word::Json => plain(DataType::Json, false)?,
    };
    Ok((data_type, word))
}

fn decimal(precision: u32, scale: u32) -> Result<DataType> {
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(digits @ 1..=38), Ok(places)) if scale <= precision => {
            Ok(DataType::Decimal { precision: digits, scale: places })
        }
        _ => {
            Err(invalid(format!("decimal({precision}, {scale}): 1 to 38 digits, at most all of them after the point")))
        }
    }
}

/// The declared word of a column for the catalogue.
pub(crate) fn declared(word: Word) -> Declared {
    Declared { dialect: DIALECT.to_owned(), word: word.canonical().to_owned() }
}

/// The word that this dialect declared a column with.
fn declared_word(column: &Column) -> Option<Word> {
    let declared = column.declared.as_ref().filter(|declared| declared.dialect == DIALECT)?;
    Word::named(&declared.word)
}

/// A column's type as the resources show it; [`parse`] reads what a column here can be made with.
pub(crate) fn resource_type(column: &Column) -> String {
    let word = declared_word(column);
    match column.data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "ubigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal { .. } if word == Some(Word::LargeInt) => "largeint".to_owned(),
        DataType::Decimal { precision, scale } => format!("decimal({precision}, {scale})"),
        DataType::Text(length) => text_type(length, word, "string"),
        DataType::Binary(Some(length)) => format!("varbinary({length})"),
        DataType::Binary(None) | DataType::Geometry => "varbinary".to_owned(),
        DataType::Json => "json".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::TimeOfDay | DataType::Interval | DataType::Uuid | DataType::Inet => "varchar".to_owned(),
        DataType::Instant(unit) => format!("timestamp({})", unit_word(unit)),
        DataType::LocalDateTime(TimeUnit::Microsecond) => "datetime".to_owned(),
        DataType::LocalDateTime(unit) => format!("datetime({})", unit_word(unit)),
    }
}

/// A type as this dialect shows that of a column which another one declared.
pub(crate) fn foreign_word(data_type: DataType) -> String {
    resource_type(&Column::new(ColumnId(0), "", ColumnRole::Field, data_type))
}

/// A length in characters is shown as the bytes that they can take.
fn text_type(length: Option<TextLength>, word: Option<Word>, unlimited: &str) -> String {
    let Some(length) = length else { return unlimited.to_owned() };
    let bytes = match length.unit {
        LengthUnit::Bytes => length.max,
        LengthUnit::Characters => length.max.saturating_mul(4),
    };
    let name = if word == Some(Word::Char) { "char" } else { "varchar" };
    format!("{name}({bytes})")
}

/// A column's type as DESC and SHOW CREATE TABLE print it.
pub(crate) fn sql_type(column: &Column) -> String {
    let word = declared_word(column);
    match column.data_type {
        DataType::Int8 => "tinyint(4)".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint(6)".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int(11)".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint(20)".to_owned(),
        DataType::UInt64 => "largeint(40)".to_owned(),
        DataType::Decimal { .. } if word == Some(Word::LargeInt) => "largeint(40)".to_owned(),
        DataType::Text(length) => text_type(length, word, "varchar(65533)"),
        DataType::Instant(_) | DataType::LocalDateTime(_) => "datetime".to_owned(),
        DataType::Uuid => "varchar(36)".to_owned(),
        DataType::TimeOfDay | DataType::Interval | DataType::Inet => "varchar(65533)".to_owned(),
        _ => resource_type(column),
    }
}

#[cfg(test)]
mod tests {
    use super::{declared, parse, resource_type, sql_type};
    use model::{Column, ColumnId, ColumnRole};

    fn column(text: &str) -> Column {
        let (data_type, word) = parse(text).unwrap();
        Column { declared: Some(declared(word)), ..Column::new(ColumnId(1), "c", ColumnRole::Field, data_type) }
    }

    #[test]
    fn types_read_back() {
        for (written, resource, sql) in [
            ("BOOL", "boolean", "boolean"),
            ("tinyint(4)", "tinyint", "tinyint(4)"),
            ("INT(11)", "int", "int(11)"),
            ("bigint", "bigint", "bigint(20)"),
            ("largeint", "largeint", "largeint(40)"),
            ("ubigint", "ubigint", "largeint(40)"),
            ("decimal64(10,2)", "decimal(10, 2)", "decimal(10, 2)"),
            ("char(3)", "char(3)", "char(3)"),
            ("varchar", "varchar(1)", "varchar(1)"),
            ("varchar( 64 )", "varchar(64)", "varchar(64)"),
            ("string", "string", "varchar(65533)"),
            ("varbinary(16)", "varbinary(16)", "varbinary(16)"),
            ("datetime", "datetime", "datetime"),
            ("timestamp", "timestamp(ms)", "datetime"),
            ("timestamp(ns)", "timestamp(ns)", "datetime"),
            ("json", "json", "json"),
        ] {
            let made = column(written);
            assert_eq!((resource_type(&made).as_str(), sql_type(&made).as_str()), (resource, sql), "{written}");
            assert_eq!(parse(&resource_type(&made)).unwrap().0, made.data_type, "{written}");
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for bad in [
            "",
            "int(",
            "varchar(0)",
            "varchar(x)",
            "char(256)",
            "decimal(39)",
            "decimal(3,4)",
            "array<int>",
            "map",
            "timestamp(s)",
            "date(3)",
            "boolean(1)",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
