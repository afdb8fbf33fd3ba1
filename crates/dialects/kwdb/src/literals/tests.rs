use super::{Literal, Target, time_bounds};
use crate::timezone::{self, Zone};
use crate::types::{Word, declared};
use model::{Column, ColumnId, ColumnRole, DataType, TextLength, TimeUnit, Value};

fn target(data_type: DataType, word: Word, series: bool) -> Target {
    let mut column = Column::new(ColumnId(1), "c", ColumnRole::Field, data_type);
    column.declared = Some(declared(word));
    Target::new(&column, series)
}

fn series(data_type: DataType, word: Word, literal: Literal<'_>) -> Result<Value, String> {
    target(data_type, word, true).convert(literal, &Zone::utc()).map_err(|e| e.to_string())
}

fn relational(data_type: DataType, word: Word, literal: Literal<'_>) -> Result<Value, String> {
    target(data_type, word, false).convert(literal, &Zone::utc()).map_err(|e| e.to_string())
}

const VARCHAR4: DataType = DataType::Text(Some(TextLength::bytes(4)));
const NCHAR2: DataType = DataType::Text(Some(TextLength::characters(2)));

#[test]
fn integers_in_series_tables() {
    let int2 = |literal| series(DataType::Int16, Word::Int2, literal);
    assert_eq!(int2(Literal::Integer("-32768")), Ok(Value::Integer(-32768)));
    assert_eq!(int2(Literal::Boolean(true)), Ok(Value::Integer(1)));
    assert_eq!(int2(Literal::Text("12")), Ok(Value::Integer(12)));
    assert_eq!(int2(Literal::Integer("32768")).unwrap_err(), "integer \"32768\" out of range for type INT2 (column c)");
    assert_eq!(int2(Literal::Decimal("123.679")).unwrap_err(), "could not resolve \"123.679\" as INT2 type (column c)");
    assert_eq!(int2(Literal::Text("abc")).unwrap_err(), "could not resolve \"abc\" as INT2 type (column c)");
    assert_eq!(int2(Literal::Integer("9223372036854775808")).unwrap_err(), "numeric constant out of int64 range");
}

#[test]
fn integers_in_relational_tables() {
    let int4 = |literal| relational(DataType::Int32, Word::Int4, literal);
    assert_eq!(int4(Literal::Decimal("2.0")), Ok(Value::Integer(2)));
    assert_eq!(int4(Literal::Text("7")), Ok(Value::Integer(7)));
    assert_eq!(int4(Literal::Integer("2147483648")).unwrap_err(), "integer out of range for type int4 (column \"c\")");
    assert_eq!(int4(Literal::Boolean(true)).unwrap_err(), "value type bool doesn't match type int4 of column \"c\"");
    assert_eq!(
        int4(Literal::Text("a")).unwrap_err(),
        "could not parse \"a\" as type int: strconv.ParseInt: parsing \"a\": invalid syntax"
    );
}

#[test]
fn floats_booleans_and_decimals() {
    assert_eq!(series(DataType::Float64, Word::Float8, Literal::Integer("3")), Ok(Value::Float(3.0)));
    assert_eq!(series(DataType::Float64, Word::Float8, Literal::Text("0.31")), Ok(Value::Float(0.31)));
    assert!(series(DataType::Float64, Word::Float8, Literal::Boolean(true)).is_err());
    assert_eq!(
        series(DataType::Float32, Word::Float4, Literal::Decimal("1e39")).unwrap_err(),
        "float \"1e39\" out of range for type FLOAT4 (column c)"
    );
    assert_eq!(series(DataType::Boolean, Word::Bool, Literal::Integer("1")), Ok(Value::Boolean(true)));
    assert_eq!(series(DataType::Boolean, Word::Bool, Literal::Text("off")), Ok(Value::Boolean(false)));
    assert!(series(DataType::Boolean, Word::Bool, Literal::Integer("2")).is_err());
    let money = DataType::Decimal { precision: 5, scale: 2 };
    assert!(
        matches!(relational(money, Word::Decimal, Literal::Decimal("1.005")), Ok(Value::Decimal(d)) if d.unscaled == 101)
    );
    assert!(relational(money, Word::Decimal, Literal::Integer("1000")).unwrap_err().contains("less than 10^3"));
}

#[test]
fn texts_count_bytes_or_characters() {
    assert_eq!(series(VARCHAR4, Word::Varchar, Literal::Text("abcd")), Ok(Value::Text("abcd".into())));
    assert_eq!(
        series(VARCHAR4, Word::Varchar, Literal::Text("表表")).unwrap_err(),
        "value '表表' too long for type VARCHAR(4) (column c)"
    );
    assert!(series(NCHAR2, Word::NChar, Literal::Text("表表")).is_ok());
    assert!(
        series(VARCHAR4, Word::Varchar, Literal::Integer("1"))
            .unwrap_err()
            .contains("could not resolve \"1\" as VARCHAR(4)")
    );
    assert_eq!(
        relational(VARCHAR4, Word::Varchar, Literal::Text("abcde")).unwrap_err(),
        "value too long for type VARCHAR(4) (column \"c\")"
    );
}

#[test]
fn times_with_and_without_zone() {
    let eight = timezone::parse("8").unwrap();
    let instant = target(DataType::Instant(TimeUnit::Millisecond), Word::TimestampTz, true);
    let local = target(DataType::LocalDateTime(TimeUnit::Millisecond), Word::Timestamp, true);
    let read = |target: &Target, text| target.convert(Literal::Text(text), &eight);
    let ms = |t| Value::Instant(t, TimeUnit::Millisecond);
    assert_eq!(read(&instant, "1970-01-01 08:00:01"), Ok(ms(1000)));
    assert_eq!(read(&instant, "1970-01-01 00:00:01Z"), Ok(ms(1000)));
    assert_eq!(read(&instant, "1970-01-01 00:00:00.0015 +00:00"), Ok(ms(2)));
    assert_eq!(instant.convert(Literal::Integer("-5"), &eight), Ok(ms(-5)));
    // The digits stay, the zone goes.
    assert_eq!(read(&local, "1970-01-01 00:00:01 +03:00"), Ok(Value::LocalDateTime(1000, TimeUnit::Millisecond)));
    assert_eq!(
        local.convert(Literal::Integer("-62167219200001"), &eight).unwrap_err().to_string(),
        "value \"-62167219200001\" out of range for type TIMESTAMP(3) (column c)"
    );
    assert_eq!(
        read(&local, "2023-01-0118:52:14").unwrap_err().to_string(),
        "could not resolve \"2023-01-0118:52:14\" as TIMESTAMP(3) type (column c)"
    );
    let nanos = target(DataType::Instant(TimeUnit::Nanosecond), Word::TimestampTz, true);
    assert!(read(&nanos, "1969-12-31 00:00:00").is_err());
    assert!(read(&nanos, "2262-01-01 07:59:59.999999999").is_ok());
    assert!(read(&nanos, "2263-01-01").is_err());
    for unit in [TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
        let (_, last) = time_bounds(unit);
        let target = target(DataType::Instant(unit), Word::TimestampTz, true);
        assert!(target.convert(Literal::Integer(&last.to_string()), &eight).is_ok());
        assert!(target.convert(Literal::Integer(&(last + 1).to_string()), &eight).is_err());
    }
}

#[test]
fn the_rest() {
    let relational = |data_type, word, text| relational(data_type, word, Literal::Text(text));
    assert_eq!(relational(DataType::Date, Word::Date, "1970-01-03"), Ok(Value::Date(2)));
    assert_eq!(relational(DataType::TimeOfDay, Word::Time, "00:00:01.5"), Ok(Value::TimeOfDay(1_500_000_000)));
    assert!(relational(DataType::TimeOfDay, Word::Time, "25:00").is_err());
    assert!(
        matches!(relational(DataType::Interval, Word::Interval, "1 day 02:00:00"), Ok(Value::Interval(i)) if i.days == 1)
    );
    assert!(relational(DataType::Inet, Word::Inet, "10.0.0.1/8").is_ok());
    assert!(relational(DataType::Inet, Word::Inet, "10.0.0.1/33").is_err());
    assert!(relational(DataType::Json, Word::Jsonb, "{\"a\":[1]}").is_ok());
    assert!(relational(DataType::Json, Word::Jsonb, "{a}").is_err());
    assert_eq!(
        series(DataType::Binary(Some(2)), Word::VarBytes, Literal::Bytes(b"ab")),
        Ok(Value::Binary(b"ab".to_vec()))
    );
    assert!(series(DataType::Binary(Some(2)), Word::VarBytes, Literal::Text("abc")).is_err());
}
