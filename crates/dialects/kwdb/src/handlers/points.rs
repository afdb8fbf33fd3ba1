//! `POST /restapi/telegraf`, `influxdb`, `opentsdbjson` and `opentsdbtelnet`: points into tables
//! that are made and widened as they need it.
//!
//! Each line is answered for itself in `desc`. A JSON body is taken whole or, with a bad element,
//! not at all, as the vendor's server does.

use super::{Arrival, refusal, respond_json};
use crate::context::Context;
use crate::error::{Endpoint, request_text, statement_text, worded};
use crate::points::{Format, Points};
use crate::{Door, settings, wire};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use dialect::{PointsWritten, write_points};
use ingest::{Fault, Parsed, Point, Reason, line, opentsdb};
use model::Result;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Which of the four endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Telegraf,
    Influx,
    Json,
    Telnet,
}

/// Points in line protocol from Telegraf.
pub(crate) async fn telegraf(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, request, Kind::Telegraf).await
}

/// Points in line protocol.
pub(crate) async fn influx(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, request, Kind::Influx).await
}

/// Points in OpenTSDB's JSON.
pub(crate) async fn opentsdb_json(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, request, Kind::Json).await
}

/// Points in OpenTSDB's lines.
pub(crate) async fn opentsdb_telnet(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, request, Kind::Telnet).await
}

async fn answer(door: Arc<Door>, request: Request, kind: Kind) -> Response {
    let arrival = Arrival::read(&door, request).await;
    let context = match arrival.admit(&door).await {
        Ok(context) => context,
        Err(error) if Arrival::is_about_credentials(&error) => return kind.unauthorized(&request_text(&error)),
        Err(error) => return refusal(&error),
    };
    let started = Instant::now();
    let answer = match store(&context, &arrival, kind).await {
        Ok(answer) => answer,
        Err(error) => return refusal(&error),
    };
    kind.respond(answer, started.elapsed().as_secs_f64())
}

/// What became of a body.
struct Stored {
    code: i32,
    desc: Option<String>,
    rows: Option<u64>,
}

async fn store(context: &Context, arrival: &Arrival, kind: Kind) -> Result<Stored> {
    let precision = arrival.parameters().precision()?;
    let parsed = kind.parse(arrival.text())?;
    let catalog = context.catalog();
    let laws = Points {
        format: if matches!(kind, Kind::Telegraf | Kind::Influx) { Format::Line } else { Format::OpenTsdb },
        precision,
        kind: settings::series_write_kind(&catalog),
        now_nanos: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos().cast_signed()),
        zone: context.zone(),
    };
    let written = match context.current_database(&catalog) {
        Err(error) => all_failed(&parsed.points, &error),
        Ok(database) => {
            let (engine, caller) = (context.engine(), context.caller());
            let written = write_points(engine, caller, database.id, &parsed.points, &laws).await;
            written.unwrap_or_else(|error| all_failed(&parsed.points, &error))
        }
    };
    Ok(summary(context, kind, &parsed, &written))
}

fn all_failed(points: &[Point<'_>], error: &model::Error) -> PointsWritten {
    let failed = (0..points.len()).map(|position| (position, error.clone())).collect();
    PointsWritten { outcome: model::WriteOutcome::default(), failed }
}

/// One entry per line, in the order of lines.
fn summary(context: &Context, kind: Kind, parsed: &Parsed<'_>, written: &PointsWritten) -> Stored {
    let mut entries: BTreeMap<usize, String> =
        parsed.faults.iter().map(|fault| (fault.line, kind.fault_text(fault))).collect();
    for (position, point) in parsed.points.iter().enumerate() {
        let entry = match written.failed.get(&position) {
            None => "success".to_owned(),
            Some(error) => statement_text(&context.refine(error.clone()), Endpoint::Insert),
        };
        entries.insert(point.line, entry);
    }
    let bad = parsed.faults.len() + written.failed.len();
    let is_line = matches!(kind, Kind::Telegraf | Kind::Influx);
    let desc =
        if bad == 0 && is_line { None } else { Some(entries.values().map(|entry| format!("{entry};")).collect()) };
    let rows = (bad == 0 || written.failed.len() < parsed.points.len()).then_some(written.outcome.accepted);
    Stored { code: if bad == 0 { 0 } else { -1 }, desc, rows }
}

impl Kind {
    /// Reads a body; in JSON a bad element spoils all of it.
    fn parse(self, body: &str) -> Result<Parsed<'_>> {
        match self {
            Self::Telegraf | Self::Influx => Ok(line::parse(body)),
            Self::Telnet => Ok(opentsdb::parse_telnet(body)),
            Self::Json => {
                let parsed = opentsdb::parse_json(body).map_err(|fault| {
                    worded(format!("{} (line {}, column {})", fault.reason, fault.line, fault.column))
                })?;
                match parsed.faults.first() {
                    Some(fault) => Err(worded(self.fault_text(fault))),
                    None if parsed.points.is_empty() => {
                        Err(worded("invalid data for opentsdb json protocol, please check the format."))
                    }
                    None => Ok(parsed),
                }
            }
        }
    }

    /// This vendor's words for a line that cannot be read, and its place.
    fn fault_text(self, fault: &Fault<'_>) -> String {
        let Fault { line, column, reason, .. } = fault;
        match self {
            Self::Telegraf => format!("wrong telegraf insert statement and please check ({fault})"),
            Self::Influx => format!("wrong influxdb insert statement and please check ({fault})"),
            Self::Telnet => {
                let words = match reason {
                    Reason::MissingParts => "missing indicator items",
                    Reason::ValueNotNumeric => "value is not float type",
                    Reason::DuplicateTags => "duplicate tag column",
                    Reason::TagNotPair => "value is not just a column",
                    other => other.text(),
                };
                format!("wrong opentsdb telnet insert statement: {words} (line {line}, column {column})")
            }
            Self::Json => {
                let words = match reason {
                    Reason::MissingTimeOrValue => "timestamp or value column is nil",
                    Reason::InvalidTag => "tags type is not support",
                    Reason::DuplicateTags => "duplicate tag column",
                    other => other.text(),
                };
                format!("{words} (element {line})")
            }
        }
    }

    /// The documented answer to wrong credentials.
    fn unauthorized(self, text: &str) -> Response {
        let code = if self == Self::Telegraf { 500 } else { -1 };
        let desc = Some(text.to_owned());
        let answer = wire::LineAnswer { code, desc, rows: None, time: None };
        respond_json(StatusCode::UNAUTHORIZED, &answer)
    }

    /// The answer, its keys in the order in which this endpoint is documented.
    fn respond(self, stored: Stored, seconds: f64) -> Response {
        let Stored { code, desc, rows } = stored;
        let time = Some(seconds);
        match self {
            Self::Telegraf | Self::Influx => respond_json(StatusCode::OK, &wire::LineAnswer { code, desc, rows, time }),
            Self::Json | Self::Telnet => respond_json(StatusCode::OK, &wire::OpenTsdbAnswer { code, desc, time, rows }),
        }
    }
}
