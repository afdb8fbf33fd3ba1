//! What is sent: ten fields a row, a hundred series, in time order within each connection.

use super::connection::Connection;
use super::process::Server;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::time::Instant;

const SERIES: u64 = 100;
const FIELDS: u64 = 10;
const START_MS: u64 = 1_750_000_000_000;

/// Queries whose time is measured on all rows.
pub(crate) const QUERIES: [(&str, &str); 4] = [
    ("select count(*)", "select count(*) from cpu"),
    ("avg of one field by series", "select host, avg(f0) from cpu group by host"),
    (
        "one series, one hour, every field",
        "select * from cpu where host = 'h7' and ts >= '2025-06-15 15:06:40' and ts < '2025-06-15 16:06:40'",
    ),
    ("last reading of every series", "select host, last(f0) from cpu group by host"),
];

/// Queries that read every field of every row.
pub(crate) const LARGE_QUERIES: &[&str] = &["select * from cpu order by f1 limit 10", "select * from cpu"];

/// Asks one query after the other, each over so many connections at once.
pub(crate) fn ask_at_once(server: &Server, queries: &[&str], connections: u64) -> Result<(), String> {
    for query in queries {
        let ask = || Connection::open(server.address)?.post("query?db=bench", query).map(drop);
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..connections).map(|_| scope.spawn(ask)).collect();
            asking.into_iter().try_for_each(|asked| asked.join().map_err(|_| "a connection panicked".to_owned())?)
        })?;
    }
    Ok(())
}

/// A way to write.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// So many rows, some in each statement.
    Batches { rows: u64, rows_a_statement: u64 },
    /// So many statements of one row.
    Singles { requests: u64 },
}

/// Makes the table.
pub(crate) fn define(server: &Server) -> Result<(), String> {
    let mut connection = Connection::open(server.address)?;
    connection.post("ddl?db=defaultdb", "create ts database bench")?;
    let fields: Vec<String> = (0..FIELDS).map(|field| format!("f{field} float8")).collect();
    let table = format!(
        "create table cpu (ts timestamptz(3) not null, {}) tags (host varchar(20) not null) primary tags (host)",
        fields.join(", ")
    );
    connection.post("ddl?db=bench", &table).map(drop)
}

impl Load {
    /// Sends it all over so many connections; the seconds it took.
    pub(crate) fn run(self, server: &Server, connections: u64) -> Result<f64, String> {
        let faults = Mutex::new(Vec::new());
        let started = Instant::now();
        std::thread::scope(|scope| {
            for connection in 0..connections {
                let faults = &faults;
                scope.spawn(move || {
                    if let Err(fault) = self.send_share(server, connection, connections)
                        && let Ok(mut faults) = faults.lock()
                    {
                        faults.push(fault);
                    }
                });
            }
        });
        let seconds = started.elapsed().as_secs_f64();
        match faults.into_inner().unwrap_or_default().pop() {
            Some(fault) => Err(fault),
            None => Ok(seconds),
        }
    }

    fn send_share(self, server: &Server, connection: u64, connections: u64) -> Result<(), String> {
        let mut client = Connection::open(server.address)?;
        let (total, a_statement, offset) = match self {
            Self::Batches { rows, rows_a_statement } => (rows, rows_a_statement, 0),
            Self::Singles { requests } => (requests, 1, 1 << 32),
        };
        let mut first = connection * a_statement;
        while first < total {
            let statement = insert(offset + first..offset + total.min(first + a_statement));
            client.post("insert?db=bench", &statement)?;
            first += connections * a_statement;
        }
        Ok(())
    }
}

/// A statement that writes these rows.
pub(crate) fn insert(rows: Range<u64>) -> String {
    let mut statement = "insert into cpu values ".to_owned();
    for row in rows.clone() {
        if row > rows.start {
            statement.push(',');
        }
        write_row(&mut statement, row);
    }
    statement
}

fn write_row(statement: &mut String, row: u64) {
    let time = START_MS + row / SERIES * 10_000;
    let _infallible = write!(statement, "({time}");
    for field in 0..FIELDS {
        let value = (row * (field + 3) * 7_919) % 10_000;
        let _infallible = write!(statement, ",{}.{:02}", value / 100, value % 100);
    }
    let _infallible = write!(statement, ",'h{}')", row % SERIES);
}

/// The rows of the table.
pub(crate) fn count(server: &Server) -> Result<u64, String> {
    let answer = Connection::open(server.address)?.post("query?db=bench", "select count(*) from cpu")?;
    let body: serde_json::Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
    body["data"][0][0].as_u64().ok_or(answer)
}

/// The median time of a query over some runs, after one that warms up.
pub(crate) fn median_milliseconds(server: &Server, query: &str, runs: usize) -> Result<f64, String> {
    let mut connection = Connection::open(server.address)?;
    connection.post("query?db=bench", query)?;
    let mut times = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        connection.post("query?db=bench", query)?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[runs / 2])
}
