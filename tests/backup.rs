//! Backup and restore as a person uses them: of a server that is being written to, of one that is
//! stopped, with and without secrets, cut off, and damaged. What was restored is asked through HTTP.

use crate::harness::{Program, TempDir, basic, request, root, run_to_end};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const WRITERS: usize = 4;

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn run(arguments: &[&str]) -> String {
    let output = run_to_end(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn back_up(program: &Program, directory: &Path, more: &[&str]) -> String {
    let url = format!("http://{}", program.address);
    run(&[&["backup", text(directory), "--url", &url][..], more].concat())
}

fn restore(backup: &Path, data_dir: &Path) -> String {
    run(&["restore", text(backup), "--data-dir", text(data_dir)])
}

fn make_tables(program: &Program) {
    program.ddl("defaultdb", "create ts database plant; create database office");
    program.ddl(
        "plant",
        "create table readings (ts timestamptz(3) not null, n int8, note varchar(20)) \
         tags (writer int4 not null, place varchar(20)) primary tags (writer)",
    );
    program.ddl("office", "create table orders (writer int4, n int8, note varchar(20), primary key (writer, n))");
    program.ddl("office", "create table totals (id int4 primary key, n int8)");
    program.insert("office", "insert into totals values (1, 0), (2, 0), (3, 0)");
}

/// What a store answers, of the first rows of each writer.
fn answers(program: &Program, kept: &[u64]) -> Vec<Vec<Value>> {
    let mut answers = Vec::new();
    for (writer, n) in kept.iter().enumerate() {
        for (database, table) in [("plant", "readings"), ("office", "orders")] {
            let query = format!("select * from {table} where writer = {writer} and n <= {n} order by n");
            answers.push(program.rows(database, &query));
            let query = format!("select count(*), sum(n), max(note) from {table} where writer = {writer} and n <= {n}");
            answers.push(program.rows(database, &query));
        }
    }
    answers
}

fn highest(program: &Program, database: &str, table: &str, writer: usize) -> u64 {
    let query = format!("select count(*), max(n) from {table} where writer = {writer}");
    let row = program.rows(database, &query).remove(0);
    let (count, max) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap_or(0));
    assert_eq!(count, max, "{table} of writer {writer} has gaps");
    max
}

/// Writes rows 1, 2, 3 and so on, each to a series table and then to a keyed one.
fn write_rows(program: &Program, writer: usize, written: &AtomicU64, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let n = written.load(Ordering::SeqCst) + 1;
        let time = 1_700_000_000_000 + n * 60_000;
        program.insert(
            "plant",
            &format!("insert into readings values ({time}, {n}, 'note {n}', {writer}, 'hall {writer}')"),
        );
        program.insert("office", &format!("insert into orders values ({writer}, {n}, 'note {n}')"));
        written.store(n, Ordering::SeqCst);
    }
}

#[test]
fn a_backup_under_load_shows_one_moment_and_the_next_one_takes_over_what_did_not_change() {
    let place = TempDir::new();
    let at = |name: &str| place.path().join(name);
    let program = Program::insecure(&at("data"));
    make_tables(&program);
    let written: Vec<AtomicU64> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
    let stop = AtomicBool::new(false);
    let (before, after) = std::thread::scope(|scope| {
        for (writer, written) in written.iter().enumerate() {
            let (program, stop) = (&program, &stop);
            scope.spawn(move || write_rows(program, writer, written, stop));
        }
        // All rows of this table change in each statement, so that they are equal at every moment.
        scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let reply = program.post("ddl", "office", "update totals set n = n + 1");
                assert_eq!(reply.json()["code"], 0, "{}", reply.json());
            }
        });
        let seen = || written.iter().map(|n| n.load(Ordering::SeqCst)).collect::<Vec<_>>();
        while seen().iter().any(|n| *n < 20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let before = seen();
        back_up(&program, &at("monday"), &[]);
        let after = seen();
        std::thread::sleep(Duration::from_millis(50));
        stop.store(true, Ordering::SeqCst);
        (before, after)
    });

    restore(&at("monday"), &at("restored"));
    let restored = Program::insecure(&at("restored"));
    let mut kept = Vec::new();
    for writer in 0..WRITERS {
        let (reading, order) =
            (highest(&restored, "plant", "readings", writer), highest(&restored, "office", "orders", writer));
        // What was acknowledged before is in it, and what began after it is not; a row's order comes
        // after its reading.
        assert!(before[writer] <= order && order <= after[writer] + 1, "{before:?} {order} {after:?}");
        assert!(order <= reading && reading <= order + 1, "{reading} {order}");
        kept.push(order);
    }
    assert_eq!(answers(&restored, &kept), answers(&program, &kept));
    let totals = restored.rows("office", "select min(n), max(n), count(*) from totals").remove(0);
    assert!(totals[0] == totals[1] && totals[2] == 3, "{totals}");
    // It is a store like any other.
    restored.insert("office", "insert into orders values (99, 1, 'later')");
    assert_eq!(restored.rows("office", "select count(*) from orders where writer = 99")[0][0], 1);
    assert_eq!(restored.terminate(), Some(0));

    // A clean stop leaves segments; they are taken over from one backup to the next.
    assert_eq!(program.terminate(), Some(0));
    let program = Program::insecure(&at("data"));
    let all = vec![u64::MAX / 4; WRITERS];
    let whole = back_up(&program, &at("tuesday"), &[]);
    assert!(!whole.contains("taken over"), "{whole}");
    program.ddl("plant", "alter table readings add column more int4");
    program.insert("office", "insert into orders values (0, 1000000, 'new')");
    let incremental = back_up(&program, &at("wednesday"), &["--incremental-from", text(&at("tuesday"))]);
    assert!(incremental.contains("taken over"), "{incremental}");
    std::fs::remove_dir_all(at("tuesday")).unwrap();
    restore(&at("wednesday"), &at("again"));
    let again = Program::insecure(&at("again"));
    assert_eq!(answers(&again, &all), answers(&program, &all));
    assert_eq!(again.rows("plant", "show columns from readings"), program.rows("plant", "show columns from readings"));

    // The same of a stopped directory; a running one is not to be had so.
    let refused = run_to_end(&["backup", text(&at("none")), "--data-dir", text(&at("data"))], "");
    assert!(!refused.status.success() && said(&refused).contains("another server uses"), "{}", said(&refused));
    let expected = answers(&program, &all);
    program.kill();
    run(&["backup", text(&at("stopped")), "--data-dir", text(&at("data"))]);
    restore(&at("stopped"), &at("from-stopped"));
    assert_eq!(answers(&Program::insecure(&at("from-stopped")), &all), expected);
    assert_eq!(answers(&Program::insecure(&at("data")), &all), expected, "the source is unharmed");
}

#[test]
fn a_damaged_backup_is_refused_by_the_name_of_the_file_and_nothing_is_written_over() {
    let place = TempDir::new();
    let at = |name: &str| place.path().join(name);
    let program = Program::insecure(&at("data"));
    make_tables(&program);
    back_up(&program, &at("backup"), &[]);
    let refused = run_to_end(&["restore", text(&at("backup")), "--data-dir", text(&at("data"))], "");
    assert!(!refused.status.success() && said(&refused).contains("another server uses"), "{}", said(&refused));
    program.kill();
    let refused = run_to_end(&["restore", text(&at("backup")), "--data-dir", text(&at("data"))], "");
    assert!(!refused.status.success() && said(&refused).contains("nothing is"), "{}", said(&refused));
    let refused =
        run_to_end(&["serve", "--insecure", "--listen", "127.0.0.1:0", "--data-dir", text(&at("backup"))], "");
    assert!(!refused.status.success() && said(&refused).contains("this is a backup"), "{}", said(&refused));

    let list = std::fs::read_to_string(at("backup").join("BACKUP")).unwrap();
    let files =
        list.lines().filter_map(|line| line.strip_prefix("file ")).map(|line| line.splitn(3, ' ').nth(2).unwrap());
    for file in files.chain(["BACKUP"]) {
        let path = at("backup").join(file);
        let whole = std::fs::read(&path).unwrap();
        let mut damaged = whole.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 4;
        std::fs::write(&path, damaged).unwrap();
        let refused = run_to_end(&["restore", text(&at("backup")), "--data-dir", text(&at("target"))], "");
        assert!(!refused.status.success() && said(&refused).contains(file), "{file}: {}", said(&refused));
        std::fs::write(&path, whole).unwrap();
    }
    restore(&at("backup"), &at("target"));
    let restored = Program::insecure(&at("target"));
    assert_eq!(restored.rows("office", "select count(*) from totals")[0][0], 3);
}

#[test]
fn a_backup_that_is_killed_is_none_and_the_server_goes_on() {
    let place = TempDir::new();
    let at = |name: &str| place.path().join(name);
    let program = Program::insecure(&at("data"));
    make_tables(&program);
    for first in (0..40_000).step_by(2_000) {
        let rows: Vec<String> =
            (first..first + 2_000).map(|n| format!("(7, {n}, 'note {}')", n * 7_919 % 1_009)).collect();
        program.insert("office", &format!("insert into orders values {}", rows.join(",")));
    }
    let url = format!("http://{}", program.address);
    let mut none = 0;
    for round in 0..12_u64 {
        let directory = at(&format!("killed-{round}"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_chronoglot"))
            .args(["backup", text(&directory), "--url", &url])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(2 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        if directory.join("BACKUP").exists() {
            restore(&directory, &at(&format!("restored-{round}")));
        } else {
            let refused = run_to_end(&["restore", text(&directory), "--data-dir", text(&at("target"))], "");
            assert!(!refused.status.success(), "{}", said(&refused));
            none += 1;
        }
    }
    assert!(none > 0, "none was killed in time");
    assert_eq!(program.rows("office", "select count(*) from orders")[0][0], 40_000);
    // The server hears that a client is gone when it sends the next part.
    let mut tries = 0;
    loop {
        let directory = at(&format!("whole-{tries}"));
        let output = run_to_end(&["backup", text(&directory), "--url", &url], "");
        if output.status.success() {
            restore(&directory, &at("whole"));
            break;
        }
        assert!(said(&output).contains("another backup") && tries < 100, "{}", said(&output));
        tries += 1;
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(Program::insecure(&at("whole")).rows("office", "select count(*) from orders")[0][0], 40_000);
}

/// A server with TLS and passwords.
struct Secured {
    program: Program,
    url: String,
    authority: String,
}

impl Secured {
    fn start(data: &Path) -> Self {
        let program = Program::start(data, &[]);
        let url = format!("https://{}", program.address);
        Self { program, url, authority: text(&data.join("certs/ca.crt")).to_owned() }
    }

    /// The password that this start made.
    fn password(&self) -> Option<String> {
        let line = self.program.greeting.lines().find(|line| line.contains("the password of root is"))?;
        line.split_whitespace().last().map(str::to_owned)
    }

    fn run(&self, arguments: &[&str], user: &str, password: &Path) -> Output {
        let as_whom =
            ["--url", &self.url, "--ca-cert", &self.authority, "--user", user, "--password-file", text(password)];
        run_to_end(&[arguments, &as_whom].concat(), "")
    }
}

#[test]
fn passwords_and_keys_go_with_a_backup_only_where_asked_for() {
    let place = TempDir::new();
    let at = |name: &str| place.path().join(name);
    let file = |name: &str, text: &str| {
        let path = at(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let server = Secured::start(&at("data"));
    let old = file("root", &server.password().unwrap());
    let ann = file("ann", "Secret-of-ann-1");
    let sql = |server: &Secured, user: &str, password: &Path| {
        server.run(&["sql", "-e", "select 1"], user, password).status.success()
    };
    let made = server.run(&["sql", "-e", "create user ann with password 'Secret-of-ann-1'"], "root", &old);
    assert!(made.status.success(), "{}", said(&made));
    assert!(sql(&server, "ann", &ann));
    let refused = server.run(&["backup", text(&at("none"))], "ann", &ann);
    assert!(!refused.status.success() && said(&refused).contains("members of"), "{}", said(&refused));
    let plain = request(server.program.address, "POST", "/backup", &[("Authorization", &basic("root", "x"))], b"");
    assert!(plain.is_ok_and(|reply| reply.status == 307), "not in clear");

    for (name, flag) in [("without", None), ("with", Some("--with-secrets"))] {
        let directory = at(name);
        let mut arguments = vec!["backup", text(&directory)];
        arguments.extend(flag);
        let output = server.run(&arguments, "root", &old);
        assert!(output.status.success(), "{}", said(&output));
    }
    let holds = |name: &str, what: &str| {
        let export = std::fs::read(at(name).join("catalogue.export")).unwrap();
        export.windows(what.len()).any(|window| window == what.as_bytes())
    };
    assert!(holds("with", "$argon2id$") && !holds("without", "$argon2id$"));
    assert!(at("with/certs/ca.key").exists() && !at("without/certs").exists());

    let told = restore(&at("without"), &at("anew"));
    assert!(told.contains("root gets a new password") && told.contains("ann"), "{told}");
    let anew = Secured::start(&at("anew"));
    let new = file("new", &anew.password().expect("root gets a password at the first start"));
    assert!(sql(&anew, "root", &new) && !sql(&anew, "root", &old) && !sql(&anew, "ann", &ann));

    let told = restore(&at("with"), &at("same"));
    assert!(!told.contains("password"), "{told}");
    let same = Secured::start(&at("same"));
    assert_eq!(same.password(), None);
    assert!(sql(&same, "root", &old) && sql(&same, "ann", &ann));
    let authority = |name: &str| std::fs::read(at(name).join("certs/ca.crt")).unwrap();
    assert!(authority("same") == authority("data") && authority("anew") != authority("data"));
}

#[test]
fn the_backup_endpoint_is_documented_where_it_answers() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let reply = request(program.address, "GET", "/openapi.json", &[], b"").unwrap();
    assert!(reply.json()["paths"]["/backup"]["post"]["security"].is_array(), "{}", reply.json()["paths"]["/backup"]);
    let reply = request(program.address, "POST", "/backup", &[("Authorization", &root())], b"").unwrap();
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/octet-stream")));
}
