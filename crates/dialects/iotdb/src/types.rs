//! Column types: this vendor's words for the store's types, for plan types, and back.

use arrow::datatypes as at;
use model::{Column, DataType, Declared, TimeUnit};
use query::{DECLARED_DIALECT, DECLARED_WORD};

/// The dialect's name, which columns carry that it declared.
pub(crate) const DIALECT: &str = "iotdb";

/// The unit in which this vendor's server counts times.
pub(crate) const UNIT: TimeUnit = TimeUnit::Millisecond;

/// A type of this vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Type {
    Boolean,
    Int32,
    Int64,
    Float,
    Double,
    Text,
    String,
    Blob,
    Date,
    Timestamp,
}

impl Type {
    /// The type behind a word, in any case.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "BOOLEAN" => Self::Boolean,
            "INT32" => Self::Int32,
            "INT64" => Self::Int64,
            "FLOAT" => Self::Float,
            "DOUBLE" => Self::Double,
            "TEXT" => Self::Text,
            "STRING" => Self::String,
            "BLOB" => Self::Blob,
            "DATE" => Self::Date,
            "TIMESTAMP" => Self::Timestamp,
            _ => return None,
        })
    }

    /// Its word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float => "FLOAT",
            Self::Double => "DOUBLE",
            Self::Text => "TEXT",
            Self::String => "STRING",
            Self::Blob => "BLOB",
            Self::Date => "DATE",
            Self::Timestamp => "TIMESTAMP",
        }
    }

    /// The store's type for it.
    pub(crate) const fn stored(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Text | Self::String => DataType::Text(None),
            Self::Blob => DataType::Binary(None),
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Instant(UNIT),
        }
    }

    /// How a column of this type is declared.
    pub(crate) fn declared(self) -> Declared {
        Declared { dialect: DIALECT.to_owned(), word: self.word().to_owned() }
    }

    /// What a column of the store is to this vendor.
    pub(crate) fn of_column(column: &Column) -> Self {
        Self::of_stored(column.data_type, column.declared.as_ref())
    }

    /// What a type of the store, declared with that word, is to this vendor.
    pub(crate) fn of_stored(data_type: DataType, declared: Option<&Declared>) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => Self::Int32,
            DataType::Int64 | DataType::UInt32 | DataType::UInt64 => Self::Int64,
            DataType::Float32 => Self::Float,
            DataType::Float64 => Self::Double,
            DataType::Text(_) => {
                let is_text = declared.is_some_and(|d| d.dialect == DIALECT && d.word == Self::Text.word());
                if is_text { Self::Text } else { Self::String }
            }
            DataType::Binary(_) | DataType::Geometry => Self::Blob,
            DataType::Date => Self::Date,
            DataType::Instant(_) | DataType::LocalDateTime(_) => Self::Timestamp,
            DataType::Decimal { .. }
            | DataType::Json
            | DataType::TimeOfDay
            | DataType::Interval
            | DataType::Uuid
            | DataType::Inet => Self::String,
        }
    }

    /// What a type of a plan is to this vendor; `None` for NULL alone.
    pub(crate) fn of_arrow(arrow: &at::DataType) -> Option<Self> {
        use at::DataType as A;
        Some(match arrow {
            A::Null => return None,
            A::Boolean => Self::Boolean,
            A::Int8 | A::Int16 | A::Int32 | A::UInt8 | A::UInt16 => Self::Int32,
            A::Int64 | A::UInt32 | A::UInt64 => Self::Int64,
            A::Float16 | A::Float32 => Self::Float,
            A::Float64 => Self::Double,
            A::Binary | A::LargeBinary | A::BinaryView => Self::Blob,
            A::Date32 | A::Date64 => Self::Date,
            A::Timestamp(..) => Self::Timestamp,
            _ => Self::String,
        })
    }

    /// What a field of a plan is to this vendor; `None` for NULL alone.
    pub(crate) fn of_field(field: &at::Field) -> Option<Self> {
        let of = Self::of_arrow(field.data_type())?;
        let metadata = field.metadata();
        let declared = metadata.get(DECLARED_DIALECT).is_some_and(|dialect| dialect == DIALECT);
        let is_text = declared && metadata.get(DECLARED_WORD).is_some_and(|word| word == Self::Text.word());
        Some(if of == Self::String && is_text { Self::Text } else { of })
    }

    /// Whether values of another type may be written to a column of this one.
    pub(crate) fn takes(self, sent: Self) -> bool {
        use Type as T;
        self == sent
            || match self {
                T::Int64 => matches!(sent, T::Int32 | T::Timestamp),
                T::Float => sent == T::Int32,
                T::Double => matches!(sent, T::Int32 | T::Int64 | T::Float | T::Timestamp),
                T::Timestamp => matches!(sent, T::Int32 | T::Int64),
                T::Blob => matches!(sent, T::String | T::Text),
                T::Text | T::String => true,
                T::Boolean | T::Int32 | T::Date => false,
            }
    }

    /// Whether it is text.
    pub(crate) const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::String)
    }

    /// Whether it is a number.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Int32 | Self::Int64 | Self::Float | Self::Double)
    }
}

/// This vendor's word for a stored type.
pub(crate) fn word_of(data_type: DataType, declared: Option<&Declared>) -> &'static str {
    Type::of_stored(data_type, declared).word()
}

/// This vendor's word for a plan's type.
pub(crate) fn arrow_word(arrow: &at::DataType) -> &'static str {
    Type::of_arrow(arrow).map_or("unknown", Type::word)
}

/// Points in time as plans hold them here.
pub(crate) fn instant() -> at::DataType {
    model::arrow_type(DataType::Instant(UNIT))
}

#[cfg(test)]
mod tests {
    use super::Type;

    const ALL: [Type; 10] = [
        Type::Boolean,
        Type::Int32,
        Type::Int64,
        Type::Float,
        Type::Double,
        Type::Text,
        Type::String,
        Type::Blob,
        Type::Date,
        Type::Timestamp,
    ];

    #[test]
    fn words_and_stored_types_come_back() {
        for data_type in ALL {
            assert_eq!(Type::named(data_type.word()), Some(data_type));
            assert_eq!(Type::of_stored(data_type.stored(), Some(&data_type.declared())), data_type);
            assert!(data_type.takes(data_type));
        }
        assert_eq!(Type::named("varchar"), None);
    }

    #[test]
    fn only_wider_columns_take_other_types() {
        assert!(Type::Double.takes(Type::Int64) && !Type::Float.takes(Type::Int64));
        assert!(!Type::Float.takes(Type::Double) && !Type::Int32.takes(Type::Double));
        assert!(Type::String.takes(Type::Blob) && !Type::Blob.takes(Type::Int32));
    }
}
