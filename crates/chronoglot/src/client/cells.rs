//! The cells of a result as the server spelled them: a number keeps every digit, where reading it
//! as a float would round what has more than 16 of them.

use serde_json::Value;
use std::fmt;

/// One value of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    /// A number's text.
    Number(String),
    Text(String),
}

impl Cell {
    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The cell as JSON.
    pub(crate) fn json(&self) -> String {
        match self {
            Self::Text(text) => Value::from(text.as_str()).to_string(),
            Self::Null => "null".to_owned(),
            other => other.to_string(),
        }
    }
}

/// For people: texts without quotes, NULL by name.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Text(text) => f.write_str(text),
        }
    }
}

/// The rows below `data` of an answer; none if it has no rows, or is not JSON.
pub(crate) fn rows_of(answer: &str) -> Vec<Vec<Cell>> {
    let Ok(mut answer) = serde_json::from_str::<Value>(&with_numbers_boxed(answer)) else { return Vec::new() };
    match answer["data"].take() {
        Value::Array(rows) => rows
            .into_iter()
            .map(|row| match row {
                Value::Array(cells) => cells.into_iter().map(cell).collect(),
                _ => Vec::new(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn cell(value: Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(value),
        Value::String(text) => Cell::Text(text),
        // A number in its box.
        Value::Array(mut boxed) if boxed.len() == 1 => match boxed.pop() {
            Some(Value::String(text)) => Cell::Number(text),
            other => Cell::Text(Value::from(other).to_string()),
        },
        other => Cell::Text(other.to_string()),
    }
}

/// JSON in which each number is an array of one text, so that reading it changes no digit: no cell
/// is an array otherwise.
fn with_numbers_boxed(json: &str) -> String {
    let mut boxed = String::with_capacity(json.len() + json.len() / 2);
    let (mut in_text, mut escaped, mut in_number) = (false, false, false);
    for c in json.chars() {
        if in_number && !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-') {
            boxed.push_str("\"]");
            in_number = false;
        }
        if !in_text && !in_number && matches!(c, '0'..='9' | '-') {
            boxed.push_str("[\"");
            in_number = true;
        }
        if c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && c == '\\' && !escaped;
        boxed.push(c);
    }
    if in_number {
        boxed.push_str("\"]");
    }
    boxed
}

#[cfg(test)]
mod tests {
    use super::{Cell, rows_of};

    #[test]
    fn cells_are_what_was_sent() {
        let answer = r#"{"code":0,"column_meta":[["a",8]],"data":[[12345678901234567890.10,-1e300,"5 \" [6] \\",true,null],[]],"rows":2}"#;
        let rows = rows_of(answer);
        let number = |text: &str| Cell::Number(text.to_owned());
        let text = Cell::Text("5 \" [6] \\".to_owned());
        let first = vec![number("12345678901234567890.10"), number("-1e300"), text, Cell::Bool(true), Cell::Null];
        assert_eq!(rows, [first, vec![]]);
        let json: Vec<String> = rows[0].iter().map(Cell::json).collect();
        assert_eq!(json.join(","), r#"12345678901234567890.10,-1e300,"5 \" [6] \\",true,null"#);
        assert_eq!(rows[0][4].to_string(), "NULL");
        assert!(rows_of("{").is_empty() && rows_of(r#"{"data":null}"#).is_empty());
    }
}
