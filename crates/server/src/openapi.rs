//! The OpenAPI 3.1 document of one listener, made of its URL table when it is set up: what stands
//! in the table is what answers.

use crate::urls::{Row, UrlTable};
use dialect::{Media, Parameter, ParameterPlace};
use serde_json::{Map, Value, json};

/// The name under which the document speaks of user and password.
const BASIC: &str = "basic";

/// The document as JSON.
pub(crate) fn document(urls: &UrlTable) -> String {
    let mut paths = Map::new();
    for row in urls.rows() {
        let item = paths.entry(template(row.route.path)).or_insert_with(|| json!({}));
        if let Value::Object(item) = item {
            item.insert(row.route.method.to_ascii_lowercase(), operation(row));
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chronoglot",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The REST dialects that answer at this address, each tagged with its name.",
        },
        "paths": paths,
        "components": {"securitySchemes": {BASIC: {"type": "http", "scheme": "basic"}}},
    });
    document.to_string()
}

/// A path as OpenAPI writes it: parameters that take the rest of a path look like others.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation(row: &Row) -> Value {
    let route = &row.route;
    let (status, done) = if route.answer.is_empty() { ("204", "done; there is no body") } else { ("200", "done") };
    let mut operation = json!({
        "tags": [row.owner],
        "summary": route.summary,
        "parameters": parameters(row),
        "responses": {
            status: {"description": done, "content": content(route.answer)},
            "default": {"description": "a refusal, in the dialect's words"},
        },
    });
    if !route.body.is_empty() {
        let words: Vec<&str> = route.body.iter().map(|media| media.summary()).collect();
        operation["requestBody"] =
            json!({"description": words.join(", or "), "required": true, "content": content(route.body)});
    }
    if !route.is_open {
        operation["security"] = json!([{BASIC: []}]);
    }
    operation
}

/// The parameters of the path in its order, then the others.
fn parameters(row: &Row) -> Vec<Value> {
    let of_path = |own: &&Parameter| own.place == ParameterPlace::Path;
    let in_path = row.route.path_parameters().map(|name| {
        let explained = row.route.parameters.iter().filter(of_path).find(|own| own.name == name);
        explained.copied().unwrap_or(Parameter::path(name, ""))
    });
    in_path.chain(row.route.parameters.iter().filter(|own| !of_path(own)).copied()).map(parameter).collect()
}

fn parameter(parameter: Parameter) -> Value {
    let place = match parameter.place {
        ParameterPlace::Path => "path",
        ParameterPlace::Query => "query",
        ParameterPlace::Header => "header",
    };
    json!({
        "name": parameter.name,
        "in": place,
        "required": parameter.is_required,
        "description": parameter.summary,
        "schema": {"type": "string"},
    })
}

/// Each kind of body by its media type; JSON may be any value, everything else is text.
fn content(kinds: &[Media]) -> Value {
    let schema = |kind: Media| if kind == Media::Json { json!({}) } else { json!({"type": "string"}) };
    kinds
        .iter()
        .map(|kind| (kind.media_type().to_owned(), json!({"schema": schema(*kind)})))
        .collect::<Map<_, _>>()
        .into()
}
