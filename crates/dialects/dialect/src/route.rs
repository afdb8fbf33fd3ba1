//! One route as data: what the URL table, the 405 answers and the OpenAPI document are made of.
//!
//! A dialect writes each route once, with a summary, its parameters and the kinds of its body and
//! answer; path parameters are read from the path itself.

use axum::http::{HeaderName, HeaderValue};
use axum::routing::MethodRouter;

/// One route that a dialect answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method, upper case.
    pub method: &'static str,
    /// Path in axum's spelling, such as `/rest/login/{user}/{password}`.
    pub path: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its parameters besides those of the path; one of the path may stand here to be explained.
    pub parameters: &'static [Parameter],
    /// What its body may be; empty where it takes none.
    pub body: &'static [Media],
    /// What its answer may be; empty where it has no body.
    pub answer: &'static [Media],
    /// Whether it answers without credentials.
    pub is_open: bool,
}

impl Route {
    /// A route of any method that takes no body and answers JSON.
    #[must_use]
    pub const fn new(method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method, path, summary, parameters: &[], body: &[], answer: &[Media::Json], is_open: false }
    }

    /// A `GET` route.
    #[must_use]
    pub const fn get(path: &'static str, summary: &'static str) -> Self {
        Self::new("GET", path, summary)
    }

    /// A `HEAD` route; its answer has no body.
    #[must_use]
    pub const fn head(path: &'static str, summary: &'static str) -> Self {
        Self::new("HEAD", path, summary).answer(&[])
    }

    /// A `POST` route.
    #[must_use]
    pub const fn post(path: &'static str, summary: &'static str) -> Self {
        Self::new("POST", path, summary)
    }

    /// A `PUT` route.
    #[must_use]
    pub const fn put(path: &'static str, summary: &'static str) -> Self {
        Self::new("PUT", path, summary)
    }

    /// A `PATCH` route.
    #[must_use]
    pub const fn patch(path: &'static str, summary: &'static str) -> Self {
        Self::new("PATCH", path, summary)
    }

    /// A `DELETE` route.
    #[must_use]
    pub const fn delete(path: &'static str, summary: &'static str) -> Self {
        Self::new("DELETE", path, summary)
    }

    /// The same with parameters.
    #[must_use]
    pub const fn parameters(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    /// The same with what its body may be.
    #[must_use]
    pub const fn body(mut self, body: &'static [Media]) -> Self {
        self.body = body;
        self
    }

    /// The same with what its answer may be.
    #[must_use]
    pub const fn answer(mut self, answer: &'static [Media]) -> Self {
        self.answer = answer;
        self
    }

    /// The same, answering without credentials.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// The names of the path's parameters, in order.
    pub fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| {
            let inner = segment.strip_prefix('{')?.strip_suffix('}')?;
            (!inner.starts_with('{')).then(|| inner.trim_start_matches('*'))
        })
    }
}

/// One parameter of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Where it stands.
    pub place: ParameterPlace,
    /// Its name.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Whether it must be there; parameters of the path always must.
    pub is_required: bool,
}

impl Parameter {
    /// A parameter of the query string that may be left out.
    #[must_use]
    pub const fn query(name: &'static str, summary: &'static str) -> Self {
        Self { place: ParameterPlace::Query, name, summary, is_required: false }
    }

    /// A header that may be left out.
    #[must_use]
    pub const fn header(name: &'static str, summary: &'static str) -> Self {
        Self { place: ParameterPlace::Header, name, summary, is_required: false }
    }

    /// An explanation of a parameter of the path.
    #[must_use]
    pub const fn path(name: &'static str, summary: &'static str) -> Self {
        Self { place: ParameterPlace::Path, name, summary, is_required: true }
    }

    /// The same, and it must be there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterPlace {
    /// In the path.
    Path,
    /// In the query string.
    Query,
    /// In a header.
    Header,
}

/// A kind of body, of a request or of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// SQL statements as text.
    Sql,
    /// JSON.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// Points in line protocol.
    LineProtocol,
    /// Other text.
    Text,
    /// Comma-separated values.
    Csv,
    /// A form, as browsers and curl's `-d` send it.
    Form,
    /// Bytes.
    Binary,
}

impl Media {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Sql | Self::LineProtocol | Self::Text => "text/plain",
            Self::Json => "application/json",
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Binary => "application/octet-stream",
        }
    }

    /// What it is, in words.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Sql => "SQL",
            Self::Json => "JSON",
            Self::JsonLines => "one JSON value a line",
            Self::LineProtocol => "points in line protocol",
            Self::Text => "text",
            Self::Csv => "comma-separated values",
            Self::Form => "a form",
            Self::Binary => "bytes",
        }
    }
}

/// A route that steps back: it is mounted only where no other dialect of the listener claims the
/// same requests. Where one does, that one answers, and these headers go with its answer.
#[derive(Clone, Debug)]
pub struct SharedRoute {
    /// The route.
    pub route: Route,
    /// Its handler, for where nobody else answers; for this route's method only.
    pub handler: MethodRouter,
    /// What goes with the other dialect's answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_parameters_are_read_from_the_path() {
        let names = |path| Route::get(path, "").path_parameters().collect::<Vec<_>>();
        assert_eq!(names("/a/{b}/c/{*rest}"), ["b", "rest"]);
        assert!(names("/a/{{b}}/c").is_empty());
    }
}
