//! `chronoglot sql`: sends statements one by one and prints the answers.

use crate::arguments::{Format, SqlArguments};
use crate::client::{Answer, Cell, Client, ClientError};
use crate::terminal::{complain, note, result_table, say, say_whole};
use kwdb::sql::{ParsedStatement, Statement, StatementKind, parse};
use serde_json::Value;
use std::io::{self, IsTerminal, Read};

/// Runs the command.
pub(crate) fn run(arguments: &SqlArguments) -> Result<(), String> {
    let text = match &arguments.execute {
        Some(text) => text.clone(),
        None => {
            if io::stdin().is_terminal() {
                note("Statements, separated by semicolons; Ctrl-D ends them and sends them. -e gives them at once.");
            }
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
            text
        }
    };
    let client = Client::new(&arguments.connection).map_err(|error| error.to_string())?;
    let mut database = arguments.db.clone();
    for statement in parse(&text) {
        execute(&client, &statement, &mut database, arguments.format)
            .map_err(|error| format!("{error}\n  in: {}", first_line(&statement.text)))?;
    }
    Ok(())
}

/// Sends one statement to the endpoint for its kind. What does not parse goes too: the server says
/// what is wrong with it.
fn execute(
    client: &Client,
    statement: &ParsedStatement,
    database: &mut Option<String>,
    format: Format,
) -> Result<(), ClientError> {
    match statement.kind {
        StatementKind::Query | StatementKind::Show | StatementKind::Explain | StatementKind::Other => {
            let answer = client.query(&statement.text, database.as_deref())?;
            print(&answer, format);
            if answer.truncated {
                complain("the server cut this result at its size limit: narrow the query for the rest");
            }
        }
        StatementKind::Insert => {
            let rows = client.insert(&statement.text, database.as_deref())?;
            acknowledge(&format!("{rows} row{} written", if rows == 1 { "" } else { "s" }), format);
        }
        _ => {
            client.define(&statement.text, database.as_deref())?;
            // USE lasts for one request at the server: the client carries it over to the next.
            if let Ok(Statement::Use(name)) = &statement.statement {
                *database = Some(name.value.clone());
            }
            acknowledge("OK", format);
        }
    }
    Ok(())
}

/// Says that a statement without rows was done, unless the output is for a program.
fn acknowledge(line: &str, format: Format) {
    if format == Format::Table {
        say(line);
    }
}

fn print(answer: &Answer, format: Format) {
    match format {
        Format::Table => say(result_table(answer)),
        Format::Csv => say_whole(&csv_text(answer)),
        Format::Json => {
            for row in &answer.rows {
                say(json_text(answer, row));
            }
        }
    }
}

/// One row as a JSON object, in the order of the columns. Columns of one name all stand there.
fn json_text(answer: &Answer, row: &[Cell]) -> String {
    let fields = answer.columns.iter().zip(row);
    let fields = fields.map(|(column, cell)| format!("{}:{}", Value::from(column.name.as_str()), cell.json()));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// CSV with a header; NULL is empty.
fn csv_text(answer: &Answer) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = answer.columns.iter().map(|column| column.name.clone()).collect();
    let rows = answer
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| if *cell == Cell::Null { String::new() } else { cell.to_string() }).collect());
    for record in std::iter::once::<Vec<String>>(header).chain(rows) {
        // Writing to memory cannot fail, and records have one length.
        let _infallible = writer.write_record(&record);
    }
    writer.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn first_line(statement: &str) -> &str {
    statement.trim().lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::AnswerColumn;

    fn answer(columns: &[&str], rows: Vec<Vec<Cell>>) -> Answer {
        let columns = columns.iter().map(|name| AnswerColumn { name: (*name).to_owned() }).collect();
        Answer { columns, rows, truncated: false }
    }

    #[test]
    fn csv_quotes_what_needs_it_and_leaves_null_empty() {
        let rows = vec![
            vec![Cell::Number("1.50".into()), Cell::Null],
            vec![Cell::Text("x\"y".into()), Cell::Bool(true)],
            vec![Cell::Null, Cell::Text("blanks  ".into())],
        ];
        assert_eq!(csv_text(&answer(&["a", "b,c"], rows)), "a,\"b,c\"\n1.50,\n\"x\"\"y\",true\n,blanks  \n");
    }

    #[test]
    fn json_keeps_order_digits_and_columns_of_one_name() {
        let answer = answer(&["b", "a\"", "b"], Vec::new());
        let row = [Cell::Number("12345678901234567890.10".into()), Cell::Text("x\n".into()), Cell::Null];
        assert_eq!(json_text(&answer, &row), r#"{"b":12345678901234567890.10,"a\"":"x\n","b":null}"#);
    }
}
