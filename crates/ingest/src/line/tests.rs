//! The parser against printed rules, against another parser, and against noise.

use super::parse;
use crate::{FieldValue, Parsed, Point, Reason, TagValue};
use proptest::prelude::*;
use std::borrow::Cow;

fn only(body: &str) -> Point<'_> {
    let mut parsed = parse(body);
    assert!(parsed.faults.is_empty(), "{body:?}: {:?}", parsed.faults);
    assert_eq!(parsed.points.len(), 1, "{body:?}");
    parsed.points.remove(0)
}

fn tags<'a>(point: &'a Point<'_>) -> Vec<(&'a str, &'a str)> {
    let text = |value: &'a TagValue<'_>| match value {
        TagValue::Text(text) => text.as_ref(),
        TagValue::Number(..) => panic!("line protocol has texts only"),
    };
    point.tags.iter().map(|(name, value)| (name.as_ref(), text(value))).collect()
}

fn fault(body: &str) -> (Reason, usize, usize) {
    let parsed = parse(body);
    assert_eq!(parsed.faults.len(), 1, "{body:?}: {:?}", parsed.faults);
    (parsed.faults[0].reason, parsed.faults[0].line, parsed.faults[0].column)
}

#[test]
fn the_parts_of_a_line() {
    let point = only(r#"myMeasurement,tag1=value1,tag2=value2 fieldKey="fieldValue" 1556813561098000000"#);
    assert_eq!(point.measurement, "myMeasurement");
    assert_eq!(tags(&point), [("tag1", "value1"), ("tag2", "value2")]);
    assert_eq!(point.fields, [("fieldKey".into(), FieldValue::Text("fieldValue".into()))]);
    assert_eq!(point.time, Some(1_556_813_561_098_000_000));
    assert!(matches!(point.measurement, Cow::Borrowed(_)));
}

#[test]
fn every_kind_of_value() {
    let point =
        only(r#"m a=1,b=-1.5e3,c=.5,d=1i,e=-9223372036854775808i,f=18446744073709551615u,g=t,h=False,i="x y,z=1""#);
    let values: Vec<_> = point.fields.iter().map(|(_, value)| value.clone()).collect();
    assert_eq!(
        values,
        [
            FieldValue::Float(1.0, "1".into()),
            FieldValue::Float(-1500.0, "-1.5e3".into()),
            FieldValue::Float(0.5, ".5".into()),
            FieldValue::Integer(1),
            FieldValue::Integer(i64::MIN),
            FieldValue::Unsigned(u64::MAX),
            FieldValue::Boolean(true),
            FieldValue::Boolean(false),
            FieldValue::Text("x y,z=1".into()),
        ]
    );
    assert_eq!(point.time, None);
}

#[test]
fn escapes_take_a_meaning_away_and_nothing_else() {
    let point = only(r#"my\ \,m\=x,t\,a\=g\ 1=v\ 1\,2\=3 f\ \=1="q\"s\\e\n" 1"#);
    assert_eq!(point.measurement, r"my ,m\=x", "an equals sign has no meaning in a measurement");
    assert_eq!(tags(&point), [("t,a=g 1", "v 1,2=3")]);
    assert_eq!(point.fields, [("f =1".into(), FieldValue::Text(r#"q"s\e\n"#.into()))]);
    let point = only(r"m,a=C:\dir\file,b=x\\,y f=1");
    assert_eq!(tags(&point), [("a", r"C:\dir\file"), ("b", r"x\,y")], "only the second backslash takes a meaning away");
}

#[test]
fn a_text_may_hold_line_ends() {
    let parsed = parse("m f=\"a\nb\r\nc\" 1\nn f=1 2\n");
    assert_eq!(parsed.points.len(), 2);
    assert_eq!(parsed.points[0].fields[0].1, FieldValue::Text("a\nb\r\nc".into()));
    assert_eq!((parsed.points[0].line, parsed.points[1].line), (1, 4));
}

#[test]
fn blank_lines_comments_and_line_ends() {
    let parsed = parse("\n  \r\n# m f=1\n  # x\r\n  m f=1  12  \r\nn f=2\r");
    let seen: Vec<_> = parsed.points.iter().map(|p| (p.measurement.as_ref(), p.line, p.time)).collect();
    assert_eq!((seen, parsed.faults), (vec![("m", 5, Some(12)), ("n", 6, None)], Vec::new()));
    assert_eq!(parse(""), Parsed::default());
}

#[test]
fn faults_have_a_place() {
    for (body, reason, line, column) in [
        (",t=1 f=1", Reason::MissingMeasurement, 1, 1),
        ("m,=1 f=1", Reason::MissingTagKey, 1, 3),
        ("m, f=1", Reason::MissingTagKey, 1, 3),
        ("m,t f=1", Reason::MissingTagValue, 1, 4),
        ("m,t= f=1", Reason::MissingTagValue, 1, 5),
        ("m,t=1=2 f=1", Reason::TagNotPair, 1, 6),
        ("m,t=1,t=2 f=1", Reason::DuplicateTags, 1, 10),
        ("m", Reason::MissingFields, 1, 2),
        ("m  ", Reason::MissingFields, 1, 4),
        ("m =1", Reason::MissingFieldKey, 1, 3),
        ("m f", Reason::MissingFieldValue, 1, 4),
        ("m f=", Reason::MissingFieldValue, 1, 5),
        ("m f=1,", Reason::MissingFieldKey, 1, 7),
        ("m f=abc", Reason::InvalidBoolean, 1, 8),
        ("m f=1x", Reason::InvalidNumber, 1, 7),
        ("m f=-", Reason::InvalidNumber, 1, 6),
        ("m f=1e999", Reason::InvalidNumber, 1, 10),
        ("m f=-i", Reason::InvalidNumber, 1, 7),
        ("m f=9223372036854775808i", Reason::IntegerOutOfRange, 1, 25),
        ("m f=-1u", Reason::IntegerOutOfRange, 1, 8),
        ("m f=\"abc", Reason::UnbalancedQuotes, 1, 6),
        ("m f=\"abc\"d 1", Reason::UnbalancedQuotes, 1, 10),
        ("m f=1 12a", Reason::BadTimestamp, 1, 7),
        ("m f=1 9223372036854775808", Reason::BadTimestamp, 1, 7),
        ("m f=1 12 13", Reason::TrailingText, 1, 10),
        ("ok f=1\n\n中文,t= f=1", Reason::MissingTagValue, 3, 6),
    ] {
        assert_eq!(fault(body), (reason, line, column), "{body:?}");
    }
}

#[test]
fn a_bad_line_spoils_no_other() {
    let parsed = parse("a f=1\nb f=\"open\nc f=3\nd y=1,\"z\ne f=5\n f=6\ng\nh f=7");
    let good: Vec<_> = parsed.points.iter().map(|point| point.measurement.as_ref()).collect();
    let bad: Vec<_> = parsed.faults.iter().map(|fault| (fault.line, fault.reason, fault.text)).collect();
    // The quote that opens on line 2 is closed by the one on line 4.
    assert_eq!(good, ["a", "e", "h"]);
    let text = "b f=\"open\nc f=3\nd y=1,\"z";
    let expected =
        [(2, Reason::UnbalancedQuotes, text), (6, Reason::MissingFields, " f=6"), (7, Reason::MissingFields, "g")];
    assert_eq!(bad, expected);
    let parsed = parse("a f=1\nb f=\"open\nc f=3\n");
    let good: Vec<_> = parsed.points.iter().map(|point| point.measurement.as_ref()).collect();
    assert_eq!(good, ["a", "c"], "a quote that is never closed spoils its own line");
}

/// A point as line protocol, by the printed rules.
fn written(point: &Model) -> String {
    let escape = |text: &str, special: &str| {
        text.chars().flat_map(|c| special.contains(c).then_some('\\').into_iter().chain([c])).collect::<String>()
    };
    let mut line = escape(&point.measurement, ", ");
    for (name, value) in &point.tags {
        line += &format!(",{}={}", escape(name, ",= "), escape(value, ",= "));
    }
    line.push(' ');
    let fields: Vec<_> = point
        .fields
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Field::Float(v) => format!("{v:?}"),
                Field::Integer(v) => format!("{v}i"),
                Field::Unsigned(v) => format!("{v}u"),
                Field::Boolean(v) => v.to_string(),
                Field::Text(v) => format!("\"{}\"", escape(v, "\"\\")),
            };
            format!("{}={value}", escape(name, ",= "))
        })
        .collect();
    line += &fields.join(",");
    if let Some(time) = point.time {
        line += &format!(" {time}");
    }
    line
}

#[derive(Clone, Debug)]
enum Field {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
    Boolean(bool),
    Text(String),
}

#[derive(Clone, Debug)]
struct Model {
    measurement: String,
    tags: Vec<(String, String)>,
    fields: Vec<(String, Field)>,
    time: Option<i64>,
}

/// Names as the grammar can carry them: no line ends, no backslash at the end or before what it
/// would take the meaning of, no `#` at the start.
fn name() -> impl Strategy<Value = String> {
    "[a-z,= \"中.-]{0,5}[a-zA-Z0-9é]"
}

fn model() -> impl Strategy<Value = Model> {
    let field = prop_oneof![
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Field::Float),
        any::<i64>().prop_map(Field::Integer),
        any::<u64>().prop_map(Field::Unsigned),
        any::<bool>().prop_map(Field::Boolean),
        "[a-z\\\\\", =\n中]{0,8}".prop_map(Field::Text),
    ];
    let tags = prop::collection::btree_map(name(), name(), 0..4);
    let fields = prop::collection::vec((name(), field), 1..5);
    ("[a-z中]{1,3}[a-z, =]{0,3}[a-z]", tags, fields, any::<Option<i64>>()).prop_map(
        |(measurement, tags, fields, time)| Model { measurement, tags: tags.into_iter().collect(), fields, time },
    )
}

fn same(model: &Model, point: &Point<'_>) -> bool {
    let fields = point.fields.iter().zip(&model.fields).all(|((name, value), (expected_name, expected))| {
        name == expected_name
            && match (value, expected) {
                (FieldValue::Float(v, _), Field::Float(e)) => v.to_bits() == e.to_bits(),
                (FieldValue::Integer(v), Field::Integer(e)) => v == e,
                (FieldValue::Unsigned(v), Field::Unsigned(e)) => v == e,
                (FieldValue::Boolean(v), Field::Boolean(e)) => v == e,
                (FieldValue::Text(v), Field::Text(e)) => v == e,
                _ => false,
            }
    });
    let expected_tags: Vec<_> = model.tags.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields
        && point.fields.len() == model.fields.len()
        && tags(point) == expected_tags
        && point.measurement == model.measurement
        && point.time == model.time
}

proptest! {
    #[test]
    fn what_is_written_reads_back(models in prop::collection::vec(model(), 1..6), crlf: bool) {
        let body = models.iter().map(written).collect::<Vec<_>>().join(if crlf { "\r\n" } else { "\n" });
        let parsed = parse(&body);
        prop_assert!(parsed.faults.is_empty(), "{body:?}: {:?}", parsed.faults);
        prop_assert_eq!(parsed.points.len(), models.len());
        for (model, point) in models.iter().zip(&parsed.points) {
            prop_assert!(same(model, point), "{:?} {:?}", model, point);
        }
    }

    #[test]
    fn another_parser_reads_the_same(model in model()) {
        let line = written(&model);
        let point = only(&line);
        let other = influxdb_line_protocol::parse_lines(&line).next().unwrap();
        let other = match other { Ok(other) => other, Err(error) => return Err(TestCaseError::fail(format!("{line:?}: {error}"))) };
        prop_assert_eq!(point.measurement.as_ref(), other.series.measurement.as_str());
        let other_tags: Vec<_> = other.series.tag_set.iter().flatten().map(|(k, v)| (k.as_str().to_owned(), v.as_str().to_owned())).collect();
        let own_tags: Vec<_> = tags(&point).into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        prop_assert_eq!(own_tags, other_tags);
        let names = |names: Vec<String>| names;
        prop_assert_eq!(
            names(point.fields.iter().map(|(name, _)| name.to_string()).collect()),
            names(other.field_set.iter().map(|(name, _)| name.as_str().to_owned()).collect())
        );
        for ((_, own), (_, other)) in point.fields.iter().zip(&other.field_set) {
            use influxdb_line_protocol::FieldValue as Other;
            let same = match (own, other) {
                (FieldValue::Float(a, _), Other::F64(b)) => a.to_bits() == b.to_bits(),
                (FieldValue::Integer(a), Other::I64(b)) => a == b,
                (FieldValue::Unsigned(a), Other::U64(b)) => a == b,
                (FieldValue::Boolean(a), Other::Boolean(b)) => a == b,
                (FieldValue::Text(a), Other::String(b)) => a.as_ref() == b.as_str(),
                _ => false,
            };
            prop_assert!(same, "{:?} {:?}", own, other);
        }
        prop_assert_eq!(point.time, other.timestamp);
    }

    #[test]
    fn noise_never_panics_and_every_line_is_accounted_for(body in "([a-z0-9,= \"\\\\\n\r#.+i中-]|\\PC){0,80}") {
        let parsed = parse(&body);
        for fault in &parsed.faults {
            prop_assert!(fault.line >= 1 && fault.column >= 1 && body.contains(fault.text));
        }
        let lines = body.split('\n').filter(|line| !matches!(line.trim_start_matches(' ').chars().next(), None | Some('#' | '\r'))).count();
        prop_assert!(parsed.points.len() + parsed.faults.len() <= body.split('\n').count());
        prop_assert!(lines == 0 || parsed.points.len() + parsed.faults.len() >= 1);
    }

    #[test]
    fn cut_anywhere_it_still_reads(model in model(), at in 0_usize..200) {
        let line = written(&model);
        let cut: String = line.chars().take(at).collect();
        let parsed = parse(&cut);
        prop_assert!(parsed.points.len() + parsed.faults.len() <= line.matches('\n').count() + 1);
    }
}
