//! Statements from request to answer.

use super::client::Client;

async fn meters() -> Client {
    let client = Client::new().await;
    client.done("create table m (site string tag, model string attribute, t int32, h double, ok boolean)").await;
    client
        .done(
            "insert into m(time,site,model,t,h,ok) values (1000,'n','x',10,1.5,true),(2000,'n','x',20,null,false),\
             (1000,'s',null,-5,0.5,null)",
        )
        .await;
    client
}

#[tokio::test]
async fn the_shape_of_an_answer() {
    let client = meters().await;
    let answer = client.query("select TIME, t+1, site as \"Site\", h from m where site = 'n' order by 1").await;
    assert_eq!(
        answer.text,
        r#"{"column_names":["TIME","_col1","Site","h"],"data_types":["TIMESTAMP","INT32","STRING","DOUBLE"],"values":[[1000,11,"n",1.5],[2000,21,"n",null]]}"#
    );
    let empty = client.query("select t from m where site = 'none'").await;
    assert_eq!(empty.text, r#"{"column_names":["t"],"data_types":["INT32"],"values":[]}"#);
}

#[tokio::test]
async fn columns_of_one_name_show_their_own_values() {
    let client = meters().await;
    let answer = client.query("select t as a, h as a, t, T from m where time = 1000 and site = 'n'").await;
    assert_eq!(answer.json()["column_names"].to_string(), r#"["a","a","t","T"]"#);
    assert_eq!(answer.json()["values"].to_string(), "[[10,1.5,10,10]]");
}

#[tokio::test]
async fn types_of_operands_decide() {
    let client = meters().await;
    let (code, message) = client.refused("query", "select t from m where t = 'x'").await;
    assert_eq!((code, message.as_str()), (701, "Cannot apply operator: INT32 = STRING"));
    let (_, message) = client.refused("query", "select t from m where time > '2024-01-01'").await;
    assert_eq!(message, "Cannot apply operator: TIMESTAMP < STRING");
    assert_eq!(client.refused("query", "select t/0 from m").await.0, 751);
    let (code, message) = client.refused("query", "select 2147483647 + t from m where t = 10").await;
    assert_eq!((code, message.as_str()), (750, "int Addition overflow: 10 + 2147483647"));
    assert_eq!(client.rows("select h/0, t/3, t%3 from m where t = 10").await, r#"[["Infinity",3,1]]"#);
}

#[tokio::test]
async fn comparisons_with_any_and_all() {
    let client = meters().await;
    let rows = |sql: &'static str| {
        let client = client.clone();
        async move { client.rows(sql).await }
    };
    assert_eq!(rows("select t from m where t > any (select t from m) order by t").await, "[[10],[20]]");
    assert_eq!(rows("select t from m where t >= all (select t from m)").await, "[[20]]");
    assert_eq!(rows("select t from m where t = some (select t from m where site = 's')").await, "[[-5]]");
    assert_eq!(
        rows("select t from m where t > all (select t from m where site = 'none') order by t").await,
        "[[-5],[10],[20]]"
    );
    assert_eq!(rows("select t from m where h >= all (select h from m)").await, "[]", "a NULL is never passed");
}

#[tokio::test]
async fn attributes_have_one_value_for_all_of_history() {
    let client = meters().await;
    client.done("update m set model = 'y' where site = 'n'").await;
    assert_eq!(client.rows("select model from m where site = 'n'").await, r#"[["y"],["y"]]"#);
    client.done("insert into m(time,site,model,t) values (3000,'n',null,1)").await;
    assert_eq!(client.rows("select distinct model from m").await, "[[null]]");
    assert_eq!(client.rows("show devices from m").await, r#"[["n",null],["s",null]]"#);
    client.done("delete devices from m where site = 's'").await;
    assert_eq!(client.rows("count devices from m").await, "[[1]]");
}

#[tokio::test]
async fn nothing_said_of_a_field_keeps_it() {
    let client = meters().await;
    client.done("insert into m(time,site,t,h) values (1000,'n',null,9)").await;
    assert_eq!(client.rows("select t,h from m where time = 1000 and site = 'n'").await, "[[10,9.0]]");
    client.done("delete from m where time <= 1000 and site = 'n'").await;
    assert_eq!(client.rows("select time from m where site = 'n'").await, "[[2000]]");
}

#[tokio::test]
async fn cells_that_do_not_fit_are_named_and_the_others_written() {
    let client = meters().await;
    let (code, message) = client.refused("nonQuery", "insert into m(time,site,t,h) values (5000,'w','abc',7)").await;
    assert_eq!(code, 507);
    assert_eq!(
        message,
        "Fail to insert measurements [t] caused by [data type is not consistent, input abc, registered INT32]"
    );
    assert_eq!(client.rows("select t,h from m where site = 'w'").await, "[[null,7.0]]");
    assert_eq!(client.refused("nonQuery", "insert into m(time,site,t) values (6000,'w','abc')").await.0, 507);
    assert_eq!(client.rows("select count(*) from m where site = 'w'").await, "[[1]]", "no row without a field");
}

#[tokio::test]
async fn joins_merge_the_columns_that_they_use() {
    let client = meters().await;
    client.done("create table b (k int32)").await;
    client.done("insert into b(time,k) values (1000,1),(7000,7)").await;
    assert_eq!(
        client.rows("select time, t, k from m full join b using (time) order by time, t").await,
        "[[1000,-5,1],[1000,10,1],[2000,20,null],[7000,null,7]]"
    );
    assert_eq!(client.rows("select time, k from m right join b using (time) where k = 7").await, "[[7000,7]]");
    assert_eq!(client.refused("query", "select t from m natural join b").await.1, "Natural join not supported");
    assert_eq!(client.refused("query", "select m.t from m join b").await.0, 700);
}

#[tokio::test]
async fn users_see_what_was_granted() {
    let client = meters().await;
    client.done("create user annie 'passw0rd'").await;
    let annie = client.by("annie", "passw0rd");
    let (code, message) = annie.refused("query", "select t from m").await;
    assert_eq!(code, 803);
    assert!(message.ends_with("please add privilege SELECT ON plant.m"), "{message}");
    assert_eq!(annie.rows("show tables").await, "[]");
    client.done("grant select on plant.m to user annie").await;
    assert_eq!(annie.rows("select count(*) from m").await, "[[3]]");
    assert_eq!(annie.refused("nonQuery", "insert into m(time,site,t) values (1,'n',1)").await.0, 803);
    client.done("grant insert on table m to user annie").await;
    annie.done("insert into m(time,site,model,t) values (1,'n','z',1)").await;
    client.done("alter user annie rename to bobby").await;
    assert_eq!(client.by("bobby", "passw0rd").rows("select count(*) from m").await, "[[4]]");
    client.done("revoke select on plant.m from user bobby").await;
    assert_eq!(client.by("bobby", "passw0rd").refused("query", "select t from m").await.0, 803);
}

#[tokio::test]
async fn the_schema_describes_itself() {
    let client = meters().await;
    assert_eq!(
        client
            .rows("select column_name, datatype, category from information_schema.columns where table_name = 'm'")
            .await,
        r#"[["time","TIMESTAMP","TIME"],["site","STRING","TAG"],["model","STRING","ATTRIBUTE"],["t","INT32","FIELD"],["h","DOUBLE","FIELD"],["ok","BOOLEAN","FIELD"]]"#
    );
    assert_eq!(client.refused("nonQuery", "drop table information_schema.tables").await.0, 701);
}

#[tokio::test]
async fn window_frames_count_rows_and_milliseconds() {
    let client = Client::new().await;
    client.done("create table m (site string tag, t int32)").await;
    client.done("insert into m(time,site,t) values (1000,'n',1),(2000,'n',2),(4000,'n',4),(4500,'n',8)").await;
    for (over, sums) in [
        ("order by time rows between 1 preceding and current row", "[[1.0],[3.0],[6.0],[12.0]]"),
        ("order by time range between 1000 preceding and current row", "[[1.0],[3.0],[4.0],[12.0]]"),
        ("order by t range between 2 preceding and current row", "[[1.0],[3.0],[6.0],[8.0]]"),
        ("order by time range between unbounded preceding and current row", "[[1.0],[3.0],[7.0],[15.0]]"),
    ] {
        let direct = format!("select sum(t) over ({over}) from m order by time");
        assert_eq!(client.rows(&direct).await, sums, "{over}");
        let named = format!("select sum(t) over w from m window w as ({over}) order by time");
        assert_eq!(client.rows(&named).await, sums, "{over}");
    }
}
