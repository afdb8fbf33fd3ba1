//! `CREATE DATABASE` and `ALTER DATABASE` with their options.

use super::duration::keep_seconds;
use super::names;
use super::statement::{DatabaseOption, Statement};
use crate::error::coded;
use model::{Error, Result, TimeUnit};
use sql::{Cursor, TokenKind};

/// Options that have no effect here and are shown back: name, least and greatest value.
const RECORDED: &[(&str, i64, i64)] = &[
    ("vgroups", 1, 1_024),
    ("replica", 1, 3),
    ("buffer", 3, 16_384),
    ("pages", 64, i64::MAX),
    ("pagesize", 1, 16_384),
    ("cachesize", 1, 65_536),
    ("comp", 0, 2),
    ("minrows", 10, 1_000_000),
    ("maxrows", 10, 1_000_000),
    ("wal_fsync_period", 0, 180_000),
    ("wal_retention_period", -1, i64::MAX),
    ("wal_retention_size", -1, i64::MAX),
    ("wal_roll_period", 0, i64::MAX),
    ("wal_segment_size", 0, i64::MAX),
    ("stt_trigger", 1, 16),
    ("table_prefix", -191, 191),
    ("table_suffix", -191, 191),
    ("tsdb_pagesize", 1, 16_384),
    ("keep_time_offset", 0, 23),
];

/// Options that would change answers or durability if they were kept as a record only.
const REFUSED: &[&str] = &[
    "single_stable",
    "schemaless",
    "retentions",
    "encrypt_algorithm",
    "dnodes",
    "strict",
    "with_arbitrator",
    "s3_chunkpages",
    "s3_chunksize",
    "s3_keeplocal",
    "s3_compact",
    "ss_chunkpages",
    "ss_keeplocal",
    "ss_compact",
    "compact_interval",
    "compact_time_range",
    "compact_time_offset",
];

fn invalid(option: &str, value: &str) -> Error {
    coded(0x2619, format!("Invalid option {option}: {value}"))
}

/// `CREATE DATABASE [IF NOT EXISTS] name [options]`
pub(super) fn create(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("database")?;
    let if_not_exists = cursor.accept_words(&["if", "not", "exists"]);
    let name = names::name(cursor, "the name of a database")?;
    Ok(Statement::CreateDatabase { if_not_exists, name, options: options(cursor)? })
}

/// `ALTER DATABASE name options`
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Result<Statement> {
    cursor.expect_word("database")?;
    let name = names::name(cursor, "the name of a database")?;
    let options = options(cursor)?;
    if options.is_empty() {
        return Err(cursor.error("expected an option"));
    }
    Ok(Statement::AlterDatabase { name, options })
}

fn options(cursor: &mut Cursor<'_>) -> Result<Vec<DatabaseOption>> {
    let mut options = Vec::new();
    while !cursor.is_at_end() {
        options.push(option(cursor)?);
    }
    Ok(options)
}

fn text_or_word(cursor: &mut Cursor<'_>) -> Result<String> {
    if cursor.is_kind(TokenKind::String) {
        return cursor.expect_string("a value");
    }
    let text = cursor.peek_text().to_owned();
    cursor.skip();
    Ok(text)
}

fn option(cursor: &mut Cursor<'_>) -> Result<DatabaseOption> {
    if cursor.accept_word("precision") {
        let text = text_or_word(cursor)?;
        return match text.to_ascii_lowercase().as_str() {
            "ms" => Ok(DatabaseOption::Precision(TimeUnit::Millisecond)),
            "us" => Ok(DatabaseOption::Precision(TimeUnit::Microsecond)),
            "ns" => Ok(DatabaseOption::Precision(TimeUnit::Nanosecond)),
            _ => Err(invalid("precision", &text)),
        };
    }
    if cursor.accept_word("keep") {
        let mut all = cursor.comma_separated(keep_seconds)?;
        // The greatest, which is the last of the levels, says how long rows are kept.
        all.sort_unstable();
        let seconds = all.pop().unwrap_or_default();
        if !(86_400..=365_000 * 86_400).contains(&seconds) {
            let minutes = seconds / 60;
            return Err(coded(0x2619, format!("Invalid option keep: {minutes}m valid range: [1440m, 525600000m]")));
        }
        return Ok(DatabaseOption::KeepSeconds(seconds));
    }
    if cursor.accept_one_of(&["duration", "days"]).is_some() {
        let seconds = keep_seconds(cursor)?;
        if !(3_600..=3_650 * 86_400).contains(&seconds) {
            let minutes = seconds / 60;
            return Err(coded(0x2619, format!("Invalid option duration: {minutes}m valid range: [60m, 5256000m]")));
        }
        return Ok(DatabaseOption::DurationSeconds(seconds));
    }
    if cursor.accept_word("cachemodel") {
        let text = text_or_word(cursor)?.to_ascii_lowercase();
        if !["none", "last_row", "last_value", "both"].contains(&text.as_str()) {
            return Err(invalid("cacheModel", &text));
        }
        return Ok(DatabaseOption::Recorded("cachemodel", text));
    }
    if cursor.accept_word("wal_level") {
        // Every write is durable before it is answered; less than that is no record.
        let level = cursor.expect_integer("a level")?;
        return match level {
            1 | 2 => Ok(DatabaseOption::Recorded("wal_level", level.to_string())),
            0 => Err(Error::unsupported("WAL_LEVEL 0")),
            other => Err(invalid("walLevel", &other.to_string())),
        };
    }
    for (name, least, most) in RECORDED {
        if cursor.accept_word(name) {
            let negative = cursor.accept_symbol("-");
            let number = cursor.expect_integer("a number")?;
            let number = i64::try_from(number).map_or(i64::MAX, |n| if negative { -n } else { n });
            if number < *least || number > *most {
                return Err(coded(0x2619, format!("Invalid option {name}: {number} valid range: [{least}, {most}]")));
            }
            return Ok(DatabaseOption::Recorded(name, number.to_string()));
        }
    }
    if let Some(refused) = REFUSED.iter().find(|name| cursor.is_word(name)) {
        return Err(Error::unsupported(format!("the option {}", refused.to_ascii_uppercase())));
    }
    Err(cursor.error("this is no option of a database"))
}
