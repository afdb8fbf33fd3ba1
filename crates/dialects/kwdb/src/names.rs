//! Names: databases and tables as written, and the names of result columns.
//!
//! `t`, `db.t`, `db.public.t`. A result column without a name is called after its function or
//! cast, `case`, or `?column?`; where two columns of one SELECT would share a name, the later one
//! carries a hidden suffix, because plans need distinct names, and [`shown_name`] cuts it off.

use crate::sql::statement::TableName;
use crate::sql::types::ColumnType;
use ::sql::ast::{self, Expr};
use catalog::{Catalog, Database};
use model::{Error, ErrorKind, Result, Table};
use std::sync::Arc;

/// The only schema there is.
pub(crate) const PUBLIC: &str = "public";
/// Stands between a name and what keeps it distinct; no name of a user holds it.
const HIDDEN_SUFFIX: char = '\u{0}';

/// A database by its exact name.
///
/// # Errors
/// [`ErrorKind::DatabaseNotFound`].
pub(crate) fn database(catalog: &Catalog, name: &str) -> Result<Arc<Database>> {
    catalog
        .database_named(name)
        .cloned()
        .ok_or_else(|| Error::new(ErrorKind::DatabaseNotFound { database: name.to_owned() }))
}

/// The database in which a table name lies, and the table's own name in it.
///
/// # Errors
/// [`ErrorKind::DatabaseNotFound`] for a missing current database, [`ErrorKind::TableNotFound`]
/// with the name as written for every other part that leads nowhere.
pub(crate) fn home(catalog: &Catalog, current: &str, name: &TableName) -> Result<Arc<Database>> {
    let missing = || Error::new(ErrorKind::TableNotFound { table: name.to_string() });
    match (&name.database, &name.schema) {
        (None, None) => database(catalog, current),
        (None, Some(schema)) if schema.value == PUBLIC => database(catalog, current),
        (Some(first), None) => match catalog.database_named(&first.value) {
            Some(found) => Ok(Arc::clone(found)),
            None if first.value == PUBLIC => database(catalog, current),
            None => Err(missing()),
        },
        (Some(first), Some(schema)) if schema.value == PUBLIC => {
            catalog.database_named(&first.value).cloned().ok_or_else(missing)
        }
        _ => Err(missing()),
    }
}

/// The table that a name stands for.
///
/// # Errors
/// As [`home`], and [`ErrorKind::TableNotFound`].
pub(crate) fn table(catalog: &Catalog, current: &str, name: &TableName) -> Result<Arc<Table>> {
    let home = home(catalog, current, name)?;
    catalog
        .table_named(home.id, &name.table.value)
        .cloned()
        .ok_or_else(|| Error::new(ErrorKind::TableNotFound { table: name.to_string() }))
}

/// The name of a result column as the client sees it.
pub(crate) fn shown_name(field: &str) -> &str {
    field.split(HIDDEN_SUFFIX).next().unwrap_or_default()
}

/// A text with what keeps names distinct cut off every name in it.
pub(crate) fn shown_text(text: String) -> String {
    let Some((first, rest)) = text.split_once(HIDDEN_SUFFIX) else { return text };
    let rest = rest.split(HIDDEN_SUFFIX).map(|piece| piece.trim_start_matches(|c: char| c.is_ascii_digit()));
    std::iter::once(first).chain(rest).collect()
}

/// A name that is shown as `name` and distinct from others by `number`.
pub(crate) fn distinct_name(name: &str, number: usize) -> String {
    format!("{name}{HIDDEN_SUFFIX}{number}")
}

/// How surely an expression names its column: the surest part of a nested one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    None,
    Type,
    Named,
}

/// The name of an unaliased result column.
pub(crate) fn result_name(expr: &Expr) -> String {
    match named(expr) {
        (Strength::None, _) => "?column?".to_owned(),
        (_, name) => name,
    }
}

fn unnamed() -> (Strength, String) {
    (Strength::None, String::new())
}

fn sure(name: impl Into<String>) -> (Strength, String) {
    (Strength::Named, name.into())
}

fn named(expr: &Expr) -> (Strength, String) {
    match expr {
        Expr::Identifier(ident) => sure(&ident.value),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(unnamed, |part| sure(&part.value)),
        Expr::Function(function) => {
            let last = function.name.0.last().and_then(|part| part.as_ident());
            last.map_or_else(unnamed, |ident| sure(function_name(&ident.value)))
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => named(inner),
        Expr::Cast { expr: inner, data_type, .. } => cast(named(inner), data_type),
        Expr::TypedString(typed) => (Strength::Type, type_name(&typed.data_type)),
        Expr::Interval(_) => (Strength::Type, "interval".to_owned()),
        Expr::Case { else_result, .. } => match else_result.as_deref().map(named) {
            Some(found @ (Strength::Named, _)) => found,
            _ => (Strength::Type, "case".to_owned()),
        },
        Expr::Value(value) if matches!(value.value, ast::Value::Boolean(_)) => (Strength::Type, "bool".to_owned()),
        Expr::Exists { .. } => sure("exists"),
        Expr::Array(_) => sure("array"),
        Expr::Extract { .. } => sure("extract"),
        Expr::Ceil { .. } => sure("ceil"),
        Expr::Floor { .. } => sure("floor"),
        Expr::Position { .. } => sure("strpos"),
        Expr::Substring { shorthand, .. } => sure(if *shorthand { "substr" } else { "substring" }),
        Expr::Overlay { .. } => sure("overlay"),
        Expr::AtTimeZone { .. } => sure("timezone"),
        Expr::Trim { trim_where, .. } => sure(match trim_where {
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
            Some(ast::TrimWhereField::Both) | None => "btrim",
        }),
        Expr::Subquery(query) => match query.body.as_ref() {
            ast::SetExpr::Select(select) => match select.projection.first() {
                Some(ast::SelectItem::ExprWithAlias { alias, .. }) => sure(shown_name(&alias.value)),
                Some(ast::SelectItem::UnnamedExpr(inner)) => named(inner),
                _ => unnamed(),
            },
            _ => unnamed(),
        },
        _ => unnamed(),
    }
}

/// The name under which a function's result is known.
fn function_name(written: &str) -> String {
    match written.to_ascii_lowercase().as_str() {
        "ifnull" => "coalesce".to_owned(),
        "localtimestamp" => "localtimestamp".to_owned(),
        lower => lower.to_owned(),
    }
}

fn cast(inner: (Strength, String), data_type: &ast::DataType) -> (Strength, String) {
    match inner {
        (Strength::Named, _) => inner,
        _ => (Strength::Type, type_name(data_type)),
    }
}

fn type_name(data_type: &ast::DataType) -> String {
    match ColumnType::from_ast(data_type) {
        Ok(ColumnType::String(_)) => "text".to_owned(),
        Ok(ColumnType::Varbytes(_)) => "varbytea".to_owned(),
        Ok(ColumnType::Bytes(_)) => "bytea".to_owned(),
        Ok(ColumnType::Decimal(_)) => "numeric".to_owned(),
        Ok(known) => {
            let text = known.to_string().to_ascii_lowercase();
            text.split('(').next().unwrap_or_default().to_owned()
        }
        Err(_) => data_type.to_string().to_ascii_lowercase(),
    }
}

/// A name as it must be written in a statement.
pub(crate) fn written(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && !crate::sql::RESERVED.contains(name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
