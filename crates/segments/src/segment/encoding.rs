//! How Parquet encodes each column.
//!
//! Integers, times and decimals as differences; floats that are no decimals split by byte; text,
//! bytes and the keys of series by dictionary; everything compressed by zstd at level 1. Pages of
//! equal row counts, so that a row range finds its pages in every column at once.

use super::{PAGE_ROWS, ROW_GROUP_ROWS};
use arrow::datatypes::{DataType, SchemaRef};
use model::{ColumnRole, Error, Result};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Row counts decide about pages, not sizes; only monstrous texts may cut a page earlier.
const PAGE_BYTES_MAX: usize = 16 << 20;

const DECIMAL_64_PRECISION_MAX: u8 = 18;

/// The way to write columns of these physical types, with these roles (`None`: an extra column).
pub(super) fn writer_properties(
    schema: &SchemaRef,
    roles: &[Option<ColumnRole>],
    series_table: bool,
    footer: Vec<KeyValue>,
) -> Result<WriterProperties> {
    let zstd = ZstdLevel::try_new(1).map_err(Error::internal)?;
    let sorted = roles.iter().enumerate().filter(|(_, role)| matches!(role, Some(ColumnRole::Key | ColumnRole::Time)));
    let sorted = sorted.filter_map(|(column, _)| i32::try_from(column).ok());
    let sorted = sorted.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true }).collect();
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("chronoglot version ", env!("CARGO_PKG_VERSION")).into())
        .set_compression(Compression::ZSTD(zstd))
        .set_dictionary_enabled(false)
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_data_page_size_limit(PAGE_BYTES_MAX)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorted))
        .set_key_value_metadata(Some(footer));
    for (field, role) in schema.fields().iter().zip(roles) {
        let path = ColumnPath::from(vec![field.name().clone()]);
        let series_key = series_table && *role == Some(ColumnRole::Key);
        properties = match encoding(field.data_type()) {
            Some(encoding) if !series_key || *field.data_type() == DataType::Boolean => {
                properties.set_column_encoding(path, encoding)
            }
            _ => properties.set_column_dictionary_enabled(path, true),
        };
    }
    Ok(properties.build())
}

/// The encoding for values of a physical type; `None`: a dictionary.
fn encoding(physical: &DataType) -> Option<Encoding> {
    match physical {
        DataType::Boolean => Some(Encoding::RLE),
        DataType::Float32 | DataType::Float64 => Some(Encoding::BYTE_STREAM_SPLIT),
        DataType::Decimal128(precision, _) if *precision > DECIMAL_64_PRECISION_MAX => None,
        DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_) => None,
        _ => Some(Encoding::DELTA_BINARY_PACKED),
    }
}
