//! The lines of a query's answer, and the one object of SHOW, DESC and EXPLAIN.

use super::cell::Column;
use crate::names::shown_name;
use crate::types::result_type;
use crate::zone::Zone;
use arrow::array::AsArray;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use dialect::json::push_string;
use model::{Error, Result};

/// `{"connectionId":49}`
pub(crate) fn connection(id: u64) -> Vec<u8> {
    format!("{{\"connectionId\":{id}}}\n").into_bytes()
}

fn push_meta(out: &mut Vec<u8>, schema: &Schema) {
    out.extend_from_slice(b"{\"meta\":[");
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"name\":");
        push_string(out, shown_name(field.name()));
        out.extend_from_slice(b",\"type\":");
        push_string(out, &result_type(field).0);
        out.push(b'}');
    }
    out.push(b']');
}

/// `{"meta":[{"name":"k","type":"int(11)"}]}`
pub(crate) fn meta(schema: &Schema) -> Vec<u8> {
    let mut out = Vec::new();
    push_meta(&mut out, schema);
    out.extend_from_slice(b"}\n");
    out
}

/// `{"data":[1,"a"]}` for each row.
pub(crate) fn data(schema: &SchemaRef, batch: &RecordBatch, zone: &Zone) -> Result<Vec<u8>> {
    let columns = columns(schema, batch)?;
    let mut out = Vec::new();
    for row in 0..batch.num_rows() {
        out.extend_from_slice(b"{\"data\":[");
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            column.push(&mut out, row, zone)?;
        }
        out.extend_from_slice(b"]}\n");
    }
    Ok(out)
}

fn columns(schema: &SchemaRef, batch: &RecordBatch) -> Result<Vec<Column>> {
    batch.columns().iter().zip(schema.fields()).map(|(values, field)| Column::new(values, field)).collect()
}

/// What a query cost; its scan is not counted here.
fn push_statistics(out: &mut Vec<u8>, rows: u64) {
    out.extend_from_slice(
        format!("\"statistics\":{{\"scanRows\":0,\"scanBytes\":0,\"returnRows\":{rows}}}").as_bytes(),
    );
}

/// `{"statistics":{...}}`, the last line: without it an answer is not whole.
pub(crate) fn statistics(rows: u64) -> Vec<u8> {
    let mut out = b"{".to_vec();
    push_statistics(&mut out, rows);
    out.extend_from_slice(b"}\n");
    out
}

/// The one object of SHOW and DESC: rows are objects of texts and nulls.
pub(crate) fn whole(schema: &SchemaRef, batches: &[RecordBatch], zone: &Zone) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    push_meta(&mut out, schema);
    out.extend_from_slice(b",\"data\":[");
    let mut rows = 0;
    for batch in batches {
        let columns = columns(schema, batch)?;
        for row in 0..batch.num_rows() {
            out.extend_from_slice(if rows == 0 { b"{" } else { b",{" });
            for (index, (column, field)) in columns.iter().zip(schema.fields()).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_string(&mut out, field.name());
                out.push(b':');
                column.push(&mut out, row, zone)?;
            }
            out.push(b'}');
            rows += 1;
        }
    }
    out.extend_from_slice(b"],");
    push_statistics(&mut out, rows);
    out.push(b'}');
    Ok(out)
}

/// `{"explain":"..."}` of the plans that the rows of EXPLAIN hold.
pub(crate) fn explain(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let mut text = String::new();
    for batch in batches {
        let Some(plans) = batch.columns().last().and_then(|plans| plans.as_string_opt::<i32>()) else {
            return Err(Error::internal("a plan that is no text"));
        };
        for plan in plans.iter().flatten() {
            text.push_str(plan.trim_end());
            text.push('\n');
        }
    }
    let mut out = b"{\"explain\":".to_vec();
    push_string(&mut out, &text);
    out.push(b'}');
    Ok(out)
}
