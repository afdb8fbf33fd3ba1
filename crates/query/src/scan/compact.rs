//! Letting go of large buffers behind small slices.
//!
//! Operators that keep batches count whole buffers: a slice of a few rows out of a chunk of many
//! would use up a query's memory at once, and would keep the chunk alive.

use arrow::array::{Array, ArrayRef, MutableArrayData, make_array};
use datafusion::error::Result;
use std::sync::Arc;

/// Slices of buffers below this are left as they are.
const BYTES_KEPT: usize = 64 << 10;
/// Slices of at least this part of their buffers are left as they are.
const PART_KEPT: usize = 4;

/// The array, copied out of its buffers when they are much larger.
pub(crate) fn compact(array: &ArrayRef) -> Result<ArrayRef> {
    let held = array.get_buffer_memory_size();
    if held <= BYTES_KEPT {
        return Ok(Arc::clone(array));
    }
    let data = array.to_data();
    if held / PART_KEPT <= data.get_slice_memory_size()? {
        return Ok(Arc::clone(array));
    }
    let mut copy = MutableArrayData::new(vec![&data], false, data.len());
    copy.try_extend(0, 0, data.len())?;
    Ok(make_array(copy.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray};

    #[test]
    fn small_slices_are_copied_and_large_ones_shared() {
        let words: ArrayRef =
            Arc::new(StringArray::from_iter((0..50_000).map(|i| (i % 3 > 0).then(|| format!("word {i}")))));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..50_000));
        for array in [words, numbers] {
            let slice = array.slice(1_001, 100);
            let copy = compact(&slice).unwrap();
            assert_eq!(&copy, &slice);
            assert!(copy.get_buffer_memory_size() < 4_096, "{}", copy.get_buffer_memory_size());
            let most = array.slice(10, 40_000);
            assert_eq!(compact(&most).unwrap().get_buffer_memory_size(), most.get_buffer_memory_size());
        }
    }
}
