//! What is checked of a tablet before any of its cells: sizes, type names, categories, times.

use crate::error::{Failure, Result, worded};
use crate::sql::statement::Category;
use crate::types::Type;
use crate::wire::TabletBody;

/// The greatest time, to either side, that is taken for one of milliseconds.
const TIME_MAX: u64 = 10_000_000_000_000;

/// The columns of a tablet, checked.
#[derive(Debug)]
pub(super) struct Header {
    /// As sent; an empty one where the request has null.
    pub(super) names: Vec<String>,
    categories: Vec<Option<String>>,
    pub(super) types: Vec<Type>,
}

impl Header {
    /// Checks sizes and type names, all faults at once.
    ///
    /// # Errors
    /// The vendor's 305 with every fault; 700 for types that no column can have.
    pub(super) fn checked(body: &TabletBody) -> Result<Self> {
        let mut faults = Vec::new();
        let (names, categories) = (body.column_names.len(), body.column_categories.len());
        if categories == 0 || names != categories {
            faults.push("column_names and column_categories should have the same size".to_owned());
        }
        if categories != body.data_types.len() {
            faults.push("column_categories and data_types should have the same size".to_owned());
        }
        if body.timestamps.len() != body.values.len() {
            faults.push("values and timestamps should have the same size".to_owned());
        }
        let (mut types, mut foreign) = (Vec::with_capacity(body.data_types.len()), None);
        for word in &body.data_types {
            let word = word.as_deref().unwrap_or("null");
            match Type::named(word) {
                Some(of) => types.push(of),
                None if is_foreign(word) => foreign = Some(word.to_uppercase()),
                None => faults.push(format!("The {word} data type of {} is illegal", body.table)),
            }
        }
        for (row, values) in body.values.iter().enumerate() {
            if values.len() != body.data_types.len() {
                let row = row + 1;
                faults.push(format!("The number of values in the {row}th row is not equal to the data_types size"));
            }
        }
        if !faults.is_empty() {
            return Err(Failure::new(305, faults.join(",")));
        }
        if let Some(word) = foreign {
            return Err(Failure::new(700, format!("Invalid input: {word}")));
        }
        let missing = |name: &Option<String>| name.clone().unwrap_or_default();
        if body.column_names.iter().any(Option::is_none) {
            let shown: Vec<&str> = body.column_names.iter().map(|name| name.as_deref().unwrap_or("null")).collect();
            return Err(worded(format!("Measurement contains null or empty string: [{}]", shown.join(", "))));
        }
        Ok(Self {
            names: body.column_names.iter().map(missing).collect(),
            categories: body.column_categories.clone(),
            types,
        })
    }

    /// The categories, in capitals as the vendor wants them.
    ///
    /// # Errors
    /// The vendor's words for one that is none.
    pub(super) fn categories(&self) -> Result<Vec<Category>> {
        self.categories
            .iter()
            .map(|word| match word.as_deref() {
                Some("TAG") => Ok(Category::Tag),
                Some("ATTRIBUTE") => Ok(Category::Attribute),
                Some("FIELD") => Ok(Category::Field),
                Some("TIME") => Ok(Category::Time),
                Some(other) => {
                    let text = format!("No enum constant org.apache.tsfile.enums.ColumnCategory.{other}");
                    Err(Failure::new(700, text))
                }
                None => Err(Failure::new(305, "Name is null")),
            })
            .collect()
    }
}

/// Types that the vendor's list holds and that no column has.
fn is_foreign(word: &str) -> bool {
    ["VECTOR", "UNKNOWN", "OBJECT"].iter().any(|foreign| word.eq_ignore_ascii_case(foreign))
}

/// Fails for a null among the times, and when the last one is too far away for milliseconds.
pub(super) fn check_times(times: &[Option<i64>]) -> Result<()> {
    if times.iter().any(Option::is_none) {
        return Err(Failure { message: None, ..Failure::new(305, "") });
    }
    match times.last().copied().flatten() {
        Some(time) if time.unsigned_abs() > TIME_MAX => Err(worded(format!(
            "The timestamp is unexpectedly large, you may forget to set the timestamp precision.Current system \
             timestamp precision is ms, please check whether the timestamp {time} is correct.If you insist to insert \
             this timestamp, please set timestamp_precision_check_enabled=false and restart the server."
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, check_times};
    use crate::wire::TabletBody;

    fn header(body: &str) -> Result<Header, (u16, String)> {
        let body = TabletBody::read(body.as_bytes()).unwrap();
        Header::checked(&body).map_err(|failure| (failure.code, failure.message.unwrap()))
    }

    #[test]
    fn every_fault_is_named() {
        let body = r#"{"database":"d","table":"t","column_names":["a","b"],"column_categories":["FIELD","FIELD"],
            "data_types":["INT","DOUBLE"],"timestamps":[1,2],"values":[[1,2.0],[2]]}"#;
        let text =
            "The INT data type of t is illegal,The number of values in the 2th row is not equal to the data_types size";
        assert_eq!(header(body).unwrap_err(), (305, text.to_owned()));
        let body = r#"{"database":"d","table":"t","column_names":["a"],"column_categories":["FIELD"],
            "data_types":["vector"],"timestamps":[1],"values":[[1]]}"#;
        assert_eq!(header(body).unwrap_err(), (700, "Invalid input: VECTOR".to_owned()));
    }

    #[test]
    fn times_must_be_of_milliseconds() {
        assert!(check_times(&[Some(99_999_999_999_999), Some(1)]).is_ok(), "only the last one counts");
        assert_eq!(check_times(&[Some(-99_999_999_999_999)]).unwrap_err().code, 701);
        let null = check_times(&[None]).unwrap_err();
        assert_eq!((null.code, null.message), (305, None));
    }
}
