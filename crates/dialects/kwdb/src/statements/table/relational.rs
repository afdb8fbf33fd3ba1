//! `CREATE TABLE` without tags: primary key, unique sets, recorded indexes and families.

use super::columns::relational_column;
use super::{FAMILIES, INDEX, PRIMARY_NAME};
use crate::error::definition;
use crate::names::written;
use crate::sql::statement::{CreateTable, IndexColumn, IndexDefinition, TableConstraintKind};
use crate::statements::index::described;
use crate::timezone::Zone;
use engine::{NewTable, NewUnique};
use model::{ColumnRole, Error, Result};

/// Fills in a relational table.
///
/// # Errors
/// Broken rules, and constraints that are not kept here.
pub(super) fn define(new: &mut NewTable, create: &CreateTable, zone: &Zone) -> Result<()> {
    if create.temporary {
        return Err(Error::unsupported("a temporary table"));
    }
    if create.sparse {
        return Err(Error::unsupported("SPARSE on a relational table"));
    }
    primary_key(new, create)?;
    for written in &create.columns {
        let is_key = new.key.contains(&written.name.value);
        let role = if is_key { ColumnRole::Key } else { ColumnRole::Field };
        new.columns.push(relational_column(written, role, zone)?);
    }
    for key in &new.key {
        if !new.columns.iter().any(|column| column.name == *key) {
            return Err(Error::new(model::ErrorKind::ColumnNotFound { column: key.clone(), table: None }));
        }
    }
    unique_sets(new, create);
    indexes(new, create);
    families(new, create);
    Ok(())
}

fn column_names(columns: &[IndexColumn]) -> Vec<String> {
    columns.iter().map(|column| column.name.value.clone()).collect()
}

fn primary_key(new: &mut NewTable, create: &CreateTable) -> Result<()> {
    let mut keys: Vec<Vec<String>> = create
        .columns
        .iter()
        .filter(|column| column.primary_key)
        .map(|column| vec![column.name.value.clone()])
        .collect();
    for constraint in &create.constraints {
        match &constraint.kind {
            TableConstraintKind::PrimaryKey(columns) => {
                keys.push(column_names(columns));
                if let Some(name) = constraint.name.as_ref().filter(|name| name.value != engine::PRIMARY_KEY) {
                    new.properties.insert(PRIMARY_NAME.to_owned(), name.value.clone());
                }
            }
            TableConstraintKind::Check(_) => return Err(Error::unsupported("a CHECK constraint")),
            TableConstraintKind::ForeignKey { .. } => return Err(Error::unsupported("a FOREIGN KEY constraint")),
            TableConstraintKind::Unique(_) => {}
        }
    }
    if keys.len() > 1 {
        return Err(definition(format!("multiple primary keys for table \"{}\" are not allowed", new.name)));
    }
    new.key = keys.pop().unwrap_or_default();
    Ok(())
}

fn unique_sets(new: &mut NewTable, create: &CreateTable) {
    let mut sets: Vec<(Option<String>, Vec<String>)> = create
        .columns
        .iter()
        .filter(|column| column.unique)
        .map(|column| (None, vec![column.name.value.clone()]))
        .collect();
    for constraint in &create.constraints {
        if let TableConstraintKind::Unique(columns) = &constraint.kind {
            sets.push((constraint.name.as_ref().map(|name| name.value.clone()), column_names(columns)));
        }
    }
    for index in create.indexes.iter().filter(|index| index.unique) {
        sets.push((index.name.as_ref().map(|name| name.value.clone()), column_names(&index.columns)));
    }
    for (name, columns) in sets {
        let wanted = name.unwrap_or_else(|| format!("{}_{}_key", new.name, columns.join("_")));
        let mut free = wanted.clone();
        let mut number = 0;
        while new.unique.iter().any(|set| set.name == free) {
            number += 1;
            free = format!("{wanted}{number}");
        }
        new.unique.push(NewUnique { name: free, columns });
    }
}

/// Indexes that only speed up are recorded: reading needs none of them here.
fn indexes(new: &mut NewTable, create: &CreateTable) {
    for index in create.indexes.iter().filter(|index| !index.unique) {
        let name = index_name(index, &new.name);
        new.properties.insert(format!("{INDEX}{name}"), described(index));
    }
}

/// The name of an index that was given none.
fn index_name(index: &IndexDefinition, table: &str) -> String {
    match &index.name {
        Some(name) => name.value.clone(),
        None => format!("{table}_{}_idx", column_names(&index.columns).join("_")),
    }
}

fn families(new: &mut NewTable, create: &CreateTable) {
    let texts: Vec<String> = create
        .families
        .iter()
        .enumerate()
        .map(|(position, family)| {
            let name = family.name.as_ref().map_or_else(
                || if position == 0 { "primary".to_owned() } else { format!("fam_{position}") },
                |name| name.value.clone(),
            );
            let columns: Vec<String> = family.columns.iter().map(|column| written(&column.value)).collect();
            let quoted = if name == "primary" { format!("\"{name}\"") } else { written(&name) };
            format!("FAMILY {quoted} ({})", columns.join(", "))
        })
        .collect();
    if !texts.is_empty() {
        new.properties.insert(FAMILIES.to_owned(), texts.join("\n"));
    }
}
