//! Text cut into what a renaming changes and what it leaves: words, numbers, moments, and the rest.
//! It works on SQL, JSON, line protocol and error messages alike, because it knows none of them.

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Letters, digits and underscores that begin with no digit.
    Word(&'a str),
    /// Digits, perhaps with a fraction and an exponent, without a sign.
    Number(&'a str),
    /// A date, perhaps with a time of day and a zone.
    Moment(&'a str),
    /// Four numbers with dots.
    Address(&'a str),
    /// Anything else; among it times of day alone, durations such as `10s`, and what follows a
    /// backslash.
    Other(&'a str),
}

impl<'a> Token<'a> {
    pub(crate) fn text(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Number(text) | Self::Moment(text) | Self::Address(text) | Self::Other(text) => {
                text
            }
        }
    }
}

/// The tokens of a text; together they are the text.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let token = if first == '\\' {
            Token::Other(&rest[..1 + rest[1..].chars().next().map_or(0, char::len_utf8)])
        } else if rest.starts_with("${") {
            // What the runner fills in.
            Token::Other(&rest[..rest.find('}').map_or(rest.len(), |end| end + 1)])
        } else if first.is_ascii_digit() {
            number(rest, text[..at].ends_with('='))
        } else if is_word(first) {
            let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            Token::Word(&rest[..end])
        } else {
            Token::Other(&rest[..first.len_utf8()])
        };
        at += token.text().len();
        found.push(token);
        if let Token::Number(_) = token {
            // Only the letter of its type can stand right behind a number.
            let suffix = &text[at..at + text[at..].find(|c: char| !is_word(c)).unwrap_or(text.len() - at)];
            found.extend((!suffix.is_empty()).then_some(Token::Other(suffix)));
            at += suffix.len();
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What begins with a digit. After `=` a number may have a letter for its type.
fn number(text: &str, is_value: bool) -> Token<'_> {
    if let Some(length) = moment(text) {
        return Token::Moment(&text[..length]);
    }
    if let Some(length) = time_of_day(text) {
        return Token::Other(&text[..length]);
    }
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let dotted = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    match text[..dotted].trim_end_matches('.').matches('.').count() {
        3 => return Token::Address(text[..dotted].trim_end_matches('.')),
        0 | 1 => {}
        _ => return Token::Other(&text[..dotted]),
    }
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.len() > end + 1 + sign && digits(end + 1 + sign) > 0 {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    let tail = text[end..].find(|c: char| !is_word(c)).unwrap_or(text.len() - end);
    let suffix = &text[end..end + tail];
    let is_typed = is_value
        && matches!(suffix, "i" | "u" | "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "f32" | "f64");
    if suffix.is_empty() || is_typed { Token::Number(&text[..end]) } else { Token::Other(&text[..end + tail]) }
}

/// How long the date at the beginning of a text is, with its time of day and zone.
fn moment(text: &str) -> Option<usize> {
    if !fits(text, "0000-00-00") {
        return None;
    }
    let mut end = 10;
    let mut rest = &text[end..];
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(length) = rest.strip_prefix(['T', ' ']).and_then(time_of_day) {
        end += 1 + length;
        rest = &text[end..];
        if rest.starts_with('Z') {
            end += 1;
        } else if fits(rest, "+00:00") || fits(rest, "-00:00") {
            end += 6;
        }
    }
    Some(end)
}

/// How long the time of day at the beginning of a text is.
fn time_of_day(text: &str) -> Option<usize> {
    let mut end = if fits(text, "00:00:00") {
        8
    } else if fits(text, "00:00") {
        5
    } else {
        return None;
    };
    if let Some(fraction) = text[end..].strip_prefix('.') {
        let digits = fraction.len() - fraction.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        end += if digits > 0 { 1 + digits } else { 0 };
    }
    Some(end)
}

/// Whether a text begins like a pattern, in which 0 stands for any digit.
fn fits(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(byte, wanted)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted })
}

#[cfg(test)]
mod tests {
    use super::Token::{Address, Moment, Number, Other, Word};
    use super::tokens;

    #[test]
    fn texts_of_all_kinds_are_cut_the_same_way() {
        let cut: Vec<_> = tokens("m1,h=a\\ b v=10i,w=-0.5e3 1704067200000000000")
            .into_iter()
            .filter(|t| !matches!(t, Other(_)))
            .collect();
        assert_eq!(
            cut,
            [
                Word("m1"),
                Word("h"),
                Word("a"),
                Word("b"),
                Word("v"),
                Number("10"),
                Word("w"),
                Number("0.5e3"),
                Number("1704067200000000000")
            ]
        );
        assert_eq!(
            tokens("'2023-07-30T06:44:40.32Z',2023-07-30 01:02:03+08:00 12:30 10s 127.0.0.1 3.3.6"),
            [
                Other("'"),
                Moment("2023-07-30T06:44:40.32Z"),
                Other("'"),
                Other(","),
                Moment("2023-07-30 01:02:03+08:00"),
                Other(" "),
                Other("12:30"),
                Other(" "),
                Other("10s"),
                Other(" "),
                Address("127.0.0.1"),
                Other(" "),
                Other("3.3.6"),
            ]
        );
        for text in ["a\\nb \\", "1.", "x=1.5f32", "ünïcode 表1", "1e", "5-6"] {
            assert_eq!(tokens(text).into_iter().map(super::Token::text).collect::<String>(), text);
        }
    }
}
