//! Formats of `date_format`, from this vendor's letters to those of the function behind it.

/// A format in the other letters; `None` for a letter that has no other.
pub(super) fn translated(format: &str) -> Option<String> {
    let mut out = String::with_capacity(format.len() + 8);
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            out.push(character);
            continue;
        }
        out.push_str(match characters.next()? {
            'Y' => "%Y",
            'y' => "%y",
            'm' => "%m",
            'c' => "%-m",
            'd' => "%d",
            'e' => "%-d",
            'H' => "%H",
            'k' => "%-H",
            'h' | 'I' => "%I",
            'l' => "%-I",
            'i' => "%M",
            's' | 'S' => "%S",
            'f' => "%6f",
            'p' => "%p",
            'j' => "%j",
            'T' => "%H:%M:%S",
            'M' => "%B",
            'b' => "%b",
            'W' => "%A",
            'a' => "%a",
            '%' => "%%",
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn letters_of_both_kinds() {
        assert_eq!(translated("%Y-%m-%d %H:%i:%s").as_deref(), Some("%Y-%m-%d %H:%M:%S"));
        assert_eq!(translated("%M %e, 100%%").as_deref(), Some("%B %-d, 100%%"));
        assert_eq!(translated("%U"), None);
        assert_eq!(translated("%"), None);
    }
}
