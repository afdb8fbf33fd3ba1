//! Who touches the disk: `files`, and the exceptions of this list, each with its reason.

use std::collections::BTreeSet;

/// Files outside `crates/files` that may touch the disk.
const EXCEPTIONS: &[(&str, &str)] = &[
    (
        "crates/server/src/certificates/store.rs",
        "certificates and keys are there for other programs too, with their own modes",
    ),
    ("crates/server/src/tls.rs", "certificates of the operator's own lie anywhere"),
    ("crates/server/src/settings/load.rs", "the settings file is read before there is a data directory"),
    ("crates/server/src/settings/memory.rs", "the kernel says in files how much memory there is"),
    ("crates/query/src/runtime.rs", "queries spill to a directory that is emptied at every start"),
    ("crates/query/src/testing.rs", "a test's directory goes with it"),
    ("crates/fuzzing/src/lib.rs", "the corpora of fuzz targets lie in the repository"),
    ("crates/engine/src/test_store.rs", "a test's directory goes with it"),
    ("crates/chronoglot/src/serve/root_password.rs", "the operator's password file"),
    ("crates/chronoglot/src/serve/dialects/type_page.rs", "a test compares a page of the documentation, or writes it"),
    ("crates/chronoglot/src/client.rs", "the client commands' password file and authority"),
    ("crates/chronoglot/src/import/lines.rs", "the files that are imported"),
];

/// What touching the disk looks like in a source.
const SIGNS: &[&str] = &["std::fs", "tokio::fs", "File::open", "File::create", "OpenOptions"];

/// Looks at one file after the other.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    used: BTreeSet<&'static str>,
}

impl Watch {
    /// Notes a fault if a file of the program touches the disk and may not.
    pub(crate) fn look(&mut self, file: &str, text: &str, faults: &mut Vec<String>) {
        let is_program = file.starts_with("crates/") && !file.starts_with("crates/files/");
        let is_test = file.ends_with("tests.rs") || file.contains("/tests/");
        let Some((line, sign)) = first_sign(text).filter(|_| is_program && !is_test) else { return };
        match EXCEPTIONS.iter().find(|(exception, _)| *exception == file) {
            Some((exception, _)) => {
                self.used.insert(exception);
            }
            None => faults.push(format!("{file}:{line}: {sign} goes to the disk past files (see xtask/src/disk.rs)")),
        }
    }

    /// Exceptions that nobody needs any more.
    pub(crate) fn stale(&self) -> impl Iterator<Item = String> + '_ {
        let unused = EXCEPTIONS.iter().filter(|(file, _)| !self.used.contains(file));
        unused.map(|(file, _)| format!("{file}: touches no disk, so that xtask/src/disk.rs need not list it"))
    }
}

fn first_sign(text: &str) -> Option<(usize, &'static str)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let sign = SIGNS.iter().find(|sign| line.contains(**sign))?;
        Some((index + 1, *sign))
    })
}
