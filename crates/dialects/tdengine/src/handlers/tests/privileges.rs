//! Users and what they may do.

use super::client::Client;

#[tokio::test]
async fn read_and_write_are_apart() {
    let client = Client::with_rt().await;
    client.changed(1, "insert into d1 (ts, v) values (1704067200000, 1)").await;
    client.changed(0, "create user u1 pass 'Abc12345'").await;
    assert_eq!(client.refused("create user u1 pass 'Abc12345'").await.0, 848);
    let user = client.by("u1", "Abc12345");
    assert_eq!(user.rows("select 1").await, "[[1]]");
    assert_eq!(user.refused("select * from d1").await.0, 9796);
    assert_eq!(user.refused("select tags g from st").await.0, 9796);
    assert_eq!(user.rows("show databases").await, r#"[["information_schema"],["performance_schema"]]"#);

    client.changed(0, "grant read on rt.* to u1").await;
    assert_eq!(user.rows("select v from d1").await, "[[1]]");
    assert_eq!(user.refused("insert into d1 (ts, v) values (1704067201000, 2)").await.0, 9796);
    assert_eq!(user.refused("delete from d1").await.0, 9796);
    assert_eq!(user.refused("drop table d1").await.0, 9796);
    assert_eq!(user.refused("create table t (ts timestamp, v int)").await.0, 9796);

    client.changed(0, "grant write on rt.* to u1").await;
    user.changed(1, "insert into d1 (ts, v) values (1704067201000, 2)").await;
    assert_eq!(user.refused("insert into d9 using st tags (1, 'x') (ts) values (1704067201000)").await.0, 9796);
    assert_eq!(
        client
            .rows("select privilege, db_name from information_schema.ins_user_privileges where user_name = 'u1'")
            .await,
        r#"[["read","rt"],["write","rt"]]"#
    );

    client.changed(0, "revoke read on rt.* from u1").await;
    assert_eq!(user.refused("select v from d1").await.0, 9796);
    client.changed(0, "alter user u1 pass 'Xyz98765'").await;
    assert_eq!(user.refused("select 1").await.0, 855);
    client.changed(0, "drop user u1").await;
    assert_eq!(client.by("u1", "Xyz98765").refused("select 1").await.0, 855);
    assert_eq!(client.refused("drop user u1").await.0, 849);
}
