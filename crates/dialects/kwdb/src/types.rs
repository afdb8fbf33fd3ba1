//! The type words of this dialect and the types of the model, both ways.
//!
//! A [`Word`] is a type in its one canonical spelling (`NUMERIC`: a DECIMAL without digits given);
//! a column keeps it as its declared word.
//! [`column_type`] applies the rules of each place where a type may stand.

mod result;

pub(crate) use result::{arrow_word, result_type};

use crate::sql::types::ColumnType;
use model::{Column, DataType, Declared, Error, ErrorKind, LengthUnit, Result, TextLength, TimeUnit};

/// The name of this dialect in declared words.
pub(crate) const DIALECT: &str = "kwdb";
/// The length that stands for "no limit" in column descriptions.
pub(crate) const UNLIMITED: i64 = i64::MAX;
/// Digits of a DECIMAL declared without any.
const FREE_DECIMAL: (u8, i8) = (38, 12);

macro_rules! words {
    ($($variant:ident $canonical:literal),* $(,)?) => {
        /// A type word in its one canonical spelling.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word { $(#[doc = $canonical] $variant),* }

        impl Word {
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its spelling.
            pub(crate) const fn canonical(self) -> &'static str {
                match self { $(Self::$variant => $canonical),* }
            }

            /// The word with that spelling, as a column keeps it.
            pub(crate) fn parse(text: &str) -> Option<Self> {
                match text { $($canonical => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    Bool "BOOL", Int1 "INT1", Int2 "INT2", Int4 "INT4", Int8 "INT8", Float4 "FLOAT4", Float8 "FLOAT8",
    Decimal "DECIMAL", FreeDecimal "NUMERIC", Char "CHAR", NChar "NCHAR", Varchar "VARCHAR",
    NVarchar "NVARCHAR", String "STRING", Bytes "BYTES", VarBytes "VARBYTES", Blob "BLOB", Clob "CLOB",
    Timestamp "TIMESTAMP", TimestampTz "TIMESTAMPTZ", Date "DATE", Time "TIME", TimeTz "TIMETZ",
    Interval "INTERVAL", Jsonb "JSONB", Uuid "UUID", Inet "INET", Geometry "GEOMETRY", Serial "SERIAL",
    Bit "BIT", VarBit "VARBIT", Citext "CITEXT",
}

/// Where a type stands; the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A data column of a time-series table.
    SeriesColumn,
    /// An ordinary tag.
    Tag,
    /// A primary tag.
    PrimaryTag,
    /// A column of a relational table.
    Relational,
    /// A cast.
    Cast,
}

impl Place {
    const fn noun(self) -> &'static str {
        match self {
            Self::Tag | Self::PrimaryTag => "tag",
            Self::SeriesColumn | Self::Relational | Self::Cast => "column",
        }
    }

    const fn in_series_table(self) -> bool {
        matches!(self, Self::SeriesColumn | Self::Tag | Self::PrimaryTag)
    }
}

fn definition(reason: String) -> Error {
    Error::new(ErrorKind::InvalidDefinition { reason })
}

/// The type of a column declared with a type, and the word that it keeps.
///
/// # Errors
/// [`ErrorKind::InvalidDefinition`] in this vendor's words where the place does not take the type.
pub(crate) fn column_type(name: &str, written: &ColumnType, place: Place) -> Result<(DataType, Word)> {
    use ColumnType as C;
    let (word, length) = match written {
        C::Bool => (Word::Bool, None),
        C::Int1 => (Word::Int1, None),
        C::Int2 => (Word::Int2, None),
        C::Int4 => (Word::Int4, None),
        C::Int8 => (Word::Int8, None),
        C::Serial(_) => (Word::Serial, None),
        C::Float4 => (Word::Float4, None),
        C::Float8 => (Word::Float8, None),
        C::Decimal(None) => (Word::FreeDecimal, None),
        C::Decimal(Some(_)) => (Word::Decimal, None),
        C::Char(n) => (Word::Char, *n),
        C::NChar(n) => (Word::NChar, *n),
        C::Varchar(n) => (Word::Varchar, *n),
        C::NVarchar(n) => (Word::NVarchar, *n),
        C::String(n) => (Word::String, *n),
        C::Bytes(n) => (Word::Bytes, *n),
        C::Varbytes(n) => (Word::VarBytes, *n),
        C::Blob => (Word::Blob, None),
        C::Clob => (Word::Clob, None),
        C::Timestamp(p) => (Word::Timestamp, *p),
        C::Timestamptz(p) => (Word::TimestampTz, *p),
        C::Date => (Word::Date, None),
        C::Time(p) => (Word::Time, *p),
        C::Timetz(p) => (Word::TimeTz, *p),
        C::Interval => (Word::Interval, None),
        C::Jsonb => (Word::Jsonb, None),
        C::Uuid => (Word::Uuid, None),
        C::Inet => (Word::Inet, None),
        C::Bit(n) => (Word::Bit, *n),
        C::Varbit(n) => (Word::VarBit, *n),
        C::Geometry => (Word::Geometry, None),
        C::Citext => (Word::Citext, None),
        C::Name => (Word::String, None),
        C::Oid => (Word::Int8, None),
        C::Array(element) if place.in_series_table() => {
            let lower = element.to_string().to_ascii_lowercase();
            let noun = place.noun();
            return Err(definition(format!("{noun} {name}: unsupported {noun} type {lower}[] in timeseries table")));
        }
        C::Array(element) => return Err(Error::unsupported(format!("type {element}[]"))),
    };
    if place.in_series_table() {
        check_series_word(name, word, place)?;
    }
    let data_type = match word {
        Word::Bool => DataType::Boolean,
        Word::Int1 => DataType::Int8,
        Word::Int2 => DataType::Int16,
        Word::Int4 => DataType::Int32,
        Word::Int8 | Word::Serial => DataType::Int64,
        Word::Float4 => DataType::Float32,
        Word::Float8 => DataType::Float64,
        Word::FreeDecimal => DataType::Decimal { precision: FREE_DECIMAL.0, scale: FREE_DECIMAL.1 },
        Word::Decimal => match written {
            C::Decimal(Some((precision, scale))) => decimal(*precision, *scale)?,
            _ => DataType::Decimal { precision: FREE_DECIMAL.0, scale: FREE_DECIMAL.1 },
        },
        Word::Char | Word::NChar | Word::Varchar | Word::NVarchar | Word::String | Word::Clob | Word::Citext => {
            text_type(name, word, length, place)?
        }
        Word::Bytes | Word::Blob => DataType::Binary(length),
        Word::VarBytes => DataType::Binary(match length {
            Some(length) => Some(checked_length(name, word, length, 65_534, place)?),
            None if place.in_series_table() => Some(254),
            None => None,
        }),
        Word::Timestamp => DataType::LocalDateTime(unit(length, place)?),
        Word::TimestampTz => DataType::Instant(unit(length, place)?),
        Word::Date => DataType::Date,
        Word::Time => DataType::TimeOfDay,
        Word::Interval => DataType::Interval,
        Word::Jsonb => DataType::Json,
        Word::Uuid => DataType::Uuid,
        Word::Inet => DataType::Inet,
        Word::TimeTz | Word::Bit | Word::VarBit | Word::Geometry => {
            return Err(Error::unsupported(format!("type {}", word.canonical())));
        }
    };
    Ok((data_type, if word == Word::Serial { Word::Int8 } else { word }))
}

fn decimal(precision: u32, scale: u32) -> Result<DataType> {
    if scale > precision {
        return Err(definition(format!("scale ({scale}) must be between 0 and precision ({precision})")));
    }
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => Ok(DataType::Decimal { precision, scale }),
        _ => Err(Error::unsupported(format!("DECIMAL with {precision} digits (38 at most)"))),
    }
}

fn check_series_word(name: &str, word: Word, place: Place) -> Result<()> {
    use Word as W;
    let lower = match word {
        W::FreeDecimal => "decimal".to_owned(),
        _ => word.canonical().to_ascii_lowercase(),
    };
    if word == W::Serial {
        return Err(definition("SERIAL column is not supported in timeseries table".to_owned()));
    }
    let tag_types = matches!(
        word,
        W::Bool | W::Int2 | W::Int4 | W::Int8 | W::Float4 | W::Float8 | W::Char | W::NChar | W::Varchar | W::VarBytes
    );
    let column_types = tag_types || matches!(word, W::Int1 | W::NVarchar | W::Timestamp | W::TimestampTz | W::Geometry);
    match place {
        Place::SeriesColumn if !column_types => {
            Err(definition(format!("column {name}: unsupported column type {lower} in timeseries table")))
        }
        Place::Tag | Place::PrimaryTag if !tag_types => {
            Err(definition(format!("tag {name}: unsupported tag type {lower} in timeseries table")))
        }
        Place::PrimaryTag if matches!(word, W::Float4 | W::Float8 | W::VarBytes) => {
            Err(definition(format!("data type {} is not supported for primary tag {name}", word.canonical())))
        }
        _ => Ok(()),
    }
}

fn text_type(name: &str, word: Word, length: Option<u32>, place: Place) -> Result<DataType> {
    let series = place.in_series_table();
    let (default, most) = match (word, series) {
        (Word::Char, true) => (Some(1), 1023),
        (Word::NChar, true) => (Some(1), if place == Place::SeriesColumn { 255 } else { 254 }),
        (Word::Varchar, true) if place == Place::PrimaryTag => (Some(64), 128),
        (Word::Varchar, true) => (Some(254), 65_534),
        (Word::NVarchar, true) => (Some(63), 16_383),
        (Word::Char | Word::NChar, false) => (Some(1), u32::MAX),
        _ => (None, u32::MAX),
    };
    let max = match length {
        Some(length) => Some(checked_length(name, word, length, most, place)?),
        None => default,
    };
    let unit = match word {
        Word::Char | Word::Varchar if series => LengthUnit::Bytes,
        _ => LengthUnit::Characters,
    };
    Ok(DataType::Text(max.map(|max| TextLength { max, unit })))
}

fn checked_length(name: &str, word: Word, length: u32, most: u32, place: Place) -> Result<u32> {
    if length == 0 {
        return Err(Error::new(ErrorKind::Syntax {
            near: ")".to_owned(),
            reason: format!("length for type {} must be at least 1", word.canonical()),
        }));
    }
    if length > most {
        let suffix = if place == Place::PrimaryTag { " as primary tag" } else { "" };
        return Err(definition(format!(
            "{} {name}: {length} exceeded the maximum width limit of the type {}{suffix}",
            place.noun(),
            word.canonical()
        )));
    }
    Ok(length)
}

fn unit(digits: Option<u32>, place: Place) -> Result<TimeUnit> {
    let digits = digits.unwrap_or(if place.in_series_table() { 3 } else { 6 });
    match digits {
        0..=3 if !place.in_series_table() => Ok(TimeUnit::Millisecond),
        4..=6 if !place.in_series_table() => Ok(TimeUnit::Microsecond),
        3 => Ok(TimeUnit::Millisecond),
        6 => Ok(TimeUnit::Microsecond),
        9 => Ok(TimeUnit::Nanosecond),
        _ => Err(definition(format!("precision {digits} out of range"))),
    }
}

/// The declared word of a column for the catalogue.
pub(crate) fn declared(word: Word) -> Declared {
    Declared { dialect: DIALECT.to_owned(), word: word.canonical().to_owned() }
}

/// The word of a type that no column of this dialect declared.
pub(crate) fn default_word(data_type: DataType) -> Word {
    match data_type {
        DataType::Boolean => Word::Bool,
        DataType::Int8 => Word::Int1,
        DataType::Int16 | DataType::UInt8 => Word::Int2,
        DataType::Int32 | DataType::UInt16 => Word::Int4,
        DataType::Int64 | DataType::UInt32 => Word::Int8,
        DataType::UInt64 | DataType::Decimal { .. } => Word::Decimal,
        DataType::Float32 => Word::Float4,
        DataType::Float64 => Word::Float8,
        DataType::Text(Some(TextLength { unit: LengthUnit::Characters, .. })) => Word::NVarchar,
        DataType::Text(Some(_)) => Word::Varchar,
        DataType::Text(None) => Word::String,
        DataType::Binary(Some(_)) => Word::VarBytes,
        DataType::Binary(None) => Word::Bytes,
        DataType::Json => Word::Jsonb,
        DataType::Geometry => Word::Geometry,
        DataType::Date => Word::Date,
        DataType::TimeOfDay => Word::Time,
        DataType::Interval => Word::Interval,
        DataType::Uuid => Word::Uuid,
        DataType::Inet => Word::Inet,
        DataType::Instant(_) => Word::TimestampTz,
        DataType::LocalDateTime(_) => Word::Timestamp,
    }
}

/// The word of a column.
pub(crate) fn column_word(column: &Column) -> Word {
    column
        .declared
        .as_ref()
        .filter(|declared| declared.dialect == DIALECT)
        .and_then(|declared| Word::parse(&declared.word))
        .unwrap_or_else(|| default_word(column.data_type))
}

/// A type as SHOW and error texts print it: `VARCHAR(254)`, `TIMESTAMPTZ(3)`, `INT4`, `CHAR`.
pub(crate) fn display(data_type: DataType, word: Word) -> String {
    let name = if word == Word::FreeDecimal { "DECIMAL" } else { word.canonical() };
    match (word, data_type) {
        (Word::Char | Word::NChar, DataType::Text(Some(TextLength { max: 1, .. }))) => name.to_owned(),
        (_, DataType::Text(Some(length))) => format!("{name}({})", length.max),
        (_, DataType::Binary(Some(length))) => format!("{name}({length})"),
        (_, DataType::Instant(unit) | DataType::LocalDateTime(unit)) => format!("{name}({})", unit.digits()),
        (Word::Decimal, DataType::Decimal { precision, scale: 0 }) => format!("{name}({precision})"),
        (Word::Decimal, DataType::Decimal { precision, scale }) => format!("{name}({precision},{scale})"),
        _ => name.to_owned(),
    }
}

/// A column's type as SHOW and error texts print it.
pub(crate) fn display_column(column: &Column) -> String {
    display(column.data_type, column_word(column))
}

#[cfg(test)]
mod tests;
