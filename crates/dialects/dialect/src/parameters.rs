//! The query part of a URL.

use axum::http::Uri;

/// Names and values in the order of the URL, without their escapes; a plus is a blank.
///
/// Every URL can be read so: bytes that are no UTF-8 become U+FFFD, and a `%` without two digits
/// behind it stands for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a URL.
    #[must_use]
    pub fn read(uri: &Uri) -> Self {
        Self(form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Adds one behind the others.
    pub fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// The first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a name, unless that is empty.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use axum::http::Uri;

    #[test]
    fn the_first_of_a_name_counts() {
        let mut read = Parameters::read(&Uri::from_static("/x?a=1&b=UTC+8&a=2&c=%22q%20r%22&d&e="));
        assert_eq!((read.get("a"), read.get("b"), read.get("c")), (Some("1"), Some("UTC 8"), Some("\"q r\"")));
        assert_eq!((read.get("d"), read.filled("e"), read.get("f")), (Some(""), None, None));
        read.push("a".to_owned(), "3".to_owned());
        read.push("f".to_owned(), "4".to_owned());
        assert_eq!((read.get("a"), read.filled("f")), (Some("1"), Some("4")));
        assert_eq!(Parameters::read(&Uri::from_static("/x")), Parameters::default());
    }

    #[test]
    fn what_cannot_be_decoded_is_read_all_the_same() {
        assert_eq!(Parameters::read(&Uri::from_static("/x?a=%FF%&b")).get("a"), Some("\u{fffd}%"));
    }
}
