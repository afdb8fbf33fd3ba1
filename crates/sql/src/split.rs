//! A request's text to statements.

use crate::{Source, Token, TokenKind, Tokens};

/// The statements of a text: the runs of tokens between separators that hold at least one token.
pub fn split<'a>(source: Source<'a>, tokens: &'a [Token]) -> impl Iterator<Item = Tokens<'a>> {
    tokens
        .split(|token| token.kind == TokenKind::Separator)
        .filter(|statement| !statement.is_empty())
        .map(move |tokens| Tokens { source, tokens, next: None })
}

#[cfg(test)]
mod tests {
    use super::split;
    use crate::{fixture, tokenize};

    fn pieces(text: &str) -> Vec<String> {
        let source = fixture::source(text);
        let tokens = tokenize(source).unwrap();
        split(source, &tokens)
            .map(|s| match (s.tokens.first(), s.tokens.last()) {
                (Some(first), Some(last)) => source.slice(first.start, last.end).to_owned(),
                _ => String::new(),
            })
            .collect()
    }

    #[test]
    fn separators_count_outside_quotes_and_comments_only() {
        let text = "select ';' ; ; /* ; */ insert into \"a;b\" -- ;\n values (1);\n;";
        assert_eq!(pieces(text), ["select ';'", "insert into \"a;b\" -- ;\n values (1)"]);
        assert!(pieces(" ;; -- nothing\n").is_empty());
    }

    #[test]
    fn an_open_quote_spoils_the_last_statement_only() {
        assert_eq!(pieces("select 1; select 'x; select 2"), ["select 1", "select 'x; select 2"]);
    }
}
