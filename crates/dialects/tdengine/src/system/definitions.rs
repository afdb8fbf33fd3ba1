//! The columns of every system table.

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text(u32),
    Time,
    BigInt,
    Int,
    SmallInt,
    TinyInt,
    Bool,
}

use ColumnType::{BigInt, Bool, Int, SmallInt, Text, Time, TinyInt};

/// A system table.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) schema: &'static str,
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, ColumnType)],
}

/// The schemas that hold them.
pub(super) const SCHEMAS: [&str; 2] = ["information_schema", "performance_schema"];

const fn information(name: &'static str, columns: &'static [(&'static str, ColumnType)]) -> Definition {
    Definition { schema: "information_schema", name, columns }
}

const fn performance(name: &'static str, columns: &'static [(&'static str, ColumnType)]) -> Definition {
    Definition { schema: "performance_schema", name, columns }
}

/// A system table by its names in lower case.
pub(super) fn find(schema: &str, name: &str) -> Option<&'static Definition> {
    ALL.iter().find(|definition| definition.schema == schema && definition.name == name)
}

/// Every system table.
pub(super) static ALL: &[Definition] = &[
    information(
        "ins_databases",
        &[
            ("name", Text(64)),
            ("create_time", Time),
            ("vgroups", Int),
            ("ntables", BigInt),
            ("replica", TinyInt),
            ("strict", Text(4)),
            ("duration", Text(10)),
            ("keep", Text(32)),
            ("buffer", Int),
            ("pagesize", Int),
            ("pages", Int),
            ("minrows", Int),
            ("maxrows", Int),
            ("comp", TinyInt),
            ("precision", Text(2)),
            ("status", Text(10)),
            ("retentions", Text(60)),
            ("single_stable", Bool),
            ("cachemodel", Text(11)),
            ("cachesize", Int),
            ("wal_level", TinyInt),
            ("wal_fsync_period", Int),
            ("wal_retention_period", Int),
            ("wal_retention_size", BigInt),
            ("stt_trigger", SmallInt),
            ("table_prefix", SmallInt),
            ("table_suffix", SmallInt),
            ("tsdb_pagesize", Int),
            ("keep_time_offset", Int),
        ],
    ),
    information(
        "ins_stables",
        &[
            ("stable_name", Text(192)),
            ("db_name", Text(64)),
            ("create_time", Time),
            ("columns", Int),
            ("tags", Int),
            ("last_update", Time),
            ("table_comment", Text(1_024)),
            ("watermark", Text(64)),
            ("max_delay", Text(64)),
            ("rollup", Text(128)),
            ("uid", BigInt),
        ],
    ),
    information(
        "ins_tables",
        &[
            ("table_name", Text(192)),
            ("db_name", Text(64)),
            ("create_time", Time),
            ("columns", Int),
            ("stable_name", Text(192)),
            ("uid", BigInt),
            ("vgroup_id", Int),
            ("ttl", Int),
            ("table_comment", Text(1_024)),
            ("type", Text(21)),
        ],
    ),
    information(
        "ins_tags",
        &[
            ("table_name", Text(192)),
            ("db_name", Text(64)),
            ("stable_name", Text(192)),
            ("tag_name", Text(64)),
            ("tag_type", Text(32)),
            ("tag_value", Text(16_384)),
        ],
    ),
    information(
        "ins_columns",
        &[
            ("table_name", Text(192)),
            ("db_name", Text(64)),
            ("table_type", Text(21)),
            ("col_name", Text(64)),
            ("col_type", Text(32)),
            ("col_length", Int),
            ("col_precision", Int),
            ("col_scale", Int),
            ("col_nullable", Int),
        ],
    ),
    information(
        "ins_users",
        &[
            ("name", Text(24)),
            ("super", TinyInt),
            ("enable", TinyInt),
            ("sysinfo", TinyInt),
            ("createdb", TinyInt),
            ("create_time", Time),
            ("allowed_host", Text(49_152)),
        ],
    ),
    information(
        "ins_user_privileges",
        &[
            ("user_name", Text(24)),
            ("privilege", Text(10)),
            ("db_name", Text(65)),
            ("table_name", Text(193)),
            ("condition", Text(49_152)),
            ("notes", Text(64)),
        ],
    ),
    information(
        "ins_dnodes",
        &[
            ("id", Int),
            ("endpoint", Text(134)),
            ("vnodes", SmallInt),
            ("support_vnodes", SmallInt),
            ("status", Text(10)),
            ("create_time", Time),
            ("reboot_time", Time),
            ("note", Text(256)),
        ],
    ),
    information(
        "ins_mnodes",
        &[
            ("id", Int),
            ("endpoint", Text(134)),
            ("role", Text(12)),
            ("status", Text(9)),
            ("create_time", Time),
            ("role_time", Time),
        ],
    ),
    information("ins_qnodes", &[("id", Int), ("endpoint", Text(134)), ("create_time", Time)]),
    information("ins_snodes", &[("id", Int), ("endpoint", Text(134)), ("create_time", Time)]),
    information(
        "ins_cluster",
        &[
            ("id", BigInt),
            ("name", Text(40)),
            ("uptime", Int),
            ("create_time", Time),
            ("version", Text(10)),
            ("expire_time", Time),
        ],
    ),
    information(
        "ins_vgroups",
        &[
            ("vgroup_id", Int),
            ("db_name", Text(64)),
            ("tables", Int),
            ("v1_dnode", SmallInt),
            ("v1_status", Text(9)),
            ("cacheload", Int),
            ("cacheelements", Int),
            ("tsma", TinyInt),
        ],
    ),
    information(
        "ins_indexes",
        &[
            ("index_name", Text(192)),
            ("db_name", Text(64)),
            ("table_name", Text(192)),
            ("vgroup_id", Int),
            ("create_time", Time),
            ("column_name", Text(192)),
            ("index_type", Text(192)),
        ],
    ),
    information(
        "ins_views",
        &[
            ("view_name", Text(192)),
            ("db_name", Text(64)),
            ("effective_user", Text(24)),
            ("create_time", Time),
            ("type", Text(128)),
            ("query_sql", Text(2_048)),
            ("parameters", Text(2_048)),
            ("default_values", Text(2_048)),
            ("target_table", Text(192)),
        ],
    ),
    information(
        "ins_functions",
        &[
            ("name", Text(64)),
            ("comment", Text(255)),
            ("aggregate", Int),
            ("output_type", Text(31)),
            ("create_time", Time),
            ("code_len", Int),
            ("bufsize", Int),
            ("func_language", Text(31)),
            ("func_body", Text(16_384)),
            ("func_version", Int),
        ],
    ),
    information("ins_configs", &[("name", Text(32)), ("value", Text(64))]),
    information(
        "ins_topics",
        &[
            ("topic_name", Text(192)),
            ("db_name", Text(64)),
            ("create_time", Time),
            ("sql", Text(2_048)),
            ("schema", Text(2_048)),
            ("meta", Text(4)),
            ("type", Text(8)),
        ],
    ),
    information(
        "ins_subscriptions",
        &[
            ("topic_name", Text(204)),
            ("consumer_group", Text(193)),
            ("vgroup_id", Int),
            ("consumer_id", Text(32)),
            ("user", Text(24)),
            ("fqdn", Text(128)),
            ("offset", Text(64)),
            ("rows", BigInt),
        ],
    ),
    information(
        "ins_streams",
        &[
            ("stream_name", Text(192)),
            ("create_time", Time),
            ("stream_id", Text(19)),
            ("sql", Text(2_048)),
            ("status", Text(20)),
            ("source_db", Text(64)),
            ("target_db", Text(64)),
            ("target_table", Text(192)),
            ("watermark", BigInt),
            ("trigger", Text(20)),
        ],
    ),
    information(
        "ins_grants",
        &[
            ("version", Text(16)),
            ("expire_time", Text(19)),
            ("service_time", Text(19)),
            ("expired", Text(5)),
            ("state", Text(9)),
        ],
    ),
    performance(
        "perf_connections",
        &[
            ("conn_id", BigInt),
            ("user", Text(24)),
            ("app", Text(24)),
            ("pid", BigInt),
            ("end_point", Text(134)),
            ("login_time", Time),
            ("last_access", Time),
            ("user_app", Text(24)),
            ("user_ip", Text(22)),
        ],
    ),
    performance(
        "perf_queries",
        &[
            ("kill_id", Text(26)),
            ("query_id", BigInt),
            ("conn_id", BigInt),
            ("app", Text(24)),
            ("pid", BigInt),
            ("user", Text(24)),
            ("end_point", Text(134)),
            ("create_time", Time),
            ("exec_usec", BigInt),
            ("stable_query", Bool),
            ("sub_query", Bool),
            ("sub_num", Int),
            ("sub_status", Text(1_000)),
            ("sql", Text(2_048)),
        ],
    ),
];
