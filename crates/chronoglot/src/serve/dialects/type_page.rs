//! `docs/types.md`: every type of the store in every dialect's words, as the dialects themselves
//! tell them. `cargo xtask gen` writes the page; a page that is not what they tell is a fault.

use super::dialects;
use dialect::Dialect;
use model::{DataType, TextLength, TimeUnit};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Set to write the page in place of comparing it.
const WRITE: &str = "CHRONOGLOT_GENERATE";

const INTRODUCTION: &str = "\
# Types

What a column is called at each door. A column keeps the word that it was declared with, and the dialect that declared
it shows that word; here is what the others show, and what a column is called that no statement declared. `-`: a dialect
has no word for it. Lengths, digits and units are examples.

This page is written by `cargo xtask gen`.

";

/// One type of each kind behind the primitive ones, in the order of the page.
const OTHER_TYPES: [DataType; 18] = [
    DataType::Decimal { precision: 10, scale: 2 },
    DataType::Text(Some(TextLength::bytes(20))),
    DataType::Text(Some(TextLength::characters(20))),
    DataType::Text(None),
    DataType::Binary(Some(20)),
    DataType::Binary(None),
    DataType::Json,
    DataType::Geometry,
    DataType::Date,
    DataType::TimeOfDay,
    DataType::Interval,
    DataType::Uuid,
    DataType::Inet,
    DataType::Instant(TimeUnit::Millisecond),
    DataType::Instant(TimeUnit::Microsecond),
    DataType::Instant(TimeUnit::Nanosecond),
    DataType::LocalDateTime(TimeUnit::Millisecond),
    DataType::LocalDateTime(TimeUnit::Nanosecond),
];

fn types() -> impl Iterator<Item = DataType> {
    DataType::PRIMITIVES.into_iter().chain(OTHER_TYPES)
}

/// What the page calls a type. A type that is missing here belongs into [`OTHER_TYPES`] too.
fn store_word(data_type: DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "8-bit integer".to_owned(),
        DataType::Int16 => "16-bit integer".to_owned(),
        DataType::Int32 => "32-bit integer".to_owned(),
        DataType::Int64 => "64-bit integer".to_owned(),
        DataType::UInt8 => "8-bit unsigned integer".to_owned(),
        DataType::UInt16 => "16-bit unsigned integer".to_owned(),
        DataType::UInt32 => "32-bit unsigned integer".to_owned(),
        DataType::UInt64 => "64-bit unsigned integer".to_owned(),
        DataType::Float32 => "32-bit float".to_owned(),
        DataType::Float64 => "64-bit float".to_owned(),
        DataType::Decimal { precision, scale } => format!("decimal of {precision} digits, {scale} after the point"),
        DataType::Text(None) => "text".to_owned(),
        DataType::Text(Some(TextLength { max, unit: model::LengthUnit::Bytes })) => format!("text of {max} bytes"),
        DataType::Text(Some(TextLength { max, unit: model::LengthUnit::Characters })) => {
            format!("text of {max} characters")
        }
        DataType::Binary(None) => "bytes".to_owned(),
        DataType::Binary(Some(length)) => format!("bytes, {length} at most"),
        DataType::Json => "JSON".to_owned(),
        DataType::Geometry => "geometry".to_owned(),
        DataType::Date => "date".to_owned(),
        DataType::TimeOfDay => "time of day".to_owned(),
        DataType::Interval => "interval".to_owned(),
        DataType::Uuid => "UUID".to_owned(),
        DataType::Inet => "network address".to_owned(),
        DataType::Instant(unit) => format!("point in time, {}", unit_word(unit)),
        DataType::LocalDateTime(unit) => format!("date and time without a zone, {}", unit_word(unit)),
    }
}

const fn unit_word(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Millisecond => "milliseconds",
        TimeUnit::Microsecond => "microseconds",
        TimeUnit::Nanosecond => "nanoseconds",
    }
}

/// The dialects that ever tell a type.
fn telling() -> Vec<Arc<dyn Dialect>> {
    let tells = |dialect: &Arc<dyn Dialect>| dialect.type_word(DataType::Int64).is_some();
    dialects().into_iter().filter(tells).collect()
}

fn page() -> String {
    let dialects = telling();
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut page = INTRODUCTION.to_owned();
    page.push_str(&row([vec!["here".to_owned()], dialects.iter().map(|d| d.name().to_owned()).collect()].concat()));
    let _infallible = writeln!(page, "|{}", "---|".repeat(dialects.len() + 1));
    for data_type in types() {
        let words = dialects.iter().map(|d| d.type_word(data_type).map_or("-".to_owned(), |word| format!("`{word}`")));
        page.push_str(&row([vec![store_word(data_type)], words.collect()].concat()));
    }
    page
}

#[test]
fn the_page_of_types_is_what_the_dialects_tell() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/types.md");
    let page = page();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == page, "docs/types.md is stale: run cargo xtask gen");
    assert!(telling().len() >= 5, "a dialect has lost its words");
}

#[test]
fn no_row_of_the_page_stands_twice() {
    let rows: std::collections::HashSet<String> = types().map(store_word).collect();
    assert_eq!(rows.len(), types().count());
}
