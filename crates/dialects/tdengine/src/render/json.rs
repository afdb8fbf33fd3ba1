//! The body of a successful statement: `code`, `column_meta`, `data`, `rows`, in this order, since a
//! client reads it as it comes.

use super::cell::Column;
use crate::timezone::Zone;
use crate::types::result_type;
use arrow::array::Array;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use dialect::json::push_string;
use model::Result;
use std::sync::Arc;
use std::time::Instant;

/// How a body is to look.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The zone in which times are printed.
    pub(crate) zone: Zone,
    /// Whether rows are objects.
    pub(crate) objects: bool,
    /// When the request began, if the answer is to say how long it took.
    pub(crate) timing: Option<Instant>,
}

impl Shape {
    /// The answer of a statement without rows.
    pub(crate) fn changed(&self, rows: u64) -> Vec<u8> {
        let row = if self.objects { format!("{{\"affected_rows\":{rows}}}") } else { format!("[{rows}]") };
        let body = format!("{{\"code\":0,\"column_meta\":[[\"affected_rows\",\"INT\",4]],\"data\":[{row}],\"rows\":1");
        let mut body = body.into_bytes();
        self.end(&mut body);
        body
    }

    fn end(&self, body: &mut Vec<u8>) {
        if let Some(started) = self.timing {
            body.extend_from_slice(format!(",\"timing\":{}", started.elapsed().as_nanos().max(1)).as_bytes());
        }
        body.push(b'}');
    }
}

/// The body of a statement with rows, under way.
#[derive(Debug)]
pub(crate) struct SqlBody {
    schema: SchemaRef,
    /// What stands before each value: nothing, or its name as a key.
    keys: Vec<Vec<u8>>,
    head: Vec<u8>,
    shape: Shape,
    rows: u64,
}

impl SqlBody {
    /// A body with these columns; the first rows tell how long computed texts are.
    pub(crate) fn new(schema: &SchemaRef, first: Option<&RecordBatch>, shape: Shape) -> Self {
        let mut head = br#"{"code":0,"column_meta":["#.to_vec();
        let mut keys = Vec::with_capacity(schema.fields().len());
        for (index, field) in schema.fields().iter().enumerate() {
            let longest = first.and_then(|batch| batch.columns().get(index)).map_or(0, |values| longest(values));
            let (word, length) = result_type(field, longest);
            let name = shown_name(field.name());
            head.extend_from_slice(if index == 0 { b"[" } else { b",[" });
            push_string(&mut head, name);
            head.push(b',');
            push_string(&mut head, &word);
            head.extend_from_slice(format!(",{length}]").as_bytes());
            let mut key = Vec::new();
            if shape.objects {
                push_string(&mut key, name);
                key.push(b':');
            }
            keys.push(key);
        }
        head.extend_from_slice(br#"],"data":["#);
        Self { schema: Arc::clone(schema), keys, head, shape, rows: 0 }
    }

    /// What stands before the rows; once.
    pub(crate) fn head(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.head)
    }

    /// Appends rows.
    ///
    /// # Errors
    /// A type that cannot be printed.
    pub(crate) fn push(&mut self, out: &mut Vec<u8>, batch: &RecordBatch) -> Result<()> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(values, field)| Column::new(values, field)).collect::<Result<Vec<_>>>()?;
        let (open, close) = if self.shape.objects { (b'{', b'}') } else { (b'[', b']') };
        for row in 0..batch.num_rows() {
            if self.rows > 0 {
                out.push(b',');
            }
            out.push(open);
            for (index, (column, key)) in columns.iter().zip(&self.keys).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(key);
                column.push(out, row, &self.shape.zone);
            }
            out.push(close);
            self.rows += 1;
        }
        Ok(())
    }

    /// Appends what stands behind the rows.
    pub(crate) fn finish(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("],\"rows\":{}", self.rows).as_bytes());
        self.shape.end(out);
    }
}

/// Stands between a name and what keeps it distinct; no name of a user holds it.
pub(crate) const HIDDEN_SUFFIX: char = '\u{0}';

/// The name of a result column as the client sees it.
fn shown_name(field: &str) -> &str {
    field.split(HIDDEN_SUFFIX).next().unwrap_or_default()
}

/// The bytes of the longest text of a column.
fn longest(values: &dyn Array) -> usize {
    use arrow::array::AsArray as _;
    match values.data_type() {
        arrow::datatypes::DataType::Utf8 => values.as_string::<i32>().iter().flatten().map(str::len).max().unwrap_or(0),
        arrow::datatypes::DataType::Utf8View => {
            values.as_string_view().iter().flatten().map(str::len).max().unwrap_or(0)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, SqlBody};
    use crate::timezone;
    use arrow::array::{Int32Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};
    use arrow::record_batch::RecordBatch;
    use std::sync::Arc;
    use std::time::Instant;

    fn shape(objects: bool) -> Shape {
        Shape { zone: timezone::utc(), objects, timing: None }
    }

    fn body(batch: &RecordBatch, objects: bool) -> String {
        let mut body = SqlBody::new(&batch.schema(), Some(batch), shape(objects));
        let mut out = body.head();
        body.push(&mut out, batch).unwrap();
        body.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn batch() -> RecordBatch {
        let schema = Schema::new(vec![Field::new("n", DataType::Int32, true), Field::new("t", DataType::Utf8, true)]);
        let texts = StringArray::from(vec![Some("ab"), None]);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int32Array::from(vec![1, 2])), Arc::new(texts)]).unwrap()
    }

    #[test]
    fn keys_stand_in_the_documented_order() {
        let expected =
            r#"{"code":0,"column_meta":[["n","INT",4],["t","VARCHAR",2]],"data":[[1,"ab"],[2,null]],"rows":2}"#;
        assert_eq!(body(&batch(), false), expected);
        let expected = r#"{"code":0,"column_meta":[["n","INT",4],["t","VARCHAR",2]],"data":[{"n":1,"t":"ab"},{"n":2,"t":null}],"rows":2}"#;
        assert_eq!(body(&batch(), true), expected);
        let expected = r#"{"code":0,"column_meta":[["affected_rows","INT",4]],"data":[[3]],"rows":1}"#;
        assert_eq!(String::from_utf8(shape(false).changed(3)).unwrap(), expected);
        let expected = r#"{"code":0,"column_meta":[["affected_rows","INT",4]],"data":[{"affected_rows":3}],"rows":1}"#;
        assert_eq!(String::from_utf8(shape(true).changed(3)).unwrap(), expected);
        let timed = Shape { timing: Some(Instant::now()), ..shape(false) };
        let timed: serde_json::Value = serde_json::from_slice(&timed.changed(0)).unwrap();
        assert!(timed["timing"].as_u64().unwrap() > 0);
    }
}
