//! `chronoglot demo`: an insecure server with a day of meter readings, sample queries, and curl
//! commands to paste, one at least for each API.

mod data;
mod doors;

use crate::arguments::{Connection, DemoArguments};
use crate::client::{Cell, Client, ClientError, WELL_KNOWN_PASSWORD, basic, endpoint_url};
use crate::serve;
use crate::terminal::{result_table, say};
use std::time::{Instant, SystemTime};

const DATABASE: &str = "demo";

/// What is asked, and how: also what the curl commands send.
const QUERIES: [(&str, &str); 3] = [
    (
        "The last reading of five meters",
        "SELECT meter, last(ts) AS at, last(power) AS watts FROM readings GROUP BY meter ORDER BY meter LIMIT 5",
    ),
    (
        "Average power by the hour, of one meter",
        "SELECT time_bucket(ts, '1h') AS hour, round(avg(power)) AS watts FROM readings \
         WHERE meter = 'M001' AND ts > now() - 6h GROUP BY hour ORDER BY hour",
    ),
    (
        "Energy by city: readings joined with customers",
        "SELECT c.city, count(DISTINCT r.meter) AS meters, round(sum(r.power) * 0.25 / 1000) AS kwh \
         FROM readings r JOIN customers c ON c.meter = r.meter GROUP BY c.city ORDER BY kwh DESC",
    ),
];

/// Runs the command until it is stopped.
pub(crate) fn run(arguments: &DemoArguments) -> Result<(), String> {
    let settings = serve::insecure_settings(&arguments.data_dir, &arguments.listen);
    let data_dir = arguments.data_dir.display().to_string();
    serve::run_until_stopped(settings, None, move |url| {
        let client = Client::new(&Connection {
            url: url.to_owned(),
            user: "root".to_owned(),
            password_file: None,
            ca_cert: None,
        })
        .map_err(|error| error.to_string())?;
        fill(&client).map_err(|error| error.to_string())?;
        show(&client).map_err(|error| error.to_string())?;
        invite(url, &data_dir);
        Ok(())
    })
}

/// Makes the tables and their rows unless an earlier run did, and writes the day up to now: queries
/// about the last hours find it, however old the rest is.
fn fill(client: &Client) -> Result<(), ClientError> {
    let databases = client.query("SHOW DATABASES", None)?;
    let started = Instant::now();
    let mut rows = 0;
    if databases.rows.iter().any(|row| row.first().and_then(Cell::as_text) == Some(DATABASE)) {
        say("The demo's tables are there from an earlier run: adding the readings of the day up to now.");
    } else {
        client.define(&format!("CREATE TS DATABASE {DATABASE}"), None)?;
        for statement in data::TABLES {
            client.define(statement, Some(DATABASE))?;
        }
        rows += client.insert(&data::customers(), Some(DATABASE))?;
    }
    for statement in data::readings(SystemTime::now()) {
        rows += client.insert(&statement, Some(DATABASE))?;
    }
    say(format!("Wrote {rows} rows in {:.2} s, each batch synced to disk.", started.elapsed().as_secs_f64()));
    Ok(())
}

fn show(client: &Client) -> Result<(), ClientError> {
    for (title, query) in QUERIES {
        let started = Instant::now();
        let answer = client.query(query, Some(DATABASE))?;
        let milliseconds = started.elapsed().as_secs_f64() * 1_000.0;
        say(format!("\n{title}\n  {query}\n{}  {milliseconds:.1} ms", result_table(&answer)));
    }
    Ok(())
}

fn invite(url: &str, data_dir: &str) {
    let authorization = basic("root", WELL_KNOWN_PASSWORD);
    say("\nAsk it yourself:");
    for (_, query) in QUERIES {
        let endpoint = endpoint_url(url, "query", Some(DATABASE));
        say(format!("  curl -H 'Authorization: {authorization}' --data-binary \"{query}\" '{endpoint}'"));
    }
    let endpoint = endpoint_url(url, "insert", Some(DATABASE));
    say(format!(
        "Write to it:\n  curl -H 'Authorization: {authorization}' --data-binary \
         \"INSERT INTO readings VALUES (now(), 229.7, 1250.5, 'M001')\" '{endpoint}'"
    ));
    say("The same store by the other APIs:");
    for (title, command) in doors::commands(url, DATABASE) {
        say(format!("  # {title}\n  {command}"));
    }
    say(format!("\nServing {url} from {data_dir} until Ctrl-C."));
}
