//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// A time-series database that speaks every REST dialect.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    propagate_version = true,
    after_help = "\
Try it:
  chronoglot demo                       a server with sample data, sample queries, and curl commands to paste
  chronoglot serve --insecure           an empty server on http://127.0.0.1:8080, for this machine alone
  chronoglot sql -e 'show databases'    ask it something"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(ServeArguments),
    /// Run a server filled with sample data, and show what can be asked
    Demo(DemoArguments),
    /// Send SQL to a server and print the answers
    Sql(SqlArguments),
    /// Load CSV files into a table
    Import(ImportArguments),
    /// Copy everything that a server holds at one moment into a directory
    Backup(BackupArguments),
    /// Make a data directory of a backup
    Restore(RestoreArguments),
    /// Read a stopped server's data whole, say what is damaged, and set it right when told so
    Check(CheckArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "\
At first start the server makes its data directory, a certificate authority (certs/ca.crt) and a password for
root, which it prints once. Clients then connect by TLS:
  curl --cacert chronoglot-data/certs/ca.crt -u root:PASSWORD -d 'show databases' \\
       https://localhost:8080/restapi/query

With --insecure it speaks plain HTTP, on loopback addresses only, and root's password is the one that each
vendor's documents use (kwdbpassword at /restapi): for trying things out on one machine.

Settings are read from the file given by --config, then from CHRONOGLOT_* in the environment, then from flags.
Ctrl-C or SIGTERM stops the server; everything that was acknowledged is on disk already.")]
pub(crate) struct ServeArguments {
    /// Settings file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where the data lives [default: ./chronoglot-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Address or host name, and port, to listen on; a name means all its addresses [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = place)]
    pub(crate) listen: Option<String>,
    /// Plain HTTP on loopback with well-known passwords, for trying things out
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Take root's password from this file, at every start
    #[arg(long, value_name = "FILE")]
    pub(crate) root_password_file: Option<PathBuf>,
    /// A further name or address for the server's certificate; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_name: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The demo writes one day of readings of 100 meters and their customers through the same REST API that your
clients use, runs three queries, prints curl commands for you to paste, and keeps serving until Ctrl-C.
Run it again on the same directory and it finds its data there, and adds the day up to now.")]
pub(crate) struct DemoArguments {
    /// Where the data lives
    #[arg(long, value_name = "DIR", default_value = "./chronoglot-demo-data")]
    pub(crate) data_dir: PathBuf,
    /// Address or host name, and port, to listen on; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = place)]
    pub(crate) listen: String,
}

/// A host and a port. What the host stands for is found out when the server starts.
fn place(text: &str) -> Result<String, String> {
    let expected = "expected an address and a port, such as 127.0.0.1:8080, localhost:8080 or [::1]:8080";
    let (host, port) = text.rsplit_once(':').ok_or(expected)?;
    let is_whole = !host.is_empty() && port.parse::<u16>().is_ok();
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    if is_whole && (is_bracketed || !host.contains(':')) { Ok(text.to_owned()) } else { Err(expected.to_owned()) }
}

/// Where a client command finds its server, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "CHRONOGLOT_URL")]
    pub(crate) url: String,
    /// The user
    #[arg(long, value_name = "USER", default_value = "root", env = "CHRONOGLOT_USER")]
    pub(crate) user: String,
    /// Read the password from this file; else from CHRONOGLOT_PASSWORD, else the well-known one of an insecure server
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Trust this certificate authority: the server's certs/ca.crt
    #[arg(long, value_name = "FILE", env = "CHRONOGLOT_CA_CERT")]
    pub(crate) ca_cert: Option<PathBuf>,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An aligned table for people
    Table,
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a row
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  chronoglot sql -e 'select count(*) from demo.readings'
  chronoglot sql --db demo --format csv -e 'select * from customers' > customers.csv
  chronoglot sql < schema.sql

Statements are separated by semicolons. The first one that fails ends the run with exit code 1; those before
it have taken effect.")]
pub(crate) struct SqlArguments {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The database of unqualified names
    #[arg(long, value_name = "DB")]
    pub(crate) db: Option<String>,
    /// The statements; without this they are read from standard input
    #[arg(short = 'e', long = "execute", value_name = "SQL")]
    pub(crate) execute: Option<String>,
    /// How results are printed
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each line holds one row without a header line, its values in the order of the table's columns or of --columns.
An empty value is NULL. Times are read as the server reads them in INSERT: with or without a zone.

The import stops at the first line that the server refuses and names it; the lines before it are stored. With
--skip-bad it goes on, and lists what it left out. Running an import again is safe: a time-series row that is
there already is written over by the same values, a relational row is reported as a duplicate.

Example:
  chronoglot import --table tsdb.meter_data readings-*.csv")]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// The table, with its database
    #[arg(long, value_name = "DB.TABLE")]
    pub(crate) table: String,
    /// The columns that the values are for; without it all columns of the table, in its order
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,
    /// The first line of each file is a header: leave it out
    #[arg(long)]
    pub(crate) header: bool,
    /// Go on after a bad line, and list them at the end
    #[arg(long)]
    pub(crate) skip_bad: bool,
    /// The files
    #[arg(required = true, value_name = "FILE.csv")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The server goes on working: the backup shows one moment, the one at which it began. It is written here, by this
command, and asked for by a member of the role admin. It is whole once the file BACKUP is in it.

Passwords, and the keys in certs/, are left out unless --with-secrets is given. Nothing is overwritten: DIR must be
empty or not there.

Examples:
  chronoglot backup /backups/monday
  chronoglot backup /backups/tuesday --incremental-from /backups/monday
  chronoglot backup /backups/stopped --data-dir ./chronoglot-data     no server runs on that directory

An incremental backup is as whole as any other: what did not change is taken over from the earlier one, as a
further name of the same file where both are on one file system, and the earlier one may be removed.
'chronoglot restore --help' tells the way back.")]
pub(crate) struct BackupArguments {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Back up this data directory, which no server has open, instead of asking one
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Take what did not change from this earlier backup
    #[arg(long, value_name = "DIR")]
    pub(crate) incremental_from: Option<PathBuf>,
    /// With the hashes of passwords and the private keys of certificates
    #[arg(long)]
    pub(crate) with_secrets: bool,
    /// Where the backup goes: an empty directory, or one to be made
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Every file of the backup is checked before anything is written; one that is not what was backed up is named. The
data directory must be empty or not there. Should the restore be cut off, no server starts on what it left.

Example:
  chronoglot restore /backups/monday --data-dir ./restored
  chronoglot serve --data-dir ./restored

A backup without secrets has no passwords: the first start makes a new one for root and prints it once, and
other users wait until root gives them one.")]
pub(crate) struct RestoreArguments {
    /// The backup
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
    /// Where the data shall live: an empty directory, or one to be made
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: PathBuf,
}

/// How a check's report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Stop the server first. Everything is read: the catalogue, every checksum, every row's order and bounds, which
series there are, every record of the log. Nothing is changed without --repair. What is wrong is named by file,
with the rows that it concerns: table, keys, times, how many. Exit code 0: nothing is wrong. 1: something is.

With --repair what is broken is moved below DIR/aside, never deleted, and what can be made anew is: a flipped bit
is set right, series are listed again from series.parquet, segments and log, a segment that is lost is taken off
the list. The store then opens and answers everything that was not named; what was named is lost, or is as it was
before its last change. A log that cannot be read on is left alone: it holds what was acknowledged last. --cut-log
ends it where it breaks off and puts the rest aside.

Before a repair, copy the directory; if there is a backup, restoring it may be the better way.

Examples:
  chronoglot check
  chronoglot check --data-dir /var/lib/chronoglot --format json
  chronoglot check --repair
  chronoglot check --repair --cut-log")]
pub(crate) struct CheckArguments {
    /// Where the data lives
    #[arg(long, value_name = "DIR", default_value = "./chronoglot-data")]
    pub(crate) data_dir: PathBuf,
    /// Move what is broken aside, and make anew what can be
    #[arg(long)]
    pub(crate) repair: bool,
    /// End a log that cannot be read on where it breaks off: the requests behind are lost
    #[arg(long, requires = "repair")]
    pub(crate) cut_log: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: CheckFormat,
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Command};
    use clap::Parser as _;

    fn listen(text: &str) -> Option<String> {
        match Arguments::try_parse_from(["chronoglot", "serve", "--listen", text]).ok()?.command {
            Command::Serve(arguments) => arguments.listen,
            _ => None,
        }
    }

    #[test]
    fn a_place_to_listen_is_an_address_or_a_name_with_a_port() {
        for place in ["127.0.0.1:8080", "localhost:8080", "db.example.com:0", "[::1]:8080", "0.0.0.0:1"] {
            assert_eq!(listen(place).as_deref(), Some(place));
        }
        for wrong in ["localhost", "localhost:", ":8080", "localhost:http", "localhost:65536", "::1:8080", ""] {
            assert_eq!(listen(wrong), None, "{wrong}");
        }
    }
}
