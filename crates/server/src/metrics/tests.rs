//! Who sees metrics, and that they are in the format and move.

use super::*;
use crate::settings::Settings;
use crate::tokens::TokenDirectory;
use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use dialect_testing::{Store, basic};
use engine::{DEFAULT_DATABASE, NewColumn, NewTable};
use model::{ColumnRole, DataType, TableKind, TimeUnit, Value};
use std::collections::BTreeMap;
use tower::ServiceExt;

async fn asked(store: &Store, insecure: bool, authorization: Option<String>) -> Response {
    let tokens = Arc::new(TokenDirectory::of_engine(store.engine.clone(), 60, 10));
    let context = DialectContext { insecure, ..store.context(tokens) };
    let routes = routes(context, Arc::new(Shared::new(&Settings::default())));
    let mut request = axum::http::Request::builder().uri("/metrics");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    routes.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn write_a_row(store: &Store) {
    let column = |name: &str, role, data_type| NewColumn {
        name: name.to_owned(),
        role,
        data_type,
        nullable: false,
        default: None,
        declared: None,
        hidden: false,
        comment: None,
        properties: BTreeMap::new(),
    };
    let table = NewTable {
        database: store.database(DEFAULT_DATABASE),
        name: "loads".to_owned(),
        kind: TableKind::Series,
        columns: vec![
            column("time", ColumnRole::Time, DataType::Instant(TimeUnit::Millisecond)),
            column("load", ColumnRole::Field, DataType::Int64),
            column("meter", ColumnRole::Key, DataType::Text(None)),
        ],
        key: vec!["meter".to_owned()],
        unique: Vec::new(),
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    let table = store.engine.create_table(&store.root(), table).await.unwrap();
    let row = [Value::Instant(1, TimeUnit::Millisecond), Value::Integer(2), Value::Text("a".into())];
    store.write(&table, &["time", "load", "meter"], &[&row]).await;
}

/// The samples by name and label, each of which must follow what says its type.
async fn samples(response: Response) -> BTreeMap<String, u64> {
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[CONTENT_TYPE], TEXT_FORMAT);
    let page = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    assert!(page.ends_with('\n'));
    let (mut name, mut helped, mut samples) = (String::new(), String::new(), BTreeMap::new());
    for line in page.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (of, text) = help.split_once(' ').unwrap();
            assert!(text.ends_with('.'), "{line}");
            helped = of.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (of, kind) = kind.split_once(' ').unwrap();
            assert!(of == helped && ["gauge", "counter"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", of.ends_with("_total"), "{line}");
            name = of.to_owned();
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(sample == name || sample.starts_with(&format!("{name}{{")), "{line}");
            assert!(samples.insert(sample.to_owned(), value.parse().unwrap()).is_none(), "{line}");
        }
    }
    samples
}

#[tokio::test(flavor = "multi_thread")]
async fn every_pool_shows_what_it_holds_and_may_hold() {
    let store = Store::new().await;
    let before = samples(asked(&store, true, Some(basic("root", "any"))).await).await;
    for pool in MemoryPool::ALL.map(MemoryPool::name) {
        let used = before[&format!("chronoglot_memory_used_bytes{{pool=\"{pool}\"}}")];
        let limit = before[&format!("chronoglot_memory_limit_bytes{{pool=\"{pool}\"}}")];
        assert!(used <= limit && limit > 0, "{pool}: {used} of {limit}");
    }
    for bounded in ["connections", "requests", "queries"] {
        assert_eq!(before[&format!("chronoglot_{bounded}")], 0);
        assert!(before[&format!("chronoglot_{bounded}_limit")] > 0);
    }
    write_a_row(&store).await;
    let after = samples(asked(&store, true, Some(basic("root", "any"))).await).await;
    let memtables = "chronoglot_memory_used_bytes{pool=\"memtables\"}";
    assert!(after[memtables] > before[memtables]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_them_without_a_password() {
    let store = Store::new().await;
    for authorization in [None, Some(basic("root", "wrong")), Some(basic("nobody", "any"))] {
        let refused = asked(&store, false, authorization).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        assert!(refused.headers().contains_key(WWW_AUTHENTICATE));
    }
    store.user("ann", "right").await;
    let seen = samples(asked(&store, false, Some(basic("ann", "right"))).await).await;
    assert!(seen.contains_key("chronoglot_queries"));
}
