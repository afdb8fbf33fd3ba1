//! The body of a successful query, written as rows come in and cut at a row boundary.
//!
//! `time` stands before the rows and `rows` and the cut's header depend on all of them, so the body
//! is held up to its limit before the head is sent.

use super::cell::Column;
use super::meta::push_column_meta;
use crate::error::worded;
use crate::timezone::Zone;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use dialect::json::{numbered, push_escaped};
use model::Result;
use std::time::Duration;

/// The greatest body in bytes, uncompressed, as the documents say it.
pub(crate) const DOCUMENTED_BYTES: usize = 5 * 1024 * 1024;
/// What the keys around the rows take at most.
const FRAME_BYTES: usize = 160;

/// A query's answer under way.
#[derive(Debug)]
pub(crate) struct QueryBody {
    zone: Zone,
    schema: SchemaRef,
    column_meta: Vec<u8>,
    data: Vec<u8>,
    rows: u64,
    limit: usize,
    full: bool,
}

impl QueryBody {
    /// An answer with these columns; `limit` bytes at most.
    pub(crate) fn new(schema: SchemaRef, zone: Zone, limit: usize) -> Self {
        let mut column_meta = Vec::new();
        push_column_meta(&mut column_meta, &schema);
        Self { zone, schema, column_meta, data: Vec::new(), rows: 0, limit, full: false }
    }

    /// Appends rows; false when the limit is reached and no further row can be taken.
    ///
    /// # Errors
    /// The very first row is beyond the limit: no answer can hold it.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<bool> {
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .map(|(values, field)| Column::new(values, field))
            .collect::<Result<Vec<_>>>()?;
        let room = self.limit.saturating_sub(self.column_meta.len() + FRAME_BYTES);
        for row in 0..batch.num_rows() {
            let mark = self.data.len();
            self.data.extend_from_slice(if self.rows == 0 { b"[" } else { b",[" });
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    self.data.push(b',');
                }
                column.push(&mut self.data, row, &self.zone)?;
            }
            self.data.push(b']');
            if self.data.len() > room {
                if self.rows == 0 {
                    let limit = self.limit;
                    return Err(worded(format!(
                        "a row of the result does not fit into an answer of {limit} bytes (limits.result_bytes)"
                    )));
                }
                self.data.truncate(mark);
                self.full = true;
                return Ok(false);
            }
            self.rows += 1;
        }
        Ok(true)
    }

    /// Whether rows were left out.
    pub(crate) const fn is_cut(&self) -> bool {
        self.full
    }

    /// The whole body. The rows stay where they are in memory: there may be many.
    pub(crate) fn finish(self, time: Duration) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.column_meta.len() + FRAME_BYTES);
        head.extend_from_slice(b"{\"code\":0,\"desc\":null,\"time\":");
        head.extend_from_slice(zmij::Buffer::new().format_finite(time.as_secs_f64()).as_bytes());
        head.extend_from_slice(b",\"column_meta\":");
        head.extend_from_slice(&self.column_meta);
        head.extend_from_slice(b",\"data\":[");
        let mut body = self.data;
        body.splice(0..0, head);
        body.extend_from_slice(b"],\"rows\":");
        body.extend_from_slice(itoa::Buffer::new().format(self.rows).as_bytes());
        body.push(b'}');
        body
    }
}

/// Appends a JSON string; DEL is escaped too, as the vendor's server does.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    push_escaped(out, text, |byte| byte == 0x7f, numbered);
}

#[cfg(test)]
mod tests {
    use super::{DOCUMENTED_BYTES, QueryBody, push_string};
    use crate::timezone::Zone;
    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::record_batch::RecordBatch;
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn batch(texts: Vec<Option<String>>) -> RecordBatch {
        let numbers: Int32Array = (0..i32::try_from(texts.len()).unwrap()).map(Some).collect();
        let schema = Schema::new(vec![Field::new("n", DataType::Int32, true), Field::new("t", DataType::Utf8, true)]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(StringArray::from(texts))]).unwrap()
    }

    fn answer(batches: &[RecordBatch], limit: usize) -> (String, bool) {
        let mut body = QueryBody::new(batches[0].schema(), Zone::utc(), limit);
        for batch in batches {
            if !body.push(batch).unwrap() {
                break;
            }
        }
        let cut = body.is_cut();
        (String::from_utf8(body.finish(Duration::from_millis(2))).unwrap(), cut)
    }

    #[test]
    fn keys_in_documented_order() {
        let (body, cut) = answer(&[batch(vec![Some("a".to_owned()), None])], DOCUMENTED_BYTES);
        assert_eq!(
            body,
            concat!(
                r#"{"code":0,"desc":null,"time":0.002,"column_meta":[["n","INT4",4],["t","TEXT",9223372036854775807]],"#,
                r#""data":[[0,"a"],[1,null]],"rows":2}"#
            )
        );
        assert!(!cut);
    }

    #[test]
    fn no_rows_is_an_empty_list() {
        let (body, _) = answer(&[batch(vec![])], DOCUMENTED_BYTES);
        assert!(body.ends_with(r#""data":[],"rows":0}"#), "{body}");
    }

    #[test]
    fn a_first_row_beyond_the_limit_is_an_error() {
        let batch = batch(vec![Some("x".repeat(1_000))]);
        let error = QueryBody::new(batch.schema(), Zone::utc(), 800).push(&batch).unwrap_err().to_string();
        assert!(error.contains("does not fit into an answer of 800 bytes"), "{error}");
    }

    #[test]
    fn del_is_escaped() {
        let mut out = Vec::new();
        push_string(&mut out, "a\u{7f}\u{1}");
        assert_eq!(out, b"\"a\\u007f\\u0001\"");
    }

    proptest! {
        #[test]
        fn a_cut_body_is_valid_and_counts_what_it_holds(lengths in prop::collection::vec(0_usize..200, 0..60), limit in 200_usize..4000) {
            let texts: Vec<_> = lengths.iter().map(|n| Some("x".repeat(*n))).collect();
            let total = texts.len();
            let limit = limit + lengths.first().map_or(0, |first| first + 120);
            let (body, cut) = answer(&[batch(texts.clone()), batch(texts)], limit);
            let json: serde_json::Value = serde_json::from_str(&body).unwrap();
            let rows = json["rows"].as_u64().unwrap();
            prop_assert_eq!(rows, json["data"].as_array().unwrap().len() as u64);
            prop_assert_eq!(cut, rows < 2 * total as u64);
            prop_assert!(body.len() <= limit.max(260));
        }
    }
}
