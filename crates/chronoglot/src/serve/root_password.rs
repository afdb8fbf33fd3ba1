//! Root's password: from a file at every start, or made and said once.

use engine::{Caller, Engine, ROOT_USER, UserChange};
use model::{Error, ErrorKind, Result};
use std::path::Path;

/// Letters and digits that cannot be mistaken for each other.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH: usize = 20;

/// Gives root the password of the file, or a new one if it has none; answers a password that was
/// made. An insecure server needs none: there root has the documented one at each door.
pub(crate) async fn ensure_root_password(
    engine: &Engine,
    file: Option<&Path>,
    insecure: bool,
) -> Result<Option<String>> {
    let catalog = engine.catalog();
    let root = catalog.user_named(ROOT_USER).ok_or_else(|| Error::internal("the store has no user root"))?;
    let caller = Caller { user: root.id, name: root.name.clone() };
    if let Some(file) = file {
        let password = read(file)?;
        // The hash changes with every setting, so what already holds is left as it is.
        if engine.log_in(ROOT_USER, &password).await.is_err() {
            set(engine, &caller, password).await?;
        }
        return Ok(None);
    }
    if insecure || root.password_hash.is_some() {
        return Ok(None);
    }
    let password = random_password()?;
    set(engine, &caller, password.clone()).await?;
    Ok(Some(password))
}

async fn set(engine: &Engine, root: &Caller, password: String) -> Result<()> {
    engine.alter_user(root, root.user, UserChange { password: Some(Some(password)), ..UserChange::default() }).await
}

fn read(file: &Path) -> Result<String> {
    let operation = format!("read {}", file.display());
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::new(ErrorKind::Io { operation, reason: error.to_string() }))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        let reason = format!("{}: holds no password", file.display());
        return Err(Error::new(ErrorKind::InvalidDefinition { reason }));
    }
    Ok(password.to_owned())
}

fn random_password() -> Result<String> {
    let mut password = String::with_capacity(LENGTH);
    let mut bytes = [0; 64];
    while password.len() < LENGTH {
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        // Bytes beyond a multiple of the alphabet would favour its first letters.
        let fair = bytes.iter().filter(|byte| usize::from(**byte) < 256 / ALPHABET.len() * ALPHABET.len());
        let letters = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        password.extend(letters.take(LENGTH - password.len()));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_differ() {
        let (a, b) = (random_password().unwrap(), random_password().unwrap());
        assert_eq!(a.len(), LENGTH);
        assert_ne!(a, b);
        assert!(a.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
