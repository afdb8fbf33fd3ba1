//! The tables of `information_schema`, made from one catalogue snapshot when a query names them.

use crate::context::Context;
use crate::error::Result;
use crate::names::{INFORMATION_SCHEMA, shown_columns};
use crate::select;
use crate::sql::RESERVED;
use crate::statements::database::partition_millis;
use crate::statements::query::query_id;
use crate::statements::show::{
    Shown, VERSION, batch, floats, integers, longs, seen_databases, strings, table_ttl, times, ttl_of,
};
use crate::statements::table::category;
use crate::types::Type;
use arrow::record_batch::RecordBatch;
use catalog::{Catalog, Database};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use model::{Error, ErrorKind, Privilege, Scope};
use query::TableLookup;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// A column of a table here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchemaColumn {
    pub(crate) name: &'static str,
    pub(crate) of: Type,
    is_tag: bool,
}

impl SchemaColumn {
    /// The category that DESC shows.
    pub(crate) const fn category(&self) -> &'static str {
        if self.is_tag { "TAG" } else { "ATTRIBUTE" }
    }
}

const fn tag(name: &'static str) -> SchemaColumn {
    SchemaColumn { name, of: Type::String, is_tag: true }
}

const fn text(name: &'static str) -> SchemaColumn {
    SchemaColumn { name, of: Type::String, is_tag: false }
}

const fn of(name: &'static str, of: Type) -> SchemaColumn {
    SchemaColumn { name, of, is_tag: false }
}

const TABLES: &[(&str, &[SchemaColumn])] = &[
    (
        "columns",
        &[
            tag("database"),
            tag("table_name"),
            tag("column_name"),
            text("datatype"),
            text("category"),
            text("status"),
            text("comment"),
        ],
    ),
    ("configurations", &[tag("variable"), text("value")]),
    (
        "databases",
        &[
            tag("database"),
            text("ttl(ms)"),
            of("schema_replication_factor", Type::Int32),
            of("data_replication_factor", Type::Int32),
            of("time_partition_interval", Type::Int64),
            of("schema_region_group_num", Type::Int32),
            of("data_region_group_num", Type::Int32),
        ],
    ),
    ("functions", &[tag("function_table"), text("function_type"), text("class_name(udf)"), text("state")]),
    ("keywords", &[tag("word"), of("reserved", Type::Int32)]),
    (
        "nodes",
        &[
            SchemaColumn { name: "node_id", of: Type::Int32, is_tag: true },
            text("node_type"),
            text("status"),
            text("internal_address"),
            of("internal_port", Type::Int32),
            text("version"),
            text("build_info"),
        ],
    ),
    (
        "queries",
        &[
            tag("query_id"),
            of("start_time", Type::Timestamp),
            of("datanode_id", Type::Int32),
            of("elapsed_time", Type::Float),
            text("statement"),
            text("user"),
            of("wait_time_in_server", Type::Float),
            text("client_ip"),
            of("timeout", Type::Int64),
        ],
    ),
    (
        "tables",
        &[tag("database"), tag("table_name"), text("ttl(ms)"), text("status"), text("comment"), text("table_type")],
    ),
    ("views", &[tag("database"), tag("table_name"), text("view_definition")]),
];

/// Variables that SHOW VARIABLES and `configurations` print: what of the vendor's list is true here.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("ClusterName", "chronoglot"),
    ("DataReplicationFactor", "1"),
    ("SchemaReplicationFactor", "1"),
    ("TimePartitionOrigin", "0"),
    ("TimePartitionInterval", "604800000"),
    ("ReadConsistencyLevel", "strong"),
    ("SchemaRegionPerDataNode", "1"),
    ("DataRegionPerDataNode", "1"),
    ("TimestampPrecision", "ms"),
];

/// Words that the grammar knows and that are names without quotes, in upper case.
const FREE_WORDS: &[&str] = &[
    "ALL",
    "ANALYZE",
    "ANY",
    "ASC",
    "ATTRIBUTE",
    "COLUMN",
    "COMMENT",
    "COUNT",
    "DATABASE",
    "DATABASES",
    "DATE",
    "DESC",
    "DETAILS",
    "DEVICES",
    "FIELD",
    "FIRST",
    "FLUSH",
    "GRANT",
    "IF",
    "INTERVAL",
    "KILL",
    "LAST",
    "LIMIT",
    "OFFSET",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "PROPERTIES",
    "QUERIES",
    "QUERY",
    "RANGE",
    "REVOKE",
    "ROLE",
    "ROW",
    "ROWS",
    "SECURITY",
    "SESSION",
    "SET",
    "SHOW",
    "STRING",
    "SYSTEM",
    "TABLES",
    "TAG",
    "TEXT",
    "TIME",
    "TIMESTAMP",
    "TO",
    "UPDATE",
    "USE",
    "USER",
    "VALUE",
    "VERSION",
    "VIEW",
    "WINDOW",
];

/// The names of the tables.
pub(crate) fn table_names() -> Vec<&'static str> {
    TABLES.iter().map(|(name, _)| *name).collect()
}

/// The columns of a table.
pub(crate) fn columns(table: &str) -> Option<&'static [SchemaColumn]> {
    TABLES.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns)
}

/// Every function with its kind, by name in upper case.
pub(crate) fn functions() -> Vec<(String, &'static str)> {
    select::function_names().into_iter().map(|(name, kind)| (name.to_uppercase(), kind)).collect()
}

/// The running queries that a caller sees.
pub(crate) fn queries(context: &Context) -> Result<RecordBatch> {
    let sees_all = context.engine().may(context.caller(), Privilege::SeeSessions, Scope::All);
    let running = context.engine().queries().running();
    let seen: Vec<_> =
        running.into_iter().filter(|query| sees_all || query.label.user == context.caller().name).collect();
    let started = |query: &query::RunningQuery| {
        let since = query.started.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).ok()
    };
    let elapsed = |query: &query::RunningQuery| Some(query.started.elapsed().unwrap_or_default().as_secs_f32());
    batch(vec![
        strings("query_id", seen.iter().map(|query| Some(query_id(query.id)))),
        times("start_time", seen.iter().map(started))?,
        integers("datanode_id", seen.iter().map(|_| Some(1))),
        floats("elapsed_time", seen.iter().map(elapsed)),
        strings("statement", seen.iter().map(|query| Some(query.label.text.clone()))),
        strings("user", seen.iter().map(|query| Some(query.label.user.clone()))),
        floats("wait_time_in_server", seen.iter().map(|_| Some(0.0))),
        strings("client_ip", seen.iter().map(|_| None)),
        longs(
            "timeout",
            seen.iter().map(|query| query.label.timeout.and_then(|timeout| i64::try_from(timeout.as_millis()).ok())),
        ),
    ])
}

/// The tables as a query finds them.
pub(crate) struct SchemaTables {
    tables: Vec<(&'static str, RecordBatch)>,
}

impl SchemaTables {
    /// What a caller sees now.
    ///
    /// # Errors
    /// Columns of unequal lengths.
    pub(crate) fn new(context: &Context) -> Result<Self> {
        let catalog = context.catalog();
        let databases = seen_databases(context, &catalog);
        let tables = vec![
            ("columns", all_columns(context, &catalog, &databases)?),
            ("configurations", configurations(context)?),
            ("databases", all_databases(&databases)?),
            ("functions", all_functions()?),
            ("keywords", keywords()?),
            ("nodes", nodes(context)?),
            ("queries", queries(context)?),
            ("tables", all_tables(context, &catalog, &databases)?),
            ("views", views()?),
        ];
        Ok(Self { tables })
    }
}

impl TableLookup for SchemaTables {
    fn table(&self, name: &[String]) -> model::Result<Arc<dyn TableProvider>> {
        let missing = || Error::new(ErrorKind::TableNotFound { table: name.join(".") });
        let [database, table] = name else { return Err(missing()) };
        if database != INFORMATION_SCHEMA {
            return Err(missing());
        }
        let (_, batch) = self.tables.iter().find(|(name, _)| name == table).ok_or_else(missing)?;
        let provider = MemTable::try_new(batch.schema(), vec![vec![batch.clone()]]).map_err(Error::internal)?;
        Ok(Arc::new(provider))
    }
}

type Seen = (String, Option<Arc<Database>>);

fn all_databases(databases: &[Seen]) -> Result<RecordBatch> {
    let stored = || databases.iter().map(|(_, database)| database.as_deref());
    batch(vec![
        strings("database", databases.iter().map(|(name, _)| Some(name.clone()))),
        strings("ttl(ms)", stored().map(|database| Some(ttl_of(database)))),
        integers("schema_replication_factor", stored().map(|database| database.map(|_| 1))),
        integers("data_replication_factor", stored().map(|database| database.map(|_| 1))),
        longs("time_partition_interval", stored().map(|database| database.map(partition_millis))),
        integers("schema_region_group_num", stored().map(|database| database.map(|_| 0))),
        integers("data_region_group_num", stored().map(|database| database.map(|_| 0))),
    ])
}

fn all_tables(context: &Context, catalog: &Catalog, databases: &[Seen]) -> Result<RecordBatch> {
    let mut rows: Vec<[Option<String>; 6]> = Vec::new();
    let using = || Some("USING".to_owned());
    for (name, database) in databases {
        match database {
            Some(database) => {
                for table in catalog.tables_in(database.id).filter(|table| context.sees_table(table)) {
                    let ttl = Some(table_ttl(database, table));
                    let kind = Some("BASE TABLE".to_owned());
                    let comment = table.comment.clone();
                    rows.push([Some(name.clone()), Some(table.name.clone()), ttl, using(), comment, kind]);
                }
            }
            None => rows.extend(table_names().into_iter().map(|table| {
                let kind = Some("SYSTEM VIEW".to_owned());
                [Some(name.clone()), Some(table.to_owned()), Some("INF".to_owned()), using(), None, kind]
            })),
        }
    }
    let names = ["database", "table_name", "ttl(ms)", "status", "comment", "table_type"];
    batch(text_columns(&names, &rows))
}

/// Rows of texts as columns.
fn text_columns<const N: usize>(names: &[&'static str; N], rows: &[[Option<String>; N]]) -> Vec<Shown> {
    let column =
        |(index, name): (usize, &&'static str)| strings(name, rows.iter().map(|row| row.get(index).cloned().flatten()));
    names.iter().enumerate().map(column).collect()
}

fn all_columns(context: &Context, catalog: &Catalog, databases: &[Seen]) -> Result<RecordBatch> {
    let mut rows: Vec<[Option<String>; 7]> = Vec::new();
    let using = || Some("USING".to_owned());
    for (name, database) in databases {
        match database {
            Some(database) => {
                for table in catalog.tables_in(database.id).filter(|table| context.sees_table(table)) {
                    for column in shown_columns(table) {
                        rows.push([
                            Some(name.clone()),
                            Some(table.name.clone()),
                            Some(column.name.clone()),
                            Some(Type::of_column(column).word().to_owned()),
                            Some(category(column.role).word().to_owned()),
                            using(),
                            column.comment.clone(),
                        ]);
                    }
                }
            }
            None => {
                for (table, columns) in TABLES {
                    rows.extend(columns.iter().map(|column| {
                        [
                            Some(name.clone()),
                            Some((*table).to_owned()),
                            Some(column.name.to_owned()),
                            Some(column.of.word().to_owned()),
                            Some(column.category().to_owned()),
                            using(),
                            None,
                        ]
                    }));
                }
            }
        }
    }
    let names = ["database", "table_name", "column_name", "datatype", "category", "status", "comment"];
    batch(text_columns(&names, &rows))
}

fn all_functions() -> Result<RecordBatch> {
    let all = functions();
    batch(vec![
        strings("function_table", all.iter().map(|(name, _)| Some(name.clone()))),
        strings("function_type", all.iter().map(|(_, kind)| Some((*kind).to_owned()))),
        strings("class_name(udf)", all.iter().map(|_| None)),
        strings("state", all.iter().map(|_| Some("AVAILABLE".to_owned()))),
    ])
}

fn keywords() -> Result<RecordBatch> {
    let reserved = RESERVED.iter().map(|word| (word.to_uppercase(), 1));
    let mut words: Vec<_> = reserved.chain(FREE_WORDS.iter().map(|word| ((*word).to_owned(), 0))).collect();
    words.sort();
    batch(vec![
        strings("word", words.iter().map(|(word, _)| Some(word.clone()))),
        integers("reserved", words.iter().map(|(_, reserved)| Some(*reserved))),
    ])
}

/// Whether a caller sees what concerns the server as a whole.
fn sees_system(context: &Context) -> bool {
    context.engine().may(context.caller(), Privilege::Settings, Scope::All)
}

fn nodes(context: &Context) -> Result<RecordBatch> {
    let rows: &[()] = if sees_system(context) { &[()] } else { &[] };
    let all = |text: &str| -> Vec<Option<String>> { rows.iter().map(|()| Some(text.to_owned())).collect() };
    batch(vec![
        integers("node_id", rows.iter().map(|()| Some(1))),
        strings("node_type", all("DataNode")),
        strings("status", all("Running")),
        strings("internal_address", all("127.0.0.1")),
        integers("internal_port", rows.iter().map(|()| None)),
        strings("version", all(VERSION)),
        strings("build_info", all(&format!("chronoglot {}", env!("CARGO_PKG_VERSION")))),
    ])
}

fn configurations(context: &Context) -> Result<RecordBatch> {
    let shown = if sees_system(context) { VARIABLES } else { &[] };
    batch(vec![
        strings("variable", shown.iter().map(|(name, _)| Some((*name).to_owned()))),
        strings("value", shown.iter().map(|(_, value)| Some((*value).to_owned()))),
    ])
}

fn views() -> Result<RecordBatch> {
    let none = || std::iter::empty::<Option<String>>();
    batch(vec![strings("database", none()), strings("table_name", none()), strings("view_definition", none())])
}

#[cfg(test)]
mod tests {
    use super::{FREE_WORDS, RESERVED, TABLES, functions};

    #[test]
    fn tables_and_words_are_sorted_and_apart() {
        assert!(TABLES.is_sorted_by_key(|(name, _)| *name));
        assert!(FREE_WORDS.iter().all(|word| !RESERVED.contains(word)));
        assert!(functions().iter().any(|(name, kind)| name == "SUM" && kind.contains("aggregate")));
    }
}
