//! A report for people.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use std::fmt::Write;
use std::path::Path;
use storage::{CheckReport, Repaired};

/// The lines, without the last line end.
pub(crate) fn text(directory: &Path, report: &CheckReport, repaired: Option<&Repaired>) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _infallible = writeln!(out, "{text}");
    };
    let segments: u64 = report.tables.iter().map(|table| table.segments).sum();
    let bytes: u64 = report.tables.iter().map(|table| table.bytes).sum();
    line(format!(
        "checked {}: {} tables, {segments} segments of {bytes} bytes, {} records in {} log files of {} bytes",
        directory.display(),
        report.tables.len(),
        report.log_records,
        report.log_files,
        report.log_bytes
    ));
    if !report.tables.is_empty() {
        line(tables(report));
    }
    for fault in &report.faults {
        line(format!("wrong: {}: {}", fault.file, fault.reason));
        for rows in &fault.affected {
            line(format!("  affected: {rows}"));
        }
        if repaired.is_none() {
            line(format!("  {}", fault.remedy));
        }
    }
    for leftover in &report.leftovers {
        line(format!("left over: {leftover}: nothing names it; harmless"));
    }
    if let Some(repaired) = repaired {
        repaired.done.iter().for_each(|done| line(format!("repaired: {done}")));
        repaired.affected.iter().for_each(|rows| line(format!("lost, or as before their last change: {rows}")));
        repaired.left.iter().for_each(|left| line(format!("left: {left}")));
    } else if report.is_sound() {
        line("nothing is wrong".to_owned());
    }
    out.truncate(out.trim_end().len());
    out
}

fn tables(report: &CheckReport) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["table", "id", "rows", "segments", "bytes", "series", "wrong"]);
    for checked in &report.tables {
        let series = checked.series.map_or_else(|| "-".to_owned(), |series| series.to_string());
        let numbers = [checked.rows, checked.segments, checked.bytes].map(|number| number.to_string());
        let mut row = vec![checked.name.clone(), checked.id.to_string()];
        row.extend(numbers);
        row.extend([series, checked.wrong.to_string()]);
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
