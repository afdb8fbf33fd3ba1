//! The text before it is read: operators that are words, and lower case outside of quotes.

use super::tokens::PROFILE;
use ::sql::{Source, TokenKind, Tokens, tokenize};
use model::Result;

/// Operators that are words, and the symbols that the shared grammar knows them by. No symbol is
/// longer than its word, so that positions stay.
const WORD_OPERATORS: &[(&str, &str)] = &[("match", "~"), ("nmatch", "!~"), ("contains", "@>")];

/// A text that the shared grammar can read.
#[derive(Debug)]
pub(super) struct Readable {
    /// As long as the original, with word operators as symbols and without the TAGS of SELECT TAGS.
    pub(super) text: String,
    /// Where each such TAGS ended.
    pub(super) tags: Vec<usize>,
}

/// The text with word operators as symbols.
pub(super) fn readable(text: &str) -> Result<Readable> {
    let source = Source { text, profile: &PROFILE };
    let mut out = Readable { text: text.to_owned(), tags: Vec::new() };
    if !contains_word(text, "tags") && !WORD_OPERATORS.iter().any(|(word, _)| contains_word(text, word)) {
        return Ok(out);
    }
    let tokens = tokenize(source)?;
    let all = Tokens { source, tokens: &tokens, next: None };
    for (index, token) in tokens.iter().enumerate() {
        if token.kind != TokenKind::Word {
            continue;
        }
        let range = token.start as usize..token.end as usize;
        let word = source.slice(token.start, token.end);
        let behind_select = index.checked_sub(1).is_some_and(|before| all.is_word(before, "select"));
        if behind_select && all.is_word(index, "tags") && begins_item(all, index + 1) {
            out.tags.push(range.end);
            out.text.replace_range(range, "    ");
            continue;
        }
        let found = WORD_OPERATORS.iter().find(|(operator, _)| operator.eq_ignore_ascii_case(word));
        if let Some((word, symbol)) = found {
            out.text.replace_range(range, &format!("{symbol:<width$}", width = word.len()));
        }
    }
    Ok(out)
}

fn begins_item(tokens: Tokens<'_>, index: usize) -> bool {
    let is_name = tokens.is_kind(index, TokenKind::Word) || tokens.is_kind(index, TokenKind::QuotedName);
    is_name && !tokens.is_word(index, "from") && !tokens.is_word(index, "as")
}

fn contains_word(text: &str, word: &str) -> bool {
    text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// ASCII letters outside of quotes in lower case, as the vendor's server does before it parses.
pub(crate) fn lower_outside_quotes(text: &str) -> String {
    let mut quote = None;
    let mut escaped = false;
    text.chars()
        .map(|c| match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if c == '\\' && open != '`' {
                    escaped = true;
                } else if c == open {
                    quote = None;
                }
                c
            }
            None if matches!(c, '\'' | '"' | '`') => {
                quote = Some(c);
                c
            }
            None => c.to_ascii_lowercase(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{lower_outside_quotes, readable};

    #[test]
    fn quoted_text_keeps_its_case() {
        assert_eq!(lower_outside_quotes("SELECT 'A\\'B' , `C d` FROM \"E\""), "select 'A\\'B' , `C d` from \"E\"");
    }

    #[test]
    fn word_operators_become_symbols_in_place() {
        let text = |text| readable(text).unwrap().text;
        assert_eq!(text("s MATCH 'match' and `match` nmatch 'x'"), "s ~     'match' and `match` !~     'x'");
        assert_eq!(text("j contains 'k'"), "j @>       'k'");
        assert_eq!(text("select tags a, tags from t"), "select      a, tags from t");
    }
}
