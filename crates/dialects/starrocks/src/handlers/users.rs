//! Users and what they were granted: the one directory of all doors.

use super::{Call, Reply};
use crate::error::{Answer, Failure};
use crate::names::{self, Need, check_catalog, user_uri};
use crate::pages::page;
use catalog::{Catalog, User};
use engine::{NewUser, UserChange};
use model::{Error, ErrorKind, Grant, Privilege, Privileges, Scope};
use serde_json::{Value, json};
use std::sync::Arc;

/// This vendor's words for privileges, with what they stand for.
const WORDS: [(&str, Privilege); 8] = [
    ("SELECT", Privilege::Select),
    ("INSERT", Privilege::Insert),
    ("UPDATE", Privilege::Update),
    ("DELETE", Privilege::Delete),
    ("CREATE TABLE", Privilege::Create),
    ("DROP", Privilege::Drop),
    ("ALTER", Privilege::Alter),
    ("GRANT", Privilege::Grant),
];

fn object(catalog: &Catalog, user: &User) -> Value {
    let roles: Vec<&str> = catalog
        .memberships()
        .filter(|membership| membership.member == user.id)
        .filter_map(|membership| Some(catalog.user(membership.role)?.name.as_str()))
        .collect();
    json!({"name": user.name, "roles": roles, "locked": !user.may_log_in, "uri": user_uri(&user.name)})
}

/// Whether somebody may see other users.
fn manages(call: &Call) -> bool {
    call.door.context.engine.may(&call.caller, Privilege::ManageUsers, Scope::All)
}

/// The user of the path; everybody sees the own one.
fn of_path(call: &Call, catalog: &Catalog) -> Answer<Arc<User>> {
    let name = call.segment("user");
    if name != call.caller.name {
        call.door.context.engine.require(&call.caller, Privilege::ManageUsers, Scope::All)?;
    }
    let found = catalog.user_named(name).filter(|user| !user.is_role);
    found.cloned().ok_or_else(|| ErrorKind::UserNotFound { user: name.to_owned() }.into())
}

/// `GET /api/v2/users`
pub(super) fn list(call: &Call) -> Answer<Reply> {
    let catalog = call.door.context.engine.catalog();
    let all = manages(call);
    let mut users: Vec<&Arc<User>> =
        catalog.users().filter(|user| !user.is_role && (all || user.id == call.caller.user)).collect();
    users.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Reply::ok(page(call, users, |user| &user.name, |user| object(&catalog, user))?))
}

/// `GET /api/v2/users/{user}`
pub(super) fn show(call: &Call) -> Answer<Reply> {
    let catalog = call.door.context.engine.catalog();
    let user = of_path(call, &catalog)?;
    Ok(Reply::ok(object(&catalog, &user)))
}

fn defined(call: &mut Call, in_path: bool) -> Answer<NewUser> {
    let mut fields = call.fields()?;
    let own = fields.text("name")?;
    let name = match (own, in_path) {
        (Some(own), true) if own != call.segment("user") => {
            let message = format!("the body names {own} and the path {}", call.segment("user"));
            return Err(Failure::bad("NAMES_DIFFER", message).about("name", "INVALID"));
        }
        (_, true) => call.segment("user").to_owned(),
        (Some(own), false) => own,
        (None, false) => return Err(fields.missing("name")),
    };
    let password = fields.text("password")?;
    let locked = fields.boolean("locked")?.unwrap_or(false);
    fields.end()?;
    Ok(NewUser { name, is_role: false, may_log_in: !locked, password, valid_until_ms: None, may_create_roles: false })
}

/// `POST /api/v2/users`
pub(super) async fn create(mut call: Call) -> Answer<Reply> {
    let new = defined(&mut call, false)?;
    let (name, uri) = (new.name.clone(), user_uri(&new.name));
    call.door.context.engine.create_user(&call.caller, new).await?;
    Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": name})))
}

/// `PUT /api/v2/users/{user}`
pub(super) async fn ensure(mut call: Call) -> Answer<Reply> {
    let new = defined(&mut call, true)?;
    let (name, uri) = (new.name.clone(), user_uri(&new.name));
    match call.door.context.engine.create_user(&call.caller, new).await {
        Ok(_) => Ok(Reply::created(uri.clone(), json!({"uri": uri, "name": name, "existed": false}))),
        Err(error) if matches!(*error.kind, ErrorKind::UserExists { .. }) => {
            Ok(Reply::ok(json!({"uri": uri, "name": name, "existed": true})))
        }
        Err(error) => Err(error.into()),
    }
}

/// `PATCH /api/v2/users/{user}`
pub(super) async fn change(mut call: Call) -> Answer<Reply> {
    let mut fields = call.fields()?;
    let change = UserChange {
        password: fields.patched_text("password")?,
        may_log_in: fields.boolean("locked")?.map(|locked| !locked),
        ..UserChange::default()
    };
    fields.end()?;
    let user = of_path(&call, &call.door.context.engine.catalog())?;
    call.door.context.engine.alter_user(&call.caller, user.id, change).await?;
    show(&call)
}

/// `DELETE /api/v2/users/{user}`
pub(super) async fn drop(call: &Call) -> Answer<Reply> {
    let engine = &call.door.context.engine;
    let uri = user_uri(call.segment("user"));
    let user = match of_path(call, &engine.catalog()) {
        Ok(user) => user,
        Err(failure) if failure.reason == "USER_NOT_FOUND" => {
            return Ok(Reply::ok(json!({"uri": uri, "deleted": false})));
        }
        Err(failure) => return Err(failure),
    };
    if user.id == call.caller.user {
        return Err(Failure::bad("SELF_DELETION", "nobody can drop the own user"));
    }
    engine.drop_user(&call.caller, user.id).await?;
    Ok(Reply::ok(json!({"uri": uri, "deleted": true})))
}

/// The id of a grant: what it is on.
fn grant_id(scope: Scope) -> String {
    match scope {
        Scope::All => "all".to_owned(),
        Scope::Database(id) => format!("database-{id}"),
        Scope::Table(id) => format!("table-{id}"),
    }
}

fn securable(catalog: &Catalog, scope: Scope) -> Option<Value> {
    let catalog_name = names::CATALOG;
    match scope {
        Scope::All => Some(json!({"catalog": catalog_name})),
        Scope::Database(id) => Some(json!({"catalog": catalog_name, "database": catalog.database(id)?.name})),
        Scope::Table(id) => {
            let table = catalog.table(id)?;
            let database = catalog.database(table.database)?;
            Some(json!({"catalog": catalog_name, "database": database.name, "table": table.name}))
        }
    }
}

fn words(privileges: Privileges) -> Vec<&'static str> {
    WORDS.iter().filter(|(_, privilege)| privileges.contains(*privilege)).map(|(word, _)| *word).collect()
}

fn grant_uri(user: &str, id: &str) -> String {
    format!("{}/grants/{id}", user_uri(user))
}

/// `GET /api/v2/users/{user}/grants`
pub(super) fn list_grants(call: &Call) -> Answer<Reply> {
    let catalog = call.door.context.engine.catalog();
    let user = of_path(call, &catalog)?;
    let mut grants: Vec<(String, Value)> = catalog
        .grants_of(user.id)
        .filter_map(|grant| {
            let id = grant_id(grant.scope);
            let shown = json!({
                "grantId": id,
                "privileges": words(grant.privileges),
                "securable": securable(&catalog, grant.scope)?,
                "withGrantOption": !grant.grantable.is_empty(),
                "uri": grant_uri(&user.name, &id),
            });
            Some((id, shown))
        })
        .collect();
    grants.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Reply::ok(page(call, grants, |(id, _)| id, |(_, shown)| shown.clone())?))
}

/// `POST /api/v2/users/{user}/grants`
pub(super) async fn grant(mut call: Call) -> Answer<Reply> {
    let mut fields = call.fields()?;
    let mut privileges = Privileges::NONE;
    for word in fields.texts("privileges")?.ok_or_else(|| fields.missing("privileges"))? {
        let upper = word.to_ascii_uppercase();
        let set: Privileges = if upper == "ALL" {
            WORDS.iter().map(|(_, privilege)| *privilege).collect()
        } else {
            WORDS
                .iter()
                .filter(|(own, _)| *own == upper || (upper == "CREATE" && *own == "CREATE TABLE"))
                .map(|(_, privilege)| *privilege)
                .collect()
        };
        if set.is_empty() {
            return Err(Failure::bad("UNKNOWN_PRIVILEGE", format!("there is no privilege \"{word}\""))
                .about("privileges", "UNKNOWN"));
        }
        privileges = privileges.union(set);
    }
    let mut object = fields.object("securable")?.ok_or_else(|| fields.missing("securable"))?;
    let own_catalog = object.text("catalog")?.unwrap_or_default();
    let (database, table) = (object.text("database")?, object.text("table")?);
    object.end()?;
    let grantable = if fields.boolean("withGrantOption")?.unwrap_or(false) { privileges } else { Privileges::NONE };
    fields.end()?;
    check_catalog(&own_catalog)?;
    let engine = &call.door.context.engine;
    let catalog = engine.catalog();
    let scope = match (database, table) {
        (None, None) => Scope::All,
        (None, Some(_)) => {
            return Err(Failure::bad("MISSING_PARAMETER", "the field securable.database is required")
                .about("securable.database", "MISSING"));
        }
        (Some(database), None) => {
            Scope::Database(names::database(&call.door, &call.caller, &catalog, &database, Need::Any)?.id)
        }
        (Some(database), Some(table)) => {
            let (_, table) = names::table(&call.door, &call.caller, &catalog, (&database, &table), Need::Any)?;
            Scope::Table(table.id)
        }
    };
    let name = call.segment("user");
    let grantee =
        catalog.user_named(name).ok_or_else(|| Error::new(ErrorKind::UserNotFound { user: name.to_owned() }))?.id;
    engine.grant(&call.caller, Grant { grantee, scope, privileges, grantable }).await?;
    let id = grant_id(scope);
    let uri = grant_uri(name, &id);
    Ok(Reply::created(uri.clone(), json!({"uri": uri, "grantId": id})))
}

/// `DELETE /api/v2/users/{user}/grants/{grant}`
pub(super) async fn revoke(call: &Call) -> Answer<Reply> {
    let engine = &call.door.context.engine;
    let catalog = engine.catalog();
    let user = of_path(call, &catalog)?;
    let id = call.segment("grant");
    let found = catalog.grants_of(user.id).find(|grant| grant_id(grant.scope) == id).copied();
    if let Some(grant) = found {
        engine.revoke(&call.caller, user.id, grant.scope, grant.privileges).await?;
    }
    Ok(Reply::ok(json!({"uri": grant_uri(&user.name, id), "deleted": found.is_some()})))
}
