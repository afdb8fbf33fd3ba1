//! Both forms against what the vendor prints, against each other, and against noise.

use super::{VALUE, parse_json, parse_telnet};
use crate::{FieldValue, Parsed, Reason, TagValue};
use proptest::prelude::*;

type Seen = (String, Option<i64>, f64, Vec<(String, String)>);

fn seen(parsed: &Parsed<'_>) -> Vec<Seen> {
    let point = |point: &crate::Point<'_>| {
        let [(name, FieldValue::Float(value, _))] = &point.fields[..] else { panic!("{point:?}") };
        assert_eq!(name, VALUE);
        let tags = point.tags.iter().map(|(name, value)| match value {
            TagValue::Text(text) => (name.to_string(), text.to_string()),
            TagValue::Number(_, written) => (name.to_string(), format!("#{written}")),
        });
        (point.measurement.to_string(), point.time, *value, tags.collect())
    };
    parsed.points.iter().map(point).collect()
}

fn pairs(tags: &[(&str, &str)]) -> Vec<(String, String)> {
    tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_printed_json() {
    let body = r#"[{"metric": "sys.cpu.usage","timestamp": 1654567205,"value": 0.5,"tags": {"host": "server1","dc": "1"}},
        {"metric": "sys.cpu.usage","timestamp": 1654567205,"value": "0.7","tags": {"host": 15,"dc2": "us-west"},"fqn":[1]}]"#;
    let parsed = parse_json(body).unwrap();
    assert_eq!(
        seen(&parsed),
        [
            ("sys.cpu.usage".to_owned(), Some(1_654_567_205), 0.5, pairs(&[("host", "server1"), ("dc", "1")])),
            ("sys.cpu.usage".to_owned(), Some(1_654_567_205), 0.7, pairs(&[("host", "#15"), ("dc2", "us-west")])),
        ]
    );
    let one = parse_json(r#"{"metric":"m\u0041","timestamp":"1","value":-3,"tags":{}}"#).unwrap();
    assert_eq!(seen(&one), [("mA".to_owned(), Some(1), -3.0, Vec::new())]);
    assert_eq!(parse_json("[]").unwrap(), Parsed::default());
}

#[test]
fn a_bad_object_spoils_no_other() {
    for (item, reason) in [
        ("{}", Reason::MissingMeasurement),
        (r#"{"metric":"","timestamp":1,"value":1}"#, Reason::MissingMeasurement),
        (r#"{"metric":5,"timestamp":1,"value":1}"#, Reason::MissingMeasurement),
        (r#"{"metric":"m","value":1}"#, Reason::MissingTimeOrValue),
        (r#"{"metric":"m","timestamp":1,"value":null}"#, Reason::MissingTimeOrValue),
        (r#"{"metric":"m","timestamp":1.5,"value":1}"#, Reason::BadTimestamp),
        (r#"{"metric":"m","timestamp":true,"value":1}"#, Reason::BadTimestamp),
        (r#"{"metric":"m","timestamp":1,"value":"x"}"#, Reason::ValueNotNumeric),
        (r#"{"metric":"m","timestamp":1,"value":[1]}"#, Reason::ValueNotNumeric),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":true}}"#, Reason::InvalidTag),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":{"b":1}}}"#, Reason::InvalidTag),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":["a"]}"#, Reason::InvalidTag),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":"a"}"#, Reason::InvalidTag),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":""}}"#, Reason::MissingTagValue),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":{"":"a"}}"#, Reason::MissingTagKey),
        (r#"{"metric":"m","timestamp":1,"value":1,"tags":{"a":"1","a":"2"}}"#, Reason::DuplicateTags),
    ] {
        let good = r#"{"metric":"m","timestamp":1,"value":1}"#;
        let body = format!("[{good},{item},{good}]");
        let parsed = parse_json(&body).unwrap();
        assert_eq!(parsed.points.len(), 2, "{item}");
        let faults: Vec<_> = parsed.faults.iter().map(|fault| (fault.line, fault.reason)).collect();
        assert_eq!(faults, [(2, reason)], "{item}");
    }
}

#[test]
fn what_is_no_json_has_a_place() {
    for (body, line, column) in
        [("[{\"metric\":\n \"m\",,}]", 2, 6), ("", 1, 0), ("[1]", 1, 2), ("7", 1, 1), ("[] x", 1, 4)]
    {
        let fault = parse_json(body).unwrap_err();
        assert_eq!((fault.line, fault.column), (line, column), "{body:?}: {fault:?}");
        assert!(!fault.reason.is_empty() && !fault.reason.contains("at line"), "{fault:?}");
    }
}

#[test]
fn the_printed_lines() {
    let body = "meters.current 1648432611250 11.3 location=California.LosAngeles groupid=3 extraTag=value\r\n\n\
                put  sys.if\t1356998400 42 host=web01\n";
    let parsed = parse_telnet(body);
    assert_eq!(
        seen(&parsed),
        [
            (
                "meters.current".to_owned(),
                Some(1_648_432_611_250),
                11.3,
                pairs(&[("location", "California.LosAngeles"), ("groupid", "3"), ("extraTag", "value")])
            ),
            ("sys.if".to_owned(), Some(1_356_998_400), 42.0, pairs(&[("host", "web01")])),
        ]
    );
    assert_eq!(parsed.points[1].line, 3);
}

#[test]
fn faults_of_lines_have_a_place() {
    for (line, reason, column) in [
        ("m 1", Reason::MissingParts, 4),
        ("put m 1", Reason::MissingParts, 8),
        ("m x 1 a=b", Reason::BadTimestamp, 3),
        ("中 1.5 1 a=b", Reason::BadTimestamp, 3),
        ("m 1 x a=b", Reason::ValueNotNumeric, 5),
        ("m 1 nan a=b", Reason::ValueNotNumeric, 5),
        ("m 1 1 a=b a=c", Reason::DuplicateTags, 11),
        ("m 1 1 a=b c", Reason::TagNotPair, 11),
        ("m 1 1 =b", Reason::MissingTagKey, 7),
        ("m 1 1 a=", Reason::MissingTagValue, 7),
    ] {
        let body = format!("m 1 1\n{line}\nm 2 2");
        let parsed = parse_telnet(&body);
        assert_eq!(parsed.points.len(), 2, "{line}");
        let faults: Vec<_> = parsed.faults.iter().map(|fault| (fault.line, fault.column, fault.reason)).collect();
        assert_eq!(faults, [(2, column, reason)], "{line}");
    }
}

proptest! {
    #[test]
    fn one_point_in_both_forms(
        metric in "[a-zA-Z0-9._/-]{1,12}",
        time: i64,
        value in any::<f64>().prop_filter("a number", |value| value.is_finite()),
        tags in prop::collection::btree_map("[a-zA-Z0-9._/-]{1,6}", "[a-zA-Z0-9._/-]{1,6}", 0..5),
    ) {
        prop_assume!(metric != "put");
        let joined: Vec<_> = tags.iter().map(|(name, value)| format!(" {name}={value}")).collect();
        let line = format!("put {metric} {time} {value:?}{}", joined.concat());
        let json = serde_json::json!([{"metric": metric, "timestamp": time, "value": value, "tags": tags}]).to_string();
        let (by_line, by_json) = (parse_telnet(&line), parse_json(&json).unwrap());
        prop_assert_eq!(by_line.points.len(), 1, "{:?}", by_line.faults);
        prop_assert_eq!(seen(&by_line), seen(&by_json));
    }

    #[test]
    fn noise_never_panics(text in "([\\[\\]{}\":,a-z0-9= \n.-]|\\PC){0,60}") {
        let lines = parse_telnet(&text);
        prop_assert!(lines.points.len() + lines.faults.len() <= text.lines().count());
        let _ = parse_json(&text);
    }
}
