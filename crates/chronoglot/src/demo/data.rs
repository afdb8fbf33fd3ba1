//! The demo's rows: a day of quarter-hour readings of 100 meters, the same shape on every run.

use std::f64::consts::TAU;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

const METERS: u64 = 100;
const READINGS_A_METER: u64 = 96;
const QUARTER_HOUR_MS: u64 = 15 * 60 * 1_000;
const METERS_A_STATEMENT: u64 = 10;

/// The two tables: a time-series one and a relational one.
pub(crate) const TABLES: [&str; 2] = [
    "CREATE TABLE readings (ts TIMESTAMPTZ(3) NOT NULL, voltage FLOAT8, power FLOAT8) \
     TAGS (meter VARCHAR(20) NOT NULL) PRIMARY TAGS (meter)",
    "CREATE TABLE customers (meter VARCHAR(20) PRIMARY KEY, name VARCHAR(100) NOT NULL, city VARCHAR(50))",
];

const CITIES: [&str; 6] = ["Lisbon", "Nairobi", "Osaka", "Quito", "Tromsø", "济南"];

/// One INSERT with every customer.
pub(crate) fn customers() -> String {
    let mut statement = "INSERT INTO customers VALUES ".to_owned();
    for meter in 1..=METERS {
        let comma = if meter == 1 { "" } else { "," };
        let city = CITIES[(noise(meter, 0) * 6.0) as usize % CITIES.len()];
        let _infallible = write!(statement, "{comma}('M{meter:03}','Customer {meter}','{city}')");
    }
    statement
}

/// INSERTs with the day before `now`, a few meters each; the same values for a time on every run.
pub(crate) fn readings(now: SystemTime) -> impl Iterator<Item = String> {
    let now_ms = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let last = now_ms / QUARTER_HOUR_MS * QUARTER_HOUR_MS;
    (0..METERS / METERS_A_STATEMENT).map(move |group| {
        let mut statement = "INSERT INTO readings VALUES ".to_owned();
        for meter in group * METERS_A_STATEMENT + 1..=(group + 1) * METERS_A_STATEMENT {
            for back in (0..READINGS_A_METER).rev() {
                let time = last.saturating_sub(back * QUARTER_HOUR_MS);
                let comma = if statement.ends_with(' ') { "" } else { "," };
                let (voltage, power) = reading(meter, time);
                let _infallible = write!(statement, "{comma}({time},{voltage:.1},{power:.1},'M{meter:03}')");
            }
        }
        statement
    })
}

/// Volts and watts of a household: low at night, high in the evening, its own size and noise.
fn reading(meter: u64, time_ms: u64) -> (f64, f64) {
    let hour = (time_ms / 3_600_000 % 24) as f64 + (time_ms / QUARTER_HOUR_MS % 4) as f64 / 4.0;
    let size = 0.5 + noise(meter, 1);
    let daily = 1.0 - 0.6 * ((hour - 7.0) / 24.0 * TAU).cos();
    let power = size * 900.0 * daily * (0.8 + 0.4 * noise(meter, time_ms));
    (230.0 + 6.0 * (noise(meter, time_ms + 1) - 0.5), power)
}

/// A number in [0, 1) that depends on both arguments alone (the finaliser of SplitMix64).
fn noise(meter: u64, salt: u64) -> f64 {
    let mut z = meter.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_every_meter_is_written_once() {
        let now = UNIX_EPOCH + std::time::Duration::from_millis(1_750_000_000_123);
        let statements: Vec<String> = readings(now).collect();
        let rows: usize = statements.iter().map(|statement| statement.matches("'M").count()).sum();
        assert_eq!(rows as u64, METERS * READINGS_A_METER);
        assert!(statements[0].contains("(1749999600000,"), "the newest quarter hour");
        assert_eq!(customers().matches("'M").count() as u64, METERS);
    }
}
