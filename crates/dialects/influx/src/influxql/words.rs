//! The words of statements: plain ones, names in double quotes, semicolons.

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Plain(String),
    Quoted(String),
    Semicolon,
}

/// Cuts a text into words.
///
/// # Errors
/// A quote that does not end.
pub(super) fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.next() {
        match first {
            blank if blank.is_whitespace() => {}
            ';' => words.push(Word::Semicolon),
            '"' => {
                let mut name = String::new();
                loop {
                    match characters.next().ok_or("a name in quotes does not end")? {
                        '"' => break,
                        '\\' => match characters.next().ok_or("a name in quotes does not end")? {
                            escaped @ ('"' | '\\') => name.push(escaped),
                            'n' => name.push('\n'),
                            other => name.extend(['\\', other]),
                        },
                        other => name.push(other),
                    }
                }
                words.push(Word::Quoted(name));
            }
            other => {
                let mut word = String::from(other);
                while let Some(next) = characters.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '"')) {
                    word.push(next);
                }
                words.push(Word::Plain(word));
            }
        }
    }
    Ok(words)
}
