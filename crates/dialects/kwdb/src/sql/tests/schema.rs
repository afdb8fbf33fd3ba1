//! Databases, tables, indexes, comments.

use super::{near, one};
use crate::sql::Statement;
use crate::sql::statement::{
    AlterDatabaseAction, AlterTableAction, ColumnOrTag, CommentTarget, CreateTable, DropBehavior, Show,
    TableConstraintKind, TimeSpanUnit,
};

fn table(text: &str) -> CreateTable {
    match one(text) {
        Statement::CreateTable(table) => *table,
        other => panic!("{other:?}"),
    }
}

fn action(text: &str) -> AlterTableAction {
    match one(text) {
        Statement::AlterTable(mut alter) if alter.actions.len() == 1 => alter.actions.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn databases() {
    let Statement::CreateDatabase(database) =
        one("CREATE TS DATABASE IF NOT EXISTS Plant RETENTIONS 13000MONTH PARTITION INTERVAL 1 day COMMENT = '厂'")
    else {
        panic!("no database")
    };
    assert!(database.if_not_exists);
    assert_eq!((database.name.value.as_str(), database.comment.as_deref()), ("plant", Some("厂")));
    let options = database.series.unwrap();
    let span = options.retentions.unwrap();
    assert_eq!((span.amount, span.unit), (13_000, TimeSpanUnit::Month));
    assert_eq!((span.written.as_str(), span.written_unit.as_str()), ("13000MONTH", "month"));
    assert_eq!(options.partition_interval.unwrap().written, "1day");
    assert!(matches!(one("create database \"A b\" with encoding = 'UTF8'"), Statement::CreateDatabase(d)
        if d.name.value == "A b" && d.name.quoted && d.series.is_none() && d.encoding.as_deref() == Some("UTF8")));
    assert!(matches!(one("drop database if exists d cascade"), Statement::DropDatabase(d)
        if d.if_exists && d.behavior == Some(DropBehavior::Cascade)));
    assert!(matches!(one("alter ts database d set retentions = 10 day"), Statement::AlterDatabase(a)
        if a.series && matches!(&a.action, AlterDatabaseAction::SetRetentions(s) if s.amount == 10)));
    assert!(matches!(one("alter database d rename to E"), Statement::AlterDatabase(a)
        if matches!(&a.action, AlterDatabaseAction::Rename(n) if n.value == "e")));
    assert!(matches!(one("USE Db1"), Statement::Use(n) if n.value == "db1"));
    assert_eq!(near("create ts database NULL"), "at or near \"null\": syntax error");
    assert_eq!(near("drop database d cascade if exists"), "at or near \"if\": syntax error");
    assert_eq!(
        near("create ts database d partition interval 1day retentions 1d"),
        "at or near \"retentions\": syntax error"
    );
}

#[test]
fn series_tables() {
    let t = table(
        "create table Plant.Meters (TS timestamptz(3) not null, Current float8, state varchar(10) default 'ok' not null \
         comment '状态', raw int4 encode 'simple8b' compress 'lz4' level 'high', at timestamp default now()) \
         attributes (Loc varchar(20) not null comment = 'where', grp int null) primary attributes (loc) \
         retentions 20d activetime 1d partition interval 10d comment '表' with hash(100)",
    );
    assert_eq!(t.name.to_string(), "plant.meters");
    let columns: Vec<_> = t.columns.iter().map(|c| format!("{} {} {:?}", c.name, c.data_type, c.nullable)).collect();
    assert_eq!(
        columns,
        [
            "ts TIMESTAMPTZ(3) Some(false)",
            "current FLOAT8 None",
            "state VARCHAR(10) Some(false)",
            "raw INT4 None",
            "at TIMESTAMP None"
        ]
    );
    assert_eq!(t.columns[2].default.as_ref().unwrap().to_string(), "'ok'");
    assert_eq!(t.columns[4].default.as_ref().unwrap().to_string(), "now()");
    assert_eq!(t.columns[3].compression.level.as_deref(), Some("high"));
    let series = t.series.unwrap();
    assert_eq!((series.tags.len(), series.tags[0].nullable, series.tags[1].nullable), (2, Some(false), Some(true)));
    assert_eq!(series.primary_tags.unwrap()[0].value, "loc");
    assert_eq!((series.hash, series.retentions.unwrap().written.as_str()), (Some(100), "20d"));
    assert_eq!(t.comment.as_deref(), Some("表"));

    let short = table("create table ts_table(ts timestamp not null, power int) tags(location varchar(15))");
    assert_eq!(short.series.unwrap().primary_tags, None);
    assert_eq!(
        near("create table t (ts timestamp not null, a int) tags (g int not null default 1) primary tags (g)"),
        "at or near \"default\": syntax error"
    );
    assert_eq!(
        near("create table t (ts timestamp not null, a int) tags (g int not null) primary tags (g) with hash (0)"),
        "at or near \")\": syntax error: The hash num 0 must be > 0 and <= 50000."
    );
    assert_eq!(
        near("create table t (a int comment 'x' comment 'y')"),
        "at or near \")\": syntax error: multiple comments specified for column \"a\""
    );
}

#[test]
fn relational_tables_as_an_export_writes_them() {
    let t = table(
        "CREATE TABLE rules (\n\tid INT8 NOT NULL DEFAULT unique_rowid(),\n\tname VARCHAR(100) NULL,\n\tlevel FLOAT8 \
         NULL DEFAULT -1.5,\n\tbirth DATE NULL DEFAULT '2020-01-01'::date,\n\tCONSTRAINT \"primary\" PRIMARY KEY (id ASC, \
         name DESC),\n\tUNIQUE INDEX i (name ASC) STORING (level),\n\tINDEX (level),\n\tCONSTRAINT u UNIQUE (level),\n\t\
         CONSTRAINT c CHECK (level > 0),\n\tFOREIGN KEY (name) REFERENCES other (n) ON DELETE CASCADE,\n\tFAMILY \
         \"primary\" (id, name)\n)",
    );
    assert!(t.series.is_none());
    let defaults: Vec<_> = t.columns.iter().filter_map(|c| c.default.as_ref()).map(ToString::to_string).collect();
    assert_eq!(defaults, ["unique_rowid()", "-1.5", "'2020-01-01'::DATE"]);
    let TableConstraintKind::PrimaryKey(key) = &t.constraints[0].kind else { panic!("no key") };
    assert_eq!(
        key.iter().map(|c| (c.name.value.as_str(), c.descending)).collect::<Vec<_>>(),
        [("id", false), ("name", true)]
    );
    assert_eq!((t.constraints.len(), t.indexes.len(), t.families.len()), (4, 2, 1));
    assert!(t.indexes[0].unique && t.indexes[0].storing[0].value == "level" && t.indexes[1].name.is_none());
    let TableConstraintKind::ForeignKey { references, .. } = &t.constraints[3].kind else { panic!("no foreign key") };
    assert_eq!(references.actions, ["on delete cascade"]);

    let inline = table(
        "create temp table if not exists d.public.t (id uuid primary key default gen_random_uuid(), a int unique check \
         (a > 0) check (a < 9), b int references o (x), c int as (a + b) stored, n int default null null)",
    );
    assert!(inline.temporary && inline.if_not_exists && inline.columns[0].primary_key && inline.columns[1].unique);
    assert_eq!((inline.name.to_string().as_str(), inline.columns[1].checks.len()), ("d.public.t", 2));
    assert_eq!(inline.columns[3].computed.as_ref().unwrap().to_string(), "a + b");
    assert_eq!(inline.columns[4].default.as_ref().unwrap().to_string(), "NULL");
    assert!(matches!(one("create table t as select 1"), Statement::Unhandled("CREATE TABLE AS")));
    assert_eq!(table("create table index_t (family int, index int)").columns.len(), 2);
}

#[test]
fn altering_tables() {
    use AlterTableAction as A;
    assert!(matches!(action("alter table t add column if not exists c int"), A::AddColumn { if_not_exists: true, .. }));
    assert!(
        matches!(action("alter table t add c varchar null"), A::AddColumn { column, .. } if column.name.value == "c")
    );
    assert!(matches!(action("alter table t add tag g bool"), A::AddTag(tag) if tag.name.value == "g"));
    assert!(matches!(action("alter table t add tag int"), A::AddColumn { column, .. } if column.name.value == "tag"));
    assert!(matches!(action("alter table t drop column if exists c cascade"), A::DropColumn { if_exists: true, .. }));
    assert!(matches!(action("alter table t drop c"), A::DropColumn { .. }));
    assert!(matches!(action("alter table t drop attribute g"), A::DropTag(g) if g.value == "g"));
    for (text, what) in [
        ("alter table t alter column c set data type int8", ColumnOrTag::Column),
        ("alter table t alter c type int8", ColumnOrTag::Column),
        ("alter table t alter tag c type int8", ColumnOrTag::Tag),
    ] {
        assert!(matches!(action(text), A::SetType { what: w, name, .. } if w == what && name.value == "c"), "{text}");
    }
    assert!(matches!(action("alter table t alter tag type int8"), A::SetType { name, .. } if name.value == "tag"));
    assert!(matches!(action("alter table t alter c set default 1"), A::SetDefault { default: Some(_), .. }));
    assert!(matches!(action("alter table t alter column c drop default"), A::SetDefault { default: None, .. }));
    assert!(matches!(action("alter table t alter c set not null"), A::SetNullable { nullable: false, .. }));
    assert!(matches!(action("alter table t alter c drop not null"), A::SetNullable { nullable: true, .. }));
    assert!(matches!(action("alter table t rename tag a to b"), A::RenameColumn { what: ColumnOrTag::Tag, .. }));
    assert!(matches!(action("alter table t rename column a to b"), A::RenameColumn { to, .. } if to.value == "b"));
    assert!(matches!(action("alter table t rename to \"U\""), A::RenameTable(n) if n.table.value == "U"));
    assert!(matches!(action("alter table t set Retentions=1week"), A::SetRetentions(s) if s.written == "1week"));
    assert!(matches!(action("alter table t add constraint k primary key (a)"), A::AddConstraint(_)));
    assert!(matches!(action("alter table t drop constraint if exists k"), A::DropConstraint { if_exists: true, .. }));
    assert!(matches!(one("alter table t add a int, drop b"), Statement::AlterTable(alter) if alter.actions.len() == 2));
    assert_eq!(near("alter table t add column c"), "at or near \"EOF\": syntax error");
}

#[test]
fn indexes_comments_and_show() {
    assert!(matches!(one("create unique index if not exists i on d.t (a, b desc) storing (c)"),
        Statement::CreateIndex(i) if i.index.unique && i.index.columns[1].descending && i.table.to_string() == "d.t"));
    assert!(matches!(one("drop index if exists d.t@i, j"), Statement::DropIndex(d)
        if d.indexes.len() == 2 && d.indexes[1].0.is_none()));
    assert!(matches!(one("alter index t@i rename to j"), Statement::AlterIndex(a) if a.rename_to.value == "j"));
    assert!(matches!(one("comment on column d.t.\"C\" is '温度'"), Statement::CommentOn(c)
        if matches!(&c.target, CommentTarget::Column { table, column } if table.to_string() == "d.t" && column.value == "C")));
    assert!(matches!(one("comment on table t is null"), Statement::CommentOn(c) if c.comment.is_none()));
    assert!(matches!(one("drop table if exists a, d.b"), Statement::DropTables(d) if d.names.len() == 2));
    for text in [
        "show databases with comment",
        "show tables",
        "show tables from d.public with comment",
        "show columns from d.t with comment",
        "show create table d.t",
        "show create t",
        "show create database d",
        "show tags from t",
        "show attributes from t",
        "show tag values from t",
        "show retentions on table t",
        "show indexes from t",
        "show keys from database d",
        "show constraints from t",
        "show schemas from d",
        "show users",
        "show roles",
        "show grants on database d for u",
        "show grants on role admin",
        "show grants",
        "show cluster setting server.rest.timeout",
        "show all cluster settings",
        "show sessions",
        "show jobs",
        "show queries",
        "show time zone",
        "show timezone",
        "show all",
        "describe d.t",
        "show partitions from table t",
    ] {
        assert!(matches!(one(text), Statement::Show(_)), "{text}");
    }
    assert!(matches!(one("show cluster setting Server.Rest.timeout"), Statement::Show(Show::ClusterSetting(name))
        if name == "server.rest.timeout"));
    assert_eq!(near("show databases like 'x'"), "at or near \"like\": syntax error");
}
