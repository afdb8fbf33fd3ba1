//! One directory of users, one check of privileges: who was made, granted, revoked or dropped
//! through one door is so through all others.

mod grants;
mod logins;

use super::Faults;
use super::door::{Client, Door, Outcome};
use serde_json::json;

/// The password that users are made with: every vendor's policy takes it.
const OLD: &str = "First-secret-2024";

/// A name that every vendor's server takes: none is longer than 23 bytes or shorter than 4.
fn user_name(first: Door, second: Door, purpose: &str) -> String {
    format!("{purpose}_user_{}_{}", first as u8, second as u8)
}

fn create(root: &Client, door: Door, user: &str) -> Outcome {
    match door {
        Door::Kwdb => root.kwdb("ddl", "defaultdb", &format!("create user {user} with password '{OLD}'")).map(drop),
        Door::TDengine => root.tdengine("", &format!("create user {user} pass '{OLD}'")).map(drop),
        Door::Iotdb => root.iotdb("", &format!("create user {user} '{OLD}'")),
        _ => root.resource("POST", "/users", &json!({"name": user, "password": OLD})).map(drop),
    }
}
