//! `CREATE TABLE .. TAGS (..)`: the rules of time-series tables.

use super::columns::{series_column, tag};
use super::{ACTIVE_TIME, HASH, SPARSE};
use crate::error::definition;
use crate::sql::statement::{CreateTable, Name, SeriesClauses, TableConstraintKind};
use crate::statements::database::{PARTITION_INTERVAL, RETENTIONS, check_series_name};
use crate::statements::span::{partition_seconds, retention_seconds};
use crate::timezone::Zone;
use crate::types::{Word, declared};
use engine::NewTable;
use model::{ColumnRole, DataType, Error, ErrorKind, Result};

const COLUMNS_MAX: usize = 4096;
const SPARSE_COLUMNS_MAX: usize = 20_000;
const TAGS_MAX: usize = 128;
const PRIMARY_TAGS_MAX: usize = 4;
const HASH_MAX: u32 = 50_000;

/// Fills in a time-series table.
///
/// # Errors
/// Broken rules, in the vendor's words.
pub(super) fn define(new: &mut NewTable, create: &CreateTable, zone: &Zone) -> Result<()> {
    let Some(clauses) = &create.series else { return Err(Error::internal("no TAGS clause")) };
    check_series_name("table", &new.name, 128)?;
    refuse_relational_clauses(create)?;
    data_columns(new, create, zone)?;
    tags(new, clauses)?;
    options(new, create, clauses)
}

fn refuse_relational_clauses(create: &CreateTable) -> Result<()> {
    let constraint = create.constraints.first().map(|constraint| match constraint.kind {
        TableConstraintKind::PrimaryKey(_) => "primary key constraint",
        TableConstraintKind::Unique(_) => "unique constraint",
        TableConstraintKind::Check(_) => "check constraint",
        TableConstraintKind::ForeignKey { .. } => "foreign key constraint",
    });
    let refused = if create.temporary {
        Some("temporary")
    } else if !create.indexes.is_empty() {
        Some("index")
    } else if !create.families.is_empty() {
        Some("family")
    } else {
        constraint
    };
    refused.map_or(Ok(()), |what| Err(definition(format!("{what} is not supported in timeseries table"))))
}

fn data_columns(new: &mut NewTable, create: &CreateTable, zone: &Zone) -> Result<()> {
    for (position, written) in create.columns.iter().enumerate() {
        let role = if position == 0 { ColumnRole::Time } else { ColumnRole::Field };
        let mut column = series_column(written, role, zone)?;
        if position == 0 {
            // The first column is an instant, whichever of the two words declared it.
            column.data_type = match column.data_type {
                DataType::Instant(unit) | DataType::LocalDateTime(unit) => DataType::Instant(unit),
                _ => {
                    return Err(definition(format!(
                        "column {}: the 1st column's type in timeseries table must be TimestampTZ",
                        column.name
                    )));
                }
            };
            column.declared = Some(declared(Word::TimestampTz));
            column.nullable = false;
        }
        new.columns.push(column);
    }
    if new.columns.len() < 2 {
        return Err(definition("ts table must have at least 2 columns"));
    }
    let most = if create.sparse { SPARSE_COLUMNS_MAX } else { COLUMNS_MAX };
    if new.columns.len() > most {
        return Err(definition(format!("the max number of columns is {most}")));
    }
    Ok(())
}

fn tags(new: &mut NewTable, clauses: &SeriesClauses) -> Result<()> {
    if clauses.tags.len() > TAGS_MAX {
        return Err(definition(format!("the max number of tags is {TAGS_MAX}")));
    }
    // Without the clause every tag is a primary one, and so NOT NULL.
    let listed: Vec<&Name> = match &clauses.primary_tags {
        Some(names) => names.iter().collect(),
        None => clauses.tags.iter().map(|tag| &tag.name).collect(),
    };
    if listed.len() > PRIMARY_TAGS_MAX {
        return Err(definition(format!("the max number of primary tags is {PRIMARY_TAGS_MAX}")));
    }
    for name in &listed {
        if !clauses.tags.iter().any(|tag| tag.name.value == name.value) {
            return Err(definition(format!("primary tag {name} is not a tag")));
        }
        if new.key.contains(&name.value) {
            return Err(definition(format!("duplicate primary tag name: \"{name}\"")));
        }
        new.key.push(name.value.clone());
    }
    for written in &clauses.tags {
        let primary = new.key.contains(&written.name.value);
        let nullable = written.nullable != Some(false);
        if primary && clauses.primary_tags.is_some() && nullable {
            return Err(definition(format!("tag {} can not be a nullable tag as primary tag", written.name)));
        }
        new.columns.push(tag(written, primary, nullable && !primary)?);
    }
    for (position, column) in new.columns.iter().enumerate() {
        if new.columns.iter().take(position).any(|earlier| earlier.name == column.name) {
            let noun = if matches!(column.role, ColumnRole::Key | ColumnRole::Attribute) { "tag" } else { "column" };
            return Err(definition(format!("duplicate {noun} name: \"{}\"", column.name)));
        }
    }
    Ok(())
}

fn options(new: &mut NewTable, create: &CreateTable, clauses: &SeriesClauses) -> Result<()> {
    if let Some(span) = &clauses.retentions {
        new.retention_seconds = Some(retention_seconds(span)?);
        new.properties.insert(RETENTIONS.to_owned(), span.written.clone());
    }
    if let Some(span) = &clauses.partition_interval {
        new.partition_seconds = Some(partition_seconds(span)?);
        new.properties.insert(PARTITION_INTERVAL.to_owned(), span.written.clone());
    }
    if let Some(span) = &clauses.active_time {
        new.properties.insert(ACTIVE_TIME.to_owned(), span.written.clone());
    }
    if let Some(hash) = clauses.hash {
        if hash == 0 || hash > HASH_MAX {
            let reason = format!("The hash num {hash} must be > 0 and <= {HASH_MAX}.");
            return Err(Error::new(ErrorKind::Syntax { near: ")".to_owned(), reason }));
        }
        new.properties.insert(HASH.to_owned(), hash.to_string());
    }
    if create.sparse {
        new.properties.insert(SPARSE.to_owned(), "true".to_owned());
    }
    Ok(())
}
