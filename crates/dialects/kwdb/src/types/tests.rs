use super::{Place, UNLIMITED, Word, column_type, declared, display, result_type};
use crate::sql::types::ColumnType;
use arrow::datatypes::{DataType as ArrowType, Field, TimeUnit as ArrowUnit};
use model::{Column, ColumnId, ColumnRole, DataType, LengthUnit, TextLength, TimeUnit};
use query::column_field;

fn resolve(written: &ColumnType, place: Place) -> String {
    match column_type("x", written, place) {
        Ok((data_type, word)) => display(data_type, word),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_canonical_word_reads_back() {
    for word in Word::ALL {
        assert_eq!(Word::parse(word.canonical()), Some(*word));
    }
}

#[test]
fn default_lengths_follow_the_place() {
    for (written, place, shown) in [
        (ColumnType::Int4, Place::SeriesColumn, "INT4"),
        (ColumnType::Char(None), Place::SeriesColumn, "CHAR"),
        (ColumnType::Varchar(None), Place::SeriesColumn, "VARCHAR(254)"),
        (ColumnType::Varchar(None), Place::Tag, "VARCHAR(254)"),
        (ColumnType::Varchar(None), Place::PrimaryTag, "VARCHAR(64)"),
        (ColumnType::Varchar(None), Place::Relational, "VARCHAR"),
        (ColumnType::NVarchar(None), Place::SeriesColumn, "NVARCHAR(63)"),
        (ColumnType::Varbytes(None), Place::Tag, "VARBYTES(254)"),
        (ColumnType::Timestamp(None), Place::SeriesColumn, "TIMESTAMP(3)"),
        (ColumnType::Timestamptz(None), Place::Relational, "TIMESTAMPTZ(6)"),
        (ColumnType::Timestamptz(Some(9)), Place::SeriesColumn, "TIMESTAMPTZ(9)"),
        (ColumnType::String(None), Place::Relational, "STRING"),
        (ColumnType::Decimal(None), Place::Relational, "DECIMAL"),
        (ColumnType::Decimal(Some((10, 2))), Place::Relational, "DECIMAL(10,2)"),
        (ColumnType::NChar(Some(155)), Place::SeriesColumn, "NCHAR(155)"),
        (ColumnType::Serial(8), Place::Relational, "INT8"),
    ] {
        assert_eq!(resolve(&written, place), shown, "{written} {place:?}");
    }
}

#[test]
fn bytes_and_characters_are_told_apart() {
    let text = |written: ColumnType| column_type("x", &written, Place::SeriesColumn).unwrap().0;
    assert_eq!(
        text(ColumnType::Varchar(Some(10))),
        DataType::Text(Some(TextLength { max: 10, unit: LengthUnit::Bytes }))
    );
    assert_eq!(
        text(ColumnType::NChar(Some(10))),
        DataType::Text(Some(TextLength { max: 10, unit: LengthUnit::Characters }))
    );
}

#[test]
fn refusals_use_the_vendors_words() {
    for (written, place, error) in [
        (
            ColumnType::Decimal(None),
            Place::SeriesColumn,
            "column x: unsupported column type decimal in timeseries table",
        ),
        (ColumnType::Timestamp(None), Place::Tag, "tag x: unsupported tag type timestamp in timeseries table"),
        (ColumnType::Float8, Place::PrimaryTag, "data type FLOAT8 is not supported for primary tag x"),
        (
            ColumnType::Varchar(Some(200)),
            Place::PrimaryTag,
            "tag x: 200 exceeded the maximum width limit of the type VARCHAR as primary tag",
        ),
        (ColumnType::Serial(8), Place::SeriesColumn, "SERIAL column is not supported in timeseries table"),
        (ColumnType::Timestamptz(Some(7)), Place::SeriesColumn, "precision 7 out of range"),
    ] {
        assert_eq!(resolve(&written, place), error);
    }
}

fn meta(data_type: DataType, word: Word) -> (&'static str, i64) {
    let mut column = Column::new(ColumnId(1), "c", ColumnRole::Field, data_type);
    column.declared = Some(declared(word));
    result_type(&column_field(&column))
}

#[test]
fn declared_columns_keep_word_and_length() {
    let text = |n| DataType::Text(Some(TextLength::bytes(n)));
    assert_eq!(meta(DataType::Int32, Word::Int4), ("INT4", 4));
    assert_eq!(meta(text(64), Word::Varchar), ("VARCHAR", 64));
    assert_eq!(meta(text(1), Word::Char), ("CHAR", UNLIMITED));
    assert_eq!(meta(text(5), Word::NChar), ("NCHAR", 5));
    assert_eq!(meta(DataType::Text(None), Word::String), ("TEXT", UNLIMITED));
    assert_eq!(meta(DataType::Binary(Some(254)), Word::VarBytes), ("VARBYTES", 254));
    assert_eq!(meta(DataType::Decimal { precision: 10, scale: 2 }, Word::Decimal), ("DECIMAL", 2));
    assert_eq!(meta(DataType::Instant(TimeUnit::Nanosecond), Word::TimestampTz), ("TIMESTAMPTZ", 8));
}

#[test]
fn computed_columns_are_named_by_their_type() {
    for (arrow, expected) in [
        (ArrowType::Boolean, ("BOOL", 1)),
        (ArrowType::Int64, ("INT8", 8)),
        (ArrowType::UInt64, ("INT8", 8)),
        (ArrowType::Decimal128(38, 10), ("DECIMAL", 0)),
        (ArrowType::Utf8, ("TEXT", UNLIMITED)),
        (ArrowType::Timestamp(ArrowUnit::Millisecond, Some("UTC".into())), ("TIMESTAMPTZ", 8)),
        (ArrowType::Timestamp(ArrowUnit::Microsecond, None), ("TIMESTAMP", 8)),
        (ArrowType::Float64, ("FLOAT8", 8)),
    ] {
        assert_eq!(result_type(&Field::new("c", arrow.clone(), true)), expected, "{arrow}");
    }
}

#[test]
fn columns_of_other_dialects_are_named_as_the_types_page_has_it() {
    for (data_type, expected) in [
        (DataType::Text(Some(TextLength::characters(8))), ("NVARCHAR", 8)),
        (DataType::Text(Some(TextLength::bytes(8))), ("VARCHAR", 8)),
        (DataType::Binary(Some(8)), ("VARBYTES", 8)),
        (DataType::Binary(None), ("BYTES", UNLIMITED)),
    ] {
        let column = Column::new(ColumnId(1), "c", ColumnRole::Field, data_type);
        assert_eq!(result_type(&column_field(&column)), expected, "{data_type:?}");
    }
}

#[test]
fn a_declaration_that_a_cast_made_untrue_is_ignored() {
    let mut column = Column::new(ColumnId(1), "c", ColumnRole::Field, DataType::Int32);
    column.declared = Some(declared(Word::Int4));
    let field = column_field(&column).with_data_type(ArrowType::Utf8);
    assert_eq!(result_type(&field), ("TEXT", UNLIMITED));
}
