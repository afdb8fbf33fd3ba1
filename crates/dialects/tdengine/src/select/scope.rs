//! What a SELECT can see: the items of its FROM with their columns, which of those is the time, and
//! what `tbname` is.

use crate::error::coded;
use crate::names::{self, Found};
use crate::session::SERIES_NAME;
use crate::types::TBNAME;
use ::sql::ast::{Expr, Ident};
use ::sql::tree::{call, quoted, text};
use model::{ColumnRole, DataType, Error, ErrorKind, Result, TimeUnit};

/// A column that can be named.
#[derive(Clone, Debug)]
pub(crate) struct SourceColumn {
    pub(crate) name: String,
    /// The stored type; none for what is computed.
    pub(crate) data_type: Option<DataType>,
    /// Whether it holds times.
    pub(crate) is_time: bool,
    pub(crate) is_tag: bool,
    /// Whether `*` shows it.
    pub(crate) in_star: bool,
}

/// The columns of a table or of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    pub(crate) columns: Vec<SourceColumn>,
    /// The name of the column that orders the rows in time.
    pub(crate) time: Option<String>,
    pub(crate) unit: Option<TimeUnit>,
}

/// What `tbname` is in an item of FROM.
#[derive(Clone, Debug)]
pub(super) enum TableNameOf {
    /// A column like any other.
    Column,
    /// Always the same.
    Constant(String),
    /// The value of another column, which is the only key and a text.
    Key(String),
    /// Made of the key columns.
    Made(Vec<String>),
    /// Nothing.
    None,
}

/// One item of FROM.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The database, where it is a table without alias.
    pub(super) database: Option<String>,
    /// How its columns are qualified.
    pub(super) alias: String,
    pub(super) columns: Columns,
    pub(super) tbname: TableNameOf,
}

/// The items of a FROM.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    pub(super) sources: Vec<Source>,
}

/// What `tbname` is in a stored table.
pub(super) fn table_name_of(found: &Found) -> TableNameOf {
    let table = found.table();
    if names::has_children(table) {
        return TableNameOf::Column;
    }
    if matches!(found, Found::Keyed(_) | Found::Plain(_)) {
        return TableNameOf::Constant(table.name.clone());
    }
    let mut keys = table.key_columns();
    match (keys.next(), keys.next()) {
        (Some(only), None) if matches!(only.data_type, DataType::Text(_)) => TableNameOf::Key(only.name.clone()),
        _ => TableNameOf::Made(table.key_columns().map(|column| column.name.clone()).collect()),
    }
}

/// The columns of a stored table in the order of `*`: columns, then tags.
pub(crate) fn columns_of(found: &Found) -> Columns {
    let table = found.table();
    let mut columns: Vec<SourceColumn> = Vec::with_capacity(table.columns.len());
    let tags_shown = matches!(found, Found::Super(_) | Found::Keyed(_));
    let is_key = |name: &str| names::has_children(table) && name == TBNAME;
    let of_data = |role| matches!(role, ColumnRole::Time | ColumnRole::Field);
    let (data, tags): (Vec<_>, Vec<_>) = table.columns.iter().partition(|column| of_data(column.role));
    // The time comes first, wherever the door that made the table put it.
    let (times, fields): (Vec<_>, Vec<_>) = data.into_iter().partition(|column| column.role == ColumnRole::Time);
    let ordered: Vec<_> = if matches!(found, Found::Keyed(_)) {
        table.columns.iter().collect()
    } else {
        times.into_iter().chain(fields).chain(tags).collect()
    };
    for column in ordered {
        let is_tag = matches!(column.role, ColumnRole::Key | ColumnRole::Attribute);
        columns.push(SourceColumn {
            name: column.name.clone(),
            data_type: Some(column.data_type),
            is_time: matches!(column.data_type, DataType::Instant(_) | DataType::LocalDateTime(_)),
            is_tag,
            in_star: !column.hidden && !is_key(&column.name) && (tags_shown || !is_tag),
        });
    }
    Columns { columns, time: table.time_column().map(|column| column.name.clone()), unit: table.time_unit() }
}

impl Source {
    pub(super) fn column(&self, name: &str) -> Option<&SourceColumn> {
        self.columns.columns.iter().find(|column| column.name == name)
    }

    /// A column as an expression.
    pub(super) fn reference(&self, name: &str) -> Expr {
        Expr::CompoundIdentifier(vec![quoted(&self.alias), quoted(name)])
    }

    /// Its `tbname` as an expression.
    fn table_name(&self) -> Option<Expr> {
        match &self.tbname {
            TableNameOf::Column => Some(self.reference(TBNAME)),
            TableNameOf::Constant(name) => Some(text(name)),
            TableNameOf::Key(column) => Some(self.reference(column)),
            TableNameOf::Made(columns) => {
                Some(call(SERIES_NAME, columns.iter().map(|column| self.reference(column)).collect()))
            }
            TableNameOf::None => self.column(TBNAME).map(|column| self.reference(&column.name)),
        }
    }

    fn is_called(&self, qualifier: &[Ident]) -> bool {
        match qualifier {
            [alias] => alias.value == self.alias,
            [database, alias] => self.database.as_deref() == Some(&database.value) && alias.value == self.alias,
            _ => false,
        }
    }
}

fn missing(name: &str) -> Error {
    Error::new(ErrorKind::ColumnNotFound { column: name.to_owned(), table: None })
}

impl Scope {
    /// The item that a qualifier names.
    ///
    /// # Errors
    /// This vendor's for a table that is not in FROM.
    pub(super) fn called(&self, qualifier: &[Ident]) -> Result<&Source> {
        let found = self.sources.iter().find(|source| source.is_called(qualifier));
        found.ok_or_else(|| {
            let name = qualifier.last().map_or("", |part| part.value.as_str());
            coded(0x2603, format!("Table does not exist: {name}"))
        })
    }

    /// The item and the column that a written name stands for; the column is missing for `tbname`
    /// and for what stands for the time whatever it is called.
    ///
    /// # Errors
    /// Names of nothing, or of several things.
    pub(super) fn resolve(&self, parts: &[Ident]) -> Result<(&Source, Option<&SourceColumn>)> {
        let Some((name, qualifier)) = parts.split_last() else { return Err(missing("")) };
        if !qualifier.is_empty() {
            let source = self.called(qualifier)?;
            return match source.column(&name.value) {
                Some(column) => Ok((source, Some(column))),
                None if special(&name.value) => Ok((source, None)),
                None => Err(missing(&name.value)),
            };
        }
        let mut found = self.sources.iter().filter_map(|source| Some((source, source.column(&name.value)?)));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok((only.0, Some(only.1))),
            (Some(_), Some(_)) => {
                let candidates = self.sources.iter().map(|source| format!("{}.{}", source.alias, name.value));
                let (name, candidates) = (name.value.clone(), candidates.collect());
                Err(Error::new(ErrorKind::NameAmbiguous { name, candidates }))
            }
            (None, _) => match self.sources.first() {
                Some(first) if special(&name.value) => Ok((first, None)),
                _ => Err(missing(&name.value)),
            },
        }
    }

    /// A written name as an expression over the FROM.
    ///
    /// # Errors
    /// As [`Scope::resolve`].
    pub(super) fn reference(&self, parts: &[Ident]) -> Result<Expr> {
        let name = parts.last().map_or("", |part| part.value.as_str());
        match self.resolve(parts)? {
            (source, Some(column)) => Ok(source.reference(&column.name)),
            (source, None) if name == TBNAME => {
                source.table_name().ok_or_else(|| coded(0x264c, "Invalid tbname pseudo column"))
            }
            (source, None) => match &source.columns.time {
                Some(time) => Ok(source.reference(time)),
                None => Err(coded(0x2646, "Invalid _c0 or _rowts expression")),
            },
        }
    }

    /// The time of the rows.
    ///
    /// # Errors
    /// This vendor's for rows without one.
    pub(super) fn time(&self) -> Result<Expr> {
        let source = self.sources.first();
        let time = source.and_then(|source| Some(source.reference(source.columns.time.as_ref()?)));
        time.ok_or_else(|| coded(0x2647, "Invalid timeline function"))
    }

    /// The finest unit of the items.
    pub(super) fn unit(&self) -> TimeUnit {
        let units = self.sources.iter().filter_map(|source| source.columns.unit);
        units.max().unwrap_or(TimeUnit::Millisecond)
    }
}

/// Names that every table answers to.
fn special(name: &str) -> bool {
    matches!(name, TBNAME | "_c0" | "_rowts")
}
