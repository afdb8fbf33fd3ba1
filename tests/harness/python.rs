//! The Python that some tests need beside the program.

use std::process::Command;

/// `CHRONOGLOT_TEST_PYTHON`, if it has the module; else says that a test is skipped. A module that is
/// installed and does not load is no reason to skip.
pub(crate) fn python_with(module: &str) -> Option<String> {
    let Ok(python) = std::env::var("CHRONOGLOT_TEST_PYTHON") else {
        eprintln!("SKIPPED: set CHRONOGLOT_TEST_PYTHON to a Python that has {module}");
        return None;
    };
    let find = format!("import importlib.util; print(importlib.util.find_spec('{module}') is not None)");
    let output = Command::new(&python).args(["-c", &find]).output().unwrap();
    assert!(output.status.success(), "{python}: {}", String::from_utf8_lossy(&output.stderr));
    if output.stdout.trim_ascii() != b"True" {
        eprintln!("SKIPPED: {python} has no module {module}");
        return None;
    }
    Some(python)
}
