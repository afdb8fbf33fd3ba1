use super::Catalog;
use crate::sample::{database, grant, hidden, manifest, membership, put, table, user, with_unique};
use crate::{Change, Load, LoadState, LogFiles, User};
use model::{DatabaseId, ErrorKind, Grant, LoadId, Privileges, Scope, Sequence, TableId, UserId};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn with(changes: impl IntoIterator<Item = Change>) -> Catalog {
    Catalog::default().with(changes).unwrap()
}

fn refused(catalog: &Catalog, change: Change) -> ErrorKind {
    *catalog.with([change]).unwrap_err().kind
}

fn names(catalog: &Catalog, database: u64) -> Vec<&str> {
    catalog.tables_in(DatabaseId(database)).map(|table| table.name.as_str()).collect()
}

/// Two databases; a table, one with a hidden table for a unique set; two users and a role.
fn sample() -> Catalog {
    with([
        Change::PutDatabase(database(1, "main")),
        Change::PutDatabase(database(2, "Main")),
        put(table(11, 1, "meters")),
        put(hidden(table(13, 1, "rooms"))),
        put(with_unique(table(12, 1, "rooms"), 13)),
        put(table(21, 2, "meters")),
        Change::PutUser(user(31, "ann")),
        Change::PutUser(user(32, "bob")),
        Change::PutUser(User { is_role: true, ..user(33, "readers") }),
        Change::PutMembership(membership(33, 31)),
        Change::PutGrant(grant(31, Scope::All)),
        Change::PutGrant(grant(31, Scope::Database(DatabaseId(1)))),
        Change::PutGrant(grant(32, Scope::Table(TableId(11)))),
        Change::PutGrant(grant(33, Scope::Table(TableId(13)))),
        Change::PutManifest(TableId(11), manifest(5)),
        Change::PutManifest(TableId(13), manifest(6)),
    ])
}

#[test]
fn what_was_put_is_found() {
    let catalog = sample();
    assert_eq!(catalog.version, 1);
    assert_eq!(catalog.database_named("Main").unwrap().id, DatabaseId(2));
    assert!(catalog.database_named("MAIN").is_none());
    assert_eq!(names(&catalog, 1), ["meters", "rooms"]);
    assert_eq!(catalog.table_named(DatabaseId(2), "meters").unwrap().id, TableId(21));
    assert_eq!(catalog.table_named(DatabaseId(1), "rooms").unwrap().id, TableId(12));
    assert_eq!(catalog.tables().count(), 4);
    assert_eq!(catalog.user_named("bob").unwrap().id, UserId(32));
    assert_eq!(catalog.grants_of(UserId(31)).count(), 2);
    assert_eq!(catalog.grants().count(), 4);
    assert_eq!(*catalog.manifest(TableId(11)), manifest(5));
    assert_eq!(catalog.manifest(TableId(12)).flushed, Sequence::ZERO);
}

#[test]
fn a_taken_name_is_refused() {
    let catalog = sample();
    let taken = ErrorKind::DatabaseExists { database: "main".to_owned() };
    assert_eq!(refused(&catalog, Change::PutDatabase(database(2, "main"))), taken);
    let taken = ErrorKind::TableExists { table: "rooms".to_owned() };
    assert_eq!(refused(&catalog, put(table(11, 1, "rooms"))), taken);
    assert_eq!(refused(&catalog, put(table(13, 1, "rooms"))), taken, "a hidden table that would be visible");
    assert_eq!(refused(&catalog, put(table(21, 1, "rooms"))), taken, "a table that would move");
    assert!(catalog.with([put(hidden(table(14, 1, "rooms")))]).is_ok());
    let taken = ErrorKind::UserExists { user: "ann".to_owned() };
    assert_eq!(refused(&catalog, Change::PutUser(user(32, "ann"))), taken);
}

#[test]
fn a_name_is_free_after_a_rename_a_drop_or_a_move() {
    let catalog = sample();
    let renamed = catalog
        .with([
            Change::PutDatabase(database(1, "other")),
            put(table(11, 1, "counters")),
            Change::PutUser(user(31, "anna")),
            Change::PutDatabase(database(3, "main")),
            put(table(15, 1, "meters")),
            Change::PutUser(user(34, "ann")),
        ])
        .unwrap();
    assert_eq!(renamed.database_named("main").unwrap().id, DatabaseId(3));
    assert_eq!(renamed.database_named("other").unwrap().id, DatabaseId(1));
    assert_eq!(names(&renamed, 1), ["counters", "meters", "rooms"]);
    assert_eq!(renamed.user_named("ann").unwrap().id, UserId(34));
    let moved = catalog.with([put(table(12, 2, "rooms")), put(table(15, 1, "rooms"))]).unwrap();
    assert_eq!((names(&moved, 1), names(&moved, 2)), (vec!["meters", "rooms"], vec!["meters", "rooms"]));
    let dropped = catalog.with([Change::DropTable(TableId(11)), put(table(15, 1, "meters"))]).unwrap();
    assert_eq!(dropped.table_named(DatabaseId(1), "meters").unwrap().id, TableId(15));
}

#[test]
fn a_table_goes_with_its_hidden_tables_grants_and_files() {
    let catalog = sample().with([Change::DropTable(TableId(12)), Change::DropTable(TableId(11))]).unwrap();
    assert_eq!(catalog.tables().map(|table| table.id).collect::<Vec<_>>(), [TableId(21)]);
    let dropped: BTreeSet<TableId> = catalog.dropped().collect();
    assert_eq!(dropped, BTreeSet::from([TableId(11), TableId(12), TableId(13)]));
    assert_eq!(catalog.grants().map(|grant| grant.grantee.0).collect::<Vec<_>>(), [31, 31]);
    assert_eq!(catalog.manifests().count(), 0);
    assert!(matches!(refused(&catalog, put(table(11, 1, "meters"))), ErrorKind::Internal { .. }));
    let forgotten = catalog.with([Change::ForgetDropped(vec![TableId(11), TableId(12)])]).unwrap();
    assert_eq!(forgotten.dropped().collect::<Vec<_>>(), [TableId(13)]);
}

#[test]
fn a_database_goes_with_all_that_is_in_it() {
    let catalog = sample().with([Change::DropDatabase(DatabaseId(1))]).unwrap();
    assert_eq!(catalog.databases().map(|database| database.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(catalog.tables().map(|table| table.id.0).collect::<Vec<_>>(), [21]);
    assert!([11, 12, 13].into_iter().all(|id| catalog.was_dropped(TableId(id))));
    assert_eq!(catalog.grants().map(|grant| grant.scope).collect::<Vec<_>>(), [Scope::All]);
    assert_eq!(names(&catalog, 1), Vec::<&str>::new());
}

#[test]
fn a_user_goes_with_grants_and_memberships() {
    let catalog = sample().with([Change::DropUser(UserId(31))]).unwrap();
    assert!(catalog.user_named("ann").is_none());
    assert_eq!((catalog.grants_of(UserId(31)).count(), catalog.memberships().count()), (0, 0));
    assert_eq!(sample().with([Change::DropUser(UserId(33))]).unwrap().memberships().count(), 0);
}

#[test]
fn what_does_not_exist_cannot_be_changed() {
    let catalog = sample();
    let database = ErrorKind::DatabaseNotFound { database: "#9".to_owned() };
    let table_missing = ErrorKind::TableNotFound { table: "#9".to_owned() };
    let user = ErrorKind::UserNotFound { user: "#9".to_owned() };
    assert_eq!(refused(&catalog, Change::DropDatabase(DatabaseId(9))), database);
    assert_eq!(refused(&catalog, put(table(14, 9, "x"))), database);
    assert_eq!(refused(&catalog, Change::PutGrant(grant(31, Scope::Database(DatabaseId(9))))), database);
    assert_eq!(refused(&catalog, Change::DropTable(TableId(9))), table_missing);
    assert_eq!(refused(&catalog, Change::PutManifest(TableId(9), manifest(1))), table_missing);
    assert_eq!(refused(&catalog, Change::PutGrant(grant(31, Scope::Table(TableId(9))))), table_missing);
    assert_eq!(refused(&catalog, Change::DropUser(UserId(9))), user);
    assert_eq!(refused(&catalog, Change::PutGrant(grant(9, Scope::All))), user);
    assert_eq!(refused(&catalog, Change::PutMembership(membership(9, 31))), user);
    assert_eq!(refused(&catalog, Change::PutMembership(membership(33, 9))), user);
}

#[test]
fn what_was_dropped_keeps_its_name_for_errors() {
    let drops = [Change::DropTable(TableId(12)), Change::DropUser(UserId(31))];
    let catalog = sample().with(drops).unwrap();
    let table = ErrorKind::TableNotFound { table: "rooms".to_owned() };
    // The other one is hidden, of its unique set.
    for id in [12, 13] {
        assert_eq!(*catalog.no_table(TableId(id)).kind, table);
    }
    assert_eq!(refused(&catalog, Change::DropTable(TableId(12))), table);
    assert_eq!(refused(&catalog, Change::DropUser(UserId(31))), ErrorKind::UserNotFound { user: "ann".to_owned() });
    let catalog = catalog.with([Change::DropDatabase(DatabaseId(1))]).unwrap();
    let name = sample().database(DatabaseId(1)).unwrap().name.clone();
    assert_eq!(refused(&catalog, Change::DropDatabase(DatabaseId(1))), ErrorKind::DatabaseNotFound { database: name });
    assert_eq!(*catalog.no_table(TableId(12)).kind, table);
    assert_eq!(*catalog.no_table(TableId(11)).kind, ErrorKind::TableNotFound { table: "meters".to_owned() });
}

#[test]
fn roles_make_no_circle() {
    let catalog = sample().with([Change::PutMembership(membership(31, 32))]).unwrap();
    for (role, member) in [(32, 33), (31, 33), (32, 31), (32, 32)] {
        let refusal = refused(&catalog, Change::PutMembership(membership(role, member)));
        assert!(matches!(refusal, ErrorKind::InvalidDefinition { .. }), "{role} {member}: {refusal}");
    }
    assert!(catalog.with([Change::PutMembership(membership(33, 32))]).is_ok());
}

#[test]
fn an_empty_grant_a_default_setting_and_a_lower_number_leave_nothing() {
    let ended = Grant { privileges: Privileges::NONE, ..grant(31, Scope::All) };
    let catalog = sample()
        .with([
            Change::PutGrant(ended),
            Change::PutSetting("a".to_owned(), Some("1".to_owned())),
            Change::PutSetting("b".to_owned(), Some("2".to_owned())),
            Change::PutSetting("a".to_owned(), None),
            Change::PutSequence(Sequence(9)),
            Change::PutSequence(Sequence(4)),
        ])
        .unwrap();
    assert_eq!(catalog.grant(UserId(31), Scope::All), None);
    assert_eq!(catalog.settings().collect::<Vec<_>>(), [("b", "2")]);
    assert_eq!(catalog.sequence(), Sequence(9));
}

#[test]
fn the_log_is_begun_and_trimmed_from_both_ends_alone() {
    let catalog = sample();
    assert_eq!(catalog.log_files(), None);
    assert!(matches!(refused(&catalog, Change::TrimLog(1)), ErrorKind::Internal { .. }));
    let changes = [3, 4].map(Change::BeginLogFile);
    let catalog = catalog.with(changes).unwrap();
    assert_eq!(catalog.log_files(), Some(LogFiles { first: 3, last: 4 }));
    // Whoever trims does not know of the file that was begun meanwhile, and the other way round.
    let catalog = catalog.with([Change::BeginLogFile(5), Change::TrimLog(4), Change::TrimLog(3)]).unwrap();
    assert_eq!(catalog.log_files(), Some(LogFiles { first: 4, last: 5 }));
    assert!(matches!(refused(&catalog, Change::TrimLog(6)), ErrorKind::Internal { .. }));
    assert!(catalog.with([Change::TrimLog(5)]).is_ok());
}

#[test]
fn a_version_shares_what_no_change_touched() {
    let one = sample();
    let other = one.with([Change::PutManifest(TableId(11), manifest(9))]).unwrap();
    assert!(std::sync::Arc::ptr_eq(&one.tables, &other.tables));
    assert!(std::sync::Arc::ptr_eq(&one.table_names, &other.table_names));
    assert!(std::sync::Arc::ptr_eq(one.table(TableId(12)).unwrap(), other.table(TableId(12)).unwrap()));
    assert_eq!((one.manifest(TableId(11)).flushed, other.manifest(TableId(11)).flushed), (Sequence(5), Sequence(9)));
}

/// Any change over few ids and names, so that they often meet.
fn load(id: u64, database: u64, label: &str, state: u64) -> Load {
    let state = match state {
        0 => LoadState::Open,
        1 => LoadState::Committed(Sequence(id)),
        _ => LoadState::Aborted,
    };
    Load { id: LoadId(id), database: DatabaseId(database), label: label.to_owned(), deadline_micros: id, state }
}

pub(crate) fn any_change() -> impl Strategy<Value = Change> {
    let name = || prop::sample::select(vec!["a", "b", "c"]);
    let id = || 1..4_u64;
    let scope = prop_oneof![
        Just(Scope::All),
        (1..4_u64).prop_map(|id| Scope::Database(DatabaseId(id))),
        (11..17_u64).prop_map(|id| Scope::Table(TableId(id))),
    ];
    prop_oneof![
        2 => (id(), name()).prop_map(|(id, name)| Change::PutDatabase(database(id, name))),
        1 => id().prop_map(|id| Change::DropDatabase(DatabaseId(id))),
        6 => (11..17_u64, id(), name(), any::<bool>(), 11..17_u64).prop_map(|(id, database, name, is_hidden, index)| {
            let table = with_unique(table(id, database, name), index);
            put(if is_hidden { hidden(table) } else { table })
        }),
        1 => (11..17_u64).prop_map(|id| Change::DropTable(TableId(id))),
        1 => (11..17_u64).prop_map(|id| Change::ForgetDropped(vec![TableId(id)])),
        2 => (id(), name()).prop_map(|(id, name)| Change::PutUser(user(id, name))),
        1 => id().prop_map(|id| Change::DropUser(UserId(id))),
        2 => (id(), scope.clone()).prop_map(|(id, scope)| Change::PutGrant(grant(id, scope))),
        1 => (id(), scope).prop_map(|(id, scope)| Change::RemoveGrant(UserId(id), scope)),
        2 => (id(), id()).prop_map(|(role, member)| Change::PutMembership(membership(role, member))),
        1 => (id(), id()).prop_map(|(role, member)| Change::RemoveMembership { role: UserId(role), member: UserId(member) }),
        1 => (name(), prop::option::of(name()))
            .prop_map(|(name, value)| Change::PutSetting(name.to_owned(), value.map(str::to_owned))),
        2 => (11..17_u64, 1..9_u64).prop_map(|(id, flushed)| Change::PutManifest(TableId(id), manifest(flushed))),
        1 => (1..99_u64).prop_map(|number| Change::PutSequence(Sequence(number))),
        1 => (1..9_u64).prop_map(Change::BeginLogFile),
        1 => (1..9_u64).prop_map(Change::TrimLog),
        2 => (1..5_u64, id(), name(), 0..3_u64).prop_map(|(id, database, label, state)| Change::PutLoad(load(id, database, label, state))),
        1 => (1..5_u64).prop_map(|id| Change::ForgetLoads(vec![LoadId(id)])),
    ]
}

proptest! {
    #[test]
    fn no_changes_make_an_inconsistent_catalogue(changes in prop::collection::vec(any_change(), 1..60)) {
        let mut catalog = Catalog::default();
        for change in changes {
            if let Ok(next) = catalog.with([change]) {
                catalog = next;
            }
            let visible: BTreeSet<_> = catalog.tables().filter(|t| !t.hidden).map(|t| (t.database, &t.name, t.id)).collect();
            let distinct: BTreeSet<_> = visible.iter().map(|(database, name, _)| (database, name)).collect();
            prop_assert_eq!(distinct.len(), visible.len());
            for (database, name, id) in &visible {
                prop_assert_eq!(catalog.table_named(*database, name).map(|table| table.id), Some(*id));
            }
            let listed: usize = catalog.databases().map(|database| catalog.tables_in(database.id).count()).sum();
            prop_assert_eq!(listed, visible.len());
            prop_assert_eq!(catalog.table_names.values().map(|names| names.len()).sum::<usize>(), visible.len());
            prop_assert!(catalog.tables().all(|table| catalog.database(table.database).is_some()));
            prop_assert!(catalog.tables().all(|table| !catalog.was_dropped(table.id)));
            for database in catalog.databases() {
                prop_assert_eq!(catalog.database_named(&database.name), Some(database));
            }
            for user in catalog.users() {
                prop_assert_eq!(catalog.user_named(&user.name), Some(user));
            }
            prop_assert_eq!(catalog.database_names.len(), catalog.databases().count());
            prop_assert_eq!(catalog.user_names.len(), catalog.users().count());
            let open: Vec<_> = catalog.loads().filter(|load| load.state != LoadState::Aborted).collect();
            let labels: BTreeSet<_> = open.iter().map(|load| (load.database, &load.label)).collect();
            prop_assert_eq!(labels.len(), open.len());
            prop_assert!(open.iter().all(|load| catalog.load_named(load.database, &load.label) == Some(load)));
            prop_assert!(catalog.manifests().all(|(id, _)| catalog.table(id).is_some()));
            for grant in catalog.grants() {
                prop_assert!(catalog.user(grant.grantee).is_some());
                let stands = match grant.scope {
                    Scope::All => true,
                    Scope::Database(id) => catalog.database(id).is_some(),
                    Scope::Table(id) => catalog.table(id).is_some(),
                };
                prop_assert!(stands);
            }
            for membership in catalog.memberships() {
                prop_assert!(catalog.user(membership.role).is_some() && catalog.user(membership.member).is_some());
            }
        }
    }
}
