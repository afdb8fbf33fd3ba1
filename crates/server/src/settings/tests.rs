use super::*;
use std::io::Write;

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let mut stored = tempfile::NamedTempFile::new().unwrap();
    stored.write_all(file.as_bytes()).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::load(Some(stored.path()), &Environment { variables, reserved: &["CHRONOGLOT_URL"] })
}

fn error(file: &str, variables: &[(&str, &str)]) -> String {
    load(file, variables).unwrap_err().to_string()
}

#[test]
fn nothing_given_is_the_defaults() {
    let settings = Settings::load(None, &Environment::default()).unwrap();
    assert_eq!(settings, Settings::default());
    settings.check().unwrap();
    assert_eq!(settings.limits.body_bytes, 64 * 1024 * 1024);
    assert!(settings.is_tls(&settings.listen[0]));
    assert!(settings.memory_limit_bytes() > 0);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = "data_dir = '/a'\ninsecure = true\n[limits]\nbody_bytes = '1 MiB'\nconnections = 5\n";
    let settings =
        load(file, &[("CHRONOGLOT_LIMITS_BODY_BYTES", "2 MiB"), ("CHRONOGLOT_DATA_DIR", "77"), ("HOME", "/x")])
            .unwrap();
    assert_eq!(settings.limits.body_bytes, 2 << 20);
    assert_eq!(settings.limits.connections, 5);
    assert_eq!(settings.data_dir, PathBuf::from("77"));
    assert_eq!(settings.limits.requests, Limits::default().requests);
    assert!(!settings.is_tls(&settings.listen[0]));
}

#[test]
fn listeners_are_rows_or_plain_addresses() {
    let settings = load("listen = ['a:1', { address = 'b:2', tls = false, dialects = ['x'] }]", &[]).unwrap();
    let second = Listener { address: "b:2".to_owned(), tls: Some(false), dialects: Some(vec!["x".to_owned()]) };
    assert_eq!(settings.listen, [Listener::at("a:1"), second]);
    let tables = load("[[listen]]\naddress = 'a:1'\n[[listen]]\naddress = 'b:2'\n", &[]).unwrap();
    assert_eq!(tables.listen, [Listener::at("a:1"), Listener::at("b:2")]);
    let environment = load("", &[("CHRONOGLOT_LISTEN", "a:1, [::1]:2")]).unwrap();
    assert_eq!(environment.listen, [Listener::at("a:1"), Listener::at("[::1]:2")]);
    assert_eq!(load("", &[("CHRONOGLOT_LISTEN", "a:1")]).unwrap().listen, [Listener::at("a:1")]);
}

#[test]
fn dialects_are_switched_by_name() {
    let settings = load("[dialects]\none = false\ntwo = true\n", &[("CHRONOGLOT_DIALECTS_TWO", "false")]).unwrap();
    assert_eq!(settings.dialects, [("one".to_owned(), false), ("two".to_owned(), false)].into());
    assert!(error("[dialects]\none = 'maybe'\n", &[]).contains("line 2"));
    assert!(error("", &[("CHRONOGLOT_DIALECTS_TWO", "maybe")]).contains("cannot be \"maybe\""));
}

#[test]
fn lists_words_and_sizes_come_from_the_environment_too() {
    let variables = [
        ("CHRONOGLOT_TLS_NAMES", "db.example,10.0.0.7"),
        ("CHRONOGLOT_WAL_SYNC", "off"),
        ("CHRONOGLOT_MEMORY_LIMIT_BYTES", "8GB"),
        ("CHRONOGLOT_INSECURE", "true"),
        ("CHRONOGLOT_URL", "is the program's own"),
    ];
    let settings = load("", &variables).unwrap();
    assert_eq!(settings.tls.names, ["db.example", "10.0.0.7"]);
    assert_eq!(settings.wal.sync, WalSync::Off);
    assert_eq!(settings.memory_limit_bytes(), 8_000_000_000);
    assert_eq!(settings.query_memory_bytes(), 2_000_000_000);
    assert!(settings.insecure);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    for (file, key, near) in [
        ("[limits]\nbody_byte = 1", "limits.body_byte", Some("limits.body_bytes")),
        ("body_bytes = 1", "body_bytes", Some("limits.body_bytes")),
        ("[limit]\nbody_bytes = 1", "limit", Some("limits")),
        ("[zzzzzz]\nbody_bytes = 1", "zzzzzz", None),
        ("[[listen]]\nadress = 'a:1'", "listen.adress", Some("listen.address")),
        ("insecur = true", "insecur", Some("insecure")),
        ("[wal]\nzzzzzz = 1", "wal.zzzzzz", None),
    ] {
        match load(file, &[]) {
            Err(SettingsError::UnknownKey { key: found, nearest, .. }) => {
                assert_eq!((found.as_str(), nearest.as_deref()), (key, near), "{file}");
            }
            other => panic!("{file}: {other:?}"),
        }
    }
    assert_eq!(
        error("", &[("CHRONOGLOT_LIMITS_BODYBYTES", "1")]),
        "the environment: there is no setting \"CHRONOGLOT_LIMITS_BODYBYTES\", did you mean \"CHRONOGLOT_LIMITS_BODY_BYTES\"?"
    );
}

#[test]
fn a_wrong_value_is_placed() {
    let text = error("[limits]\n\nbody_bytes = '64 XB'\n", &[]);
    assert!(text.contains("line 3") && text.contains("64 XB") && text.contains("a size"), "{text}");
    let text = error("[wal]\nsync = 'sometimes'\n", &[]);
    assert!(text.contains("sometimes") && text.contains("interval"), "{text}");
    let text = error("[limits\n", &[]);
    assert!(text.contains("line 1"), "{text}");
    let text = error("", &[("CHRONOGLOT_LIMITS_CONNECTIONS", "many")]);
    assert!(text.starts_with("the environment variable CHRONOGLOT_LIMITS_CONNECTIONS cannot be \"many\": "), "{text}");
    let missing = Settings::load(Some(std::path::Path::new("/nowhere/x.toml")), &Environment::default());
    assert!(matches!(missing, Err(SettingsError::Unreadable { .. })));
}

#[test]
fn values_that_cannot_be_together_are_refused() {
    let check = |file: &str| load(file, &[]).unwrap().check().unwrap_err().to_string();
    assert_eq!(check("[limits]\nrequests = 0"), "limits.requests must be greater than 0");
    let text = check("[compaction]\nsegments_limit = 0");
    assert_eq!(text, "compaction.segments_limit must be greater than 0");
    assert_eq!(check("[compaction]\ncpu_percent = 101"), "compaction.cpu_percent must be at most 100");
    assert_eq!(check("[tls]\nkey_file = 'k'"), "tls.key_file needs tls.certificate_file");
    assert!(check("listen = []").starts_with("listen is empty"));
}

#[test]
fn the_list_of_keys_is_the_structs() {
    let full = Settings {
        listen: vec![Listener { tls: Some(true), dialects: Some(Vec::new()), ..Listener::default() }],
        tls: Tls { certificate_file: Some("c".into()), key_file: Some("k".into()), ..Tls::default() },
        limits: Limits { result_bytes: Some(1), ..Limits::default() },
        query: Query { memory_bytes: Some(1), ..Query::default() },
        memory: Memory { limit_bytes: Some(1) },
        ..Settings::default()
    };
    let toml::Value::Table(table) = toml::Value::try_from(&full).unwrap() else { panic!("not a table") };
    let mut written = Vec::new();
    for (name, value) in table {
        match value {
            toml::Value::Table(inner) if name != "dialects" => {
                written.extend(inner.keys().map(|key| format!("{name}.{key}")))
            }
            toml::Value::Array(rows) if rows.iter().all(toml::Value::is_table) && !rows.is_empty() => {
                written.extend(rows[0].as_table().unwrap().keys().map(|key| format!("{name}.{key}")));
            }
            _ => written.push(name),
        }
    }
    let mut known: Vec<String> = Settings::rows().iter().map(Row::key).collect();
    written.sort();
    known.sort();
    assert_eq!(written, known);
    assert!(Settings::rows().iter().all(|row| !row.help.trim().is_empty()));
}
