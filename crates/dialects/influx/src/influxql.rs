//! Version 1's statements about databases and measurements as plain data. Every other statement is
//! refused by its words.

mod words;

use words::{Word, words};

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// `CREATE DATABASE name [WITH ..]`
    CreateDatabase { name: String, retention_seconds: Option<u64> },
    /// `DROP DATABASE name`
    DropDatabase { name: String },
    /// `DROP MEASUREMENT name`
    DropMeasurement { name: String },
    /// `SHOW DATABASES`
    ShowDatabases,
    /// `SHOW MEASUREMENTS [ON name]`
    ShowMeasurements { on: Option<String> },
    /// `SHOW RETENTION POLICIES [ON name]`
    ShowRetentionPolicies { on: Option<String> },
}

/// The statements of a text, parted by semicolons.
///
/// # Errors
/// What was found where, and what was expected or is not supported.
pub(crate) fn parse(text: &str) -> Result<Vec<Statement>, String> {
    let words = words(text)?;
    let mut statements = Vec::new();
    for words in words.split(|word| *word == Word::Semicolon).filter(|words| !words.is_empty()) {
        let mut rest = Rest { words };
        let statement = rest.statement()?;
        rest.end()?;
        statements.push(statement);
    }
    if statements.is_empty() { Err("found EOF, expected a statement".to_owned()) } else { Ok(statements) }
}

/// The words of a statement that are still to be read.
struct Rest<'w> {
    words: &'w [Word],
}

impl Rest<'_> {
    fn statement(&mut self) -> Result<Statement, String> {
        if self.take("CREATE") {
            self.expect("DATABASE")?;
            let name = self.name()?;
            let retention_seconds = if self.take("WITH") { self.database_options()? } else { None };
            return Ok(Statement::CreateDatabase { name, retention_seconds });
        }
        if self.take("DROP") {
            if self.take("DATABASE") {
                return Ok(Statement::DropDatabase { name: self.name()? });
            }
            self.expect("MEASUREMENT")?;
            return Ok(Statement::DropMeasurement { name: self.name()? });
        }
        if self.take("SHOW") {
            if self.take("DATABASES") {
                return Ok(Statement::ShowDatabases);
            }
            if self.take("MEASUREMENTS") {
                return Ok(Statement::ShowMeasurements { on: self.on()? });
            }
            if self.take("RETENTION") {
                self.expect("POLICIES")?;
                return Ok(Statement::ShowRetentionPolicies { on: self.on()? });
            }
        }
        Err(format!(
            "{} is not supported: CREATE DATABASE, DROP DATABASE, DROP MEASUREMENT, SHOW DATABASES, \
             SHOW MEASUREMENTS and SHOW RETENTION POLICIES are",
            self.found()
        ))
    }

    /// `DURATION d REPLICATION n SHARD DURATION d NAME name`, in any order.
    fn database_options(&mut self) -> Result<Option<u64>, String> {
        let mut retention = None;
        loop {
            if self.take("DURATION") {
                retention = self.duration()?;
            } else if self.take("REPLICATION") {
                self.name()?;
            } else if self.take("SHARD") {
                self.expect("DURATION")?;
                self.duration()?;
            } else if self.take("NAME") {
                let name = self.name()?;
                if name != "autogen" {
                    return Err(format!("retention policy {name} is not supported: autogen is the only one"));
                }
            } else {
                return Ok(retention);
            }
        }
    }

    /// A span; `None` for ever.
    fn duration(&mut self) -> Result<Option<u64>, String> {
        let text = self.name()?;
        if text.eq_ignore_ascii_case("INF") {
            return Ok(None);
        }
        let mut seconds = 0_u64;
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, behind) = rest.split_at(digits);
            let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, behind) = behind.split_at(letters);
            let unit = match unit {
                "s" => 1,
                "m" => 60,
                "h" => 3_600,
                "d" => 86_400,
                "w" => 604_800,
                _ => return Err(format!("invalid duration {text}")),
            };
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
            seconds =
                part.and_then(|part| seconds.checked_add(part)).ok_or_else(|| format!("invalid duration {text}"))?;
            rest = behind;
        }
        Ok((seconds > 0).then_some(seconds))
    }

    fn on(&mut self) -> Result<Option<String>, String> {
        if self.take("ON") { self.name().map(Some) } else { Ok(None) }
    }

    fn take(&mut self, keyword: &str) -> bool {
        match self.words {
            [Word::Plain(word), rest @ ..] if word.eq_ignore_ascii_case(keyword) => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, keyword: &str) -> Result<(), String> {
        if self.take(keyword) { Ok(()) } else { Err(format!("found {}, expected {keyword}", self.found())) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.words {
            [Word::Plain(name) | Word::Quoted(name), rest @ ..] => {
                self.words = rest;
                Ok(name.clone())
            }
            _ => Err(format!("found {}, expected identifier", self.found())),
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.words.is_empty() { Ok(()) } else { Err(format!("found {}, expected ; or EOF", self.found())) }
    }

    fn found(&self) -> String {
        match self.words.first() {
            None => "EOF".to_owned(),
            Some(Word::Plain(word)) => word.clone(),
            Some(Word::Quoted(word)) => format!("\"{word}\""),
            Some(Word::Semicolon) => ";".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Statement, parse};
    use proptest::prelude::*;

    fn create(name: &str, retention_seconds: Option<u64>) -> Statement {
        Statement::CreateDatabase { name: name.to_owned(), retention_seconds }
    }

    #[test]
    fn what_clients_send_when_they_connect() {
        for (text, expected) in [
            ("CREATE DATABASE \"telegraf\"", create("telegraf", None)),
            ("create database \"db 0\";", create("db 0", None)),
            ("CREATE DATABASE db0 WITH REPLICATION 1", create("db0", None)),
            ("CREATE DATABASE db0 WITH DURATION 1w2d SHARD DURATION 1h NAME autogen", create("db0", Some(777_600))),
            ("CREATE DATABASE db0 WITH DURATION INF", create("db0", None)),
            ("CREATE DATABASE \"q\\\"uote\"", create("q\"uote", None)),
            ("SHOW DATABASES", Statement::ShowDatabases),
            ("show measurements", Statement::ShowMeasurements { on: None }),
            ("SHOW RETENTION POLICIES ON \"db0\"", Statement::ShowRetentionPolicies { on: Some("db0".to_owned()) }),
            ("DROP MEASUREMENT \"cpu\"", Statement::DropMeasurement { name: "cpu".to_owned() }),
            ("DROP DATABASE \"db0\"", Statement::DropDatabase { name: "db0".to_owned() }),
        ] {
            assert_eq!(parse(text), Ok(vec![expected]), "{text}");
        }
        assert_eq!(parse("SHOW DATABASES; show databases").unwrap().len(), 2);
    }

    #[test]
    fn everything_else_is_named() {
        for (text, reason) in [
            ("", "found EOF, expected a statement"),
            ("select * from cpu", "select is not supported"),
            ("SHOW SERIES", "SERIES is not supported"),
            ("CREATE USER u", "found USER, expected DATABASE"),
            ("CREATE DATABASE", "found EOF, expected identifier"),
            ("DROP DATABASE a b", "found b, expected ; or EOF"),
            ("CREATE DATABASE \"a", "a name in quotes does not end"),
            ("CREATE DATABASE a WITH DURATION 1y", "invalid duration 1y"),
            ("CREATE DATABASE a WITH NAME r", "retention policy r is not supported"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn noise_never_panics(text in "((CREATE|DATABASE|SHOW|WITH|DURATION|ON|\"|\\\\|;|1w|[a-z ])|\\PC){0,20}") {
            let _ = parse(&text);
        }

        #[test]
        fn quoted_names_read_back(name in "\\PC{1,20}") {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("CREATE DATABASE \"{quoted}\"");
            prop_assert_eq!(parse(&text), Ok(vec![create(&name, None)]));
        }
    }
}
