//! A report for programs.

use serde_json::{Value, json};
use storage::{AffectedRows, CheckReport, Repaired};

/// One object.
pub(crate) fn object(report: &CheckReport, repaired: Option<&Repaired>) -> Value {
    let tables = report.tables.iter().map(|table| {
        json!({
            "id": table.id.0, "name": table.name, "rows": table.rows, "segments": table.segments,
            "bytes": table.bytes, "series": table.series,
        })
    });
    let faults = report.faults.iter().map(|fault| {
        let affected: Vec<Value> = fault.affected.iter().map(rows).collect();
        json!({
            "file": fault.file, "reason": fault.reason, "affected": affected, "remedy": fault.remedy.to_string(),
        })
    });
    json!({
        "sound": report.is_sound(),
        "tables": tables.collect::<Vec<_>>(),
        "log": { "files": report.log_files, "records": report.log_records, "bytes": report.log_bytes },
        "faults": faults.collect::<Vec<_>>(),
        "leftovers": report.leftovers,
        "repaired": repaired.map(|repaired| {
            let affected: Vec<Value> = repaired.affected.iter().map(rows).collect();
            json!({ "done": repaired.done, "left": repaired.left, "affected": affected })
        }),
    })
}

fn rows(rows: &AffectedRows) -> Value {
    json!({
        "table": rows.table,
        "rows": rows.rows,
        "partition": rows.partition.as_ref().map(|(start, seconds)| json!({ "start": start, "seconds": seconds })),
        "keys": rows.keys.as_ref().map(|(first, last)| [first, last]),
        "times": rows.times.as_ref().map(|(first, last)| [first, last]),
    })
}
