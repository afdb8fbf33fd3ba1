//! What may be a path: relative to the data directory and inside it.

use std::io;
use std::path::{Component, Path};

/// The names that a path is made of, from the data directory down.
pub(crate) fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => names.push(name.to_str().ok_or_else(|| outside(path))?),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(outside(path)),
        }
    }
    Ok(names)
}

fn outside(path: &Path) -> io::Error {
    let reason = format!("{} is no UTF-8 path inside the data directory", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

#[cfg(test)]
mod tests {
    use super::names;
    use std::path::Path;

    #[test]
    fn a_path_stays_inside_the_data_directory() {
        assert_eq!(names(Path::new("a/./b")).unwrap(), ["a", "b"]);
        assert!(names(Path::new("")).unwrap().is_empty());
        for bad in ["/a", "..", "a/../../b"] {
            assert!(names(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
