//! Users, privileges, settings.

use super::{near, one};
use crate::sql::Statement;
use crate::sql::statement::{Grant, GrantTarget, PasswordChange, PrivilegeWord};

#[test]
fn users_and_their_options() {
    let Statement::CreateUser(user) =
        one("CREATE USER IF NOT EXISTS Rest_User WITH PASSWORD 'it''s' VALID UNTIL '2030-01-01' CREATEROLE NOLOGIN")
    else {
        panic!("no user")
    };
    assert_eq!((user.name.value.as_str(), user.role, user.if_not_exists), ("rest_user", false, true));
    assert_eq!(user.options.password, Some(PasswordChange::Set("it's".to_owned())));
    assert_eq!((user.options.login, user.options.create_role), (Some(false), Some(true)));
    assert!(!format!("{user:?}").contains("it's"));
    assert!(matches!(one("create user u password 'p'"), Statement::CreateUser(u) if u.options.password.is_some()));
    assert!(matches!(one("alter user u with password null valid until null"), Statement::AlterUser(u)
        if u.options.password == Some(PasswordChange::Remove) && u.options.valid_until == Some(None)));
    assert!(matches!(one("create role r"), Statement::CreateUser(u) if u.role));
    assert!(
        matches!(one("drop user if exists a, b"), Statement::DropUsers { if_exists: true, names } if names.len() == 2)
    );
    assert_eq!(near("create user u password secret"), "at or near \"secret\": syntax error");
    assert_eq!(near("create user u with"), "at or near \"EOF\": syntax error");
}

#[test]
fn privileges_and_roles() {
    let privileges = |text: &str| match one(text) {
        Statement::Grant(Grant::Privileges(g)) | Statement::Revoke(Grant::Privileges(g)) => g,
        other => panic!("{other:?}"),
    };
    let g = privileges("GRANT SELECT, Insert, GRANT ON DATABASE a, b TO u, v WITH GRANT OPTION");
    assert_eq!(g.privileges, [PrivilegeWord::Select, PrivilegeWord::Insert, PrivilegeWord::Grant]);
    assert!(matches!(&g.target, GrantTarget::Databases(d) if d.len() == 2));
    assert!(g.grantees.len() == 2 && g.grant_option);
    let g = privileges("revoke all privileges on table d.t, u from x");
    assert!(matches!(&g.target, GrantTarget::Tables(t) if t[0].to_string() == "d.t"));
    assert!(matches!(privileges("grant delete on d.* to u").target, GrantTarget::AllTables(Some(_))));
    assert!(matches!(privileges("grant all on t to u").target, GrantTarget::Tables(_)));
    assert!(matches!(one("grant Admin, r to u with admin option"), Statement::Grant(Grant::Roles(g))
        if g.roles[0].value == "admin" && g.admin_option));
    assert!(matches!(one("revoke admin option for r from u"), Statement::Revoke(Grant::Roles(g)) if g.admin_option));
    assert_eq!(near("grant select on t from u"), "at or near \"from\": syntax error");
    assert_eq!(near("grant fly on t to u"), "at or near \"fly\": syntax error");
}

#[test]
fn settings() {
    let text = |statement: Statement| match statement {
        Statement::SetClusterSetting { name, value } => {
            format!("{name} = {value:?}", value = value.map(|v| v.to_string()))
        }
        Statement::SetVariable { name, values } => format!("{name} := {}", values.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(one("SET CLUSTER SETTING ts.dedup.rule = 'merge'")), "ts.dedup.rule = Some(\"'merge'\")");
    assert_eq!(text(one("set cluster setting a.b to 60")), "a.b = Some(\"60\")");
    assert_eq!(text(one("set cluster setting a.b = off")), "a.b = Some(\"off\")");
    assert_eq!(text(one("set cluster setting a.b = default")), "a.b = None");
    assert_eq!(text(one("set time zone 8")), "timezone := 1");
    assert_eq!(text(one("set session vectorize = on")), "vectorize := 1");
    assert_eq!(text(one("set search_path = a, b")), "search_path := 2");
    assert!(matches!(one("reset cluster setting a.b"), Statement::ResetClusterSetting(name) if name == "a.b"));
    assert!(matches!(one("reset a"), Statement::ResetVariable(_)));
}
