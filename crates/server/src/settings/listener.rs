//! One listener: where to listen, with TLS or without, for which dialects. A plain text in its
//! place is an address with everything else left to the defaults.

use super::section::section;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

section! {
    /// One address at which the server listens.
    Listener at "listen" {
        /// Host name or IP address, and port: `127.0.0.1:8080`, `[::1]:8080`, `0.0.0.0:8080`.
        /// Port 0 takes any free one.
        address: String = "127.0.0.1:8080".to_owned(),
        /// Whether it speaks TLS. Unset: yes, unless the server is insecure.
        tls: Option<bool> = None,
        /// The names of the dialects that answer here. Unset: all.
        dialects: Option<Vec<String>> = None,
    }
}

impl Listener {
    /// An address with everything else left to the defaults.
    #[must_use]
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }
}

/// Reads a list of listeners, for `#[serde(deserialize_with)]`.
pub(super) fn listeners<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Listener>, D::Error> {
    deserializer.deserialize_any(Rows)
}

const EXPECTED: &str = "an address such as \"127.0.0.1:8080\", or a table with the key address";

struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = Vec<Listener>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list; each element {EXPECTED}")
    }

    fn visit_str<E: de::Error>(self, address: &str) -> Result<Self::Value, E> {
        Ok(vec![Listener::at(address)])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut rows = Vec::new();
        while let Some(Row(listener)) = seq.next_element()? {
            rows.push(listener);
        }
        Ok(rows)
    }
}

struct Row(Listener);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)
    }

    fn visit_str<E: de::Error>(self, address: &str) -> Result<Row, E> {
        Ok(Row(Listener::at(address)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
        Listener::deserialize(de::value::MapAccessDeserializer::new(map)).map(Row)
    }
}
