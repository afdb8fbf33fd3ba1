//! JSON: one object or an array of them, with `metric`, `timestamp`, `value` and `tags`.
//!
//! The body must be JSON as a whole; within it each object stands for itself. Keys that are not
//! known are passed over, as the vendor's server does.

use super::value_field;
use crate::line::float;
use crate::{Fault, Parsed, Point, Reason, TagValue};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A body that is no JSON, or neither an object nor an array of objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1 where it is known.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

/// Reads a body.
///
/// # Errors
/// [`JsonFault`]: nothing of it can be read.
pub fn parse_json(body: &str) -> Result<Parsed<'_>, JsonFault> {
    let items: Items<'_> = serde_json::from_str(body).map_err(|error| JsonFault {
        line: error.line(),
        column: error.column(),
        reason: without_place(&error),
    })?;
    let mut parsed = Parsed::default();
    for (line, item) in (1..).zip(items.0) {
        match point(line, item) {
            Ok(point) => parsed.points.push(point),
            Err(reason) => parsed.faults.push(Fault { line, column: 1, reason, text: "" }),
        }
    }
    Ok(parsed)
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(reason, _)| reason.to_owned())
}

fn point(line: usize, item: Item<'_>) -> Result<Point<'_>, Reason> {
    let measurement = match item.metric {
        Scalar::Text(text) if !text.is_empty() => text,
        _ => return Err(Reason::MissingMeasurement),
    };
    let time = match &item.timestamp {
        Scalar::Null => return Err(Reason::MissingTimeOrValue),
        Scalar::Number(number) => number.as_i64(),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Other => None,
    };
    let time = time.ok_or(Reason::BadTimestamp)?;
    let (value, written) = match item.value {
        Scalar::Null => return Err(Reason::MissingTimeOrValue),
        Scalar::Number(number) => (number.as_f64(), Cow::Owned(number.to_string())),
        Scalar::Text(text) => (float(&text), text),
        Scalar::Other => (None, Cow::Borrowed("")),
    };
    let value = value.ok_or(Reason::ValueNotNumeric)?;
    let mut tags: Vec<(Cow<'_, str>, TagValue<'_>)> = Vec::with_capacity(item.tags.0.len());
    if item.tags.1 {
        return Err(Reason::InvalidTag);
    }
    for (name, value) in item.tags.0 {
        if name.is_empty() {
            return Err(Reason::MissingTagKey);
        }
        let value = match value {
            Scalar::Text(text) if text.is_empty() => return Err(Reason::MissingTagValue),
            Scalar::Text(text) => TagValue::Text(text),
            Scalar::Number(number) => {
                TagValue::Number(number.as_f64().ok_or(Reason::InvalidTag)?, Cow::Owned(number.to_string()))
            }
            Scalar::Null | Scalar::Other => return Err(Reason::InvalidTag),
        };
        if tags.iter().any(|(other, _)| *other == name) {
            return Err(Reason::DuplicateTags);
        }
        tags.push((name, value));
    }
    Ok(Point { line, text: "", measurement, tags, fields: value_field(value, written), time: Some(time) })
}

/// What the body holds.
struct Items<'a>(Vec<Item<'a>>);

/// One object.
#[derive(Default)]
struct Item<'a> {
    metric: Scalar<'a>,
    timestamp: Scalar<'a>,
    value: Scalar<'a>,
    tags: Tags<'a>,
}

/// A value that may be of any kind.
#[derive(Default)]
enum Scalar<'a> {
    #[default]
    Null,
    Number(serde_json::Number),
    Text(Cow<'a, str>),
    /// true, false, an object, an array
    Other,
}

/// The tags; whether they are something else than an object.
#[derive(Default)]
struct Tags<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>, bool);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Items<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array of objects")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ok(Items(vec![ItemVisitor.visit_map(map)?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with metric, timestamp, value and tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut item = Item::default();
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "metric" => item.metric = map.next_value()?,
                "timestamp" => item.timestamp = map.next_value()?,
                "value" => item.value = map.next_value()?,
                "tags" => item.tags = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(item)
    }
}

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

/// A text that is borrowed where it holds no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl<'de> Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Other)
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value.into()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(value.into()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(serde_json::Number::from_f64(value).map_or(Scalar::Other, Scalar::Number))
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Deserialize<'de> for Tags<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TagsVisitor;
        impl<'de> Visitor<'de> for TagsVisitor {
            type Value = Tags<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut tags = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    tags.push((name, value));
                }
                Ok(Tags(tags, false))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(Tags::default())
            }

            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Tags(Vec::new(), true))
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Tags(Vec::new(), true))
            }

            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Tags(Vec::new(), true))
            }

            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Tags(Vec::new(), true))
            }

            fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Tags(Vec::new(), true))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Tags(Vec::new(), true))
            }
        }
        deserializer.deserialize_any(TagsVisitor)
    }
}
