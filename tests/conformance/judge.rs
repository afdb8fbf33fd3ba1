//! Whether an answer is the expected one. Under a renaming the expectation is read as its author
//! wrote it and each name, time and number in it is looked up in the renaming.

use super::case::Case;
use super::places::{Moved, places};
use super::rename::Renaming;
use crate::harness::Reply;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What an answer is measured by.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    renaming: Option<&'a Renaming>,
    /// The text of the present request, under a renaming.
    moved: Moved,
    /// What answers held under `$save:name`.
    pub(crate) saved: BTreeMap<String, String>,
}

type Verdict = Result<(), String>;

impl<'a> Judge<'a> {
    pub(crate) fn new(renaming: Option<&'a Renaming>) -> Self {
        Self { renaming, moved: Moved::default(), saved: BTreeMap::new() }
    }

    /// Whether an answer is the expected one; else how it differs.
    pub(crate) fn judge(&mut self, case: &Case, reply: &Reply) -> Verdict {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        let expected = &case.expected;
        if self.renaming.is_some() {
            self.moved = Moved::new(&case.printed, &case.body);
        }
        if expected.is_null() {
            return Err(format!("there is no {}; the answer is {} {text}", case.file.display(), reply.status));
        }
        if expected["status"] != reply.status {
            return Err(format!("status {} in place of {}: {text}", reply.status, expected["status"]));
        }
        for (name, value) in expected["headers"].as_object().into_iter().flatten() {
            let found = reply.header(name).ok_or_else(|| format!("there is no header {name}"))?;
            self.value(value, &Value::from(found), name, "").map_err(|fault| format!("header {fault}"))?;
        }
        let result = match (&expected["body"], &expected["lines"], &expected["text"]) {
            (Value::Null, Value::Null, Value::Null) => Ok(()),
            (Value::Null, Value::Null, whole) => self.value(whole, &Value::from(text.as_str()), "text", ""),
            (Value::Null, lines, _) => {
                let found: Result<Vec<Value>, _> =
                    text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str).collect();
                self.value(lines, &Value::Array(found.map_err(|error| format!("{error}: {text}"))?), "lines", "")
            }
            (body, ..) => {
                let kind = reply.header("content-type").unwrap_or_default();
                if !kind.starts_with("application/json") && expected["headers"]["content-type"].is_null() {
                    return Err(format!("content type {kind}"));
                }
                let found: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
                self.value(body, &found, "body", "")
            }
        };
        result.map_err(|fault| format!("{fault} in {text}"))
    }

    /// Compares with marks; objects must have the same keys in the same order. `key` is the nearest
    /// key above a number: what it means.
    fn value(&mut self, expected: &Value, found: &Value, place: &str, key: &str) -> Verdict {
        match (expected, found) {
            (Value::String(mark), _) if mark == "$any" => Ok(()),
            (Value::String(mark), Value::Number(_)) if mark == "$number" => Ok(()),
            (Value::String(mark), Value::String(text)) if mark.starts_with("$save:") => {
                self.saved.insert(mark["$save:".len()..].to_owned(), text.clone());
                Ok(())
            }
            (Value::String(mark), Value::String(text)) if self.saved_as(mark).is_some() => {
                let wanted = self.saved_as(mark).unwrap_or_default();
                (text == wanted).then_some(()).ok_or_else(|| format!("{place}: {text:?} is not {mark}, {wanted:?}"))
            }
            // What a renaming changes in a way that it cannot foresee.
            (Value::Object(mark), _) if mark.len() == 1 && mark.contains_key("$printed") => match self.renaming {
                Some(_) => Ok(()),
                None => self.value(&mark["$printed"], found, place, key),
            },
            (Value::String(wanted), Value::String(text)) => {
                let (wanted, is_prefix) =
                    wanted.strip_prefix("$prefix:").map_or((wanted.as_str(), false), |prefix| (prefix, true));
                let same = match (self.renaming, is_prefix) {
                    (Some(renaming), _) => self.is_text(renaming, wanted, text, is_prefix),
                    (None, true) => text.starts_with(wanted),
                    (None, false) => text == wanted,
                };
                let verb = if is_prefix { "does not begin with" } else { "is not" };
                same.then_some(()).ok_or_else(|| format!("{place}: {text:?} {verb} {wanted:?}"))
            }
            (Value::Object(expected), Value::Object(found)) => self.object(expected, found, place),
            (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
                let mut pairs = expected.iter().zip(found).enumerate();
                pairs.try_for_each(|(index, (e, f))| self.value(e, f, &format!("{place}[{index}]"), key))
            }
            (Value::Number(wanted), Value::Number(number)) => {
                let same = match self.renaming {
                    Some(renaming) => renaming.is_number(&wanted.to_string(), &number.to_string(), key),
                    None => wanted == number,
                };
                same.then_some(()).ok_or_else(|| format!("{place}: {number} in place of {wanted}"))
            }
            _ if expected == found => Ok(()),
            _ => Err(format!("{place}: {found} in place of {expected}")),
        }
    }

    /// What an earlier answer held, if this is a mark for it.
    fn saved_as(&self, mark: &str) -> Option<&str> {
        let name = mark.strip_prefix("${")?.strip_suffix('}')?;
        self.saved.get(name).map(String::as_str)
    }

    /// Whether a text is what another became: word by word, and the places that it names.
    fn is_text(&self, renaming: &Renaming, wanted: &str, text: &str, is_prefix: bool) -> bool {
        let ((wanted, places_wanted), (text, places_found)) = (places(wanted), places(text));
        let same_places = places_wanted.iter().zip(&places_found).all(|(one, other)| self.moved.is_place(*one, *other));
        let count_fits =
            places_wanted.len() == places_found.len() || is_prefix && places_wanted.len() < places_found.len();
        count_fits && same_places && renaming.is_text(&wanted, &text, is_prefix)
    }

    fn object(&mut self, expected: &Map<String, Value>, found: &Map<String, Value>, place: &str) -> Verdict {
        let same = |(wanted, key): (&String, &String)| match self.renaming {
            Some(renaming) => renaming.is_text(wanted, key, false),
            None => wanted == key,
        };
        if expected.len() != found.len() || !expected.keys().zip(found.keys()).all(same) {
            let keys = |object: &Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            return Err(format!("{place}: keys {:?} in place of {:?}", keys(found), keys(expected)));
        }
        let mut pairs = expected.iter().zip(found.values());
        pairs.try_for_each(|((key, wanted), value)| self.value(wanted, value, &format!("{place}.{key}"), key))
    }
}
