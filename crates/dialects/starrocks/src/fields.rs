//! The fields of a JSON body, taken one by one: of the right type, none unknown.
//!
//! Keys are camelCase; the snake_case of the standard's own sample is taken too.

use crate::error::{Answer, Failure};
use crate::tables::check_new_name;
use serde_json::{Map, Value};

/// What is left of an object.
#[derive(Debug)]
pub(crate) struct Fields {
    /// Where the object stands, such as `columns[2].`; empty for the body itself.
    place: String,
    left: Map<String, Value>,
}

/// A key in camelCase.
fn camel(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        if c == '_' && !out.is_empty() {
            upper = true;
        } else {
            out.push(if upper { c.to_ascii_uppercase() } else { c });
            upper = false;
        }
    }
    out
}

impl Fields {
    /// The fields of the body.
    pub(crate) fn of_body(body: Map<String, Value>) -> Answer<Self> {
        Self::at(String::new(), body)
    }

    fn at(place: String, body: Map<String, Value>) -> Answer<Self> {
        let mut left = Map::new();
        for (key, value) in body {
            let name = camel(&key);
            if left.insert(name, value).is_some() {
                let field = format!("{place}{key}");
                return Err(Failure::bad("DUPLICATE_FIELD", format!("the field {field} is given twice"))
                    .about(field, "DUPLICATE"));
            }
        }
        Ok(Self { place, left })
    }

    /// The name of a field with its place.
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}{key}", self.place)
    }

    /// An error about a field.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> Failure {
        let field = self.name(key);
        Failure::bad("INVALID_PARAMETER", format!("the field {field} must be {expected}")).about(field, "INVALID")
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// A field that is missing.
    pub(crate) fn missing(&self, key: &str) -> Failure {
        let field = self.name(key);
        Failure::bad("MISSING_PARAMETER", format!("the field {field} is required")).about(field, "MISSING")
    }

    /// The name of what the body defines, if it may be called so. `in_path` is its name in the path, if
    /// it stands there.
    ///
    /// # Errors
    /// 400: no name, two names, or one that nothing may have.
    pub(crate) fn own_name(&mut self, in_path: Option<&str>) -> Answer<String> {
        let own = match (self.text("name")?, in_path) {
            (Some(own), Some(name)) if own != name => {
                let message = format!("the body names {own} and the path {name}");
                return Err(Failure::bad("NAMES_DIFFER", message).about("name", "INVALID"));
            }
            (Some(own), _) => own,
            (None, Some(name)) => name.to_owned(),
            (None, None) => return Err(self.missing("name")),
        };
        check_new_name(&own)?;
        Ok(own)
    }

    /// A text; `None` where the field is missing or null.
    pub(crate) fn text(&mut self, key: &str) -> Answer<Option<String>> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(key, "a text")),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&mut self, key: &str) -> Answer<String> {
        self.text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A text of a patch: the outer `None` where it is missing, the inner where it is null.
    pub(crate) fn patched_text(&mut self, key: &str) -> Answer<Option<Option<String>>> {
        if self.has(key) { self.text(key).map(Some) } else { Ok(None) }
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &str) -> Answer<Option<bool>> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(_) => Err(self.wrong(key, "true or false")),
        }
    }

    /// Texts.
    pub(crate) fn texts(&mut self, key: &str) -> Answer<Option<Vec<String>>> {
        let texts = |list: Vec<Value>| {
            list.into_iter().map(|item| if let Value::String(text) = item { Some(text) } else { None }).collect()
        };
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(list)) => match texts(list) {
                Some(texts) => Ok(Some(texts)),
                None => Err(self.wrong(key, "a list of texts")),
            },
            Some(_) => Err(self.wrong(key, "a list of texts")),
        }
    }

    /// An object whose keys a user chose.
    pub(crate) fn map(&mut self, key: &str) -> Answer<Option<Map<String, Value>>> {
        match self.left.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => Err(self.wrong(key, "an object")),
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, key: &str) -> Answer<Option<Self>> {
        match self.map(key)? {
            Some(map) => Self::at(format!("{}{key}.", self.place), map).map(Some),
            None => Ok(None),
        }
    }

    /// Objects.
    pub(crate) fn objects(&mut self, key: &str) -> Answer<Option<Vec<Self>>> {
        let list = match self.left.remove(key) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(key, "a list of objects")),
        };
        let mut objects = Vec::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            let Value::Object(map) = item else { return Err(self.wrong(&format!("{key}[{index}]"), "an object")) };
            objects.push(Self::at(format!("{}{key}[{index}].", self.place), map)?);
        }
        Ok(Some(objects))
    }

    /// A value of any type.
    pub(crate) fn value(&mut self, key: &str) -> Option<Value> {
        self.left.remove(key)
    }

    /// Makes sure that nothing is left.
    pub(crate) fn end(self) -> Answer<()> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(key) => {
                let field = self.name(key);
                Err(Failure::bad("UNKNOWN_PARAMETER", format!("there is no field {field} here"))
                    .about(field, "UNKNOWN"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, camel};
    use serde_json::{Value, json};

    fn fields(value: Value) -> Fields {
        let Value::Object(map) = value else { panic!("no object") };
        Fields::of_body(map).unwrap()
    }

    #[test]
    fn keys_may_be_written_in_snake_case() {
        assert_eq!(camel("unique_key_constraints"), "uniqueKeyConstraints");
        assert_eq!(camel("_a"), "_a");
        let mut fields = fields(json!({"time_column": {"na_me": 1}}));
        let inner = fields.object("timeColumn").unwrap().unwrap();
        assert_eq!(inner.end().unwrap_err().message, "there is no field timeColumn.naMe here");
    }

    #[test]
    fn what_is_unknown_or_of_another_type_is_named() {
        let mut some = fields(json!({"a": 1, "b": [{"c": "x"}, {"d": 2}]}));
        let wrong = some.text("a").unwrap_err();
        assert_eq!((wrong.reason, wrong.details[0].field.as_str()), ("INVALID_PARAMETER", "a"));
        let mut list = some.objects("b").unwrap().unwrap();
        assert_eq!(list[0].required_text("c").unwrap(), "x");
        assert_eq!(list[1].required_text("c").unwrap_err().details[0].field, "b[1].c");
        assert_eq!(list.pop().unwrap().end().unwrap_err().details[0].field, "b[1].d");
        some.end().unwrap();
    }

    #[test]
    fn one_field_in_two_spellings_is_refused() {
        let Value::Object(map) = json!({"newName": "a", "new_name": "b"}) else { panic!("no object") };
        assert_eq!(Fields::of_body(map).unwrap_err().reason, "DUPLICATE_FIELD");
    }
}
