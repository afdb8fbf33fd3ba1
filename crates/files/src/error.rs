//! From the operating system's errors to the catalogue of errors.

use model::{Error, ErrorKind};
use std::io;
use std::path::Path;

/// The error of a file operation: [`ErrorKind::DiskFull`] when there is no room, else
/// [`ErrorKind::Io`] that names the operation, such as `write`, and the path.
#[must_use]
pub fn io_error(operation: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull {},
        _ => ErrorKind::Io { operation: format!("{operation} {}", path.display()), reason: error.to_string() },
    })
}

#[cfg(test)]
mod tests {
    use super::io_error;
    use model::ErrorKind;
    use std::io;
    use std::path::Path;

    #[test]
    fn a_full_disk_is_told_from_other_errors() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(*io_error("write", Path::new("log/1"), &full).kind, ErrorKind::DiskFull {});
        let other = io::Error::other("cable fell out");
        assert_eq!(io_error("write", Path::new("log/1"), &other).to_string(), "write log/1: cable fell out");
    }
}
