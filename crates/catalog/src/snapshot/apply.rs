//! Applying changes to a catalogue. Whatever passes here is consistent: names are unique, and
//! nothing refers to what does not exist. Loading from disk goes the same way, so that a stored
//! catalogue is checked by the same rules.

use super::{Catalog, TableNames};
use crate::{Change, Database, Load, LoadState, LogFiles, Membership, TableManifest, User};
use model::{DatabaseId, Error, ErrorKind, Grant, LoadId, Result, Scope, Sequence, Table, TableId, UserId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The identity of one thing that is stored by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Database(DatabaseId),
    Table(TableId),
    Dropped(TableId),
    User(UserId),
    Grant(UserId, Scope),
    Membership { role: UserId, member: UserId },
    Setting(String),
    Manifest(TableId),
    Load(LoadId),
    Sequence,
    LogFiles,
}

/// A version in the making, with what was touched on the way.
#[derive(Debug)]
pub(crate) struct Edit {
    catalog: Catalog,
    touched: BTreeSet<Part>,
}

impl Edit {
    pub(crate) fn new(catalog: &Catalog) -> Self {
        Self { catalog: catalog.clone(), touched: BTreeSet::new() }
    }

    /// The next version, and every part that may differ in it.
    pub(crate) fn finish(self) -> (Catalog, BTreeSet<Part>) {
        let version = self.catalog.version + 1;
        (Catalog { version, ..self.catalog }, self.touched)
    }

    pub(crate) fn apply(&mut self, change: Change) -> Result<()> {
        match change {
            Change::PutDatabase(database) => self.put_database(database)?,
            Change::DropDatabase(id) => self.drop_database(id)?,
            Change::PutTable(table) => self.put_table(*table)?,
            Change::DropTable(id) => self.drop_table(id)?,
            Change::ForgetDropped(ids) => {
                for id in ids {
                    Arc::make_mut(&mut self.catalog.dropped).remove(&id);
                    self.touched.insert(Part::Dropped(id));
                }
            }
            Change::PutUser(user) => self.put_user(user)?,
            Change::DropUser(id) => self.drop_user(id)?,
            Change::PutGrant(grant) => self.put_grant(grant)?,
            Change::RemoveGrant(grantee, scope) => self.remove_grant(grantee, scope),
            Change::PutMembership(membership) => self.put_membership(membership)?,
            Change::RemoveMembership { role, member } => self.remove_membership(role, member),
            Change::PutSetting(name, value) => {
                let settings = Arc::make_mut(&mut self.catalog.settings);
                match value {
                    Some(value) => settings.insert(name.clone(), value),
                    None => settings.remove(&name),
                };
                self.touched.insert(Part::Setting(name));
            }
            Change::PutManifest(table, manifest) => self.put_manifest(table, manifest)?,
            Change::PutSequence(sequence) => self.put_sequence(sequence),
            Change::BeginLogFile(number) => self.begin_log_file(number),
            Change::TrimLog(first) => self.trim_log(first)?,
            Change::PutLoad(load) => self.put_load(load)?,
            Change::ForgetLoads(ids) => {
                for id in ids {
                    Arc::make_mut(&mut self.catalog.loads).remove(&id);
                    self.touched.insert(Part::Load(id));
                }
            }
        }
        Ok(())
    }

    /// Remembers a dropped table; for loading.
    pub(crate) fn put_dropped(&mut self, id: TableId) {
        Arc::make_mut(&mut self.catalog.dropped).insert(id);
        self.touched.insert(Part::Dropped(id));
    }

    fn put_load(&mut self, load: Load) -> Result<()> {
        let id = load.id;
        let namesake = self.catalog.load_named(load.database, &load.label);
        let is_taken = namesake.is_some_and(|other| other.id != id && other.state != LoadState::Aborted);
        if is_taken && load.state != LoadState::Aborted {
            let (constraint, columns) = ("label".to_owned(), vec!["label".to_owned()]);
            return Err(ErrorKind::DuplicateKey { constraint, columns, values: vec![load.label] }.into());
        }
        Arc::make_mut(&mut self.catalog.loads).insert(id, load);
        self.touched.insert(Part::Load(id));
        Ok(())
    }

    fn put_sequence(&mut self, sequence: Sequence) {
        self.catalog.sequence = self.catalog.sequence.max(sequence);
        self.touched.insert(Part::Sequence);
    }

    /// Sets the files of the log; for loading.
    pub(crate) fn put_log_files(&mut self, files: LogFiles) {
        self.catalog.log_files = Some(files);
        self.touched.insert(Part::LogFiles);
    }

    fn begin_log_file(&mut self, number: u64) {
        let files = self.catalog.log_files.unwrap_or(LogFiles { first: number, last: number });
        self.put_log_files(LogFiles { last: files.last.max(number), ..files });
    }

    fn trim_log(&mut self, first: u64) -> Result<()> {
        match self.catalog.log_files {
            Some(files) if first <= files.last => {
                self.put_log_files(LogFiles { first: files.first.max(first), ..files });
                Ok(())
            }
            files => Err(Error::internal(format_args!("the log {files:?} cannot be trimmed up to {first}"))),
        }
    }

    fn put_database(&mut self, database: Database) -> Result<()> {
        let id = database.id;
        if self.catalog.database_names.get(database.name.as_str()).is_some_and(|other| *other != id) {
            return Err(ErrorKind::DatabaseExists { database: database.name }.into());
        }
        let names = Arc::make_mut(&mut self.catalog.database_names);
        if let Some(former) = self.catalog.databases.get(&id) {
            names.remove(former.name.as_str());
        }
        names.insert(database.name.as_str().into(), id);
        Arc::make_mut(&mut self.catalog.databases).insert(id, Arc::new(database));
        self.touched.insert(Part::Database(id));
        Ok(())
    }

    fn drop_database(&mut self, id: DatabaseId) -> Result<()> {
        let database = Arc::make_mut(&mut self.catalog.databases).remove(&id);
        let database = database.ok_or_else(|| self.catalog.no_database(id))?;
        self.catalog.former_names.keep(id.0, &database.name);
        Arc::make_mut(&mut self.catalog.database_names).remove(database.name.as_str());
        let tables = self.catalog.tables.values().filter(|table| table.database == id);
        for table in tables.map(|table| table.id).collect::<Vec<_>>() {
            self.remove_table(table);
        }
        Arc::make_mut(&mut self.catalog.table_names).remove(&id);
        self.remove_grants(|grant| grant.scope == Scope::Database(id));
        self.touched.insert(Part::Database(id));
        Ok(())
    }

    fn put_table(&mut self, table: Table) -> Result<()> {
        let (id, database) = (table.id, table.database);
        if self.catalog.database(database).is_none() {
            return Err(self.catalog.no_database(database));
        }
        if self.catalog.was_dropped(id) {
            return Err(Error::internal(format_args!("table id {id} was dropped and cannot be used again")));
        }
        if !table.hidden && self.catalog.table_named(database, &table.name).is_some_and(|other| other.id != id) {
            return Err(ErrorKind::TableExists { table: table.name }.into());
        }
        if let Some(former) = self.catalog.tables.get(&id).cloned() {
            self.remove_table_name(&former);
        }
        if !table.hidden {
            self.table_names(database).insert(table.name.as_str().into(), id);
        }
        Arc::make_mut(&mut self.catalog.tables).insert(id, Arc::new(table));
        self.touched.insert(Part::Table(id));
        Ok(())
    }

    fn drop_table(&mut self, id: TableId) -> Result<()> {
        let table = self.catalog.tables.get(&id).cloned().ok_or_else(|| self.catalog.no_table(id))?;
        self.remove_table(id);
        for unique in &table.unique {
            self.remove_table(unique.index);
        }
        Ok(())
    }

    /// Removes a table if it is there, and remembers that it was.
    fn remove_table(&mut self, id: TableId) {
        let Some(table) = Arc::make_mut(&mut self.catalog.tables).remove(&id) else { return };
        self.remove_table_name(&table);
        if !table.hidden {
            // The hidden tables of its unique sets are its own: their writes fail in its name.
            let hidden = table.unique.iter().map(|unique| unique.index);
            hidden.chain([id]).for_each(|id| self.catalog.former_names.keep(id.0, &table.name));
        }
        Arc::make_mut(&mut self.catalog.manifests).remove(&id);
        self.remove_grants(|grant| grant.scope == Scope::Table(id));
        self.touched.extend([Part::Table(id), Part::Manifest(id)]);
        self.put_dropped(id);
    }

    fn remove_table_name(&mut self, table: &Table) {
        if table.hidden {
            return;
        }
        let names = self.table_names(table.database);
        names.remove(table.name.as_str());
        if names.is_empty() {
            Arc::make_mut(&mut self.catalog.table_names).remove(&table.database);
        }
    }

    fn table_names(&mut self, database: DatabaseId) -> &mut TableNames {
        Arc::make_mut(Arc::make_mut(&mut self.catalog.table_names).entry(database).or_default())
    }

    fn put_user(&mut self, user: User) -> Result<()> {
        let id = user.id;
        if self.catalog.user_names.get(user.name.as_str()).is_some_and(|other| *other != id) {
            return Err(ErrorKind::UserExists { user: user.name }.into());
        }
        let names = Arc::make_mut(&mut self.catalog.user_names);
        if let Some(former) = self.catalog.users.get(&id) {
            names.remove(former.name.as_str());
        }
        names.insert(user.name.as_str().into(), id);
        Arc::make_mut(&mut self.catalog.users).insert(id, Arc::new(user));
        self.touched.insert(Part::User(id));
        Ok(())
    }

    fn drop_user(&mut self, id: UserId) -> Result<()> {
        let user = Arc::make_mut(&mut self.catalog.users).remove(&id);
        let user = user.ok_or_else(|| self.catalog.no_user(id))?;
        self.catalog.former_names.keep(id.0, &user.name);
        Arc::make_mut(&mut self.catalog.user_names).remove(user.name.as_str());
        self.remove_grants(|grant| grant.grantee == id);
        let memberships = self.catalog.memberships.keys().copied();
        for (role, member) in memberships.filter(|(role, member)| *role == id || *member == id).collect::<Vec<_>>() {
            self.remove_membership(role, member);
        }
        self.touched.insert(Part::User(id));
        Ok(())
    }

    fn check_user(&self, id: UserId) -> Result<()> {
        self.catalog.user(id).map(|_| ()).ok_or_else(|| self.catalog.no_user(id))
    }

    fn put_grant(&mut self, grant: Grant) -> Result<()> {
        let Grant { grantee, scope, privileges, .. } = grant;
        self.check_user(grantee)?;
        match scope {
            Scope::Database(id) if self.catalog.database(id).is_none() => return Err(self.catalog.no_database(id)),
            Scope::Table(id) if self.catalog.table(id).is_none() => return Err(self.catalog.no_table(id)),
            Scope::All | Scope::Database(_) | Scope::Table(_) => {}
        }
        if privileges.is_empty() {
            self.remove_grant(grantee, scope);
        } else {
            Arc::make_mut(&mut self.catalog.grants).insert((grantee, scope), grant);
            self.touched.insert(Part::Grant(grantee, scope));
        }
        Ok(())
    }

    fn remove_grant(&mut self, grantee: UserId, scope: Scope) {
        Arc::make_mut(&mut self.catalog.grants).remove(&(grantee, scope));
        self.touched.insert(Part::Grant(grantee, scope));
    }

    fn remove_grants(&mut self, which: impl Fn(&Grant) -> bool) {
        let ended = self.catalog.grants.values().filter(|grant| which(grant));
        for (grantee, scope) in ended.map(|grant| (grant.grantee, grant.scope)).collect::<Vec<_>>() {
            self.remove_grant(grantee, scope);
        }
    }

    fn put_membership(&mut self, membership: Membership) -> Result<()> {
        let Membership { role, member, .. } = membership;
        self.check_user(role)?;
        self.check_user(member)?;
        if self.is_within(role, member) {
            let name = |id| self.catalog.user(id).map_or("", |user| user.name.as_str());
            let (role, member) = (name(role), name(member));
            let reason = format!("\"{member}\" cannot be a member of \"{role}\": that would make a circle");
            return Err(ErrorKind::InvalidDefinition { reason }.into());
        }
        Arc::make_mut(&mut self.catalog.memberships).insert((role, member), membership);
        self.touched.insert(Part::Membership { role, member });
        Ok(())
    }

    /// Whether one user is another, or a member of it through any number of roles.
    fn is_within(&self, user: UserId, role: UserId) -> bool {
        user == role
            || self
                .catalog
                .memberships()
                .any(|membership| membership.member == user && self.is_within(membership.role, role))
    }

    fn remove_membership(&mut self, role: UserId, member: UserId) {
        Arc::make_mut(&mut self.catalog.memberships).remove(&(role, member));
        self.touched.insert(Part::Membership { role, member });
    }

    fn put_manifest(&mut self, table: TableId, manifest: TableManifest) -> Result<()> {
        if self.catalog.table(table).is_none() {
            return Err(self.catalog.no_table(table));
        }
        Arc::make_mut(&mut self.catalog.manifests).insert(table, Arc::new(manifest));
        self.touched.insert(Part::Manifest(table));
        Ok(())
    }
}
