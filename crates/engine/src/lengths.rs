//! Declared lengths of texts and bytes: which value of a column is longer than its column allows.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::OffsetBuffer;
use model::{DataType, LengthUnit};

/// The first row whose value is too long for a column of that type; `None` at once for types
/// without a length.
pub(crate) fn first_too_long(values: &ArrayRef, data_type: DataType) -> Option<usize> {
    match data_type {
        DataType::Text(Some(length)) => {
            let texts = values.as_string_opt::<i32>()?;
            let in_bytes = longer(texts, texts.offsets(), length.max)?;
            match length.unit {
                LengthUnit::Bytes => Some(in_bytes),
                // No text has more characters than bytes.
                LengthUnit::Characters => {
                    (in_bytes..texts.len()).find(|row| texts.is_valid(*row) && !length.fits(texts.value(*row)))
                }
            }
        }
        DataType::Binary(Some(max)) => {
            let bytes = values.as_binary_opt::<i32>()?;
            longer(bytes, bytes.offsets(), max)
        }
        _ => None,
    }
}

/// The first valid row with more bytes than that.
fn longer(values: &dyn Array, offsets: &OffsetBuffer<i32>, max: u32) -> Option<usize> {
    let lengths = offsets.lengths().enumerate();
    let mut longer = lengths.filter(|(row, bytes)| *bytes > max as usize && values.is_valid(*row));
    longer.next().map(|(row, _)| row)
}

#[cfg(test)]
mod tests {
    use super::first_too_long;
    use arrow::array::{ArrayRef, BinaryArray, StringArray};
    use model::{DataType, TextLength};
    use std::sync::Arc;

    #[test]
    fn bytes_and_characters_are_counted_as_declared() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("ab"), Some("äöü"), Some("abcd")]));
        let text = |length| first_too_long(&texts, DataType::Text(Some(length)));
        assert_eq!(text(TextLength::bytes(1)), Some(1));
        assert_eq!(text(TextLength::bytes(4)), Some(2));
        assert_eq!(text(TextLength::bytes(6)), None);
        assert_eq!(text(TextLength::characters(3)), Some(3));
        assert_eq!(text(TextLength::characters(4)), None);
        assert_eq!(first_too_long(&texts, DataType::Text(None)), None);
        let part = texts.slice(3, 1);
        assert_eq!(first_too_long(&part, DataType::Text(Some(TextLength::bytes(3)))), Some(0));
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"1234"[..], b"12345"]));
        assert_eq!(first_too_long(&bytes, DataType::Binary(Some(4))), Some(1));
        assert_eq!(first_too_long(&bytes, DataType::Binary(None)), None);
    }
}
