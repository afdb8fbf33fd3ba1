//! `ALTER TABLE` and `ALTER STABLE`.

use super::children::{set_value, setting};
use super::table::{OPTION, column, tag};
use crate::context::Context;
use crate::error::coded;
use crate::names::{Found, check_column_name, has_children, unit};
use crate::sql::statement::{Alteration as Written, ColumnDefinition, ObjectName, TableOptions};
use crate::types::declared;
use engine::{Alteration, SeriesWrite};
use model::{Column, ColumnRole, DataType, Error, Result, Table, TimeUnit, TypeConversion};
use std::collections::HashSet;

fn wrong_kind(text: &str) -> Error {
    coded(0x2649, text)
}

/// Changes a table.
///
/// # Errors
/// Changes that a table of its kind does not take, broken rules, no privilege.
pub(super) async fn run(context: &Context, name: &ObjectName, alteration: Written) -> Result<()> {
    let catalog = context.catalog();
    let database = context.database(&catalog, name.database.as_deref())?;
    let found = context.find(&catalog, name)?;
    let unit = unit(&database);
    if let Found::Child(table, child) = &found {
        return child_alteration(context, table, child, alteration).await;
    }
    let table = found.table();
    let is_super = matches!(found, Found::Super(_));
    if matches!(found, Found::Keyed(_)) {
        return Err(Error::unsupported("ALTER TABLE of a table by primary key"));
    }
    for change in changes(table, is_super, alteration, table.time_unit().unwrap_or(unit))? {
        context.engine().alter_table(context.caller(), table.id, change).await?;
    }
    Ok(())
}

async fn child_alteration(context: &Context, table: &Table, child: &str, alteration: Written) -> Result<()> {
    match alteration {
        Written::SetTags(tags) => {
            let values =
                tags.iter().map(|(name, value)| set_value(context, table, name, value)).collect::<Result<Vec<_>>>()?;
            // Of a child that was dropped meanwhile nothing is made again.
            let write =
                SeriesWrite { batch: setting(table, child, &values)?, existing: HashSet::from([child.to_owned()]) };
            context.engine().write_all(context.caller(), vec![write]).await?;
            Ok(())
        }
        Written::Options(_) => Err(Error::unsupported("options of a child table")),
        _ => Err(wrong_kind("Column can only be modified using super table")),
    }
}

fn existing<'t>(table: &'t Table, name: &str, tags: bool, is_super: bool) -> Result<&'t Column> {
    let is_tag = |column: &Column| matches!(column.role, ColumnRole::Attribute | ColumnRole::Key);
    let found = table.columns.iter().find(|column| column.name == name && is_tag(column) == tags);
    found.ok_or_else(|| match (tags, is_super) {
        (true, _) => coded(0x036a, "Tag does not exist"),
        (false, true) => coded(0x036c, "Column does not exist"),
        (false, false) => coded(0x0526, "Column does not exist"),
    })
}

fn check_new(table: &Table, name: &str, tags: bool, is_super: bool) -> Result<()> {
    check_column_name(name)?;
    if !table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    Err(match (tags, is_super) {
        (true, _) => coded(0x0369, "Tag already exists"),
        (false, true) => coded(0x036b, "Column already exists"),
        (false, false) => coded(0x0525, "Column already exists"),
    })
}

fn changes(table: &Table, is_super: bool, alteration: Written, unit: TimeUnit) -> Result<Vec<Alteration>> {
    let needs_tags = || if is_super { Ok(()) } else { Err(wrong_kind("Tag only available for super table")) };
    Ok(match alteration {
        Written::AddColumn(written) => {
            check_new(table, &written.name, false, is_super)?;
            vec![Alteration::AddColumn(column(&written, unit)?)]
        }
        Written::DropColumn(name) => {
            let column = existing(table, &name, false, is_super)?;
            if column.role == ColumnRole::Time {
                return Err(coded(0x264a, "Primary timestamp column cannot be dropped"));
            }
            if table.columns_with(ColumnRole::Field).count() == 1 {
                return Err(coded(0x2651, "No columns can be dropped"));
            }
            vec![Alteration::DropColumn(column.id)]
        }
        Written::ModifyColumn(written) => {
            vec![widened(existing(table, &written.name, false, is_super)?, &written, unit)?]
        }
        Written::RenameColumn(from, to) => {
            if is_super {
                return Err(wrong_kind("Rename column only available for normal table"));
            }
            let column = existing(table, &from, false, is_super)?;
            check_new(table, &to, false, is_super)?;
            vec![Alteration::RenameColumn(column.id, to)]
        }
        Written::AddTag(written) => {
            needs_tags()?;
            check_new(table, &written.name, true, is_super)?;
            vec![Alteration::AddColumn(tag(&written, unit)?)]
        }
        Written::DropTag(name) => {
            needs_tags()?;
            let column = existing(table, &name, true, is_super)?;
            if has_children(table) && table.columns_with(ColumnRole::Attribute).count() == 1 {
                return Err(coded(0x2651, "The only tag cannot be dropped"));
            }
            vec![Alteration::DropColumn(column.id)]
        }
        Written::ModifyTag(written) => {
            needs_tags()?;
            vec![widened(existing(table, &written.name, true, is_super)?, &written, unit)?]
        }
        Written::RenameTag(from, to) => {
            needs_tags()?;
            let column = existing(table, &from, true, is_super)?;
            check_new(table, &to, true, is_super)?;
            vec![Alteration::RenameColumn(column.id, to)]
        }
        Written::SetTags(_) => return Err(wrong_kind("Set tag value only available for child table")),
        Written::Options(options) => option_changes(&options),
    })
}

fn option_changes(options: &TableOptions) -> Vec<Alteration> {
    let mut changes = Vec::new();
    if let Some(comment) = &options.comment {
        changes.push(Alteration::SetComment(Some(comment.clone())));
    }
    if let Some(seconds) = options.keep_seconds {
        changes.push(Alteration::SetRetention(Some(seconds)));
    }
    let record = |(key, value): &(&str, String)| Alteration::SetProperty(format!("{OPTION}{key}"), Some(value.clone()));
    changes.extend(options.recorded.iter().map(record));
    changes
}

/// A longer text or more bytes of the same type.
fn widened(column: &Column, written: &ColumnDefinition, unit: TimeUnit) -> Result<Alteration> {
    let (to, word) = written.data_type.resolve(unit);
    let grows = match (column.data_type, to) {
        (DataType::Text(Some(old)), DataType::Text(Some(new))) => old.unit == new.unit && new.max > old.max,
        (DataType::Binary(Some(old)), DataType::Binary(Some(new))) => new > old,
        _ => false,
    };
    if !grows {
        return Err(coded(
            0x264b,
            "Only varbinary/binary/nchar/geometry column length could be modified, and the length can only be \
             increased, not decreased",
        ));
    }
    Ok(Alteration::ChangeType {
        column: column.id,
        to,
        declared: Some(declared(word)),
        conversion: TypeConversion::Plain,
    })
}
