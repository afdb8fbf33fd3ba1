//! `GRANT` and `REVOKE`: READ is select, WRITE is insert, update and delete.

use super::user;
use crate::context::Context;
use crate::error::coded;
use crate::names::Found;
use crate::sql::statement::{GrantStatement, ObjectName};
use catalog::Catalog;
use model::{Error, ErrorKind, Grant, Privilege, Privileges, Result, Scope};

/// Every word with what it stands for.
pub(crate) const WORDS: [(&str, &[Privilege]); 3] = [
    ("READ", &[Privilege::Select]),
    ("WRITE", &[Privilege::Insert, Privilege::Update, Privilege::Delete]),
    ("ALTER", &[Privilege::Create, Privilege::Alter, Privilege::Drop]),
];

fn privileges_of(words: &[String]) -> Privileges {
    let named = |name: &str| words.iter().any(|word| word == name || word == "ALL");
    WORDS.iter().filter(|(name, _)| named(name)).flat_map(|(_, set)| set.iter().copied()).collect()
}

/// The fewest words that cover a set.
pub(crate) fn words_of(privileges: Privileges) -> Vec<&'static str> {
    let touches = |set: &[Privilege]| set.iter().any(|privilege| privileges.contains(*privilege));
    let words: Vec<&'static str> = WORDS.iter().filter(|(_, set)| touches(set)).map(|(word, _)| *word).collect();
    if words.len() == WORDS.len() { vec!["ALL"] } else { words }
}

fn scope(context: &Context, catalog: &Catalog, statement: &GrantStatement) -> Result<Scope> {
    match (&statement.database, &statement.table) {
        (None, _) => Ok(Scope::All),
        (Some(database), None) => {
            let missing = || Error::new(ErrorKind::DatabaseNotFound { database: database.clone() });
            catalog.database_named(database).map(|database| Scope::Database(database.id)).ok_or_else(missing)
        }
        (Some(database), Some(table)) => {
            let name = ObjectName { database: Some(database.clone()), name: table.clone() };
            match context.find(catalog, &name)? {
                Found::Child(..) => Err(coded(0x2644, "a grant on a child table is not supported")),
                other => Ok(Scope::Table(other.table().id)),
            }
        }
    }
}

/// Gives privileges.
///
/// # Errors
/// Unknown names, no privilege.
pub(super) async fn grant(context: &Context, statement: &GrantStatement) -> Result<()> {
    let catalog = context.catalog();
    let grantee = user::find(&catalog, &statement.user)?.id;
    let scope = scope(context, &catalog, statement)?;
    let privileges = privileges_of(&statement.privileges);
    let grant = Grant { grantee, scope, privileges, grantable: Privileges::NONE };
    context.engine().grant(context.caller(), grant).await
}

/// Takes privileges away.
///
/// # Errors
/// Unknown names, no privilege.
pub(super) async fn revoke(context: &Context, statement: &GrantStatement) -> Result<()> {
    let catalog = context.catalog();
    let grantee = user::find(&catalog, &statement.user)?.id;
    let scope = scope(context, &catalog, statement)?;
    context.engine().revoke(context.caller(), grantee, scope, privileges_of(&statement.privileges)).await
}

#[cfg(test)]
mod tests {
    use super::{privileges_of, words_of};
    use model::Privilege;

    #[test]
    fn words_are_sets_and_back() {
        let write = privileges_of(&["WRITE".to_owned()]);
        assert!(write.contains(Privilege::Delete) && !write.contains(Privilege::Select));
        assert_eq!(words_of(write), ["WRITE"]);
        assert_eq!(words_of(privileges_of(&["ALL".to_owned()])), ["ALL"]);
        assert_eq!(words_of(privileges_of(&["READ".to_owned(), "WRITE".to_owned()])), ["READ", "WRITE"]);
    }
}
