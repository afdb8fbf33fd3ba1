//! Points through both versions' doors: what is stored, and what is said about the rest.

use super::client::{Client, Envelope as _};
use engine::{AutomaticPolicy, AutomaticTable};
use ingest::WantedColumn;
use model::{ColumnRole, DataType, Grant, Privilege, Privileges, Scope, TimeUnit};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_value_is_stored_with_its_nanoseconds() {
    let client = Client::with_db0().await;
    let line = "cpu,host=a\\ b n=3i,ok=True,s=\"x \\\"y\\\"\",u=18446744073709551615u,value=1.5 1704067200000000001\n";
    let answer = client.write(line).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(
        client.rows("SELECT time, host, n, ok, s, u, value FROM cpu").await,
        ["2024-01-01T00:00:00.000000001Z|a b|3|true|x \"y\"|18446744073709551615|1.5"]
    );
    let key = client.rows("SELECT DISTINCT primary_tag FROM cpu").await;
    assert_eq!(key[0].len(), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_point_may_come_in_several_lines() {
    let client = Client::with_db0().await;
    assert_eq!(client.write("m,t=1 a=1,b=1 5\nm,t=1 b=2,c=3,c=4 5\nm,t=1 a=7 6").await.status, 204);
    assert_eq!(client.rows("SELECT a, b, c FROM m ORDER BY time").await, ["1.0|2.0|4.0", "7.0|NULL|NULL"]);
    assert_eq!(client.write("m,t=1 b=9 5").await.status, 204);
    assert_eq!(client.rows("SELECT a, b, c FROM m ORDER BY time LIMIT 1").await, ["1.0|9.0|4.0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_come_in_every_unit() {
    let client = Client::with_db0().await;
    for (precision, time) in [
        ("s", "60"),
        ("ms", "60000"),
        ("u", "60000000"),
        ("ns", "60000000000"),
        ("n", "60000000000"),
        ("m", "1"),
        ("", "60000000000"),
    ] {
        let table = format!("p_{precision}");
        let uri = format!("/write?db=db0&precision={precision}&rp=autogen&consistency=any");
        assert_eq!(client.send("POST", &uri, format!("{table} f=1 {time}")).await.status, 204);
        assert_eq!(
            client.rows(&format!("SELECT time FROM \"{table}\"")).await,
            ["1970-01-01T00:01:00Z"],
            "{precision}"
        );
    }
    let late = client.send("POST", "/write?db=db0&precision=s", "late f=1 9223372036854775807").await;
    assert!(late.error().1.contains("out of range"), "{}", late.text);
    client.write("now f=1").await;
    assert_eq!(client.rows("SELECT count(*) FROM now WHERE time > now() - INTERVAL '1 minute'").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_lines_are_told_and_good_ones_stored() {
    let client = Client::with_db0().await;
    assert_eq!(client.write("m v=1 1").await.status, 204);
    let answer = client.write("m v=2 2\nm v=\n\nm v=3 3").await;
    let told = "partial write: unable to parse 'm v=': missing field value (line 2, column 5) dropped=0";
    assert_eq!(answer.error(), (400, told.to_owned()));
    assert_eq!(answer.header("x-influxdb-error"), told);
    let answer = client.write("m v=4i 4\nm v=5 5\nm v=\"x\" 6").await;
    let told = "partial write: field type conflict: input field \"v\" on measurement \"m\" is type integer, \
                already exists as type float (line 1) (and 1 more) dropped=2";
    assert_eq!(answer.error(), (400, told.to_owned()));
    assert_eq!(client.rows("SELECT v FROM m ORDER BY time").await, ["1.0", "2.0", "3.0", "5.0"]);
    let answer = client.write("nothing\nmore").await;
    let told = "unable to parse 'nothing': missing fields (line 1, column 8) (and 1 more)";
    assert_eq!(answer.error(), (400, told.to_owned()));
    let answer = client.write("m,v=1 w=1\nm V=1").await;
    let told = "partial write: column \"v\" of table \"m\" is a field, not a tag (line 1) (and 1 more) dropped=2";
    assert_eq!(answer.error(), (400, told.to_owned()));
    let answer = client.send("POST", "/api/v2/write?org=o&bucket=db0", "m v=7 7\nm v=").await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &"invalid".into()));
    assert!(
        answer.json()["message"].as_str().unwrap().starts_with("partial write: unable to parse"),
        "{}",
        answer.text
    );
    assert_eq!(client.rows("SELECT count(*) FROM m").await, ["5"]);
    assert_eq!(client.write("# only a remark\n\n").await.status, 204);
    let long = format!("x{} v=", "é".repeat(300));
    let (_, told) = client.write(&long).await.error();
    assert!(told.len() < 300 && told.contains("..'"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn version_2_writes_into_the_same_tables() {
    let client = Client::with_db0().await;
    for uri in ["/api/v2/write?org=-&bucket=db0%2Fautogen&precision=ms", "/api/v2/write?bucket=db0&org=&precision=ms"] {
        assert_eq!(client.send("POST", uri, "cpu,host=b value=2 1704067201000").await.status, 204, "{uri}");
    }
    assert_eq!(client.write("cpu,host=b other=3i 1704067201000000000").await.status, 204);
    assert_eq!(client.rows("SELECT host, value, other FROM cpu").await, ["b|2.0|3"]);
    let missing = client.send("POST", "/api/v2/write?org=o&bucket=nowhere", "m f=1").await;
    assert_eq!((missing.status, missing.json()["code"].clone()), (404, "not found".into()));
    let none = client.send("POST", "/api/v2/write?org=o", "m f=1").await;
    assert_eq!((none.status, none.json()["message"].clone()), (400, "bucket is required".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_refused_store_nothing() {
    let client = Client::with_db0().await;
    for (uri, status, text) in [
        ("/write", 400, "database is required"),
        ("/write?db=nowhere", 404, "database not found: \"nowhere\""),
        ("/write?db=db0&rp=week", 400, "retention policy not found: week"),
        ("/write?db=db0&precision=d", 400, "\"d\" is no value for precision: expected ns, us, ms, s, m or h"),
        ("/write?db=db0&u=root&p=wrong", 401, "authorization failed"),
    ] {
        let (found, error) = client.send("POST", uri, "m f=1").await.error();
        assert!(found == status && error.starts_with(text), "{uri}: {found} {error}");
    }
    assert_eq!(client.send("GET", "/write?db=db0", "m f=1").await.status, 405);
    let (status, error) = client.send("POST", "/write?db=db0", vec![b'm', 0xff]).await.error();
    assert_eq!((status, error.as_str()), (400, "the body is not UTF-8: byte 1 does not belong"));
    let (status, _) = client.send("POST", "/write?db=db0", vec![b'm'; (1 << 20) + 1]).await.error();
    assert_eq!(status, 413);
    let database = client.engine.catalog().database_named("db0").unwrap().id;
    assert_eq!(client.engine.catalog().tables_in(database).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_in_every_form() {
    let client = Client::started(false).await;
    let root = client.root();
    let database = catalog::DatabaseLabel::Any;
    let new = engine::NewDatabase {
        name: "db0".to_owned(),
        label: database,
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: std::collections::BTreeMap::new(),
    };
    let database = client.engine.create_database(&root, new).await.unwrap().id;
    let user = client.user("u1", "pw").await;
    let token = client.tokens.issue("other", &user);
    let forms = [
        ("authorization", "Basic dTE6cHc=".to_owned()),
        ("authorization", "Token u1:pw".to_owned()),
        ("authorization", format!("Token {token}")),
        ("authorization", format!("Bearer {token}")),
        ("cookie", format!("influxdb-oss-session={token}; Path=/api/")),
    ];
    for (name, value) in &forms {
        let (status, error) = client.with(name, value).write("m f=1").await.error();
        assert_eq!(
            (status, error.as_str()),
            (403, "\"u1\" user is not authorized: CREATE on database \"db0\" is missing"),
            "{value}"
        );
    }
    let grant = Grant {
        grantee: user.user,
        scope: Scope::Database(database),
        privileges: [Privilege::Create, Privilege::Insert].into_iter().collect(),
        grantable: Privileges::NONE,
    };
    client.engine.grant(&root, grant).await.unwrap();
    for (name, value) in &forms {
        assert_eq!(client.with(name, value).write("m f=1").await.status, 204, "{value}");
    }
    assert_eq!(client.send("POST", "/write?db=db0&u=u1&p=pw", "m f=1").await.status, 204);
    let (status, error) = client.with("authorization", "Token u1:pw").write("m g=1").await.error();
    assert_eq!((status, error.contains("ALTER on table \"m\"")), (403, true), "{error}");
    for value in ["Token 00ff", "Token u1:no", "Basic dTE6bm8=", "Basic !", "Digest x", "x", ""] {
        assert_eq!(client.with("authorization", value).write("m f=1").await.status, 401, "{value}");
    }
    assert_eq!(client.write("m f=1").await.error().0, 401, "nobody is anybody behind TLS");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_cannot_have_the_name_of_a_series() {
    let client = Client::with_db0().await;
    let database = client.engine.catalog().database_named("db0").unwrap().id;
    let column =
        |name: &str, role, data_type| dialect::plain_column(WantedColumn { name: name.to_owned(), role, data_type });
    let table = AutomaticTable {
        database,
        name: "parent".to_owned(),
        time: column("time", ColumnRole::Time, DataType::Instant(TimeUnit::Nanosecond)),
        columns: vec![
            column("tbname", ColumnRole::Key, DataType::Text(None)),
            column("v", ColumnRole::Field, DataType::Float32),
        ],
        properties: std::collections::BTreeMap::new(),
        policy: AutomaticPolicy::ALL,
    };
    client.engine.ensure_table(&client.root(), &table).await.unwrap();
    assert_eq!(client.write("parent,tbname=child v=1.1").await.status, 204);
    assert_eq!(client.rows("SELECT v FROM parent").await, ["1.1"], "the column keeps its type");
    let told = "partial write: table \"child\" already exists (line 1) dropped=1";
    assert_eq!(client.write("child v=1").await.error(), (400, told.to_owned()));
    let (status, told) = client.write("parent,tbname=child v=1e39").await.error();
    assert!(status == 400 && told.contains("is out of range for type real, column \"v\""), "{told}");
}
