//! Catalogs: there is one.

use super::{Call, Reply};
use crate::error::Answer;
use crate::names::{CATALOG, catalog_uri, check_catalog};
use crate::pages::page;
use serde_json::{Value, json};

fn object() -> Value {
    json!({"name": CATALOG, "type": "Internal", "comment": "What this server stores", "uri": catalog_uri()})
}

/// `GET /api/v2/catalogs`
pub(super) fn list(call: &Call) -> Answer<Reply> {
    Ok(Reply::ok(page(call, vec![CATALOG], |name| name, |_| object())?))
}

/// `GET /api/v2/catalogs/{catalog}`
pub(super) fn show(call: &Call) -> Answer<Reply> {
    check_catalog(call.segment("catalog"))?;
    Ok(Reply::ok(object()))
}
