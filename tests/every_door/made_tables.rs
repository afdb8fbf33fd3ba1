//! Tables of one meaning as each door makes them, and rows of one meaning as each door writes them:
//! a key, an attribute `model`, and fields of 64-bit floats.

use super::door::{Client, Door, Outcome};
use serde_json::{Value, json};

/// Who makes a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Maker {
    Kwdb,
    TDengine,
    Iotdb,
    StarRocks,
    KwdbLines,
    InfluxLines,
    KwdbMetrics,
    OpenTsdbMetrics,
}

/// A way in for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    KwdbSql,
    KwdbTelegraf,
    KwdbInfluxdb,
    InfluxWrite,
    KwdbOpentsdbJson,
    KwdbOpentsdbTelnet,
    OpenTsdbPut,
    TDengineSql,
    IotdbSql,
    IotdbTablet,
}

/// One row: a NULL is not written, a field that is not named neither.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) key: &'a str,
    pub(super) model: &'a str,
    pub(super) milliseconds: i64,
    pub(super) fields: &'a [(&'a str, f64)],
}

impl Maker {
    pub(super) const ALL: [Self; 8] = [
        Self::Kwdb,
        Self::TDengine,
        Self::Iotdb,
        Self::StarRocks,
        Self::KwdbLines,
        Self::InfluxLines,
        Self::KwdbMetrics,
        Self::OpenTsdbMetrics,
    ];

    /// The name of its time column.
    pub(super) const fn time(self) -> &'static str {
        match self {
            Self::Kwdb | Self::TDengine | Self::StarRocks => "ts",
            Self::Iotdb | Self::InfluxLines => "time",
            Self::KwdbLines | Self::KwdbMetrics => "k_timestamp",
            Self::OpenTsdbMetrics => "timestamp",
        }
    }

    /// The name of its key column.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Kwdb | Self::Iotdb | Self::StarRocks => "site",
            Self::TDengine => "tbname",
            _ => "primary_tag",
        }
    }

    /// Whether the key stands for the tags, so that a point's key is worked out from its model.
    pub(super) fn hashes(self) -> bool {
        self.key() == "primary_tag"
    }

    /// Makes the table with the fields `value` and `other`.
    pub(super) fn make(self, root: &Client, database: &str, table: &str) -> Outcome {
        match self {
            Self::Kwdb => {
                let statement = format!(
                    "create table {table} (ts timestamptz(3) not null, value float8, other float8) \
                     tags (site varchar(20) not null, model varchar(60)) primary tags (site)"
                );
                root.kwdb("ddl", database, &statement).map(drop)
            }
            Self::TDengine => {
                let statement =
                    format!("create stable {table} (ts timestamp, `value` double, other double) tags (model varchar(60))");
                root.tdengine(database, &statement).map(drop)
            }
            Self::Iotdb => root.iotdb(
                database,
                &format!(
                    "create table {table} (site string tag, model string attribute, value double field, other double field)"
                ),
            ),
            Self::StarRocks => {
                let definition = json!({
                    "name": table,
                    "timeColumn": {"name": "ts", "precision": "ms"},
                    "columns": [{"name": "value", "type": "double"}, {"name": "other", "type": "double"}],
                    "tags": [
                        {"name": "site", "type": "varchar(20)", "isPrimary": true},
                        {"name": "model", "type": "varchar(60)"},
                    ],
                });
                root.resource("POST", &format!("/databases/{database}/tables"), &definition).map(drop)
            }
            Self::KwdbLines | Self::InfluxLines => {
                let line = format!("{table},model=first value=0,other=0 1500000000000000000");
                match self {
                    Self::KwdbLines => root.kwdb("influxdb", database, &line).map(drop),
                    _ => root.influx(database, &line),
                }
            }
            Self::KwdbMetrics | Self::OpenTsdbMetrics => {
                let row = Row { key: "", model: "first", milliseconds: 1_500_000_000_000, fields: &[("value", 0.0)] };
                let door = if self == Self::KwdbMetrics { Writer::KwdbOpentsdbJson } else { Writer::OpenTsdbPut };
                door.write(root, database, table, self, &row)?;
                root.kwdb("ddl", database, &format!("alter table {table} add column other float8")).map(drop)
            }
        }
    }

    /// The key of the series of points with this model; makes the series where it must.
    pub(super) fn key_of(
        self,
        root: &Client,
        database: &str,
        table: &str,
        model: &str,
        plain: &str,
    ) -> Outcome<String> {
        let own = match self {
            Self::KwdbLines => Writer::KwdbInfluxdb,
            Self::InfluxLines => Writer::InfluxWrite,
            Self::KwdbMetrics => Writer::KwdbOpentsdbTelnet,
            Self::OpenTsdbMetrics => Writer::OpenTsdbPut,
            _ => return Ok(plain.to_owned()),
        };
        let row = Row { key: "", model, milliseconds: 1_500_000_000_000, fields: &[("value", 0.0)] };
        own.write(root, database, table, self, &row)?;
        let query = format!("select primary_tag from {table} where model = '{model}' limit 1");
        let found = root.kwdb("query", database, &query)?;
        let key = found.rows.first().and_then(|row| row[0].as_str()).map(str::to_owned);
        key.ok_or_else(|| format!("no series has the model {model}"))
    }
}

impl Writer {
    pub(super) const ALL: [Self; 10] = [
        Self::KwdbSql,
        Self::KwdbTelegraf,
        Self::KwdbInfluxdb,
        Self::InfluxWrite,
        Self::KwdbOpentsdbJson,
        Self::KwdbOpentsdbTelnet,
        Self::OpenTsdbPut,
        Self::TDengineSql,
        Self::IotdbSql,
        Self::IotdbTablet,
    ];

    pub(super) const fn door(self) -> Door {
        match self {
            Self::KwdbSql
            | Self::KwdbTelegraf
            | Self::KwdbInfluxdb
            | Self::KwdbOpentsdbJson
            | Self::KwdbOpentsdbTelnet => Door::Kwdb,
            Self::InfluxWrite => Door::Influx,
            Self::OpenTsdbPut => Door::OpenTsdb,
            Self::TDengineSql => Door::TDengine,
            Self::IotdbSql | Self::IotdbTablet => Door::Iotdb,
        }
    }

    pub(super) const fn takes_lines(self) -> bool {
        matches!(self, Self::KwdbTelegraf | Self::KwdbInfluxdb | Self::InfluxWrite)
    }

    pub(super) const fn takes_metrics(self) -> bool {
        matches!(self, Self::KwdbOpentsdbJson | Self::KwdbOpentsdbTelnet | Self::OpenTsdbPut)
    }

    /// Whether it reaches the series of such a table: where the key stands for the tags, points of
    /// the other format have other keys.
    pub(super) fn reaches(self, maker: Maker) -> bool {
        match maker {
            Maker::KwdbLines | Maker::InfluxLines => !self.takes_metrics(),
            Maker::KwdbMetrics | Maker::OpenTsdbMetrics => !self.takes_lines(),
            _ => true,
        }
    }

    /// Writes one row; metrics carry the field `value` alone.
    pub(super) fn write(self, root: &Client, database: &str, table: &str, maker: Maker, row: &Row<'_>) -> Outcome {
        let (time, key) = (maker.time(), maker.key());
        let names = |door: Door| {
            let quoted = row.fields.iter().map(|(name, _)| door.quoted(name));
            quoted.collect::<Vec<_>>().join(", ")
        };
        let values: Vec<String> = row.fields.iter().map(|(_, value)| value.to_string()).collect();
        let values = values.join(", ");
        let clock = jiff::Timestamp::from_millisecond(row.milliseconds).unwrap();
        let (own_key, model) = (row.key, row.model);
        match self {
            Self::KwdbSql => {
                let columns = format!("{time}, {key}, model, {}", names(Door::Kwdb));
                let cells = format!("'{clock:.3}', '{own_key}', '{model}', {values}");
                root.kwdb("insert", database, &format!("insert into {table} ({columns}) values ({cells})")).map(drop)
            }
            Self::TDengineSql => {
                let columns = format!("`{time}`, `{key}`, model, {}", names(Door::TDengine));
                let cells = format!("'{clock:.3}', '{own_key}', '{model}', {values}");
                root.tdengine(database, &format!("insert into {table} ({columns}) values ({cells})")).map(drop)
            }
            Self::IotdbSql => {
                let columns = format!("\"{time}\", \"{key}\", model, {}", names(Door::Iotdb));
                let cells = format!("{}, '{own_key}', '{model}', {values}", row.milliseconds);
                root.iotdb(database, &format!("insert into {table} ({columns}) values ({cells})"))
            }
            Self::IotdbTablet => {
                let mut columns = vec![(key, "TAG", "STRING"), ("model", "ATTRIBUTE", "STRING")];
                columns.extend(row.fields.iter().map(|(name, _)| (*name, "FIELD", "DOUBLE")));
                let mut cells = vec![Value::from(own_key), Value::from(model)];
                cells.extend(row.fields.iter().map(|(_, value)| Value::from(*value)));
                root.tablet(database, table, &columns, &[(row.milliseconds, cells)])
            }
            Self::KwdbTelegraf | Self::KwdbInfluxdb | Self::InfluxWrite => {
                let tags = if maker.hashes() { String::new() } else { format!(",{key}={own_key}") };
                let fields: Vec<String> = row.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let line = format!("{table}{tags},model={model} {} {}000000", fields.join(","), row.milliseconds);
                match self {
                    Self::KwdbTelegraf => root.kwdb("telegraf", database, &line).map(drop),
                    Self::KwdbInfluxdb => root.kwdb("influxdb", database, &line).map(drop),
                    _ => root.influx(database, &line),
                }
            }
            Self::KwdbOpentsdbJson | Self::OpenTsdbPut | Self::KwdbOpentsdbTelnet => {
                let value = row.fields.iter().find(|(name, _)| *name == "value").map(|(_, value)| *value).unwrap();
                let mut tags = json!({"model": model});
                if !maker.hashes() {
                    tags[key] = own_key.into();
                }
                let point = json!({"metric": table, "timestamp": row.milliseconds, "value": value, "tags": tags});
                match self {
                    Self::KwdbOpentsdbJson => root.kwdb("opentsdbjson", database, &point.to_string()).map(drop),
                    Self::OpenTsdbPut => root.put(database, &point.to_string()),
                    _ => {
                        let tags: Vec<String> = tags
                            .as_object()
                            .unwrap()
                            .iter()
                            .map(|(k, v)| format!("{k}={}", v.as_str().unwrap()))
                            .collect();
                        let line = format!("put {table} {} {value} {}", row.milliseconds, tags.join(" "));
                        root.kwdb("opentsdbtelnet", database, &line).map(drop)
                    }
                }
            }
        }
    }
}
