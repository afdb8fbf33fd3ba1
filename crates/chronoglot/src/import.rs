//! `chronoglot import`: CSV files into a table, in multi-row INSERTs.

mod lines;
mod progress;
mod statement;

use crate::arguments::ImportArguments;
use crate::client::{Client, ClientError};
use crate::terminal::{complain, say};
use lines::{Line, lines_of};
use progress::Progress;
use statement::InsertTemplate;
use std::time::Instant;

/// Rows in one INSERT: large enough that its cost is in the rows.
const BATCH_LINES: usize = 1_000;

/// Bytes of CSV in one INSERT at most, so that wide rows stay below the server's limits.
const BATCH_BYTES: usize = 4 << 20;

/// Runs the command.
pub(crate) fn run(arguments: &ImportArguments) -> Result<(), String> {
    let client = Client::new(&arguments.connection).map_err(|error| error.to_string())?;
    let template = InsertTemplate::new(&client, &arguments.table, arguments.columns.as_deref())?;
    let mut import = Import {
        client,
        template,
        progress: Progress::new(&arguments.files),
        skip_bad: arguments.skip_bad,
        written: 0,
        lines_left_out: 0,
        bad: Vec::new(),
    };
    let started = Instant::now();
    let outcome = arguments.files.iter().try_for_each(|file| {
        let mut batch = Vec::new();
        let mut bytes = 0;
        import.progress.begin(file);
        for line in lines_of(file, arguments.header)? {
            let line = match line {
                Ok(line) => line,
                Err(bad) => {
                    import.write(&std::mem::take(&mut batch))?;
                    bytes = 0;
                    import.refused(bad.reason, bad.lines)?;
                    continue;
                }
            };
            bytes += line.bytes;
            batch.push(line);
            if batch.len() == BATCH_LINES || bytes >= BATCH_BYTES {
                import.write(&std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        import.write(&batch)
    });
    import.progress.finish();
    for bad in &import.bad {
        complain(format!("left out {bad}"));
    }
    let seconds = started.elapsed().as_secs_f64();
    say(format!("{} rows written in {seconds:.2} s, {} lines left out", import.written, import.lines_left_out));
    outcome
}

struct Import {
    client: Client,
    template: InsertTemplate,
    progress: Progress,
    skip_bad: bool,
    written: u64,
    lines_left_out: u64,
    bad: Vec<String>,
}

impl Import {
    /// Writes lines in order. A statement is all or nothing, so a refused one is halved until the
    /// bad line stands alone.
    fn write(&mut self, lines: &[Line]) -> Result<(), String> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
        let matching = lines.iter().filter(|line| line.values.len() == self.template.columns());
        if matching.count() == lines.len() {
            match self.client.insert(&self.template.statement(lines), None) {
                Ok(rows) => {
                    self.written += rows;
                    self.progress.advance(last.end_of_line, self.written);
                    return Ok(());
                }
                // No line is to blame: the next one would fare no better.
                Err(ClientError::Failed(reason)) => {
                    return Err(format!("{}: {reason}\nthe lines before it are stored", first.place));
                }
                Err(ClientError::Refused(reason)) if lines.len() == 1 => {
                    return self.refused(format!("{}: {reason}", first.place), first.lines);
                }
                Err(ClientError::Refused(_)) => {}
            }
        } else if lines.len() == 1 {
            let (values, columns) = (first.values.len(), self.template.columns());
            let quote = if first.lines > 1 { "; perhaps a quote is opened there and not closed" } else { "" };
            let reason = format!("{}: {values} values for {columns} columns{quote}", first.place);
            return self.refused(reason, first.lines);
        }
        let (front, back) = lines.split_at(lines.len() / 2);
        self.write(front)?;
        self.write(back)
    }

    /// A bad row ends the import, or is kept for the list.
    fn refused(&mut self, reason: String, lines: u64) -> Result<(), String> {
        if !self.skip_bad {
            return Err(format!("{reason}\nthe lines before it are stored; --skip-bad goes on after bad lines"));
        }
        self.lines_left_out += lines;
        self.bad.push(reason);
        Ok(())
    }
}
