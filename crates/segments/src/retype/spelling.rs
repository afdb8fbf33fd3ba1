//! How values become text.

use arrow::array::ArrayRef;
use model::{DataType, Error, Result};
use std::fmt::Debug;

/// Spellings of values by name, since vendors spell numbers and times differently. Names are
/// fixed once a retype recorded them.
pub trait Spellings: Debug + Send + Sync {
    /// The text of each value; NULL stays NULL. `values` are of [`model::arrow_type`] of `from`,
    /// and the answer is a `StringArray` of the same length.
    ///
    /// # Errors
    /// [`model::ErrorKind::Internal`] when the spelling is not known.
    fn spell(&self, spelling: &str, values: &ArrayRef, from: DataType) -> Result<ArrayRef>;
}

/// Knows one spelling, `plain`: the one of a plain conversion to text.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainSpellings;

impl PlainSpellings {
    /// The name of the plain spelling.
    pub const NAME: &'static str = "plain";
}

impl Spellings for PlainSpellings {
    fn spell(&self, spelling: &str, values: &ArrayRef, from: DataType) -> Result<ArrayRef> {
        if spelling != Self::NAME {
            return Err(Error::internal(format!("no spelling is called \"{spelling}\"")));
        }
        super::convert::plain_text(values, from)
    }
}
