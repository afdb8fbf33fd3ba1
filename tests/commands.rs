//! The program's commands as a person uses them.

use crate::harness::{Demo, Program, TempDir, request, root, run_to_end};
use std::process::Command;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn serve_greets_and_stops_cleanly() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    for part in ["http://127.0.0.1:", data.path().to_str().unwrap(), "curl "] {
        assert!(program.greeting.contains(part), "{part} is not in\n{}", program.greeting);
    }
    program.ddl("defaultdb", "create ts database d");
    assert_eq!(program.terminate(), Some(0));
    let program = Program::insecure(data.path());
    assert!(program.rows("d", "show databases").iter().any(|row| row[0] == "d"));
}

#[test]
fn a_second_server_on_the_directory_is_refused() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let output = serve_to_end(data.path());
    let said = text(&output.stderr);
    assert!(said.contains("another server uses") && said.contains(data.path().to_str().unwrap()), "{said}");
    assert_eq!(program.rows("defaultdb", "select 1")[0][0], 1);
}

#[test]
fn a_newer_format_is_refused_by_name_and_left_alone() {
    let data = TempDir::new();
    assert_eq!(Program::insecure(data.path()).terminate(), Some(0));
    std::fs::write(data.path().join("FORMAT"), "2 columns\n").unwrap();
    let catalogue = std::fs::read(data.path().join("catalog.redb")).unwrap();
    let output = serve_to_end(data.path());
    assert!(text(&output.stderr).contains("format 2 columns"), "{}", text(&output.stderr));
    assert!(catalogue == std::fs::read(data.path().join("catalog.redb")).unwrap(), "the catalogue was touched");
}

#[test]
fn rows_without_their_catalogue_are_refused_and_left_alone() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    program.ddl("defaultdb", "create table t (id int4 primary key)");
    program.insert("defaultdb", "insert into t values (1)");
    assert_eq!(program.terminate(), Some(0));
    let catalogue = data.path().join("catalog.redb");
    std::fs::rename(&catalogue, data.path().join("kept")).unwrap();
    let output = serve_to_end(data.path());
    assert!(text(&output.stderr).contains("catalog.redb"), "{}", text(&output.stderr));
    std::fs::rename(data.path().join("kept"), &catalogue).unwrap();
    assert_eq!(Program::insecure(data.path()).rows("defaultdb", "select count(*) from t")[0][0], 1);
}

/// A start that must fail.
fn serve_to_end(data: &std::path::Path) -> std::process::Output {
    let data = data.to_str().unwrap();
    let output = run_to_end(&["serve", "--insecure", "--listen", "127.0.0.1:0", "--data-dir", data], "");
    assert!(!output.status.success());
    output
}

#[test]
fn insecure_is_for_loopback_only() {
    let data = TempDir::new();
    let output =
        run_to_end(&["serve", "--insecure", "--listen", "0.0.0.0:0", "--data-dir", data.path().to_str().unwrap()], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("loopback"), "{}", text(&output.stderr));
}

#[test]
fn a_web_page_may_not_reach_an_insecure_server() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let auth = root();
    let foreign = [("Authorization", auth.as_str()), ("Origin", "http://evil.example")];
    assert_eq!(request(program.address, "POST", "/restapi/query", &foreign, b"select 1").unwrap().status, 403);
}

#[test]
fn sql_prints_tables_csv_and_json() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let url = format!("http://{}", program.address);
    let script = "create database shop; use shop;\n\
                  create table goods (id int4 primary key, name varchar(20), price float8);\n\
                  insert into goods values (1, 'tea; green', 2.5), (2, null, 10);";
    let output = run_to_end(&["sql", "--url", &url], script);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("2 rows written"), "{}", text(&output.stdout));
    let query = "select id, name, price from goods order by id";
    let run = |format: &str| {
        let output = run_to_end(&["sql", "--url", &url, "--db", "shop", "--format", format, "-e", query], "");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(
        run("csv"),
        "id,name,price\n1,tea; green,2.5\n2,,10\n".replace("10\n", &format!("{}\n", float_ten(&run("csv"))))
    );
    assert!(run("json").starts_with("{\"id\":1,\"name\":\"tea; green\",\"price\":2.5}\n"), "{}", run("json"));
    let table = run("table");
    assert!(table.contains("tea; green") && table.contains("NULL") && table.contains("(2 rows)"), "{table}");
    let output = run_to_end(&["sql", "--url", &url, "--db", "shop", "-e", "select 1; selec 2; select 3"], "");
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("selec"), "{}", text(&output.stderr));
}

#[test]
fn sql_keeps_digits_blanks_and_columns_of_one_name() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let url = format!("http://{}", program.address);
    let query = "select 12345678901234567890.10::decimal(30,2) as a, 'two  ' as a";
    let run = |format: &str| {
        let output = run_to_end(&["sql", "--url", &url, "--format", format, "-e", query], "");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    assert_eq!(run("csv"), "a,a\n12345678901234567890.10,two  \n");
    assert_eq!(run("json"), "{\"a\":12345678901234567890.10,\"a\":\"two  \"}\n");
    assert!(run("table").contains("| 12345678901234567890.10 | two   |"), "{}", run("table"));
}

#[test]
fn a_server_that_cannot_be_asked_is_explained() {
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    let bare = program.address.to_string();
    for (url, part) in [
        (bare.clone(), format!("write http://{bare}")),
        (format!("https://{bare}"), "use http://".to_owned()),
        ("http://127.0.0.1:1".to_owned(), "chronoglot serve".to_owned()),
    ] {
        let output = run_to_end(&["sql", "--url", &url, "-e", "select 1"], "");
        assert!(!output.status.success());
        assert!(text(&output.stderr).contains(&part), "{url}: {}", text(&output.stderr));
    }
}

/// Whole floats print with or without a fraction; either is a number.
fn float_ten(csv: &str) -> &'static str {
    if csv.contains(",10.0\n") { "10.0" } else { "10" }
}

#[test]
fn import_names_the_bad_line_and_can_go_on() {
    let data = TempDir::new();
    let program = Program::insecure(&data.path().join("store"));
    let url = format!("http://{}", program.address);
    program.ddl("defaultdb", "create ts database d");
    program
        .ddl("d", "create table t (ts timestamptz(3) not null, v int4) tags (k varchar(10) not null) primary tags (k)");
    let file = data.path().join("rows.csv");
    let mut lines: Vec<String> = (0..3_000)
        .map(|n| format!("2025-01-01 00:{:02}:{:02}+00:00,{n},k{}", n / 60 % 60, n % 60, n / 3_600))
        .collect();
    lines[1_234] = "2025-01-01 00:00:00+00:00,abc,k9".to_owned();
    lines[2_500] = "2025-01-01 00:00:00+00:00,1".to_owned();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let import = |flags: &[&str]| {
        let mut arguments = vec!["import", "--url", &url, "--table", "d.t"];
        arguments.extend(flags);
        arguments.push(file.to_str().unwrap());
        run_to_end(&arguments, "")
    };
    let output = import(&[]);
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("rows.csv, line 1235") && text(&output.stderr).contains("abc"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(program.rows("d", "select count(*) from t")[0][0], 1_234);
    let output = import(&["--skip-bad"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("line 1235") && said.contains("line 2501") && said.contains("2 lines left out"), "{said}");
    assert_eq!(program.rows("d", "select count(*) from t")[0][0], 2_998);
    let output =
        run_to_end(&["import", "--url", &url, "--table", "d.t", "--columns", "ts,nothing", file.to_str().unwrap()], "");
    assert!(text(&output.stderr).contains("\"nothing\""), "{}", text(&output.stderr));
}

#[test]
fn import_names_every_line_that_an_open_quote_takes() {
    let data = TempDir::new();
    let program = Program::insecure(&data.path().join("store"));
    let url = format!("http://{}", program.address);
    program.ddl("defaultdb", "create database d");
    program.ddl("d", "create table t (id int4 primary key, a varchar(20))");
    let file = data.path().join("rows.csv");
    std::fs::write(&file, "1,x\n2,\"open\n3,y\n4,\"z,w\n5,\"two\nlines\"\n6,w\n").unwrap();
    let output = run_to_end(&["import", "--url", &url, "--table", "d.t", "--skip-bad", file.to_str().unwrap()], "");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("lines 2 to 4") && said.contains("3 lines left out"), "{said}");
    assert_eq!(
        program.rows("d", "select * from t order by id"),
        [serde_json::json!([1, "x"]), serde_json::json!([5, "two\nlines"]), serde_json::json!([6, "w"])]
    );
}

#[test]
fn import_can_take_some_columns_in_another_order() {
    let data = TempDir::new();
    let program = Program::insecure(&data.path().join("store"));
    let url = format!("http://{}", program.address);
    program.ddl("defaultdb", "create database d");
    program.ddl("d", "create table t (id int4 primary key, a varchar(20), b varchar(20))");
    let file = data.path().join("rows.csv");
    std::fs::write(&file, "b,id\n\"x, \"\"y\"\"\",1\n,2\n").unwrap();
    let output = run_to_end(
        &["import", "--url", &url, "--table", "d.t", "--header", "--columns", "b,id", file.to_str().unwrap()],
        "",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(
        program.rows("d", "select * from t order by id"),
        [serde_json::json!([1, null, "x, \"y\""]), serde_json::json!([2, null, null])]
    );
}

#[test]
fn demo_shows_results_and_keeps_serving() {
    let data = TempDir::new();
    for round in 0..2 {
        let mut demo = Demo::start(&data);
        let said = &demo.said;
        assert!(said.contains("M001") && said.contains("watts") && said.contains("Osaka"), "{said}");
        let hours = said.split("Average power").nth(1).unwrap().split("Energy by city").next().unwrap();
        assert!(hours.contains(":00:00"), "round {round} has no hours: {said}");
        let curl = said.lines().find(|line| line.trim_start().starts_with("curl ")).unwrap().to_owned();
        if Command::new("curl").arg("--version").output().is_ok() {
            let output = Command::new("sh").args(["-c", &curl]).output().unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|e| panic!("{e}: {curl}: {}", text(&output.stdout)));
            assert_eq!(answer["code"], 0, "{curl}: {answer}");
        }
        // The next round finds what a run of another day left: tables without a reading of today.
        let url = said.lines().find_map(|line| line.strip_prefix("Serving ")?.split(' ').next()).unwrap();
        let forget =
            ["sql", "--url", url, "--db", "demo", "-e", "delete from readings where ts > '2000-01-01 00:00:00'"];
        let output = run_to_end(&forget, "");
        assert!(output.status.success(), "{}", text(&output.stderr));
        Command::new("kill").arg("-INT").arg(demo.child.id().to_string()).status().unwrap();
        assert_eq!(demo.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn help_teaches() {
    for (command, parts) in [
        (&["--help"][..], &["demo", "serve", "sql", "import"][..]),
        (&["serve", "--help"], &["--root-password-file", "curl --cacert", "--insecure"]),
        (&["demo", "--help"], &["Ctrl-C"]),
        (&["sql", "--help"], &["Examples:", "--format"]),
        (&["import", "--help"], &["Example:", "--skip-bad"]),
    ] {
        let output = run_to_end(command, "");
        assert!(output.status.success());
        for part in parts {
            assert!(text(&output.stdout).contains(part), "{command:?} does not say {part}");
        }
    }
}
