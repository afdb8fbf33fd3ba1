//! Who may do what, in the vendor's words.

use super::client::{Client, Envelope as _};

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_asked_for_by_name() {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table t (ts timestamp not null, a int) tags (g int not null) primary tags (g);\
             create table defaultdb.r (id int primary key);create user u1 password 'p'",
        )
        .await;
    let user = client.by("u1", "p");
    assert_eq!(
        user.refused("create database x").await,
        "pq: only users with the admin role are allowed to CREATE DATABASE"
    );
    assert_eq!(
        user.refused("set cluster setting ts.dedup.rule = 'merge'").await,
        "pq: only users with the admin role are allowed to SET CLUSTER SETTING"
    );
    assert_eq!(
        user.query("select * from t").await.desc(),
        "pq: user u1 does not have SELECT privilege on timeseries table t"
    );
    assert_eq!(
        user.query("select * from defaultdb.r").await.desc(),
        "pq: user u1 does not have SELECT privilege on relation r"
    );
    assert_eq!(
        user.insert("insert into t values (now(), 1, 1)").await.desc(),
        "pq: user u1 does not have INSERT privilege on timeseries table t"
    );
    assert_eq!(
        user.refused("create table n (ts timestamp not null, a int) tags (g int not null) primary tags (g)").await,
        "pq: user u1 does not have CREATE privilege on database tsdb"
    );
    assert_eq!(
        user.refused("alter table t add column b int").await,
        "pq: user u1 does not have CREATE privilege on timeseries table t"
    );
    assert_eq!(user.refused("drop table t").await, "pq: user u1 does not have DROP privilege on timeseries table t");
    assert_eq!(user.query("show columns from t").await.desc(), "pq: user u1 has no privileges on timeseries table t");
    client.done("grant select, insert on table t to u1").await;
    user.inserted(1, "insert into t values (now(), 1, 1)").await;
    assert_eq!(user.rows("select a from t").await, "[[1]]");
    assert_eq!(
        client.rows("show grants on table t").await,
        r#"[["tsdb","public","t","u1","INSERT"],["tsdb","public","t","u1","SELECT"]]"#
    );
    assert_eq!(
        client.refused("drop user u1").await,
        "pq: cannot drop role/user u1: grants still exist on tsdb.public.t"
    );
    client.done("revoke all on table t from u1").await;
    assert_eq!(
        user.query("select * from t").await.desc(),
        "pq: user u1 does not have SELECT privilege on timeseries table t"
    );
    client.done("grant all on database tsdb to u1").await;
    user.done("alter table t add column b int;drop table t").await;
    assert_eq!(
        client.refused("grant select on database tsdb to nobody").await,
        "pq: user or role nobody does not exist"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_give_their_members_what_they_have() {
    let client = Client::new().await;
    client
        .done("create role readers;create user u1 password 'p';create table t (a int);grant select on t to readers")
        .await;
    let user = client.by("u1", "p");
    assert!(user.query("select * from t").await.desc().contains("does not have SELECT privilege"));
    client.done("grant readers to u1").await;
    assert_eq!(user.rows("select * from t").await, "[]");
    assert_eq!(
        client.rows("select username, options, member_of from [show users] where username != 'admin'").await,
        r#"[["readers","NOLOGIN","{}"],["root","CREATEROLE","{admin}"],["u1","","{readers}"]]"#
    );
    client.done("revoke readers from u1;grant admin to u1").await;
    user.done("create database x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_rights_sees_no_tables_and_no_users() {
    let client = Client::with_tsdb().await;
    client
        .done(
            "create table t (ts timestamp not null, a int) tags (g int not null) primary tags (g);\
             create table r (a int);create user u1 password 'p';create user u2 password 'p' createrole",
        )
        .await;
    let user = client.by("u1", "p");
    assert_eq!(user.rows("show tables").await, "[]");
    assert_eq!(user.rows("select count(*) from [show tables]").await, "[[0]]");
    client.done("grant insert on r to u1").await;
    assert_eq!(user.rows("show tables").await, r#"[["r","BASE TABLE"]]"#);
    client.done("grant select on database tsdb to u1").await;
    assert_eq!(user.rows("show tables").await, r#"[["r","BASE TABLE"],["t","TIME SERIES TABLE"]]"#);
    assert!(user.rows("show databases").await.contains("tsdb"), "databases are everyone's to see");

    for (name, user) in [("u1", user.clone()), ("u2", client.by("u2", "p"))] {
        for show in ["show users", "show roles", "select * from [show users]"] {
            let text = format!("pq: user {name} does not have SELECT privilege on relation users");
            assert_eq!(user.query(show).await.desc(), text, "{show}");
        }
    }
    client.done("grant admin to u2").await;
    assert!(client.by("u2", "p").rows("show users").await.contains(r#"["u1","","{}"]"#));
}
