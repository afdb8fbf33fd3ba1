//! Tasks: whoever submitted one sees it, and whoever may see sessions sees all.

use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::pages::page;
use crate::tasks::{Record, task_uri};
use model::{Privilege, Scope};
use serde_json::json;

fn is_seen(call: &Call, task: &Record) -> bool {
    task.submitted_by == call.caller.name
        || call.door.context.engine.may(&call.caller, Privilege::SeeSessions, Scope::All)
}

/// `GET /api/v2/tasks`
pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let tasks: Vec<Record> = call.door.tasks.list().await?.into_iter().filter(|task| is_seen(call, task)).collect();
    Ok(Reply::ok(page(call, tasks, |task| &task.id, Record::object)?))
}

/// `GET /api/v2/tasks/{task}`
pub(super) async fn show(call: &Call) -> Answer<Reply> {
    let id = call.segment("task");
    match call.door.tasks.find(id).await?.filter(|task| is_seen(call, task)) {
        Some(task) => Ok(Reply::ok(task.object())),
        None => Err(Failure::missing("9404", "TASK_NOT_FOUND", format!("there is no task '{id}'"))),
    }
}

/// `DELETE /api/v2/tasks/{task}`
pub(super) async fn cancel(call: &Call) -> Answer<Reply> {
    let id = call.segment("task");
    if call.door.tasks.find(id).await?.filter(|task| is_seen(call, task)).is_none() {
        return Ok(Reply::ok(json!({"uri": task_uri(id), "deleted": false})));
    }
    match call.door.tasks.cancel(id).await? {
        Some(task) => Ok(Reply::ok(json!({"taskId": task.id, "uri": task.uri(), "state": task.state}))),
        None => Ok(Reply::ok(json!({"uri": task_uri(id), "deleted": true}))),
    }
}
