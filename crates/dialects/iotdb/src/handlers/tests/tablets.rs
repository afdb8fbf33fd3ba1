//! Tablets from request to answer.

use super::client::{Client, Envelope as _};
use serde_json::{Value, json};

fn tablet() -> Value {
    json!({
        "database": "plant", "table": "Pumps", "column_names": ["Site", "model", "speed"],
        "column_categories": ["TAG", "ATTRIBUTE", "FIELD"], "data_types": ["STRING", "string", "INT32"],
        "timestamps": [3, 1, 1], "values": [["n", "x1", 3], ["n", "x2", 1], ["n", "x3", null]],
    })
}

#[tokio::test]
async fn a_table_comes_with_its_first_tablet() {
    let client = Client::new().await;
    assert_eq!(client.tablet(&tablet()).await.code(), 200);
    assert_eq!(
        client.rows("desc pumps").await,
        r#"[["time","TIMESTAMP","TIME"],["site","STRING","TAG"],["model","STRING","ATTRIBUTE"],["speed","INT32","FIELD"]]"#
    );
    // The last value of an attribute counts, the last one that is given of a field.
    assert_eq!(client.rows("select * from pumps order by time").await, r#"[[1,"n","x3",1],[3,"n","x3",3]]"#);
}

#[tokio::test]
async fn columns_that_are_missing_are_added_in_their_order() {
    let client = Client::new().await;
    client.tablet(&tablet()).await;
    let wider = json!({
        "database": "plant", "table": "pumps", "column_names": ["site", "head", "zone"],
        "column_catogories": ["TAG", "FIELD", "TAG"], "data_types": ["STRING", "DOUBLE", "STRING"],
        "timestamps": [9], "values": [["n", 1.5, "z"]],
    });
    assert_eq!(client.tablet(&wider).await.code(), 200);
    assert_eq!(client.rows("select * from pumps where time = 9").await, r#"[[9,"n",null,null,1.5,"z"]]"#);
    assert_eq!(client.rows("count devices from pumps").await, "[[2]]");
}

#[tokio::test]
async fn a_column_that_does_not_fit_is_left_out() {
    let client = Client::new().await;
    client.tablet(&tablet()).await;
    let other = json!({
        "database": "plant", "table": "pumps", "column_names": ["site", "speed", "head"],
        "column_categories": ["TAG", "FIELD", "FIELD"], "data_types": ["STRING", "DOUBLE", "FLOAT"],
        "timestamps": [5], "values": [["n", 1.5, 2.5]],
    });
    let answer = client.tablet(&other).await;
    assert_eq!(answer.code(), 507);
    assert_eq!(
        answer.message(),
        "Fail to insert measurements [speed] caused by [Incompatible data type of column speed: DOUBLE/INT32]"
    );
    assert_eq!(client.rows("select speed, head from pumps where time = 5").await, "[[null,2.5]]");
}

#[tokio::test]
async fn nothing_is_stored_of_a_tablet_that_is_refused() {
    let client = Client::new().await;
    for (key, value, code) in [
        ("timestamps", json!([1, 2]), 305),
        ("column_categories", json!(["TAG", "ATTRIBUTE"]), 305),
        ("data_types", json!(["STRING", "STRING", "INT"]), 305),
        ("column_categories", json!(["TAG", "ATTRIBUTE", "Field"]), 700),
        ("values", json!([["n", "x", 1], ["n", "x", 1.5], ["n", "x", 1]]), 606),
        ("timestamps", json!([1, 2, 99_999_999_999_999_i64]), 701),
        ("table", json!(""), 701),
        ("database", json!("desert"), 305),
        ("database", json!("Plant"), 700),
        ("column_names", json!(["site", "speed", "SPEED"]), 701),
    ] {
        let mut body = tablet();
        body[key] = value.clone();
        assert_eq!(client.tablet(&body).await.code(), code, "{key} = {value}");
    }
    assert_eq!(client.rows("show tables").await, "[]");
}

#[tokio::test]
async fn rows_past_the_time_to_live_are_refused_and_the_others_written() {
    let client = Client::new().await;
    client.done("create table old (v int32) with (ttl=86400000)").await;
    let body = json!({
        "database": "plant", "table": "old", "column_names": ["v"], "column_categories": ["FIELD"],
        "data_types": ["INT32"], "timestamps": [1000, 9_999_999_999_999_i64], "values": [[1], [2]],
    });
    let answer = client.tablet(&body).await;
    assert_eq!(answer.code(), 607);
    assert!(answer.message().starts_with("Insertion time [1970-01-01T00:00:01] is less than ttl time bound ["));
    assert_eq!(client.rows("select v from old").await, "[[2]]");
}
