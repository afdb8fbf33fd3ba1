//! From the operating system's errors to the catalogue of errors.

use model::{Error, ErrorKind};
use std::io;
use std::path::Path;

/// What Unix says where the process, or the whole system, may open no more files.
const NO_HANDLES: [i32; 2] = [24, 23];

/// The error of a file operation: [`ErrorKind::DiskFull`] when there is no room,
/// [`ErrorKind::Overloaded`] when no more files may be open, else [`ErrorKind::Io`]; the latter two
/// name the operation, such as `write`, and the path.
#[must_use]
pub fn io_error(operation: &str, path: &Path, error: &io::Error) -> Error {
    Error::new(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::DiskFull {},
        _ if error.raw_os_error().is_some_and(|code| NO_HANDLES.contains(&code)) => ErrorKind::Overloaded {
            what: format!("it may open no more files (ulimit -n), which it must to {operation} {}", path.display()),
        },
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
        let open = io::Error::from_raw_os_error(24);
        assert_eq!(
            io_error("open", Path::new("segments/7/1.parquet"), &open).to_string(),
            "the server is busy: it may open no more files (ulimit -n), which it must to open segments/7/1.parquet"
        );
        let other = io::Error::other("cable fell out");
        assert_eq!(io_error("write", Path::new("log/1"), &other).to_string(), "write log/1: cable fell out");
    }
}
