//! `POST /rest/table/v1/insertTablet`: rows of one table, given by columns.

use super::{Arrival, refusal, success};
use crate::error::Result;
use crate::wire::TabletBody;
use crate::{Door, tablet};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Writes the rows.
pub(crate) async fn insert_tablet(State(door): State<Arc<Door>>, request: Request) -> Response {
    match write(&door, request).await {
        Ok(()) => success(),
        Err(failure) => refusal(&failure),
    }
}

async fn write(door: &Arc<Door>, request: Request) -> Result<()> {
    let Arrival { mut context, body } = Arrival::admit(door, request).await?;
    let body = TabletBody::read(&body)?;
    tablet::insert(&mut context, body).await
}
