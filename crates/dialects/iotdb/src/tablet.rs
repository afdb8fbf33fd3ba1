//! Tablets: rows of one table given by columns. Tables and columns that are missing are made; cells
//! of columns whose types do not fit are left out and named, the others are written.

mod cells;
mod checks;

use crate::context::Context;
use crate::error::{Failure, Result, changed_meanwhile, worded};
use crate::names::{self, INFORMATION_SCHEMA};
use crate::sql::statement::Category;
use crate::statements::insert::{merging, push, push_times, write};
use crate::statements::table::{TIME, category, inherited, new_column, new_table};
use crate::types::Type;
use crate::values::left_out;
use crate::wire::TabletBody;
use catalog::Database;
use checks::{Header, check_times};
use engine::{AutomaticPolicy, AutomaticTable};
use model::{CellsBuilder, Code, Column, ColumnRole, Privilege, Scope, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So often a table that others change meanwhile is looked at again.
const ATTEMPTS: usize = 8;

/// Writes a tablet.
///
/// # Errors
/// Broken rules in the vendor's words; 507 for columns that were left out, after the others are
/// written.
pub(crate) async fn insert(context: &mut Context, body: TabletBody) -> Result<()> {
    let header = Header::checked(&body)?;
    context.set_database(Some(&body.database))?;
    check_times(&body.timestamps)?;
    let columns = cells::read(&header, &body)?;
    let categories = header.categories()?;
    if body.database == INFORMATION_SCHEMA {
        return Err(worded("The database 'information_schema' can only be queried"));
    }
    names::lower_case(&body.database)?;
    let Some(table_name) = Some(body.table.to_lowercase()).filter(|name| !name.is_empty()) else {
        return Err(worded("The table's name must not be empty"));
    };
    check_names(&header.names)?;
    let wanted: Vec<Wanted> = header
        .names
        .iter()
        .zip(categories)
        .zip(&header.types)
        .map(|((name, category), of)| Wanted { name: name.to_lowercase(), category, of: *of })
        .collect();
    let times: Vec<i64> = body.timestamps.iter().map(|time| time.unwrap_or_default()).collect();
    for attempt in 1.. {
        let (database, table) = ensure(context, &body.database, &table_name, &wanted).await?;
        context.require_table(Privilege::Insert, &database, &table)?;
        match rows(context, &database, &table, &wanted, &columns, &times).await {
            Err(failure) if failure == changed_meanwhile() && attempt < ATTEMPTS => {}
            done => return done,
        }
    }
    Ok(())
}

/// A column of a tablet.
#[derive(Debug)]
struct Wanted {
    name: String,
    category: Category,
    of: Type,
}

fn check_names(names: &[String]) -> Result<()> {
    if names.iter().any(String::is_empty) {
        return Err(worded(format!("Measurement contains null or empty string: [{}]", names.join(", "))));
    }
    for (index, name) in names.iter().enumerate() {
        let lower = name.to_lowercase();
        if names.get(..index).is_some_and(|before| before.iter().any(|other| other.to_lowercase() == lower)) {
            return Err(worded(format!("Insertion contains duplicated measurement: {name}")));
        }
    }
    Ok(())
}

/// Tags and attributes are texts, unless another door made them of another type.
fn check_columns(wanted: &[Wanted], table: Option<&Table>) -> Result<()> {
    if wanted.iter().all(|wanted| wanted.category == Category::Time) {
        return Err(Failure::new(507, "No column other than Time present, please check the request"));
    }
    if !wanted.iter().any(|wanted| wanted.category == Category::Field) {
        return Err(Failure::new(507, "No Field column present, please check the request"));
    }
    for Wanted { category, of, name } in wanted {
        let column = table.and_then(|table| names::column(table, name));
        let is_foreign = column.is_some_and(|column| !Type::of_column(column).is_text());
        if matches!(category, Category::Tag | Category::Attribute) && *of != Type::String && !is_foreign {
            return Err(Failure::new(
                507,
                format!("DataType of {} Column should only be STRING, current is {}", category.word(), of.word()),
            ));
        }
    }
    Ok(())
}

/// The table with every column that the tablet names.
async fn ensure(
    context: &Context,
    database: &str,
    name: &str,
    wanted: &[Wanted],
) -> Result<(Arc<Database>, Arc<Table>)> {
    let unknown = || {
        let exception = "java.util.concurrent.ExecutionException: org.apache.iotdb.commons.exception.IoTDBException";
        Failure::new(305, format!("{exception}: Unknown database {database}"))
    };
    for _ in 0..ATTEMPTS {
        let catalog = context.catalog();
        let home = Arc::clone(names::database(&catalog, database)?.ok_or_else(unknown)?);
        let Some(table) = names::table(&catalog, &home, name)? else {
            check_columns(wanted, None)?;
            match create(context, &home, name, wanted).await {
                Ok(table) => return Ok((home, table)),
                // Somebody else was first, unless it is a series that has the name.
                Err(error)
                    if error.code() == Code::TableExists
                        && names::table(&context.catalog(), &home, name)?.is_some() =>
                {
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        };
        context.require_table(Privilege::Insert, &home, table)?;
        let missing: Vec<&Wanted> =
            wanted.iter().filter(|w| w.category != Category::Time && names::column(table, &w.name).is_none()).collect();
        for wanted in wanted.iter().filter(|wanted| wanted.category != Category::Time) {
            if let Some(column) = names::column(table, &wanted.name)
                && category(column.role) != wanted.category
            {
                return Err(Failure::new(615, format!("Wrong category at column {}.", wanted.name)));
            }
        }
        check_columns(wanted, Some(table))?;
        if missing.is_empty() {
            return Ok((home, Arc::clone(table)));
        }
        context.require_table(Privilege::Alter, &home, table)?;
        let time = new_column(TIME, Category::Time, Type::Timestamp, None);
        let columns = missing.iter().map(|w| new_column(&w.name, w.category, w.of, None)).collect();
        let automatic = AutomaticTable {
            database: home.id,
            name: table.name.clone(),
            time,
            columns,
            properties: BTreeMap::new(),
            policy: AutomaticPolicy { create: false, widen_types: false, ..AutomaticPolicy::ALL },
        };
        match context.engine().ensure_table(context.caller(), &automatic).await {
            Ok(table) => return Ok((home, table)),
            // It was dropped meanwhile: it is made anew.
            Err(error) if error.code() == Code::TableNotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(changed_meanwhile())
}

async fn create(context: &Context, home: &Database, name: &str, wanted: &[Wanted]) -> model::Result<Arc<Table>> {
    let full_name = format!("{}.{name}", home.name);
    let time = wanted.iter().find(|wanted| wanted.category == Category::Time);
    let time = time.map_or(TIME, |wanted| wanted.name.as_str());
    let mut columns = vec![new_column(time, Category::Time, Type::Timestamp, None)];
    let others = wanted.iter().filter(|wanted| wanted.category != Category::Time);
    columns.extend(others.map(|wanted| new_column(&wanted.name, wanted.category, wanted.of, None)));
    if !context.engine().may(context.caller(), Privilege::Create, Scope::Database(home.id)) {
        let user = context.caller().name.clone();
        let privilege = Privilege::Create;
        return Err(
            model::ErrorKind::PermissionDenied { user, privilege, object_kind: "table", object: full_name }.into()
        );
    }
    let (retention_seconds, properties) = inherited(home);
    let new = new_table(home, name, columns, retention_seconds, properties);
    context.engine().create_table(context.caller(), new).await
}

/// Writes the rows into a table that has every column.
async fn rows(
    context: &Context,
    database: &Database,
    table: &Table,
    wanted: &[Wanted],
    columns: &[cells::SentColumn],
    times: &[i64],
) -> Result<()> {
    let (kept, expired) = expired(database, table, times);
    let mut batch = merging(table, kept.len(), wanted.len() + 1);
    let (mut failed, mut reasons) = (Vec::new(), Vec::new());
    let mut fields = 0;
    for (wanted, sent) in wanted.iter().zip(columns) {
        if wanted.category == Category::Time {
            continue;
        }
        let Some(column) = names::column(table, &wanted.name) else {
            return Err(changed_meanwhile());
        };
        let registered = Type::of_column(column);
        if !registered.takes(wanted.of) {
            failed.push(wanted.name.clone());
            reasons.push(format!(
                "Incompatible data type of column {}: {}/{}",
                wanted.name,
                wanted.of.word(),
                registered.word()
            ));
            continue;
        }
        fields += usize::from(column.role == ColumnRole::Field);
        batch.columns.push((column.id, cells_of(column, sent, &kept)?));
    }
    push_times(&mut batch, table, &kept, times)?;
    if batch.rows > 0 && fields > 0 {
        write(context, batch).await?;
    }
    if !failed.is_empty() {
        return Err(Failure::new(507, left_out(&failed, &reasons)));
    }
    expired.map_or(Ok(()), Err)
}

fn cells_of(column: &Column, sent: &cells::SentColumn, kept: &[usize]) -> Result<model::Cells> {
    let mut builder = CellsBuilder::new(column.data_type)?;
    for row in kept {
        let value = match sent.get(*row).and_then(Option::as_ref) {
            None => None,
            Some(sent) => {
                let value = sent.stored(column.data_type);
                let beyond = || {
                    let word = Type::of_column(column).word();
                    worded(format!("a value of column {} in row {} is out of range of {word}", column.name, row + 1))
                };
                Some(value.ok_or_else(beyond)?)
            }
        };
        push(&mut builder, column.role, value)?;
    }
    Ok(builder.finish())
}

/// The rows that are not past the table's time to live, and the vendor's error for those that are.
pub(crate) fn expired(database: &Database, table: &Table, times: &[i64]) -> (Vec<usize>, Option<Failure>) {
    let all = || (0..times.len()).collect();
    let (properties, seconds) = match table.retention_seconds {
        Some(seconds) => (&table.properties, Some(seconds)),
        None => (&database.properties, database.retention_seconds),
    };
    let Some(seconds) = seconds.filter(|seconds| *seconds > 0) else { return (all(), None) };
    let recorded = properties.get(crate::statements::database::TTL).and_then(|text| text.parse::<i64>().ok());
    let ttl = recorded.unwrap_or_else(|| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000));
    let bound = jiff::Timestamp::now().as_millisecond().saturating_sub(ttl);
    let kept: Vec<usize> = (0..times.len()).filter(|row| times.get(*row).is_some_and(|time| *time >= bound)).collect();
    let first = times.iter().find(|time| **time < bound);
    let failure = first.map(|time| {
        let text = |millis: i64| {
            let clock = crate::zone::clock(&crate::zone::Zone::utc(), millis);
            clock.map_or_else(|| millis.to_string(), crate::times::local_text)
        };
        Failure::new(607, format!("Insertion time [{}] is less than ttl time bound [{}]", text(*time), text(bound)))
    });
    (kept, failure)
}
