//! What a recorded write holds, read by a small parser of its own: line protocol, and the JSON of
//! OpenTSDB. It knows what clients send, not what a server must refuse.

use serde_json::Value;
use std::collections::BTreeMap;

/// A field as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Integer(i128),
    Float(f64),
    Boolean(bool),
    Text(String),
}

impl Field {
    /// Whether an answer shows this value, to the last bit.
    pub(crate) fn is_shown_as(&self, shown: &Value) -> bool {
        match self {
            Self::Integer(value) => shown.is_number() && shown.to_string().parse() == Ok(*value),
            Self::Float(value) => shown.as_f64() == Some(*value),
            Self::Boolean(value) => shown == value,
            Self::Text(value) => shown == value.as_str(),
        }
    }
}

/// One point.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) table: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Nanoseconds since 1970, if it says when.
    pub(crate) time: Option<i128>,
    pub(crate) fields: BTreeMap<String, Field>,
}

/// The points of a body of lines, whose times count this many nanoseconds.
pub(crate) fn of_lines(body: &str, unit: i128) -> Vec<Point> {
    body.lines().filter(|line| !line.trim().is_empty()).map(|line| of_line(line, unit)).collect()
}

fn of_line(line: &str, unit: i128) -> Point {
    let parts = split(line, ' ');
    let mut names = split(&parts[0], ',').into_iter();
    let table = plain(&names.next().unwrap());
    let pair = |text: &String| {
        let mut sides = split(text, '=').into_iter();
        (plain(&sides.next().unwrap()), sides.next().unwrap())
    };
    let tags = names.map(|text| pair(&text)).map(|(name, value)| (name, plain(&value))).collect();
    let fields = split(&parts[1], ',').iter().map(pair).map(|(name, value)| (name, field(&value))).collect();
    Point { table, tags, time: parts.get(2).map(|time| time.parse::<i128>().unwrap() * unit), fields }
}

/// The parts between separators that are neither escaped nor inside quotes.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut escaped, mut quoted) = (false, false);
    for c in text.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        if c == separator && !escaped && !quoted {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

fn plain(text: &str) -> String {
    text.replace("\\,", ",").replace("\\=", "=").replace("\\ ", " ")
}

fn field(text: &str) -> Field {
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Field::Text(quoted.replace("\\\"", "\"").replace("\\\\", "\\"));
    }
    match text {
        "t" | "T" | "true" | "True" | "TRUE" => Field::Boolean(true),
        "f" | "F" | "false" | "False" | "FALSE" => Field::Boolean(false),
        _ => match text.strip_suffix(['i', 'u']) {
            Some(digits) => Field::Integer(digits.parse().unwrap()),
            None => Field::Float(text.parse().unwrap()),
        },
    }
}

/// The points of OpenTSDB's JSON: times of ten digits are seconds, all values are floats.
pub(crate) fn of_json(body: &str) -> Vec<Point> {
    let read: Value = serde_json::from_str(body).unwrap();
    let one = |point: &Value| {
        let time = point["timestamp"].as_i64().unwrap();
        let unit = if time < 100_000_000_000 { 1_000_000_000 } else { 1_000_000 };
        let tags = point["tags"].as_object().unwrap().iter();
        Point {
            table: point["metric"].as_str().unwrap().to_owned(),
            tags: tags.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
            time: Some(i128::from(time) * unit),
            fields: [("value".to_owned(), Field::Float(point["value"].as_f64().unwrap()))].into(),
        }
    };
    read.as_array().map_or_else(|| vec![one(&read)], |points| points.iter().map(one).collect())
}

#[test]
fn lines_are_read_with_their_escapes() {
    let points = of_lines("my\\ m,a=x\\,y,b=z s=\"say \\\"1, 2\\\"\",n=3i,u=7u,ok=T,v=-0.5e3 17\n\nm v=1\n", 1_000);
    let [one, other] = &points[..] else { panic!("{points:?}") };
    assert_eq!((one.table.as_str(), one.tags["a"].as_str(), one.tags["b"].as_str()), ("my m", "x,y", "z"));
    assert_eq!((one.time, other.time), (Some(17_000), None));
    let expected = [
        ("n", Field::Integer(3)),
        ("ok", Field::Boolean(true)),
        ("s", Field::Text("say \"1, 2\"".to_owned())),
        ("u", Field::Integer(7)),
        ("v", Field::Float(-500.0)),
    ];
    assert_eq!(one.fields, expected.map(|(name, field)| (name.to_owned(), field)).into());
    let json = of_json(r#"[{"metric":"m","timestamp":1556813561,"value":17,"tags":{"a":"b"}}]"#);
    assert_eq!((json[0].time, &json[0].fields["value"]), (Some(1_556_813_561_000_000_000), &Field::Float(17.0)));
}
