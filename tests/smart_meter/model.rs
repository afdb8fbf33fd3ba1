//! The same files as plain vectors, the same questions as plain loops.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What tables and columns are called.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) series_database: String,
    pub(crate) other_database: String,
    pub(crate) readings: String,
    pub(crate) time: String,
    pub(crate) meter: String,
    pub(crate) meters: String,
    pub(crate) areas: String,
    pub(crate) users: String,
}

impl Names {
    pub(crate) fn of_the_export() -> Self {
        Self {
            series_database: "tsdb".into(),
            other_database: "rdb".into(),
            readings: "meter_data".into(),
            time: "ts".into(),
            meter: "meter_id".into(),
            meters: "meter_info".into(),
            areas: "area_info".into(),
            users: "user_info".into(),
        }
    }

    /// Readings, meters, areas, users with their databases.
    pub(crate) fn qualified(&self) -> (String, String, String, String) {
        let other = |table: &str| format!("{}.{table}", self.other_database);
        let readings = format!("{}.{}", self.series_database, self.readings);
        (readings, other(&self.meters), other(&self.areas), other(&self.users))
    }

    pub(crate) fn meter_in_meters(&self) -> &str {
        &self.meter
    }
}

#[derive(Debug, Clone)]
struct Reading {
    power: Option<f64>,
    energy: Option<f64>,
}

#[derive(Debug)]
pub(crate) struct LastReading {
    pub(crate) meter: String,
    pub(crate) time: String,
    pub(crate) last_power: Option<f64>,
    pub(crate) power_of_last_row: Option<f64>,
}

/// An export in memory; of repeated rows the last one counts.
#[derive(Debug)]
pub(crate) struct Export {
    /// By meter and milliseconds since 1970.
    readings: BTreeMap<(String, i64), Reading>,
    meters: Vec<Vec<String>>,
    areas: Vec<Vec<String>>,
    users: Vec<Vec<String>>,
}

impl Export {
    pub(crate) fn read(readings: &Path, meters: &Path, areas: &Path, users: &Path) -> Self {
        let number = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        let readings = rows(readings)
            .into_iter()
            .map(|row| {
                let reading = Reading { power: number(&row[3]), energy: number(&row[4]) };
                ((row[5].clone(), milliseconds(&row[0])), reading)
            })
            .collect();
        Self { readings, meters: rows(meters), areas: rows(areas), users: rows(users) }
    }

    pub(crate) fn row_count(&self) -> usize {
        self.readings.len()
    }

    /// Total energy by the name of the meter's area, greatest first.
    pub(crate) fn energy_by_area(&self) -> Vec<(String, f64)> {
        let mut totals: BTreeMap<String, f64> = BTreeMap::new();
        for ((meter, _), reading) in &self.readings {
            for row in self.meters.iter().filter(|row| row[0] == *meter) {
                for area in self.areas.iter().filter(|area| area[0] == row[5]) {
                    if let Some(energy) = reading.energy {
                        *totals.entry(area[1].clone()).or_default() += energy;
                    }
                }
            }
        }
        let mut totals: Vec<_> = totals.into_iter().collect();
        totals.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        totals
    }

    pub(crate) fn readings_by_meter(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (meter, _) in self.readings.keys() {
            *counts.entry(meter.clone()).or_default() += 1;
        }
        counts
    }

    /// Mean power by the hour; none where every power of the hour is NULL.
    pub(crate) fn hourly_power(&self, meter: &str) -> Vec<(String, Option<f64>)> {
        let mut hours: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for ((_, time), reading) in self.readings.iter().filter(|((m, _), _)| m == meter) {
            let hour = hours.entry(time.div_euclid(3_600_000) * 3_600_000).or_default();
            if let Some(power) = reading.power {
                *hour = (hour.0 + power, hour.1 + 1.0);
            }
        }
        hours.into_iter().map(|(hour, (sum, n))| (text(hour), (n > 0.0).then(|| sum / n))).collect()
    }

    pub(crate) fn last_readings(&self) -> Vec<LastReading> {
        let mut last: BTreeMap<&str, LastReading> = BTreeMap::new();
        for ((meter, time), reading) in &self.readings {
            let entry = last.entry(meter).or_insert_with(|| LastReading {
                meter: meter.clone(),
                time: String::new(),
                last_power: None,
                power_of_last_row: None,
            });
            entry.time = text(*time);
            entry.last_power = reading.power.or(entry.last_power);
            entry.power_of_last_row = reading.power;
        }
        last.into_values().collect()
    }

    pub(crate) fn faults_with_users(&self) -> Vec<Value> {
        let mut rows: Vec<_> = self
            .meters
            .iter()
            .filter(|meter| meter[4] == "Fault")
            .flat_map(|meter| {
                let users = self.users.iter().filter(|user| user[0] == meter[6]);
                users.map(|user| (meter[0].clone(), user[1].clone(), user[3].clone()))
            })
            .collect();
        rows.sort();
        rows.into_iter().map(|(meter, name, contact)| json!([meter, name, contact])).collect()
    }
}

/// Sums in another order may differ in the last digits.
pub(crate) fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn rows(file: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(file).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// `2025-01-31 12:47:24.22+00:00` in milliseconds since 1970.
fn milliseconds(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// An instant as the documented API prints it.
fn text(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap().to_string()
}

/// Writes four files of the export's shape: readings (late, repeated, with NULLs), meters, areas,
/// users.
pub(crate) fn generate(folder: &Path, seed: u64) -> [PathBuf; 4] {
    let mut state = seed;
    let mut below = move |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let start = milliseconds("2025-01-08 00:00:00+00:00");
    let mut readings = String::new();
    for index in 0..8_000_i64 {
        // Mostly in order; some late by days, and a narrow set of times so that rows repeat.
        let late = if below(10) == 0 { below(5 * 86_400) as i64 * 1_000 } else { 0 };
        let time = start + index * 90_000 / 2 * 2 - late / 45_000 * 45_000;
        let time =
            jiff::Timestamp::from_millisecond(time).unwrap().to_string().replace('T', " ").replace('Z', "+00:00");
        let mut value =
            |scale: u64| if below(12) == 0 { String::new() } else { format!("{}.{}", below(scale), below(10)) };
        let (voltage, current, power, energy) = (value(250), value(20), value(5_000), value(100_000));
        readings.push_str(&format!("{time},{voltage},{current},{power},{energy},D{}\n", below(9)));
    }
    let mut meters = String::new();
    for meter in 0..9 {
        let status = ["Normal", "Fault"][below(2) as usize];
        let status = if meter == 0 { "Fault" } else { status };
        meters.push_str(&format!(
            "D{meter},2024-0{}-11,220V,\"Maker, {}\",{status},K{},P{}\n",
            meter + 1,
            below(3),
            below(4),
            below(5)
        ));
    }
    let areas: String = (0..4).map(|area| format!("K{area},District {area},Boss {},North\n", below(3))).collect();
    let users: String =
        (0..5).map(|user| format!("P{user},Person {user},\"Street {user}\",{}\n", 10_000 + below(9_999))).collect();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    [
        write("readings.csv", &readings),
        write("meters.csv", &meters),
        write("areas.csv", &areas),
        write("users.csv", &users),
    ]
}
