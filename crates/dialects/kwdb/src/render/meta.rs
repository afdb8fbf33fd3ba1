//! `column_meta`: `[["ts","TIMESTAMPTZ",8],...]`.

use super::json::push_string;
use crate::names::shown_name;
use crate::types::result_type;
use arrow::datatypes::Schema;

/// Appends the descriptions of all columns.
pub(crate) fn push_column_meta(out: &mut Vec<u8>, schema: &Schema) {
    out.push(b'[');
    for (index, field) in schema.fields().iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let (word, length) = result_type(field);
        out.push(b'[');
        push_string(out, shown_name(field.name()));
        out.extend_from_slice(b",\"");
        out.extend_from_slice(word.as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        out.push(b']');
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::push_column_meta;
    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

    #[test]
    fn name_type_and_length() {
        let schema = Schema::new(vec![
            Field::new("ts", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), true),
            Field::new("count", DataType::Int64, true),
            Field::new("a \"b\"", DataType::Utf8, true),
        ]);
        let mut out = Vec::new();
        push_column_meta(&mut out, &schema);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"[["ts","TIMESTAMPTZ",8],["count","INT8",8],["a \"b\"","TEXT",9223372036854775807]]"#
        );
    }
}
