//! JSON values on their way into typed columns, as the vendor's server converts them.

use super::checks::Header;
use crate::error::{Failure, Result, worded};
use crate::texts;
use crate::times;
use crate::types::Type;
use crate::values::Sent;
use crate::wire::TabletBody;
use serde_json::Value;

/// One column's values, row by row.
pub(super) type SentColumn = Vec<Option<Sent>>;

/// The values of a tablet, column by column.
///
/// # Errors
/// The first value that its type does not take, in the vendor's words.
pub(super) fn read(header: &Header, body: &TabletBody) -> Result<Vec<SentColumn>> {
    let mut columns: Vec<SentColumn> = header.types.iter().map(|_| Vec::with_capacity(body.values.len())).collect();
    for row in &body.values {
        for ((column, of), value) in columns.iter_mut().zip(&header.types).zip(row) {
            column.push(sent(*of, value)?);
        }
    }
    Ok(columns)
}

/// The class of a JSON value in the vendor's server.
fn class(value: &Value) -> &'static str {
    match value {
        Value::Null => "java.lang.Object",
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(number) => match number.as_i64() {
            Some(whole) if i32::try_from(whole).is_ok() => "java.lang.Integer",
            Some(_) => "java.lang.Long",
            None if number.is_u64() => "java.math.BigInteger",
            None => "java.lang.Double",
        },
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Object(_) => "java.util.LinkedHashMap",
    }
}

fn unsupported(value: &Value) -> Failure {
    Failure::new(606, format!("unsupported data type: class {}", class(value)))
}

fn sent(of: Type, value: &Value) -> Result<Option<Sent>> {
    if value.is_null() {
        return Ok(None);
    }
    Ok(Some(match of {
        Type::Boolean => Sent::Boolean(boolean(value)?),
        Type::Int32 => {
            let whole = value.as_i64().filter(|whole| i32::try_from(*whole).is_ok());
            Sent::Integer(whole.ok_or_else(|| unsupported(value))?)
        }
        Type::Int64 | Type::Timestamp => Sent::Integer(value.as_i64().ok_or_else(|| unsupported(value))?),
        Type::Date => {
            let whole = value.as_i64().filter(|whole| i32::try_from(*whole).is_ok());
            let number = whole.ok_or_else(|| unsupported(value))?;
            let no_date = || worded(format!("{number} is no date: Year must be between 1000 and 9999."));
            Sent::Date(times::day_of_number(number).ok_or_else(no_date)?)
        }
        Type::Float => {
            #[expect(clippy::cast_possible_truncation, reason = "the vendor narrows what is sent for a FLOAT")]
            let narrowed = double(value)? as f32;
            Sent::Float(narrowed)
        }
        Type::Double => Sent::Double(double(value)?),
        Type::Text | Type::String => Sent::Text(texts::of_json(value)),
        Type::Blob => Sent::Blob(texts::of_json(value).into_bytes()),
    }))
}

fn boolean(value: &Value) -> Result<bool> {
    match value {
        Value::Bool(value) => return Ok(*value),
        Value::Number(number) if number.as_i64() == Some(1) => return Ok(true),
        Value::Number(number) if number.as_i64() == Some(0) => return Ok(false),
        Value::String(text) if text == "1" => return Ok(true),
        Value::String(text) if text == "0" => return Ok(false),
        _ => {}
    }
    let class = class(value);
    Err(Failure::new(
        305,
        format!(
            "class {class} cannot be cast to class java.lang.Boolean ({class} and java.lang.Boolean are in module \
             java.base of loader 'bootstrap')"
        ),
    ))
}

fn double(value: &Value) -> Result<f64> {
    let no_number = |text: &str| {
        let text =
            if text.trim().is_empty() { "empty String".to_owned() } else { format!("For input string: \"{text}\"") };
        Failure::new(700, text)
    };
    match value {
        Value::Number(number) => number.as_f64().ok_or_else(|| unsupported(value)),
        Value::String(text) => texts::parse_double(text).ok_or_else(|| no_number(text)),
        other => Err(no_number(&texts::of_json(other))),
    }
}

#[cfg(test)]
mod tests {
    use super::sent;
    use crate::types::Type;
    use crate::values::Sent;
    use serde_json::{Value, json};

    fn code(of: Type, value: Value) -> u16 {
        sent(of, &value).unwrap_err().code
    }

    #[test]
    fn values_that_a_type_takes() {
        assert_eq!(sent(Type::Boolean, &json!("1")).unwrap(), Some(Sent::Boolean(true)));
        assert_eq!(sent(Type::Float, &json!("1.5")).unwrap(), Some(Sent::Float(1.5)));
        assert_eq!(sent(Type::Double, &json!(" 7.5 ")).unwrap(), Some(Sent::Double(7.5)));
        assert_eq!(sent(Type::String, &json!([1, "a"])).unwrap(), Some(Sent::Text("[1, a]".into())));
        assert_eq!(sent(Type::Blob, &json!("ab")).unwrap(), Some(Sent::Blob(b"ab".to_vec())));
        assert_eq!(sent(Type::Int64, &Value::Null).unwrap(), None);
    }

    #[test]
    fn values_that_it_refuses() {
        assert_eq!(code(Type::Int32, json!(1.5)), 606);
        assert_eq!(code(Type::Int32, json!(2_147_483_648_i64)), 606);
        assert_eq!(code(Type::Int64, json!(9_223_372_036_854_775_808_u64)), 606);
        assert_eq!(code(Type::Date, json!("2024-02-29")), 606);
        assert_eq!(code(Type::Boolean, json!("true")), 305);
        assert_eq!(code(Type::Float, json!("abc")), 700);
        assert_eq!(code(Type::Double, json!("")), 700);
    }
}
