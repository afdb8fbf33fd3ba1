//! The catalogue at one version, in memory. A new version shares with the one before it every
//! part that no change touched.

mod apply;
mod former_names;

pub(crate) use apply::{Edit, Part};
#[cfg(test)]
pub(crate) use tests::any_change;

use crate::{Change, Database, Load, LoadState, LogFiles, Membership, TableManifest, User};
use former_names::FormerNames;
use model::{DatabaseId, Grant, LoadId, Result, Scope, Sequence, Table, TableId, UserId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Everything that exists, at one version. Immutable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// Grows by one with each commit.
    pub version: u64,
    databases: Arc<BTreeMap<DatabaseId, Arc<Database>>>,
    database_names: Arc<HashMap<Arc<str>, DatabaseId>>,
    tables: Arc<BTreeMap<TableId, Arc<Table>>>,
    table_names: Arc<HashMap<DatabaseId, Arc<TableNames>>>,
    dropped: Arc<HashSet<TableId>>,
    users: Arc<BTreeMap<UserId, Arc<User>>>,
    user_names: Arc<HashMap<Arc<str>, UserId>>,
    grants: Arc<BTreeMap<(UserId, Scope), Grant>>,
    memberships: Arc<BTreeMap<(UserId, UserId), Membership>>,
    settings: Arc<BTreeMap<String, String>>,
    manifests: Arc<HashMap<TableId, Arc<TableManifest>>>,
    loads: Arc<BTreeMap<LoadId, Load>>,
    sequence: Sequence,
    log_files: Option<LogFiles>,
    former_names: FormerNames,
}

type TableNames = BTreeMap<Arc<str>, TableId>;

impl Catalog {
    /// The next version: this one with changes applied in order, all or none.
    ///
    /// # Errors
    /// When a name is taken, or when a change names something that does not exist.
    pub fn with(&self, changes: impl IntoIterator<Item = Change>) -> Result<Self> {
        let mut edit = Edit::new(self);
        for change in changes {
            edit.apply(change)?;
        }
        Ok(edit.finish().0)
    }

    /// The identity of everything that is stored of it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> {
        let databases = self.databases.keys().copied().map(Part::Database);
        let tables = self.tables.keys().copied().map(Part::Table);
        let dropped = self.dropped().map(Part::Dropped);
        let users = self.users.keys().copied().map(Part::User);
        let grants = self.grants.keys().map(|(grantee, scope)| Part::Grant(*grantee, *scope));
        let memberships =
            self.memberships.keys().map(|(role, member)| Part::Membership { role: *role, member: *member });
        let settings = self.settings.keys().cloned().map(Part::Setting);
        let manifests = self.manifests.keys().copied().map(Part::Manifest);
        let loads = self.loads.keys().copied().map(Part::Load);
        let meta = [Part::Sequence, Part::LogFiles];
        databases
            .chain(tables)
            .chain(dropped)
            .chain(users)
            .chain(grants)
            .chain(memberships)
            .chain(settings)
            .chain(manifests)
            .chain(loads)
            .chain(meta)
    }

    /// The same at a sequence number that lies ahead, over other log files.
    pub(crate) fn at(&self, sequence: Sequence, log_files: Option<LogFiles>) -> Self {
        Self { sequence: self.sequence.max(sequence), log_files, ..self.clone() }
    }

    /// The same, but that nobody has a password.
    pub(crate) fn without_passwords(&self) -> Self {
        let forget = |user: &Arc<User>| Arc::new(User { password_hash: None, ..User::clone(user) });
        let users = self.users.iter().map(|(id, user)| (*id, forget(user))).collect();
        Self { users: Arc::new(users), ..self.clone() }
    }

    /// The database with exactly that name.
    #[must_use]
    pub fn database_named(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(self.database_names.get(name)?)
    }

    /// A database by id.
    #[must_use]
    pub fn database(&self, id: DatabaseId) -> Option<&Arc<Database>> {
        self.databases.get(&id)
    }

    /// Every database, by id.
    pub fn databases(&self) -> impl Iterator<Item = &Arc<Database>> {
        self.databases.values()
    }

    /// The visible table with exactly that name.
    #[must_use]
    pub fn table_named(&self, database: DatabaseId, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(self.table_names.get(&database)?.get(name)?)
    }

    /// A table by id, hidden ones included.
    #[must_use]
    pub fn table(&self, id: TableId) -> Option<&Arc<Table>> {
        self.tables.get(&id)
    }

    /// The visible tables of a database, by name.
    pub fn tables_in(&self, database: DatabaseId) -> impl Iterator<Item = &Arc<Table>> {
        self.table_names
            .get(&database)
            .into_iter()
            .flat_map(|names| names.values())
            .filter_map(|id| self.tables.get(id))
    }

    /// Every table, hidden ones included, by id.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// Whether a table was dropped and the log may still hold records of it.
    #[must_use]
    pub fn was_dropped(&self, id: TableId) -> bool {
        self.dropped.contains(&id)
    }

    /// Every remembered dropped table.
    pub fn dropped(&self) -> impl Iterator<Item = TableId> {
        self.dropped.iter().copied()
    }

    /// The user or role with exactly that name.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<&Arc<User>> {
        self.users.get(self.user_names.get(name)?)
    }

    /// A user or role by id.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    /// Every user and role, by id.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// What one grantee has by itself, by scope.
    pub fn grants_of(&self, grantee: UserId) -> impl Iterator<Item = &Grant> {
        self.grants
            .range((grantee, Scope::All)..)
            .take_while(move |((id, _), _)| *id == grantee)
            .map(|(_, grant)| grant)
    }

    /// Every grant.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.values()
    }

    /// What one grantee has by itself in one scope.
    #[must_use]
    pub fn grant(&self, grantee: UserId, scope: Scope) -> Option<&Grant> {
        self.grants.get(&(grantee, scope))
    }

    /// Every membership, by role.
    pub fn memberships(&self) -> impl Iterator<Item = &Membership> {
        self.memberships.values()
    }

    /// A role's membership of one member.
    #[must_use]
    pub fn membership(&self, role: UserId, member: UserId) -> Option<&Membership> {
        self.memberships.get(&(role, member))
    }

    /// Every setting that was set, by name.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A setting that was set, by its name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// A table's files; an empty list if it has none.
    #[must_use]
    pub fn manifest(&self, table: TableId) -> Arc<TableManifest> {
        self.manifests.get(&table).cloned().unwrap_or_default()
    }

    /// Every table's files, in no order; tables without any are left out.
    pub fn manifests(&self) -> impl Iterator<Item = (TableId, &Arc<TableManifest>)> {
        self.manifests.iter().map(|(id, manifest)| (*id, manifest))
    }

    /// A load that has a label.
    #[must_use]
    pub fn load(&self, id: LoadId) -> Option<&Load> {
        self.loads.get(&id)
    }

    /// The load with exactly that label that is open or committed; else the newest aborted one.
    #[must_use]
    pub fn load_named(&self, database: DatabaseId, label: &str) -> Option<&Load> {
        let named = || self.loads.values().filter(|load| load.database == database && load.label == label);
        named().find(|load| load.state != LoadState::Aborted).or_else(|| named().next_back())
    }

    /// Every load that has a label, by id.
    pub fn loads(&self) -> impl Iterator<Item = &Load> {
        self.loads.values()
    }

    /// The highest sequence number that a commit recorded.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The log files that must be there; `None` before the first one was begun.
    #[must_use]
    pub fn log_files(&self) -> Option<LogFiles> {
        self.log_files
    }
}

#[cfg(test)]
mod tests;
