//! Statements as text: what is code in them and what is quoted, how they sort, of what kind they are.

use regex::Regex;
use std::ops::Range;

/// A statement without comments, its blanks outside quotes run together.
pub(crate) fn flat(sql: &str) -> String {
    let blanks = regex(r"\s+");
    let text: String = pieces(sql)
        .into_iter()
        .map(|(is_code, text)| if is_code { blanks.replace_all(&text, " ").into_owned() } else { text })
        .collect();
    text.trim().to_owned()
}

/// Lower case, quoted parts blotted out character by character.
pub(crate) fn code_only(sql: &str) -> String {
    let blot = |(is_code, text): (bool, String)| match is_code {
        true => text.chars().map(|c| c.to_ascii_lowercase()).collect(),
        false => "~".repeat(text.len()),
    };
    pieces(sql).into_iter().map(blot).collect::<String>()
}

/// Code and quoted parts in turn; a comment comes out as one blank of code.
pub(crate) fn pieces(sql: &str) -> Vec<(bool, String)> {
    let mut found: Vec<(bool, String)> = Vec::new();
    let (mut at, mut start) = (0, 0);
    let bytes = sql.as_bytes();
    while at < bytes.len() {
        let quote = bytes[at];
        let end = match quote {
            b'\'' | b'"' => quoted_end(bytes, at),
            b'-' if bytes.get(at + 1) == Some(&b'-') => sql[at..].find('\n').map_or(bytes.len(), |end| at + end + 1),
            b'/' if bytes.get(at + 1) == Some(&b'*') => sql[at..].find("*/").map_or(bytes.len(), |end| at + end + 2),
            _ => {
                at += 1;
                continue;
            }
        };
        found.push((true, sql[start..at].to_owned()));
        let is_quoted = matches!(quote, b'\'' | b'"');
        found.push(if is_quoted { (false, sql[at..end].to_owned()) } else { (true, " ".to_owned()) });
        (at, start) = (end, end);
    }
    found.push((true, sql[start..].to_owned()));
    let mut joined: Vec<(bool, String)> = Vec::new();
    for (is_code, text) in found {
        match joined.last_mut().filter(|(last, _)| *last && is_code) {
            Some((_, code)) => code.push_str(&text),
            None => joined.push((is_code, text)),
        }
    }
    joined
}

/// Behind the quote that ends what begins at `at`.
fn quoted_end(bytes: &[u8], at: usize) -> usize {
    let before = |back: usize| at.checked_sub(back).map(|index| bytes[index]);
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let escapes =
        bytes[at] == b'\'' && before(1).is_some_and(|b| b"eEbB".contains(&b)) && !before(2).is_some_and(is_part);
    let mut next = at + 1;
    while next < bytes.len() {
        if escapes && bytes[next] == b'\\' {
            next += 2;
        } else if bytes[next] == bytes[at] {
            if bytes.get(next + 1) != Some(&bytes[at]) {
                return next + 1;
            }
            next += 2;
        } else {
            next += 1;
        }
    }
    bytes.len()
}

/// The keys of a top-level ORDER BY, and whether there is a top-level LIMIT or OFFSET.
pub(crate) fn sorting(sql: &str) -> (Option<Vec<String>>, bool) {
    let text = flat(sql);
    let code = code_only(&text);
    let mut depth = 0_i32;
    let mut top = String::new();
    for c in code.chars() {
        depth += i32::from(c == '(');
        top.push(if depth == 0 {
            c
        } else if c == '(' || c == ')' {
            '~'
        } else {
            ' '
        });
        depth -= i32::from(c == ')');
    }
    if code.starts_with('(') && !regex(r"\border\s+by\b").is_match(&top) {
        return (None, regex(r"\b(limit|offset|fetch)\b").is_match(&code));
    }
    let limited = regex(r"\b(limit|offset|fetch\s+(first|next))\b").is_match(&top);
    let Some(order) = regex(r"\border\s+by\b").find_iter(&top).last() else { return (None, limited) };
    let end =
        regex(r"\b(limit|offset|fetch|for)\b").find(&top[order.end()..]).map_or(top.len(), |m| order.end() + m.start());
    let trimmed = |range: Range<usize>| {
        let key = format!("{} ", text[range].trim());
        let key = regex(r"(?i)\s+(asc|desc)?(\s*nulls\s+(first|last))?\s*;?\s*$").replace(&key, "").trim().to_owned();
        regex(r"(?i)\s+(asc|desc)$").replace(&key, "").into_owned()
    };
    let mut keys = Vec::new();
    let mut start = order.end();
    for (index, byte) in top.bytes().enumerate().skip(order.end()) {
        if index < end && byte == b',' {
            keys.push(trimmed(start..index));
            start = index + 1;
        }
    }
    keys.push(trimmed(start..end));
    (Some(keys), limited)
}

/// Where the leading sort keys stand that are columns of the result.
pub(crate) fn key_columns(keys: &[String], columns: &[String]) -> Vec<usize> {
    let mut found = Vec::new();
    for key in keys {
        if let Some(place) = key.parse::<usize>().ok().filter(|place| (1..=columns.len()).contains(place)) {
            found.push(place - 1);
            continue;
        }
        let last = key.rsplit('.').next().unwrap_or_default();
        let name = match last.strip_prefix('"') {
            Some(rest) => rest.trim_end_matches('"').to_owned(),
            None => last.to_lowercase(),
        };
        match columns.iter().position(|column| *column == name) {
            Some(place) if regex(r#"^[\w."]+$"#).is_match(key) => found.push(place),
            _ => break,
        }
    }
    found
}

/// Which endpoint takes a statement.
pub(crate) fn kind_of(sql: &str) -> &'static str {
    let text = flat(sql).to_lowercase();
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    let first: String = text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    match first.as_str() {
        "insert" | "upsert" => "insert",
        "select" | "show" | "describe" | "explain" | "values" | "with" | "table" => "query",
        "create" | "drop" | "alter" | "delete" | "update" | "truncate" | "grant" | "revoke" | "comment" => "ddl",
        _ => "other",
    }
}

/// A prepared statement with the arguments of its call in the places of `$1`, `$2` and so on.
pub(crate) fn expand(prepared: &str, arguments: &str) -> String {
    let (mut values, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    let code = code_only(arguments) + ",";
    for (index, c) in code.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if c == ',' && depth == 0 {
            values.push(arguments[start..index].trim().to_owned());
            start = index + 1;
        }
    }
    let argument = |found: &regex::Captures<'_>| {
        let place = found[1].parse::<usize>().unwrap_or(0);
        place.checked_sub(1).and_then(|index| values.get(index)).cloned().unwrap_or_else(|| found[0].to_owned())
    };
    let put = |(is_code, text): (bool, String)| match is_code {
        true => regex(r"\$(\d+)").replace_all(&text, argument).into_owned(),
        false => text,
    };
    pieces(prepared).into_iter().map(put).collect()
}

/// A name as the server knows it.
pub(crate) fn bare(name: &str) -> String {
    match name.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').unwrap_or(rest).replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

/// A pattern, compiled once.
pub(crate) fn regex(pattern: &'static str) -> &'static Regex {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};
    static COMPILED: LazyLock<Mutex<HashMap<&'static str, &'static Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    compiled.entry(pattern).or_insert_with(|| Box::leak(Box::new(Regex::new(pattern).unwrap())))
}

#[test]
fn statements_are_taken_apart() {
    assert_eq!(flat("select -- note\n 'a  b' ,\n 1 /* x */;"), "select 'a  b' , 1 ;");
    assert_eq!(code_only("SELECT e'it\\'s' FROM \"T\""), "select e~~~~~~~ from ~~~");
    let (keys, limited) = sorting("select (select 1 order by x) from t order by a desc, \"B\" asc nulls last limit 3;");
    assert_eq!((keys, limited), (Some(vec!["a".to_owned(), "\"B\"".to_owned()]), true));
    assert_eq!(sorting("select * from (select 1 limit 2)"), (None, false));
    assert_eq!(
        key_columns(&["2".to_owned(), "t.a".to_owned(), "a+b".to_owned()], &["a".to_owned(), "b".to_owned()]),
        [1, 0]
    );
    assert_eq!(expand("select $1, '$1', $2", "f(1, 2), 'x'"), "select f(1, 2), '$1', 'x'");
}
