//! The privilege matrix, grants, roles, and who may manage whom.

use crate::test_store::{TestStore, at_ms, batch, expression, float, int, keyed, series};
use crate::{Alteration, AttributesRequest, Caller, DeleteRequest, NewDatabase, NewTable, UpdateRequest, UserChange};
use catalog::DatabaseLabel;
use model::{AttributePolicy, Code, ErrorKind, Grant, Privilege, Privileges, Result, Scope, UserId, WriteKind};
use std::collections::BTreeMap;

fn only(privileges: &[Privilege]) -> Privileges {
    privileges.iter().copied().collect()
}

fn grant(grantee: UserId, scope: Scope, privileges: &[Privilege]) -> Grant {
    Grant { grantee, scope, privileges: only(privileges), grantable: Privileges::NONE }
}

/// Every verb of the engine that needs a privilege on an object, and which.
async fn tried(store: &TestStore, caller: &Caller) -> Vec<(&'static str, Privilege, Result<()>)> {
    let (keyed_table, series_table) = (store.table("keyed"), store.table("series"));
    let row = |kind| batch(&keyed_table, kind, &["id"], &[vec![int(1)]]);
    let point = batch(&series_table, WriteKind::Merge, &["ts", "k", "v"], &[vec![at_ms(1), int(1), float(1.0)]]);
    let context = store.request("SELECT 1");
    let update = UpdateRequest { table: keyed_table.id, assignments: Vec::new(), filter: Some(expression("id = 0")) };
    let attributes =
        AttributesRequest { table: series_table.id, assignments: Vec::new(), filter: Some(expression("k = 0")) };
    let delete = |table| DeleteRequest { table, filter: Some(expression("1 = 0")), drop_series: false };
    let new_table = NewTable { database: store.database(), ..keyed(&format!("made by {}", caller.name), &[]) };
    let new_database = NewDatabase {
        name: format!("made by {}", caller.name),
        label: DatabaseLabel::Any,
        partition_seconds: None,
        retention_seconds: None,
        comment: None,
        properties: BTreeMap::new(),
    };
    let comment = Alteration::SetComment(Some("x".to_owned()));
    let select = store.rows_as(caller, "SELECT * FROM keyed").await.map(drop);
    let joined = store.rows_as(caller, "SELECT 1 FROM series, defaultdb.keyed").await.map(drop);
    vec![
        ("select", Privilege::Select, select),
        ("join", Privilege::Select, joined),
        ("insert", Privilege::Insert, store.write(caller, row(WriteKind::KeepFirst)).await.map(drop)),
        ("points", Privilege::Insert, store.write(caller, point).await.map(drop)),
        ("erase", Privilege::Delete, store.write(caller, row(WriteKind::Erase)).await.map(drop)),
        ("update", Privilege::Update, store.update(caller, &context, update).await.map(drop)),
        ("set attributes", Privilege::Update, store.set_attributes(caller, &context, attributes).await.map(drop)),
        ("delete", Privilege::Delete, store.delete(caller, &context, delete(keyed_table.id)).await.map(drop)),
        ("delete points", Privilege::Delete, store.delete(caller, &context, delete(series_table.id)).await.map(drop)),
        ("alter", Privilege::Alter, store.alter_table(caller, series_table.id, comment).await.map(drop)),
        ("create table", Privilege::Create, store.create_table(caller, new_table).await.map(drop)),
        ("create database", Privilege::Create, store.create_database(caller, new_database).await.map(drop)),
        ("setting", Privilege::Settings, store.set_setting(caller, "x", None).await),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_verb_needs_its_privilege() {
    let store = TestStore::new().await;
    store.create(keyed("keyed", &[])).await;
    store.create(series("series")).await;
    for (verb, _, outcome) in tried(&store, &store.root).await {
        outcome.unwrap_or_else(|error| panic!("root, {verb}: {error}"));
    }
    for privilege in Privilege::ALL {
        for everywhere in [true, false] {
            let user = store.user(&format!("{privilege} {everywhere}")).await;
            let scope = if everywhere { Scope::All } else { Scope::Database(store.database()) };
            store.grant(&store.root, grant(user.user, scope, &[privilege])).await.unwrap();
            for (verb, needed, outcome) in tried(&store, &user).await {
                let server_wide = matches!(verb, "create database" | "setting");
                let allowed = needed == privilege && (everywhere || !server_wide);
                match outcome {
                    Ok(()) => assert!(allowed, "{verb} with {privilege}, everywhere: {everywhere}"),
                    Err(error) => {
                        assert_eq!(error.code(), Code::PermissionDenied, "{verb}: {error}");
                        assert!(!allowed, "{verb} with {privilege}: {error}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_hold_what_is_in_them_and_nothing_else() {
    let store = TestStore::new().await;
    let (a, b) = (store.create(keyed("a", &[])).await, store.create(keyed("b", &[])).await);
    let user = store.user("u").await;
    let may = |scope| store.may(&user, Privilege::Select, scope);
    assert!(!may(Scope::Table(a.id)));
    store.grant(&store.root, grant(user.user, Scope::Table(a.id), &[Privilege::Select])).await.unwrap();
    assert!(may(Scope::Table(a.id)));
    assert!(!may(Scope::Table(b.id)) && !may(Scope::Database(store.database())) && !may(Scope::All));
    let error = store.rows_as(&user, "SELECT * FROM a, b").await.unwrap_err();
    let ErrorKind::PermissionDenied { user: name, privilege, object_kind, object } = *error.kind else {
        panic!("{error}")
    };
    assert_eq!((name.as_str(), privilege, object_kind, object.as_str()), ("u", Privilege::Select, "table", "b"));

    store.grant(&store.root, grant(user.user, Scope::Database(store.database()), &[Privilege::Select])).await.unwrap();
    assert!(may(Scope::Table(b.id)) && may(Scope::Database(store.database())) && !may(Scope::All));
    // What was given in one scope is not taken by another.
    store.revoke(&store.root, user.user, Scope::Table(a.id), Privileges::all()).await.unwrap();
    assert!(may(Scope::Table(a.id)));
    store.revoke(&store.root, user.user, Scope::Database(store.database()), Privileges::all()).await.unwrap();
    assert!(!may(Scope::Table(a.id)));
    assert_eq!(store.catalog().grants_of(user.user).count(), 0);

    // A grant ends with its object.
    store.grant(&store.root, grant(user.user, Scope::Table(a.id), &[Privilege::Select])).await.unwrap();
    store.drop_table(&store.root, a.id).await.unwrap();
    store.create(keyed("a", &[])).await;
    assert_eq!(store.rows_as(&user, "SELECT * FROM a").await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_add_up_and_revokes_narrow() {
    let store = TestStore::new().await;
    let user = store.user("u").await.user;
    let scope = Scope::Database(store.database());
    store.grant(&store.root, grant(user, scope, &[Privilege::Select])).await.unwrap();
    let with_option = Grant { grantable: only(&[Privilege::Insert]), ..grant(user, scope, &[]) };
    store.grant(&store.root, with_option).await.unwrap();
    let held = |catalog: &catalog::Catalog| catalog.grants_of(user).copied().next().unwrap();
    let both = held(&store.catalog());
    assert_eq!(both.privileges, only(&[Privilege::Select, Privilege::Insert]));
    assert_eq!(both.grantable, only(&[Privilege::Insert]));
    store.revoke(&store.root, user, scope, only(&[Privilege::Insert])).await.unwrap();
    let rest = held(&store.catalog());
    assert_eq!((rest.privileges, rest.grantable), (only(&[Privilege::Select]), Privileges::NONE));
    let unknown = grant(UserId(9_999), scope, &[Privilege::Select]);
    assert_eq!(store.grant(&store.root, unknown).await.unwrap_err().code(), Code::UserNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_pass_a_privilege_on() {
    let store = TestStore::new().await;
    let (giver, taker) = (store.user("giver").await, store.user("taker").await.user);
    let scope = Scope::Database(store.database());
    let pass = async |privilege| store.grant(&giver, grant(taker, scope, &[privilege])).await.map_err(|e| e.code());
    store.grant(&store.root, grant(giver.user, scope, &[Privilege::Select])).await.unwrap();
    assert_eq!(pass(Privilege::Select).await, Err(Code::PermissionDenied));
    let optioned = Grant { grantable: only(&[Privilege::Select]), ..grant(giver.user, scope, &[]) };
    store.grant(&store.root, optioned).await.unwrap();
    assert_eq!(pass(Privilege::Select).await, Ok(()));
    assert_eq!(pass(Privilege::Insert).await, Err(Code::PermissionDenied));
    store.grant(&store.root, grant(giver.user, scope, &[Privilege::Grant])).await.unwrap();
    // Nobody gives, not even to oneself, what one does not have.
    assert_eq!(pass(Privilege::Insert).await, Err(Code::PermissionDenied));
    store.grant(&store.root, grant(giver.user, scope, &[Privilege::Insert])).await.unwrap();
    assert_eq!(pass(Privilege::Insert).await, Ok(()));
    let wider = store.grant(&giver, grant(taker, Scope::All, &[Privilege::Insert])).await;
    assert_eq!(wider.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_pass_what_they_have_to_their_members() {
    let store = TestStore::new().await;
    store.create(keyed("t", &[])).await;
    let (user, inner, outer) = (store.user("u").await, store.user("inner").await.user, store.user("outer").await.user);
    store.grant(&store.root, grant(outer, Scope::All, &[Privilege::Select])).await.unwrap();
    store.grant_role(&store.root, outer, inner, false).await.unwrap();
    store.grant_role(&store.root, inner, user.user, false).await.unwrap();
    store.rows_as(&user, "SELECT * FROM t").await.unwrap();
    let cycle = store.grant_role(&store.root, user.user, outer, false).await;
    assert_eq!(cycle.unwrap_err().code(), Code::InvalidDefinition);
    store.revoke_role(&store.root, outer, inner, false).await.unwrap();
    assert_eq!(store.rows_as(&user, "SELECT * FROM t").await.unwrap_err().code(), Code::PermissionDenied);
    store.grant_role(&store.root, store.admin_role(), user.user, false).await.unwrap();
    assert!(store.is_admin(&user));
    store.set_setting(&user, "x", Some("1".to_owned())).await.unwrap();
    let stays = store.revoke_role(&store.root, store.admin_role(), store.root.user, false).await;
    assert_eq!(stays.unwrap_err().code(), Code::InvalidDefinition);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_manages_users_does_not_rise_by_it() {
    let store = TestStore::new().await;
    let manager = store.user("manager").await;
    store.grant(&store.root, grant(manager.user, Scope::All, &[Privilege::ManageUsers])).await.unwrap();
    let password = || UserChange { password: Some(Some("known".to_owned())), ..UserChange::default() };
    for target in [store.root.user, store.admin_role()] {
        let error = store.alter_user(&manager, target, password()).await.unwrap_err();
        assert_eq!(error.code(), Code::PermissionDenied);
        assert_eq!(store.drop_user(&manager, target).await.unwrap_err().code(), Code::PermissionDenied);
    }
    let rise = store.grant_role(&manager, store.admin_role(), manager.user, false).await;
    assert_eq!(rise.unwrap_err().code(), Code::PermissionDenied);
    for target in [store.root.user, store.admin_role()] {
        assert_eq!(store.drop_user(&store.root, target).await.unwrap_err().code(), Code::InvalidDefinition);
    }

    let other = store.user("other").await;
    store.alter_user(&manager, other.user, password()).await.unwrap();
    store.log_in("other", "known").await.unwrap();
    // Everyone may change the own password, and nothing else.
    store.alter_user(&other, other.user, password()).await.unwrap();
    let more = UserChange { may_create_roles: Some(true), ..password() };
    assert_eq!(store.alter_user(&other, other.user, more).await.unwrap_err().code(), Code::PermissionDenied);
    let foreign = store.alter_user(&other, manager.user, password()).await;
    assert_eq!(foreign.unwrap_err().code(), Code::PermissionDenied);
    store.drop_user(&manager, other.user).await.unwrap();
    assert!(!store.may(&other, Privilege::Select, Scope::All));
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_attributes_by_a_write_needs_update() {
    let store = TestStore::new().await;
    let table = store.create(series("t")).await;
    let user = store.user("u").await;
    store.grant(&store.root, grant(user.user, Scope::Table(table.id), &[Privilege::Insert])).await.unwrap();
    let row = vec![at_ms(1), int(1), float(1.0), crate::test_store::text("x")];
    let mut rows = batch(&table, WriteKind::Replace, &["ts", "k", "v", "a"], &[row]);
    store.write(&user, rows.clone()).await.unwrap();
    rows.attributes = AttributePolicy::Set;
    assert_eq!(store.write(&user, rows).await.unwrap_err().code(), Code::PermissionDenied);
}
