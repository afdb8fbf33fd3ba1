//! What people see: lines on standard output, complaints on standard error, result tables.

use crate::client::Answer;
use comfy_table::presets::ASCII_FULL_CONDENSED;
use comfy_table::{ContentArrangement, Table};
use std::fmt::Display;
use std::io::{self, Write};

/// Prints a line. A closed pipe (`| head`) is no failure: there is nobody left to tell.
pub(crate) fn say(line: impl Display) {
    let _closed_pipe = writeln!(io::stdout(), "{line}");
}

/// Prints text that has its line ends.
pub(crate) fn say_whole(text: &str) {
    let _closed_pipe = io::stdout().write_all(text.as_bytes());
}

/// Tells people something that is no result.
pub(crate) fn note(line: &str) {
    let _closed_pipe = writeln!(io::stderr(), "{line}");
}

/// Prints an error for people.
pub(crate) fn complain(error: impl Display) {
    let _closed_pipe = writeln!(io::stderr(), "error: {error}");
}

/// A result as an aligned table, with the number of rows below.
pub(crate) fn result_table(answer: &Answer) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(answer.columns.iter().map(|column| column.name.as_str()));
    for row in &answer.rows {
        table.add_row(row.iter().map(ToString::to_string));
    }
    let rows = answer.rows.len();
    format!("{table}\n({rows} row{})", if rows == 1 { "" } else { "s" })
}
