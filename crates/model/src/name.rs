//! What may be a name.

use crate::{Error, ErrorKind, Result};

/// The longest name of a database, table, column or user, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 192;

/// Checks a name that is about to be stored: non-empty UTF-8 without control characters, at most
/// [`NAME_BYTES_MAX`] bytes. Folding and quoting are over when this is called.
///
/// # Errors
/// [`ErrorKind::InvalidName`] with the reason.
pub fn check_name(name: &str) -> Result<()> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "it is longer than 192 bytes"
    } else if name.chars().any(char::is_control) {
        "it holds a control character"
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::InvalidName { name: name.to_owned(), reason: reason.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names_are_utf8_without_control_characters() {
        for good in ["m", "sys.cpu.usage", "with space", "表", &"x".repeat(192)] {
            assert!(check_name(good).is_ok(), "{good:?}");
        }
        for bad in ["", "a\nb", "\u{7f}", &"x".repeat(193), &"表".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
