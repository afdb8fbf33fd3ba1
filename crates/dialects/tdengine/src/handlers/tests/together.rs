//! Statements that make or write several children: all of it or nothing, also among others that
//! make and drop the same.

use super::client::{Client, Envelope as _};

/// Super tables `sa` and `sb`, and what the statements of a test say of their children.
async fn with_two() -> Client {
    let client = Client::new().await;
    client.changed(0, "create database two").await;
    for table in ["sa", "sb"] {
        client.changed(0, &format!("create stable two.{table} (ts timestamp, v int) tags (g int)")).await;
    }
    client.at("/rest/sql/two")
}

/// The children of both super tables.
async fn children(client: &Client) -> String {
    let listed = "select table_name, stable_name from information_schema.ins_tables where db_name = 'two' \
                  order by table_name, stable_name";
    client.rows(listed).await
}

/// Runs statements at once; the code of each.
async fn at_once(client: &Client, statements: &[String]) -> Vec<u64> {
    let run = |statement: &String| {
        let (client, statement) = (client.clone(), statement.clone());
        tokio::spawn(async move { client.sql(&statement).await.code() })
    };
    let running: Vec<_> = statements.iter().map(run).collect();
    let mut codes = Vec::new();
    for code in running {
        codes.push(code.await.unwrap());
    }
    codes
}

#[tokio::test]
async fn a_statement_that_may_not_do_all_does_nothing() {
    let client = with_two().await;
    client.changed(0, "create user u1 pass 'Abc12345'").await;
    client.changed(0, "grant write on two.sa to u1").await;
    client.changed(0, "create table old using sb tags (1)").await;
    client.changed(0, "create table mine using sa tags (1)").await;
    let user = client.by("u1", "Abc12345");
    let before = children(&client).await;
    user.changed(1, "insert into mine values (1704067200000, 1)").await;
    assert_eq!(user.refused("insert into mine values (1704067201000, 1) old values (1704067200000, 1)").await.0, 9796);
    assert_eq!(client.rows("select count(*) from sa").await, "[[1]]");
    for (sql, code) in [
        ("create table a using sa tags (1) a using sb tags (1)", 1565),
        ("create table if not exists a using sa tags (1) if not exists a using sb tags (1)", 1565),
        ("create table a using sa tags (1) a using sa tags (1)", 1539),
        ("create table a using sa tags (1) if not exists b using sb tags (1, 2)", 9741),
        ("create table a using sa tags (1) if not exists old using sb tags (1, 2)", 9741),
        ("create table a using sa tags (1) old using sb tags (1)", 1539),
        ("create table a using sa tags (1) if not exists old using sa tags (1)", 1565),
        ("create table a using sa tags (1) sb using sb tags (1)", 864),
        ("insert into a using sa tags (1) values (now, 1) a using sb tags (1) values (now, 1)", 1565),
        ("insert into a using sa tags (1) values (now, 1) sb (tbname, ts, v) values ('a', now, 1)", 1565),
        ("insert into a using sa tags (1) values (now, 1) old using sa tags (1) values (now, 1)", 1565),
        ("insert into a using sa tags (1) values (now, 1) b values (now, 1)", 9731),
    ] {
        assert_eq!(client.refused(sql).await.0, code, "{sql}");
        assert_eq!(children(&client).await, before, "{sql}");
    }
    assert_eq!(client.rows("select count(*) from sa").await, "[[1]]");
}

#[tokio::test]
async fn of_each_child_it_is_said_whether_it_may_be_there() {
    let client = with_two().await;
    let quiet = |name: &str, of: &str, tag: i32| format!("if not exists {name} using {of} tags ({tag})");
    let all = |tag| format!("create table {} {} {}", quiet("a", "sa", tag), quiet("b", "sb", tag), quiet("a", "sa", 9));
    client.changed(0, &all(1)).await;
    client.changed(0, &all(2)).await;
    let more = format!("create table c using sa tags (3) {} {}", quiet("b", "sb", 3), quiet("d", "sb", 3));
    client.changed(0, &more).await;
    assert_eq!(client.refused(&more).await.0, 1539, "of c it is not said");
    assert_eq!(client.rows("select tags tbname, g from sa order by tbname").await, r#"[["a",1],["c",3]]"#);
    assert_eq!(client.rows("select tags tbname, g from sb order by tbname").await, r#"[["b",1],["d",3]]"#);
    client
        .changed(
            3,
            "insert into e using sa tags (4) values (1704067200000, 1) f using sb tags (5) values (1704067200000, 2) \
             a values (1704067200000, 3)",
        )
        .await;
    assert_eq!(client.rows("select tbname, v, g from sa order by tbname").await, r#"[["a",3,1],["e",1,4]]"#);
    assert_eq!(client.rows("select tbname, v, g from sb").await, r#"[["f",2,5]]"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_statements_that_want_the_same_names_one_has_them_all() {
    let client = with_two().await;
    for round in 0..24 {
        let (p, q) = (format!("p{round}"), format!("q{round}"));
        let quiet = if round % 2 == 0 { "" } else { "if not exists" };
        let create = |a: &str, b: &str| {
            format!("create table {quiet} {a} using sa tags ({round}) {quiet} {b} using sb tags ({round})")
        };
        let insert = |a: &str, b: &str| {
            format!(
                "insert into {a} using sa tags ({round}) values (now, 1) {b} using sb tags ({round}) values (now, 1)"
            )
        };
        let first = if round % 3 == 0 { insert(&p, &q) } else { create(&p, &q) };
        let second = if round % 4 == 0 { insert(&q, &p) } else { create(&q, &p) };
        let codes = at_once(&client, &[first.clone(), second.clone()]).await;
        let made = children(&client).await;
        let has = |name: &str, of: &str| made.contains(&format!(r#"["{name}","{of}"]"#));
        let found = [has(&p, "sa"), has(&q, "sb"), has(&q, "sa"), has(&p, "sb")];
        let (one, other) = ([true, true, false, false], [false, false, true, true]);
        match codes.as_slice() {
            [0, 1565] => assert_eq!(found, one, "{first}; {second}"),
            [1565, 0] => assert_eq!(found, other, "{first}; {second}"),
            codes => panic!("{codes:?}: {first}; {second}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn children_that_are_made_together_stay_so_while_others_drop_them() {
    let client = with_two().await;
    let both = "create table if not exists a using sa tags (1) if not exists b using sb tags (1)".to_owned();
    let rows = "insert into a values (1704067200000, 1)".to_owned();
    let tag = "alter table a set tag g = 7".to_owned();
    for round in 0..24 {
        client.changed(0, &both).await;
        let others = [both.clone(), rows.clone(), "drop table a".to_owned(), tag.clone()];
        let codes = at_once(&client, &others).await;
        assert_eq!((codes[0], codes[2]), (0, 0), "{codes:?}");
        // Rows and tags alone make nothing again: there is the child, with a tag, or there is none.
        assert!([0, 9731].contains(&codes[1]) && [0, 9731].contains(&codes[3]), "{codes:?}");
        let made = children(&client).await;
        assert!(made.contains(r#"["b","sb"]"#), "{round}: {made}");
        let tags = client.rows("select tags tbname, g from sa").await;
        assert!(["[]", r#"[["a",1]]"#, r#"[["a",7]]"#].contains(&tags.as_str()), "{round}: {tags}");
    }
}
