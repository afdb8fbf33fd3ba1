//! The program as a process.

use super::http::{Reply, request};
use super::root;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const PROGRAM: &str = env!("CARGO_BIN_EXE_chronoglot");

/// A directory that goes with the test.
#[derive(Debug)]
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("chronoglot-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _best_effort = std::fs::remove_dir_all(&self.0);
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    /// The first lines that it printed, up to the one with the curl command.
    pub(crate) greeting: String,
}

impl Program {
    /// `chronoglot serve --insecure` on a free port.
    pub(crate) fn insecure(data: &Path) -> Self {
        Self::start(data, &["--insecure"])
    }

    /// `chronoglot serve` with further flags, once it answers.
    pub(crate) fn start(data: &Path, flags: &[&str]) -> Self {
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut greeting = String::new();
        let mut address = None;
        for line in lines.by_ref() {
            greeting.push_str(&line);
            greeting.push('\n');
            if let Some((_, rest)) = line.split_once("://") {
                let authority: String = rest.chars().take_while(|c| !c.is_whitespace() && *c != '/').collect();
                address = address.or_else(|| authority.replace("localhost", "127.0.0.1").parse().ok());
            }
            if line.contains("curl ") {
                break;
            }
        }
        // What it prints later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.unwrap_or_else(|| panic!("the server did not say where it listens:\n{greeting}"));
        Self { child, address, greeting }
    }

    /// A statement to an endpoint as root, on an insecure server.
    pub(crate) fn post(&self, endpoint: &str, database: &str, statement: &str) -> Reply {
        let target = format!("/restapi/{endpoint}?db={database}");
        request(self.address, "POST", &target, &[("Authorization", &root())], statement.as_bytes()).unwrap()
    }

    /// Statements that must be carried out.
    pub(crate) fn ddl(&self, database: &str, statements: &str) {
        let reply = self.post("ddl", database, statements);
        assert_eq!(reply.json()["code"], 0, "{statements}: {}", reply.json());
    }

    /// INSERTs that must be carried out; the rows that the server counted.
    pub(crate) fn insert(&self, database: &str, statements: &str) -> u64 {
        let reply = self.post("insert", database, statements);
        assert_eq!(reply.json()["code"], 0, "{}: {}", &statements[..statements.len().min(300)], reply.json());
        reply.json()["rows"].as_u64().unwrap()
    }

    /// The rows of a query that must succeed.
    pub(crate) fn rows(&self, database: &str, query: &str) -> Vec<Value> {
        let reply = self.post("query", database, query);
        assert_eq!(reply.json()["code"], 0, "{query}: {}", reply.json());
        reply.json()["data"].as_array().unwrap().clone()
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// kill -9: nothing is said, nothing is written any more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and the exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_gone = self.child.wait();
    }
}

/// The program without the settings of this process: those are the tests' own.
fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CHRONOGLOT_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command of the program to its end.
pub(crate) fn run_to_end(arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    let mut child =
        program().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}
