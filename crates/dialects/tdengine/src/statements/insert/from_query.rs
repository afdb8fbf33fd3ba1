//! `INSERT INTO t SELECT ..`: the rows of a query, converted column by column.

use super::building::Building;
use super::{Place, Target};
use crate::context::Context;
use crate::error::coded;
use crate::sql::RowValue;
use crate::sql::statement::QueryStatement;
use crate::statements::query;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit as ArrowUnit};
use futures::StreamExt as _;
use model::{DataType as Stored, Error, Result, TimeUnit, Value};
use std::borrow::Cow;

/// Adds the rows of a query.
pub(super) async fn rows(
    context: &Context,
    source: &QueryStatement,
    places: &[Place],
    target: &Target,
    building: &mut Building,
    text: &str,
) -> Result<()> {
    let mut stream = query::run(context, source.clone(), text).await?;
    if stream.schema.fields().len() != places.len() {
        return Err(coded(0x263f, "Illegal number of columns"));
    }
    while let Some(batch) = stream.batches.next().await {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            building.begin(target.child.as_deref(), &target.tags)?;
            for (values, place) in batch.columns().iter().zip(places) {
                match place {
                    Place::Column(id) => {
                        let data_type = target.table.column(*id).map(|column| column.data_type);
                        match time(values, row, data_type)? {
                            Some(value) => building.put(*id, value),
                            None => {
                                let value = text_of(values, row)?;
                                building.set(
                                    *id,
                                    &as_row_value(value.as_deref(), values.data_type()),
                                    context.surroundings(),
                                )?;
                            }
                        }
                    }
                    Place::ChildName => {
                        let name = text_of(values, row)?;
                        building.name(&name.unwrap_or_default())?;
                    }
                }
            }
            building.end()?;
        }
    }
    Ok(())
}

/// A time in a time column, unit by unit.
fn time(values: &ArrayRef, row: usize, stored: Option<Stored>) -> Result<Option<Value>> {
    let (DataType::Timestamp(unit, _), Some(Stored::Instant(to))) = (values.data_type(), stored) else {
        return Ok(None);
    };
    if values.is_null(row) {
        return Ok(Some(Value::Null));
    }
    let from = match unit {
        ArrowUnit::Second | ArrowUnit::Millisecond => TimeUnit::Millisecond,
        ArrowUnit::Microsecond => TimeUnit::Microsecond,
        ArrowUnit::Nanosecond => TimeUnit::Nanosecond,
    };
    let counts = cast(&values.slice(row, 1), &DataType::Int64).map_err(Error::internal)?;
    let count = counts.as_primitive::<Int64Type>().value(0);
    let at = from.convert(count, to).ok_or_else(|| coded(0x060b, "Timestamp data out of range"))?;
    Ok(Some(Value::Instant(at, to)))
}

fn text_of(values: &ArrayRef, row: usize) -> Result<Option<String>> {
    if values.is_null(row) {
        return Ok(None);
    }
    let one = values.slice(row, 1);
    let plain = match one.data_type() {
        DataType::Timestamp(..) => cast(&one, &DataType::Int64).map_err(Error::internal)?,
        DataType::Binary => {
            let digits = one.as_binary::<i32>().value(0).iter().map(|byte| format!("{byte:02x}"));
            return Ok(Some(format!("\\x{}", digits.collect::<String>())));
        }
        _ => one,
    };
    let text = cast(&plain, &DataType::Utf8).map_err(Error::internal)?;
    Ok(Some(text.as_string::<i32>().value(0).to_owned()))
}

fn as_row_value<'a>(text: Option<&'a str>, data_type: &DataType) -> RowValue<'a> {
    match text {
        None => RowValue::Null,
        Some("true") if *data_type == DataType::Boolean => RowValue::Boolean(true),
        Some("false") if *data_type == DataType::Boolean => RowValue::Boolean(false),
        Some(text) => RowValue::Text(Cow::Borrowed(text), text),
    }
}
