//! Where in our code an operation was asked for: the two innermost places on the stack, by file and
//! line where the build knows lines, else by the names of functions.

use std::backtrace::Backtrace;
use std::path::{Component, Path};

/// Layers that only hand an operation on.
const LAYERS: [&str; 5] =
    ["/files/src/", "/storage/src/tests", "/catalog/src/store/backend.rs", "/segment/sink.rs", "chronoglot_files::"];

/// The place that asked for the operation that this thread is about to make, and who called it.
pub(super) fn call_site() -> String {
    let stack = Backtrace::force_capture().to_string();
    let mut lines = stack.lines().map(str::trim_start).peekable();
    let mut frames = Vec::new();
    while let Some(line) = lines.next() {
        let Some((_, function)) = line.split_once(": ") else { continue };
        let at = lines.next_if(|next| next.starts_with("at ")).and_then(|at| file_and_line(&at[3..]));
        frames.extend(at.or_else(|| function.contains("chronoglot_").then(|| plain(function))));
    }
    frames.retain(|frame| !LAYERS.iter().any(|layer| frame.contains(layer)));
    frames.truncate(2);
    frames.join(" < ")
}

/// A file of this workspace, without the column.
fn file_and_line(at: &str) -> Option<String> {
    let (place, _column) = at.rsplit_once(':')?;
    let path = Path::new(place);
    let from = path.components().position(|part| part == Component::Normal("crates".as_ref()));
    match from {
        Some(from) => Some(path.components().skip(from).collect::<std::path::PathBuf>().display().to_string()),
        // Relative to where tests run.
        None => place.strip_prefix("./src/").map(|rest| format!("crates/storage/src/{rest}")),
    }
}

/// A function's path without its hash and what stands for closures.
fn plain(function: &str) -> String {
    let function = function.trim();
    let hash = function.rsplit_once("::h").filter(|(_, hash)| hash.len() == 16);
    hash.map_or(function, |(path, _)| path).replace("::{{closure}}", "")
}
