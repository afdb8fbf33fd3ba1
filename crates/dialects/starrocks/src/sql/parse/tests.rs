use super::parse;
use crate::sql::statement::{DefaultText, KeysType, Show, Statement};
use model::{Code, TextPosition};

fn table(text: &str) -> crate::sql::statement::CreateTable {
    match parse(text).unwrap().statement {
        Statement::CreateTable(table) => *table,
        other => panic!("{other:?}"),
    }
}

fn code(text: &str) -> Code {
    parse(text).unwrap_err().code()
}

#[test]
fn create_table_with_every_clause() {
    let table = table(
        "CREATE TABLE IF NOT EXISTS `d`.`t` (\n `k` int(11) NOT NULL COMMENT \"the key\", v varchar(26) NULL DEFAULT \"x\",\n \
         n bigint DEFAULT -1, at datetime DEFAULT CURRENT_TIMESTAMP, INDEX i (v) USING BITMAP COMMENT ''\n) ENGINE=OLAP \
         PRIMARY KEY(`k`) COMMENT \"OLAP\" PARTITION BY date_trunc('day', at) DISTRIBUTED BY HASH(`k`) BUCKETS 12 \
         ORDER BY(v) PROPERTIES (\"replication_num\" = \"1\", \"in_memory\" = \"false\");",
    );
    assert_eq!((table.name.database.as_deref(), table.name.table.as_str()), (Some("d"), "t"));
    assert_eq!(table.columns.len(), 4);
    assert_eq!(table.columns[0].data_type, "int(11)");
    assert_eq!(table.columns[0].comment.as_deref(), Some("the key"));
    assert_eq!(table.columns[1].default, Some(DefaultText::Text("x".to_owned())));
    assert_eq!(table.columns[2].default, Some(DefaultText::Text("-1".to_owned())));
    assert_eq!(table.columns[3].default, Some(DefaultText::Now));
    assert_eq!(table.indexes[0].0, "i");
    assert_eq!(table.keys, Some((KeysType::Primary, vec!["k".to_owned()])));
    assert_eq!(table.partition.as_deref(), Some("date_trunc('day', at)"));
    assert_eq!(table.distribution.as_deref(), Some("HASH(`k`) BUCKETS 12"));
    assert_eq!(table.order_by, ["v"]);
    assert_eq!(table.properties.len(), 2);
}

#[test]
fn what_would_change_answers_is_refused() {
    for text in [
        "create table t (a array<int>)",
        "create table t (a int sum) aggregate key (a)",
        "create table t (a int as b + 1)",
        "create table t (a int) partition by range(a) (partition p values less than ('1'))",
        "create table t (a int) rollup (r (a))",
        "create table t like u",
        "create table t (a int) engine = mysql",
        "create external table t (a int)",
        "select 'a' || 'b'",
        "select 1 ^ 2",
        "select 'a\\x41'",
        "select a from t qualify row_number() over (order by a) = 1",
        "explain analyze select 1",
    ] {
        assert_eq!(code(text), Code::Unsupported, "{text}");
    }
}

#[test]
fn the_kinds_that_the_endpoint_takes() {
    assert_eq!(code(" ;; "), Code::BodyEmpty);
    assert_eq!(code("select 1; select 2"), Code::TooManyStatements);
    for text in ["drop table t", "insert into t values (1)", "SET a = 1", "create database d", "use d", "delete from t"]
    {
        assert_eq!(code(text), Code::WrongStatementKind, "{text}");
    }
    assert!(matches!(parse("kill 7").unwrap().statement, Statement::Kill(7)));
    assert!(matches!(parse("KILL QUERY 8;").unwrap().statement, Statement::Kill(8)));
    for (text, show) in [
        ("show catalogs", Show::Catalogs { like: None }),
        (
            "SHOW DATABASES FROM default_catalog LIKE 'a%'",
            Show::Databases { catalog: Some("default_catalog".to_owned()), like: Some("a%".to_owned()) },
        ),
        ("show full tables in d", Show::Tables { full: true, database: Some("d".to_owned()), like: None }),
        ("show processlist", Show::ProcessList),
        ("show partitions from t", Show::Unhandled("PARTITIONS FROM".to_owned())),
    ] {
        match parse(text).unwrap().statement {
            Statement::Show(found) => assert_eq!(found, show, "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn other_vendors_statements_never_pass() {
    for text in [
        "select * from meters state_window(voltage)",
        "select _wstart, avg(x) from t interval(10s)",
        "select * from t partition by tbname",
        "select last(*) from t slimit 1",
        "select x from t group by ([now() - 1h, now()), 1m)",
        "select x from t fill(previous)",
        "select x from root.sg.d align by device",
        "create table t (ts timestamp not null, v float) tags (id int) primary tags (id)",
        "create stable s (ts timestamp, v int) tags (g int)",
        "create table c using s tags (1)",
        "create timeseries root.a.b with datatype=INT32",
        "select v::int from t",
        "select 1h",
        "describe",
        "show devices from t limit 1 where x",
        "delete devices from t",
        "select \"a\".\"b\" from t",
        "select [1]",
    ] {
        let refused = match parse(text) {
            Err(_) => true,
            Ok(parsed) => matches!(parsed.statement, Statement::Show(Show::Unhandled(_))),
        };
        assert!(refused, "{text}");
    }
}

#[test]
fn errors_are_placed_in_characters() {
    let error = parse("select '温度',\n '度' ^ 1").unwrap_err();
    assert_eq!(error.position, Some(TextPosition { line: 2, column: 6 }));
    let error = parse("selec").unwrap_err();
    assert_eq!(error.position, Some(TextPosition { line: 1, column: 1 }));
}
