//! `CREATE TABLE .. USING .. TAGS`: children are series of their super table.

use super::table::{super_table, taken};
use crate::context::Context;
use crate::error::coded;
use crate::literals::convert;
use crate::names::{Found, check_table_name, find};
use crate::sql::statement::{Constant, NewChild, Using};
use crate::types::TBNAME;
use model::{
    AttributePolicy, Cells, CellsBuilder, ColumnId, ColumnRole, ErrorKind, Result, Table, Value, WriteBatch, WriteKind,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How often a statement is made anew because the table was changed under it.
pub(super) const ATTEMPTS: usize = 10;

/// A child and the values of its tags.
type Child<'a> = (&'a str, Vec<(ColumnId, Value)>);

/// The values of a child's tags, in the order of the super table's tags; NULL where none was given.
///
/// # Errors
/// Unknown tags, a wrong number of values, values that a tag cannot hold.
pub(super) fn tag_values(context: &Context, table: &Table, using: &Using) -> Result<Vec<(ColumnId, Value)>> {
    let tags: Vec<_> = table.columns_with(ColumnRole::Attribute).collect();
    let mut values: Vec<(ColumnId, Value)> = tags.iter().map(|tag| (tag.id, Value::Null)).collect();
    let targets: Vec<usize> = match &using.tags {
        None => (0..tags.len()).collect(),
        Some(names) => {
            let mut targets = Vec::with_capacity(names.len());
            for name in names {
                let place = tags.iter().position(|tag| tag.name == *name);
                let place = place.ok_or_else(|| coded(0x260e, format!("Invalid tag name: {name}")))?;
                if targets.contains(&place) {
                    return Err(coded(0x267f, format!("Tag name:{name} duplicated")));
                }
                targets.push(place);
            }
            targets
        }
    };
    if targets.len() != using.values.len() {
        return Err(coded(0x260d, "Tags number not matched"));
    }
    for (place, value) in targets.into_iter().zip(&using.values) {
        if let (Some(slot), Some(tag)) = (values.get_mut(place), tags.get(place)) {
            slot.1 = convert(&value.as_row_value(), tag, context.surroundings())?;
        }
    }
    Ok(values)
}

/// One column of texts.
fn texts(table: &Table, name: &str, values: &[&str]) -> Result<Option<(ColumnId, Cells)>> {
    let Some(column) = table.column_named(name) else { return Ok(None) };
    let mut cells = CellsBuilder::new(column.data_type)?;
    values.iter().try_for_each(|value| cells.push_text(value))?;
    Ok(Some((column.id, cells.finish())))
}

/// A batch that registers new children with their tags, without any row.
fn registration(table: &Table, children: &[Child<'_>]) -> Result<WriteBatch> {
    let names: Vec<&str> = children.iter().map(|(name, _)| *name).collect();
    let mut columns: Vec<(ColumnId, Cells)> = texts(table, TBNAME, &names)?.into_iter().collect();
    for tag in table.columns_with(ColumnRole::Attribute) {
        let mut cells = CellsBuilder::new(tag.data_type)?;
        for (_, values) in children {
            let value = values.iter().find(|(id, _)| *id == tag.id).map(|(_, value)| value);
            cells.push(value.unwrap_or(&Value::Null))?;
        }
        columns.push((tag.id, cells.finish()));
    }
    Ok(WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind: WriteKind::FailOnDuplicate,
        attributes: AttributePolicy::OnlyIfNew,
        rows: children.len(),
        columns,
    })
}

/// Makes children; all of them are looked at before the first one is made.
///
/// # Errors
/// Names that are taken, missing super tables, wrong tags, no privilege.
pub(super) async fn create(context: &Context, new: &[NewChild]) -> Result<()> {
    // Others changed the table, or made a child, after the look.
    let is_outdated =
        |kind: &ErrorKind| matches!(kind, ErrorKind::SchemaChanged { .. } | ErrorKind::DuplicateKey { .. });
    let mut attempt = 1;
    loop {
        match create_once(context, new).await {
            Err(error) if attempt < ATTEMPTS && is_outdated(&error.kind) => attempt += 1,
            outcome => return outcome,
        }
    }
}

async fn create_once(context: &Context, new: &[NewChild]) -> Result<()> {
    let catalog = context.catalog();
    let mut by_table: BTreeMap<model::TableId, (Arc<Table>, Vec<Child<'_>>)> = BTreeMap::new();
    for child in new {
        check_table_name(&child.name.name)?;
        let (database, table) = super_table(context, &catalog, &child.using.stable, &child.name)?;
        if let Some(found) = find(context.engine(), &catalog, &database, &child.name.name)? {
            let same = matches!(&found, Found::Child(of, _) if of.id == table.id);
            if child.if_not_exists && same {
                continue;
            }
            return Err(match found {
                Found::Child(of, _) if of.id != table.id => coded(0x061d, "Table already exists in other stables"),
                other => taken(&other),
            });
        }
        let values = tag_values(context, &table, &child.using)?;
        let children = &mut by_table.entry(table.id).or_insert_with(|| (Arc::clone(&table), Vec::new())).1;
        if children.iter().any(|(name, _)| *name == child.name.name) {
            if child.if_not_exists {
                continue;
            }
            return Err(ErrorKind::TableExists { table: child.name.name.clone() }.into());
        }
        children.push((&child.name.name, values));
    }
    for (table, children) in by_table.values() {
        context.engine().require(context.caller(), model::Privilege::Create, model::Scope::Database(table.database))?;
        context.engine().write(context.caller(), registration(table, children)?).await?;
    }
    Ok(())
}

/// Constants as they stand in the tags of a child, for SET TAG.
pub(super) fn set_value(context: &Context, table: &Table, name: &str, value: &Constant) -> Result<(ColumnId, Value)> {
    let tag = table.columns_with(ColumnRole::Attribute).find(|tag| tag.name == name);
    let tag = tag.ok_or_else(|| coded(0x260e, format!("Invalid tag name: {name}")))?;
    Ok((tag.id, convert(&value.as_row_value(), tag, context.surroundings())?))
}

/// A batch that sets tags of one child.
pub(super) fn setting(table: &Table, child: &str, values: &[(ColumnId, Value)]) -> Result<WriteBatch> {
    let mut columns: Vec<(ColumnId, Cells)> = texts(table, TBNAME, &[child])?.into_iter().collect();
    for (id, value) in values {
        let Some(tag) = table.column(*id) else { continue };
        let mut cells = CellsBuilder::new(tag.data_type)?;
        cells.push(value)?;
        columns.push((*id, cells.finish()));
    }
    Ok(WriteBatch {
        table: table.id,
        schema_version: table.schema_version,
        kind: WriteKind::Merge,
        attributes: AttributePolicy::Set,
        rows: 1,
        columns,
    })
}
