//! Every kind of bad input gets its documented status and a text that names the fault, stores
//! nothing, and leaves the server answering.

use crate::harness::{Program, Reply, TempDir, basic, request, root, send_raw};

/// A server with one table of each kind.
fn program(data: &TempDir) -> Program {
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", "create ts database plant; create database office");
    program.ddl(
        "plant",
        "create table readings (ts timestamptz(3) not null, n int4, small int2, word varchar(4), must int4 not null) \
         tags (site varchar(20) not null, line int4 not null, room varchar(10)) primary tags (site, line)",
    );
    program.ddl("office", "create table staff (id int4 primary key, name varchar(10) not null, badge int4 unique)");
    program.insert("office", "insert into staff values (1, 'Ada', 100)");
    program
}

fn send(program: &Program, method: &str, target: &str, authorization: Option<&str>, body: &[u8]) -> Reply {
    let headers: Vec<(&str, &str)> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
    request(program.address, method, target, &headers, body).unwrap()
}

/// The answer has this status, is JSON with a negative or 500 code, and its text has every part.
#[track_caller]
fn refused(reply: &Reply, status: u16, parts: &[&str]) {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(reply.status, status, "{text}");
    let body = reply.json();
    assert!(body["code"] == -1 || body["code"] == 500, "{text}");
    let said = match &body["desc"] {
        serde_json::Value::Array(each) => {
            each.iter().map(|d| d.as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
        }
        desc => desc.as_str().unwrap_or_default().to_owned(),
    };
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
}

#[test]
fn credentials() {
    let data = TempDir::new();
    let program = program(&data);
    let wrong = basic("root", "wrong");
    refused(&send(&program, "GET", "/restapi/login", Some(&wrong), b""), 401, &["did not match any credentials"]);
    let unknown = basic("nobody", "kwdbpassword");
    refused(&send(&program, "GET", "/restapi/login", Some(&unknown), b""), 401, &["did not match any credentials"]);
    refused(&send(&program, "GET", "/restapi/login", None, b""), 401, &[]);
    refused(&send(&program, "GET", "/restapi/login", Some("Basic"), b""), 401, &["Basic"]);
    refused(&send(&program, "GET", "/restapi/login", Some("Basic !!!"), b""), 401, &[]);
    refused(&send(&program, "GET", "/restapi/login", Some("Basic bm9jb2xvbg=="), b""), 401, &[]);
    for endpoint in ["ddl", "query", "insert"] {
        let target = format!("/restapi/{endpoint}");
        let body = b"insert into t values (1)";
        refused(&send(&program, "POST", &target, None, body), 401, &[]);
        refused(
            &send(&program, "POST", &target, Some("Basic 00ff00ff00ff00ff00ff00ff00ff00ff"), body),
            401,
            &["Incorrect authentication token"],
        );
        refused(&send(&program, "POST", &target, Some(&wrong), body), 401, &["did not match any credentials"]);
    }
}

#[test]
fn a_token_of_a_server_that_is_gone() {
    let data = TempDir::new();
    let program = Program::start(data.path(), &["--insecure"]);
    let token =
        send(&program, "GET", "/restapi/login", Some(&root()), b"").json()["token"].as_str().unwrap().to_owned();
    assert_eq!(token.len(), 32);
    let authorization = format!("Basic {token}");
    assert_eq!(send(&program, "POST", "/restapi/query", Some(&authorization), b"select 1").status, 200);
    // Tokens live in memory; expiry itself is tested beside the directory of tokens.
    drop(program);
    let program = Program::insecure(data.path());
    refused(
        &send(&program, "POST", "/restapi/query", Some(&authorization), b"select 1"),
        401,
        &["Incorrect authentication token"],
    );
}

#[test]
fn requests_that_no_endpoint_takes() {
    let data = TempDir::new();
    let program = program(&data);
    let auth = root();
    let auth = Some(auth.as_str());
    refused(&send(&program, "POST", "/restapi/login", auth, b""), 400, &["support only GET method."]);
    refused(&send(&program, "GET", "/restapi/login?db=plant", auth, b""), 400, &["wrong db parameter for login."]);
    for endpoint in ["ddl", "insert", "query"] {
        let target = format!("/restapi/{endpoint}");
        refused(&send(&program, "GET", &target, auth, b""), 400, &["only support POST method"]);
        refused(&send(&program, "PUT", &target, auth, b"x"), 400, &["only support POST method"]);
        refused(&send(&program, "POST", &target, auth, b""), 400, &["invalid request body"]);
        refused(&send(&program, "POST", &target, auth, b"select '\xff'"), 400, &["UTF-8"]);
        refused(&send(&program, "POST", &format!("{target}?tz=abc"), auth, b"select 1"), 400, &["timezone", "abc"]);
    }
    refused(&send(&program, "POST", "/restapi/nothing", auth, b"x"), 404, &["404"]);
    let elsewhere = send(&program, "GET", "/nowhere", auth, b"");
    assert_eq!(elsewhere.status, 404);
    assert!(!elsewhere.body.is_empty());
}

#[test]
fn heads_that_are_no_requests() {
    let data = TempDir::new();
    let program = program(&data);
    let long = format!("GET /restapi/login?{} HTTP/1.1\r\n\r\n", "x".repeat(70_000));
    for (sent, status) in [
        ("NONSENSE\r\n\r\n", 400),
        ("POST /restapi/query HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (long.as_str(), 414),
    ] {
        let reply = send_raw(program.address, sent.as_bytes()).unwrap();
        assert_eq!(reply.status, status);
        assert!(String::from_utf8_lossy(&reply.body).contains("request"), "{reply:?}");
    }
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let reply = send_raw(program.address, format!("GET /health HTTP/1.1\r\n{many}\r\n").as_bytes()).unwrap();
    assert_eq!((reply.status, reply.body.is_empty()), (431, false), "{reply:?}");
}

#[test]
fn statements_of_the_wrong_kind() {
    let data = TempDir::new();
    let program = program(&data);
    refused(&program.post("ddl", "plant", "select 1"), 200, &["wrong statement for ddl interface and please check"]);
    refused(&program.post("ddl", "plant", "show create table readings"), 200, &["wrong statement for ddl interface"]);
    refused(&program.post("insert", "plant", "select 1"), 200, &["can not find insert statement and please check"]);
    for (statement, word) in [
        ("create table x (a int)", "create"),
        ("insert into readings values (1)", "insert"),
        ("drop table readings", "drop"),
        ("delete from readings", "delete"),
        ("update readings set room = 'x'", "update"),
        ("  alter table readings add column x int", "alter"),
    ] {
        refused(
            &program.post("query", "plant", statement),
            400,
            &[&format!("do not support {word} statement for query interface, please check.")],
        );
    }
    refused(&program.post("query", "plant", "select 1; select 2"), 400, &["only support single statement"]);
    assert_eq!(program.rows("plant", "select count(*) from readings")[0][0], 0);
}

#[test]
fn names_that_do_not_exist() {
    let data = TempDir::new();
    let program = program(&data);
    refused(&program.post("query", "nowhere", "select 1 from readings"), 500, &["database \"nowhere\" does not exist"]);
    refused(&program.post("query", "plant", "select * from nothing"), 500, &["relation \"nothing\" does not exist"]);
    refused(
        &program.post("query", "plant", "select nothing from readings"),
        500,
        &["column \"nothing\" does not exist"],
    );
    refused(
        &program.post("query", "plant", "select frobnicate(n) from readings"),
        500,
        &["unknown function: frobnicate"],
    );
    refused(
        &program.post("insert", "plant", "insert into nothing values (1)"),
        200,
        &["relation \"nothing\" does not exist"],
    );
    refused(
        &program.post("insert", "plant", "insert into readings (ts, nothing, site, line) values (1, 2, 'a', 1)"),
        200,
        &["\"nothing\" does not exist"],
    );
    refused(&program.post("ddl", "plant", "drop table nothing"), 200, &["\"nothing\" does not exist"]);
    refused(&program.post("ddl", "plant", "drop database nothing"), 200, &["database \"nothing\" does not exist"]);
    refused(&program.post("ddl", "plant", "create ts database plant"), 200, &["database \"plant\" already exists"]);
    refused(&program.post("ddl", "office", "create table staff (a int)"), 200, &["relation \"staff\" already exists"]);
    refused(&program.post("ddl", "office", "create table t (a int, A int)"), 200, &["\"a\""]);
}

#[test]
fn syntax_errors_have_places() {
    let data = TempDir::new();
    let program = program(&data);
    refused(&program.post("query", "plant", "selec 1"), 500, &["at or near \"selec\": syntax error"]);
    refused(
        &program.post("query", "plant", "select '电表',\n '千瓦' frm readings"),
        500,
        &["syntax error", "line 2, column 11"],
    );
    // The place counts in the whole request, after splitting, in characters.
    refused(
        &program.post("ddl", "plant", "create table 电 (ts timestamp not null, v int) tags (t int not null) primary tags (t);\ncreate table '二' x"),
        200,
        &["line 2, column 14"],
    );
    refused(&program.post("insert", "plant", "insert into readings values (1, 2"), 200, &["syntax error"]);
    refused(&program.post("query", "plant", "select 'open"), 500, &["line 1"]);
}

#[test]
fn values_that_do_not_fit() {
    let data = TempDir::new();
    let program = program(&data);
    let cases: &[(&str, &[&str])] = &[
        ("insert into readings values (1, 2, 3, 'w', 5, 'a')", &["more target columns than expressions"]),
        ("insert into readings values (1, 2, 3, 'w', 5, 'a', 1, 'r', 9)", &["more expressions than target columns"]),
        ("insert into readings values (1, 'abc', 3, 'w', 5, 'a', 1, 'r')", &["abc", "n"]),
        ("insert into readings values (1, 3000000000, 3, 'w', 5, 'a', 1, 'r')", &["3000000000", "out of range", "n"]),
        (
            "insert into readings values (1, 2, 32768, 'w', 5, 'a', 1, 'r')",
            &["integer \"32768\" out of range for type INT2 (column small)"],
        ),
        (
            "insert into readings values (1, 2, 3, 'toolong', 5, 'a', 1, 'r')",
            &["value 'toolong' too long for type VARCHAR(4) (column word)"],
        ),
        (
            "insert into readings values (1, 2, 3, 'w', null, 'a', 1, 'r')",
            &["null value in column \"must\" violates not-null constraint"],
        ),
        (
            "insert into readings (ts, n, must, site) values (1, 2, 3, 'a')",
            &["need to specify all primary tag [site line]"],
        ),
        (
            "insert into readings (ts, n, n, must, site, line) values (1, 2, 2, 3, 'a', 1)",
            &["multiple assignments to the same column \"n\""],
        ),
        ("insert into readings values ('not a time', 2, 3, 'w', 5, 'a', 1, 'r')", &["not a time"]),
        ("insert into readings values (1, 2, 3, 'w', 5, 'a', 1, 'r'), (2, 'x', 3, 'w', 5, 'a', 1, 'r')", &["x"]),
    ];
    for (statement, parts) in cases {
        let reply = program.post("insert", "plant", statement);
        refused(&reply, 200, parts);
        assert!(reply.json()["rows"].is_null(), "{statement}: {}", reply.json());
    }
    assert_eq!(program.rows("plant", "select count(*) from readings")[0][0], 0, "a refused statement stored a row");

    let cases: &[(&str, &[&str])] = &[
        (
            "insert into staff values (1, 'Bob', 7)",
            &["duplicate key value (id)=(1) violates unique constraint \"primary\""],
        ),
        ("insert into staff values (2, 'Bob', 100)", &["duplicate key value (badge)=(100) violates unique constraint"]),
        ("insert into staff values (2, 'Bob', 7), (2, 'Eve', 8)", &["duplicate key value"]),
        ("insert into staff values (3, null, 7)", &["null value in column \"name\" violates not-null constraint"]),
        ("insert into staff (name) values ('Zoe')", &["\"id\""]),
    ];
    for (statement, parts) in cases {
        refused(&program.post("insert", "office", statement), 200, parts);
    }
    assert_eq!(program.rows("office", "select id, name, badge from staff"), [serde_json::json!([1, "Ada", 100])]);
}

#[test]
fn statements_around_a_bad_one_still_run() {
    let data = TempDir::new();
    let program = program(&data);
    let reply = program.post("ddl", "office", "create table a (x int primary key); bad; drop table a");
    let body = reply.json();
    assert_eq!(body["code"], -1);
    let desc = body["desc"].as_array().unwrap();
    assert_eq!(desc.len(), 3, "{body}");
    assert_eq!((&desc[0], &desc[2]), (&"success".into(), &"success".into()));
    let reply = program.post("insert", "office", "insert into staff values (5, 'Eve', 5); insert into nope values (1)");
    let body = reply.json();
    assert_eq!(body["rows"], 1, "{body}");
    assert_eq!(body["desc"][0], "success");
}

#[test]
fn statements_that_make_no_sense() {
    let data = TempDir::new();
    let program = program(&data);
    program.insert("plant", "insert into readings values (1, 2, 3, 'w', 5, 'a', 1, 'r')");
    refused(&program.post("query", "plant", "select n / 0 from readings"), 500, &["division by zero"]);
    refused(
        &program.post("query", "plant", "select n, count(*) from readings group by word"),
        500,
        &["must appear in the GROUP BY clause"],
    );
    refused(&program.post("query", "plant", "select n from readings limit -1"), 500, &["negative value for LIMIT"]);
    refused(&program.post("query", "plant", "select sum(word) from readings"), 500, &["sum"]);
    refused(&program.post("query", "plant", &format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000))), 500, &[]);
    assert_eq!(program.rows("plant", "select 1")[0][0], 1);
}

#[test]
fn long_set_operations_are_answered_or_refused() {
    let data = TempDir::new();
    let program = program(&data);
    let joined = |arms: usize, word: &str| vec!["select 1"; arms].join(word);
    assert_eq!(program.post("query", "plant", &joined(100, " union all ")).json()["rows"], 100);
    assert_eq!(program.rows("plant", &joined(100, " union "))[0][0], 1);
    refused(&program.post("query", "plant", &joined(101, " union all ")), 500, &["more than 100 queries"]);
    for arms in [1_000, 50_000] {
        refused(&program.post("query", "plant", &joined(arms, " union all ")), 500, &["syntax error"]);
    }
    program.insert("office", &format!("insert into staff select 7, 'Kim', 7 where 1 in ({})", joined(100, " except ")));
}
