//! `CREATE TABLE .. USING .. TAGS`: children are series of their super table. Those of one statement
//! are made by one write, whichever super tables they are of.

use super::table::{super_table, taken};
use crate::context::Context;
use crate::error::coded;
use crate::literals::convert;
use crate::names::{Found, check_table_name, find};
use crate::sql::statement::{Constant, NewChild, Using};
use crate::types::TBNAME;
use engine::SeriesWrite;
use model::{
    AttributePolicy, Cells, CellsBuilder, ColumnId, ColumnRole, DatabaseId, Error, ErrorKind, Privilege, Result, Scope,
    Table, TableId, Value, WriteBatch, WriteKind,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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

/// A batch that registers children with their tags, without any row.
fn registration(table: &Table, kind: WriteKind, children: &[Child<'_>]) -> Result<WriteBatch> {
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
        kind,
        attributes: AttributePolicy::OnlyIfNew,
        rows: children.len(),
        columns,
    })
}

/// Whether a write failed because others changed, made or dropped something after the look at what
/// was there: a second look says what is wrong, if anything.
pub(super) fn is_outdated(error: &Error) -> bool {
    use ErrorKind as E;
    let kind = &*error.kind;
    matches!(kind, E::SchemaChanged { .. } | E::DuplicateKey { .. } | E::TableExists { .. } | E::TableNotFound { .. })
}

/// Makes the children of one statement, all of them or none.
///
/// # Errors
/// Names that are taken, missing super tables, wrong tags, no privilege.
pub(super) async fn create(context: &Context, new: &[NewChild]) -> Result<()> {
    let mut attempt = 1;
    loop {
        let writes = registrations(context, new)?;
        match context.engine().write_all(context.caller(), writes).await {
            Err(error) if attempt < ATTEMPTS && is_outdated(&error) => attempt += 1,
            written => return written.map(|_| ()),
        }
    }
}

/// The children of one super table.
struct Family<'a> {
    table: Arc<Table>,
    /// Those that must not be there yet.
    new: Vec<Child<'a>>,
    /// Those that are only made if they are not there.
    if_not_exists: Vec<Child<'a>>,
}

/// What makes the children; nothing where all of them are there.
fn registrations(context: &Context, new: &[NewChild]) -> Result<Vec<SeriesWrite>> {
    let catalog = context.catalog();
    let mut families: BTreeMap<TableId, Family<'_>> = BTreeMap::new();
    let mut seen: HashMap<(DatabaseId, &str), TableId> = HashMap::new();
    let mut databases = BTreeSet::new();
    for child in new {
        let name = child.name.name.as_str();
        check_table_name(name)?;
        let (database, table) = super_table(context, &catalog, &child.using.stable, &child.name)?;
        let found = find(context.engine(), &catalog, &database, name)?;
        let in_statement = seen.get(&(database.id, name)).copied();
        let owner = match &found {
            Some(Found::Child(of, _)) => Some(of.id),
            _ => in_statement,
        };
        match (owner, &found) {
            (None, None) => drop(databases.insert(table.database)),
            (Some(of), _) if of != table.id => return Err(coded(0x061d, "Table already exists in other stables")),
            (Some(_), _) if child.if_not_exists => {}
            (_, Some(found)) => return Err(taken(found)),
            (_, None) => return Err(ErrorKind::TableExists { table: name.to_owned() }.into()),
        }
        let values = tag_values(context, &table, &child.using)?;
        if in_statement.is_some() {
            continue;
        }
        seen.insert((database.id, name), table.id);
        let family =
            families.entry(table.id).or_insert_with(|| Family { table, new: Vec::new(), if_not_exists: Vec::new() });
        // Whether it is there is decided with all others, in one.
        let kind = if child.if_not_exists { &mut family.if_not_exists } else { &mut family.new };
        kind.push((name, values));
    }
    if databases.is_empty() {
        return Ok(Vec::new());
    }
    for database in databases {
        context.engine().require(context.caller(), Privilege::Create, Scope::Database(database))?;
    }
    let mut writes = Vec::new();
    for Family { table, new, if_not_exists } in families.values() {
        for (kind, children) in [(WriteKind::FailOnDuplicate, new), (WriteKind::KeepFirst, if_not_exists)] {
            if !children.is_empty() {
                let batch = registration(table, kind, children)?;
                writes.push(SeriesWrite { batch, existing: HashSet::new() });
            }
        }
    }
    Ok(writes)
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
