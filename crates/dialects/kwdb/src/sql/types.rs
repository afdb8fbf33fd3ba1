//! KWDB's column types and the words for them.

use std::fmt;

/// A column's type as KWDB knows it: synonyms are resolved, lengths are as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// `BOOL`, `BOOLEAN`
    Bool,
    /// `TINYINT`, `INT1`
    Int1,
    /// `SMALLINT`, `INT2`
    Int2,
    /// `INT`, `INTEGER`, `INT4`: 32 bits
    Int4,
    /// `BIGINT`, `INT8`, `INT64`
    Int8,
    /// `SERIAL2`, `SERIAL4`, `SERIAL8`, `SERIAL` and synonyms: the number of bytes
    Serial(u8),
    /// `REAL`, `FLOAT4`, and `FLOAT(p)` up to 24
    Float4,
    /// `FLOAT`, `DOUBLE [PRECISION]`, `FLOAT8`
    Float8,
    /// `DECIMAL[(precision[, scale])]`, `NUMERIC`, `DEC`
    Decimal(Option<(u32, u32)>),
    /// `CHAR[(n)]`, `CHARACTER[(n)]`
    Char(Option<u32>),
    /// `NCHAR[(n)]`
    NChar(Option<u32>),
    /// `VARCHAR[(n)]`, `CHARACTER VARYING`
    Varchar(Option<u32>),
    /// `NVARCHAR[(n)]`
    NVarchar(Option<u32>),
    /// `STRING[(n)]`, `TEXT`
    String(Option<u32>),
    /// `BYTES[(n)]`, `BYTEA`
    Bytes(Option<u32>),
    /// `VARBYTES[(n)]`
    Varbytes(Option<u32>),
    /// `BLOB`
    Blob,
    /// `CLOB`
    Clob,
    /// `TIMESTAMP[(p)]`
    Timestamp(Option<u32>),
    /// `TIMESTAMPTZ[(p)]`, `TIMESTAMP WITH TIME ZONE`
    Timestamptz(Option<u32>),
    /// `DATE`
    Date,
    /// `TIME[(p)]`
    Time(Option<u32>),
    /// `TIMETZ[(p)]`
    Timetz(Option<u32>),
    /// `INTERVAL`
    Interval,
    /// `JSONB`, `JSON`
    Jsonb,
    /// `UUID`
    Uuid,
    /// `INET`
    Inet,
    /// `BIT[(n)]`
    Bit(Option<u32>),
    /// `VARBIT[(n)]`, `BIT VARYING`
    Varbit(Option<u32>),
    /// `GEOMETRY`
    Geometry,
    /// `CITEXT`
    Citext,
    /// `NAME`
    Name,
    /// `OID` and the `REG..` types
    Oid,
    /// `t[]`
    Array(Box<ColumnType>),
}

impl fmt::Display for ColumnType {
    /// As KWDB prints it: `VARCHAR(20)`, `INT4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, length) = match self {
            Self::Bool => ("BOOL", None),
            Self::Int1 => ("INT1", None),
            Self::Int2 => ("INT2", None),
            Self::Int4 => ("INT4", None),
            Self::Int8 => ("INT8", None),
            Self::Serial(bytes) => return write!(f, "SERIAL{bytes}"),
            Self::Float4 => ("FLOAT4", None),
            Self::Float8 => ("FLOAT8", None),
            Self::Decimal(None) => ("DECIMAL", None),
            Self::Decimal(Some((precision, 0))) => ("DECIMAL", Some(*precision)),
            Self::Decimal(Some((precision, scale))) => return write!(f, "DECIMAL({precision},{scale})"),
            Self::Char(n) => ("CHAR", *n),
            Self::NChar(n) => ("NCHAR", *n),
            Self::Varchar(n) => ("VARCHAR", *n),
            Self::NVarchar(n) => ("NVARCHAR", *n),
            Self::String(n) => ("STRING", *n),
            Self::Bytes(n) => ("BYTES", *n),
            Self::Varbytes(n) => ("VARBYTES", *n),
            Self::Blob => ("BLOB", None),
            Self::Clob => ("CLOB", None),
            Self::Timestamp(p) => ("TIMESTAMP", *p),
            Self::Timestamptz(p) => ("TIMESTAMPTZ", *p),
            Self::Date => ("DATE", None),
            Self::Time(p) => ("TIME", *p),
            Self::Timetz(p) => ("TIMETZ", *p),
            Self::Interval => ("INTERVAL", None),
            Self::Jsonb => ("JSONB", None),
            Self::Uuid => ("UUID", None),
            Self::Inet => ("INET", None),
            Self::Bit(n) => ("BIT", *n),
            Self::Varbit(n) => ("VARBIT", *n),
            Self::Geometry => ("GEOMETRY", None),
            Self::Citext => ("CITEXT", None),
            Self::Name => ("NAME", None),
            Self::Oid => ("OID", None),
            Self::Array(element) => return write!(f, "{element}[]"),
        };
        f.write_str(word)?;
        length.map_or(Ok(()), |n| write!(f, "({n})"))
    }
}

impl ColumnType {
    /// The type with that name in lower case, if there is one that takes those numbers. `zoned`: the
    /// words WITH TIME ZONE followed.
    pub(super) fn named(word: &str, numbers: &[u32], zoned: bool) -> Option<Self> {
        let length = || match numbers {
            [] => Some(None),
            [length] => Some(Some(*length)),
            _ => None,
        };
        let none = |data_type| numbers.is_empty().then_some(data_type);
        match word {
            "bool" | "boolean" => none(Self::Bool),
            "tinyint" | "int1" => none(Self::Int1),
            "smallint" | "int2" => none(Self::Int2),
            "int" | "integer" | "int4" => none(Self::Int4),
            "bigint" | "int8" | "int64" => none(Self::Int8),
            "serial" | "serial4" => none(Self::Serial(4)),
            "serial2" | "smallserial" => none(Self::Serial(2)),
            "serial8" | "bigserial" => none(Self::Serial(8)),
            "real" | "float4" => none(Self::Float4),
            "float" => match length()? {
                Some(1..=24) => Some(Self::Float4),
                None | Some(25..=53) => Some(Self::Float8),
                Some(_) => None,
            },
            "double" | "float8" => none(Self::Float8),
            "decimal" | "numeric" | "dec" => match numbers {
                [] => Some(Self::Decimal(None)),
                [precision] => Some(Self::Decimal(Some((*precision, 0)))),
                [precision, scale] => Some(Self::Decimal(Some((*precision, *scale)))),
                _ => None,
            },
            "char" | "character" => length().map(Self::Char),
            "nchar" => length().map(Self::NChar),
            "varchar" => length().map(Self::Varchar),
            "nvarchar" => length().map(Self::NVarchar),
            "string" | "text" => length().map(Self::String),
            "bytes" | "bytea" => length().map(Self::Bytes),
            "varbytes" => length().map(Self::Varbytes),
            "blob" => none(Self::Blob),
            "clob" => none(Self::Clob),
            "timestamp" if zoned => length().map(Self::Timestamptz),
            "timestamp" => length().map(Self::Timestamp),
            "timestamptz" => length().map(Self::Timestamptz),
            "date" => none(Self::Date),
            "time" if zoned => length().map(Self::Timetz),
            "time" => length().map(Self::Time),
            "timetz" => length().map(Self::Timetz),
            "interval" => none(Self::Interval),
            "json" | "jsonb" => none(Self::Jsonb),
            "uuid" => none(Self::Uuid),
            "inet" => none(Self::Inet),
            "bit" => length().map(Self::Bit),
            "varbit" => length().map(Self::Varbit),
            "geometry" => none(Self::Geometry),
            "citext" => none(Self::Citext),
            "name" => none(Self::Name),
            "oid" | "regclass" | "regproc" | "regprocedure" | "regtype" | "regnamespace" => none(Self::Oid),
            _ => None,
        }
    }

    /// The type that a cast names: `x::INT`, `CAST(x AS VARCHAR(10))`.
    ///
    /// # Errors
    /// [`model::ErrorKind::InvalidStatement`] for a type that KWDB does not know.
    pub fn from_ast(data_type: &sql::ast::DataType) -> model::Result<Self> {
        super::parse_type(&data_type.to_string()).map_err(|_| {
            model::Error::new(model::ErrorKind::InvalidStatement {
                reason: format!("type \"{data_type}\" does not exist"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ColumnType;
    use crate::sql::{parse_expression, parse_type};
    use sql::ast::Expr;

    #[test]
    fn every_word_for_a_type_is_the_same_in_a_cast() {
        for (written, printed) in [
            ("BOOLEAN", "BOOL"),
            ("tinyint", "INT1"),
            ("smallint", "INT2"),
            ("INT", "INT4"),
            ("integer", "INT4"),
            ("INT64", "INT8"),
            ("bigint", "INT8"),
            ("real", "FLOAT4"),
            ("float", "FLOAT8"),
            ("float(20)", "FLOAT4"),
            ("double", "FLOAT8"),
            ("Double Precision", "FLOAT8"),
            ("decimal(10, 2)", "DECIMAL(10,2)"),
            ("numeric(5)", "DECIMAL(5)"),
            ("char(3)", "CHAR(3)"),
            ("character varying(9)", "VARCHAR(9)"),
            ("nchar(4)", "NCHAR(4)"),
            ("varchar", "VARCHAR"),
            ("nvarchar(7)", "NVARCHAR(7)"),
            ("text", "STRING"),
            ("string(5)", "STRING(5)"),
            ("bytea", "BYTES"),
            ("varbytes(60)", "VARBYTES(60)"),
            ("blob", "BLOB"),
            ("clob", "CLOB"),
            ("timestamp(6)", "TIMESTAMP(6)"),
            ("timestamp with time zone", "TIMESTAMPTZ"),
            ("timestamptz(3)", "TIMESTAMPTZ(3)"),
            ("date", "DATE"),
            ("time", "TIME"),
            ("timetz", "TIMETZ"),
            ("interval", "INTERVAL"),
            ("json", "JSONB"),
            ("uuid", "UUID"),
            ("inet", "INET"),
            ("bit(3)", "BIT(3)"),
            ("varbit", "VARBIT"),
            ("geometry", "GEOMETRY"),
            ("citext", "CITEXT"),
            ("int4[]", "INT4[]"),
        ] {
            assert_eq!(parse_type(written).unwrap().to_string(), printed, "{written}");
            let Expr::Cast { data_type, .. } = parse_expression(&format!("x::{written}")).unwrap() else {
                panic!("{written} is no cast")
            };
            assert_eq!(ColumnType::from_ast(&data_type).unwrap().to_string(), printed, "{written}, {data_type:?}");
        }
        assert!(parse_type("nonsense").is_err());
        assert!(parse_type("int4(3)").is_err());
    }
}
