//! The answer with rows: `{"column_names":[..],"data_types":[..],"values":[[..],..]}`, written row
//! by row from Arrow columns.
//!
//! Rows beyond the limit are an error that tells nothing of the rows, so the whole body is held
//! until the last row is there.

mod cell;

use crate::error::{Failure, Result};
use crate::names;
use crate::types::Type;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use cell::Column;
use dialect::json::push_escaped;

/// The most rows of an answer whose request names no limit.
pub(crate) const ROWS_DEFAULT: u64 = 10_000;

/// The most bytes of an answer where the server sets no bound.
const BYTES_DEFAULT: usize = 256 << 20;

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Vec<u8>,
    rows: u64,
    rows_max: u64,
    bytes_max: usize,
}

impl Answer {
    /// An answer with these columns and at most so many rows and bytes.
    pub(crate) fn new(schema: &Schema, rows_max: u64, bytes_max: Option<usize>) -> Self {
        let mut body = b"{\"column_names\":[".to_vec();
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            push_string(&mut body, names::shown_name(field.name()));
        }
        body.extend_from_slice(b"],\"data_types\":[");
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            push_string(&mut body, Type::of_field(field).map_or("UNKNOWN", Type::word));
        }
        body.extend_from_slice(b"],\"values\":[");
        Self { body, rows: 0, rows_max, bytes_max: bytes_max.unwrap_or(BYTES_DEFAULT) }
    }

    /// Appends rows.
    ///
    /// # Errors
    /// More rows than the limit (708), a value that this vendor's type for it cannot hold, a body
    /// that grows beyond bounds.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        if self.rows.saturating_add(rows) > self.rows_max {
            let message = format!("Dataset row size exceeded the given max row size ({})", self.rows_max);
            return Err(Failure::new(708, message));
        }
        let columns = batch.columns().iter().map(Column::new).collect::<Result<Vec<_>>>()?;
        for row in 0..batch.num_rows() {
            self.body.extend_from_slice(if self.rows == 0 { b"[" } else { b",[" });
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.body.push(b',');
                }
                column.push(&mut self.body, row)?;
            }
            self.body.push(b']');
            self.rows += 1;
            if self.body.len() > self.bytes_max {
                let bytes = self.bytes_max;
                return Err(Failure::new(719, format!("the answer has more than {bytes} bytes: use LIMIT")));
            }
        }
        Ok(())
    }

    /// The whole body.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.body.extend_from_slice(b"]}");
        self.body
    }
}

/// Appends a JSON string; characters beyond U+FFFF as two escapes, as the vendor's server does.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    push_escaped(out, text, |byte| byte >= FIRST_BYTE_BEYOND_FFFF, escaped);
}

/// The least byte with which UTF-8 begins a character beyond U+FFFF.
const FIRST_BYTE_BEYOND_FFFF: u8 = 0xF0;

fn escaped(character: char) -> String {
    match character {
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        other => other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, push_string};
    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::record_batch::RecordBatch;
    use std::sync::Arc;

    #[test]
    fn strings_are_escaped() {
        let mut out = Vec::new();
        push_string(&mut out, "a\"\\\n\u{1}é😀");
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"\\\\\\n\\u0001é\\uD83D\\uDE00\"");
    }

    #[test]
    fn rows_up_to_the_limit() {
        let fields = vec![Field::new("a", DataType::Int32, true), Field::new("b\u{0}1\u{0}B", DataType::Utf8, true)];
        let schema = Arc::new(Schema::new(fields));
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(Int32Array::from(vec![Some(1), None])), Arc::new(StringArray::from(vec!["x", "y"]))];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        let mut answer = Answer::new(&schema, 2, None);
        answer.push(&batch).unwrap();
        assert_eq!(
            String::from_utf8(answer.finish()).unwrap(),
            r#"{"column_names":["a","B"],"data_types":["INT32","STRING"],"values":[[1,"x"],[null,"y"]]}"#
        );
        assert_eq!(Answer::new(&schema, 1, None).push(&batch).unwrap_err().code, 708);
        assert_eq!(Answer::new(&schema, 2, Some(80)).push(&batch).unwrap_err().code, 719);
    }
}
