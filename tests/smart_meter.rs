//! A real export and a generated one: loaded through the program, asked KWDB's kind of questions,
//! and compared with plain loops over the same files.

mod model;

use crate::harness::{Program, TempDir, run_to_end};
use model::{Export, Names, close};
use serde_json::Value;
use std::path::Path;

#[test]
fn the_real_export_answers_as_plain_loops_do() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/smart-meter"));
    let names = Names::of_the_export();
    let data = TempDir::new();
    let program = Program::insecure(data.path());
    // The definitions as the export wrote them, each in its database.
    program.ddl("defaultdb", &std::fs::read_to_string(folder.join("rdb/meta.sql")).unwrap());
    let series = std::fs::read_to_string(folder.join("tsdb/meta.sql")).unwrap();
    let (database, table) = series.split_once(';').unwrap();
    program.ddl("defaultdb", database);
    program.ddl("tsdb", table);
    for table in ["alarm_rules", "area_info", "meter_info", "user_info"] {
        program.ddl("rdb", &std::fs::read_to_string(folder.join(format!("rdb/public/{table}/meta.sql"))).unwrap());
        import(&program, &format!("rdb.{table}"), &folder.join(format!("rdb/public/{table}/n1.0.csv")));
    }
    import(&program, "tsdb.meter_data", &folder.join("tsdb/public/meter_data/n1.0.csv"));

    assert_eq!(program.rows("rdb", "select count(*) from alarm_rules")[0][0], 5);
    let export = Export::read(
        &folder.join("tsdb/public/meter_data/n1.0.csv"),
        &folder.join("rdb/public/meter_info/n1.0.csv"),
        &folder.join("rdb/public/area_info/n1.0.csv"),
        &folder.join("rdb/public/user_info/n1.0.csv"),
    );
    ask_everything(&program, &names, &export, "M26");
    // And again from another process that reads the directory anew.
    drop(program);
    let program = Program::insecure(data.path());
    ask_everything(&program, &names, &export, "M1");
}

#[test]
fn a_generated_export_with_late_repeated_and_null_rows_agrees() {
    let names = Names {
        series_database: "grid".into(),
        other_database: "crm".into(),
        readings: "pulse".into(),
        time: "k_time".into(),
        meter: "device".into(),
        meters: "devices".into(),
        areas: "districts".into(),
        users: "people".into(),
    };
    let data = TempDir::new();
    let files = data.path().join("files");
    std::fs::create_dir_all(&files).unwrap();
    let program = Program::insecure(&data.path().join("store"));
    program.ddl("defaultdb", "create ts database grid; create database crm");
    program.ddl(
        "grid",
        "create table pulse (k_time timestamptz(3) not null, voltage float8, current float8, power float8, \
         energy float8) tags (device varchar(30) not null) primary tags (device)",
    );
    program.ddl(
        "crm",
        "create table devices (device varchar(30) primary key, install_date date, voltage_level varchar(20), \
         manufacturer varchar(50), status varchar(20), area_id varchar(20), user_id varchar(50)); \
         create table districts (area_id varchar(20) primary key, area_name varchar(100), manager varchar(50), \
         region varchar(50)); \
         create table people (user_id varchar(50) primary key, user_name varchar(100), address varchar(200), \
         contact varchar(20))",
    );
    let [readings, devices, districts, people] = model::generate(&files, 7);
    import(&program, "crm.devices", &devices);
    import(&program, "crm.districts", &districts);
    import(&program, "crm.people", &people);
    import(&program, "grid.pulse", &readings);
    let export = Export::read(&readings, &devices, &districts, &people);
    ask_everything(&program, &names, &export, "D3");
}

/// `chronoglot import` of one file, which must succeed.
fn import(program: &Program, table: &str, file: &Path) {
    let url = format!("http://{}", program.address);
    let output = run_to_end(&["import", "--url", &url, "--user", "root", "--table", table, file.to_str().unwrap()], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}: {said}{}", String::from_utf8_lossy(&output.stderr));
}

fn ask_everything(program: &Program, names: &Names, export: &Export, one_meter: &str) {
    let Names { time, meter, .. } = names;
    let (readings, meters, areas, users) = names.qualified();
    let ask = |query: &str| program.rows("defaultdb", query);

    let energy = ask(&format!(
        "select a.area_name, sum(d.energy) as total from {readings} d join {meters} m on d.{meter} = m.{} \
         join {areas} a on m.area_id = a.area_id group by a.area_name order by total desc, a.area_name limit 10",
        names.meter_in_meters()
    ));
    let expected = export.energy_by_area();
    assert_eq!(energy.len(), expected.len().min(10));
    for (row, (area, total)) in energy.iter().zip(&expected) {
        assert_eq!(row[0], *area, "energy by area: {energy:?} in place of {expected:?}");
        assert!(close(row[1].as_f64().unwrap(), *total), "{area}: {} in place of {total}", row[1]);
    }

    let counts = ask(&format!("select {meter}, count(*) from {readings} group by {meter} order by {meter}"));
    let expected: Vec<Value> = export.readings_by_meter().into_iter().map(|(m, n)| serde_json::json!([m, n])).collect();
    assert_eq!(counts, expected, "readings per meter");

    let hourly = ask(&format!(
        "select time_bucket({time}, '1h') as hour, avg(power) from {readings} where {meter} = '{one_meter}' \
         group by hour order by hour"
    ));
    let expected = export.hourly_power(one_meter);
    assert_eq!(hourly.len(), expected.len(), "hours of {one_meter}");
    for (row, (hour, mean)) in hourly.iter().zip(&expected) {
        assert_eq!(row[0], *hour);
        match mean {
            Some(mean) => assert!(close(row[1].as_f64().unwrap(), *mean), "{hour}: {} in place of {mean}", row[1]),
            None => assert!(row[1].is_null(), "{hour}: {}", row[1]),
        }
    }

    let last = ask(&format!(
        "select {meter}, last_row({time}), last(power), last_row(power) from {readings} group by {meter} order by {meter}"
    ));
    let expected = export.last_readings();
    assert_eq!(last.len(), expected.len(), "last readings");
    for (row, expected) in last.iter().zip(&expected) {
        assert_eq!(row[0], expected.meter);
        assert_eq!(row[1], expected.time, "last reading of {}", expected.meter);
        assert_eq!(row[2].as_f64(), expected.last_power, "last power of {}", expected.meter);
        assert_eq!(row[3].as_f64(), expected.power_of_last_row, "power of the last row of {}", expected.meter);
    }

    let faults = ask(&format!(
        "select m.{meter}, u.user_name, u.contact from {meters} m join {users} u on m.user_id = u.user_id \
         where m.status = 'Fault' order by m.{meter}",
        meter = names.meter_in_meters()
    ));
    assert_eq!(faults, export.faults_with_users(), "meters with status Fault");
    assert!(!faults.is_empty());

    let plan = ask(&format!(
        "explain select a.area_name, sum(d.energy) from {readings} d join {meters} m on d.{meter} = m.{} \
         join {areas} a on m.area_id = a.area_id \
         where d.{time} >= '2025-01-10 00:00:00' and d.{meter} = '{one_meter}' group by a.area_name",
        names.meter_in_meters()
    ));
    let plan: String = plan.iter().map(|row| row.to_string()).collect();
    assert!(plan.contains("time=[") && plan.contains("series=1 of"), "predicates are not in the scan: {plan}");
    eprintln!(
        "{}: {} readings, {} areas with energy, {} meters, {} hours of {one_meter}, {} faults: all as plain loops say",
        names.series_database,
        export.row_count(),
        export.energy_by_area().len(),
        counts.len(),
        hourly.len(),
        faults.len()
    );
}
