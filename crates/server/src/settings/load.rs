//! Loads settings: defaults, file, environment. Unknown keys are errors that name the nearest
//! known one.

use super::{Row, Settings, SettingsError};
use std::path::Path;
use toml::{Table, Value};

/// What the names of environment variables for settings begin with: `limits.body_bytes` is
/// `CHRONOGLOT_LIMITS_BODY_BYTES`.
pub const ENVIRONMENT_PREFIX: &str = "CHRONOGLOT_";

/// The section whose keys are names of dialects.
const SWITCHES: &str = "dialects";

/// The environment as far as settings are concerned.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Names and values of all variables.
    pub variables: Vec<(String, String)>,
    /// Variables with the prefix that are no settings, because the program uses them itself.
    pub reserved: &'static [&'static str],
}

impl Environment {
    /// The environment of this process; variables that are not text are left out.
    #[must_use]
    pub fn of_process(reserved: &'static [&'static str]) -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self { variables: variables.collect(), reserved }
    }
}

impl Settings {
    /// The defaults, overlaid by a file and by the environment. Flags come on top of it, then
    /// [`Settings::check`].
    ///
    /// # Errors
    /// See [`SettingsError`].
    pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Self, SettingsError> {
        let mut table = match file {
            Some(file) => read_file(file)?,
            None => Table::new(),
        };
        for (variable, value) in &environment.variables {
            let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            if !environment.reserved.contains(&variable.as_str()) {
                overlay(&mut table, variable, name, value)?;
            }
        }
        decode(table).map_err(|reason| SettingsError::Conflict { reason })
    }
}

fn decode(table: Table) -> Result<Settings, String> {
    Value::Table(table).try_into::<Settings>().map_err(|error| error.message().trim().to_owned())
}

fn read_file(file: &Path) -> Result<Table, SettingsError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| SettingsError::Unreadable { file: file.to_owned(), reason: error.to_string() })?;
    let invalid = |error: toml::de::Error| SettingsError::InvalidFile {
        file: file.to_owned(),
        reason: error.to_string().trim_end().to_owned(),
    };
    let table: Table = toml::from_str(&text).map_err(invalid)?;
    refuse_unknown(&table, file)?;
    // Reading the text once more as settings places a wrong value in its line.
    toml::from_str::<Settings>(&text).map_err(invalid)?;
    Ok(table)
}

/// Fails at the first key that is not in the table of settings.
fn refuse_unknown(table: &Table, file: &Path) -> Result<(), SettingsError> {
    let rows = Settings::rows();
    let known: Vec<String> = rows.iter().map(Row::key).collect();
    let sections: Vec<String> = rows.iter().map(|row| row.section.to_owned()).filter(|name| !name.is_empty()).collect();
    let is_section = |name: &str| sections.iter().any(|section| section == name);
    for (name, value) in table {
        let inner: Vec<&Table> = match value {
            Value::Table(table) => vec![table],
            Value::Array(rows) => rows.iter().filter_map(Value::as_table).collect(),
            _ => Vec::new(),
        };
        if name == SWITCHES {
            // Its keys are names of dialects, checked against those that there are.
            continue;
        }
        let written: Vec<String> = if is_section(name) {
            inner.iter().flat_map(|table| table.keys()).map(|key| format!("{name}.{key}")).collect()
        } else {
            vec![name.clone()]
        };
        if let Some(key) = written.into_iter().find(|key| !known.contains(key)) {
            let nearest = match value {
                Value::Table(_) if !is_section(name) => nearest(&key, &sections),
                _ => nearest(&key, &known),
            };
            return Err(SettingsError::UnknownKey { origin: file.display().to_string(), key, nearest });
        }
    }
    Ok(())
}

/// Writes one environment variable into the table.
fn overlay(table: &mut Table, variable: &str, name: &str, value: &str) -> Result<(), SettingsError> {
    // `listen` is a whole here: its rows have no names of their own.
    let rows: Vec<Row> = Settings::rows().into_iter().filter(|row| row.section != "listen").collect();
    let variables: Vec<String> =
        rows.iter().map(|row| variable_of(&row.key())).chain([variable_of("listen")]).collect();
    let target =
        rows.iter().find(|row| variable_of(&row.key()) == variable).map(|row| (row.section, row.name.to_owned()));
    let switch = || Some((SWITCHES, name.strip_prefix("DIALECTS_")?.to_ascii_lowercase()));
    let listen = || (name == "LISTEN").then(|| ("", "listen".to_owned()));
    let Some((section, key)) = target.or_else(listen).or_else(switch) else {
        return Err(SettingsError::UnknownKey {
            origin: "the environment".to_owned(),
            key: variable.to_owned(),
            nearest: nearest(variable, &variables),
        });
    };
    let mut reason = String::new();
    for reading in readings(value) {
        let mut alone = Table::new();
        put(&mut alone, section, &key, reading.clone());
        match decode(alone) {
            Ok(_) => {
                put(table, section, &key, reading);
                return Ok(());
            }
            Err(why) if reason.is_empty() => reason = why,
            Err(_) => {}
        }
    }
    Err(SettingsError::InvalidVariable { variable: variable.to_owned(), value: value.to_owned(), reason })
}

fn variable_of(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// What a variable's text may mean: a TOML value, a text, a list of texts cut at commas.
fn readings(text: &str) -> Vec<Value> {
    let literal = toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value"));
    let list = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let list = Value::Array(list.map(|item| Value::String(item.to_owned())).collect());
    let text = Value::String(text.to_owned());
    let texts = if matches!(&list, Value::Array(items) if items.len() > 1) { [list, text] } else { [text, list] };
    literal.into_iter().chain(texts).collect()
}

fn put(table: &mut Table, section: &str, key: &str, value: Value) {
    if section.is_empty() {
        table.insert(key.to_owned(), value);
    } else if let Value::Table(inner) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        inner.insert(key.to_owned(), value);
    }
}

/// The known key most like an unknown one, if any is like it at all; a key written without its
/// section is like the one with it.
fn nearest(key: &str, known: &[String]) -> Option<String> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |candidate: &String| {
        let whole = strsim::damerau_levenshtein(key, candidate);
        whole.min(strsim::damerau_levenshtein(&last(key), &last(candidate)))
    };
    let allowed = (last(key).chars().count() / 3).max(2);
    known
        .iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(far, _)| *far <= allowed)
        .min()
        .map(|(_, near)| near.clone())
}
