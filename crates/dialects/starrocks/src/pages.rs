//! Pages of lists: by token and filter, or by number and size; two parameters at most.

use crate::error::{Answer, Failure};
use crate::filter::Filter;
use crate::handlers::Call;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SIZE: usize = 100;
const SIZE_MAX: usize = 1_000;

/// Where a page ended: what the token holds.
#[derive(Debug, Serialize, Deserialize)]
struct Token {
    /// The key behind which the next page begins.
    after: String,
    size: usize,
    filter: String,
}

fn bad_token() -> Failure {
    Failure::bad("INVALID_PAGE_TOKEN", "the page token is none, or belongs to another filter")
        .about("page_token", "INVALID")
}

fn number(name: &str, text: &str) -> Answer<usize> {
    text.parse().map_err(|_| {
        let message = format!("\"{text}\" is no value for {name}: expected a whole number from 0");
        Failure::bad("INVALID_PARAMETER", message).about(name, "INVALID")
    })
}

fn size(name: &str, text: Option<&str>) -> Answer<usize> {
    match text.map(|text| number(name, text)).transpose()? {
        None | Some(0) => Ok(SIZE),
        Some(size) => Ok(size.min(SIZE_MAX)),
    }
}

/// The page that a request asks for of a list that is in the order of its names; `show` makes what is
/// shown of an item.
///
/// # Errors
/// 400 for parameters that make no sense.
pub(crate) fn page<T>(
    call: &Call,
    items: Vec<T>,
    name: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Answer<Value> {
    page_by(call, items, |item| name(item).to_owned(), &name, show)
}

/// The same of a list that is in the order of other keys.
///
/// # Errors
/// As [`page`].
pub(crate) fn page_by<T>(
    call: &Call,
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    name: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Answer<Value> {
    let parameters = &call.parameters;
    let by_number = parameters.get("page_num").is_some() || parameters.get("page_size").is_some();
    let by_token = parameters.get("page_token").is_some() || parameters.get("filter").is_some();
    if by_number && by_token {
        let message = "page_num and page_size do not go together with page_token and filter";
        return Err(Failure::bad("INVALID_PARAMETER", message));
    }
    let filter_text = parameters.get("filter").unwrap_or_default();
    let token = parameters.get("page_token").map(|token| read_token(token, filter_text)).transpose()?;
    let filter = match filter_text {
        "" => Filter::default(),
        text => Filter::parse(text)?,
    };
    let kept: Vec<T> = items.into_iter().filter(|item| filter.takes(name(item))).collect();
    let (size, start) = match &token {
        Some(token) => (token.size, kept.partition_point(|item| key(item) <= token.after)),
        None if by_number => {
            let size = size("page_size", parameters.get("page_size"))?;
            let page = number("page_num", parameters.get("page_num").unwrap_or("0"))?;
            (size, page.saturating_mul(size))
        }
        None => (size("x-starrocks-page-size", parameters.page_size.as_deref())?, 0),
    };
    let shown: Vec<&T> = kept.iter().skip(start).take(size).collect();
    let more = start.saturating_add(shown.len()) < kept.len();
    let next = match shown.last().filter(|_| more) {
        Some(last) => Some(write_token(&Token { after: key(last), size, filter: filter_text.to_owned() })?),
        None => None,
    };
    Ok(json!({
        "items": shown.into_iter().map(show).collect::<Vec<_>>(),
        "nextPageToken": next,
        "pageNum": start / size,
        "pageSize": size,
        "pages": kept.len().div_ceil(size),
        "total": kept.len(),
    }))
}

fn read_token(token: &str, filter: &str) -> Answer<Token> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad_token())?;
    let read: Token = serde_json::from_slice(&bytes).map_err(|_| bad_token())?;
    if read.filter != filter || !(1..=SIZE_MAX).contains(&read.size) {
        return Err(bad_token());
    }
    Ok(read)
}

fn write_token(token: &Token) -> Answer<String> {
    let bytes = serde_json::to_vec(token).map_err(model::Error::internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
