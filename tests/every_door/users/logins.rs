//! Whoever was made through one door logs in through every other; so for a changed password, and
//! nobody after a drop.

use super::{Faults, OLD, create, user_name};
use crate::every_door::door::{Client, Door, Outcome, encoded};
use crate::harness::{Program, Reply, TempDir, basic, request};
use serde_json::{Value, json};

const NEW: &str = "Other-secret-2025";

fn change_password(root: &Client, door: Door, user: &str) -> Outcome {
    match door {
        Door::Kwdb => root.kwdb("ddl", "defaultdb", &format!("alter user {user} with password '{NEW}'")).map(drop),
        Door::TDengine => root.tdengine("", &format!("alter user {user} pass '{NEW}'")).map(drop),
        Door::Iotdb => root.iotdb("", &format!("alter user {user} set password '{NEW}'")),
        _ => root.resource("PATCH", &format!("/users/{user}"), &json!({"password": NEW})).map(drop),
    }
}

fn drop_user(root: &Client, door: Door, user: &str) -> Outcome {
    match door {
        Door::Kwdb => root.kwdb("ddl", "defaultdb", &format!("drop user {user}")).map(drop),
        Door::TDengine => root.tdengine("", &format!("drop user {user}")).map(drop),
        Door::Iotdb => root.iotdb("", &format!("drop user {user}")),
        _ => root.resource("DELETE", &format!("/users/{user}"), &Value::Null).map(drop),
    }
}

/// A way to say who one is.
#[derive(Clone, Copy, Debug)]
enum Entry {
    KwdbBasic,
    KwdbToken,
    TDengineBasic,
    TDengineToken,
    IotdbBasic,
    StarRocksBasic,
    StarRocksSql,
    InfluxBasic,
    InfluxParameters,
    InfluxToken,
    OpenTsdbBasic,
    OpenTsdbToken,
}

const ENTRIES: [Entry; 12] = [
    Entry::KwdbBasic,
    Entry::KwdbToken,
    Entry::TDengineBasic,
    Entry::TDengineToken,
    Entry::IotdbBasic,
    Entry::StarRocksBasic,
    Entry::StarRocksSql,
    Entry::InfluxBasic,
    Entry::InfluxParameters,
    Entry::InfluxToken,
    Entry::OpenTsdbBasic,
    Entry::OpenTsdbToken,
];

impl Entry {
    /// Whether the door lets the user in.
    fn lets_in(self, program: &Program, user: &str, password: &str) -> bool {
        let own = basic(user, password);
        let send = |method: &str, target: &str, authorization: Option<&str>, body: &str| -> Reply {
            let mut headers = vec![("Content-Type", "application/json")];
            headers.extend(authorization.map(|value| ("Authorization", value)));
            request(program.address, method, target, &headers, body.as_bytes()).unwrap()
        };
        let token = || {
            let reply = send("GET", "/restapi/login", Some(&own), "");
            reply.json()["token"].as_str().map(str::to_owned).unwrap_or_default()
        };
        let point = r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":"b"}}"#;
        // A put into a database that is not there: known users are told so, others are not.
        let known = |reply: Reply| match reply.status {
            401 => false,
            400 | 403 | 404 => true,
            status => panic!("OpenTSDB answers {status}: {}", String::from_utf8_lossy(&reply.body)),
        };
        match self {
            Self::KwdbBasic => send("POST", "/restapi/query", Some(&own), "select 1").json()["code"] == 0,
            Self::KwdbToken => {
                let bearer = format!("Bearer {}", token());
                send("POST", "/restapi/query", Some(&bearer), "select 1").json()["code"] == 0
            }
            Self::TDengineBasic => send("POST", "/rest/sql", Some(&own), "select server_version()").json()["code"] == 0,
            Self::TDengineToken => {
                let target = format!("/rest/login/{}/{}", encoded(user), encoded(password));
                let answer = send("GET", &target, None, "").json();
                let taosd = format!("Taosd {}", answer["desc"].as_str().unwrap_or_default());
                answer["code"] == 0
                    && send("POST", "/rest/sql", Some(&taosd), "select server_version()").json()["code"] == 0
            }
            Self::IotdbBasic => {
                let body = r#"{"sql":"show current_user"}"#;
                send("POST", "/rest/table/v1/query", Some(&own), body).json()["values"][0][0] == user
            }
            Self::StarRocksBasic => {
                send("GET", &format!("/api/v2/users/{user}"), Some(&own), "").json()["result"]["name"] == user
            }
            Self::StarRocksSql => {
                let body = r#"{"query":"select 1"}"#;
                send("POST", "/api/v1/catalogs/default_catalog/sql", Some(&own), body).status == 200
            }
            Self::InfluxBasic => send("POST", "/query?q=SHOW+DATABASES", Some(&own), "").status == 200,
            Self::InfluxParameters => {
                let target = format!("/query?q=SHOW+DATABASES&u={}&p={}", encoded(user), encoded(password));
                send("POST", &target, None, "").status == 200
            }
            Self::InfluxToken => {
                let pair = format!("Token {user}:{password}");
                send("GET", "/api/v2/buckets", Some(&pair), "").status == 200
            }
            Self::OpenTsdbBasic => known(send("POST", "/api/put?db=nowhere", Some(&own), point)),
            Self::OpenTsdbToken => {
                let bearer = format!("Bearer {}", token());
                known(send("POST", "/api/put?db=nowhere", Some(&bearer), point))
            }
        }
    }

    fn check(self, program: &Program, user: &str, password: &str, expected: bool) -> Outcome {
        match (self.lets_in(program, user, password), expected) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => Err("is kept out".to_owned()),
            (true, false) => Err("is let in".to_owned()),
        }
    }
}

/// A login token, and whether each door that takes it still does.
fn tokens_taken(program: &Program, token: &str) -> [(&'static str, bool); 4] {
    let send = |method: &str, target: &str, scheme: &str, body: &str| {
        let authorization = format!("{scheme} {token}");
        let headers = [("Content-Type", "application/json"), ("Authorization", authorization.as_str())];
        request(program.address, method, target, &headers, body.as_bytes()).unwrap().status
    };
    let point = r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":"b"}}"#;
    [
        ("Kwdb", send("POST", "/restapi/query", "Bearer", "select 1") == 200),
        ("Influx", send("GET", "/api/v2/buckets", "Token", "") == 200),
        ("Influx /query", send("POST", "/query?q=SHOW+DATABASES", "Bearer", "") == 200),
        ("OpenTsdb", send("POST", "/api/put?db=nowhere", "Bearer", point) != 401),
    ]
}

#[test]
fn a_user_of_one_door_logs_in_through_every_other() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    let mut faults = Faults::default();
    for (number, maker) in Door::READERS.into_iter().enumerate() {
        for (offset, changer) in Door::READERS.into_iter().enumerate() {
            let user = user_name(maker, changer, "login");
            let dropper = Door::READERS[(number + offset) % Door::READERS.len()];
            let cell = |entry: Entry, what: &str| format!("made by {maker:?}, {what}, through {entry:?}");
            if let Err(fault) = create(&root, maker, &user) {
                faults.check(format!("{maker:?} makes {user}"), Err(fault));
                continue;
            }
            for entry in ENTRIES {
                faults.check(cell(entry, "the password"), entry.check(&program, &user, OLD, true));
                faults.check(cell(entry, "a wrong password"), entry.check(&program, &user, NEW, false));
            }
            if let Err(fault) = change_password(&root, changer, &user) {
                faults.check(format!("{changer:?} changes the password of {user}"), Err(fault));
                continue;
            }
            for entry in ENTRIES {
                let what = format!("the password set by {changer:?}");
                faults.check(cell(entry, &what), entry.check(&program, &user, NEW, true));
                let what = format!("the old password after {changer:?} changed it");
                faults.check(cell(entry, &what), entry.check(&program, &user, OLD, false));
            }
            let login =
                request(program.address, "GET", "/restapi/login", &[("Authorization", &basic(&user, NEW))], b"");
            let token = login.unwrap().json()["token"].as_str().unwrap_or_default().to_owned();
            for (door, taken) in tokens_taken(&program, &token) {
                let outcome = if taken { Ok(()) } else { Err("is not taken".to_owned()) };
                faults.check(format!("made by {maker:?}, token of Kwdb at {door}"), outcome);
            }
            if let Err(fault) = drop_user(&root, dropper, &user) {
                faults.check(format!("{dropper:?} drops {user}"), Err(fault));
                continue;
            }
            for entry in ENTRIES {
                let what = format!("after {dropper:?} dropped the user");
                faults.check(cell(entry, &what), entry.check(&program, &user, NEW, false));
            }
            for (door, taken) in tokens_taken(&program, &token) {
                let outcome = if taken { Err("is taken".to_owned()) } else { Ok(()) };
                faults.check(format!("{dropper:?} dropped the user, token of Kwdb at {door}"), outcome);
            }
        }
    }
    faults.end("logins");
}
