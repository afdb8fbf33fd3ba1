//! One store behind every door: what one dialect writes, makes, grants or drops is at once so in
//! all the others. Each test is a table, and what fails names its row and column of the table.

mod cell;
mod claims;
mod columns;
mod crash;
mod demo;
mod door;
mod folding;
mod kinds;
mod made_tables;
mod names;
mod narrow;
mod same_data;
mod schema;
mod users;

use crate::harness::{Program, TempDir};
use door::Client;
use std::fmt::Display;

/// A program with a database of that name, and root at its doors.
fn with_database(data: &TempDir, database: &str) -> (Program, Client) {
    let program = Program::insecure(data.path());
    let root = Client::root(&program);
    root.kwdb("ddl", "defaultdb", &format!("create ts database {database}")).unwrap();
    (program, root)
}

/// What did not hold, cell by cell of a test's table; fails the test at its end.
#[derive(Debug, Default)]
struct Faults(Vec<String>, usize);

impl Faults {
    /// One cell of the table.
    fn check(&mut self, cell: impl Display, outcome: Result<(), String>) {
        self.1 += 1;
        if let Err(fault) = outcome {
            self.0.push(format!("{cell}: {fault}"));
        }
    }

    /// All cells of the table.
    fn end(self, table: &str) {
        assert!(self.0.is_empty(), "{table}: {} of {} fail:\n{}", self.0.len(), self.1, self.0.join("\n"));
        assert!(self.1 > 0, "{table}: nothing was checked");
        eprintln!("{table}: {} cells hold", self.1);
    }
}

/// Fails unless both are the same, and shows both.
fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("found {found:?}, expected {expected:?}")) }
}
