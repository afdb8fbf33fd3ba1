//! The INSERT statement that carries a batch of lines.

use super::lines::Line;
use crate::client::{Cell, Client};

/// What stays the same in every INSERT of an import.
#[derive(Debug)]
pub(crate) struct InsertTemplate {
    head: String,
    columns: usize,
}

impl InsertTemplate {
    /// Asks the server for the table's columns where the command line does not name them.
    pub(crate) fn new(client: &Client, table: &str, columns: Option<&[String]>) -> Result<Self, String> {
        let quoted: Vec<String> = table.split('.').map(quote_name).collect();
        let table = quoted.join(".");
        let answer = client.query(&format!("SHOW COLUMNS FROM {table}"), None).map_err(|error| error.to_string())?;
        let field = |name: &str| answer.columns.iter().position(|column| column.name == name);
        let (Some(name), Some(hidden)) = (field("column_name"), field("is_hidden")) else {
            return Err("the server's SHOW COLUMNS lacks column_name or is_hidden".to_owned());
        };
        let known: Vec<&str> = answer
            .rows
            .iter()
            .filter(|row| row.get(hidden) != Some(&Cell::Bool(true)))
            .filter_map(|row| row.get(name).and_then(Cell::as_text))
            .collect();
        let columns: Vec<String> = match columns {
            Some(given) => {
                if let Some(unknown) = given.iter().find(|column| !known.contains(&column.as_str())) {
                    return Err(format!("column \"{unknown}\" does not exist; the table has {}", known.join(", ")));
                }
                given.to_vec()
            }
            None => known.into_iter().map(str::to_owned).collect(),
        };
        let names: Vec<String> = columns.iter().map(|column| quote_name(column)).collect();
        Ok(Self { head: format!("INSERT INTO {table} ({}) VALUES ", names.join(", ")), columns: columns.len() })
    }

    /// How many values a line must have.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The statement for some lines. Every value goes as text, which the server reads as the
    /// column's type, so that no digit is lost on the way.
    pub(crate) fn statement(&self, lines: &[Line]) -> String {
        let mut statement = self.head.clone();
        for (index, line) in lines.iter().enumerate() {
            statement.push_str(if index == 0 { "(" } else { ",(" });
            for (column, value) in line.values.iter().enumerate() {
                if column > 0 {
                    statement.push(',');
                }
                if value.is_empty() {
                    statement.push_str("NULL");
                } else {
                    statement.push('\'');
                    statement.push_str(&value.replace('\'', "''"));
                    statement.push('\'');
                }
            }
            statement.push(')');
        }
        statement
    }
}

fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_and_empty_ones_are_null() {
        let template = InsertTemplate { head: "INSERT INTO \"d\".\"t\" (\"a\", \"b\") VALUES ".into(), columns: 2 };
        let line = |values: [&str; 2]| Line {
            place: String::new(),
            lines: 1,
            values: values.map(str::to_owned).to_vec(),
            bytes: 0,
            end_of_line: 0,
        };
        assert_eq!(
            template.statement(&[line(["1", ""]), line(["it's", "2"])]),
            "INSERT INTO \"d\".\"t\" (\"a\", \"b\") VALUES ('1',NULL),('it''s','2')"
        );
    }
}
