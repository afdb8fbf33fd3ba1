//! What can be wrong with settings, in words for whoever wrote them.

use std::path::PathBuf;

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The file is not TOML, or a value in it is of the wrong kind.
    #[error("{}: {reason}", file.display())]
    InvalidFile {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        reason: String,
    },
    /// There is no such key.
    #[error("{origin}: there is no setting \"{key}\"{}", nearest.as_ref().map(|nearest| format!(", did you mean \"{nearest}\"?")).unwrap_or_default())]
    UnknownKey {
        /// The file or the environment.
        origin: String,
        /// The key as written.
        key: String,
        /// The known key most like it.
        nearest: Option<String>,
    },
    /// A variable's value cannot be the setting's.
    #[error("the environment variable {variable} cannot be \"{value}\": {reason}")]
    InvalidVariable {
        /// The variable.
        variable: String,
        /// Its value.
        value: String,
        /// What is expected.
        reason: String,
    },
    /// Values that cannot be, or not together.
    #[error("{reason}")]
    Conflict {
        /// Which and why.
        reason: String,
    },
}
