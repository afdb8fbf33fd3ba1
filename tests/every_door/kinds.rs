//! The types that each writer has, how it spells values of them, and what readers call them.

use super::cell::Cell;
use super::door::Door;

/// Words of a type in the answers of KWDB, TDengine, IoTDB and StarRocks.
pub(super) type Words = [&'static str; 4];

/// The word that a reader's answer has.
pub(super) fn word(words: Words, reader: Door) -> &'static str {
    let at = Door::READERS.iter().position(|door| *door == reader).unwrap();
    words[at]
}

const BOOLEAN: Words = ["BOOL", "BOOL", "BOOLEAN", "boolean"];
const INT8: Words = ["INT1", "TINYINT", "INT32", "tinyint"];
const INT16: Words = ["INT2", "SMALLINT", "INT32", "smallint"];
const INT32: Words = ["INT4", "INT", "INT32", "int"];
const INT64: Words = ["INT8", "BIGINT", "INT64", "bigint"];
const UINT8: Words = ["INT2", "TINYINT UNSIGNED", "INT32", "smallint"];
const UINT16: Words = ["INT4", "SMALLINT UNSIGNED", "INT32", "int"];
const UINT32: Words = ["INT8", "INT UNSIGNED", "INT64", "bigint"];
const UINT64: Words = ["DECIMAL", "BIGINT UNSIGNED", "INT64", "largeint"];
const FLOAT32: Words = ["FLOAT4", "FLOAT", "FLOAT", "float"];
pub(super) const FLOAT64: Words = ["FLOAT8", "DOUBLE", "DOUBLE", "double"];
const DECIMAL: Words = ["DECIMAL", "DECIMAL(10,2)", "STRING", "decimal64"];
/// Texts with a length in bytes.
pub(super) const VARCHAR: Words = ["VARCHAR", "VARCHAR", "STRING", "varchar"];
/// Texts with a length in characters, as KWDB declares them and as TDengine does.
const NCHAR: Words = ["NCHAR", "NCHAR", "STRING", "varchar"];
const NVARCHAR: Words = ["NVARCHAR", "NCHAR", "STRING", "varchar"];
/// Texts of any length, and IoTDB's own word for them.
pub(super) const STRING: Words = ["TEXT", "VARCHAR", "STRING", "varchar"];
const TEXT: Words = ["TEXT", "VARCHAR", "TEXT", "varchar"];
const VARBINARY: Words = ["VARBYTES", "VARBINARY", "BLOB", "varbinary"];
const BLOB: Words = ["BYTES", "VARBINARY", "BLOB", "varbinary"];
const DATE: Words = ["DATE", "VARCHAR", "DATE", "date"];
pub(super) const INSTANT: Words = ["TIMESTAMPTZ", "TIMESTAMP", "TIMESTAMP", "datetime"];
const LOCAL: Words = ["TIMESTAMP", "TIMESTAMP", "TIMESTAMP", "datetime"];

/// A column that a writer makes and fills: its values from the first row on, in the writer's own
/// spelling; rows without one have NULL.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// The type as the writer declares it; empty where values alone make the column.
    pub(super) declared: &'static str,
    pub(super) words: Words,
    pub(super) values: Vec<(&'static str, Cell)>,
}

fn column<const N: usize>(
    name: &'static str,
    declared: &'static str,
    words: Words,
    values: [(&'static str, Cell); N],
) -> Column {
    Column { name, declared, words, values: values.to_vec() }
}

fn integers<const N: usize>(
    name: &'static str,
    declared: &'static str,
    words: Words,
    values: [&'static str; N],
) -> Column {
    let digits = |text: &str| text.trim_end_matches(['i', 'u']).parse().unwrap();
    let values = values.map(|text| (text, Cell::Integer(digits(text))));
    column(name, declared, words, values)
}

fn booleans(declared: &'static str) -> Column {
    column("b", declared, BOOLEAN, [("true", Cell::Boolean(true)), ("false", Cell::Boolean(false))])
}

/// Numbers whose last bit is lost by a careless reader or printer.
const FLOATS: [&str; 7] = [
    "0.1",
    "-0.30000000000000004",
    "123456.78901234567",
    "1.7976931348623157e308",
    "5e-324",
    "1.2345678901234567e-300",
    "8.41e21",
];

fn floats(name: &'static str, declared: &'static str) -> Column {
    column(name, declared, FLOAT64, FLOATS.map(|text| (text, Cell::Float(text.parse().unwrap()))))
}

fn singles(declared: &'static str) -> Column {
    let texts = ["1.1", "-16777216", "3.4028234e38", "1e-45"];
    column("f4", declared, FLOAT32, texts.map(|text| (text, Cell::Single(text.parse().unwrap()))))
}

const MOMENT: i128 = 1_714_979_289_123_456_789;

fn time(name: &'static str, declared: &'static str, words: Words, literal: &'static str, unit: i128) -> Column {
    column(name, declared, words, [(literal, Cell::Time(MOMENT.div_euclid(unit) * unit))])
}

/// The columns of a table that KWDB declares.
pub(super) fn of_kwdb() -> Vec<Column> {
    vec![
        booleans("bool"),
        integers("i1", "int1", INT8, ["-128", "127"]),
        integers("i2", "int2", INT16, ["-32768", "32767"]),
        integers("i4", "int4", INT32, ["-2147483648", "2147483647"]),
        integers("i8", "int8", INT64, ["9007199254740993", "-9223372036854775808", "9223372036854775807"]),
        singles("float4"),
        floats("f8", "float8"),
        column(
            "s",
            "varchar(60)",
            VARCHAR,
            [
                ("'it''s \"one\"'", Cell::text("it's \"one\"")),
                ("'温度 é 🙂'", Cell::text("温度 é 🙂")),
                ("''", Cell::text("")),
                ("'two\nlines'", Cell::text("two\nlines")),
            ],
        ),
        column("n", "nchar(8)", NCHAR, [("'温度计温度计温度'", Cell::text("温度计温度计温度"))]),
        column("vb", "varbytes(20)", VARBINARY, [("'\\x00ff61'", Cell::Bytes(vec![0, 255, b'a']))]),
        time("t3", "timestamptz(3)", INSTANT, "'2024-05-06 07:08:09.123+00:00'", 1_000_000),
        time("t6", "timestamptz(6)", INSTANT, "'2024-05-06 15:08:09.123456+08:00'", 1_000),
        time("t9", "timestamptz(9)", INSTANT, "'2024-05-06 07:08:09.123456789+00:00'", 1),
        time("l3", "timestamp(3)", LOCAL, "'2024-05-06 07:08:09.123'", 1_000_000),
        time("l9", "timestamp(9)", LOCAL, "'2024-05-06 07:08:09.123456789'", 1),
    ]
}

/// The columns that line protocol makes, with texts of that type; only InfluxDB's own endpoint,
/// whose texts have any length, knows unsigned integers.
pub(super) fn of_lines(texts: Words) -> Vec<Column> {
    let mut columns = vec![
        booleans(""),
        integers("i8", "", INT64, ["9007199254740993i", "-9223372036854775808i", "9223372036854775807i"]),
        floats("f8", ""),
        column(
            "s",
            "",
            texts,
            [
                ("\"say \\\"one\\\", two\"", Cell::text("say \"one\", two")),
                ("\"温度 é 🙂\"", Cell::text("温度 é 🙂")),
                ("\"\"", Cell::text("")),
            ],
        ),
    ];
    if texts == STRING {
        columns.push(integers("u8", "", UINT64, ["7u", "9223372036854775807u"]));
        columns.push(integers("huge", "", UINT64, ["18446744073709551615u"]));
    }
    columns
}

/// The one column of a metric.
pub(super) fn of_metrics() -> Vec<Column> {
    vec![floats("value", "")]
}

/// The columns of a super table.
pub(super) fn of_tdengine() -> Vec<Column> {
    vec![
        booleans("bool"),
        integers("i1", "tinyint", INT8, ["-128", "127"]),
        integers("i2", "smallint", INT16, ["-32768", "32767"]),
        integers("i4", "int", INT32, ["-2147483648", "2147483647"]),
        integers("i8", "bigint", INT64, ["9007199254740993", "-9223372036854775808", "9223372036854775807"]),
        integers("u1", "tinyint unsigned", UINT8, ["255"]),
        integers("u2", "smallint unsigned", UINT16, ["65535"]),
        integers("u4", "int unsigned", UINT32, ["4294967295"]),
        integers("u8", "bigint unsigned", UINT64, ["7", "9223372036854775807"]),
        integers("huge", "bigint unsigned", UINT64, ["18446744073709551615"]),
        singles("float"),
        floats("f8", "double"),
        column(
            "d",
            "decimal(10,2)",
            DECIMAL,
            [("12345678.91", Cell::Decimal("12345678.91".to_owned())), ("-0.05", Cell::Decimal("-0.05".to_owned()))],
        ),
        column(
            "s",
            "varchar(60)",
            VARCHAR,
            [
                ("'it\\'s \"one\"'", Cell::text("it's \"one\"")),
                ("'温度 é 🙂'", Cell::text("温度 é 🙂")),
                ("''", Cell::text("")),
            ],
        ),
        column("n", "nchar(8)", NVARCHAR, [("'温度计温度计温度'", Cell::text("温度计温度计温度"))]),
        column("vb", "varbinary(20)", VARBINARY, [("'\\x00ff61'", Cell::Bytes(vec![0, 255, b'a']))]),
        time("t9", "timestamp", INSTANT, "1714979289123456789", 1),
    ]
}

/// The columns of a tablet; bytes are those of the text.
pub(super) fn of_tablets() -> Vec<Column> {
    vec![
        booleans("BOOLEAN"),
        integers("i4", "INT32", INT32, ["-2147483648", "2147483647"]),
        integers("i8", "INT64", INT64, ["9007199254740993", "-9223372036854775808", "9223372036854775807"]),
        singles("FLOAT"),
        floats("f8", "DOUBLE"),
        column(
            "s",
            "STRING",
            STRING,
            [
                ("\"it's \\\"one\\\"\"", Cell::text("it's \"one\"")),
                ("\"温度 é 🙂\"", Cell::text("温度 é 🙂")),
                ("\"\"", Cell::text("")),
            ],
        ),
        column("tx", "TEXT", TEXT, [("\"two\\nlines\"", Cell::text("two\nlines"))]),
        column("bl", "BLOB", BLOB, [("\"a1\"", Cell::Bytes(b"a1".to_vec()))]),
        column("dt", "DATE", DATE, [("20240229", Cell::Date("2024-02-29".to_owned()))]),
        time("t3", "TIMESTAMP", INSTANT, "1714979289123", 1_000_000),
    ]
}
