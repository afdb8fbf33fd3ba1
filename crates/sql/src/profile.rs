//! How a dialect's text falls into tokens. One constant per dialect.

/// How an unquoted name becomes the name that is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// It becomes lower case.
    Lower,
    /// It becomes upper case.
    Upper,
    /// It stays as written.
    Keep,
}

/// A unit that may stand directly behind a number: the `h` of `1h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntervalUnit {
    /// 10⁻⁹ s
    Nanosecond,
    /// 10⁻⁶ s
    Microsecond,
    /// 10⁻³ s
    Millisecond,
    /// 1 s
    Second,
    /// 60 s
    Minute,
    /// 60 min
    Hour,
    /// A calendar day
    Day,
    /// Seven days
    Week,
    /// A calendar month
    Month,
    /// Twelve months
    Year,
}

impl IntervalUnit {
    /// Its full English name, which every interval parser reads the same way.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nanosecond => "nanosecond",
            Self::Microsecond => "microsecond",
            Self::Millisecond => "millisecond",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// What a letter directly before a quoted string makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringPrefix {
    /// A string with backslash escapes: `e'..'`.
    Escaped,
    /// Bytes with backslash escapes: `b'..'`.
    Bytes,
    /// Bytes as hexadecimal digits: `x'..'`.
    Hexadecimal,
}

/// How a dialect's text falls into tokens.
#[derive(Clone, Copy, Debug)]
pub struct TokenProfile {
    /// ASCII characters that quote names.
    pub name_quotes: &'static [u8],
    /// ASCII characters that quote strings.
    pub string_quotes: &'static [u8],
    /// Whether a backslash escapes inside every string: `\n`, `\r`, `\t`, quotes and itself; `\%` and
    /// `\_` keep it for patterns.
    pub backslash_escapes: bool,
    /// Letters (lower case) that change what the string behind them is.
    pub string_prefixes: &'static [(u8, StringPrefix)],
    /// Whether `$$..$$` and `$tag$..$tag$` are strings.
    pub dollar_strings: bool,
    /// What happens to unquoted names.
    pub folding: Folding,
    /// Units that make a number an interval, in lower case; compared without case.
    pub interval_units: &'static [(&'static str, IntervalUnit)],
    /// Whether `/* /* */ */` nests.
    pub nested_comments: bool,
    /// What begins a comment that ends with the line.
    pub line_comments: &'static [&'static str],
}

impl TokenProfile {
    /// Folds an unquoted name.
    #[must_use]
    pub fn fold(&self, name: &str) -> String {
        match self.folding {
            Folding::Lower => name.to_lowercase(),
            Folding::Upper => name.to_uppercase(),
            Folding::Keep => name.to_owned(),
        }
    }

    /// What a backslash does in strings without a prefix.
    pub(crate) const fn escapes(&self) -> crate::cook::Escapes {
        if self.backslash_escapes { crate::cook::Escapes::Few } else { crate::cook::Escapes::None }
    }

    /// The unit that a word names, if it may stand behind a number.
    #[must_use]
    pub fn interval_unit(&self, word: &str) -> Option<IntervalUnit> {
        self.interval_units.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, unit)| *unit)
    }
}
